/* The engine of threads: civetweb, one thread for each connection. */
#include "civet.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_CONNECTIONS = 64 /* accepted, waiting for a worker */ };

static struct berth_listener *listener_of(const struct mg_connection *connection) {
    return mg_get_user_data(mg_get_context(connection));
}

/* While starting, the first is kept as the reason of a failure; after, each is an event. */
static int on_message(const struct mg_connection *connection, const char *message) {
    struct berth_listener *listener = listener_of(connection);
    struct berth_civet *civet = listener ? listener->engine_state : NULL;
    if (!civet)
        return 1;
    if (!atomic_load(&civet->started)) {
        if (!civet->start_message[0])
            (void)snprintf(civet->start_message, sizeof civet->start_message, "%s", message);
        return 1;
    }
    berth_log_event("warn", "civetweb",
                    json_pack("{s:s, s:s%}", "listener", listener->name, "message", message,
                              strnlen(message, 512)));
    return 1;
}

static void *on_thread(const struct mg_context *context, int type) {
    struct berth_listener *listener = mg_get_user_data(context);
    berth_work_step_back(listener->options.nice);
    if (type != 1)
        return NULL;
    struct berth_civet_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->worker.listener = listener;
    berth_watch_add(&((struct berth_civet *)listener->engine_state)->watch, &worker->slot);
    return worker;
}

static int on_connection(const struct mg_connection *connection, void **ret_data) {
    *ret_data = NULL;
    struct berth_civet_worker *worker = mg_get_thread_pointer(connection);
    if (!worker)
        return 0;
    struct berth_listener *listener = worker->worker.listener;
    atomic_fetch_add_explicit(&listener->accepted, 1, memory_order_relaxed);
    worker->peer_known = false; /* civetweb tells it with the first request */
    worker->over_cap =
        atomic_fetch_add(&listener->connections, 1) >= listener->options.max_connections;
    worker->head_deadline_ms = berth_monotonic_ms() + listener->options.request_timeout_ms;
    return 0;
}

static void on_closed(const struct mg_connection *connection) {
    struct berth_civet_worker *worker = mg_get_thread_pointer(connection);
    if (worker)
        atomic_fetch_sub(&worker->worker.listener->connections, 1);
}

static void init_library(void) {
    (void)mg_init_library(MG_FEATURES_DEFAULT);
}

static struct mg_context *start_civetweb(struct berth_listener *listener) {
    const struct berth_listener_options *options = &listener->options;
    char threads[16], request_timeout[16], keep_alive_timeout[16], queue[16], head_bytes[16];
    (void)snprintf(threads, sizeof threads, "%d",
                   options->max_connections + berth_listener_reserve(options->max_connections));
    (void)snprintf(request_timeout, sizeof request_timeout, "%d", options->request_timeout_ms);
    (void)snprintf(keep_alive_timeout, sizeof keep_alive_timeout, "%d",
                   options->keep_alive_timeout_ms);
    (void)snprintf(queue, sizeof queue, "%d", QUEUE_CONNECTIONS);
    (void)snprintf(head_bytes, sizeof head_bytes, "%d", BERTH_CIVET_BUFFER_BYTES);
    /* What is set empty has a default that would act. */
    const char *settings[] = {"listening_ports",
                              options->address,
                              "num_threads",
                              threads,
                              "max_request_size",
                              head_bytes,
                              "request_timeout_ms",
                              request_timeout,
                              "enable_keep_alive",
                              "yes",
                              "keep_alive_timeout_ms",
                              keep_alive_timeout,
                              "tcp_nodelay",
                              "1",
                              "listen_backlog",
                              "1024",
                              "connection_queue",
                              queue,
                              "decode_url",
                              "no",
                              "decode_query_string",
                              "no",
                              "enable_directory_listing",
                              "no",
                              "enable_auth_domain_check",
                              "no",
                              "access_control_allow_origin",
                              "",
                              "access_control_allow_methods",
                              "",
                              "access_control_allow_headers",
                              "",
                              "cgi_pattern",
                              "",
                              "ssi_pattern",
                              "",
                              "index_files",
                              "",
                              NULL};
    struct mg_callbacks callbacks = {
        .begin_request = berth_civet_handle,
        .http_error = berth_civet_refuse,
        .log_message = on_message,
        .init_thread = on_thread,
        .init_connection = on_connection,
        .connection_closed = on_closed,
    };
    return mg_start(&callbacks, listener, settings);
}

static void free_workers(struct berth_civet *civet) {
    struct berth_watch_slot *slot = civet->watch.slots;
    while (slot) {
        struct berth_civet_worker *worker = (struct berth_civet_worker *)slot;
        slot = slot->next;
        free(worker->worker.scratch);
        free(worker);
    }
}

static void release(struct berth_listener *listener) {
    struct berth_civet *civet = listener->engine_state;
    berth_watch_stop(&civet->watch);
    free_workers(civet);
    free(civet);
    listener->engine_state = NULL;
}

static enum berth_code run(struct berth_listener *listener, struct berth_error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct berth_civet *civet = listener->engine_state;
    civet->context = start_civetweb(listener);
    if (!civet->context)
        return berth_fail(error, BERTH_IO, "listen", "cannot listen on %s: %s",
                          listener->options.address, civet->start_message);
    if (!strstr(civet->start_message, "Cannot start worker thread"))
        return BERTH_OK;
    /* civetweb would go on with fewer, and hang clients below the cap. */
    mg_stop(civet->context);
    enum berth_code code = berth_fail(error, BERTH_NO_MEMORY, "limit-threads",
                                      "cannot start a thread for each of %d connections",
                                      listener->options.max_connections);
    berth_error_hint(error, "allow fewer connections, or more threads or memory");
    return code;
}

static enum berth_code start(struct berth_listener *listener, struct berth_error *error) {
    struct berth_civet *civet = calloc(1, sizeof *civet);
    if (!civet)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = berth_watch_start(&civet->watch, &listener->connections,
                                             listener->options.max_connections, error);
    if (code) {
        free(civet);
        return code;
    }
    listener->engine_state = civet;
    code = run(listener, error);
    if (code) {
        release(listener);
        return code;
    }
    struct mg_server_port port = {0};
    if (mg_get_server_ports(civet->context, 1, &port) == 1)
        listener->bound.sin_port = htons((uint16_t)port.port);
    berth_watch_address(&civet->watch, &listener->bound);
    atomic_store(&civet->started, true);
    return BERTH_OK;
}

static int busy(const struct berth_listener *listener) {
    const struct berth_civet *civet = listener->engine_state;
    int count = 0;
    for (struct berth_watch_slot *slot = atomic_load(&civet->watch.slots); slot; slot = slot->next)
        count += atomic_load(&((struct berth_civet_worker *)slot)->busy);
    return count;
}

static void stop(struct berth_listener *listener) {
    struct berth_civet *civet = listener->engine_state;
    berth_watch_cut_all(&civet->watch);
    mg_stop(civet->context);
    release(listener);
}

static int descriptors(int max_connections) {
    return max_connections + berth_listener_reserve(max_connections) + QUEUE_CONNECTIONS;
}

const struct berth_engine berth_civet_engine = {
    .descriptors = descriptors, .start = start, .busy = busy, .stop = stop};
