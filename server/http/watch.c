#include "watch.h"

#include "berth/clock.h"
#include <dirent.h>
#include <linux/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 200, STOP_TICK_MS = 20, SILENT_MS = 1000, NEAR_DESCRIPTORS = 256 };

/* Values of a slot's deadline that are no time. */
enum { NO_DEADLINE = 0, CUTTING = -1, CUT = -2 };

void berth_watch_begin(struct berth_watch_slot *slot, int64_t deadline_ms, int how) {
    slot->how = how;
    atomic_store_explicit(&slot->deadline_ms, deadline_ms, memory_order_release);
}

bool berth_watch_end(struct berth_watch_slot *slot) {
    int64_t seen = atomic_load_explicit(&slot->deadline_ms, memory_order_acquire);
    for (;;) {
        if (seen == CUTTING) {
            sched_yield();
            seen = atomic_load_explicit(&slot->deadline_ms, memory_order_acquire);
        } else if (atomic_compare_exchange_weak_explicit(&slot->deadline_ms, &seen, NO_DEADLINE,
                                                         memory_order_acquire,
                                                         memory_order_acquire)) {
            return seen == CUT;
        }
    }
}

/* Both ends of a connected IPv4 socket; false for any other descriptor. */
static bool socket_ends(int fd, struct sockaddr_in *ret_peer, struct sockaddr_in *ret_local) {
    socklen_t peer_length = sizeof *ret_peer;
    socklen_t local_length = sizeof *ret_local;
    return getpeername(fd, (struct sockaddr *)ret_peer, &peer_length) == 0 &&
           ret_peer->sin_family == AF_INET &&
           getsockname(fd, (struct sockaddr *)ret_local, &local_length) == 0;
}

static bool is_same(const struct sockaddr_in *a, const struct sockaddr_in *b) {
    return a->sin_port == b->sin_port && a->sin_addr.s_addr == b->sin_addr.s_addr;
}

/* Has the peer sent nothing since it connected, a second or more ago? */
static bool is_silent(int fd) {
    struct tcp_info info;
    socklen_t length = sizeof info;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           info.tcpi_bytes_received == 0 && info.tcpi_last_data_recv >= SILENT_MS;
}

enum selection { ALL, SILENT, ONE };

/* Shuts down connections at `local_port`; `one` is the peer of ONE. */
static void cut(const struct berth_watch *watch, in_port_t local_port, enum selection selection,
                const struct sockaddr_in *one, int how) {
    rewinddir(watch->descriptors);
    for (struct dirent *entry = readdir(watch->descriptors); entry;
         entry = readdir(watch->descriptors)) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        struct sockaddr_in peer = {0}, local = {0};
        if (!socket_ends(fd, &peer, &local) || local.sin_port != local_port)
            continue;
        if (selection == ALL || (selection == ONE && is_same(&peer, one)) ||
            (selection == SILENT && is_silent(fd)))
            (void)shutdown(fd, how);
    }
}

static bool is_socket_of(int fd, const struct berth_watch_slot *slot) {
    struct sockaddr_in peer = {0}, local = {0};
    return socket_ends(fd, &peer, &local) && local.sin_port == slot->local_port &&
           is_same(&peer, &slot->peer);
}

static int search_socket(const struct berth_watch_slot *slot) {
    DIR *folder = opendir("/proc/self/fd");
    int found = -1;
    if (!folder)
        return -1;
    for (struct dirent *entry = readdir(folder); entry && found < 0; entry = readdir(folder)) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (is_socket_of(fd, slot))
            found = fd;
    }
    closedir(folder);
    return found;
}

