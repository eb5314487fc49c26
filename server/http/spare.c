#include "spare.h"

#include "berth/clock.h"
#include "berth/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MS = 10 };

static int keep_one(void) {
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool berth_spare_init(struct berth_spare *spare) {
    *spare = (struct berth_spare){.kept = keep_one(), .listening = -1};
    return spare->kept >= 0;
}

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

void berth_spare_find(struct berth_spare *spare, const struct sockaddr_in *address) {
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return;
    for (struct dirent *entry = readdir(folder); entry && spare->listening < 0;
         entry = readdir(folder)) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        /* civetweb may take a client before we do: we must not wait for the next. */
        if (listens_on(fd, address) && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0)
            spare->listening = fd;
    }
    (void)closedir(folder);
}

/* Of all listeners: descriptors run out for the whole process. */
static atomic_int without;
static _Atomic int64_t turned_away;

static void note(struct berth_spare *spare, bool exhausted) {
    if (spare->exhausted == exhausted)
        return;
    spare->exhausted = exhausted;
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

bool berth_spare_is_needed(struct berth_spare *spare) {
    if (spare->kept < 0)
        spare->kept = keep_one();
    int probe = spare->kept < 0 ? -1 : fcntl(spare->kept, F_DUPFD_CLOEXEC, 0);
    bool none = probe < 0 && (errno == EMFILE || errno == ENFILE);
    if (probe >= 0)
        (void)close(probe);
    note(spare, none);
    return none && spare->listening >= 0;
}

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

/* The spare descriptor becomes the client's, and then is kept again. */
static void turn_away_one(struct berth_spare *spare) {
    if (spare->kept >= 0)
        (void)close(spare->kept);
    int client = accept4(spare->listening, NULL, NULL, SOCK_CLOEXEC);
    if (client >= 0) {
        atomic_fetch_add(&turned_away, 1);
        tell(client);
    }
    spare->kept = keep_one();
    if (spare->kept < 0) /* civetweb was faster, and serves the client: there is none to give */
        (void)poll(NULL, 0, LINGER_MS);
}

void berth_spare_refuse(struct berth_spare *spare, int duration_ms) {
    int64_t until_ms = berth_monotonic_ms() + duration_ms;
    for (int64_t now_ms = berth_monotonic_ms(); now_ms < until_ms; now_ms = berth_monotonic_ms()) {
        struct pollfd polled = {.fd = spare->listening, .events = POLLIN};
        if (poll(&polled, 1, (int)(until_ms - now_ms)) > 0)
            turn_away_one(spare);
    }
}

void berth_spare_done(struct berth_spare *spare) {
    note(spare, false);
    if (spare->kept >= 0)
        (void)close(spare->kept);
}
