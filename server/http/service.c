/* From a request as its engine hands it over to its handler, and the log line after it. */
#include "internal.h"

#include "berth/digest.h"
#include "url.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

struct berth_exchange *berth_exchange_begin(struct berth_worker *worker,
                                            const struct berth_transport *transport, void *carrier,
                                            const char *remote) {
    if (!worker->scratch)
        worker->scratch = malloc(sizeof *worker->scratch);
    if (!worker->cell)
        worker->cell = berth_cell_take(&worker->listener->cells);
    if (!worker->scratch || !worker->cell)
        return NULL;
    const struct berth_listener *listener = worker->listener;
    struct berth_exchange *exchange = &worker->exchange;
    exchange->worker = worker;
    exchange->transport = transport;
    exchange->carrier = carrier;
    exchange->request = NULL;
    exchange->remote = remote;
    exchange->method = BERTH_METHOD_COUNT;
    exchange->path = exchange->raw_path = NULL;
    exchange->route = NULL;
    exchange->match.count = exchange->query.count = exchange->text_used = 0;
    exchange->body_bytes = -1;
    exchange->body_read = exchange->body_here = exchange->sent_bytes = 0;
    exchange->expects_continue = exchange->is_http_1_0 = exchange->close = false;
    exchange->broken = exchange->answered = exchange->tells = false;
    exchange->deferred = exchange->later = exchange->admitted = false;
    exchange->parked = exchange->streams = false;
    exchange->status = 0;
    exchange->keeper = NULL;
    exchange->time_ms = berth_now_ms();
    exchange->start_us = berth_monotonic_us();
    exchange->actor[0] = exchange->rule[0] = '\0';
    exchange->trace.id[0] = exchange->trace.parent[0] = '\0';
    exchange->place = (struct berth_place){BERTH_WORK_ANY, BERTH_NO_SHARE};
    berth_pace_init(&exchange->write_pace, berth_min_body_rate(listener),
                    listener->options.body_grace_ms);
    make_id(worker, exchange->id);
    worker->error.code = BERTH_OK;
    return exchange;
}

static void copy_cut(char *ret, size_t size, const char *text) {
    size_t length = strnlen(text, size - 1);
    memcpy(ret, text, length);
    ret[length] = '\0';
}

void berth_exchange_record(const struct berth_exchange *exchange, struct berth_log_request *ret) {
    static const char *const methods[] = {"GET",    "HEAD",  "PUT",     "POST",
                                          "DELETE", "PATCH", "OPTIONS", ""};
    ret->time_ms = exchange->time_ms;
    ret->status = exchange->status;
    copy_cut(ret->listener, sizeof ret->listener, exchange->worker->listener->name);
    copy_cut(ret->method, sizeof ret->method, methods[exchange->method]);
    copy_cut(ret->id, sizeof ret->id, exchange->id);
    copy_cut(ret->remote, sizeof ret->remote, exchange->remote);
    copy_cut(ret->path, sizeof ret->path, exchange->raw_path ? exchange->raw_path : "");
    copy_cut(ret->actor, sizeof ret->actor, exchange->actor);
    copy_cut(ret->rule, sizeof ret->rule, exchange->rule);
    ret->trace[0] = ret->parent[0] = '\0';
    if (exchange->trace.id[0]) {
        memcpy(ret->trace, exchange->trace.id, sizeof ret->trace);
        memcpy(ret->parent, exchange->trace.parent, sizeof ret->parent);
    }
}

static_assert(sizeof(((struct berth_log_request *)0)->trace) == BERTH_TRACE_ID_BYTES &&
                  sizeof(((struct berth_log_request *)0)->parent) == BERTH_PARENT_ID_BYTES,
              "a trace fits into its line");

static void log_request(const struct berth_exchange *exchange, int64_t duration_us) {
    struct berth_log_request *record = berth_log_begin();
    if (!record)
        return;
    berth_exchange_record(exchange, record);
    record->duration_us = duration_us;
    record->bytes = exchange->sent_bytes;
    berth_log_end(record);
}

/* Its line, and its numbers. */
static void tell_end(const struct berth_exchange *exchange) {
    const struct berth_ended ended = {
        .method = exchange->method,
        .status = exchange->status,
        .duration_us = berth_monotonic_us() - exchange->start_us,
        .sent_bytes = exchange->sent_bytes,
        .streamed = exchange->streams,
        .cut = exchange->broken,
    };
    berth_cell_count(exchange->worker->cell, &ended);
    log_request(exchange, ended.duration_us);
}

void berth_exchange_finish(struct berth_exchange *exchange) {
    if (!exchange->answered && !exchange->broken && !exchange->deferred) {
        berth_log_event(
            "error", "handler-silent",
            json_pack("{s:s}", "pattern", exchange->route ? exchange->route->pattern : ""));
        berth_answer_problem(exchange, &exchange->worker->error);
    }
    if (exchange->parked)
        return;
    berth_place_leave(exchange->worker->listener, &exchange->place);
    if (!exchange->deferred)
        tell_end(exchange);
}

