#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum berth_code store_check(struct berth_store *store, struct berth_error *error) {
    if (!atomic_load(&store->broken))
        return BERTH_OK;
    berth_fail(error, BERTH_IO, "store-broken", "an earlier fsync failed, so no write is taken");
    berth_error_hint(error, "check the disk, then restart the server");
    return BERTH_IO;
}

enum berth_code store_break(struct berth_store *store, struct berth_error *error) {
    atomic_store(&store->broken, true);
    return berth_fail_errno(error, "store-broken", "fsync failed");
}

enum berth_code store_temp(struct berth_store *store, char ret_name[STORE_TEMP_BYTES], int *ret_fd,
                           struct berth_error *error) {
    enum berth_code code = store_check(store, error);
    if (code)
        return code;
    /* tmp/ was emptied under the lock, so a counter is enough to be the only one of that name. */
    uint64_t number = atomic_fetch_add(&store->next_temp, 1);
    snprintf(ret_name, STORE_TEMP_BYTES, "%" PRIu64, number);
    int fd =
        openat(store->tmp_fd, ret_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return berth_fail_errno(error, "store-io", "cannot make a temporary file");
    *ret_fd = fd;
    return BERTH_OK;
}

enum berth_code berth_store_scratch(struct berth_store *store, int *ret_fd,
                                    struct berth_error *error) {
    char name[STORE_TEMP_BYTES];
    int fd = -1;
    enum berth_code code = store_temp(store, name, &fd, error);
    if (code)
        return code;
    if (unlinkat(store->tmp_fd, name, 0) != 0) {
        code = berth_fail_errno(error, "store-io", "cannot unlink a temporary file");
        close(fd);
        return code;
    }
    *ret_fd = fd;
    return BERTH_OK;
}

enum berth_code berth_store_scratch_path(struct berth_store *store, char **ret,
                                         struct berth_error *error) {
    enum berth_code code = store_check(store, error);
    if (code)
        return code;
    if (asprintf(ret, "%s/tmp/scratch-%" PRIu64, store->directory,
                 atomic_fetch_add(&store->next_temp, 1)) < 0)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    return BERTH_OK;
}

/* The lock is held over the mkdir: else another thread could put its blob into the new folder and
 * sync before the mark is set, and name a blob whose folder is not durable. */
enum berth_code store_make_folder(struct berth_store *store, unsigned folder,
                                  struct berth_error *error) {
    char name[3];
    snprintf(name, sizeof name, "%02x", folder & 0xffU);
    enum berth_code code = BERTH_OK;
    pthread_mutex_lock(&store->dirty_lock);
    if (mkdirat(store->blobs_fd, name, 0700) == 0)
        store->blobs_dirty = true;
    else if (errno != EEXIST)
        code = berth_fail_errno(error, "store-io", "cannot make a blob folder");
    pthread_mutex_unlock(&store->dirty_lock);
    return code;
}

void store_blob_name(const struct berth_digest *digest, char ret[STORE_NAME_BYTES]) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(digest, hex);
    snprintf(ret, STORE_NAME_BYTES, "%.2s/%s", hex, hex);
}

/* Whoever sees a name finds, once it has the lock, that its folder is marked, or that a sync has
 * taken the mark over, for which its own sync waits. So only names from before the start need a
 * mark, and those once. */
