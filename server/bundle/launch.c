#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 2 };

struct berth_launcher {
    pid_t pid;
    int fd;
    int users; /* its readers, and one while it is the current one */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over `current` and all `users` */
static struct berth_launcher *current;

/* Its socket is descriptor 0; 1 leads nowhere, and all above 2 are closed, whatever they are. */
static int spawn_with(posix_spawn_file_actions_t *actions, int fd, pid_t *ret) {
    char name[] = "berth";
    char command[] = BERTH_PARENT_COMMAND;
    char *argv[] = {name, command, NULL};
    int failed = posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return failed ? failed : posix_spawn(ret, "/proc/self/exe", actions, NULL, argv, environ);
}

static int spawn(int fd, pid_t *ret) {
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = spawn_with(&actions, fd, ret);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* NULL, and errno in *ret_failed. */
static struct berth_launcher *launch(int *ret_failed) {
    int ends[2];
    struct berth_launcher *launcher = calloc(1, sizeof *launcher);
    if (!launcher || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        *ret_failed = errno;
        free(launcher);
        return NULL;
    }
    *ret_failed = spawn(ends[1], &launcher->pid);
    (void)close(ends[1]);
    if (*ret_failed) {
        (void)close(ends[0]);
        free(launcher);
        return NULL;
    }
    launcher->fd = ends[0];
    launcher->users = 1;
    return launcher;
}

/* It has no readers, so there is nothing that it could lose. */
static void finish(struct berth_launcher *launcher) {
    (void)close(launcher->fd);
    (void)kill(launcher->pid, SIGKILL);
    while (waitpid(launcher->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(launcher);
}

static struct berth_launcher *take(int *ret_failed) {
    pthread_mutex_lock(&lock);
    if (!current)
        current = launch(ret_failed);
    struct berth_launcher *launcher = current;
    if (launcher)
        launcher->users++;
    pthread_mutex_unlock(&lock);
    return launcher;
}

void berth_launcher_drop(struct berth_launcher *launcher, bool retire) {
    pthread_mutex_lock(&lock);
    if (retire && launcher == current) {
        current = NULL;
        launcher->users--;
    }
    bool last = --launcher->users == 0 && launcher != current;
    pthread_mutex_unlock(&lock);
    if (last)
        finish(launcher);
}

void berth_launcher_kill(struct berth_launcher *launcher) {
    (void)kill(launcher->pid, SIGKILL);
}

static int send_to(const struct berth_launcher *launcher, const struct berth_child_task *task,
                   const int *descriptors) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(BERTH_TASK_DESCRIPTORS * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)task, .iov_len = sizeof *task};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(BERTH_TASK_DESCRIPTORS * sizeof(int));
    memcpy(CMSG_DATA(head), descriptors, BERTH_TASK_DESCRIPTORS * sizeof(int));
    ssize_t sent = 0;
    do
        sent = sendmsg(launcher->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

/* A parent that has ended, whoever ended it, is replaced. */
int berth_launcher_send(const struct berth_child_task *task,
                        const int descriptors[BERTH_TASK_DESCRIPTORS],
                        struct berth_launcher **ret) {
    int failed = 0;
    for (int i = 0; i < TRIES; i++) {
        struct berth_launcher *launcher = take(&failed);
        if (!launcher)
            return failed;
        failed = send_to(launcher, task, descriptors);
        if (!failed) {
            *ret = launcher;
            return 0;
        }
        berth_launcher_drop(launcher, failed == EPIPE || failed == ECONNRESET);
    }
    return failed;
}
