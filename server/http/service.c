/* From a request as civetweb hands it over to its handler, and the log line after it. */
#include "internal.h"

#include "berth/digest.h"
#include "problem.h"
#include "url.h"
#include <arpa/inet.h>
#include <civetweb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* malloc aligns civetweb's buffer to this. */
enum { BUFFER_ALIGNMENT = 16 };

static uint32_t id_prefix;
static _Atomic uint32_t id_count;
/* Numbers that a worker takes at once: a counter that all of them write to for each request would
 * go from core to core. */
enum { IDS_AT_ONCE = 64 };

void berth_service_init(void) {
    berth_random(&id_prefix, sizeof id_prefix);
}

static char *put_hex(char *ret, uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4)
        *ret++ = "0123456789abcdef"[(value >> shift) & 0xf];
    return ret;
}

static void make_id(struct berth_worker *worker, char ret[BERTH_ID_BYTES]) {
    if (worker->next_id == worker->last_id) {
        worker->next_id = atomic_fetch_add_explicit(&id_count, IDS_AT_ONCE, memory_order_relaxed);
        worker->last_id = worker->next_id + IDS_AT_ONCE;
    }
    char *at = put_hex(ret, id_prefix);
    at = put_hex(at, worker->next_id++);
    *at = '\0';
}

/* Once for each connection; the watch finds its socket by it. */
static void note_peer(struct berth_worker *worker, const struct mg_request_info *request) {
    if (worker->peer_known)
        return;
    struct berth_watch_slot *slot = &worker->slot;
    slot->peer.sin_port = htons((uint16_t)request->remote_port);
    (void)inet_pton(AF_INET, request->remote_addr, &slot->peer.sin_addr);
    slot->local_port = htons((uint16_t)request->server_port);
    worker->peer_known = true;
}

/* The worker's exchange, made new. NULL without memory. */
static struct berth_exchange *begin(struct mg_connection *connection) {
    struct berth_worker *worker = mg_get_thread_pointer(connection);
    if (!worker)
        return NULL;
    if (!worker->scratch) {
        worker->scratch = malloc(sizeof *worker->scratch);
        if (!worker->scratch)
            return NULL;
    }

    atomic_store_explicit(&worker->busy, true, memory_order_relaxed);
    const struct berth_listener_options *options = &worker->listener->options;
    struct berth_exchange *exchange = &worker->exchange;
    exchange->worker = worker;
    exchange->connection = connection;
    exchange->request = mg_get_request_info(connection);
    note_peer(worker, exchange->request);
    exchange->method = BERTH_METHOD_COUNT;
    exchange->path = exchange->raw_path = NULL;
    exchange->route = NULL;
    exchange->match.count = exchange->query.count = exchange->text_used = 0;
    exchange->framing = (struct berth_framing){.body_bytes = -1};
    exchange->body_bytes = -1;
    exchange->body_read = exchange->sent_bytes = 0;
    exchange->expects_continue = exchange->is_http_1_0 = exchange->close = false;
    exchange->broken = exchange->answered = exchange->tells = false;
    exchange->status = 0;
    exchange->time_ms = berth_now_ms();
    exchange->start_us = berth_monotonic_us();
    exchange->actor[0] = exchange->rule[0] = '\0';
    exchange->work = BERTH_WORK_ANY;
    exchange->share = -1;
    berth_pace_init(&exchange->write_pace, options->min_body_rate_bytes, options->body_grace_ms);
    make_id(worker, exchange->id);
    worker->error.code = BERTH_OK;
    return exchange;
}

static void copy_cut(char *ret, size_t size, const char *text) {
    size_t length = strnlen(text, size - 1);
    memcpy(ret, text, length);
    ret[length] = '\0';
}

static void log_request(const struct berth_exchange *exchange) {
    static const char *const methods[] = {"GET",    "HEAD",  "PUT",     "POST",
                                          "DELETE", "PATCH", "OPTIONS", ""};
    int64_t duration_us = berth_monotonic_us() - exchange->start_us;
    struct berth_log_request *record = berth_log_begin();
    if (!record)
        return;
    record->time_ms = exchange->time_ms;
    record->duration_us = duration_us;
    record->bytes = exchange->sent_bytes;
    record->status = exchange->status;
    copy_cut(record->listener, sizeof record->listener, exchange->worker->listener->name);
    copy_cut(record->method, sizeof record->method, methods[exchange->method]);
    copy_cut(record->id, sizeof record->id, exchange->id);
    copy_cut(record->remote, sizeof record->remote, exchange->request->remote_addr);
    copy_cut(record->path, sizeof record->path, exchange->raw_path ? exchange->raw_path : "");
    copy_cut(record->actor, sizeof record->actor, exchange->actor);
    copy_cut(record->rule, sizeof record->rule, exchange->rule);
    berth_log_end(record);
}