enum berth_method berth_method_parse(const char *text) {
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
    const char *raw = exchange->request->target;
    return names && strncmp(raw, names, strlen(names)) == 0 ? berth_url_decode_name(raw, ret, error)
                                                            : berth_url_decode(raw, ret, error);
}

static enum berth_code find_route(struct berth_exchange *exchange, struct berth_error *error) {
    const struct berth_listener_options *options = &exchange->worker->listener->options;
    const struct berth_request *request = exchange->request;
    char *text = exchange->worker->scratch->text + exchange->text_used;
    enum berth_code code = decode_path(exchange, text, error);
    if (code)
        return code;
    exchange->path = text;
    exchange->text_used += strlen(text) + 1;
    exchange->route =
        berth_route_find(options->routes, options->route_count, text, &exchange->match);
    if (!exchange->route)
        return berth_fail(error, BERTH_NOT_FOUND, "no-route", "there is nothing under this path");
    keep_params(exchange);
    if (!request->query)
        return BERTH_OK;
    char *query_text = exchange->worker->scratch->text + exchange->text_used;
    exchange->text_used += strlen(request->query) + 1;
    return berth_query_parse(request->query, query_text, &exchange->query, error);
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

/* Where nothing may wait, only handlers that know of it are called. */
static bool must_defer(const struct berth_exchange *exchange) {
    bool reads_only = exchange->method == BERTH_GET || exchange->method == BERTH_HEAD;
    return exchange->transport->send && !(exchange->route->quick && reads_only);
}

static void defer(struct berth_exchange *exchange, enum berth_work work) {
    exchange->deferred = true;
    exchange->later = work != BERTH_WORK_ANY;
}

/* Once for each request: what is refused here needs no worker. */
static enum berth_code admit(struct berth_exchange *exchange, struct berth_error *error) {
    struct berth_listener *listener = exchange->worker->listener;
    const struct berth_route *route = exchange->route;
    if (exchange->admitted)
        return BERTH_OK;
    exchange->admitted = true;
    enum berth_code code = berth_work_look(listener, route->work, error);
    return code || !route->admit ? code : route->admit(listener->options.app, error);
}

static void handle(struct berth_exchange *exchange, berth_handler handler,
                   struct berth_error *error) {
    enum berth_work work = exchange->route->work;
    enum berth_code code = admit(exchange, error);
    if (!code && must_defer(exchange)) {
        defer(exchange, work);
        return;
    }
    if (!code)
        code = berth_exchange_work(exchange, work, error);
    if (code)
        berth_answer_problem(exchange, error);
    else
        handler(exchange, exchange->worker->listener->options.app);
}

static void dispatch(struct berth_exchange *exchange) {
    berth_handler handler = berth_route_handler(exchange->route, exchange->method);
    struct berth_error *error = &exchange->worker->error;
    if (handler) {
        handle(exchange, handler, error);
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

static enum berth_code accept_request(struct berth_exchange *exchange, bool over_cap,
                                      struct berth_error *error) {
    const struct berth_request *request = exchange->request;
    exchange->method = berth_method_parse(request->method);
    exchange->raw_path = request->target;
    exchange->body_bytes = request->framing.body_bytes;
    exchange->expects_continue = request->framing.expects_continue;
    exchange->is_http_1_0 = strcmp(request->version, "1.0") == 0;
    exchange->close = true;
    if (over_cap)
        return berth_fail(error, BERTH_BUSY, "connections", "too many connections are open");
    if (exchange->method == BERTH_METHOD_COUNT)
        return berth_fail(error, BERTH_INVALID, "method-unknown", "the method is not implemented");
    exchange->close = !request->framing.keeps_alive;
    return BERTH_OK;
}

void berth_exchange_serve(struct berth_exchange *exchange, const struct berth_request *request,
                          bool over_cap) {
    struct berth_error *error = &exchange->worker->error;
    exchange->request = request;
    berth_trace_read(request, &exchange->trace);
    enum berth_code code = accept_request(exchange, over_cap, error);
    if (!code)
        code = check_origin(exchange, error);
    if (!code)
        code = find_route(exchange, error);
    if (code)
        berth_answer_problem(exchange, error);
    else
        dispatch(exchange);
}

void berth_exchange_refuse(struct berth_exchange *exchange, const struct berth_error *error) {
    exchange->close = true;
    berth_answer_problem(exchange, error);
}

bool berth_exchange_defer(struct berth_exchange *exchange) {
    if (!exchange->transport->send || exchange->answered)
        return false;
    defer(exchange, exchange->place.work);
    return true;
}

void berth_exchange_keep(struct berth_exchange *exchange, const struct berth_keeper *keeper) {
    exchange->keeper = keeper;
}
