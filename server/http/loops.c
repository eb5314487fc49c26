/* Starts and stops the loops of a listener. */
#include "loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static void destroy_loop(struct berth_loop *loop) {
    while (loop->spare_count > 0)
        (void)close(loop->spares[--loop->spare_count]);
    if (loop->epoll >= 0)
        (void)close(loop->epoll);
    if (loop->wake >= 0)
        (void)close(loop->wake);
    pthread_mutex_destroy(&loop->lock);
    free(loop->worker.scratch);
    free(loop);
}

static bool open_descriptors(struct berth_loop *loop) {
    struct epoll_event woken = {.events = EPOLLIN, .data.ptr = &loop->wake};
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll < 0 || loop->wake < 0 ||
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake, &woken) != 0)
        return false;
    berth_loop_find_spares(loop);
    return loop->spare_count == BERTH_SPARES;
}

static enum berth_code create_loop(struct berth_loops *loops, struct berth_loop **ret,
                                   struct berth_error *error) {
    struct berth_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    loop->loops = loops;
    loop->worker.listener = loops->listener;
    loop->now_ms = berth_monotonic_ms();
    berth_wheel_init(&loop->wheel, loop->now_ms);
    pthread_mutex_init(&loop->lock, NULL);
    if (!open_descriptors(loop)) {
        enum berth_code code = berth_fail_errno(error, "listen", "cannot make an event loop");
        destroy_loop(loop);
        return code;
    }
    *ret = loop;
    return BERTH_OK;
}

static enum berth_code fail_to_listen(const struct berth_listener *listener, int fd,
                                      struct berth_error *error) {
    enum berth_code code = berth_fail(error, BERTH_IO, "listen", "cannot listen on %s: %s",
                                      listener->options.address, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return code;
}

/* What is set on it, connections have from the start. */
static enum berth_code open_listening(struct berth_listener *listener, int *ret,
                                      struct berth_error *error) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;
    socklen_t length = sizeof listener->bound;
    struct sockaddr *address = (struct sockaddr *)&listener->bound;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0 ||
        bind(fd, address, length) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, address, &length) != 0)
        return fail_to_listen(listener, fd, error);
    *ret = fd;
    return BERTH_OK;
}

/* One for each core that the process may run on. */
static int wanted_loops(void) {
    cpu_set_t cores;
    int count = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
    if (count < 1)
        return 1;
    return count > BERTH_LOOPS_MAX ? BERTH_LOOPS_MAX : count;
}

/* The loops end when all of their connections are back, so workers go last. */
static void release(struct berth_loops *loops, int running) {
    atomic_store_explicit(&loops->stopping, true, memory_order_release);
    for (int i = 0; i < running; i++)
        berth_loop_wake(loops->all[i]);
    for (int i = 0; i < running; i++)
        pthread_join(loops->all[i]->thread, NULL);
    for (int i = 0; i < loops->count; i++)
        berth_loop_take_mailbox(
            loops->all[i]); /* what another loop accepted for one that had ended */
    berth_pool_stop(&loops->pool);
    berth_pool_stop(&loops->later);
    if (loops->listening >= 0)
        (void)close(loops->listening);
    for (int i = 0; i < loops->count; i++)
        destroy_loop(loops->all[i]);
    loops->listener->engine_state = NULL;
    free(loops);
}

static enum berth_code make_loops(struct berth_loops *loops, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (int wanted = wanted_loops(); !code && loops->count < wanted;) {
        code = create_loop(loops, &loops->all[loops->count], error);
        if (!code)
            loops->count++;
    }
    return code;
}

static enum berth_code start(struct berth_listener *listener, struct berth_error *error) {
    struct berth_loops *loops = calloc(1, sizeof *loops);
    if (!loops)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    loops->listener = listener;
    loops->listening = -1;
    listener->engine_state = loops;
    int nice = listener->options.nice;
    berth_pool_init(&loops->pool, listener, "worker", nice);
    berth_pool_init(&loops->later, listener, "later", nice + BERTH_LATER_NICE);
    enum berth_code code = make_loops(loops, error);
    if (!code)
        code = open_listening(listener, &loops->listening, error);
    int running = 0;
    while (!code && running < loops->count) {
        struct berth_loop *loop = loops->all[running];
        berth_loop_listen(loop, true);
        if (pthread_create(&loop->thread, NULL, berth_loop_run, loop) == 0)
            running++;
        else
            code = berth_fail(error, BERTH_NO_MEMORY, "thread", "cannot start a thread");
    }
    if (code)
        release(loops, running);
    return code;
}

static int busy(const struct berth_listener *listener) {
    const struct berth_loops *loops = listener->engine_state;
    return atomic_load(&loops->busy);
}

static void stop(struct berth_listener *listener) {
    struct berth_loops *loops = listener->engine_state;
    release(loops, loops->count);
}

static int descriptors(int max_connections) {
    const int of_each = 2 + BERTH_SPARES;
    return max_connections + BERTH_OVER_CAP + 1 + wanted_loops() * of_each;
}

const struct berth_engine berth_loop_engine = {
    .descriptors = descriptors, .start = start, .busy = busy, .stop = stop};
