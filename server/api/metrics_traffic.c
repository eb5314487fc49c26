/* What both listeners have done and are doing. */
#include "metrics.h"

#include <stdio.h>

enum { LISTENERS = 2 };

struct listener_numbers {
    const char *name;
    struct berth_traffic traffic;
    struct berth_load load;
    int busy;
    int max_connections;
    int64_t certificate_end_ms; /* 0: no TLS */
};

/* A sample of one number of each listener. */
typedef int64_t (*number_of)(const struct listener_numbers *listener);

static int64_t sent_bytes(const struct listener_numbers *listener) {
    return (int64_t)listener->traffic.sent_bytes;
}

static int64_t cut(const struct listener_numbers *listener) {
    return (int64_t)listener->traffic.cut;
}

static int64_t accepted(const struct listener_numbers *listener) {
    return (int64_t)listener->traffic.connections;
}

static int64_t connections(const struct listener_numbers *listener) {
    return listener->load.connections;
}

static int64_t connections_limit(const struct listener_numbers *listener) {
    return listener->max_connections;
}

static int64_t busy(const struct listener_numbers *listener) {
    return listener->busy;
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    number_of number;
} families[] = {
    {"berth_http_sent_bytes_total", "counter", "Bytes of bodies of answers that have ended.",
     sent_bytes},
    {"berth_http_answers_cut_total", "counter",
     "Answers that their clients have not got whole: they left, or were too slow.", cut},
    {"berth_http_connections_total", "counter", "Connections that were accepted.", accepted},
    {"berth_http_connections", "gauge", "Connections that are open.", connections},
    {"berth_http_connections_limit", "gauge", "Connections that may be open at once.",
     connections_limit},
    {"berth_http_busy_requests", "gauge",
     "Requests on threads of their own, event streams, and answers on their way.", busy},
};

static void add_requests(struct metrics *metrics, const struct listener_numbers *listener) {
    static const char *const methods[BERTH_TRAFFIC_METHODS] = {"read", "write", "other"};
    static const char *const statuses[BERTH_TRAFFIC_STATUSES] = {"none", "1xx", "2xx",
                                                                 "3xx",  "4xx", "5xx"};
    for (int i = 0; i < BERTH_TRAFFIC_METHODS; i++)
        for (int j = 0; j < BERTH_TRAFFIC_STATUSES; j++) {
            if (j == 1) /* nothing ends with it */
                continue;
            metrics_sample(metrics, "");
            metrics_label(metrics, "listener", listener->name);
            metrics_label(metrics, "method", methods[i]);
            metrics_label(metrics, "status", statuses[j]);
            metrics_int(metrics, (int64_t)listener->traffic.requests[i][j]);
        }
}

static void add_bucket(struct metrics *metrics, const char *listener, const char *bound,
                       uint64_t count) {
    metrics_sample(metrics, "_bucket");
    metrics_label(metrics, "listener", listener);
    metrics_label(metrics, "le", bound);
    metrics_int(metrics, (int64_t)count);
}

static void add_durations(struct metrics *metrics, const struct listener_numbers *listener) {
    const struct berth_traffic *traffic = &listener->traffic;
    uint64_t count = 0;
    for (int i = 0; i < BERTH_TRAFFIC_BUCKETS - 1; i++) {
        char bound[32];
        count += traffic->durations[i];
        (void)snprintf(bound, sizeof bound, "%g", (double)berth_traffic_bounds_us[i] / 1e6);
        add_bucket(metrics, listener->name, bound, count);
    }
    count += traffic->durations[BERTH_TRAFFIC_BUCKETS - 1];
    add_bucket(metrics, listener->name, "+Inf", count);
    metrics_sample(metrics, "_sum");
    metrics_label(metrics, "listener", listener->name);
    metrics_seconds(metrics, (int64_t)traffic->duration_us);
    metrics_sample(metrics, "_count");
    metrics_label(metrics, "listener", listener->name);
    metrics_int(metrics, (int64_t)count);
}

