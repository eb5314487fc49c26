#include "internal.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    QUEUE_CONNECTIONS = 64,  /* accepted, waiting for a worker */
    SPARE_DESCRIPTORS = 256, /* files, the database, curl */
    MIN_RESERVE = 4,         /* workers that tell clients over the cap so */
    MAX_RESERVE = 64,

    DEFAULT_GRACE_MS = 5000,
    MAX_CONNECTIONS = 60000, /* civetweb takes 65,536 threads */
};

/* Descriptors promised to all listeners of the process. */
static _Atomic int64_t promised_descriptors;

static int reserve_of(int max_connections) {
    int reserve = max_connections / 16;
    if (reserve < MIN_RESERVE)
        return MIN_RESERVE;
    return reserve > MAX_RESERVE ? MAX_RESERVE : reserve;
}

/* A civetweb without descriptors spins, so all that connections can take must be there before. */
static enum berth_code promise_descriptors(struct berth_listener *listener,
                                           struct berth_error *error) {
    int64_t wanted = listener->options.max_connections +
                     reserve_of(listener->options.max_connections) + QUEUE_CONNECTIONS;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return berth_fail_errno(error, "limit-descriptors", "cannot read the descriptor limit");
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    int64_t promised = atomic_fetch_add(&promised_descriptors, wanted) + wanted;
    if (limit.rlim_cur != RLIM_INFINITY &&
        (uint64_t)(promised + SPARE_DESCRIPTORS) > (uint64_t)limit.rlim_cur) {
        atomic_fetch_sub(&promised_descriptors, wanted);
        enum berth_code code = berth_fail(error, BERTH_INVALID, "limit-descriptors",
                                          "%d connections need %" PRId64
                                          " file descriptors, but the limit is %" PRIu64,
                                          listener->options.max_connections,
                                          promised + SPARE_DESCRIPTORS, (uint64_t)limit.rlim_cur);
        berth_error_hint(error, "raise it with ulimit -n, or allow fewer connections");
        return code;
    }
    listener->descriptors = wanted;
    return BERTH_OK;
}

static enum berth_code parse_address(const char *text, struct sockaddr_in *ret,
                                     struct berth_error *error) {
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtol(colon + 1, &end, 10) : -1;
    memset(ret, 0, sizeof *ret);
    ret->sin_family = AF_INET;
    if (colon && (size_t)(colon - text) < sizeof host && port >= 0 && port <= 65535 && !*end) {
        memcpy(host, text, (size_t)(colon - text));
        host[colon - text] = '\0';
        ret->sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, host, &ret->sin_addr) == 1)
            return BERTH_OK;
    }
    enum berth_code code = berth_fail(error, BERTH_INVALID, "listen-address",
                                      "an address to listen on must be an IPv4 address and a port");
    berth_error_hint(error, "as in 127.0.0.1:8080 or 0.0.0.0:8080; port 0 chooses a free one");
    return code;
}

/* --- civetweb's callbacks --- */

static struct berth_listener *listener_of(const struct mg_connection *connection) {
    return mg_get_user_data(mg_get_context(connection));
}

/* While starting, the first is kept as the reason of a failure; after, each is an event. */
static int on_message(const struct mg_connection *connection, const char *message) {
    struct berth_listener *listener = listener_of(connection);
    if (!listener)
        return 1;
    if (!atomic_load(&listener->started)) {
        if (!listener->start_message[0])
            (void)snprintf(listener->start_message, sizeof listener->start_message, "%s", message);
        return 1;
    }
    berth_log_event("warn", "civetweb",
                    json_pack("{s:s, s:s%}", "listener", listener->name, "message", message,
                              strnlen(message, 512)));
    return 1;
}

static void *on_thread(const struct mg_context *context, int type) {
    struct berth_listener *listener = mg_get_user_data(context);
    if (type != 1)
        return NULL;
    struct berth_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    worker->listener = listener;
    berth_watch_add(&listener->watch, &worker->slot);
    return worker;
}

static int on_connection(const struct mg_connection *connection, void **ret_data) {
    *ret_data = NULL;
    struct berth_worker *worker = mg_get_thread_pointer(connection);
    if (!worker)
        return 0;
    struct berth_watch *watch = &worker->listener->watch;
    worker->peer_known = false; /* civetweb tells it with the first request */
    worker->over_cap = atomic_fetch_add(&watch->connections, 1) >= watch->max_connections;
    worker->head_deadline_ms = berth_monotonic_ms() + worker->listener->options.request_timeout_ms;
    return 0;
}

static void on_closed(const struct mg_connection *connection) {
    struct berth_worker *worker = mg_get_thread_pointer(connection);
    if (!worker)
        return;
    atomic_fetch_sub(&worker->listener->watch.connections, 1);
}

/* --- start and stop --- */

static void init_library(void) {
    (void)mg_init_library(MG_FEATURES_DEFAULT);
    berth_service_init();
}

