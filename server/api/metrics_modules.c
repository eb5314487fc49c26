/* What is live, and what open pages reported of it. Of versions that are neither live nor previous
 * nothing is told, and of at most METRICS_MAX_VERSIONS in all: whoever stores the numbers keeps a
 * series for each. */
#include "metrics.h"

#include <string.h>

static void add_live(struct metrics *metrics, const struct berth_snapshot *snapshot) {
    size_t told = 0, left_out = 0;
    metrics_gauge(metrics, "berth_generation", "The number of the last change that readers see.",
                  snapshot->generation);
    metrics_family(metrics, "berth_live_version_info", "gauge", "Which version is live.");
    for (size_t i = 0; i < snapshot->module_count; i++) {
        const struct berth_module *module = snapshot->modules[i];
        if (!module->live)
            continue;
        if (told == METRICS_MAX_VERSIONS) {
            left_out++;
            continue;
        }
        told++;
        metrics_sample(metrics, "");
        metrics_label(metrics, "module", module->name);
        metrics_label(metrics, "version", module->live->version);
        metrics_int(metrics, 1);
    }
    metrics_gauge(metrics, "berth_live_versions", "Modules that have a live version.",
                  (int64_t)(told + left_out));
}

struct reports {
    struct metrics *metrics;
    const struct berth_snapshot *snapshot;
    size_t told;
    size_t left_out;
};

static void add_series(const struct berth_report_series *series, void *context) {
    struct reports *reports = context;
    const struct berth_module *module = berth_snapshot_module(reports->snapshot, series->module);
    if (!module || !berth_module_resident(module, series->version))
        return;
    if (reports->told == METRICS_MAX_VERSIONS) {
        reports->left_out++;
        return;
    }
    reports->told++;
    for (size_t i = 0; i < BERTH_REPORT_KINDS; i++) {
        metrics_sample(reports->metrics, "");
        metrics_label(reports->metrics, "module", series->module);
        metrics_label(reports->metrics, "version", series->version);
        metrics_label(reports->metrics, "kind", berth_report_kind(i));
        metrics_int(reports->metrics, series->counts[i]);
    }
}

void metrics_add_modules(struct metrics *metrics, struct berth_api *api) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    struct reports reports = {.metrics = metrics, .snapshot = snapshot};
    add_live(metrics, snapshot);
    metrics_family(metrics, "berth_reports_total", "counter",
                   "What open pages reported of live and previous versions.");
    berth_desk_reports_each(api->desk, add_series, &reports);
    metrics_gauge(metrics, "berth_reports_left_out_versions",
                  "Live and previous versions whose reports are not told here: there are too many.",
                  (int64_t)reports.left_out);
    berth_snapshot_release(publisher);
}
