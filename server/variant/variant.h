/* What the files of this room share.
 *
 * One thread, the clerk, takes versions from the queues, writes blobs and asks the registry and the
 * desk, at the server's own priority: it holds their locks for a moment, and a thread that hardly
 * gets to run must not. The workers, at the lowest priority, only read and compress. */
#ifndef BERTH_VARIANT_VARIANT_H
#define BERTH_VARIANT_VARIANT_H

#include "berth/variant.h"

#include <pthread.h>
#include <stdatomic.h>

/* --- make.c --- */
/* berth_variant_make, but BERTH_BUSY ("variant-stopped") soon after *stop (may be NULL) is set. */
enum berth_code variant_make(enum berth_coding coding, bool best, const void *data, size_t length,
                             const atomic_bool *stop, char **ret, size_t *ret_length,
                             struct berth_error *error);

/* --- queue.c: versions in order; whoever has it locks it --- */
struct job {
    struct job *next;
    const char *module;
    const char *version;
    char text[];
};

struct queue {
    struct job *first;
    struct job **end; /* NULL while empty */
};

/* free() it; NULL without memory. */
struct job *job_create(const char *module, const char *version);
void queue_put(struct queue *queue, struct job *job);
struct job *queue_take(struct queue *queue); /* NULL when empty */
void queue_done(struct queue *queue);

/* --- blob.c --- */
/* A blob to be compressed, with what there is of it. */
struct variant_blob {
    struct berth_digest digest;
    struct berth_variant variants[BERTH_CODING_COUNT];
};

/* A blob's bytes under each coding; NULL where there are none that are smaller. */
struct variant_made {
    char *data[BERTH_CODING_COUNT];
    size_t length[BERTH_CODING_COUNT];
};

enum berth_code blob_compress(struct berth_store *store, const struct berth_digest *digest,
                              bool best, const atomic_bool *stop, struct variant_made *ret,
                              struct berth_error *error);
void blob_made_done(struct variant_made *made);
/* Writes them into the batch, and frees them. */
enum berth_code blob_keep(struct berth_batch *batch, const struct berth_digest *digest,
                          struct variant_made *made,
                          struct berth_variant_record ret[BERTH_CODING_COUNT],
                          struct berth_error *error);
/* Is there a variant at all? */
bool blob_is_made(const struct variant_blob *blob);
/* Are they the best? A gzip file says so itself (RFC 1952, XFL 2: "maximum compression, slowest
 * algorithm"), and the three of a blob are always made together. */
bool blob_is_best(struct berth_store *store, const struct variant_blob *blob);

/* --- worker.c: a slot for each worker --- */
enum { WORKERS_MAX = 8 };

struct slot {
    struct crew *crew;
    pthread_t thread;
    enum { SLOT_FREE, SLOT_POSTED, SLOT_DONE } state;
    struct berth_digest digest;
    bool best;
    /* Once done: */
    struct variant_made made;
    enum berth_code code;
    struct berth_error error;
};

struct crew {
    struct berth_store *store;
    const atomic_bool *stop; /* what is being compressed is given up */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ending;
    int count;
    struct slot slots[WORKERS_MAX];
};

enum berth_code crew_start(struct crew *crew, struct berth_store *store, int count,
                           const atomic_bool *stop, struct berth_error *error);
/* Also after a start that failed. No slot may be posted. */
void crew_end(struct crew *crew);
/* Waits for a slot that is free or done. With `all`: for one that is done, or NULL when all are
 * free. The caller empties a slot that is done, and frees it. */
struct slot *crew_wait(struct crew *crew, bool all);
void crew_free(struct crew *crew, struct slot *slot);
void crew_post(struct crew *crew, struct slot *slot, const struct berth_digest *digest, bool best);

/* --- compressor.c --- */
struct berth_compressor {
    struct berth_compressor_options options;
    struct crew crew;
    pthread_t clerk;
    bool has_clerk;
    atomic_bool stop;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t added;
    struct queue quick;
    struct queue best;
    struct berth_compressor_state state;
};

/* Versions that were uploaded meanwhile go before better compression of older ones. */
bool compressor_has_quick(struct berth_compressor *compressor);
void compressor_do_quick(struct berth_compressor *compressor);

/* --- version.c --- */
enum version_outcome { VERSION_DONE, VERSION_STOPPED, VERSION_FAILED };
/* Compresses what is not compressed so far, and notes it. *ret_finished: nothing is left to do. */
enum version_outcome version_compress(struct berth_compressor *compressor, const struct job *job,
                                      bool best, bool *ret_finished);

#endif
