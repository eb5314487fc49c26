/* What is kept and held: versions, disk, cache, compression, streams. */
#include "metrics.h"

#include "handlers.h"

#include "berth/log.h"
#include <sys/statvfs.h>

/* When the registry cannot be read, the rest is told all the same. */
static void add_versions(struct metrics *metrics, const struct berth_api *api) {
    struct api_counts counts = {0};
    struct berth_error error = {0};
    bool readable = api_count_heads(api, &counts, &error) == BERTH_OK;
    metrics_gauge(metrics, "berth_registry_readable", "1 when the registry could be read just now.",
                  readable);
    if (!readable)
        return;
    metrics_gauge(metrics, "berth_modules", "Modules that have a version.", counts.modules);
    metrics_gauge(metrics, "berth_versions_bytes", "Bytes of the files of all versions.",
                  counts.bytes);
    metrics_family(metrics, "berth_versions", "gauge",
                   "Versions that are kept, by how well their files are compressed.");
    for (int i = 0; i <= BERTH_COMPRESSION_BEST; i++) {
        metrics_sample(metrics, "");
        metrics_label(metrics, "compression", api_compression((enum berth_compression)i));
        metrics_int(metrics, counts.compressed[i]);
    }
}

static void add_disk(struct metrics *metrics, const struct berth_api *api) {
    struct statvfs disk;
    if (statvfs(berth_store_directory(berth_desk_store(api->desk)), &disk) != 0)
        return;
    int64_t block = (int64_t)disk.f_frsize;
    metrics_gauge(metrics, "berth_disk_free_bytes", "Free on the disk of the data directory.",
                  (int64_t)disk.f_bavail * block);
    metrics_gauge(metrics, "berth_disk_size_bytes", "Size of the disk of the data directory.",
                  (int64_t)disk.f_blocks * block);
}

static void add_cache(struct metrics *metrics, const struct berth_api *api) {
    struct berth_bodies *bodies = berth_desk_bodies(api->desk);
    struct berth_desk_limits limits;
    berth_desk_limits(api->desk, &limits);
    metrics_gauge(metrics, "berth_cache_bytes", "Bytes of files in memory.",
                  berth_bodies_bytes(bodies));
    metrics_gauge(metrics, "berth_cache_unpinned_bytes",
                  "Of them, files of versions that are neither live nor previous nor staged.",
                  berth_bodies_unpinned_bytes(bodies));
    metrics_gauge(metrics, "berth_cache_budget_bytes",
                  "What the unpinned ones may take; staged versions come on top, "
                  "with an eighth of it at most.",
                  limits.cache_bytes);
}

static void add_compressor(struct metrics *metrics, const struct berth_api *api) {
    struct berth_compressor_state state;
    berth_compressor_state(api->compressor, &state);
    metrics_gauge(metrics, "berth_variants_waiting_versions",
                  "Versions that wait for their first compressed variants.", state.waiting);
    metrics_gauge(metrics, "berth_variants_improving_versions",
                  "Versions that wait for better compressed variants.", state.improving);
    metrics_counter(metrics, "berth_variants_finished_versions_total",
                    "Versions whose variants were finished.", state.finished);
    metrics_counter(metrics, "berth_variants_failed_versions_total",
                    "Versions whose variants failed.", state.failed);
}

static void add_streams(struct metrics *metrics, struct berth_api *api) {
    int console = atomic_load(&api->event_streams);
    int all = berth_events_streams(berth_desk_events(api->desk));
    metrics_gauge(metrics, "berth_event_streams", "Event streams that are open.", all);
    metrics_gauge(metrics, "berth_event_streams_limit", "Event streams that may be open at once.",
                  berth_events_max_streams(berth_desk_events(api->desk)));
    metrics_gauge(metrics, "berth_console_event_streams", "Of the open ones, those of consoles.",
                  console);
}

void metrics_add_state(struct metrics *metrics, struct berth_api *api) {
    add_versions(metrics, api);
    add_disk(metrics, api);
    add_cache(metrics, api);
    add_compressor(metrics, api);
    add_streams(metrics, api);
    metrics_counter(metrics, "berth_log_lines_dropped_total",
                    "Lines of requests that the log did not keep up with.",
                    (int64_t)berth_log_dropped());
}