/* Returns the status for civetweb, which must be greater than 0. */
static int finish(struct berth_exchange *exchange) {
    if (!exchange->answered && !exchange->broken) {
        berth_log_event(
            "error", "handler-silent",
            json_pack("{s:s}", "pattern", exchange->route ? exchange->route->pattern : ""));
        berth_answer_problem(exchange, &exchange->worker->error);
    }
    berth_work_leave(exchange);
    berth_exchange_linger(exchange);
    if (exchange->close || exchange->broken)
        mg_disable_connection_keep_alive(exchange->connection);
    log_request(exchange);
    atomic_store_explicit(&exchange->worker->busy, false, memory_order_relaxed);
    exchange->worker->head_deadline_ms =
        berth_monotonic_ms() + exchange->worker->listener->options.keep_alive_timeout_ms;
    return exchange->status > 0 ? exchange->status : 500;
}

static enum berth_method parse_method(const char *text) {
    static const char *const names[BERTH_METHOD_COUNT] = {
        [BERTH_GET] = "GET",         [BERTH_HEAD] = "HEAD",     [BERTH_PUT] = "PUT",
        [BERTH_POST] = "POST",       [BERTH_DELETE] = "DELETE", [BERTH_PATCH] = "PATCH",
        [BERTH_OPTIONS] = "OPTIONS",
    };
    int method = 0;
    while (method < BERTH_METHOD_COUNT && strcmp(text, names[method]) != 0)
        method++;
    return (enum berth_method)method;
}

/* civetweb keeps one buffer per worker and a request must start at its base, but nobody tells where
 * that is. It is the lowest start seen, for white space only moves a start up. The first start is
 * trusted when it is aligned as malloc aligns: nothing of anyone is in the buffer yet. */
static const char *buffer_base(struct berth_worker *worker, const char *start) {
    if (!worker->buffer || start < worker->buffer) {
        uintptr_t beyond = (uintptr_t)start % BUFFER_ALIGNMENT;
        worker->buffer = start - beyond;
    }
    return worker->buffer;
}

static enum berth_code guard(struct berth_exchange *exchange, struct berth_error *error) {
    struct berth_worker *worker = exchange->worker;
    const struct mg_request_info *request = exchange->request;
    const char *base = buffer_base(worker, request->request_method);
    struct berth_framing *framing = &exchange->framing;
    enum berth_code code = berth_guard_check(request, base, BERTH_BUFFER_BYTES, framing, error);
    if (!code && framing->head_bytes > BERTH_HEAD_MAX_BYTES)
        code = berth_fail(error, BERTH_INVALID, "head-too-large", "the request head is too large");
    if (code) {
        exchange->close = true;
        return code;
    }
    exchange->raw_path = request->request_uri;
    exchange->body_bytes = framing->body_bytes;
    exchange->expects_continue = framing->expects_continue;
    exchange->is_http_1_0 = strcmp(request->http_version, "1.0") == 0;
    exchange->close = !framing->keeps_alive;
    if (worker->over_cap) {
        exchange->close = true;
        return berth_fail(error, BERTH_BUSY, "connections", "too many connections are open");
    }
    if (exchange->method == BERTH_METHOD_COUNT) {
        exchange->close = true;
        return berth_fail(error, BERTH_INVALID, "method-unknown", "the method is not implemented");
    }
    return BERTH_OK;
}

/* Is an Origin the listener's own, by the host and port the request was sent to? The scheme is not
 * compared: TLS may end in front of us. */
static bool is_own_origin(const char *origin, const char *host) {
    const char *slashes = strstr(origin, "://");
    return slashes && strcasecmp(slashes + 3, host) == 0;
}

static enum berth_code check_origin(const struct berth_exchange *exchange,
                                    struct berth_error *error) {
    if (!exchange->worker->listener->options.same_origin_only)
        return BERTH_OK;
    const char *origin = berth_exchange_header(exchange, "Origin");
    if (!origin || is_own_origin(origin, berth_exchange_header(exchange, "Host")))
        return BERTH_OK;
    return berth_fail(error, BERTH_DENIED, "origin", "pages of other origins may not call this");
}

/* Copies the matched parameters, so that they end in NUL. */
static void keep_params(struct berth_exchange *exchange) {
    for (size_t i = 0; i < exchange->match.count; i++) {
        struct berth_route_param *param = &exchange->match.params[i];
        char *copy = exchange->worker->scratch->text + exchange->text_used;
        memcpy(copy, param->value, param->value_length);
        copy[param->value_length] = '\0';
        param->value = copy;
        exchange->text_used += param->value_length + 1;
    }
}

static enum berth_code decode_path(const struct berth_exchange *exchange, char *ret,
                                   struct berth_error *error) {
    const char *names = exchange->worker->listener->options.names_below;
    const char *raw = exchange->request->request_uri;
    return names && strncmp(raw, names, strlen(names)) == 0 ? berth_url_decode_name(raw, ret, error)
                                                            : berth_url_decode(raw, ret, error);
}

