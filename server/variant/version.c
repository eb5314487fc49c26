/* One version on its way: its blobs through the workers, their variants into the store, and what
 * became of it into the registry. */
#include "variant.h"

#include "berth/http.h"
#include "berth/log.h"

#include <stdlib.h>
#include <string.h>

/* Noted in portions: a stop, a crash or a full disk costs no more than one, and a version of 20,000
 * files does not hold the registry for long. */
enum { PORTION_BLOBS = 256, PORTION_RECORDS = PORTION_BLOBS * BERTH_CODING_COUNT };

struct pass {
    struct berth_compressor *compressor;
    const struct job *job;
    bool best;
    enum berth_compression before;
    struct variant_blob *blobs;
    size_t blob_count;
    struct berth_variant_record records[PORTION_RECORDS];
    size_t record_count;
    size_t noted;              /* blobs, in the registry */
    size_t shown;              /* of them, to readers */
    struct berth_batch *batch; /* their blobs; NULL without any */
    struct berth_hold hold;    /* on those blobs, until they are noted */
    bool holding;
    bool damaged;              /* some blob could not be read: the others go on */
    enum berth_code code;      /* nothing can be noted any more */
    struct berth_error *error; /* the first of either */
};

static int by_digest(const void *left, const void *right) {
    const struct variant_blob *a = left, *b = right;
    return memcmp(&a->digest, &b->digest, sizeof a->digest);
}

/* The files of a version that are worth it, each blob once. */
static bool collect(const struct berth_version *version, void *context) {
    struct pass *pass = context;
    pass->before = version->compression;
    pass->blobs = calloc(version->asset_count + 1, sizeof *pass->blobs);
    if (!pass->blobs) {
        pass->code = berth_fail(pass->error, BERTH_NO_MEMORY, "memory", "out of memory");
        return false;
    }
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < version->asset_count; i++) {
        const struct berth_asset *asset = &version->assets[i];
        if (!berth_variant_wanted(berth_mime_type(asset->path), asset->bytes))
            continue;
        pass->blobs[count].digest = asset->digest;
        memcpy(pass->blobs[count++].variants, asset->variants, sizeof asset->variants);
    }
    qsort(pass->blobs, count, sizeof *pass->blobs, by_digest);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || by_digest(&pass->blobs[i], &pass->blobs[kept - 1]) != 0)
            pass->blobs[kept++] = pass->blobs[i];
    pass->blob_count = kept;
    return true;
}

static enum berth_code sync_batch(struct pass *pass) {
    struct berth_batch *batch = pass->batch;
    pass->batch = NULL;
    enum berth_code code = berth_batch_finish(batch, pass->error);
    return code ? code : berth_store_sync(pass->compressor->options.store, pass->error);
}

static void let_go(struct pass *pass) {
    if (pass->holding)
        berth_hold_end(pass->compressor->options.store, &pass->hold);
    pass->holding = false;
}

static void note(struct pass *pass, enum berth_compression compression) {
    const struct berth_compressor_options *options = &pass->compressor->options;
    struct berth_registry *registry = options->registry;
    if (pass->code == BERTH_OK && pass->batch)
        pass->code = sync_batch(pass);
    if (pass->code == BERTH_OK)
        pass->code = registry->ops->variants_put(registry, pass->job->module, pass->job->version,
                                                 compression, pass->records, pass->record_count,
                                                 pass->error);
    if (pass->code == BERTH_OK)
        pass->noted += pass->record_count / BERTH_CODING_COUNT;
    pass->record_count = 0;
    let_go(pass);
}

static void show(struct pass *pass) {
    const struct berth_compressor_options *options = &pass->compressor->options;
    pass->shown = pass->noted;
    if (options->made && !atomic_load(&pass->compressor->stop))
        options->made(options->context, pass->job->module, pass->job->version);
}

/* The whole version is read anew each time: so only when there are twice as many as the last time,
 * and at the end. */
static void note_portion(struct pass *pass) {
    note(pass, pass->before);
    if (pass->code == BERTH_OK && pass->noted >= 2 * pass->shown)
        show(pass);
}

static void keep(struct pass *pass, struct slot *slot) {
    if (!pass->holding)
        berth_hold_begin(pass->compressor->options.store, &pass->hold);
    pass->holding = true;
    if (!pass->batch)
        pass->code = berth_batch_begin(pass->compressor->options.store, &pass->batch, pass->error);
    if (pass->code == BERTH_OK)
        pass->code = blob_keep(pass->batch, &slot->digest, &slot->made,
                               &pass->records[pass->record_count], pass->error);
    if (pass->code == BERTH_OK)
        pass->record_count += BERTH_CODING_COUNT;
}