int berth_watch_socket(const struct berth_watch_slot *slot) {
    /* Streams that open one after the other have neighbouring descriptors: without this guess,
     * opening 10,000 of them would look at fifty million. */
    static atomic_int last_found;
    int guess = atomic_load_explicit(&last_found, memory_order_relaxed);
    int found = -1;
    for (int near = 0; near <= NEAR_DESCRIPTORS && found < 0; near++) {
        if (is_socket_of(guess + near, slot))
            found = guess + near;
        else if (guess >= near && is_socket_of(guess - near, slot))
            found = guess - near;
    }
    if (found < 0)
        found = search_socket(slot);
    if (found >= 0)
        atomic_store_explicit(&last_found, found, memory_order_relaxed);
    return found;
}

static void check_slot(const struct berth_watch *watch, struct berth_watch_slot *slot,
                       int64_t now_ms) {
    int64_t deadline = atomic_load_explicit(&slot->deadline_ms, memory_order_acquire);
    if (deadline <= 0 || deadline > now_ms ||
        !atomic_compare_exchange_strong_explicit(&slot->deadline_ms, &deadline, CUTTING,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    cut(watch, slot->local_port, ONE, &slot->peer, slot->how);
    atomic_store_explicit(&slot->deadline_ms, CUT, memory_order_release);
}

/* civetweb's master sleeps in poll for up to two seconds; a connection wakes it. */
static void knock(const struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)connect(fd, (const struct sockaddr *)address, sizeof *address);
    close(fd);
}

static void sleep_locked(struct berth_watch *watch, int duration_ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)duration_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
}

static void look(struct berth_watch *watch) {
    int64_t now_ms = berth_monotonic_ms();
    for (struct berth_watch_slot *slot = watch->slots; slot; slot = slot->next)
        check_slot(watch, slot, now_ms);
    if (watch->stopping) {
        cut(watch, watch->address.sin_port, ALL, NULL, SHUT_RDWR);
        knock(&watch->address);
    } else if (atomic_load(watch->connections) > watch->max_connections) {
        cut(watch, watch->address.sin_port, SILENT, NULL, SHUT_RDWR);
    }
}

static void *run(void *argument) {
    struct berth_watch *watch = argument;
    pthread_mutex_lock(&watch->lock);
    while (!watch->finished) {
        look(watch);
        if (!watch->stopping)
            berth_spare_look(&watch->spare);
        sleep_locked(watch, watch->stopping ? STOP_TICK_MS : TICK_MS);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

static void release(struct berth_watch *watch) {
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    berth_spare_stop(&watch->spare);
    if (watch->descriptors)
        (void)closedir(watch->descriptors);
}

enum berth_code berth_watch_start(struct berth_watch *watch, const atomic_int *connections,
                                  int max_connections, struct berth_error *error) {
    memset(watch, 0, sizeof *watch);
    watch->connections = connections;
    watch->max_connections = max_connections;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&watch->lock, NULL);
    watch->spare.listening = -1;
    watch->descriptors = opendir("/proc/self/fd");
    bool opened = watch->descriptors != NULL;
    if (opened && pthread_create(&watch->thread, NULL, run, watch) == 0)
        return BERTH_OK;
    release(watch);
    return opened ? berth_fail(error, BERTH_NO_MEMORY, "thread", "cannot start a thread")
                  : berth_fail_errno(error, "limit-descriptors", "cannot open /proc/self/fd");
}

void berth_watch_add(struct berth_watch *watch, struct berth_watch_slot *slot) {
    pthread_mutex_lock(&watch->lock);
    slot->next = atomic_load(&watch->slots);
    atomic_store(&watch->slots, slot);
    pthread_mutex_unlock(&watch->lock);
}

void berth_watch_address(struct berth_watch *watch, const struct sockaddr_in *address) {
    pthread_mutex_lock(&watch->lock);
    watch->address = *address;
    berth_spare_start(&watch->spare, address);
    pthread_mutex_unlock(&watch->lock);
}

void berth_watch_cut_all(struct berth_watch *watch) {
    pthread_mutex_lock(&watch->lock);
    watch->stopping = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
}

void berth_watch_stop(struct berth_watch *watch) {
    pthread_mutex_lock(&watch->lock);
    watch->finished = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    release(watch);
}
