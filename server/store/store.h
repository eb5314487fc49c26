/* What the files of this room share; the contract is berth/store.h. */
#ifndef BERTH_STORE_STORE_H
#define BERTH_STORE_STORE_H

#include "berth/digests.h"
#include "berth/store.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { STORE_FOLDER_COUNT = 256, STORE_TEMP_BYTES = 32 };
enum { STORE_PINS_SLACK = 4096, STORE_FOUND_BYTES = 600 };

struct berth_store {
    char *directory;
    int directory_fd;
    int lock_fd;
    int tmp_fd;
    int blobs_fd;
    atomic_uint_fast64_t next_temp;
    atomic_bool broken; /* a failed fsync; never reset */

    /* `dirty_lock` guards the flags and is held for a moment only (at most for a mkdir or a
     * rename). `sync_lock` is held across the fsyncs, so that a caller whose folder another thread
     * has taken over waits for that thread. */
    pthread_mutex_t dirty_lock;
    pthread_mutex_t sync_lock;
    bool dirty[STORE_FOLDER_COUNT];
    bool synced[STORE_FOLDER_COUNT]; /* once since the start: all older names are durable */
    bool blobs_dirty;                /* a folder was made in blobs/ */

    /* Which blobs must stay though no row names them (sweep.c). Innermost. */
    pthread_mutex_t pin_lock;
    struct berth_hold *holds;
    uint64_t pin_clock;
    struct berth_digests pins; /* the clock when it was pinned last */
    size_t pins_watched;       /* how many there may be before old ones are looked for */
    bool pins_lost;            /* out of memory: all are pinned */
    bool sweeping;
    struct berth_digests suspects; /* 1: to be written anew */
};

/* BERTH_IO ("store-broken") once an fsync has failed. */
enum berth_code store_check(struct berth_store *store, struct berth_error *error);

/* After a failed fsync: no write is taken any more. */
enum berth_code store_break(struct berth_store *store, struct berth_error *error);

/* A new file in tmp/ with a name of its own, open for reading and writing. */
enum berth_code store_temp(struct berth_store *store, char ret_name[STORE_TEMP_BYTES], int *ret_fd,
                           struct berth_error *error);

/* Makes blobs/xx, or finds it. */
enum berth_code store_make_folder(struct berth_store *store, unsigned folder,
                                  struct berth_error *error);

enum { STORE_NAME_BYTES = 3 + BERTH_HEX_BYTES }; /* "ab/" and the digest */
void store_blob_name(const struct berth_digest *digest, char ret[STORE_NAME_BYTES]);

/* Is there a blob of that digest, of that size, that was not found damaged? If so, the next sync
 * makes its name durable, should a server that was killed have left it. There or not, it is pinned.
 */
bool store_has(struct berth_store *store, const struct berth_digest *digest, int64_t bytes);

/* The next sync makes what changed in its folder durable. */
void store_mark_dirty(struct berth_store *store, const struct berth_digest *digest);

/* Gives a synced file of tmp/ its name, or removes it when there is a sound one of that name. A
 * file that cannot be named is left. */
enum berth_code store_name(struct berth_store *store, const char *temp,
                           const struct berth_digest *digest, struct berth_error *error);

/* --- sweep.c --- */
void store_pin(struct berth_store *store, const struct berth_digest *digest);
bool store_is_suspect(struct berth_store *store, const struct berth_digest *digest);
void store_clear_suspect(struct berth_store *store, const struct berth_digest *digest);

/* fsyncs them all, by several threads if they are many, since the disk takes flushes that come
 * together as one. Every failure but a full disk breaks the store. */
enum berth_code store_sync_files(struct berth_store *store, const int *fds, size_t count,
                                 struct berth_error *error);

/* Takes a whole file over: its descriptor, its name in tmp/, and what it is to be called. On
 * failure it is the caller's still. */
enum berth_code store_batch_take(struct berth_batch *batch, int fd, const char *temp,
                                 const struct berth_digest *digest, struct berth_error *error);
struct berth_store *store_of_batch(struct berth_batch *batch);

#endif
