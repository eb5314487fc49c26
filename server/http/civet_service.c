/* From a request as civetweb hands it over to the exchange, and the exchange's transport. */
#include "civet.h"

#include "guard.h"
#include <arpa/inet.h>
#include <civetweb.h>
#include <poll.h>
#include <string.h>

/* malloc aligns civetweb's buffer to this. */
enum { BUFFER_ALIGNMENT = 16, LINGER_MS = 1000 };

static struct berth_civet_worker *worker_of(struct berth_exchange *exchange) {
    return exchange->carrier;
}

/* --- the transport --- */

/* mg_read returns less than asked for only when nothing came for the request time-out (then 0 next)
 * or the connection ended (then -1). */
static size_t read_bytes(struct berth_exchange *exchange, void *ret, size_t length,
                         int64_t deadline_ms, bool *ret_late) {
    struct berth_civet_worker *worker = worker_of(exchange);
    size_t got = 0;
    int count = 0;
    berth_watch_begin(&worker->slot, deadline_ms, SHUT_RD);
    do {
        count = mg_read(worker->connection, (char *)ret + got, length - got);
        if (count > 0)
            got += (size_t)count;
    } while (count > 0 && got < length);
    bool was_cut = berth_watch_end(&worker->slot);
    *ret_late = got < length && (was_cut || count == 0);
    return got;
}

static bool write_bytes(struct berth_exchange *exchange, const void *data, size_t length,
                        int64_t deadline_ms) {
    struct berth_civet_worker *worker = worker_of(exchange);
    berth_watch_begin(&worker->slot, deadline_ms, SHUT_RDWR);
    int written = mg_write(worker->connection, data, length);
    return !berth_watch_end(&worker->slot) && written == (int)length;
}

/* A stream's client says nothing more: what becomes readable is its end. */
static enum berth_stream_state wait_for(struct berth_exchange *exchange, int fd, int timeout_ms) {
    struct berth_civet_worker *worker = worker_of(exchange);
    if (worker->socket < 0)
        worker->socket = berth_watch_socket(&worker->slot);
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN},
                               {.fd = worker->socket, .events = POLLRDHUP}};
    if (poll(polled, 2, timeout_ms) <= 0)
        return BERTH_STREAM_IDLE;
    return polled[1].revents ? BERTH_STREAM_GONE : BERTH_STREAM_WOKEN;
}

static const struct berth_transport transport = {
    .read = read_bytes, .write = write_bytes, .wait = wait_for};

/* --- requests --- */

/* Once for each connection; the watch finds its socket by it. */
static void note_peer(struct berth_civet_worker *worker, const struct mg_request_info *info) {
    if (worker->peer_known)
        return;
    struct berth_watch_slot *slot = &worker->slot;
    slot->peer.sin_port = htons((uint16_t)info->remote_port);
    (void)inet_pton(AF_INET, info->remote_addr, &slot->peer.sin_addr);
    slot->local_port = htons((uint16_t)info->server_port);
    worker->peer_known = true;
}

/* NULL without memory. */
static struct berth_exchange *begin(struct mg_connection *connection) {
    struct berth_civet_worker *worker = mg_get_thread_pointer(connection);
    const struct mg_request_info *info = mg_get_request_info(connection);
    if (!worker)
        return NULL;
    atomic_store_explicit(&worker->busy, true, memory_order_relaxed);
    note_peer(worker, info);
    worker->connection = connection;
    worker->socket = -1;
    return berth_exchange_begin(&worker->worker, &transport, worker, info->remote_addr);
}

/* Reads and drops what is left of a body, for a moment only: closing with unread bytes would reset
 * the connection, and the client could lose the answer. */
static void linger(struct berth_exchange *exchange) {
    struct berth_civet_worker *worker = worker_of(exchange);
    bool has_unread = exchange->body_read < exchange->body_bytes;
    if (!has_unread || exchange->broken || exchange->expects_continue)
        return;
    berth_watch_begin(&worker->slot, berth_monotonic_ms() + LINGER_MS, SHUT_RD);
    int count = 0;
    do {
        count = mg_read(worker->connection, worker->worker.scratch->out, BERTH_PIECE_BYTES);
    } while (count > 0);
    (void)berth_watch_end(&worker->slot);
}

/* Returns the status for civetweb, which must be greater than 0. */
static int finish(struct berth_exchange *exchange) {
    struct berth_civet_worker *worker = worker_of(exchange);
    berth_exchange_finish(exchange);
    linger(exchange);
    if (exchange->close || exchange->broken)
        mg_disable_connection_keep_alive(worker->connection);
    atomic_store_explicit(&worker->busy, false, memory_order_relaxed);
    worker->head_deadline_ms =
        berth_monotonic_ms() + worker->worker.listener->options.keep_alive_timeout_ms;
    return exchange->status > 0 ? exchange->status : 500;
}

/* civetweb keeps one buffer per worker and a request must start at its base, but nobody tells where
 * that is. It is the lowest start seen, for white space only moves a start up. The first start is
 * trusted when it is aligned as malloc aligns: nothing of anyone is in the buffer yet. */
