#include "notify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { WATCHDOG_LEAST_MS = 100 };

/* A path, or with "@" before it an abstract name; 0: neither. */
static socklen_t manager(struct sockaddr_un *ret) {
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof ret->sun_path || (*path != '/' && *path != '@'))
        return 0;
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, path, length);
    if (*path == '@')
        ret->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

bool serve_notify(const char *state) {
    struct sockaddr_un address;
    socklen_t length = manager(&address);
    int fd = length ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return false;
    ssize_t sent =
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address, length);
    (void)close(fd);
    return sent >= 0;
}

int64_t serve_watchdog_ms(void) {
    const char *text = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (!text || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    long long wanted_us = strtoll(text, NULL, 10);
    if (wanted_us <= 0)
        return 0;
    int64_t every_ms = wanted_us / 3000;
    return every_ms < WATCHDOG_LEAST_MS ? WATCHDOG_LEAST_MS : every_ms;
}

static bool parse(const char *text, struct sockaddr_in *ret) {
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : sizeof host;
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *ret = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    if (inet_pton(AF_INET, host, &ret->sin_addr) != 1)
        return false;
    if (ret->sin_addr.s_addr == htonl(INADDR_ANY))
        ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return true;
}

bool serve_answers(const char *address, int timeout_ms) {
    static const char request[] =
        "GET /livez HTTP/1.1\r\nHost: watchdog\r\nConnection: close\r\n\r\n";
    struct sockaddr_in peer;
    char answer[5];
    int fd = parse(address, &peer) ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return false;
    const struct timeval limit = {.tv_sec = timeout_ms / 1000,
                                  .tv_usec = timeout_ms % 1000 * 1000L};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    bool good = connect(fd, (const struct sockaddr *)&peer, sizeof peer) == 0 &&
                send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1 &&
                recv(fd, answer, sizeof answer, MSG_WAITALL) == sizeof answer &&
                memcmp(answer, "HTTP/", sizeof answer) == 0;
    (void)close(fd);
    return good;
}
