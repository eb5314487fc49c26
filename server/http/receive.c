/* From bytes to requests. */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What became of a request. */
enum outcome { ANSWERED, SENT_IN_PART, GIVEN_AWAY, ENDED };

/* Of one connection, before others get their turn. */
enum { REQUESTS_AT_ONCE = 32 };

/* Keeps what came for later; false without memory. */
static bool keep(struct berth_connection *connection, const char *data, size_t length) {
    char *pending = length ? realloc(connection->pending, length) : NULL;
    if (length && !pending)
        return false;
    if (length)
        memcpy(pending, data, length);
    else
        free(connection->pending);
    connection->pending = pending;
    connection->pending_length = length;
    return true;
}

static void answer_without_memory(struct berth_connection *connection) {
    berth_loop_tell(connection, BERTH_BARE_REFUSAL);
    berth_loop_end(connection, true);
}

static struct berth_exchange *begin(struct berth_connection *connection) {
    struct berth_exchange *exchange = berth_exchange_begin(
        &connection->loop->worker, &berth_loop_transport, connection, connection->remote);
    if (!exchange)
        answer_without_memory(connection);
    return exchange;
}

/* What is answered and over is closed; what is still being sent will be, by its own word. */
static enum outcome end_of(struct berth_connection *connection,
                           const struct berth_exchange *exchange, bool unread) {
    if (exchange->broken) {
        berth_loop_close(connection);
        return ENDED;
    }
    if (exchange->parked) {
        connection->state = BERTH_SENDING;
        berth_loop_watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
        berth_wheel_set(&connection->loop->wheel, &connection->timer,
                        berth_outgoing_deadline_ms(connection));
        return SENT_IN_PART;
    }
    if (!exchange->close)
        return ANSWERED;
    berth_loop_end(connection, unread);
    return ENDED;
}

static enum outcome refuse(struct berth_connection *connection, enum berth_code code,
                           const char *rule, const char *text) {
    struct berth_exchange *exchange = begin(connection);
    if (!exchange)
        return ENDED;
    struct berth_error *error = &connection->loop->worker.error;
    berth_fail(error, code, rule, "%s", text);
    berth_exchange_refuse(exchange, error);
    berth_exchange_finish(exchange);
    return end_of(connection, exchange, true);
}

/* `head` is `head_length` bytes, already parsed; all that came behind it goes along. */
static struct berth_job *make_job(const struct berth_exchange *exchange, const char *head,
                                  size_t head_length, size_t length) {
    struct berth_job *job = malloc(sizeof *job + length);
    if (!job)
        return NULL;
    job->time_ms = exchange->time_ms;
    job->start_us = exchange->start_us;
    job->taken = head_length;
    job->length = length;
    job->request = *exchange->request;
    memcpy(job->bytes, head, length);
    berth_request_move(&job->request, head, job->bytes);
    return job;
}

static enum outcome give_away(struct berth_connection *connection,
                              const struct berth_exchange *exchange, const char *head,
                              size_t head_length, size_t length) {
    struct berth_loop *loop = connection->loop;
    struct berth_job *job = make_job(exchange, head, head_length, length);
    if (!job) {
        answer_without_memory(connection);
        return ENDED;
    }
    (void)keep(connection, NULL, 0);
    connection->job = job;
    connection->state = BERTH_AWAY;
    berth_wheel_cancel(&connection->timer);
    berth_loop_watch(connection, EPOLL_CTL_DEL, 0);
    loop->away++;
    struct berth_loops *loops = loop->loops;
    atomic_fetch_add(&loops->busy, 1);
    if (berth_pool_give(exchange->later ? &loops->later : &loops->pool, connection))
        return GIVEN_AWAY;
    atomic_fetch_sub(&loops->busy, 1);
    loop->away--;
    connection->job = NULL;
    free(job);
    connection->state = BERTH_READING;
    berth_loop_watch(connection, EPOLL_CTL_ADD, BERTH_LOOP_READS);
    return refuse(connection, BERTH_BUSY, "limit-threads", "no thread is free for the request");
}

/* `head` has `head_length` bytes, and with what is behind it `length`. *ret_taken: what of it was
 * this request, where it was answered. */
static enum outcome serve(struct berth_connection *connection, char *head, size_t head_length,
                          size_t length, size_t *ret_taken) {
    struct berth_loop *loop = connection->loop;
    struct berth_worker *worker = &loop->worker;
    struct berth_exchange *exchange = begin(connection);
    if (!exchange)
        return ENDED;
    bool unread = length > head_length;
    exchange->body_here = (int64_t)(length - head_length);
    if (berth_parse_head(head, head_length, &loop->request, &worker->error) == BERTH_OK) {
        berth_exchange_serve(exchange, &loop->request, connection->over_cap);
        unread = unread || (exchange->body_bytes > 0 && !exchange->expects_continue);
    } else {
        berth_exchange_refuse(exchange, &worker->error);
        unread = true;
    }
    berth_exchange_finish(exchange);
    *ret_taken = head_length + (size_t)exchange->body_read;
    if (exchange->deferred)
        return give_away(connection, exchange, head, head_length, length);
    return end_of(connection, exchange, unread);
}

/* Keeps what is left of what came: the start of a head, or requests that must wait for the present
 * answer. A head's time runs from its first byte. False when no more is to be read now. */
