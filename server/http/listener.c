#include "internal.h"

#include "tls.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    SPARE_DESCRIPTORS = 256, /* files, the database, curl */
    MIN_RESERVE = 4,
    MAX_RESERVE = 64,

    DEFAULT_GRACE_MS = 5000,
    MAX_CONNECTIONS = 60000, /* civetweb takes 65,536 threads */
};

/* Descriptors promised to all listeners of the process. */
static _Atomic int64_t promised_descriptors;

int berth_listener_reserve(int max_connections) {
    int reserve = max_connections / 16;
    if (reserve < MIN_RESERVE)
        return MIN_RESERVE;
    return reserve > MAX_RESERVE ? MAX_RESERVE : reserve;
}

/* All that connections can take must be there before: clients that cannot be accepted wait. */
static enum berth_code promise_descriptors(struct berth_listener *listener,
                                           struct berth_error *error) {
    int64_t wanted = listener->engine->descriptors(listener->options.max_connections);
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

static enum berth_code check_options(const struct berth_listener_options *options,
                                     struct berth_error *error) {
    if (options->max_connections < 1 || options->max_connections > MAX_CONNECTIONS)
        return berth_fail(error, BERTH_INVALID, "limit-connections",
                          "the number of connections must be from 1 to %d", MAX_CONNECTIONS);
    if (options->request_timeout_ms < 1 || options->keep_alive_timeout_ms < 1)
        return berth_fail(error, BERTH_INVALID, "timeout", "a time-out must be at least 1 ms");
    if (!options->certificate != !options->key) {
        enum berth_code code = berth_fail(error, BERTH_INVALID, "tls-certificate",
                                          "TLS needs a certificate and its key, not one of them");
        berth_error_hint(error, "give both files, or neither for plain HTTP");
        return code;
    }
    return BERTH_OK;
}

static const struct berth_engine *choose_engine(const struct berth_listener_options *options) {
    return options->engine == BERTH_ENGINE_LOOP || options->certificate ? &berth_loop_engine
                                                                        : &berth_civet_engine;
}

static void destroy(struct berth_listener *listener) {
    berth_tls_destroy(listener->tls);
    free(listener);
}

/* What is known of it before it listens. */
static enum berth_code create(const struct berth_listener_options *options,
                              struct berth_listener **ret, struct berth_error *error) {
    struct berth_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    listener->options = *options;
    if (listener->options.body_grace_ms <= 0)
        listener->options.body_grace_ms = DEFAULT_GRACE_MS;
    listener->engine = choose_engine(options);
    const struct berth_listener_times times = {
        options->request_timeout_ms, options->keep_alive_timeout_ms, options->min_body_rate_bytes};
    berth_listener_set_times(listener, &times);
    (void)snprintf(listener->name, sizeof listener->name, "%s", options->name);
    enum berth_code code = parse_address(options->address, &listener->bound, error);
    if (!code && options->certificate)
        code = berth_tls_create(listener->name, options->certificate, options->key, &listener->tls,
                                error);
    if (!code)
        code = promise_descriptors(listener, error);
    if (code) {
        destroy(listener);
        return code;
    }
    berth_compartments_init(&listener->compartments);
    berth_cells_init(&listener->cells);
    *ret = listener;
    return BERTH_OK;
}

static void release(struct berth_listener *listener) {
    atomic_fetch_sub(&promised_descriptors, listener->descriptors);
    berth_compartments_done(&listener->compartments);
    berth_cells_done(&listener->cells);
    destroy(listener);
}

enum berth_code berth_listener_start(const struct berth_listener_options *options,
                                     struct berth_listener **ret, struct berth_error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, berth_service_init);
    struct berth_listener *listener = NULL;
    enum berth_code code = check_options(options, error);
    if (!code)
        code = create(options, &listener, error);
    if (!listener)
        return code;
    code = listener->engine->start(listener, error);
    if (code) {
        release(listener);
        return code;
    }
    char host[INET_ADDRSTRLEN];
    (void)inet_ntop(AF_INET, &listener->bound.sin_addr, host, sizeof host);
    (void)snprintf(listener->address, sizeof listener->address, "%s:%d", host,
                   ntohs(listener->bound.sin_port));
    *ret = listener;
    return BERTH_OK;
}

const char *berth_listener_address(const struct berth_listener *listener) {
    return listener->address;
}

void berth_listener_set_times(struct berth_listener *listener,
                              const struct berth_listener_times *times) {
    struct berth_times *own = &listener->times;
    atomic_store(&own->request_timeout_ms,
                 times->request_timeout_ms < 1 ? 1 : times->request_timeout_ms);
    atomic_store(&own->keep_alive_timeout_ms,
                 times->keep_alive_timeout_ms < 1 ? 1 : times->keep_alive_timeout_ms);
    atomic_store(&own->min_body_rate_bytes,
                 times->min_body_rate_bytes < 0 ? 0 : times->min_body_rate_bytes);
}

bool berth_listener_secure(const struct berth_listener *listener) {
    return listener->tls;
}

void berth_listener_take_certificate(struct berth_listener *listener,
                                     struct berth_certificate *certificate) {
    berth_tls_take(listener->tls, certificate);
}

int64_t berth_listener_certificate_end_ms(const struct berth_listener *listener) {
    return listener->tls ? berth_tls_end_ms(listener->tls) : 0;
}

void berth_listener_drain(struct berth_listener *listener) {
    atomic_store(&listener->draining, true);
}

int berth_listener_busy(const struct berth_listener *listener) {
    return listener->engine->busy(listener);
}

void berth_listener_stop(struct berth_listener *listener) {
    if (!listener)
        return;
    berth_listener_drain(listener);
    listener->engine->stop(listener);
    release(listener);
}