bool store_has(struct berth_store *store, const struct berth_digest *digest, int64_t bytes) {
    char name[STORE_NAME_BYTES];
    struct stat status;
    store_blob_name(digest, name);
    store_pin(store, digest); /* before the look: see sweep.c */
    if (fstatat(store->blobs_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (status.st_size != bytes || store_is_suspect(store, digest))
        return false;
    pthread_mutex_lock(&store->dirty_lock);
    if (!store->synced[digest->bytes[0]])
        store->dirty[digest->bytes[0]] = true;
    pthread_mutex_unlock(&store->dirty_lock);
    return true;
}

void store_mark_dirty(struct berth_store *store, const struct berth_digest *digest) {
    pthread_mutex_lock(&store->dirty_lock);
    store->dirty[digest->bytes[0]] = true;
    pthread_mutex_unlock(&store->dirty_lock);
}

/* RENAME_NOREPLACE is what keeps a blob that is there already. One that was found damaged goes:
 * whoever has it open reads on in what it was. The lock is held over the rename: see store_has. */
static int rename_file(struct berth_store *store, const char *temp, const char *name,
                       unsigned folder, bool replace) {
    pthread_mutex_lock(&store->dirty_lock);
    int result =
        renameat2(store->tmp_fd, temp, store->blobs_fd, name, replace ? 0 : RENAME_NOREPLACE);
    int number = errno;
    if (result == 0 || number == EEXIST)
        store->dirty[folder] = true;
    pthread_mutex_unlock(&store->dirty_lock);
    errno = number;
    return result;
}

/* The file of that name against the one that is to get it. */
static bool is_damaged(struct berth_store *store, const char *temp, const char *name,
                       const struct berth_digest *digest) {
    struct stat there;
    struct stat ours;
    return store_is_suspect(store, digest) ||
           (fstatat(store->blobs_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            fstatat(store->tmp_fd, temp, &ours, AT_SYMLINK_NOFOLLOW) == 0 &&
            there.st_size != ours.st_size);
}

enum berth_code store_name(struct berth_store *store, const char *temp,
                           const struct berth_digest *digest, struct berth_error *error) {
    char name[STORE_NAME_BYTES];
    store_blob_name(digest, name);
    int result = rename_file(store, temp, name, digest->bytes[0], false);
    if (result != 0 && errno == ENOENT) {
        enum berth_code code = store_make_folder(store, digest->bytes[0], error);
        if (code)
            return code;
        result = rename_file(store, temp, name, digest->bytes[0], false);
    }
    if (result != 0 && errno == EEXIST && is_damaged(store, temp, name, digest)) {
        result = rename_file(store, temp, name, digest->bytes[0], true);
    } else if (result != 0 && errno == EEXIST) {
        unlinkat(store->tmp_fd, temp, 0);
        return BERTH_OK;
    }
    if (result != 0)
        return berth_fail_errno(error, "store-io", "cannot name a blob");
    store_clear_suspect(store, digest);
    return BERTH_OK;
}

struct marks {
    bool dirty[STORE_FOLDER_COUNT];
    bool blobs_dirty;
};

static void take_marks(struct berth_store *store, struct marks *ret) {
    pthread_mutex_lock(&store->dirty_lock);
    memcpy(ret->dirty, store->dirty, sizeof ret->dirty);
    memset(store->dirty, 0, sizeof store->dirty);
    ret->blobs_dirty = store->blobs_dirty;
    store->blobs_dirty = false;
    pthread_mutex_unlock(&store->dirty_lock);
}

static void put_marks_back(struct berth_store *store, const struct marks *marks) {
    pthread_mutex_lock(&store->dirty_lock);
    for (unsigned folder = 0; folder < STORE_FOLDER_COUNT; folder++)
        store->dirty[folder] = store->dirty[folder] || marks->dirty[folder];
    store->blobs_dirty = store->blobs_dirty || marks->blobs_dirty;
    pthread_mutex_unlock(&store->dirty_lock);
}

/* Not being able to open a folder is not a failed fsync: nothing is lost, the next call tries
 * again. */
static enum berth_code open_folders(struct berth_store *store, const struct marks *marks,
                                    int *ret_fds, size_t *ret_count, struct berth_error *error) {
    for (unsigned folder = 0; folder < STORE_FOLDER_COUNT; folder++) {
        char name[3];
        if (!marks->dirty[folder])
            continue;
        snprintf(name, sizeof name, "%02x", folder);
        int fd = openat(store->blobs_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return berth_fail_errno(error, "store-io", "cannot open a blob folder");
        ret_fds[(*ret_count)++] = fd;
    }
    return BERTH_OK;
}

static void note_synced(struct berth_store *store, const struct marks *marks) {
    pthread_mutex_lock(&store->dirty_lock);
    for (unsigned folder = 0; folder < STORE_FOLDER_COUNT; folder++)
        store->synced[folder] = store->synced[folder] || marks->dirty[folder];
    pthread_mutex_unlock(&store->dirty_lock);
}

static enum berth_code sync_folders(struct berth_store *store, const struct marks *marks,
                                    struct berth_error *error) {
    int fds[STORE_FOLDER_COUNT];
    size_t count = 0;
    enum berth_code code = open_folders(store, marks, fds, &count, error);
    if (!code)
        code = store_sync_files(store, fds, count, error);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    if (!code && marks->blobs_dirty && fsync(store->blobs_fd) != 0)
        code = store_break(store, error);
    if (!code)
        note_synced(store, marks);
    return code;
}

enum berth_code berth_store_sync(struct berth_store *store, struct berth_error *error) {
    struct marks marks;
    pthread_mutex_lock(&store->sync_lock);
    take_marks(store, &marks);
    /* Checked under the lock: whoever waited here for the fsync that failed must not go on. */
    enum berth_code code = store_check(store, error);
    if (!code)
        code = sync_folders(store, &marks, error);
    if (code)
        put_marks_back(store, &marks);
    pthread_mutex_unlock(&store->sync_lock);
    return code;
}