static bool keep_rest(struct berth_connection *connection, enum outcome outcome, const char *data,
                      size_t length, bool is_new) {
    const struct berth_listener *listener = connection->loop->worker.listener;
    if ((length > 0 || connection->pending) && !keep(connection, data, length)) {
        berth_loop_close(connection);
        return false;
    }
    if (outcome == SENT_IN_PART)
        return false;
    if (length == 0)
        berth_loop_await(connection, berth_keep_alive_timeout_ms(listener));
    else if (is_new && !connection->over_cap)
        berth_loop_await(connection, berth_request_timeout_ms(listener));
    return true;
}

static enum berth_scan find_head(const char *data, size_t length, size_t *line, size_t *ret_length,
                                 const char **ret_rule) {
    enum berth_scan scan = berth_scan_head(data, length, line, ret_length);
    size_t head_length = scan == BERTH_SCAN_WHOLE ? *ret_length : length;
    *ret_rule = "request-malformed";
    if (scan == BERTH_SCAN_BAD || head_length <= BERTH_HEAD_MAX_BYTES)
        return scan;
    *ret_rule = "head-too-large";
    return BERTH_SCAN_BAD;
}

/* Puts the connection behind all others of its loop, by way of the loop's own mailbox. */
static void go_behind(struct berth_connection *connection) {
    connection->state = BERTH_AWAY;
    connection->closes = false;
    berth_wheel_cancel(&connection->timer);
    berth_loop_watch(connection, EPOLL_CTL_DEL, 0);
    connection->loop->away++;
    berth_loop_post(connection);
}

static void yield_turn(struct berth_connection *connection, const char *data, size_t length) {
    if (keep(connection, data, length))
        go_behind(connection);
    else
        berth_loop_close(connection);
}

/* More than one request may have come. `is_new`: it is the first that comes of the first one. False
 * when no more is to be read now. */
static bool serve_all(struct berth_connection *connection, char *data, size_t length, bool is_new) {
    enum outcome outcome = ANSWERED;
    for (int served = 0; outcome == ANSWERED && length > 0; served++) {
        if (served == REQUESTS_AT_ONCE) {
            yield_turn(connection, data, length);
            return false;
        }
        size_t head_length = 0;
        const char *rule;
        enum berth_scan scan = find_head(data, length, &connection->line, &head_length, &rule);
        if (scan == BERTH_SCAN_BAD) {
            (void)refuse(connection, BERTH_INVALID, rule,
                         "the request head is malformed or too large");
            return false;
        }
        if (scan == BERTH_SCAN_MORE)
            break;
        connection->line = 0;
        size_t taken = head_length;
        outcome = serve(connection, data, head_length, length, &taken);
        data += taken;
        length -= taken;
        is_new = true;
    }
    if (outcome == ENDED || outcome == GIVEN_AWAY)
        return false;
    return keep_rest(connection, outcome, data, length, is_new);
}

/* What was not taken lies in OpenSSL, where the loop's epoll does not see it. */
static void receive_secure(struct berth_connection *connection, bool at_end) {
    char *inbox = connection->loop->inbox;
    size_t had = connection->pending_length;
    ssize_t got = berth_secure_receive(connection, inbox + had, BERTH_INBOX_BYTES - had);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        berth_loop_end(connection, connection->tls_plain);
        return;
    }
    if (had)
        memcpy(inbox, connection->pending, had);
    if (got > 0 && !serve_all(connection, inbox, had + (size_t)got, had == 0))
        return;
    if (!connection->tls_settled)
        go_behind(connection);
    else if (berth_secure_wants_write(connection))
        berth_loop_watch(connection, EPOLL_CTL_MOD, BERTH_LOOP_READS | EPOLLOUT);
    else if (at_end && got > 0)
        berth_loop_watch(connection, EPOLL_CTL_MOD, BERTH_LOOP_READS);
}

/* A socket tells of itself once for all that has come (edge-triggered), so that waiting again costs
 * no second look at it. What was read short was read to its end. After a full buffer, and for the
 * end of a client that came with its last bytes, the socket is made to tell again. */
void berth_loop_receive(struct berth_connection *connection, bool at_end) {
    if (connection->tls) {
        receive_secure(connection, at_end);
        return;
    }
    char *inbox = connection->loop->inbox;
    size_t had = connection->pending_length;
    ssize_t got = recv(connection->fd, inbox + had, BERTH_INBOX_BYTES - had, 0);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            berth_loop_close(connection);
        return;
    }
    if (had)
        memcpy(inbox, connection->pending, had);
    bool has_more = at_end || had + (size_t)got == BERTH_INBOX_BYTES;
    if (serve_all(connection, inbox, had + (size_t)got, had == 0) && has_more)
        berth_loop_watch(connection, EPOLL_CTL_MOD, BERTH_LOOP_READS);
}

void berth_loop_resume(struct berth_connection *connection) {
    char *inbox = connection->loop->inbox;
    size_t length = connection->pending_length;
    if (length > 0) {
        memcpy(inbox, connection->pending, length);
        if (!serve_all(connection, inbox, length, true))
            return;
    }
    if (connection->tls)
        receive_secure(connection, false);
}

void berth_loop_late(struct berth_connection *connection) {
    (void)refuse(connection, BERTH_TIMEOUT, "head-slow", "the request head came too slowly");
}
