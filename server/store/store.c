#include "store.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int fd) {
    if (fd >= 0)
        close(fd);
}

/* Makes a folder durable in its parent. Whether it was made now or found, its parent is synced: a
 * server killed between the two left it found, but not durable. */
static enum berth_code make_folder(int parent_fd, const char *name, struct berth_error *error) {
    if (mkdirat(parent_fd, name, 0700) != 0 && errno != EEXIST)
        return berth_fail_errno(error, "data-directory", "cannot make the folder \"%s\"", name);
    if (fsync(parent_fd) != 0)
        return berth_fail_errno(error, "data-directory", "cannot sync the data directory");
    return BERTH_OK;
}

static enum berth_code open_folder(int parent_fd, const char *name, int *ret,
                                   struct berth_error *error) {
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return berth_fail_errno(error, "data-directory", "cannot open the folder \"%s\"", name);
    *ret = fd;
    return BERTH_OK;
}

static enum berth_code sync_parent(const char *directory, struct berth_error *error) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return berth_fail_errno(error, "data-directory", "cannot open \"%s\"", directory);
    int parent_fd = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(fd);
    /* A parent that may be passed through but not read cannot be synced by us, nor was it changed
     * by us. */
    int failed = parent_fd >= 0 && fsync(parent_fd) != 0;
    enum berth_code code = BERTH_OK;
    if (failed) {
        code = berth_fail_errno(error, "data-directory", "cannot sync the parent of \"%s\"",
                                directory);
    }
    close_fd(parent_fd);
    return code;
}

/* The data directory itself may be reached through symbolic links: where it lies is the operator's
 * choice. */
static enum berth_code open_directory(struct berth_store *store, struct berth_error *error) {
    bool made = mkdir(store->directory, 0700) == 0;
    if (!made && errno != EEXIST) {
        return berth_fail_errno(error, "data-directory", "cannot make the data directory \"%s\"",
                                store->directory);
    }
    store->directory_fd = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory_fd < 0) {
        return berth_fail_errno(error, "data-directory", "cannot open the data directory \"%s\"",
                                store->directory);
    }
    return made ? sync_parent(store->directory, error) : BERTH_OK;
}

static enum berth_code fail_locked(struct berth_store *store, struct berth_error *error) {
    char text[24] = "";
    ssize_t length = pread(store->lock_fd, text, sizeof text - 1, 0);
    long pid = length > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0) {
        berth_fail(error, BERTH_CONFLICT, "data-locked",
                   "the data directory is in use by process %ld", pid);
    } else {
        berth_fail(error, BERTH_CONFLICT, "data-locked",
                   "the data directory is in use by another process");
    }
    berth_error_where(error, "%s", store->directory);
    berth_error_hint(error, "stop that server, or choose another directory with --data");
    return BERTH_CONFLICT;
}

/* flock belongs to the open file: it ends with the process however that ends, and it also keeps a
 * second store of this process out. The file stays when the lock is dropped, since removing it
 * would race with one who has just opened it. */
static enum berth_code take_lock(struct berth_store *store, struct berth_error *error) {
    store->lock_fd =
        openat(store->directory_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (store->lock_fd < 0)
        return berth_fail_errno(error, "data-directory", "cannot open the lock file");
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail_locked(store, error);
        return berth_fail_errno(error, "data-directory", "cannot lock the data directory");
    }
    /* The pid is only for the message above, so a disk too full for it must not stop a start. */
    char text[24];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(store->lock_fd, 0) == 0)
        (void)!pwrite(store->lock_fd, text, (size_t)length, 0);
    return BERTH_OK;
}

/* Removes what a killed server left. Only files are expected; a folder was put there by a person
 * and makes the start fail rather than be searched. */
