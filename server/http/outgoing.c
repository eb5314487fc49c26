/* Answers from a loop. What the socket takes at once is all there is to most of them; of the others
 * the rest is sent whenever there is room, as long as the client keeps the least rate. */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    TURN_BYTES = 256 * 1024,  /* sent before others have their turn */
    PIECE_BYTES = 128 * 1024, /* whose pace is looked at */
    LARGE_BYTES = 64 * 1024,
    FIRST_BYTES = 16 * 1024, /* of a large body, with its head */
};

struct berth_outgoing {
    const char *head; /* in `copied` */
    size_t head_bytes;
    const char *body; /* kept by the keeper, or in `copied` */
    int64_t body_bytes;
    const struct berth_keeper *keeper;
    void *kept;
    struct berth_pace pace;
    int64_t piece_bytes; /* of the present piece */
    int64_t piece_left;
    int64_t piece_deadline_ms;
    int64_t progress_ms;
    bool closes;
    int64_t start_us;
    struct berth_place place;
    enum berth_method method;
    struct berth_log_request record;
    char copied[];
};

static int64_t left(const struct berth_outgoing *outgoing) {
    return (int64_t)outgoing->head_bytes + outgoing->body_bytes;
}

/* One after the other: each is records of its own. */
static ssize_t put_secure(struct berth_connection *connection, const char *head, size_t head_bytes,
                          const char *body, int64_t body_bytes) {
    size_t part = body_bytes < TURN_BYTES ? (size_t)body_bytes : TURN_BYTES;
    ssize_t of_head = head_bytes ? berth_secure_send(connection, head, head_bytes) : 0;
    if (of_head < (ssize_t)head_bytes || part == 0)
        return of_head < 0 && errno == EAGAIN ? 0 : of_head;
    ssize_t of_body = berth_secure_send(connection, body, part);
    if (of_body < 0)
        return errno == EAGAIN ? of_head : -1;
    return of_head + of_body;
}

