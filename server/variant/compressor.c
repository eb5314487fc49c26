/* The queues and the clerk, who goes through them. */
#include "variant.h"

#include <stdlib.h>
#include <string.h>

bool compressor_has_quick(struct berth_compressor *compressor) {
    pthread_mutex_lock(&compressor->lock);
    bool has = compressor->quick.first != NULL;
    pthread_mutex_unlock(&compressor->lock);
    return has && !atomic_load(&compressor->stop);
}

static struct job *take(struct berth_compressor *compressor, struct queue *queue) {
    pthread_mutex_lock(&compressor->lock);
    struct job *job = atomic_load(&compressor->stop) ? NULL : queue_take(queue);
    pthread_mutex_unlock(&compressor->lock);
    return job;
}

/* Counts what became of a version, and puts one that has its quick variants into the next queue. */
static void settle(struct berth_compressor *compressor, struct job *job, bool best,
                   enum version_outcome outcome, bool finished) {
    struct berth_compressor_state *state = &compressor->state;
    bool again = outcome == VERSION_DONE && !finished;
    if (outcome != VERSION_STOPPED) {
        pthread_mutex_lock(&compressor->lock);
        *(best ? &state->improving : &state->waiting) -= 1;
        state->failed += outcome == VERSION_FAILED;
        state->finished += outcome == VERSION_DONE && finished;
        state->improving += again;
        if (again)
            queue_put(&compressor->best, job);
        pthread_mutex_unlock(&compressor->lock);
    }
    if (!again)
        free(job);
}

static bool do_one(struct berth_compressor *compressor, bool best) {
    bool finished;
    struct job *job = take(compressor, best ? &compressor->best : &compressor->quick);
    if (!job)
        return false;
    enum version_outcome outcome = version_compress(compressor, job, best, &finished);
    settle(compressor, job, best, outcome, finished);
    return true;
}

void compressor_do_quick(struct berth_compressor *compressor) {
    while (do_one(compressor, false))
        continue;
}

static bool wait_for_work(struct berth_compressor *compressor) {
    pthread_mutex_lock(&compressor->lock);
    while (!atomic_load(&compressor->stop) && !compressor->quick.first && !compressor->best.first)
        pthread_cond_wait(&compressor->added, &compressor->lock);
    pthread_mutex_unlock(&compressor->lock);
    return !atomic_load(&compressor->stop);
}

static void *keep_clerk(void *context) {
    struct berth_compressor *compressor = context;
    while (wait_for_work(compressor)) {
        compressor_do_quick(compressor);
        do_one(compressor, true);
    }
    return NULL;
}

/* With the lock held, or before there is a second thread. */
static bool enqueue(struct berth_compressor *compressor, enum berth_compression so_far,
                    const char *module, const char *version) {
    struct job *job = job_create(module, version);
    bool quick = so_far == BERTH_COMPRESSION_NONE;
    if (!job)
        return false;
    queue_put(quick ? &compressor->quick : &compressor->best, job);
    *(quick ? &compressor->state.waiting : &compressor->state.improving) += 1;
    return true;
}

static bool collect_unfinished(const struct berth_version *version, void *context) {
    return enqueue(context, version->compression, version->module, version->version);
}

static enum berth_code start_clerk(struct berth_compressor *compressor, struct berth_error *error) {
    struct berth_registry *registry = compressor->options.registry;
    enum berth_code code = registry->ops->uncompressed_each(registry, BERTH_COMPRESSION_BEST,
                                                            collect_unfinished, compressor, error);
    if (code != BERTH_OK)
        return code;
    int result = pthread_create(&compressor->clerk, NULL, keep_clerk, compressor);
    if (result != 0)
        return berth_fail(error, BERTH_NO_MEMORY, "threads",
                          "cannot start a thread for compression: %s", strerrordesc_np(result));
    compressor->has_clerk = true;
    (void)pthread_setname_np(compressor->clerk, "variants");
    return BERTH_OK;
}

enum berth_code berth_compressor_start(const struct berth_compressor_options *options,
                                       struct berth_compressor **ret, struct berth_error *error) {
    struct berth_compressor *compressor = calloc(1, sizeof *compressor);
    if (!compressor)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    compressor->options = *options;
    pthread_mutex_init(&compressor->lock, NULL);
    pthread_cond_init(&compressor->added, NULL);
    enum berth_code code =
        crew_start(&compressor->crew, options->store, options->threads, &compressor->stop, error);
    if (code == BERTH_OK && options->threads > 0)
        code = start_clerk(compressor, error);
    if (code == BERTH_OK)
        *ret = compressor;
    else
        berth_compressor_stop(compressor);
    return code;
}

void berth_compressor_add(struct berth_compressor *compressor, const char *module,
                          const char *version) {
    if (!compressor->has_clerk)
        return;
    pthread_mutex_lock(&compressor->lock);
    if (enqueue(compressor, BERTH_COMPRESSION_NONE, module, version))
        pthread_cond_signal(&compressor->added);
    pthread_mutex_unlock(&compressor->lock);
}

void berth_compressor_stop(struct berth_compressor *compressor) {
    if (!compressor)
        return;
    pthread_mutex_lock(&compressor->lock);
    atomic_store(&compressor->stop, true);
    pthread_cond_broadcast(&compressor->added);
    pthread_mutex_unlock(&compressor->lock);
    if (compressor->has_clerk)
        pthread_join(compressor->clerk, NULL);
    crew_end(&compressor->crew);
    queue_done(&compressor->quick);
    queue_done(&compressor->best);
    pthread_mutex_destroy(&compressor->lock);
    pthread_cond_destroy(&compressor->added);
    free(compressor);
}

void berth_compressor_state(struct berth_compressor *compressor,
                            struct berth_compressor_state *ret) {
    pthread_mutex_lock(&compressor->lock);
    *ret = compressor->state;
    pthread_mutex_unlock(&compressor->lock);
}
