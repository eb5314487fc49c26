/* Answers. The head is built in the worker's piece buffer; what fits behind it goes out in the same
 * write, the rest in pieces of 64 KiB, which stay in the cache while the socket drains. */
#include "internal.h"

#include "berth/json.h"
#include "conditional.h"
#include "head.h"
#include "problem.h"
#include "range.h"
#include <assert.h>
#include <civetweb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A last piece may be this much longer than the others rather than make one more write. */
enum { LAST_PIECE_SLACK_BYTES = 4096 };

/* One write with a deadline. */
static bool put(struct berth_exchange *exchange, const void *data, size_t length,
                int64_t deadline_ms) {
    if (exchange->broken)
        return false;
    struct berth_watch_slot *slot = &exchange->worker->slot;
    berth_watch_begin(slot, deadline_ms, SHUT_RDWR);
    int written = mg_write(exchange->connection, data, length);
    bool was_cut = berth_watch_end(slot);
    if (written == (int)length && !was_cut)
        return true;
    exchange->broken = exchange->close = true;
    return false;
}

/* `body_length` of the bytes are body. */
static bool put_paced(struct berth_exchange *exchange, const void *data, size_t length,
                      size_t body_length) {
    struct berth_pace *pace = &exchange->write_pace;
    int64_t deadline_ms = berth_pace_start(pace, berth_monotonic_ms(), length);
    if (!put(exchange, data, length, deadline_ms))
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
static void start_head(struct berth_exchange *exchange, struct berth_head *head, int status) {
    assert(!exchange->answered);
    if (exchange->answered) /* a second answer would be taken for that of the next request */
        exchange->broken = true;
    exchange->answered = true;
    exchange->status = status;
    berth_head_init(head, exchange->worker->scratch->out, BERTH_PIECE_BYTES);
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

static void put_length(struct berth_head *head, int64_t length) {
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
    while (left > 0) {
        size_t length = BERTH_PIECE_BYTES;
        if (left <= BERTH_PIECE_BYTES ||
            (content->body && left <= BERTH_PIECE_BYTES + LAST_PIECE_SLACK_BYTES))
            length = (size_t)left;
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

/* Ends the head and sends it with `length` bytes of the content, unless this is HEAD. */
static void send_out(struct berth_exchange *exchange, struct berth_head *head,
                     const struct berth_content *content, int64_t offset, int64_t length) {
    berth_head_text(head, "\r\n");
    if (head->failed) {
        fail_unsent(exchange, "answer-head", "the head of the answer is too large");
        return;
    }
    if (exchange->method == BERTH_HEAD)
        length = 0;
    size_t room = BERTH_PIECE_BYTES - head->length;
    size_t first = length < (int64_t)room ? (size_t)length : room;
    if (first > 0 && !fill(content, offset, head->data + head->length, first)) {
        fail_unsent(exchange, "content-unreadable", "the content could not be read");
        return;
    }
    if (!put_paced(exchange, head->data, head->length + first, first))
        return;
    if (length == (int64_t)first)
        return;
    finish_piece(exchange, first);
    send_rest(exchange, content, offset + (int64_t)first, length - (int64_t)first);
}

static void send_not_modified(struct berth_exchange *exchange,
                              const struct berth_content *content) {
    struct berth_head head;
    start_head(exchange, &head, 304);
    berth_head_field(&head, "ETag: ", content->etag);
    berth_head_field(
        &head, "Cache-Control: ", content->cache_control ? content->cache_control : "no-store");
    if (content->headers_304)
        berth_head_text(&head, content->headers_304);
    send_out(exchange, &head, content, 0, 0);
}

static void send_outside(struct berth_exchange *exchange, int64_t total) {
    char storage[64];
    struct berth_head line;
    berth_head_init(&line, storage, sizeof storage - 1);
    berth_head_text(&line, "Content-Range: bytes */");
    berth_head_number(&line, total);
    berth_head_text(&line, "\r\n");
    storage[line.length] = '\0';
    struct berth_error *error = &exchange->worker->error;
    berth_fail(error, BERTH_INVALID, "range", "the range lies outside of the content");
    berth_answer_refusal(exchange, error, storage);
}

static void send_content(struct berth_exchange *exchange, int status,
                         const struct berth_content *content, const struct berth_range *range) {
    struct berth_head head;
    start_head(exchange, &head, status);
    berth_head_field(&head, "Content-Type: ", content->content_type);
    put_length(&head, range->length);
    if (range->kind == BERTH_RANGE_PART) {
        berth_head_text(&head, "Content-Range: bytes ");
        berth_head_number(&head, range->first);
        berth_head_text(&head, "-");
        berth_head_number(&head, range->first + range->length - 1);
        berth_head_text(&head, "/");
        berth_head_number(&head, content->length);
        berth_head_text(&head, "\r\n");
    }
    if (content->ranges)
        berth_head_text(&head, "Accept-Ranges: bytes\r\n");
    berth_head_field(
        &head, "Cache-Control: ", content->cache_control ? content->cache_control : "no-store");
    berth_head_field(&head, "ETag: ", content->etag);
    if (content->headers)
        berth_head_text(&head, content->headers);
    send_out(exchange, &head, content, range->first, range->length);
}

/* RFC 9110 section 13.2.2: If-None-Match first, then If-Range and Range. Section 14.2: only GET
 * knows ranges. */
static struct berth_range choose_range(const struct berth_exchange *exchange,
                                       const struct berth_content *content) {
    const char *range = NULL;
    if (content->ranges && exchange->method == BERTH_GET)
        range = berth_exchange_header(exchange, "Range");
    if (range) {
        const char *condition = berth_exchange_header(exchange, "If-Range");
        if (condition && !(content->etag && berth_etag_equals_strongly(condition, content->etag)))
            range = NULL;
    }
    return berth_range_parse(range, content->length);
}

static bool reads_only(const struct berth_exchange *exchange) {
    return exchange->method == BERTH_GET || exchange->method == BERTH_HEAD;
}

void berth_answer_content(struct berth_exchange *exchange, const struct berth_content *content) {
    int status = content->status ? content->status : 200;
    struct berth_range range = {BERTH_RANGE_WHOLE, 0, content->length};
    if (status == 200 && reads_only(exchange)) {
        if (content->etag &&
            berth_etag_in_list(berth_exchange_header(exchange, "If-None-Match"), content->etag)) {
            send_not_modified(exchange, content);
            return;
        }
        range = choose_range(exchange, content);
    }
    if (range.kind == BERTH_RANGE_OUTSIDE)
        send_outside(exchange, content->length);
    else
        send_content(exchange, range.kind == BERTH_RANGE_PART ? 206 : status, content, &range);
}

void berth_answer_json(struct berth_exchange *exchange, int status, json_t *value, const char *etag,
                       const char *headers) {
    char *text = value ? berth_json_text(value) : NULL;
    json_decref(value);
    if (!text) {
        struct berth_error *error = &exchange->worker->error;
        berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
        berth_answer_problem(exchange, error);
        return;
    }
    struct berth_content content = {
        .status = status,
        .content_type = "application/json",
        .cache_control = etag ? "no-cache" : "no-store",
        .etag = etag,
        .headers = headers,
        .body = text,
        .length = (int64_t)strlen(text),
    };
    berth_answer_content(exchange, &content);
    free(text);
}

void berth_answer_empty(struct berth_exchange *exchange, int status, const char *headers) {
    struct berth_head head;
    struct berth_content none = {.body = ""};
    start_head(exchange, &head, status);
    if (status != 204 && status != 304)
        put_length(&head, 0);
    if (!headers || !strcasestr(headers, "cache-control:"))
        berth_head_text(&head, "Cache-Control: no-store\r\n");
    if (headers)
        berth_head_text(&head, headers);
    send_out(exchange, &head, &none, 0, 0);
}

void berth_answer_redirect(struct berth_exchange *exchange, const char *location) {
    struct berth_head head;
    struct berth_content none = {.body = ""};
    if (strpbrk(location, "\r\n")) {
        struct berth_error *error = &exchange->worker->error;
        berth_fail(error, BERTH_IO, "location", "the redirect has no valid target");
        berth_answer_problem(exchange, error);
        return;
    }
    start_head(exchange, &head, 302);
    berth_head_field(&head, "Location: ", location);
    put_length(&head, 0);
    berth_head_text(&head, "Cache-Control: no-cache\r\n");
    send_out(exchange, &head, &none, 0, 0);
}

/* A text that is not UTF-8 is left out rather than lose the whole answer. */
static void set_text(json_t *object, const char *key, const char *text) {
    if (text[0])
        (void)json_object_set_new(object, key, json_string(text));
}

static char *problem_text(const struct berth_exchange *exchange, const struct berth_error *error,
                          const struct berth_problem *problem, const char *rule) {
    char type[BERTH_RULE_BYTES + 32];
    json_t *object = json_object();
    stpcpy(stpcpy(type, "urn:berth:problem:"), rule);
    set_text(object, "type", type);
    set_text(object, "title", problem->title);
    (void)json_object_set_new(object, "status", json_integer(problem->status));
    if (error->code) {
        set_text(object, "detail", error->text);
        set_text(object, "where", error->where);
        set_text(object, "hint", error->hint);
    }
    (void)json_object_set_new(object, "retryable",
                              json_boolean(berth_code_is_retryable(error->code)));
    set_text(object, "requestId", exchange->id);
    char *text = object ? berth_json_text(object) : NULL;
    json_decref(object);
    return text;
}

void berth_answer_refusal(struct berth_exchange *exchange, const struct berth_error *error,
                          const char *headers) {
    const struct berth_problem *problem = berth_problem_find(error);
    const char *rule = error->code && error->rule[0] ? error->rule : problem->slug;
    char *text = problem_text(exchange, error, problem, rule);
    const char *body = text ? text : "{}";
    struct berth_head head;
    (void)snprintf(exchange->rule, sizeof exchange->rule, "%s", rule);
    start_head(exchange, &head, problem->status);
    berth_head_text(&head, "Content-Type: application/problem+json\r\n");
    put_length(&head, (int64_t)strlen(body));
    berth_head_text(&head, "Cache-Control: no-store\r\n");
    if (problem->status == 401)
        berth_head_text(&head, "WWW-Authenticate: Bearer realm=\"berth\"\r\n");
    if (problem->status == 503)
        berth_head_text(&head, "Retry-After: 1\r\n");
    if (headers)
        berth_head_text(&head, headers);
    struct berth_content content = {.body = body};
    send_out(exchange, &head, &content, 0, (int64_t)strlen(body));
    free(text);
}

void berth_answer_problem(struct berth_exchange *exchange, const struct berth_error *error) {
    berth_answer_refusal(exchange, error, NULL);
}

bool berth_answer_stream(struct berth_exchange *exchange, const char *content_type,
                         const char *headers) {
    struct berth_head head;
    exchange->close = true; /* the end of the connection is the end of the body */
    start_head(exchange, &head, 200);
    berth_head_field(&head, "Content-Type: ", content_type);
    if (!headers || !strcasestr(headers, "cache-control:"))
        berth_head_text(&head, "Cache-Control: no-store\r\n");
    if (headers)
        berth_head_text(&head, headers);
    struct berth_content none = {.body = ""};
    send_out(exchange, &head, &none, 0, 0);
    exchange->socket = berth_watch_socket(&exchange->worker->slot);
    return !exchange->broken && exchange->method != BERTH_HEAD;
}

/* A stream's client says nothing more: what becomes readable is its end. */
enum berth_stream_state berth_stream_wait(struct berth_exchange *exchange, int fd, int timeout_ms) {
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN},
                               {.fd = exchange->socket, .events = POLLRDHUP}};
    if (poll(polled, 2, timeout_ms) <= 0)
        return BERTH_STREAM_IDLE;
    return polled[1].revents ? BERTH_STREAM_GONE : BERTH_STREAM_WOKEN;
}

bool berth_stream_write(struct berth_exchange *exchange, const void *data, size_t length) {
    if (exchange->broken || exchange->method == BERTH_HEAD)
        return false;
    int64_t timeout_ms = exchange->worker->listener->options.request_timeout_ms;
    if (!put(exchange, data, length, berth_monotonic_ms() + timeout_ms))
        return false;
    exchange->sent_bytes += (int64_t)length;
    return true;
}
