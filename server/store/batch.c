/* Blobs that are synced together. Each is written out from the moment it is whole, so that the
 * fsyncs find little left to do; then all are synced, then all are named.
 *
 * The descriptors stay open until then: a file that is closed could lose the news of a failed
 * write-out together with its inode.
 */
#include "store.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH_FILES = 128 }; /* open at once, whatever an archive has; then they are synced */

struct berth_batch {
    struct berth_store *store;
    size_t count;
    int fds[BATCH_FILES];
    struct berth_digest digests[BATCH_FILES];
    char temps[BATCH_FILES][STORE_TEMP_BYTES]; /* empty: it has its name */
};

struct berth_store *store_of_batch(struct berth_batch *batch) {
    return batch->store;
}

enum berth_code berth_batch_begin(struct berth_store *store, struct berth_batch **ret,
                                  struct berth_error *error) {
    struct berth_batch *batch = malloc(sizeof *batch);
    if (!batch)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    batch->store = store;
    batch->count = 0;
    *ret = batch;
    return BERTH_OK;
}

static void drop_files(struct berth_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        close(batch->fds[i]);
        if (batch->temps[i][0] != '\0')
            unlinkat(batch->store->tmp_fd, batch->temps[i], 0);
    }
    batch->count = 0;
}

static enum berth_code flush(struct berth_batch *batch, struct berth_error *error) {
    enum berth_code code = store_check(batch->store, error);
    if (!code)
        code = store_sync_files(batch->store, batch->fds, batch->count, error);
    for (size_t i = 0; !code && i < batch->count; i++) {
        code = store_name(batch->store, batch->temps[i], &batch->digests[i], error);
        if (!code)
            batch->temps[i][0] = '\0';
    }
    drop_files(batch);
    return code;
}

enum berth_code store_batch_take(struct berth_batch *batch, int fd, const char *temp,
                                 const struct berth_digest *digest, struct berth_error *error) {
    enum berth_code code = batch->count == BATCH_FILES ? flush(batch, error) : BERTH_OK;
    if (code)
        return code;
    /* A hint; what fails here, the fsync tells. */
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    batch->fds[batch->count] = fd;
    batch->digests[batch->count] = *digest;
    memcpy(batch->temps[batch->count], temp, STORE_TEMP_BYTES);
    batch->count++;
    return BERTH_OK;
}

void berth_batch_abort(struct berth_batch *batch) {
    if (!batch)
        return;
    drop_files(batch);
    free(batch);
}

enum berth_code berth_batch_finish(struct berth_batch *batch, struct berth_error *error) {
    enum berth_code code = flush(batch, error);
    free(batch);
    return code;
}
