/* Answers of each kind: their heads, and what is between them and the bytes (send.h). */
#include "send.h"

#include "berth/json.h"
#include "conditional.h"
#include "problem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void send_not_modified(struct berth_exchange *exchange,
                              const struct berth_content *content) {
    struct berth_head head;
    berth_send_start(exchange, &head, 304);
    berth_head_field(&head, "ETag: ", content->etag);
    berth_head_field(
        &head, "Cache-Control: ", content->cache_control ? content->cache_control : "no-store");
    if (content->headers_304)
        berth_head_text(&head, content->headers_304);
    berth_send_out(exchange, &head, content, 0, 0);
}

void berth_answer_outside(struct berth_exchange *exchange, int64_t total) {
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

void berth_answer_put_range(struct berth_head *head, const struct berth_range *range,
                            int64_t total) {
    berth_head_text(head, "Content-Range: bytes ");
    berth_head_number(head, range->first);
    berth_head_text(head, "-");
    berth_head_number(head, range->first + range->length - 1);
    berth_head_text(head, "/");
    berth_head_number(head, total);
    berth_head_text(head, "\r\n");
}

bool berth_answer_takes_share(struct berth_exchange *exchange, int64_t body_bytes) {
    struct berth_error error = {0};
    if (berth_share_take(exchange, body_bytes, &error) == BERTH_OK)
        return true;
    berth_answer_problem(exchange, &error);
    return false;
}

static void send_content(struct berth_exchange *exchange, int status,
                         const struct berth_content *content, const struct berth_range *range) {
    struct berth_head head;
    if (!berth_answer_takes_share(exchange, range->length))
        return;
    berth_send_start(exchange, &head, status);
    berth_head_field(&head, "Content-Type: ", content->content_type);
    berth_send_length(&head, range->length);
    if (range->kind == BERTH_RANGE_PART)
        berth_answer_put_range(&head, range, content->length);
    if (content->ranges)
        berth_head_text(&head, "Accept-Ranges: bytes\r\n");
    berth_head_field(
        &head, "Cache-Control: ", content->cache_control ? content->cache_control : "no-store");
    berth_head_field(&head, "ETag: ", content->etag);
    if (content->headers)
        berth_head_text(&head, content->headers);
    berth_send_out(exchange, &head, content, range->first, range->length);
}

/* RFC 9110 section 13.2.2: If-None-Match comes before If-Range and Range. Section 14.2: only GET
 * knows ranges. */
struct berth_range berth_answer_range(const struct berth_exchange *exchange, bool ranges,
                                      const char *etag, int64_t length) {
    const char *range = NULL;
    if (ranges && exchange->method == BERTH_GET)
        range = berth_exchange_header(exchange, "Range");
    if (range) {
        const char *condition = berth_exchange_header(exchange, "If-Range");
        if (condition && !(etag && berth_etag_equals_strongly(condition, etag)))
            range = NULL;
    }
    return berth_range_parse(range, length);
}

bool berth_answer_reads_only(const struct berth_exchange *exchange) {
    return exchange->method == BERTH_GET || exchange->method == BERTH_HEAD;
}

void berth_answer_content(struct berth_exchange *exchange, const struct berth_content *content) {
    int status = content->status ? content->status : 200;
    struct berth_range range = {BERTH_RANGE_WHOLE, 0, content->length};
    if (status == 200 && berth_answer_reads_only(exchange)) {
        if (content->etag &&
            berth_etag_in_list(berth_exchange_header(exchange, "If-None-Match"), content->etag)) {
            send_not_modified(exchange, content);
            return;
        }
        range = berth_answer_range(exchange, content->ranges, content->etag, content->length);
    }
    if (range.kind == BERTH_RANGE_OUTSIDE)
        berth_answer_outside(exchange, content->length);
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
    berth_send_start(exchange, &head, status);
    if (status != 204 && status != 304)
        berth_send_length(&head, 0);
    if (!headers || !strcasestr(headers, "cache-control:"))
        berth_head_text(&head, "Cache-Control: no-store\r\n");
    if (headers)
        berth_head_text(&head, headers);
    berth_send_out(exchange, &head, &none, 0, 0);
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
    berth_send_start(exchange, &head, 302);
    berth_head_field(&head, "Location: ", location);
    berth_send_length(&head, 0);
    berth_head_text(&head, "Cache-Control: no-cache\r\n");
    berth_send_out(exchange, &head, &none, 0, 0);
}

/* A text that is not UTF-8 is left out rather than lose the whole answer. */
static void set_text(json_t *object, const char *key, const char *text) {
    if (text[0])
        (void)json_object_set_new(object, key, json_string(text));
}

/* The detail with its place, and what to do about it. */
static void set_message(json_t *object, const struct berth_error *error,
                        const struct berth_problem *problem) {
    char text[BERTH_TEXT_BYTES + BERTH_WHERE_BYTES + BERTH_HINT_BYTES + 16];
    const bool where = error->code && error->where[0];
    const bool hint = error->code && error->hint[0];
    (void)snprintf(text, sizeof text, "%s%s%s%s%s%s%s", error->code ? error->text : problem->title,
                   where ? " (" : "", where ? error->where : "", where ? ")" : "",
                   hint ? " (hint: " : "", hint ? error->hint : "", hint ? ")" : "");
    set_text(object, "message", text);
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
    if (exchange->tells)
        set_message(object, error, problem);
    (void)json_object_set_new(object, "retryable",
                              json_boolean(berth_code_is_retryable(error->code)));
    set_text(object, "requestId", exchange->id);
    set_text(object, "traceId", exchange->trace.id);
    if (exchange->member)
        (void)json_object_set(object, exchange->member, exchange->value);
    char *text = object ? berth_json_text(object) : NULL;
    json_decref(object);
    return text;
}

/* Of a request that came with all of its body. */
static void drop_body(struct berth_exchange *exchange) {
    if (!exchange->expects_continue && exchange->body_bytes <= exchange->body_here)
        exchange->body_read = exchange->body_bytes;
}

/* A new connection would cost both sides more than the answer, so only that ends which others wait
 * for. */
static void tell_to_come_back(struct berth_exchange *exchange, const char *rule) {
    if (!berth_problem_is_of_rate(rule))
        exchange->close = true;
    else if (exchange->body_bytes > 0)
        drop_body(exchange);
    berth_refusal_count(&exchange->worker->listener->compartments, rule);
}

void berth_answer_refusal(struct berth_exchange *exchange, const struct berth_error *error,
                          const char *headers) {
    const struct berth_problem *problem = berth_problem_find(error);
    const char *rule = error->code && error->rule[0] ? error->rule : problem->slug;
    char *text = problem_text(exchange, error, problem, rule);
    const char *body = text ? text : "{}";
    struct berth_head head;
    bool come_back = problem->status == 503 || problem->status == 429;
    (void)snprintf(exchange->rule, sizeof exchange->rule, "%s", rule);
    if (come_back)
        tell_to_come_back(exchange, rule);
    berth_send_start(exchange, &head, problem->status);
    berth_head_text(&head, "Content-Type: application/problem+json\r\n");
    berth_send_length(&head, (int64_t)strlen(body));
    berth_head_text(&head, "Cache-Control: no-store\r\n");
    if (problem->status == 401)
        berth_head_text(&head, "WWW-Authenticate: Bearer realm=\"berth\"\r\n");
    if (come_back)
        berth_head_text(&head, "Retry-After: 1\r\n");
    if (headers)
        berth_head_text(&head, headers);
    struct berth_content content = {.body = body};
    berth_send_out(exchange, &head, &content, 0, (int64_t)strlen(body));
    free(text);
}

void berth_answer_problem(struct berth_exchange *exchange, const struct berth_error *error) {
    berth_answer_refusal(exchange, error, NULL);
}

void berth_answer_problem_with(struct berth_exchange *exchange, const struct berth_error *error,
                               const char *key, json_t *value) {
    exchange->member = key;
    exchange->value = value;
    berth_answer_refusal(exchange, error, NULL);
    exchange->member = NULL;
    json_decref(value);
}

bool berth_answer_stream(struct berth_exchange *exchange, const char *content_type,
                         const char *headers) {
    struct berth_head head;
    exchange->streams = true;
    exchange->close = true; /* the end of the connection is the end of the body */
    berth_send_start(exchange, &head, 200);
    berth_head_field(&head, "Content-Type: ", content_type);
    if (!headers || !strcasestr(headers, "cache-control:"))
        berth_head_text(&head, "Cache-Control: no-store\r\n");
    if (headers)
        berth_head_text(&head, headers);
    struct berth_content none = {.body = ""};
    berth_send_out(exchange, &head, &none, 0, 0);
    return !exchange->broken && exchange->method != BERTH_HEAD;
}

enum berth_stream_state berth_stream_wait(struct berth_exchange *exchange, int fd, int timeout_ms) {
    return exchange->transport->wait(exchange, fd, timeout_ms);
}

bool berth_stream_write(struct berth_exchange *exchange, const void *data, size_t length) {
    if (exchange->broken || exchange->method == BERTH_HEAD)
        return false;
    int64_t timeout_ms = berth_request_timeout_ms(exchange->worker->listener);
    if (!berth_send_piece(exchange, data, length, berth_monotonic_ms() + timeout_ms))
        return false;
    exchange->sent_bytes += (int64_t)length;
    return true;
}
