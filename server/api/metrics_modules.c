/* What is live, and what open pages reported of it. Of versions that are neither live nor previous
 * nothing is told, and of at most METRICS_MAX_VERSIONS in all: whoever stores the numbers keeps a
 * series for each. */
#include "metrics.h"

#include "handlers.h"

#include <stdlib.h>
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

/* Of all live ones, so that nobody takes a module that no page shows for one that is not told. */
static void add_open(struct metrics *metrics, const struct berth_snapshot *snapshot,
                     const json_t *modules) {
    size_t told = 0;
    metrics_family(metrics, "berth_module_browsers", "gauge",
                   "Browsers whose listening page shows the module, in a slot or through one.");
    for (size_t i = 0; i < snapshot->module_count && told < METRICS_MAX_VERSIONS; i++) {
        const struct berth_module *module = snapshot->modules[i];
        if (!module->live)
            continue;
        told++;
        metrics_sample(metrics, "");
        metrics_label(metrics, "module", module->name);
        metrics_int(metrics, json_integer_value(json_object_get(modules, module->name)));
    }
}

/* What pages reported of a module. */
struct of_module {
    int64_t live[BERTH_REPORT_KINDS];
    int64_t previous[BERTH_REPORT_KINDS];
};

struct reports {
    const struct berth_snapshot *snapshot;
    struct of_module *modules; /* one for each of the snapshot's */
};

static int compare_name(const void *name, const void *module) {
    return strcmp(name, (*(struct berth_module *const *)module)->name);
}

static bool is_version(const struct berth_edition *edition, const char *version) {
    return edition && strcmp(edition->version, version) == 0;
}

static void gather(const struct berth_report_series *series, void *context) {
    const struct reports *reports = context;
    const struct berth_snapshot *snapshot = reports->snapshot;
    struct berth_module **found =
        snapshot->module_count == 0 ? NULL
                                    : bsearch(series->module, snapshot->modules,
                                              snapshot->module_count, sizeof(void *), compare_name);
    if (!found)
        return;
    struct of_module *module = &reports->modules[found - snapshot->modules];
    if (is_version((*found)->live, series->version))
        memcpy(module->live, series->counts, sizeof module->live);
    else if (is_version((*found)->previous, series->version))
        memcpy(module->previous, series->counts, sizeof module->previous);
}

static void add_reports_of(struct metrics *metrics, const struct berth_edition *edition,
                           const int64_t counts[BERTH_REPORT_KINDS]) {
    for (size_t i = 0; i < BERTH_REPORT_KINDS; i++) {
        metrics_sample(metrics, "");
        metrics_label(metrics, "module", edition->module);
        metrics_label(metrics, "version", edition->version);
        metrics_label(metrics, "kind", berth_report_kind(i));
        metrics_int(metrics, counts[i]);
    }
}

/* Also of what nobody reported so far: a series that begins with its first failures would hide
 * them. Returns how many versions are left out. */
static int64_t add_reports(struct metrics *metrics, const struct reports *reports) {
    int64_t told = 0, left_out = 0;
    for (size_t i = 0; i < reports->snapshot->module_count; i++) {
        const struct berth_module *module = reports->snapshot->modules[i];
        const struct berth_edition *editions[] = {module->live, module->previous};
        const int64_t *counts[] = {reports->modules[i].live, reports->modules[i].previous};
        for (int j = 0; j < 2; j++) {
            if (editions[j] && told == METRICS_MAX_VERSIONS)
                left_out++;
            else if (editions[j])
                add_reports_of(metrics, editions[j], counts[j]);
            told += editions[j] && told < METRICS_MAX_VERSIONS;
        }
    }
    return left_out;
}

void metrics_add_modules(struct metrics *metrics, struct berth_api *api) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    json_t *pages, *modules;
    api_open_pages(api, &pages, &modules);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    struct reports reports = {.snapshot = snapshot};
    add_live(metrics, snapshot);
    add_open(metrics, snapshot, modules);
    reports.modules = calloc(snapshot->module_count + 1, sizeof *reports.modules);
    if (reports.modules) {
        berth_desk_reports_each(api->desk, gather, &reports);
        metrics_family(metrics, "berth_reports_total", "counter",
                       "What open pages reported of live and previous versions.");
        int64_t left_out = add_reports(metrics, &reports);
        metrics_gauge(metrics, "berth_reports_left_out_versions",
                      "Live and previous versions whose reports are not told: there are too many.",
                      left_out);
    }
    berth_snapshot_release(publisher);
    free(reports.modules);
    json_decref(pages);
    json_decref(modules);
}
