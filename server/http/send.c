/* The head is put together in a piece buffer. A body that fits behind it goes out in the same
 * write. Of a larger one in memory only the start is copied, the rest is sent from where it lies.
 */
#include "send.h"

#include "problem.h"
#include <assert.h>
#include <string.h>

enum {
    START_BYTES = 16384, /* of a large answer: the head, and what is copied behind it */
    MEMORY_PIECE_BYTES = 2 * BERTH_PIECE_BYTES,
    COPIED_BYTES = 4096,             /* copying more costs more than a second place to send from */
    SECURE_COPIED_BYTES = 15 * 1024, /* with its head one record of TLS, and one write */
};

/* One write with a deadline. */
bool berth_send_piece(struct berth_exchange *exchange, const void *data, size_t length,
                      int64_t deadline_ms) {
    if (exchange->broken)
        return false;
    if (exchange->transport->write(exchange, data, length, deadline_ms))
        return true;
    exchange->broken = exchange->close = true;
    return false;
}

/* `body_length` of the bytes are body. */
static bool put_paced(struct berth_exchange *exchange, const void *data, size_t length,
                      size_t body_length) {
    struct berth_pace *pace = &exchange->write_pace;
    int64_t deadline_ms = berth_pace_start(pace, berth_monotonic_ms(), length);
    if (!berth_send_piece(exchange, data, length, deadline_ms))
        return false;
    exchange->sent_bytes += (int64_t)body_length;
    return true;
}

static void finish_piece(struct berth_exchange *exchange, size_t length) {
    berth_pace_finish(&exchange->write_pace, berth_monotonic_ms(), length);
}

static const char *date_of(struct berth_worker *worker, int64_t time_ms) {
    int64_t second = time_ms / 1000;
    if (worker->date_second != second) {
        worker->date_second = second;
        berth_http_date(time_ms, worker->date);
    }
    return worker->date;
}

static void put_connection(struct berth_exchange *exchange, struct berth_head *head) {
    if (exchange->body_read < exchange->body_bytes ||
        atomic_load_explicit(&exchange->worker->listener->draining, memory_order_relaxed))
        exchange->close = true;
    if (exchange->close)
        berth_head_text(head, "Connection: close\r\n");
    else if (exchange->is_http_1_0)
        berth_head_text(head, "Connection: keep-alive\r\n");
}

/* The status line and what every answer carries. */
void berth_send_start(struct berth_exchange *exchange, struct berth_head *head, int status) {
    assert(!exchange->answered);
    if (exchange->answered) /* a second answer would be taken for that of the next request */
        exchange->broken = true;
    exchange->answered = true;
    exchange->status = status;
    if (!exchange->piece && !exchange->transport->send)
        exchange->piece = berth_piece_take();
    berth_head_init(head, exchange->piece ? exchange->piece : exchange->worker->scratch->out,
                    BERTH_PIECE_BYTES);
    berth_head_text(head, "HTTP/1.1 ");
    berth_head_number(head, status);
    berth_head_text(head, " ");
    berth_head_text(head, berth_problem_reason(status));
    berth_head_text(head, "\r\nDate: ");
    berth_head_text(head, date_of(exchange->worker, exchange->time_ms));
    berth_head_text(head, "\r\nX-Request-Id: ");
    berth_head_bytes(head, exchange->id, BERTH_ID_BYTES - 1);
    berth_head_text(head, "\r\nX-Content-Type-Options: nosniff\r\n");
    put_connection(exchange, head);
    if (exchange->route && exchange->route->cors)
        berth_head_text(head, "Access-Control-Allow-Origin: *\r\n"
                              "Cross-Origin-Resource-Policy: cross-origin\r\n");
}

void berth_send_length(struct berth_head *head, int64_t length) {
    berth_head_text(head, "Content-Length: ");
    berth_head_number(head, length);
    berth_head_text(head, "\r\n");
}