static const char *buffer_base(struct berth_civet_worker *worker, const char *start) {
    if (!worker->buffer || start < worker->buffer) {
        uintptr_t beyond = (uintptr_t)start % BUFFER_ALIGNMENT;
        worker->buffer = start - beyond;
    }
    return worker->buffer;
}

/* civetweb leaves trailing spaces on values: these are copied without. */
static const char *trimmed(struct berth_exchange *exchange, const char *value) {
    size_t length = value ? strlen(value) : 0;
    if (length == 0 || value[length - 1] != ' ')
        return value;
    while (length > 0 && value[length - 1] == ' ')
        length--;
    char *copy = exchange->worker->scratch->text + exchange->text_used;
    memcpy(copy, value, length);
    copy[length] = '\0';
    exchange->text_used += length + 1;
    return copy;
}

static enum berth_code check(struct berth_exchange *exchange, const struct mg_request_info *info,
                             struct berth_error *error) {
    struct berth_civet_worker *worker = worker_of(exchange);
    const char *base = buffer_base(worker, info->request_method);
    size_t head_bytes = 0;
    enum berth_code code = berth_guard_check(info, base, BERTH_CIVET_BUFFER_BYTES,
                                             &worker->request.framing, &head_bytes, error);
    if (!code && head_bytes > BERTH_HEAD_MAX_BYTES)
        code = berth_fail(error, BERTH_INVALID, "head-too-large", "the request head is too large");
    return code;
}

static void take_request(struct berth_exchange *exchange, const struct mg_request_info *info) {
    struct berth_civet_worker *worker = worker_of(exchange);
    struct berth_request *request = &worker->request;
    struct berth_framing *framing = &request->framing;
    request->method = info->request_method;
    request->target = info->request_uri;
    request->query = info->query_string;
    request->version = info->http_version;
    request->field_count = (size_t)info->num_headers;
    for (size_t i = 0; i < request->field_count; i++) {
        request->fields[i].name = info->http_headers[i].name;
        request->fields[i].value = trimmed(exchange, info->http_headers[i].value);
    }
    for (int i = 0; i < BERTH_FIELD_COUNT; i++)
        framing->fields[i] = trimmed(exchange, framing->fields[i]);
    /* civetweb closes after any other Connection header, so the answer says so. */
    const char *connection = framing->fields[BERTH_FIELD_CONNECTION];
    if (connection && !berth_list_has(connection, "keep-alive"))
        framing->keeps_alive = false;
}

/* Memory ran out before there was anything to answer with. */
static int refuse_without_memory(struct mg_connection *connection) {
    static const char answer[] = BERTH_BARE_REFUSAL;
    (void)mg_write(connection, answer, sizeof answer - 1);
    mg_disable_connection_keep_alive(connection);
    return 503;
}

int berth_civet_handle(struct mg_connection *connection) {
    struct berth_exchange *exchange = begin(connection);
    if (!exchange)
        return refuse_without_memory(connection);
    struct berth_civet_worker *worker = worker_of(exchange);
    const struct mg_request_info *info = mg_get_request_info(connection);
    struct berth_error *error = &exchange->worker->error;
    exchange->method = berth_method_parse(info->request_method);
    if (check(exchange, info, error) == BERTH_OK) {
        take_request(exchange, info);
        berth_exchange_serve(exchange, &worker->request, worker->over_cap);
    } else {
        berth_exchange_refuse(exchange, error);
    }
    return finish(exchange);
}

/* A request that civetweb itself could not parse. What it parsed of it is not to be trusted, but a
 * word that was read as a method tells an unknown one from a malformed head. */
static void describe_refusal(const struct mg_request_info *info, int status,
                             struct berth_error *error) {
    const char *method = info->request_method;
    if (status == 505)
        berth_fail(error, BERTH_INVALID, "http-version", "this server speaks HTTP/1.0 and 1.1");
    else if (status == 413)
        berth_fail(error, BERTH_INVALID, "head-too-large", "the request head is too large");
    else if (status == 400 && method && info->http_version &&
             berth_method_parse(method) == BERTH_METHOD_COUNT && info->num_headers == 0)
        berth_fail(error, BERTH_INVALID, "method-unknown", "the method is not implemented");
    else if (status >= 500)
        berth_fail(error, BERTH_IO, "internal", "the request could not be handled");
    else
        berth_fail(error, BERTH_INVALID, "request-malformed",
                   "the request head is malformed, too large or incomplete");
}

int berth_civet_refuse(struct mg_connection *connection, int status, const char *message) {
    (void)message;
    struct berth_exchange *exchange = begin(connection);
    if (!exchange) {
        (void)refuse_without_memory(connection);
        return 0;
    }
    struct berth_error *error = &exchange->worker->error;
    if (status == 400 && exchange->start_us / 1000 >= worker_of(exchange)->head_deadline_ms)
        berth_fail(error, BERTH_TIMEOUT, "head-slow", "the request head came too slowly");
    else
        describe_refusal(mg_get_request_info(connection), status, error);
    berth_exchange_refuse(exchange, error);
    (void)finish(exchange);
    return 0;
}
