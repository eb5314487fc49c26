#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASK_NUMBERS = 7, NUMBER_BYTES = 24, NS_PER_MS = 1000000 };
static const int64_t ns_per_s = 1000000000;

static void task_numbers(const struct berth_child_task *task, int64_t ret[TASK_NUMBERS]) {
    const int64_t numbers[TASK_NUMBERS] = {task->kind,
                                           task->archive_bytes,
                                           task->limits.unpacked_bytes,
                                           task->limits.file_bytes,
                                           task->limits.entries,
                                           task->limits.ratio,
                                           task->limits.seconds};
    memcpy(ret, numbers, sizeof numbers);
}

bool berth_child_task_parse(int argc, char **argv, struct berth_child_task *ret) {
    int64_t numbers[TASK_NUMBERS];
    if (argc != TASK_NUMBERS + 1)
        return false;
    for (int i = 0; i < TASK_NUMBERS; i++) {
        char *end = NULL;
        errno = 0;
        numbers[i] = strtoll(argv[i + 1], &end, 10);
        if (errno || end == argv[i + 1] || *end || numbers[i] < 0)
            return false;
    }
    *ret = (struct berth_child_task){.kind = numbers[0],
                                     .archive_bytes = numbers[1],
                                     .limits = {.archive_bytes = numbers[1],
                                                .unpacked_bytes = numbers[2],
                                                .file_bytes = numbers[3],
                                                .entries = numbers[4],
                                                .ratio = numbers[5],
                                                .seconds = numbers[6]}};
    return numbers[0] <= BERTH_ZIP;
}

/* The archive is descriptor 0, the pipe 1; all above 2 are closed, whatever they are. */
static bool plan_descriptors(posix_spawn_file_actions_t *actions, int archive_fd, int pipe_fd) {
    return posix_spawn_file_actions_adddup2(actions, archive_fd, STDIN_FILENO) == 0 &&
           posix_spawn_file_actions_adddup2(actions, pipe_fd, STDOUT_FILENO) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1) == 0;
}

static int spawn(int archive_fd, int pipe_fd, char *const argv[], pid_t *ret) {
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    /* The file that this process runs, even if another has its name by now. */
    failed = plan_descriptors(&actions, archive_fd, pipe_fd)
                 ? posix_spawn(ret, "/proc/self/exe", &actions, NULL, argv, environ)
                 : ENOMEM;
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static enum berth_code fail_start(int number, struct berth_error *error) {
    char reason[128];
    berth_fail(error, BERTH_BUSY, "archive-reader-start",
               "cannot start a process that reads the archive: %s",
               strerror_r(number, reason, sizeof reason));
    berth_error_hint(error, "the server lacks processes or descriptors; try again");
    return BERTH_BUSY;
}

enum berth_code berth_child_start(int fd, const struct berth_child_task *task,
                                  struct berth_child *ret, struct berth_error *error) {
    int64_t numbers[TASK_NUMBERS];
    char words[TASK_NUMBERS][NUMBER_BYTES];
    char name[] = "berth";
    char command[] = BERTH_READER_COMMAND;
    char *argv[2 + TASK_NUMBERS + 1] = {name, command};
    task_numbers(task, numbers);
    for (size_t i = 0; i < TASK_NUMBERS; i++) {
        (void)snprintf(words[i], sizeof words[i], "%lld", (long long)numbers[i]);
        argv[2 + i] = words[i];
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail_start(errno, error);
    int failed = spawn(fd, ends[1], argv, &ret->pid);
    (void)close(ends[1]);
    if (failed) {
        (void)close(ends[0]);
        return fail_start(failed, error);
    }
    ret->fd = ends[0];
    ret->left_ns = task->limits.seconds * ns_per_s;
    return BERTH_OK;
}

static int64_t now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * ns_per_s + now.tv_nsec;
}

/* True when there is something to read, or its end. */
static bool wait_for(struct berth_child *child) {
    struct pollfd waiter = {.fd = child->fd, .events = POLLIN};
    while (child->left_ns > 0) {
        int64_t before = now_ns();
        int64_t wait_ms = child->left_ns / NS_PER_MS + 1;
        int ready = poll(&waiter, 1, wait_ms < 1000 ? (int)wait_ms : 1000);
        child->left_ns -= now_ns() - before;
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
    }
    return false;
}

enum berth_code berth_child_read(struct berth_child *child, unsigned char *data, size_t size,
                                 size_t *ret_length, struct berth_error *error) {
    for (;;) {
        if (!wait_for(child)) {
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
    static const struct timespec pause = {.tv_nsec = NS_PER_MS};
    int status = 0;
    (void)close(child->fd);
    pid_t ended = waitpid(child->pid, &status, WNOHANG);
    for (; exits && ended == 0 && child->left_ns > 0; child->left_ns -= pause.tv_nsec) {
        (void)nanosleep(&pause, NULL);
        ended = waitpid(child->pid, &status, WNOHANG);
    }
    if (ended != 0)
        return status;
    (void)kill(child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}