static struct mg_context *start_civetweb(struct berth_listener *listener, const char *address) {
    const struct berth_listener_options *options = &listener->options;
    char threads[16], request_timeout[16], keep_alive_timeout[16], queue[16], head_bytes[16];
    (void)snprintf(threads, sizeof threads, "%d",
                   options->max_connections + reserve_of(options->max_connections));
    (void)snprintf(request_timeout, sizeof request_timeout, "%d", options->request_timeout_ms);
    (void)snprintf(keep_alive_timeout, sizeof keep_alive_timeout, "%d",
                   options->keep_alive_timeout_ms);
    (void)snprintf(queue, sizeof queue, "%d", QUEUE_CONNECTIONS);
    (void)snprintf(head_bytes, sizeof head_bytes, "%d", BERTH_BUFFER_BYTES);
    /* What is set empty has a default that would act. */
    const char *settings[] = {"listening_ports",
                              address,
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
        .begin_request = berth_service_handle,
        .http_error = berth_service_refuse,
        .log_message = on_message,
        .init_thread = on_thread,
        .init_connection = on_connection,
        .connection_closed = on_closed,
    };
    return mg_start(&callbacks, listener, settings);
}

/* The port that the kernel chose. */
static void note_address(struct berth_listener *listener) {
    struct mg_server_port port = {0};
    char host[INET_ADDRSTRLEN];
    if (mg_get_server_ports(listener->context, 1, &port) == 1)
        listener->bound.sin_port = htons((uint16_t)port.port);
    (void)inet_ntop(AF_INET, &listener->bound.sin_addr, host, sizeof host);
    (void)snprintf(listener->address, sizeof listener->address, "%s:%d", host,
                   ntohs(listener->bound.sin_port));
}

static void free_workers(struct berth_listener *listener) {
    struct berth_watch_slot *slot = listener->watch.slots;
    while (slot) {
        struct berth_worker *worker = (struct berth_worker *)slot;
        slot = slot->next;
        free(worker->scratch);
        free(worker);
    }
}

static void release(struct berth_listener *listener) {
    berth_watch_stop(&listener->watch);
    free_workers(listener);
    atomic_fetch_sub(&promised_descriptors, listener->descriptors);
    berth_compartments_done(&listener->compartments);
    free(listener);
}

static enum berth_code check_options(const struct berth_listener_options *options,
                                     struct berth_error *error) {
    if (options->max_connections < 1 || options->max_connections > MAX_CONNECTIONS)
        return berth_fail(error, BERTH_INVALID, "limit-connections",
                          "the number of connections must be from 1 to %d", MAX_CONNECTIONS);
    if (options->request_timeout_ms < 1 || options->keep_alive_timeout_ms < 1)
        return berth_fail(error, BERTH_INVALID, "timeout", "a time-out must be at least 1 ms");
    return BERTH_OK;
}

static enum berth_code create(const struct berth_listener_options *options,
                              struct berth_listener **ret, struct berth_error *error) {
    struct berth_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    listener->options = *options;
    if (listener->options.body_grace_ms <= 0)
        listener->options.body_grace_ms = DEFAULT_GRACE_MS;
    (void)snprintf(listener->name, sizeof listener->name, "%s", options->name);
    enum berth_code code = parse_address(options->address, &listener->bound, error);
    if (!code)
        code = promise_descriptors(listener, error);
    if (!code) {
        code = berth_watch_start(&listener->watch, options->max_connections, error);
        if (code)
            atomic_fetch_sub(&promised_descriptors, listener->descriptors);
    }
    if (code) {
        free(listener);
        return code;
    }
    berth_compartments_init(&listener->compartments);
    *ret = listener;
    return BERTH_OK;
}

enum berth_code berth_listener_start(const struct berth_listener_options *options,
                                     struct berth_listener **ret, struct berth_error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct berth_listener *listener = NULL;
    enum berth_code code = check_options(options, error);
    if (!code)
        code = create(options, &listener, error);
    if (!listener)
        return code;
    listener->context = start_civetweb(listener, options->address);
    if (!listener->context) {
        code = berth_fail(error, BERTH_IO, "listen", "cannot listen on %s: %s", options->address,
                          listener->start_message);
        release(listener);
        return code;
    }
    if (strstr(listener->start_message, "Cannot start worker thread")) {
        /* civetweb would go on with fewer, and hang clients below the cap. */
        mg_stop(listener->context);
        release(listener);
        code = berth_fail(error, BERTH_NO_MEMORY, "limit-threads",
                          "cannot start a thread for each of %d connections",
                          options->max_connections);
        berth_error_hint(error, "allow fewer connections, or more threads or memory");
        return code;
    }
    note_address(listener);
    berth_watch_address(&listener->watch, &listener->bound);
    atomic_store(&listener->started, true);
    *ret = listener;
    return BERTH_OK;
}

const char *berth_listener_address(const struct berth_listener *listener) {
    return listener->address;
}

void berth_listener_drain(struct berth_listener *listener) {
    atomic_store(&listener->draining, true);
}

int berth_listener_busy(const struct berth_listener *listener) {
    int count = 0;
    for (struct berth_watch_slot *slot = atomic_load(&listener->watch.slots); slot;
         slot = slot->next)
        count += atomic_load(&((struct berth_worker *)slot)->busy);
    return count;
}

void berth_listener_stop(struct berth_listener *listener) {
    if (!listener)
        return;
    berth_listener_drain(listener);
    berth_watch_cut_all(&listener->watch);
    mg_stop(listener->context);
    release(listener);
}
