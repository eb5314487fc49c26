/* What handlers read of a request. */
#include "internal.h"

#include "berth/json.h"
#include "conditional.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIRST_PIECE_BYTES = 4096,
    QUICK_PIECE_MS = 100, /* the pieces of a body that comes faster than this grow */
};

enum berth_method berth_exchange_method(const struct berth_exchange *exchange) {
    return exchange->method;
}

const char *berth_exchange_path(const struct berth_exchange *exchange) {
    return exchange->path;
}

const char *berth_exchange_param(const struct berth_exchange *exchange, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < exchange->match.count; i++) {
        const struct berth_route_param *param = &exchange->match.params[i];
        if (param->name_length == length && memcmp(param->name, name, length) == 0)
            return param->value;
    }
    return NULL;
}

const char *berth_exchange_header(const struct berth_exchange *exchange, const char *name) {
    const struct berth_request *request = exchange->request;
    enum berth_field field = berth_field_find(name, strlen(name));
    if (field != BERTH_FIELD_OTHER)
        return request->framing.fields[field];
    for (size_t i = 0; i < request->field_count; i++) {
        if (strcasecmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    }
    return NULL;
}

const char *berth_exchange_query(const struct berth_exchange *exchange, const char *name) {
    return berth_query_get(&exchange->query, name);
}

const char *berth_exchange_remote(const struct berth_exchange *exchange) {
    return exchange->remote;
}

const char *berth_exchange_id(const struct berth_exchange *exchange) {
    return exchange->id;
}

bool berth_exchange_secure(const struct berth_exchange *exchange) {
    return exchange->worker->listener->tls;
}

void berth_exchange_tell(struct berth_exchange *exchange) {
    exchange->tells = true;
}

void berth_exchange_actor(struct berth_exchange *exchange, const char *name) {
    size_t length = strnlen(name, sizeof exchange->actor - 1);
    memcpy(exchange->actor, name, length);
    exchange->actor[length] = '\0';
}

/* RFC 9110 section 10.1.1 */
static void send_continue(struct berth_exchange *exchange) {
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!exchange->expects_continue)
        return;
    exchange->expects_continue = false;
    int64_t timeout_ms = berth_request_timeout_ms(exchange->worker->listener);
    if (!exchange->transport->write(exchange, interim, sizeof interim - 1,
                                    berth_monotonic_ms() + timeout_ms))
        exchange->broken = true;
}

/* The pieces are kept small while the body is slow, and each has a deadline. */
static enum berth_code read_piece(struct berth_exchange *exchange, struct berth_pace *pace,
                                  size_t length, struct berth_error *error) {
    bool late = false;
    int64_t deadline_ms = berth_pace_start(pace, berth_monotonic_ms(), length);
    size_t got = exchange->transport->read(exchange, exchange->worker->scratch->out, length,
                                           deadline_ms, &late);
    berth_pace_finish(pace, berth_monotonic_ms(), length);
    exchange->body_read += (int64_t)got;
    if (got == length)
        return BERTH_OK;
    exchange->close = true;
    /* Nothing more can be read, so there is no use in lingering. */
    exchange->body_read = exchange->body_bytes;
    if (late)
        return berth_fail(error, BERTH_TIMEOUT, "body-slow", "the body came too slowly");
    return berth_fail(error, BERTH_INVALID, "body-cut", "the body ended before its Content-Length");
}

static size_t next_length(size_t length, int64_t duration_ms) {
    if (duration_ms >= QUICK_PIECE_MS)
        return FIRST_PIECE_BYTES;
    return length * 2 > BERTH_PIECE_BYTES ? BERTH_PIECE_BYTES : length * 2;
}

enum berth_code berth_exchange_read(struct berth_exchange *exchange, int64_t max_bytes,
                                    berth_sink sink, void *context, struct berth_error *error) {
    if (exchange->body_bytes < 0)
        return berth_fail(error, BERTH_INVALID, "length-required",
                          "a body with a Content-Length is required");
    if (exchange->body_bytes > max_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-body",
                          "a body of %lld bytes is over the limit of %lld",
                          (long long)exchange->body_bytes, (long long)max_bytes);
    if (exchange->body_bytes > 0)
        send_continue(exchange);
    const struct berth_listener *listener = exchange->worker->listener;
    struct berth_pace pace;
    berth_pace_init(&pace, berth_min_body_rate(listener), listener->options.body_grace_ms);
    size_t wanted = FIRST_PIECE_BYTES;
    while (exchange->body_read < exchange->body_bytes) {
        int64_t left = exchange->body_bytes - exchange->body_read;
        size_t length = left < (int64_t)wanted ? (size_t)left : wanted;
        int64_t start_ms = berth_monotonic_ms();
        enum berth_code code = read_piece(exchange, &pace, length, error);
        if (!code)
            code = sink(exchange->worker->scratch->out, length, context, error);
        if (code)
            return code;
        wanted = next_length(wanted, berth_monotonic_ms() - start_ms);
    }
    return BERTH_OK;
}

static bool is_json_type(const char *type) {
    static const char json[] = "application/json";
    size_t length = type ? strcspn(type, "; ") : 0;
    return length == sizeof json - 1 && strncasecmp(type, json, length) == 0;
}

static enum berth_code add_to_buffer(const void *data, size_t length, void *context,
                                     struct berth_error *error) {
    struct berth_buffer *buffer = context;
    berth_buffer_add(buffer, data, length);
    return buffer->failed ? berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory")
                          : BERTH_OK;
}

enum berth_code berth_exchange_read_json(struct berth_exchange *exchange, size_t max_bytes,
                                         bool optional, json_t **ret, struct berth_error *error) {
    if (optional && exchange->body_bytes <= 0) {
        json_t *empty = json_object();
        if (!empty)
            return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
        *ret = empty;
        return BERTH_OK;
    }
    if (!is_json_type(berth_exchange_header(exchange, "Content-Type"))) {
        enum berth_code code =
            berth_fail(error, BERTH_UNSUPPORTED, "media-type", "the body must be JSON");
        berth_error_hint(error, "send it with Content-Type: application/json");
        return code;
    }
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, max_bytes + 1);
    enum berth_code code =
        berth_exchange_read(exchange, (int64_t)max_bytes, add_to_buffer, &buffer, error);
    if (!code)
        code =
            berth_json_parse(buffer.data ? buffer.data : "", buffer.length, max_bytes, ret, error);
    berth_buffer_done(&buffer);
    return code;
}

enum berth_code berth_exchange_expected(const struct berth_exchange *exchange, int64_t *ret,
                                        struct berth_error *error) {
    return berth_expected_parse(berth_exchange_header(exchange, "If-Match"),
                                berth_exchange_header(exchange, "If-None-Match"), ret, error);
}
