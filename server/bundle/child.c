#include "child.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, END_MS = 5000 };
static const int64_t ns_per_s = 1000000000;

static enum berth_code fail_start(int number, struct berth_error *error) {
    char reason[128];
    berth_fail(error, BERTH_BUSY, "archive-reader-start",
               "cannot start a process that reads the archive: %s",
               strerror_r(number, reason, sizeof reason));
    berth_error_hint(error, "the server lacks processes or descriptors; try again");
    return BERTH_BUSY;
}

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * ns_per_s + now.tv_nsec;
}

/* True when there is something to read on `fd`, or its end. */
static bool wait_for(int fd, int64_t *left_ns) {
    struct pollfd waiter = {.fd = fd, .events = POLLIN};
    while (*left_ns > 0) {
        int64_t before = now_ns();
        int64_t wait_ms = *left_ns / NS_PER_MS + 1;
        int ready = poll(&waiter, 1, wait_ms < 1000 ? (int)wait_ms : 1000);
        *left_ns -= now_ns() - before;
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
    }
    return false;
}

/* The parent's next word. ETIMEDOUT when it says nothing, ESRCH when it has ended. */
static int hear_parent(struct berth_child *child, int64_t *left_ns, int *ret) {
    struct berth_child_news news;
    ssize_t got = -1;
    do {
        if (!wait_for(child->control, left_ns))
            return ETIMEDOUT;
        got = recv(child->control, &news, sizeof news, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof news)
        return ESRCH;
    *ret = news.number;
    return 0;
}

static void close_ends(const int ends[2]) {
    (void)close(ends[0]);
    (void)close(ends[1]);
}

/* Asks for a reader, and waits until there is one. */
static int launch(struct berth_child *child, const struct berth_child_task *task,
                  const int descriptors[BERTH_TASK_DESCRIPTORS]) {
    int number = 0;
    int failed = berth_launcher_send(task, descriptors, &child->launcher);
    /* Only the parent holds them now: their ends tell when it and the reader have ended. */
    (void)close(descriptors[1]);
    (void)close(descriptors[2]);
    if (failed)
        return failed;
    failed = hear_parent(child, &child->left_ns, &number);
    if (!failed && number == 0)
        return 0;
    if (failed == ETIMEDOUT)
        berth_launcher_kill(child->launcher);
    berth_launcher_drop(child->launcher, failed != 0);
    return failed ? failed : number;
}

enum berth_code berth_child_start(int fd, const struct berth_child_task *task,
                                  struct berth_child *ret, struct berth_error *error) {
    int pipe_ends[2];
    int control_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return fail_start(errno, error);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control_ends) != 0) {
        int number = errno;
        close_ends(pipe_ends);
        return fail_start(number, error);
    }
    *ret = (struct berth_child){
        .fd = pipe_ends[0], .control = control_ends[0], .left_ns = task->limits.seconds * ns_per_s};
    int failed = launch(ret, task, (int[]){fd, pipe_ends[1], control_ends[1]});
    if (!failed)
        return BERTH_OK;
    close_ends((int[]){ret->fd, ret->control});
    return fail_start(failed, error);
}

enum berth_code berth_child_read(struct berth_child *child, unsigned char *data, size_t size,
                                 size_t *ret_length, struct berth_error *error) {
    for (;;) {
        if (!wait_for(child->fd, &child->left_ns)) {
            berth_fail(error, BERTH_REFUSED, "limit-archive-seconds",
                       "reading the archive takes longer than the limit");
            berth_error_hint(error, "the limit is the server's --max-archive-seconds");
            return BERTH_REFUSED;
        }
        ssize_t got = read(child->fd, data, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_fail_errno(error, "archive-reader", "cannot hear the archive's reader");
        *ret_length = (size_t)got;
        return BERTH_OK;
    }
}

int berth_child_end(struct berth_child *child, bool exits) {
    int status = BERTH_CHILD_LOST;
    int64_t end_ns = (int64_t)END_MS * NS_PER_MS;
    (void)close(child->fd);
    int failed = exits ? hear_parent(child, &child->left_ns, &status) : ETIMEDOUT;
    if (failed == ETIMEDOUT) {
        (void)shutdown(child->control, SHUT_WR);
        failed = hear_parent(child, &end_ns, &status);
    }
    if (failed)
        berth_launcher_kill(child->launcher);
    (void)close(child->control);
    /* The limit on time is no crash, and neither is a reader that was ended from here. */
    bool crashed = failed || (exits && WIFSIGNALED(status) && WTERMSIG(status) != SIGXCPU);
    berth_launcher_drop(child->launcher, crashed);
    return status;
}
