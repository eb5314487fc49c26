/* Prometheus text exposition format 0.0.4: what the files of /metrics share.
 *
 * A family is its HELP and TYPE, and then its samples: metrics_sample, a metrics_label for each
 * label, and one value. Names and help texts are our own words; values of labels are escaped here.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BERTH_API_METRICS_H
#define BERTH_API_METRICS_H

#include "berth/api.h"
#include "berth/buffer.h"

enum {
    METRICS_MAX_BYTES = 16 * 1024 * 1024,
    METRICS_MAX_VERSIONS = 1000, /* that have samples of their own; the rest is counted */
};

struct metrics {
    struct berth_buffer text;
    const char *name; /* of the family */
    int labels;       /* of the sample */
};

/* --- metrics_text.c --- */
/* `type`: "counter", "gauge" or "histogram". `name` must stay until the family's last sample. */
void metrics_family(struct metrics *metrics, const char *name, const char *type, const char *help);
/* `suffix`: "" or what a histogram's samples end in. */
void metrics_sample(struct metrics *metrics, const char *suffix);
void metrics_label(struct metrics *metrics, const char *name, const char *value);
void metrics_int(struct metrics *metrics, int64_t value);
void metrics_seconds(struct metrics *metrics, int64_t value_us);
/* A family of one sample without labels. */
void metrics_gauge(struct metrics *metrics, const char *name, const char *help, int64_t value);
void metrics_counter(struct metrics *metrics, const char *name, const char *help, int64_t value);

/* --- what there is to tell --- */
void metrics_add_traffic(struct metrics *metrics, struct berth_api *api); /* metrics_traffic.c */
void metrics_add_state(struct metrics *metrics, struct berth_api *api);   /* metrics_state.c */
void metrics_add_modules(struct metrics *metrics, struct berth_api *api); /* metrics_modules.c */
void metrics_add_counts(struct metrics *metrics);                         /* counts.c */
/* metrics_process.c; by the names that client libraries of Prometheus give them. */
void metrics_add_process(struct metrics *metrics, int64_t started_ms);

#endif
