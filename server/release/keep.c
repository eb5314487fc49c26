/* What is not wanted any more goes: versions by a policy, then what only they had.
 *
 * Rows go before blobs, so that a failure or a kill leaves orphans and never a row without its
 * blob. Which blobs are safe to remove beside uploads that run is the store's business
 * (store/sweep.c); here it is the order: sweep begin, then the rows are read, then it removes. */
#include "keep.h"

#include "berth/digests.h"
#include "berth/log.h"
#include "berth/name.h"
#include "berth/semver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The desk is held for so many unlinks at once. */
enum { PORTION_BLOBS = 256 };
enum { KEY_BYTES = BERTH_MODULE_MAX_BYTES + BERTH_VERSION_MAX_BYTES + 2 };

struct gc {
    struct berth_desk *desk;
    const struct berth_gc_request *request;
    struct berth_gc_result *result;
    struct berth_gc_version *heads; /* all versions, by module and upload */
    size_t head_count;
    bool *doomed; /* which of them */
    struct berth_digests named;
    struct berth_digest *unnamed; /* blobs */
    size_t unnamed_count;
    json_t *gone; /* {"module version": true}, for a dry run, in which they are still there */
    bool failed;  /* out of memory */
};

/* --- one at a time --- */

enum berth_code keep_begin(struct berth_desk *desk, struct berth_error *error) {
    if (pthread_mutex_trylock(&desk->keep_lock) == 0)
        return BERTH_OK;
    return berth_fail(error, BERTH_BUSY, "keep-busy", "a backup or another gc is running");
}

void keep_end(struct berth_desk *desk) {
    pthread_mutex_unlock(&desk->keep_lock);
}

/* --- which versions --- */

static void version_done(struct berth_gc_version *version) {
    free(version->module);
    free(version->version);
}

void berth_gc_result_done(struct berth_gc_result *result) {
    for (size_t i = 0; i < result->version_count; i++)
        version_done(&result->versions[i]);
    free(result->versions);
    *result = (struct berth_gc_result){0};
}

static void gc_done(struct gc *gc) {
    for (size_t i = 0; i < gc->head_count; i++)
        version_done(&gc->heads[i]);
    free(gc->heads);
    free(gc->doomed);
    free(gc->unnamed);
    berth_digests_done(&gc->named);
    json_decref(gc->gone);
}

