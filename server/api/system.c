/* How the server is: for people on call, and for what watches it. */
#include "handlers.h"

#include "berth/name.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static bool count_head(const struct berth_version *head, void *context) {
    struct api_counts *counts = context;
    counts->versions++;
    counts->bytes += head->bytes;
    counts->compressed[head->compression]++;
    counts->modules += strcmp(counts->module, head->module) != 0;
    (void)snprintf(counts->module, sizeof counts->module, "%s", head->module);
    return true;
}

enum berth_code api_count_heads(const struct berth_api *api, struct api_counts *ret,
                                struct berth_error *error) {
    return api->registry->ops->heads_each(api->registry, NULL, count_head, ret, error);
}

static json_t *disk_json(struct berth_store *store) {
    struct statvfs disk;
    if (statvfs(berth_store_directory(store), &disk) != 0)
        return json_null();
    json_int_t block = (json_int_t)disk.f_frsize;
    return json_pack("{sI sI}", "free", (json_int_t)disk.f_bavail * block, "total",
                     (json_int_t)disk.f_blocks * block);
}

static json_t *versions_json(const struct api_counts *counts) {
    json_t *json = json_pack("{sI sI}", "count", (json_int_t)counts->versions, "bytes",
                             (json_int_t)counts->bytes);
    json_t *compressed = json_object();
    for (int i = 0; i <= BERTH_COMPRESSION_BEST; i++)
        json_object_set_new(compressed, api_compression((enum berth_compression)i),
                            json_integer((json_int_t)counts->compressed[i]));
    json_object_set_new(json, "compression", compressed);
    return json;
}

/* Files in memory: all, and of those what is not live, which the budget holds for. Staged versions
 * count as live here: they come on top, with an eighth of the budget at most. */
static json_t *cache_json(const struct berth_api *api, const struct berth_desk_limits *limits) {
    struct berth_bodies *bodies = berth_desk_bodies(api->desk);
    return json_pack("{sI sI sI}", "bytes", (json_int_t)berth_bodies_bytes(bodies), "unpinnedBytes",
                     (json_int_t)berth_bodies_unpinned_bytes(bodies), "budget",
                     (json_int_t)limits->cache_bytes);
}

static json_t *compressor_json(const struct berth_api *api) {
    struct berth_compressor_state state;
    berth_compressor_state(api->compressor, &state);
    return json_pack("{si sI sI sI sI}", "threads", api->limits.compress_threads, "waiting",
                     (json_int_t)state.waiting, "improving", (json_int_t)state.improving,
                     "finished", (json_int_t)state.finished, "failed", (json_int_t)state.failed);
}

/* Those that hold now. */
static json_t *limits_json(const struct berth_api *api, const struct berth_desk_limits *desk) {
    const struct berth_api_limits *fixed = &api->limits;
    const struct berth_bundle_limits *archive = &desk->archive;
    return json_pack(
        "{si si si si si si si si sI sI sI sI sI sI}", "connections", fixed->connections,
        "adminConnections", fixed->admin_connections, "streams",
        berth_events_max_streams(berth_desk_events(api->desk)), "uploads", desk->max_uploads,
        "moduleConnections", fixed->module_connections, "versionsAtOnce", fixed->versions_at_once,
        "reportsAtOnce", fixed->reports_at_once, "tokenFailures",
        berth_failures_limit(api->failures), "archiveBytes", (json_int_t)archive->archive_bytes,
        "unpackedBytes", (json_int_t)archive->unpacked_bytes, "fileBytes",
        (json_int_t)archive->file_bytes, "archiveEntries", (json_int_t)archive->entries,
        "archiveRatio", (json_int_t)archive->ratio, "archiveSeconds", (json_int_t)archive->seconds);
}

/* What is open and being served, and how often clients were told to come back, by rule. */
static json_t *load_json(struct berth_listener *listener) {
    struct berth_load load;
    if (!listener)
        return json_null();
    berth_listener_load(listener, &load);
    json_t *refused = json_object();
    for (size_t i = 0; i < load.refusal_count; i++)
        json_object_set_new(refused, load.refusals[i].rule,
                            json_integer((json_int_t)load.refusals[i].count));
    return json_pack("{si si si so}", "connections", load.connections, "versions",
                     load.work[BERTH_WORK_VERSIONS], "reports", load.work[BERTH_WORK_REPORTS],
                     "refused", refused);
}

/* When its certificate ends; null of one that speaks no TLS. */
static json_t *tls_json(const struct berth_listener *listener) {
    if (!listener || !berth_listener_secure(listener))
        return json_null();
    return json_pack("{so}", "certificateEndsAt",
                     api_time(berth_listener_certificate_end_ms(listener)));
}

static json_t *system_json(const struct berth_api *api, int64_t generation,
                           const struct api_counts *counts) {
    json_t *load = json_pack("{so so}", "public", load_json(atomic_load(&api->public_listener)),
                             "admin", load_json(atomic_load(&api->admin_listener)));
    json_t *tls = json_pack("{so so}", "public", tls_json(atomic_load(&api->public_listener)),
                            "admin", tls_json(atomic_load(&api->admin_listener)));
    struct berth_desk_limits limits;
    berth_desk_limits(api->desk, &limits);
    return json_pack("{ss so sI sI so so so si so so so so}", "version", BERTH_VERSION, "startedAt",
                     api_time(api->started_ms), "generation", (json_int_t)generation, "modules",
                     (json_int_t)counts->modules, "versions", versions_json(counts), "disk",
                     disk_json(berth_desk_store(api->desk)), "cache", cache_json(api, &limits),
                     "streams", berth_events_streams(berth_desk_events(api->desk)), "limits",
                     limits_json(api, &limits), "compressor", compressor_json(api), "load", load,
                     "tls", tls);
}

void api_get_system(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct api_counts counts = {0};
    int64_t generation;
    if (!api_permit(exchange, api, BERTH_SCOPE_READ, NULL, &principal))
        return;
    const struct berth_registry_ops *ops = api->registry->ops;
    enum berth_code code = api_count_heads(api, &counts, &error);
    if (code == BERTH_OK)
        code = ops->generation(api->registry, &generation, &error);
    if (code != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200, system_json(api, generation, &counts), NULL, NULL);
}