static void take_made(struct pass *pass, struct slot *slot) {
    bool stopped = atomic_load(&pass->compressor->stop);
    if (slot->code == BERTH_OK && pass->code == BERTH_OK) {
        keep(pass, slot);
    } else if (slot->code != BERTH_OK && !stopped) {
        pass->damaged = true;
        berth_fail(pass->error, slot->code, slot->error.rule, "%s", slot->error.text);
    }
    blob_made_done(&slot->made);
    crew_free(&pass->compressor->crew, slot);
    if (pass->record_count == PORTION_RECORDS && pass->code == BERTH_OK)
        note_portion(pass);
}

/* Until no worker has anything. */
static void drain(struct pass *pass) {
    struct slot *slot;
    while ((slot = crew_wait(&pass->compressor->crew, true)) != NULL)
        take_made(pass, slot);
}

static bool is_made_already(const struct pass *pass, const struct variant_blob *blob) {
    return pass->best ? blob_is_best(pass->compressor->options.store, blob) : blob_is_made(blob);
}

static struct slot *free_slot(struct pass *pass) {
    struct slot *slot;
    while ((slot = crew_wait(&pass->compressor->crew, false))->state == SLOT_DONE)
        take_made(pass, slot);
    return slot;
}

static void compress(struct pass *pass) {
    struct berth_compressor *compressor = pass->compressor;
    for (size_t i = 0; i < pass->blob_count; i++) {
        if (is_made_already(pass, &pass->blobs[i]))
            continue;
        struct slot *slot = free_slot(pass);
        if (pass->best && compressor_has_quick(compressor)) {
            drain(pass);
            compressor_do_quick(compressor);
        }
        if (pass->code != BERTH_OK || atomic_load(&compressor->stop))
            break;
        crew_post(&compressor->crew, slot, &pass->blobs[i].digest, pass->best);
    }
    drain(pass);
}

static void tell_failure(const struct pass *pass) {
    berth_log_event("warn", "variants-failed",
                    json_pack("{ss ss ss ss ss}", "module", pass->job->module, "version",
                              pass->job->version, "pass", pass->best ? "best" : "quick", "rule",
                              pass->error->rule, "text", pass->error->text));
}

static enum version_outcome run(struct pass *pass, bool *ret_finished) {
    struct berth_registry *registry = pass->compressor->options.registry;
    enum berth_code code = registry->ops->version_get(
        registry, pass->job->module, pass->job->version, collect, pass, pass->error);
    if (pass->code == BERTH_OK)
        pass->code = code;
    enum berth_compression wanted =
        pass->best || pass->blob_count == 0 ? BERTH_COMPRESSION_BEST : BERTH_COMPRESSION_QUICK;
    *ret_finished = wanted == BERTH_COMPRESSION_BEST || pass->before == BERTH_COMPRESSION_BEST;
    if (pass->code != BERTH_OK || pass->before >= wanted)
        return pass->code == BERTH_OK ? VERSION_DONE : VERSION_FAILED;
    compress(pass);
    bool stopped = atomic_load(&pass->compressor->stop);
    bool whole = !stopped && !pass->damaged;
    if (whole)
        note(pass, wanted);
    else if (pass->record_count)
        note(pass, pass->before);
    if (pass->noted > pass->shown || (whole && pass->code == BERTH_OK))
        show(pass);
    if (pass->damaged || pass->code != BERTH_OK)
        return VERSION_FAILED;
    return stopped ? VERSION_STOPPED : VERSION_DONE;
}

enum version_outcome version_compress(struct berth_compressor *compressor, const struct job *job,
                                      bool best, bool *ret_finished) {
    struct berth_error error = {0};
    struct pass *pass = calloc(1, sizeof *pass); /* too large for a stack */
    *ret_finished = false;
    if (!pass)
        return VERSION_FAILED;
    pass->compressor = compressor;
    pass->job = job;
    pass->best = best;
    pass->error = &error;
    enum version_outcome outcome = run(pass, ret_finished);
    if (outcome == VERSION_FAILED && strcmp(error.rule, "version-deleted") == 0) {
        outcome = VERSION_DONE; /* nobody waits for it any more */
        *ret_finished = true;
    }
    if (outcome == VERSION_FAILED)
        tell_failure(pass);
    berth_batch_abort(pass->batch);
    let_go(pass);
    free(pass->blobs);
    free(pass);
    return outcome;
}
