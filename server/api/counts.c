/* How many uploads and activations there were since the start, and why some failed. All are rare
 * and wait for a disk, so one lock will do. */
#include "handlers.h"
#include "metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MAX_RULES = 64 };

struct failures {
    size_t count;
    struct berth_load_refusal rules[MAX_RULES];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int64_t created; /* versions */
    int64_t same;    /* uploads of what was there */
    int64_t activations;
    int64_t rollbacks;
    struct failures failed_uploads;
    struct failures failed_activations;
} counts;

/* Rules are words of our own, so there are few; the last place is for all others. */
static void count_failure(struct failures *failures, const struct berth_error *error) {
    size_t at = 0;
    while (at < failures->count && strcmp(failures->rules[at].rule, error->rule) != 0)
        at++;
    if (at == MAX_RULES)
        at--;
    struct berth_load_refusal *rule = &failures->rules[at];
    if (at == failures->count) {
        (void)snprintf(rule->rule, sizeof rule->rule, "%s",
                       at == MAX_RULES - 1 ? "other" : error->rule);
        failures->count++;
    }
    rule->count++;
}

void api_count_upload(enum berth_code code, const struct berth_uploaded *uploaded,
                      const struct berth_error *error) {
    if (code == BERTH_UNAUTHENTICATED || code == BERTH_DENIED)
        return;
    pthread_mutex_lock(&lock);
    if (code != BERTH_OK)
        count_failure(&counts.failed_uploads, error);
    else if (uploaded->created)
        counts.created++;
    else
        counts.same++;
    if (code == BERTH_OK && uploaded->activated && uploaded->activation.changed)
        counts.activations++;
    pthread_mutex_unlock(&lock);
}

void api_count_activation(enum berth_code code, bool rollback, bool changed,
                          const struct berth_error *error) {
    pthread_mutex_lock(&lock);
    if (code != BERTH_OK)
        count_failure(&counts.failed_activations, error);
    else if (changed && rollback)
        counts.rollbacks++;
    else if (changed)
        counts.activations++;
    pthread_mutex_unlock(&lock);
}

static void add_labelled(struct metrics *metrics, const char *label, const char *value,
                         int64_t number) {
    metrics_sample(metrics, "");
    metrics_label(metrics, label, value);
    metrics_int(metrics, number);
}

static void add_failures(struct metrics *metrics, const char *name, const char *help,
                         const struct failures *failures) {
    metrics_family(metrics, name, "counter", help);
    for (size_t i = 0; i < failures->count; i++)
        add_labelled(metrics, "rule", failures->rules[i].rule, failures->rules[i].count);
}

void metrics_add_counts(struct metrics *metrics) {
    pthread_mutex_lock(&lock);
    metrics_family(metrics, "berth_uploads_total", "counter",
                   "Uploads that were taken: of new versions, and of the same contents again.");
    add_labelled(metrics, "result", "created", counts.created);
    add_labelled(metrics, "result", "same", counts.same);
    add_failures(metrics, "berth_uploads_failed_total",
                 "Uploads with a token that may, which were refused or failed, by rule.",
                 &counts.failed_uploads);
    metrics_family(metrics, "berth_activations_total", "counter", "Changes of what is live.");
    add_labelled(metrics, "kind", "activation", counts.activations);
    add_labelled(metrics, "kind", "rollback", counts.rollbacks);
    add_failures(metrics, "berth_activations_failed_total",
                 "Activations and rollbacks that were refused or failed, by rule.",
                 &counts.failed_activations);
    pthread_mutex_unlock(&lock);
}
