#include "spare.h"

#include "berth/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MS = 10, TURN_MS = 100 };

static bool listens_on(int fd, const struct sockaddr_in *address) {
    int listens = 0;
    struct sockaddr_in own = {0};
    socklen_t listens_length = sizeof listens;
    socklen_t own_length = sizeof own;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_length) == 0 && listens &&
           getsockname(fd, (struct sockaddr *)&own, &own_length) == 0 &&
           own.sin_family == AF_INET && own.sin_port == address->sin_port &&
           own.sin_addr.s_addr == address->sin_addr.s_addr;
}

static int find(const struct sockaddr_in *address) {
    DIR *folder = opendir("/proc/self/fd");
    int found = -1;
    if (!folder)
        return -1;
    for (struct dirent *entry = readdir(folder); entry && found < 0; entry = readdir(folder)) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        /* Descriptors may come free, and civetweb be faster: neither may wait for the next client.
         */
        if (listens_on(fd, address) && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
            found = fd;
    }
    (void)closedir(folder);
    return found;
}

/* Of all listeners: descriptors run out for the whole process. */
static atomic_int without;
static atomic_int ushers;
static _Atomic int64_t turned_away;

static void tell(int client) {
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                 "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
                                 "Content-Length: 0\r\nConnection: close\r\n\r\n";
    char unread[4096];
    (void)send(client, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(client, SHUT_WR);
    /* Closing with unread bytes would reset the connection, and the answer could be lost. */
    struct pollfd polled = {.fd = client, .events = POLLIN};
    (void)poll(&polled, 1, LINGER_MS);
    (void)recv(client, unread, sizeof unread, MSG_DONTWAIT);
    (void)close(client);
}

/* Descriptors may have come free while it waited: then the client is civetweb's. */
static void turn_away_one(struct berth_spare *spare) {
    struct pollfd polled = {.fd = spare->listening, .events = POLLIN};
    if (poll(&polled, 1, TURN_MS) <= 0 || !atomic_load(&spare->needed))
        return;
    int client = accept4(spare->listening, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0) {
        atomic_fetch_add(&turned_away, 1);
        tell(client);
    } else {
        (void)poll(NULL, 0, LINGER_MS); /* all of the system's descriptors are taken */
    }
}

/* What is in the copied table is not this thread's to keep open. */
static bool take_own_table(int listening) {
    if (unshare(CLONE_FILES) != 0)
        return false;
    unsigned number = (unsigned)listening;
    return (number == 0 || close_range(0, number - 1, 0) == 0) &&
           close_range(number + 1, ~0U, 0) == 0;
}

static void *usher(void *argument) {
    struct berth_spare *spare = argument;
    bool ready = take_own_table(spare->listening);
    while (!atomic_load(&spare->finished)) {
        if (ready && atomic_load(&spare->needed)) {
            turn_away_one(spare);
            continue;
        }
        pthread_mutex_lock(&spare->lock);
        while (!atomic_load(&spare->finished) && !(ready && atomic_load(&spare->needed)))
            pthread_cond_wait(&spare->wake, &spare->lock);
        pthread_mutex_unlock(&spare->lock);
    }
    return NULL;
}

static void set(struct berth_spare *spare, atomic_bool *flag, bool value) {
    pthread_mutex_lock(&spare->lock);
    atomic_store(flag, value);
    pthread_cond_signal(&spare->wake);
    pthread_mutex_unlock(&spare->lock);
}

void berth_spare_start(struct berth_spare *spare, const struct sockaddr_in *address) {
    atomic_init(&spare->needed, false);
    atomic_init(&spare->finished, false);
    pthread_mutex_init(&spare->lock, NULL);
    pthread_cond_init(&spare->wake, NULL);
    spare->listening = find(address);
    if (spare->listening >= 0 && pthread_create(&spare->usher, NULL, usher, spare) != 0)
        spare->listening = -1;
    if (spare->listening >= 0)
        atomic_fetch_add(&ushers, 1);
}

bool berth_spare_is_watched(void) {
    return atomic_load(&ushers) > 0;
}

void berth_spare_tell(bool exhausted) {
    if (exhausted && atomic_fetch_add(&without, 1) == 0)
        berth_log_event("error", "descriptors-exhausted",
                        json_pack("{s:s}", "hint",
                                  "raise the limit with ulimit -n, or allow fewer "
                                  "connections; new ones are told to come back"));
    else if (!exhausted && atomic_fetch_sub(&without, 1) == 1)
        berth_log_event(
            "info", "descriptors-free",
            json_pack("{s:I}", "turnedAway", (json_int_t)atomic_exchange(&turned_away, 0)));
}

static void note(struct berth_spare *spare, bool exhausted) {
    if (atomic_load(&spare->needed) == exhausted)
        return;
    set(spare, &spare->needed, exhausted);
    berth_spare_tell(exhausted);
}

void berth_spare_look(struct berth_spare *spare) {
    if (spare->listening < 0)
        return;
    int probe = fcntl(spare->listening, F_DUPFD_CLOEXEC, 0);
    bool none = probe < 0 && (errno == EMFILE || errno == ENFILE);
    if (probe >= 0)
        (void)close(probe);
    note(spare, none);
}

void berth_spare_stop(struct berth_spare *spare) {
    if (spare->listening < 0)
        return;
    note(spare, false);
    atomic_fetch_sub(&ushers, 1);
    set(spare, &spare->finished, true);
    (void)pthread_join(spare->usher, NULL);
    pthread_cond_destroy(&spare->wake);
    pthread_mutex_destroy(&spare->lock);
    spare->listening = -1;
}
