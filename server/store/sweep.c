/* Which blobs may go.
 *
 * A blob gets its row late: an upload writes it, or finds it there, and names it in a row when all
 * of the archive was read. Meanwhile no row may name it, and it must stay. So whoever writes blobs
 * opens a hold first and closes it when the row is there, and each digest that is written or found
 * while any hold is open is pinned. Pins are dropped when no hold is left that could need them:
 * numbers that only grow tell that, so a pin need not know whose it is.
 *
 * The order that makes it safe: a pin is set before the look whether the blob is there, and a
 * sweep looks for the pin and unlinks under one lock. Either the pin comes first and the blob
 * stays, or the blob is gone when the upload looks, which then writes it. From its begin on, which
 * comes before the rows are read, a sweep also keeps all pins: an upload that ends meanwhile has
 * its row, but too late for the list.
 */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_needed(uint64_t pin, void *context) {
    return pin >= *(const uint64_t *)context;
}

/* With the lock held. */
static void drop_pins(struct berth_store *store) {
    uint64_t oldest = UINT64_MAX;
    if (store->sweeping)
        return;
    for (const struct berth_hold *hold = store->holds; hold; hold = hold->next)
        oldest = hold->since < oldest ? hold->since : oldest;
    if (oldest == UINT64_MAX) {
        berth_digests_done(&store->pins);
        store->pins_lost = false;
    } else {
        berth_digests_filter(&store->pins, is_needed, &oldest);
    }
    store->pins_watched = 2 * store->pins.count;
}

void berth_hold_begin(struct berth_store *store, struct berth_hold *ret) {
    pthread_mutex_lock(&store->pin_lock);
    *ret = (struct berth_hold){.next = store->holds, .since = ++store->pin_clock};
    if (store->holds)
        store->holds->previous = ret;
    store->holds = ret;
    pthread_mutex_unlock(&store->pin_lock);
}

void berth_hold_end(struct berth_store *store, struct berth_hold *hold) {
    pthread_mutex_lock(&store->pin_lock);
    if (hold->previous)
        hold->previous->next = hold->next;
    else
        store->holds = hold->next;
    if (hold->next)
        hold->next->previous = hold->previous;
    /* Where uploads overlap without end, the table would only grow. */
    if (!store->holds || store->pins.count > store->pins_watched + STORE_PINS_SLACK)
        drop_pins(store);
    pthread_mutex_unlock(&store->pin_lock);
}

void store_pin(struct berth_store *store, const struct berth_digest *digest) {
    pthread_mutex_lock(&store->pin_lock);
    if (store->holds) {
        uint64_t *pin = berth_digests_add(&store->pins, digest);
        if (pin)
            *pin = store->pin_clock;
        else
            store->pins_lost = true; /* nothing is removed until all holds have ended */
    }
    pthread_mutex_unlock(&store->pin_lock);
}

enum berth_code berth_sweep_begin(struct berth_store *store, struct berth_error *error) {
    enum berth_code code = store_check(store, error);
    if (code)
        return code;
    pthread_mutex_lock(&store->pin_lock);
    if (store->sweeping)
        code = berth_fail(error, BERTH_BUSY, "sweep-running", "blobs are being removed already");
    store->sweeping = true;
    pthread_mutex_unlock(&store->pin_lock);
    return code;
}

void berth_sweep_end(struct berth_store *store) {
    pthread_mutex_lock(&store->pin_lock);
    store->sweeping = false;
    drop_pins(store);
    pthread_mutex_unlock(&store->pin_lock);
}

static bool is_set(uint64_t value, void *context) {
    (void)context;
    return value != 0;
}

/* With the lock held. It must not keep its place among the suspects. */
static void clear_suspect(struct berth_store *store, const struct berth_digest *digest) {
    uint64_t *suspect = berth_digests_find(&store->suspects, digest);
    if (!suspect)
        return;
    *suspect = 0;
    berth_digests_filter(&store->suspects, is_set, NULL);
}

/* With the lock held. */
static int remove_unpinned(struct berth_store *store, const struct berth_digest *digest, bool dry,
                           int64_t *ret_bytes) {
    char name[STORE_NAME_BYTES];
    struct stat status;
    store_blob_name(digest, name);
    if (fstatat(store->blobs_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    *ret_bytes = status.st_size;
    int result = dry ? 0 : unlinkat(store->blobs_fd, name, 0);
    if (result == 0 && !dry)
        clear_suspect(store, digest);
    return result;
}

enum berth_code berth_sweep_remove(struct berth_store *store, const struct berth_digest *digest,
                                   bool dry, bool *ret_removed, int64_t *ret_bytes,
                                   struct berth_error *error) {
    int64_t bytes = 0;
    *ret_removed = false;
    pthread_mutex_lock(&store->pin_lock);
    bool pinned = store->pins_lost || berth_digests_find(&store->pins, digest);
    int result = pinned ? 0 : remove_unpinned(store, digest, dry, &bytes);
    int number = errno;
    pthread_mutex_unlock(&store->pin_lock);
    errno = number;
    if (result != 0 && number != ENOENT)
        return berth_fail_errno(error, "store-io", "cannot remove a blob");
    *ret_removed = !pinned && result == 0;
    if (*ret_removed)
        *ret_bytes = bytes;
    if (*ret_removed && !dry)
        store_mark_dirty(store, digest);
    return BERTH_OK;
}

/* --- damage that was met --- */

enum { SUSPECTS_MAX = 4096 }; /* a disk that fails as a whole is not healed blob by blob */

void berth_blob_suspect(struct berth_store *store, const struct berth_digest *digest) {
    pthread_mutex_lock(&store->pin_lock);
    if (store->suspects.count < SUSPECTS_MAX) {
        uint64_t *suspect = berth_digests_add(&store->suspects, digest);
        if (suspect)
            *suspect = 1;
    }
    pthread_mutex_unlock(&store->pin_lock);
}

bool store_is_suspect(struct berth_store *store, const struct berth_digest *digest) {
    pthread_mutex_lock(&store->pin_lock);
    const uint64_t *suspect = berth_digests_find(&store->suspects, digest);
    bool is = suspect && *suspect;
    pthread_mutex_unlock(&store->pin_lock);
    return is;
}

void store_clear_suspect(struct berth_store *store, const struct berth_digest *digest) {
    pthread_mutex_lock(&store->pin_lock);
    clear_suspect(store, digest);
    pthread_mutex_unlock(&store->pin_lock);
}
