/* What the files of this room share; the contract is berth/store.h. */
#ifndef BERTH_STORE_STORE_H
#define BERTH_STORE_STORE_H

#include "berth/store.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { STORE_FOLDER_COUNT = 256, STORE_TEMP_BYTES = 32 };

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

/* Is there a blob of that digest? If so, the next sync makes its name durable, should a server that
 * was killed have left it. */
bool store_has(struct berth_store *store, const struct berth_digest *digest);

/* Gives a synced file of tmp/ its name, or removes it when there is one of that name. A file that
 * cannot be named is left. */
enum berth_code store_name(struct berth_store *store, const char *temp,
                           const struct berth_digest *digest, struct berth_error *error);

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