static void add_refused(struct metrics *metrics, const struct listener_numbers *listener) {
    for (size_t i = 0; i < listener->load.refusal_count; i++) {
        metrics_sample(metrics, "");
        metrics_label(metrics, "listener", listener->name);
        metrics_label(metrics, "rule", listener->load.refusals[i].rule);
        metrics_int(metrics, listener->load.refusals[i].count);
    }
}

static void add_work(struct metrics *metrics, const struct listener_numbers *listener) {
    static const char *const kinds[BERTH_WORK_COUNT] = {
        [BERTH_WORK_VERSIONS] = "versions", [BERTH_WORK_REPORTS] = "reports"};
    for (int i = 0; i < BERTH_WORK_COUNT; i++) {
        if (!kinds[i])
            continue;
        metrics_sample(metrics, "");
        metrics_label(metrics, "listener", listener->name);
        metrics_label(metrics, "work", kinds[i]);
        metrics_int(metrics, listener->load.work[i]);
    }
}

static void add_certificate(struct metrics *metrics, const struct listener_numbers *listener) {
    if (!listener->certificate_end_ms)
        return;
    metrics_sample(metrics, "");
    metrics_label(metrics, "listener", listener->name);
    metrics_int(metrics, listener->certificate_end_ms / 1000);
}

/* One that has not been started yet, or has been stopped, is left out. */
static size_t read_all(struct berth_api *api, struct listener_numbers ret[LISTENERS]) {
    struct berth_listener *const listeners[LISTENERS] = {atomic_load(&api->public_listener),
                                                         atomic_load(&api->admin_listener)};
    const int limits[LISTENERS] = {api->limits.connections, api->limits.admin_connections};
    size_t count = 0;
    for (int i = 0; i < LISTENERS; i++) {
        if (!listeners[i])
            continue;
        struct listener_numbers *numbers = &ret[count++];
        numbers->name = i == 0 ? "public" : "admin";
        numbers->max_connections = limits[i];
        numbers->busy = berth_listener_busy(listeners[i]);
        berth_listener_traffic(listeners[i], &numbers->traffic);
        berth_listener_load(listeners[i], &numbers->load);
        numbers->certificate_end_ms = berth_listener_certificate_end_ms(listeners[i]);
    }
    return count;
}

void metrics_add_traffic(struct metrics *metrics, struct berth_api *api) {
    struct listener_numbers all[LISTENERS];
    size_t count = read_all(api, all);
    metrics_family(metrics, "berth_http_requests_total", "counter",
                   "Requests that have ended, by kind of method and first digit of the status.");
    for (size_t i = 0; i < count; i++)
        add_requests(metrics, &all[i]);
    metrics_family(metrics, "berth_http_request_duration_seconds", "histogram",
                   "From a request's head to the end of its answer, without event streams.");
    for (size_t i = 0; i < count; i++)
        add_durations(metrics, &all[i]);
    metrics_family(metrics, "berth_http_refused_total", "counter",
                   "Answers 503 and 429: clients that were told to come back, by rule.");
    for (size_t i = 0; i < count; i++)
        add_refused(metrics, &all[i]);
    metrics_family(metrics, "berth_http_work_requests", "gauge",
                   "Requests being served of kinds that have a limit of their own.");
    for (size_t i = 0; i < count; i++)
        add_work(metrics, &all[i]);
    metrics_family(metrics, "berth_tls_certificate_expiry_seconds", "gauge",
                   "When the certificate that new connections get ends, in seconds since 1970.");
    for (size_t i = 0; i < count; i++)
        add_certificate(metrics, &all[i]);
    for (size_t family = 0; family < sizeof families / sizeof families[0]; family++) {
        metrics_family(metrics, families[family].name, families[family].type,
                       families[family].help);
        for (size_t i = 0; i < count; i++) {
            metrics_sample(metrics, "");
            metrics_label(metrics, "listener", all[i].name);
            metrics_int(metrics, families[family].number(&all[i]));
        }
    }
}