static enum berth_code empty_tmp(struct berth_store *store, struct berth_error *error) {
    int fd = openat(store->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        enum berth_code code = berth_fail_errno(error, "data-directory", "cannot read tmp/");
        close_fd(fd);
        return code;
    }
    enum berth_code code = BERTH_OK;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry) {
            if (errno != 0)
                code = berth_fail_errno(error, "data-directory", "cannot read tmp/");
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(store->tmp_fd, entry->d_name, 0) != 0 && errno != ENOENT) {
            code = berth_fail_errno(error, "data-directory", "cannot remove \"%s\" from tmp/",
                                    entry->d_name);
            break;
        }
    }
    closedir(folder);
    return code;
}

static enum berth_code open_all(struct berth_store *store, struct berth_error *error) {
    enum berth_code code = open_directory(store, error);
    if (!code)
        code = take_lock(store, error);
    if (!code)
        code = make_folder(store->directory_fd, "tmp", error);
    if (!code)
        code = make_folder(store->directory_fd, "blobs", error);
    if (!code)
        code = open_folder(store->directory_fd, "tmp", &store->tmp_fd, error);
    if (!code)
        code = open_folder(store->directory_fd, "blobs", &store->blobs_fd, error);
    /* A server killed before berth_store_sync may have left folders here that are not durable. */
    if (!code && fsync(store->blobs_fd) != 0)
        code = berth_fail_errno(error, "data-directory", "cannot sync blobs/");
    return code ? code : empty_tmp(store, error);
}

enum berth_code berth_store_open(const char *directory, struct berth_store **ret,
                                 struct berth_error *error) {
    struct berth_store *store = calloc(1, sizeof *store);
    if (!store)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    store->directory_fd = store->lock_fd = store->tmp_fd = store->blobs_fd = -1;
    pthread_mutex_init(&store->dirty_lock, NULL);
    pthread_mutex_init(&store->sync_lock, NULL);
    store->directory = strdup(directory);
    enum berth_code code = store->directory
                               ? open_all(store, error)
                               : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (code) {
        berth_store_close(store);
        return code;
    }
    *ret = store;
    return BERTH_OK;
}

void berth_store_close(struct berth_store *store) {
    if (!store)
        return;
    close_fd(store->blobs_fd);
    close_fd(store->tmp_fd);
    close_fd(store->directory_fd);
    close_fd(store->lock_fd); /* last: the lock covers all of the above */
    pthread_mutex_destroy(&store->dirty_lock);
    pthread_mutex_destroy(&store->sync_lock);
    free(store->directory);
    free(store);
}

const char *berth_store_directory(const struct berth_store *store) {
    return store->directory;
}

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
bool store_has(struct berth_store *store, const struct berth_digest *digest) {
    char name[STORE_NAME_BYTES];
    struct stat status;
    store_blob_name(digest, name);
    if (fstatat(store->blobs_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    pthread_mutex_lock(&store->dirty_lock);
    if (!store->synced[digest->bytes[0]])
        store->dirty[digest->bytes[0]] = true;
    pthread_mutex_unlock(&store->dirty_lock);
    return true;
}

/* RENAME_NOREPLACE is what keeps a blob that is there already. The lock is held over the rename:
 * see store_has. */
static int rename_file(struct berth_store *store, const char *temp, const char *name,
                       unsigned folder) {
    pthread_mutex_lock(&store->dirty_lock);
    int result = renameat2(store->tmp_fd, temp, store->blobs_fd, name, RENAME_NOREPLACE);
    int number = errno;
    if (result == 0 || number == EEXIST)
        store->dirty[folder] = true;
    pthread_mutex_unlock(&store->dirty_lock);
    errno = number;
    return result;
}

enum berth_code store_name(struct berth_store *store, const char *temp,
                           const struct berth_digest *digest, struct berth_error *error) {
    char name[STORE_NAME_BYTES];
    store_blob_name(digest, name);
    int result = rename_file(store, temp, name, digest->bytes[0]);
    if (result != 0 && errno == ENOENT) {
        enum berth_code code = store_make_folder(store, digest->bytes[0], error);
        if (code)
            return code;
        result = rename_file(store, temp, name, digest->bytes[0]);
    }
    if (result != 0 && errno != EEXIST)
        return berth_fail_errno(error, "store-io", "cannot name a blob");
    if (result != 0)
        unlinkat(store->tmp_fd, temp, 0);
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