/* Room for one more: arrays grow at powers of two. */
static void *reserve(void *array, size_t count, size_t size) {
    return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

static bool note_head(const struct berth_version *head, void *context) {
    struct gc *gc = context;
    struct berth_gc_version *grown = reserve(gc->heads, gc->head_count, sizeof *grown);
    if (!grown)
        return !(gc->failed = true);
    gc->heads = grown;
    struct berth_gc_version *version = &grown[gc->head_count++];
    *version = (struct berth_gc_version){.module = strdup(head->module),
                                         .version = strdup(head->version),
                                         .created_ms = head->created_ms,
                                         .bytes = head->bytes};
    gc->failed = !version->module || !version->version;
    return !gc->failed;
}

static bool is_text(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

/* Live, or where a rollback would go. */
static enum berth_code is_in_use(struct gc *gc, const struct berth_gc_version *version, bool *ret,
                                 struct berth_error *error) {
    struct berth_desk *desk = gc->desk;
    struct berth_registry *registry = desk->options.registry;
    char *way_back = NULL;
    pthread_mutex_lock(&desk->lock);
    const struct berth_module *module = catalog_module(&desk->catalog, version->module);
    *ret = module && berth_module_resident(module, version->version);
    pthread_mutex_unlock(&desk->lock);
    if (*ret)
        return BERTH_OK;
    enum berth_code code = registry->ops->way_back(registry, version->module, &way_back, error);
    *ret = is_text(way_back, version->version);
    free(way_back);
    return code;
}

static bool is_young(const struct gc *gc, const struct berth_gc_version *version) {
    const struct berth_gc_request *request = gc->request;
    return request->younger_than_ms != BERTH_GC_NO_LIMIT &&
           version->created_ms > request->now_ms - request->younger_than_ms;
}

/* From the newest of a module to the oldest. */
static enum berth_code judge_versions(struct gc *gc, struct berth_error *error) {
    const struct berth_gc_request *request = gc->request;
    int64_t newer = 0;
    gc->doomed = calloc(gc->head_count + 1, sizeof *gc->doomed);
    if (!gc->doomed)
        return desk_out_of_memory(error);
    if (request->keep_newest == BERTH_GC_NO_LIMIT && request->younger_than_ms == BERTH_GC_NO_LIMIT)
        return BERTH_OK;
    for (size_t i = gc->head_count; i-- > 0;) {
        const struct berth_gc_version *version = &gc->heads[i];
        if (i + 1 < gc->head_count && strcmp(version->module, gc->heads[i + 1].module) != 0)
            newer = 0;
        gc->doomed[i] = newer++ >= request->keep_newest && !is_young(gc, version);
    }
    return BERTH_OK;
}

static enum berth_code plan(struct gc *gc, struct berth_error *error) {
    struct berth_registry *registry = gc->desk->options.registry;
    enum berth_code code = registry->ops->heads_each(registry, NULL, note_head, gc, error);
    if (!code && gc->failed)
        code = desk_out_of_memory(error);
    return code ? code : judge_versions(gc, error);
}

static enum berth_code note_gone(struct gc *gc, const struct berth_gc_version *version,
                                 struct berth_error *error) {
    struct berth_gc_result *result = gc->result;
    struct berth_gc_version *grown =
        reserve(result->versions, result->version_count, sizeof *grown);
    if (!grown)
        return desk_out_of_memory(error);
    result->versions = grown;
    grown[result->version_count] = (struct berth_gc_version){.module = strdup(version->module),
                                                             .version = strdup(version->version),
                                                             .created_ms = version->created_ms,
                                                             .bytes = version->bytes};
    const struct berth_gc_version *copy = &grown[result->version_count++];
    char key[KEY_BYTES];
    (void)snprintf(key, sizeof key, "%s %s", version->module, version->version);
    bool good = copy->module && copy->version;
    if (good && gc->request->dry_run)
        good = json_object_set_new(gc->gone, key, json_true()) == 0;
    return good ? BERTH_OK : desk_out_of_memory(error);
}

static enum berth_code delete_version(struct gc *gc, const struct berth_gc_version *version,
                                      struct berth_error *error) {
    const struct berth_version_delete request = {.module = version->module,
                                                 .version = version->version,
                                                 .at_ms = gc->request->now_ms,
                                                 .by = gc->request->by,
                                                 .reason = "gc"};
    return gc->request->dry_run ? BERTH_OK : berth_desk_delete(gc->desk, &request, error);
}

/* Looked at just before it goes. One that became live even then is refused, and stays. */
static enum berth_code delete_versions(struct gc *gc, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; !code && i < gc->head_count; i++) {
        const struct berth_gc_version *version = &gc->heads[i];
        struct berth_error problem = {0};
        bool used = false;
        if (!gc->doomed[i])
            continue;
        code = is_in_use(gc, version, &used, error);
        gc->doomed[i] = false;
        if (code || used)
            continue;
        enum berth_code outcome = delete_version(gc, version, &problem);
        gc->doomed[i] = outcome == BERTH_OK;
        if (outcome == BERTH_OK)
            code = note_gone(gc, version, error);
        else if (outcome != BERTH_CONFLICT && outcome != BERTH_NOT_FOUND)
            code = berth_fail(error, outcome, problem.rule, "%s", problem.text);
    }
    for (size_t i = 0; i < gc->head_count; i++)
        gc->result->kept += !gc->doomed[i];
    return code;
}

/* --- which blobs --- */

static bool name_blob(struct gc *gc, const struct berth_digest *digest) {
    gc->failed = gc->failed || !berth_digests_add(&gc->named, digest);
    return !gc->failed;
}

static bool is_gone(const struct gc *gc, const struct berth_asset_row *row) {
    char key[KEY_BYTES];
    (void)snprintf(key, sizeof key, "%s %s", row->module, row->version);
    return json_object_get(gc->gone, key) != NULL;
}

static bool note_asset(const struct berth_asset_row *row, void *context) {
    struct gc *gc = context;
    return (gc->gone && is_gone(gc, row)) || name_blob(gc, &row->digest);
}

/* Rows of variants are gone where they should be, but in a dry run. */
static bool note_variant(const struct berth_variant_row *row, void *context) {
    struct gc *gc = context;
    if (gc->request->dry_run && !berth_digests_find(&gc->named, &row->blob))
        return true;
    return name_blob(gc, &row->digest);
}

static bool note_found(const struct berth_blob_found *found, void *context) {
    struct gc *gc = context;
    if (!found->is_blob || berth_digests_find(&gc->named, &found->digest))
        return true;
    struct berth_digest *grown = reserve(gc->unnamed, gc->unnamed_count, sizeof *grown);
    if (!grown)
        return !(gc->failed = true);
    gc->unnamed = grown;
    grown[gc->unnamed_count++] = found->digest;
    return true;
}

static enum berth_code find_unnamed(struct gc *gc, struct berth_error *error) {
    struct berth_registry *registry = gc->desk->options.registry;
    enum berth_code code = registry->ops->assets_each(registry, note_asset, gc, error);
    if (!code)
        code = registry->ops->variants_each(registry, note_variant, gc, error);
    if (!code && !gc->failed)
        code = berth_blobs_each(gc->desk->options.store, note_found, gc, error);
    return !code && gc->failed ? desk_out_of_memory(error) : code;
}

/* Whoever brings an edition into memory has read its rows before, and holds one of the two locks
 * from then until it has the files: a variant that was replaced between the two is still there. */
static enum berth_code remove_portion(struct gc *gc, size_t from, size_t to,
                                      struct berth_error *error) {
    struct berth_desk *desk = gc->desk;
    enum berth_code code = BERTH_OK;
    pthread_mutex_lock(&desk->refresh_lock);
    pthread_mutex_lock(&desk->lock);
    for (size_t i = from; !code && i < to; i++) {
        bool removed = false;
        int64_t bytes = 0;
        code = berth_sweep_remove(desk->options.store, &gc->unnamed[i], gc->request->dry_run,
                                  &removed, &bytes, error);
        gc->result->blobs += removed;
        gc->result->bytes += bytes;
    }
    pthread_mutex_unlock(&desk->lock);
    pthread_mutex_unlock(&desk->refresh_lock);
    return code;
}

/* They may tell of variants that have been replaced; the next reader reads them anew. */
static void forget_cold(struct gc *gc) {
    for (size_t i = 0; i < gc->head_count; i++)
        berth_cold_drop(gc->desk->cold, gc->heads[i].module, gc->heads[i].version);
}

static enum berth_code remove_unnamed(struct gc *gc, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    if (gc->unnamed_count && !gc->request->dry_run)
        forget_cold(gc);
    for (size_t i = 0; !code && i < gc->unnamed_count; i += PORTION_BLOBS) {
        size_t to = i + PORTION_BLOBS < gc->unnamed_count ? i + PORTION_BLOBS : gc->unnamed_count;
        code = remove_portion(gc, i, to, error);
    }
    return code;
}

static enum berth_code sweep(struct gc *gc, struct berth_error *error) {
    struct berth_store *store = gc->desk->options.store;
    struct berth_registry *registry = gc->desk->options.registry;
    enum berth_code code =
        gc->request->dry_run ? BERTH_OK : registry->ops->variants_prune(registry, error);
    if (!code)
        code = berth_sweep_begin(store, error);
    if (code)
        return code;
    code = find_unnamed(gc, error);
    if (!code)
        code = remove_unnamed(gc, error);
    berth_sweep_end(store);
    return code || gc->request->dry_run ? code : berth_store_sync(store, error);
}

enum berth_code berth_desk_gc(struct berth_desk *desk, const struct berth_gc_request *request,
                              struct berth_gc_result *ret, struct berth_error *error) {
    struct gc gc = {.desk = desk, .request = request, .result = ret};
    *ret = (struct berth_gc_result){0};
    enum berth_code code = keep_begin(desk, error);
    if (code)
        return code;
    code = plan(&gc, error);
    if (request->dry_run)
        gc.gone = json_object();
    if (!code)
        code = delete_versions(&gc, error);
    if (!code)
        code = sweep(&gc, error);
    keep_end(desk);
    gc_done(&gc);
    if (!request->dry_run)
        berth_log_event("info", "gc",
                        json_pack("{ss sI sI sI}", "by", request->by.name, "versions",
                                  (json_int_t)ret->version_count, "blobs", (json_int_t)ret->blobs,
                                  "bytes", (json_int_t)ret->bytes));
    return code;
}
