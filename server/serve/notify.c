#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
