/* The data directory: blobs named by SHA-256, temporary files, and the lock.
 *
 *     DATA/{lock,tmp/,blobs/ab/<sha256>}        (the registry keeps its database beside them)
 *     DATA/damaged/                             (blobs that were set aside, for people to look at)
 *
 * A blob is written to tmp/, fsynced, and renamed to its digest; berth_store_sync then fsyncs the
 * folders that changed. A row may name a blob only after that sync. Blobs are never changed; one
 * that is there already is not written again, unless it has the wrong size or its bytes were found
 * to be wrong since the start: then sound ones take its place. A failed fsync is final: the store
 * refuses all later writes (BERTH_IO "store-broken"), since the kernel may already have dropped the
 * pages (reads go on). Only a blob's fsync that finds the disk full is not: it costs that blob, or
 * its batch. Opening takes the lock and empties tmp/, so what a killed server left there is gone.
 *
 * Thread rules: internally locked; a batch with its writers belongs to one thread at a time.
 */
#ifndef BERTH_STORE_H
#define BERTH_STORE_H

#include "berth/digest.h"
#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct berth_store;
struct berth_batch;
struct berth_blob_writer;

/* Creates the directory (0700) if it is missing. BERTH_CONFLICT ("data-locked") when another
 * process has it, naming its pid. */
enum berth_code berth_store_open(const char *directory, struct berth_store **ret,
                                 struct berth_error *error);
void berth_store_close(struct berth_store *store);

/* The same, changing nothing of what is there: tmp/ keeps what it has, and a folder that is missing
 * is an error. For those who look at a directory that no server has. */
enum berth_code berth_store_open_found(const char *directory, struct berth_store **ret,
                                       struct berth_error *error);

/* A new store in a directory that is missing or empty, else BERTH_CONFLICT ("data-not-empty").
 * Until berth_store_complete, which makes all in it durable first, berth_store_open refuses it:
 * BERTH_CONFLICT ("restore-unfinished"). */
#define BERTH_STORE_UNFINISHED "unfinished" /* the file that says so */
enum berth_code berth_store_create(const char *directory, struct berth_store **ret,
                                   struct berth_error *error);
enum berth_code berth_store_complete(struct berth_store *store, struct berth_error *error);

const char *berth_store_directory(const struct berth_store *store);

/* An unnamed scratch file in tmp/ (its name is already unlinked): nothing remains of it after a
 * crash. The caller closes the descriptor. */
enum berth_code berth_store_scratch(struct berth_store *store, int *ret_fd,
                                    struct berth_error *error);

/* A scratch file with a name, for a library that must open it itself: the path of one that is not
 * there yet, to free. The caller removes what became of it; the next start does so too. */
enum berth_code berth_store_scratch_path(struct berth_store *store, char **ret,
                                         struct berth_error *error);

/* Many blobs whose contents are synced together, which costs far less than one after the other.
 * They have their names, and can be read, once the batch is finished. */
enum berth_code berth_batch_begin(struct berth_store *store, struct berth_batch **ret,
                                  struct berth_error *error);
/* Frees the batch in any case. On failure some of its blobs may be there; they do no harm. */
enum berth_code berth_batch_finish(struct berth_batch *batch, struct berth_error *error);
void berth_batch_abort(struct berth_batch *batch); /* NULL is fine */

/* Writes one blob: begin, any number of adds, then finish or abort (which frees the writer). In a
 * batch, which must live longer, or alone. */
enum berth_code berth_blob_begin(struct berth_store *store, struct berth_blob_writer **ret,
                                 struct berth_error *error);
enum berth_code berth_blob_begin_in(struct berth_batch *batch, struct berth_blob_writer **ret,
                                    struct berth_error *error);
enum berth_code berth_blob_add(struct berth_blob_writer *writer, const void *data, size_t length,
                               struct berth_error *error);
/* Durable contents under their digest, once the batch, if any, was finished and then
 * berth_store_sync has returned. Frees the writer in any case. A blob that is there already is left
 * as it is. */
enum berth_code berth_blob_finish(struct berth_blob_writer *writer, struct berth_digest *ret_digest,
                                  int64_t *ret_bytes, struct berth_error *error);
void berth_blob_abort(struct berth_blob_writer *writer); /* NULL is fine */

/* Makes the names of all blobs and batches finished before this call durable. */
enum berth_code berth_store_sync(struct berth_store *store, struct berth_error *error);

/* An open read-only descriptor on a blob, and its size. BERTH_NOT_FOUND when there is none. */
enum berth_code berth_blob_open(struct berth_store *store, const struct berth_digest *digest,
                                int *ret_fd, int64_t *ret_bytes, struct berth_error *error);

/* The whole blob in memory (free it), `bytes` long, checked against its digest: BERTH_IO
 * ("blob-damaged") when it does not match or the disk cannot read it. BERTH_TOO_LARGE ("blob-size")
 * over `max_bytes`. */
enum berth_code berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                int64_t max_bytes, char **ret, size_t *ret_bytes,
                                struct berth_error *error);

/* Says that a blob's bytes are not what its name says: the next writer of the same contents then
 * puts sound ones in its place. berth_blob_read says so by itself. */
void berth_blob_suspect(struct berth_store *store, const struct berth_digest *digest);

/* Moves a blob to DATA/damaged/. */
enum berth_code berth_blob_set_aside(struct berth_store *store, const struct berth_digest *digest,
                                     struct berth_error *error);

/* What lies in blobs/; false stops. */
struct berth_blob_found {
    const char *name; /* below blobs/ */
    bool is_blob;     /* a file in its place under the name of a digest; else something foreign */
    struct berth_digest digest; /* of its name; the bytes were not looked at */
    int64_t bytes;
};
typedef bool (*berth_blob_fn)(const struct berth_blob_found *found, void *context);
enum berth_code berth_blobs_each(struct berth_store *store, berth_blob_fn fn, void *context,
                                 struct berth_error *error);

/* From before the first blob is written or found until a row names it: what is written or found
 * meanwhile, by whomever, is not swept. The struct is the caller's and stays where it is. */
struct berth_hold {
    struct berth_hold *next;
    struct berth_hold *previous;
    uint64_t since;
};
void berth_hold_begin(struct berth_store *store, struct berth_hold *ret);
void berth_hold_end(struct berth_store *store, struct berth_hold *hold);

/* Removing blobs that no row names. Begin, then read the rows, then remove, then end; one at a
 * time: BERTH_BUSY ("sweep-running"). A blob that was written or found under a hold that was open
 * at the begin, or opened since, stays: *ret_removed false. `dry`: nothing is removed, and
 * *ret_removed says what would be. */
enum berth_code berth_sweep_begin(struct berth_store *store, struct berth_error *error);
enum berth_code berth_sweep_remove(struct berth_store *store, const struct berth_digest *digest,
                                   bool dry, bool *ret_removed, int64_t *ret_bytes,
                                   struct berth_error *error);
void berth_sweep_end(struct berth_store *store);

#endif
