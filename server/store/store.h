/* What the two files of this room share; the contract is berth/store.h. */
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

    /* `dirty_lock` guards the flags and is held for a moment only (at most for a mkdir).
     * `sync_lock` is held across the fsyncs, so that a caller whose folder another thread has taken
     * over waits for that thread. */
    pthread_mutex_t dirty_lock;
    pthread_mutex_t sync_lock;
    bool dirty[STORE_FOLDER_COUNT];
    bool blobs_dirty; /* a folder was made in blobs/ */
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

/* The folder has a name that is not durable yet. */
void store_mark(struct berth_store *store, unsigned folder);

#endif
