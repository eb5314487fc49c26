/* What handlers read of a request. */
#include "internal.h"

#include "berth/json.h"
#include "conditional.h"
#include <assert.h>
#include <civetweb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIRST_PIECE_BYTES = 4096,
    QUICK_PIECE_MS = 100, /* the pieces of a body that comes faster than this grow */
    LINGER_MS = 1000,
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

/* civetweb leaves trailing spaces on values. */
static const char *trimmed(const struct berth_exchange *exchange, const char *value) {
    size_t length = strlen(value);
    if (length == 0 || value[length - 1] != ' ')
        return value;
    while (length > 0 && value[length - 1] == ' ')
        length--;
    struct berth_exchange *own = &exchange->worker->exchange;
    if (length + 1 > BERTH_SCRATCH_TEXT_BYTES - own->text_used)
        return value;
    char *copy = own->worker->scratch->text + own->text_used;
    memcpy(copy, value, length);
    copy[length] = '\0';
    own->text_used += length + 1;
    return copy;
}

const char *berth_exchange_header(const struct berth_exchange *exchange, const char *name) {
    enum berth_field field = berth_field_find(name, strlen(name));
    if (field != BERTH_FIELD_OTHER) {
        const char *value = exchange->framing.fields[field];
        return value ? trimmed(exchange, value) : NULL;
    }
    const struct mg_request_info *request = exchange->request;
    for (int i = 0; i < request->num_headers; i++) {
        if (strcasecmp(request->http_headers[i].name, name) == 0)
            return trimmed(exchange, request->http_headers[i].value);
    }
    return NULL;
}

const char *berth_exchange_query(const struct berth_exchange *exchange, const char *name) {
    return berth_query_get(&exchange->query, name);
}

const char *berth_exchange_remote(const struct berth_exchange *exchange) {
    return exchange->request->remote_addr;
}

const char *berth_exchange_id(const struct berth_exchange *exchange) {
    return exchange->id;
}

void berth_exchange_tell(struct berth_exchange *exchange) {
    exchange->tells = true;
}

void berth_exchange_actor(struct berth_exchange *exchange, const char *name) {
    size_t length = strnlen(name, sizeof exchange->actor - 1);
    memcpy(exchange->actor, name, length);
    exchange->actor[length] = '\0';
}

/* RFC 9110 section 10.1.1; civetweb leaves it to the handler. */
static void send_continue(struct berth_exchange *exchange) {
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!exchange->expects_continue)
        return;
    exchange->expects_continue = false;
    if (mg_write(exchange->connection, interim, sizeof interim - 1) != (int)sizeof interim - 1)
        exchange->broken = true;
}

/* mg_read returns less than asked for only when nothing came for the request time-out (then 0 next)
 * or the connection ended (then -1). It never returns early, so the pieces are kept small while the
 * body is slow, and each has a deadline. */
static enum berth_code read_piece(struct berth_exchange *exchange, struct berth_pace *pace,
                                  size_t length, struct berth_error *error) {
    struct berth_watch_slot *slot = &exchange->worker->slot;
    char *buffer = exchange->worker->scratch->out;
    size_t got = 0;
    int count = 0;
    berth_watch_begin(slot, berth_pace_start(pace, berth_monotonic_ms(), length), SHUT_RD);
    do {
        count = mg_read(exchange->connection, buffer + got, length - got);
        if (count > 0)
            got += (size_t)count;
    } while (count > 0 && got < length);
    bool was_cut = berth_watch_end(slot);
    berth_pace_finish(pace, berth_monotonic_ms(), length);
    exchange->body_read += (int64_t)got;
    if (got == length)
        return BERTH_OK;
    exchange->close = true;
    /* Nothing more can be read, so there is no use in lingering. */
    exchange->body_read = exchange->body_bytes;
    if (was_cut || count == 0)
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
    const struct berth_listener_options *options = &exchange->worker->listener->options;
    struct berth_pace pace;
    berth_pace_init(&pace, options->min_body_rate_bytes, options->body_grace_ms);
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

void berth_exchange_linger(struct berth_exchange *exchange) {
    bool has_unread = exchange->body_read < exchange->body_bytes;
    if (!has_unread || exchange->broken || exchange->expects_continue)
        return;
    struct berth_watch_slot *slot = &exchange->worker->slot;
    berth_watch_begin(slot, berth_monotonic_ms() + LINGER_MS, SHUT_RD);
    int count = 0;
    do {
        count = mg_read(exchange->connection, exchange->worker->scratch->out, BERTH_PIECE_BYTES);
    } while (count > 0);
    (void)berth_watch_end(slot);
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
