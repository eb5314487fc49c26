/* Thousands of connections to one server, by one thread and epoll: for events.mjs.
 *
 *     streams ADDRESS PORT
 *
 * Lines on stdin say what to do; each is answered by a line on stdout.
 *     open N PATH   N more connections that each GET the path; answered when each has a head, or,
 *                   of /events, is told when to retry: from then on no event is missed
 *     await ID      answered when each that is open has had an event with that id, or a later one:
 *                   how many, and when the first, the middle and the last had it (us since 1970)
 *     refused N     N connections, one after the other, that GET /livez and are told 503: the
 *                   median and the greatest time to the answer in us, and how many were
 *     close         closes all
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 65536, LINE_BYTES = 48, DEADLINE_MS = 60000 };

struct connection {
    int fd;
    bool is_stream, is_open;
    long long id; /* of the newest event */
    int64_t at_us;
    size_t length; /* of the line so far */
    char line[LINE_BYTES];
};

static struct connection connections[MAX];
static int count, opened;
static int poll_fd;
static struct sockaddr_in server;

static void fail(const char *what) {
    fprintf(stderr, "streams: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * (int64_t)1000000 + now.tv_nsec / 1000;
}

static void take_line(struct connection *connection) {
    connection->line[connection->length] = '\0';
    bool is_open = connection->is_stream ? strncmp(connection->line, "retry:", 6) == 0
                                         : connection->length == 0;
    if (is_open && !connection->is_open) {
        connection->is_open = true;
        opened++;
    }
    if (strncmp(connection->line, "id: ", 4) == 0) {
        connection->id = strtoll(connection->line + 4, NULL, 10);
        connection->at_us = now_us(CLOCK_REALTIME);
    }
    connection->length = 0;
}

static void take(struct connection *connection) {
    char data[4096];
    ssize_t got = read(connection->fd, data, sizeof data);
    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        errno = got < 0 ? errno : ECONNRESET;
        fail("a connection ended");
    }
    for (ssize_t i = 0; i < got; i++) {
        if (data[i] == '\n')
            take_line(connection);
        else if (data[i] != '\r' && connection->length < LINE_BYTES - 1)
            connection->line[connection->length++] = data[i];
    }
}

static void turn(void) {
    struct epoll_event events[512];
    int found = epoll_wait(poll_fd, events, 512, 100);
    for (int i = 0; i < found; i++)
        take(events[i].data.ptr);
}

static int dial(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) != 0)
        fail("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void ask(int fd, const char *path) {
    char text[256];
    int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", path);
    if (write(fd, text, (size_t)length) != length)
        fail("cannot write");
}

/* A few at a time, so that the server's queue of connections is not what is measured. */
static void open_many(int wanted, const char *path) {
    enum { AT_ONCE = 32 };
    int64_t start = now_us(CLOCK_MONOTONIC);
    if (count + wanted > MAX)
        fail("too many");
    int end = count + wanted;
    bool is_stream = strcmp(path, "/events") == 0;
    while (opened < end) {
        while (count < end && count - opened < AT_ONCE) {
            struct connection *connection = &connections[count++];
            *connection = (struct connection){.fd = dial(), .id = -1, .is_stream = is_stream};
            ask(connection->fd, path);
            fcntl(connection->fd, F_SETFL, O_NONBLOCK);
            struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
            if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0)
                fail("cannot watch a connection");
        }
        turn();
        if (now_us(CLOCK_MONOTONIC) - start > DEADLINE_MS * 1000LL)
            fail("not all were answered");
    }
    printf("opened %d %lld\n", wanted, (long long)(now_us(CLOCK_MONOTONIC) - start));
}

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void await_event(long long id) {
    static int64_t times[MAX];
    int64_t start = now_us(CLOCK_MONOTONIC);
    int have = 0;
    while (have < count) {
        turn();
        have = 0;
        for (int i = 0; i < count; i++)
            have += connections[i].id >= id;
        if (now_us(CLOCK_MONOTONIC) - start > DEADLINE_MS * 1000LL)
            break;
    }
    int known = 0;
    for (int i = 0; i < count; i++)
        if (connections[i].id >= id)
            times[known++] = connections[i].at_us;
    qsort(times, (size_t)known, sizeof *times, by_value);
    printf("had %d %lld %lld %lld\n", known, (long long)(known ? times[0] : 0),
           (long long)(known ? times[known / 2] : 0), (long long)(known ? times[known - 1] : 0));
}

static void try_refused(int tries) {
    static int64_t times[MAX];
    int refused = 0;
    for (int i = 0; i < tries; i++) {
        char answer[512] = "";
        int64_t start = now_us(CLOCK_MONOTONIC);
        int fd = dial();
        ask(fd, "/livez");
        ssize_t got = read(fd, answer, sizeof answer - 1);
        times[i] = now_us(CLOCK_MONOTONIC) - start;
        refused += got > 0 && strncmp(answer, "HTTP/1.1 503", 12) == 0;
        close(fd);
    }
    qsort(times, (size_t)tries, sizeof *times, by_value);
    printf("refused %d %lld %lld\n", refused, (long long)times[tries / 2],
           (long long)times[tries - 1]);
}

static void close_all(void) {
    for (int i = 0; i < count; i++)
        close(connections[i].fd);
    printf("closed %d\n", count);
    count = opened = 0;
}

int main(int argc, char **argv) {
    struct rlimit limit;
    char line[256];
    if (argc != 3)
        return 2;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    server =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &server.sin_addr);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        char path[200];
        long long number = 0;
        if (sscanf(line, "open %lld %199s", &number, path) == 2)
            open_many((int)number, path);
        else if (sscanf(line, "await %lld", &number) == 1)
            await_event(number);
        else if (sscanf(line, "refused %lld", &number) == 1)
            try_refused((int)number);
        else
            close_all();
    }
    return 0;
}
