#include "parent.h"

#include "kind.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MAX_READERS = 256, /* what --max-uploads may be */
    SOCKET = STDIN_FILENO,
};

struct reader {
    pid_t pid;
    int control;
    bool killed;
};

struct parent {
    void (*read)(const struct berth_child_task *task);
    int signals; /* signalfd of SIGCHLD */
    bool ending; /* the server sends nothing more */
    size_t count;
    struct reader readers[MAX_READERS];
};

_Noreturn static void fail(const char *text) {
    (void)!write(STDERR_FILENO, text, strlen(text));
    _exit(2);
}

static void tell(int control, int number) {
    const struct berth_child_news news = {.number = number};
    /* Whoever is not there any more needs no news. */
    (void)send(control, &news, sizeof news, MSG_NOSIGNAL);
}

/* --- in a reader --- */

_Noreturn static void become_reader(const struct parent *parent, pid_t parent_pid,
                                    const struct berth_child_task *task, const int *descriptors) {
    /* With the parent, which ends with the server; unless it has ended before it could be set. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent_pid)
        _exit(1);
    (void)prctl(PR_SET_NAME, "archive-reader");
    if (dup2(descriptors[0], STDIN_FILENO) < 0 || dup2(descriptors[1], STDOUT_FILENO) < 0)
        _exit(1);
    closefrom(STDERR_FILENO + 1);
    parent->read(task);
    _exit(1);
}

/* --- requests --- */

static bool is_task(const struct berth_child_task *task, size_t length) {
    return length == sizeof *task && task->kind >= 0 && task->kind <= BERTH_ZIP &&
           task->archive_bytes >= 0 && task->limits.seconds > 0;
}

/* 0 or errno; the control socket stays open while there is a reader. */
static int start_reader(struct parent *parent, const struct berth_child_task *task,
                        const int *descriptors) {
    if (parent->count == MAX_READERS)
        return EAGAIN;
    pid_t own = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return errno;
    if (pid == 0)
        become_reader(parent, own, task, descriptors);
    parent->readers[parent->count++] = (struct reader){.pid = pid, .control = descriptors[2]};
    return 0;
}

/* True when the packet has brought all that belongs to a task. */
static bool take_descriptors(struct msghdr *message, int ret[BERTH_TASK_DESCRIPTORS]) {
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
        head->cmsg_len != CMSG_LEN(BERTH_TASK_DESCRIPTORS * sizeof(int)))
        return false;
    memcpy(ret, CMSG_DATA(head), BERTH_TASK_DESCRIPTORS * sizeof(int));
    return true;
}

/* Only the server has the other end, so what is odd is a fault of ours, or a hand at a shell. */
static void take_task(struct parent *parent) {
    struct berth_child_task task;
    int descriptors[BERTH_TASK_DESCRIPTORS];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof descriptors)];
    } control;
    struct iovec part = {.iov_base = &task, .iov_len = sizeof task};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t length = recvmsg(SOCKET, &message, MSG_CMSG_CLOEXEC);
    if (length < 0 && errno == EINTR)
        return;
    parent->ending = length == 0;
    if (parent->ending)
        return;
    if (length < 0 || !take_descriptors(&message, descriptors) || !is_task(&task, (size_t)length))
        fail("berth: this command is the server's own\n");
    int failed = start_reader(parent, &task, descriptors);
    tell(descriptors[2], failed);
    (void)close(descriptors[0]);
    (void)close(descriptors[1]);
    if (failed)
        (void)close(descriptors[2]);
}

/* --- ends --- */

static void end_reader(struct parent *parent, pid_t pid, int status) {
    for (size_t i = 0; i < parent->count; i++) {
        if (parent->readers[i].pid != pid)
            continue;
        tell(parent->readers[i].control, status);
        (void)close(parent->readers[i].control);
        parent->readers[i] = parent->readers[--parent->count];
        return;
    }
}

static void reap(struct parent *parent) {
    struct signalfd_siginfo signals;
    (void)!read(parent->signals, &signals, sizeof signals);
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        end_reader(parent, pid, status);
}

static void kill_reader(struct reader *reader) {
    (void)kill(reader->pid, SIGKILL);
    reader->killed = true;
}

/* --- the loop --- */

static void wait_and_do(struct parent *parent) {
    static struct pollfd waiters[2 + MAX_READERS];
    size_t count = parent->count;
    waiters[0] = (struct pollfd){.fd = parent->signals, .events = POLLIN};
    waiters[1] = (struct pollfd){.fd = parent->ending ? -1 : SOCKET, .events = POLLIN};
    /* The server sends nothing on a control socket: it closes it, or its half. */
    for (size_t i = 0; i < count; i++)
        waiters[2 + i] = (struct pollfd){
            .fd = parent->readers[i].killed ? -1 : parent->readers[i].control, .events = POLLIN};
    if (poll(waiters, 2 + count, -1) < 0 && errno != EINTR)
        fail("berth: the parent of archive readers cannot wait\n");
    for (size_t i = 0; i < count; i++)
        if (waiters[2 + i].revents)
            kill_reader(&parent->readers[i]);
    if (waiters[0].revents)
        reap(parent);
    if (waiters[1].revents)
        take_task(parent);
}

static void prepare_signals(struct parent *parent) {
    sigset_t mask;
    (void)signal(SIGCHLD, SIG_DFL);
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) == 0)
        parent->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (parent->signals < 0)
        fail("berth: the parent of archive readers cannot hear of their ends\n");
}

void berth_parent_run(void (*prepare)(void), void (*read)(const struct berth_child_task *task)) {
    static struct parent parent = {.signals = -1};
    parent.read = read;
    prepare_signals(&parent);
    if (prepare)
        prepare();
    while (!parent.ending || parent.count)
        wait_and_do(&parent);
    _exit(0);
}