/* Takes back a head that was not sent, and answers 500. */
static void fail_unsent(struct berth_exchange *exchange, const char *rule, const char *text) {
    struct berth_error *error = &exchange->worker->error;
    exchange->answered = false;
    error->code = BERTH_OK;
    berth_fail(error, BERTH_IO, rule, "%s", text);
    berth_answer_problem(exchange, error);
}

static bool fill(const struct berth_content *content, int64_t offset, char *ret, size_t length) {
    if (content->body) {
        memcpy(ret, (const char *)content->body + offset, length);
        return true;
    }
    return content->read(content->read_context, offset, ret, length);
}

static void send_rest(struct berth_exchange *exchange, const struct berth_content *content,
                      int64_t offset, int64_t left) {
    const int64_t most = content->body ? MEMORY_PIECE_BYTES : BERTH_PIECE_BYTES;
    while (left > 0) {
        size_t length = (size_t)(left < most ? left : most);
        const char *data = (const char *)content->body + offset;
        if (!content->body) {
            data = exchange->worker->scratch->out;
            if (!fill(content, offset, exchange->worker->scratch->out, length)) {
                exchange->broken = exchange->close = true;
                return;
            }
        }
        if (!put_paced(exchange, data, length, length))
            return;
        finish_piece(exchange, length);
        offset += (int64_t)length;
        left -= (int64_t)length;
    }
}

/* The head, and as much of the content as fits behind it, which is returned; -1: nothing more can
 * be sent. */
static int64_t send_first(struct berth_exchange *exchange, struct berth_head *head,
                          const struct berth_content *content, int64_t offset, int64_t length) {
    berth_head_text(head, "\r\n");
    if (head->failed) {
        fail_unsent(exchange, "answer-head", "the head of the answer is too large");
        return -1;
    }
    size_t room = BERTH_PIECE_BYTES - head->length;
    if (content->body && length > (int64_t)room && head->length < START_BYTES)
        room = START_BYTES - head->length;
    size_t first = length < (int64_t)room ? (size_t)length : room;
    if (first > 0 && !fill(content, offset, head->data + head->length, first)) {
        fail_unsent(exchange, "content-unreadable", "the content could not be read");
        return -1;
    }
    if (!put_paced(exchange, head->data, head->length + first, first))
        return -1;
    return (int64_t)first;
}

static int64_t copied_bytes(const struct berth_exchange *exchange) {
    return exchange->worker->listener->tls ? SECURE_COPIED_BYTES : COPIED_BYTES;
}

/* Where nothing may wait: a small body is copied behind its head, a large one is sent from where it
 * lies. One that has to be read from somewhere is another thread's work. */
static void send_unwaited(struct berth_exchange *exchange, struct berth_head *head,
                          const struct berth_content *content, int64_t offset, int64_t length) {
    berth_head_text(head, "\r\n");
    if (head->failed) {
        fail_unsent(exchange, "answer-head", "the head of the answer is too large");
        return;
    }
    if (length > 0 && !content->body) {
        exchange->answered = false;
        exchange->deferred = true;
        return;
    }
    const char *body = length > 0 ? (const char *)content->body + offset : NULL;
    exchange->sent_bytes = length; /* the transport takes off what it could not send */
    if (length > 0 && length <= copied_bytes(exchange)) {
        berth_head_bytes(head, body, (size_t)length);
        if (!head->failed)
            length = 0;
    }
    if (!exchange->broken)
        exchange->transport->send(exchange, head->data, head->length, body, length);
}

void berth_send_out(struct berth_exchange *exchange, struct berth_head *head,
                    const struct berth_content *content, int64_t offset, int64_t length) {
    if (exchange->method == BERTH_HEAD)
        length = 0;
    if (exchange->transport->send) {
        send_unwaited(exchange, head, content, offset, length);
        return;
    }
    int64_t first = send_first(exchange, head, content, offset, length);
    berth_piece_give(exchange->piece);
    exchange->piece = NULL;
    if (first < 0 || first == length)
        return;
    finish_piece(exchange, (size_t)first);
    send_rest(exchange, content, offset + first, length - first);
}