/* What was sent, 0 when there is no room; -1: the connection is gone. */
static ssize_t put(struct berth_connection *connection, const char *head, size_t head_bytes,
                   const char *body, int64_t body_bytes) {
    ssize_t sent;
    int fd = connection->fd;
    if (connection->tls)
        return put_secure(connection, head, head_bytes, body, body_bytes);
    if (body_bytes == 0) {
        sent = send(fd, head, head_bytes, MSG_NOSIGNAL);
    } else {
        size_t part = body_bytes < TURN_BYTES ? (size_t)body_bytes : TURN_BYTES;
        struct iovec parts[2] = {{(void *)(uintptr_t)head, head_bytes},
                                 {(void *)(uintptr_t)body, part}};
        struct msghdr message = {.msg_iov = head_bytes ? parts : parts + 1,
                                 .msg_iovlen = head_bytes ? 2 : 1};
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    }
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

/* Of a large body a part goes first: its client is awake by then and reads while the rest is
 * copied, which costs both a fifth less than all at once. */
static ssize_t put_first(struct berth_connection *connection, const char *head, size_t head_bytes,
                         const char *body, int64_t body_bytes) {
    int64_t first = body_bytes > LARGE_BYTES ? FIRST_BYTES : body_bytes;
    ssize_t sent = put(connection, head, head_bytes, body, first);
    if (first == body_bytes || sent != (ssize_t)head_bytes + first)
        return sent;
    ssize_t more = put(connection, NULL, 0, body + first, body_bytes - first);
    return more < 0 ? more : sent + more;
}

static void advance(struct berth_outgoing *outgoing, size_t sent) {
    size_t of_head = sent < outgoing->head_bytes ? sent : outgoing->head_bytes;
    outgoing->head += of_head;
    outgoing->head_bytes -= of_head;
    outgoing->body += sent - of_head;
    outgoing->body_bytes -= (int64_t)(sent - of_head);
}

/* --- pace --- */

static void start_piece(struct berth_outgoing *outgoing, int64_t now_ms) {
    int64_t length = left(outgoing) < PIECE_BYTES ? left(outgoing) : PIECE_BYTES;
    outgoing->piece_bytes = outgoing->piece_left = length;
    outgoing->piece_deadline_ms = berth_pace_start(&outgoing->pace, now_ms, (size_t)length);
}

static void note_sent(struct berth_outgoing *outgoing, int64_t sent, int64_t now_ms) {
    if (sent > 0)
        outgoing->progress_ms = now_ms;
    while (sent >= outgoing->piece_left) {
        sent -= outgoing->piece_left;
        berth_pace_finish(&outgoing->pace, now_ms, (size_t)outgoing->piece_bytes);
        int64_t rest = left(outgoing) + sent;
        if (rest == 0)
            return;
        int64_t length = rest < PIECE_BYTES ? rest : PIECE_BYTES;
        outgoing->piece_bytes = outgoing->piece_left = length;
        outgoing->piece_deadline_ms = berth_pace_start(&outgoing->pace, now_ms, (size_t)length);
    }
    outgoing->piece_left -= sent;
}

int64_t berth_outgoing_deadline_ms(const struct berth_connection *connection) {
    const struct berth_outgoing *outgoing = connection->outgoing;
    int64_t silent_ms =
        outgoing->progress_ms + berth_request_timeout_ms(connection->loop->worker.listener);
    return silent_ms < outgoing->piece_deadline_ms ? silent_ms : outgoing->piece_deadline_ms;
}

/* --- the transport --- */

/* Takes over what was not sent, from the handler, which is about to return. */
static bool park(struct berth_exchange *exchange, struct berth_outgoing *rest) {
    struct berth_connection *connection = exchange->carrier;
    void *kept = rest->body_bytes > 0 && exchange->keeper
                     ? exchange->keeper->keep(exchange->keeper->context)
                     : NULL;
    size_t copied_body = kept ? 0 : (size_t)rest->body_bytes;
    struct berth_outgoing *outgoing = malloc(sizeof *outgoing + rest->head_bytes + copied_body);
    if (!outgoing) {
        if (kept)
            exchange->keeper->let_go(exchange->keeper->context, kept);
        return false;
    }
    *outgoing = *rest;
    memcpy(outgoing->copied, rest->head, rest->head_bytes);
    outgoing->head = outgoing->copied;
    if (copied_body) {
        memcpy(outgoing->copied + rest->head_bytes, rest->body, copied_body);
        outgoing->body = outgoing->copied + rest->head_bytes;
    }
    outgoing->keeper = exchange->keeper;
    outgoing->kept = kept;
    outgoing->closes = exchange->close;
    outgoing->place = exchange->place;
    outgoing->start_us = exchange->start_us;
    outgoing->method = exchange->method;
    outgoing->pace = exchange->write_pace;
    outgoing->progress_ms = connection->loop->now_ms;
    berth_exchange_record(exchange, &outgoing->record);
    outgoing->record.bytes = exchange->sent_bytes;
    start_piece(outgoing, outgoing->progress_ms);
    connection->outgoing = outgoing;
    atomic_fetch_add(&connection->loop->loops->busy, 1);
    return true;
}

static void send_answer(struct berth_exchange *exchange, const char *head, size_t head_bytes,
                        const char *body, int64_t body_bytes) {
    struct berth_connection *connection = exchange->carrier;
    ssize_t sent = put_first(connection, head, head_bytes, body, body_bytes);
    if (sent == (ssize_t)head_bytes + body_bytes)
        return;
    struct berth_outgoing rest = {
        .head = head, .head_bytes = head_bytes, .body = body, .body_bytes = body_bytes};
    if (sent > 0)
        advance(&rest, (size_t)sent);
    if (sent >= 0 && park(exchange, &rest)) {
        exchange->parked = true;
        return;
    }
    exchange->sent_bytes -= left(&rest);
    if (exchange->sent_bytes < 0)
        exchange->sent_bytes = 0;
    exchange->broken = exchange->close = true;
}

const struct berth_transport berth_loop_transport = {.send = send_answer};

/* --- later --- */

static void tell_end(const struct berth_loop *loop, const struct berth_outgoing *outgoing) {
    int64_t sent = outgoing->record.bytes - left(outgoing);
    const struct berth_ended ended = {
        .method = outgoing->method,
        .status = outgoing->record.status,
        .duration_us = berth_monotonic_us() - outgoing->start_us,
        .sent_bytes = sent > 0 ? sent : 0,
        .cut = left(outgoing) > 0,
    };
    berth_cell_count(loop->worker.cell, &ended);
    struct berth_log_request *record = berth_log_begin();
    if (!record)
        return;
    *record = outgoing->record;
    record->bytes = ended.sent_bytes;
    record->duration_us = ended.duration_us;
    berth_log_end(record);
}

void berth_outgoing_drop(struct berth_connection *connection) {
    struct berth_outgoing *outgoing = connection->outgoing;
    if (!outgoing)
        return;
    struct berth_loop *loop = connection->loop;
    if (outgoing->kept)
        outgoing->keeper->let_go(outgoing->keeper->context, outgoing->kept);
    berth_place_leave(loop->worker.listener, &outgoing->place);
    tell_end(loop, outgoing);
    connection->outgoing = NULL;
    free(outgoing);
    atomic_fetch_sub(&loop->loops->busy, 1);
}

bool berth_outgoing_send(struct berth_connection *connection, bool *ret_closes) {
    struct berth_outgoing *outgoing = connection->outgoing;
    ssize_t sent =
        put(connection, outgoing->head, outgoing->head_bytes, outgoing->body, outgoing->body_bytes);
    *ret_closes = outgoing->closes || sent < 0;
    if (sent > 0)
        advance(outgoing, (size_t)sent);
    if (sent >= 0 && left(outgoing) > 0) {
        note_sent(outgoing, sent, connection->loop->now_ms);
        return false;
    }
    berth_outgoing_drop(connection);
    return true;
}
