#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 64, LINGER_MS = 1000 };

/* --- connections --- */

void berth_loop_watch(struct berth_connection *connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    (void)epoll_ctl(connection->loop->epoll, operation, connection->fd, &event);
}

static void link_to(struct berth_loop *loop, struct berth_connection *connection) {
    connection->previous = NULL;
    connection->next = loop->connections;
    if (loop->connections)
        loop->connections->previous = connection;
    loop->connections = connection;
}

static void unlink_from(struct berth_loop *loop, struct berth_connection *connection) {
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        loop->connections = connection->next;
}

void berth_loop_await(struct berth_connection *connection, int timeout_ms) {
    struct berth_loop *loop = connection->loop;
    connection->state = BERTH_READING;
    berth_wheel_set(&loop->wheel, &connection->timer, loop->now_ms + timeout_ms);
}

void berth_loop_add(struct berth_connection *connection) {
    enum { SILENT_MS = 1000 }; /* those over the cap must not stay */
    struct berth_loop *loop = connection->loop;
    int timeout_ms = berth_request_timeout_ms(loop->worker.listener);
    if (connection->over_cap && timeout_ms > SILENT_MS)
        timeout_ms = SILENT_MS;
    link_to(loop, connection);
    berth_loop_watch(connection, EPOLL_CTL_ADD, BERTH_LOOP_READS);
    berth_loop_await(connection, timeout_ms);
}

/* Taken out of epoll by hand: a process that was forked meanwhile may have the socket too, and then
 * closing it here does not. */
void berth_loop_close(struct berth_connection *connection) {
    struct berth_loop *loop = connection->loop;
    berth_wheel_cancel(&connection->timer);
    berth_outgoing_drop(connection);
    unlink_from(loop, connection);
    if (connection->state != BERTH_AWAY)
        berth_loop_watch(connection, EPOLL_CTL_DEL, 0);
    if (connection->tls)
        berth_secure_close(connection);
    berth_loop_close_socket(connection);
    atomic_fetch_sub_explicit(&loop->count, 1, memory_order_relaxed);
    atomic_fetch_sub(&loop->worker.listener->connections, 1);
    free(connection->pending);
    free(connection);
}

void berth_loop_end(struct berth_connection *connection, bool unread) {
    struct berth_loop *loop = connection->loop;
    if (connection->tls)
        berth_secure_end(connection);
    if (!unread || shutdown(connection->fd, SHUT_WR) != 0) {
        berth_loop_close(connection);
        return;
    }
    connection->state = BERTH_LINGERING;
    berth_loop_watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    free(connection->pending);
    connection->pending = NULL;
    connection->pending_length = 0;
    berth_wheel_set(&loop->wheel, &connection->timer, loop->now_ms + LINGER_MS);
}

void berth_loop_tell(struct berth_connection *connection, const char *text) {
    if (connection->tls)
        (void)berth_secure_send(connection, text, strlen(text));
    else
        (void)send(connection->fd, text, strlen(text), MSG_NOSIGNAL);
}

