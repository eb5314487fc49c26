/* An exchange on a worker thread, which may wait for its client as for anything else. The socket
 * itself does not block: each wait has its deadline. */
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct berth_connection *connection_of(const struct berth_exchange *exchange) {
    return exchange->carrier;
}

/* Waits until the socket is ready: not beyond the deadline, nor longer than a client may be silent.
 * False when the time is over. */
static bool wait_ready(const struct berth_exchange *exchange, short events, int64_t deadline_ms) {
    int timeout_ms = berth_request_timeout_ms(exchange->worker->listener);
    int64_t until_ms = berth_monotonic_ms() + timeout_ms;
    if (deadline_ms < until_ms)
        until_ms = deadline_ms;
    struct pollfd polled = {.fd = connection_of(exchange)->fd, .events = events};
    for (;;) {
        int64_t left_ms = until_ms - berth_monotonic_ms();
        if (left_ms <= 0)
            return false;
        int count = poll(&polled, 1, (int)left_ms);
        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return false;
    }
}

static size_t take_received(struct berth_job *job, void *ret, size_t length) {
    size_t left = job->length - job->taken;
    size_t count = left < length ? left : length;
    memcpy(ret, job->bytes + job->taken, count);
    job->taken += count;
    return count;
}

static ssize_t receive(struct berth_connection *connection, void *ret, size_t length) {
    return connection->tls ? berth_secure_receive(connection, ret, length)
                           : recv(connection->fd, ret, length, 0);
}

static short waits_for(const struct berth_connection *connection) {
    return connection->tls && berth_secure_wants_write(connection) ? POLLOUT : POLLIN;
}

static size_t read_bytes(struct berth_exchange *exchange, void *ret, size_t length,
                         int64_t deadline_ms, bool *ret_late) {
    struct berth_connection *connection = connection_of(exchange);
    size_t got = take_received(connection->job, ret, length);
    while (got < length) {
        ssize_t count = receive(connection, (char *)ret + got, length - got);
        if (count > 0) {
            got += (size_t)count;
            continue;
        }
        if (count == 0 || (errno != EAGAIN && errno != EINTR))
            break;
        if (!wait_ready(exchange, waits_for(connection), deadline_ms)) {
            *ret_late = true;
            break;
        }
    }
    return got;
}

static ssize_t put(struct berth_connection *connection, const char *data, size_t length) {
    return connection->tls ? berth_secure_send(connection, data, length)
                           : send(connection->fd, data, length, MSG_NOSIGNAL);
}

/* A socket is called writable when a good part of its buffer is free; a slow client may need longer
 * for that than it may be silent. So after a wait in vain the socket is asked itself. */
static bool write_bytes(struct berth_exchange *exchange, const void *data, size_t length,
                        int64_t deadline_ms) {
    const char *at = data;
    bool waited = false;
    while (length > 0) {
        ssize_t count = put(connection_of(exchange), at, length);
        if (count > 0) {
            at += count;
            length -= (size_t)count;
            waited = false;
            continue;
        }
        if ((errno != EAGAIN && errno != EINTR) || waited || berth_monotonic_ms() >= deadline_ms)
            return false;
        waited = !wait_ready(exchange, POLLOUT, deadline_ms);
    }
    return true;
}

/* A stream's client says nothing more: what becomes readable is its end. */
static enum berth_stream_state wait_for(struct berth_exchange *exchange, int fd, int timeout_ms) {
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN},
                               {.fd = connection_of(exchange)->fd, .events = POLLRDHUP}};
    if (poll(polled, 2, timeout_ms) <= 0)
        return BERTH_STREAM_IDLE;
    return polled[1].revents ? BERTH_STREAM_GONE : BERTH_STREAM_WOKEN;
}

static const struct berth_transport transport = {
    .read = read_bytes, .write = write_bytes, .wait = wait_for};

/* What came behind the request is the loop's again; false without memory. */
static bool give_rest_back(struct berth_connection *connection) {
    struct berth_job *job = connection->job;
    size_t rest = job->length - job->taken;
    connection->line = 0;
    if (rest == 0)
        return true;
    connection->pending = malloc(rest);
    if (!connection->pending)
        return false;
    memcpy(connection->pending, job->bytes + job->taken, rest);
    connection->pending_length = rest;
    return true;
}

static void refuse_without_memory(struct berth_connection *connection) {
    berth_loop_tell(connection, BERTH_BARE_REFUSAL);
    connection->closes = connection->lingers = true;
}

static void serve(struct berth_worker *worker, struct berth_connection *connection) {
    struct berth_job *job = connection->job;
    struct berth_exchange *exchange =
        berth_exchange_begin(worker, &transport, connection, connection->remote);
    if (!exchange) {
        refuse_without_memory(connection);
        return;
    }
    exchange->time_ms = job->time_ms;
    exchange->start_us = job->start_us;
    exchange->admitted = true; /* by the loop */
    berth_exchange_serve(exchange, &job->request, false);
    berth_exchange_finish(exchange);
    bool has_unread = exchange->body_read < exchange->body_bytes && !exchange->expects_continue;
    connection->closes = exchange->close || exchange->broken;
    connection->lingers = !exchange->broken && (has_unread || job->taken < job->length);
    if (connection->tls && connection->closes && !exchange->broken)
        berth_secure_end(connection);
    if (!connection->closes && !give_rest_back(connection))
        connection->closes = true;
}

void berth_blocking_serve(struct berth_worker *worker, struct berth_connection *connection) {
    struct berth_loops *loops = connection->loop->loops;
    serve(worker, connection);
    free(connection->job);
    connection->job = NULL;
    atomic_fetch_sub(&loops->busy, 1);
    berth_loop_post(connection);
}
