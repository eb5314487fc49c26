/* New connections.
 *
 * All loops wait for the one listening socket, and whoever is woken accepts; but a connection goes
 * to the loop that has the fewest, so that few connections are spread too.
 *
 * When the process is out of descriptors, clients would wait without a word, and whoever waits for
 * the listening socket would spin. So each loop keeps a few spare ones: one is closed, the client
 * accepted in its place and told to come back, and the descriptor becomes a spare one again. The
 * log lines of that are written by the usher of another listener where there is one: spare.h. */
#include "loop.h"

#include "spare.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_AT_ONCE = 32, PAUSE_MS = 100, PROBE_MS = 500 };

void berth_loop_listen(struct berth_loop *loop, bool on) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &loop->pause};
    (void)epoll_ctl(loop->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, loop->loops->listening,
                    &event);
}

static void pause_accepting(struct berth_loop *loop) {
    if (loop->pause.next)
        return;
    berth_loop_listen(loop, false);
    berth_wheel_set(&loop->wheel, &loop->pause, loop->now_ms + PAUSE_MS);
}

static struct berth_loop *least_loaded(struct berth_loop *own) {
    struct berth_loop *least = own;
    int fewest = atomic_load_explicit(&own->count, memory_order_relaxed);
    for (int i = 0; i < own->loops->count; i++) {
        struct berth_loop *loop = own->loops->all[i];
        int count = atomic_load_explicit(&loop->count, memory_order_relaxed);
        if (count < fewest) {
            fewest = count;
            least = loop;
        }
    }
    return least;
}

/* So many are over the cap that they cannot be waited for, nor can a handshake. */
static void turn_away(const struct berth_listener *listener, int fd) {
    static const char answer[] = BERTH_BARE_REFUSAL;
    char unread[4096];
    if (!listener->tls)
        (void)send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    (void)recv(fd, unread, sizeof unread, MSG_DONTWAIT);
    (void)close(fd);
}

static struct berth_connection *make_connection(const struct berth_listener *listener, int fd) {
    struct berth_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return NULL;
    connection->fd = fd;
    if (listener->tls && !berth_secure_open(connection, listener->tls)) {
        free(connection);
        return NULL;
    }
    return connection;
}

static void adopt(struct berth_loop *own, int fd, const struct sockaddr_in *peer,
                  bool takes_spare) {
    struct berth_listener *listener = own->worker.listener;
    int before = atomic_fetch_add(&listener->connections, 1);
    atomic_fetch_add_explicit(&listener->accepted, 1, memory_order_relaxed);
    bool over_cap = takes_spare || before >= listener->options.max_connections;
    struct berth_connection *connection = NULL;
    if (before < listener->options.max_connections + BERTH_OVER_CAP)
        connection = make_connection(listener, fd);
    if (!connection) {
        atomic_fetch_sub(&listener->connections, 1);
        berth_refusal_count(&listener->compartments, "connections");
        turn_away(listener, fd);
        return;
    }
    struct berth_loop *loop = takes_spare ? own : least_loaded(own);
    connection->loop = loop;
    connection->over_cap = over_cap;
    connection->takes_spare = takes_spare;
    (void)inet_ntop(AF_INET, &peer->sin_addr, connection->remote, sizeof connection->remote);
    atomic_fetch_add_explicit(&loop->count, 1, memory_order_relaxed);
    if (loop == own)
        berth_loop_add(connection);
    else
        berth_loop_post(connection);
}

static int accept_one(const struct berth_loop *loop, struct sockaddr_in *ret_peer) {
    socklen_t length = sizeof *ret_peer;
    return accept4(loop->loops->listening, (struct sockaddr *)ret_peer, &length,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void restore_spare(struct berth_loop *loop, int fd) {
    if (fd >= 0 && loop->spare_count < BERTH_SPARES)
        loop->spares[loop->spare_count++] = fd;
    else if (fd >= 0)
        (void)close(fd);
}

void berth_loop_find_spares(struct berth_loop *loop) {
    while (loop->spare_count < BERTH_SPARES) {
        int fd = fcntl(loop->wake, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return;
        loop->spares[loop->spare_count++] = fd;
    }
}

void berth_loop_probe(struct berth_loop *loop) {
    int fd = fcntl(loop->wake, F_DUPFD_CLOEXEC, 0);
    berth_wheel_cancel(&loop->probe);
    if (fd < 0 && !loop->stopping) {
        berth_wheel_set(&loop->wheel, &loop->probe, loop->now_ms + PROBE_MS);
        return;
    }
    if (fd >= 0)
        (void)close(fd);
    berth_spare_tell(false);
}

static void tell_exhausted(struct berth_loop *loop) {
    if (loop->probe.next || loop->stopping || berth_spare_is_watched())
        return;
    berth_spare_tell(true);
    berth_wheel_set(&loop->wheel, &loop->probe, loop->now_ms + PROBE_MS);
}

/* Between the two calls another thread may take the descriptor. */
static void accept_with_spare(struct berth_loop *loop) {
    struct sockaddr_in peer = {0};
    tell_exhausted(loop);
    if (loop->spare_count == 0) {
        pause_accepting(loop);
        return;
    }
    (void)close(loop->spares[--loop->spare_count]);
    int fd = accept_one(loop, &peer);
    if (fd >= 0) {
        adopt(loop, fd, &peer, true);
        return;
    }
    restore_spare(loop, fcntl(loop->wake, F_DUPFD_CLOEXEC, 0));
    pause_accepting(loop);
}

void berth_loop_accept(struct berth_loop *loop) {
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_in peer = {0};
        int fd = accept_one(loop, &peer);
        if (fd >= 0) {
            adopt(loop, fd, &peer, false);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            accept_with_spare(loop);
        if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

void berth_loop_close_socket(struct berth_connection *connection) {
    struct berth_loop *loop = connection->loop;
    if (connection->takes_spare && dup3(loop->wake, connection->fd, O_CLOEXEC) >= 0)
        restore_spare(loop, connection->fd);
    else
        (void)close(connection->fd);
}