static enum berth_code find_route(struct berth_exchange *exchange, struct berth_error *error) {
    const struct berth_listener_options *options = &exchange->worker->listener->options;
    const struct mg_request_info *request = exchange->request;
    char *text = exchange->worker->scratch->text;
    enum berth_code code = decode_path(exchange, text, error);
    if (code)
        return code;
    exchange->path = text;
    exchange->text_used = strlen(text) + 1;
    exchange->route =
        berth_route_find(options->routes, options->route_count, text, &exchange->match);
    if (!exchange->route)
        return berth_fail(error, BERTH_NOT_FOUND, "no-route", "there is nothing under this path");
    keep_params(exchange);
    if (!request->query_string)
        return BERTH_OK;
    char *query_text = text + exchange->text_used;
    exchange->text_used += strlen(request->query_string) + 1;
    return berth_query_parse(request->query_string, query_text, &exchange->query, error);
}

/* RFC 9110 section 9.3.7, and the preflight of the Fetch standard. */
static void answer_options(struct berth_exchange *exchange) {
    char allow[BERTH_ROUTE_ALLOW_BYTES];
    char headers[320];
    berth_route_allow(exchange->route, allow);
    char *at = stpcpy(stpcpy(stpcpy(headers, "Allow: "), allow), "\r\n");
    if (exchange->route->cors) {
        at = stpcpy(at, "Access-Control-Allow-Methods: GET, HEAD");
        if (exchange->route->post)
            at = stpcpy(at, ", POST");
        stpcpy(at, "\r\nAccess-Control-Allow-Headers: *\r\nAccess-Control-Max-Age: 86400\r\n");
    }
    berth_answer_empty(exchange, 204, headers);
}

static void dispatch(struct berth_exchange *exchange) {
    berth_handler handler = berth_route_handler(exchange->route, exchange->method);
    struct berth_error *error = &exchange->worker->error;
    if (handler) {
        if (berth_exchange_work(exchange, exchange->route->work, error) != BERTH_OK) {
            berth_answer_problem(exchange, error);
            return;
        }
        handler(exchange, exchange->worker->listener->options.app);
        return;
    }
    if (exchange->method == BERTH_OPTIONS) {
        answer_options(exchange);
        return;
    }
    char allow[BERTH_ROUTE_ALLOW_BYTES];
    char headers[BERTH_ROUTE_ALLOW_BYTES + 16];
    berth_route_allow(exchange->route, allow);
    stpcpy(stpcpy(stpcpy(headers, "Allow: "), allow), "\r\n");
    berth_fail(error, BERTH_INVALID, "method-not-allowed", "the method is not allowed here");
    berth_answer_refusal(exchange, error, headers);
}

/* Memory ran out before there was anything to answer with. */
static int refuse_without_memory(struct mg_connection *connection) {
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
                                 "Content-Length: 0\r\nConnection: close\r\n\r\n";
    (void)mg_write(connection, answer, sizeof answer - 1);
    mg_disable_connection_keep_alive(connection);
    return 503;
}

int berth_service_handle(struct mg_connection *connection) {
    struct berth_exchange *exchange = begin(connection);
    if (!exchange)
        return refuse_without_memory(connection);
    struct berth_error *error = &exchange->worker->error;
    exchange->method = parse_method(exchange->request->request_method);
    enum berth_code code = guard(exchange, error);
    if (!code)
        code = check_origin(exchange, error);
    if (!code)
        code = find_route(exchange, error);
    if (code)
        berth_answer_problem(exchange, error);
    else
        dispatch(exchange);
    return finish(exchange);
}

/* A request that civetweb itself could not parse. What it parsed of it is not to be trusted, but a
 * word that was read as a method tells an unknown one from a malformed head. */
static void describe_refusal(const struct mg_request_info *request, int status,
                             struct berth_error *error) {
    const char *method = request->request_method;
    if (status == 505)
        berth_fail(error, BERTH_INVALID, "http-version", "this server speaks HTTP/1.0 and 1.1");
    else if (status == 413)
        berth_fail(error, BERTH_INVALID, "head-too-large", "the request head is too large");
    else if (status == 400 && method && request->http_version &&
             parse_method(method) == BERTH_METHOD_COUNT && request->num_headers == 0)
        berth_fail(error, BERTH_INVALID, "method-unknown", "the method is not implemented");
    else if (status >= 500)
        berth_fail(error, BERTH_IO, "internal", "the request could not be handled");
    else
        berth_fail(error, BERTH_INVALID, "request-malformed",
                   "the request head is malformed, too large or incomplete");
}

int berth_service_refuse(struct mg_connection *connection, int status, const char *message) {
    (void)message;
    struct berth_exchange *exchange = begin(connection);
    if (!exchange) {
        (void)refuse_without_memory(connection);
        return 0;
    }
    exchange->close = true;
    if (status == 400 && exchange->start_us / 1000 >= exchange->worker->head_deadline_ms)
        berth_fail(&exchange->worker->error, BERTH_TIMEOUT, "head-slow",
                   "the request head came too slowly");
    else
        describe_refusal(exchange->request, status, &exchange->worker->error);
    berth_answer_problem(exchange, &exchange->worker->error);
    (void)finish(exchange);
    return 0;
}
