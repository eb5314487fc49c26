/* The data directory: blobs named by SHA-256, temporary files, and the lock.
 *
 *     DATA/{lock,tmp/,blobs/ab/<sha256>}        (the registry keeps its database beside them)
 *
 * A blob is written to tmp/, fsynced, and renamed to its digest; berth_store_sync then fsyncs the
 * folders that changed. A row may name a blob only after that sync. Blobs are never changed or
 * overwritten; one that is there already is not written again. A failed fsync is final: the store
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

const char *berth_store_directory(const struct berth_store *store);

/* An unnamed scratch file in tmp/ (its name is already unlinked): nothing remains of it after a
 * crash. The caller closes the descriptor. */
enum berth_code berth_store_scratch(struct berth_store *store, int *ret_fd,
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
 * ("blob-damaged") when it does not match. BERTH_TOO_LARGE over `max_bytes`. */
enum berth_code berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                int64_t max_bytes, char **ret, size_t *ret_bytes,
                                struct berth_error *error);

#endif