static void drop_unread(struct berth_connection *connection) {
    ssize_t got = recv(connection->fd, connection->loop->inbox, BERTH_INBOX_BYTES, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        berth_loop_close(connection);
}

/* Also when its time is over: a socket is called writable when a good part of its buffer is free,
 * and a slow client may need longer for that than it may be silent. */
static void go_on_sending(struct berth_connection *connection) {
    struct berth_loop *loop = connection->loop;
    bool closes;
    if (!berth_outgoing_send(connection, &closes)) {
        int64_t deadline_ms = berth_outgoing_deadline_ms(connection);
        if (deadline_ms <= loop->now_ms)
            berth_loop_close(connection);
        else
            berth_wheel_set(&loop->wheel, &connection->timer, deadline_ms);
        return;
    }
    berth_loop_watch(connection, EPOLL_CTL_MOD, BERTH_LOOP_READS);
    if (closes) {
        berth_loop_end(connection, true);
        return;
    }
    berth_loop_await(connection, berth_keep_alive_timeout_ms(loop->worker.listener));
    berth_loop_resume(connection);
}

static void handle(struct berth_connection *connection, uint32_t events) {
    switch (connection->state) {
    case BERTH_READING:
        berth_loop_receive(connection, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
        break;
    case BERTH_SENDING:
        go_on_sending(connection);
        break;
    case BERTH_LINGERING:
        drop_unread(connection);
        break;
    case BERTH_AWAY:
        break;
    }
}

static void handle_due(struct berth_loop *loop, struct berth_timer *timer) {
    if (timer == &loop->pause) {
        berth_loop_find_spares(loop);
        if (!loop->stopping)
            berth_loop_listen(loop, true);
        return;
    }
    if (timer == &loop->probe) {
        berth_loop_probe(loop);
        return;
    }
    struct berth_connection *connection = (struct berth_connection *)timer;
    if (connection->state == BERTH_READING && connection->pending_length > 0)
        berth_loop_late(connection);
    else if (connection->state == BERTH_SENDING)
        go_on_sending(connection);
    else if (connection->state == BERTH_READING)
        berth_loop_end(connection, false);
    else
        berth_loop_close(connection);
}

/* --- the mailbox --- */

void berth_loop_wake(const struct berth_loop *loop) {
    uint64_t one = 1;
    /* Fails only when it was woken 2^64 - 1 times. */
    ssize_t written = write(loop->wake, &one, sizeof one);
    (void)written;
}

void berth_loop_post(struct berth_connection *connection) {
    struct berth_loop *loop = connection->loop;
    pthread_mutex_lock(&loop->lock);
    bool was_empty = !loop->mailbox;
    connection->queued = loop->mailbox;
    loop->mailbox = connection;
    pthread_mutex_unlock(&loop->lock);
    /* A loop that goes first would find the lock taken by whom it has put aside. All threads that
     * post are joined before loops are destroyed. */
    if (was_empty)
        berth_loop_wake(loop);
}

static void take_back(struct berth_connection *connection) {
    struct berth_loop *loop = connection->loop;
    loop->away--;
    if (loop->stopping || (connection->closes && !connection->lingers)) {
        berth_loop_close(connection);
        return;
    }
    connection->state = BERTH_READING;
    berth_loop_watch(connection, EPOLL_CTL_ADD, BERTH_LOOP_READS);
    if (connection->closes) {
        berth_loop_end(connection, true);
        return;
    }
    berth_loop_await(connection, berth_keep_alive_timeout_ms(loop->worker.listener));
    berth_loop_resume(connection);
}

static void add_new(struct berth_connection *connection) {
    berth_loop_add(connection);
    if (connection->loop->stopping)
        berth_loop_close(connection);
}

void berth_loop_take_mailbox(struct berth_loop *loop) {
    uint64_t times;
    ssize_t got = read(loop->wake, &times, sizeof times);
    (void)got;
    pthread_mutex_lock(&loop->lock);
    struct berth_connection *connection = loop->mailbox;
    loop->mailbox = NULL;
    pthread_mutex_unlock(&loop->lock);
    while (connection) {
        struct berth_connection *next = connection->queued;
        if (connection->state == BERTH_AWAY)
            take_back(connection);
        else
            add_new(connection);
        connection = next;
    }
}

/* --- the thread --- */

static void cut_all(struct berth_loop *loop) {
    for (struct berth_connection *connection = loop->connections, *next; connection;
         connection = next) {
        next = connection->next;
        if (connection->state == BERTH_AWAY)
            (void)shutdown(connection->fd, SHUT_RDWR);
        else if (connection->state == BERTH_READING)
            berth_loop_end(connection, false);
        else
            berth_loop_close(connection);
    }
}

static void turn(struct berth_loop *loop) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(loop->epoll, events, EVENTS_AT_ONCE,
                           berth_wheel_wait_ms(&loop->wheel, loop->now_ms));
    bool woken = false;
    loop->now_ms = berth_monotonic_ms();
    for (int i = 0; i < count; i++) {
        void *source = events[i].data.ptr;
        if (source == &loop->wake)
            woken = true;
        else if (source == &loop->pause)
            berth_loop_accept(loop);
        else
            handle(source, events[i].events);
    }
    if (woken) /* after the events: what it closes could be among them */
        berth_loop_take_mailbox(loop);
    for (struct berth_timer *timer; (timer = berth_wheel_due(&loop->wheel, loop->now_ms));)
        handle_due(loop, timer);
}

void *berth_loop_run(void *argument) {
    struct berth_loop *loop = argument;
    (void)pthread_setname_np(pthread_self(), "loop");
    berth_work_step_back(loop->worker.listener->options.nice);
    while (!loop->stopping) {
        turn(loop);
        if (atomic_load_explicit(&loop->loops->stopping, memory_order_acquire)) {
            loop->stopping = true;
            berth_loop_listen(loop, false);
            cut_all(loop);
            if (loop->probe.next)
                berth_loop_probe(loop);
        }
    }
    while (loop->away > 0)
        turn(loop);
    return NULL;
}
