/* Opening the data directory: as a server does, as it was found, or as a new one that is not whole
 * until its maker says so. */
#include "store.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

/* Half a restore looks like a registry that lost most of its rows. */
static enum berth_code refuse_unfinished(struct berth_store *store, struct berth_error *error) {
    struct stat status;
    if (fstatat(store->directory_fd, BERTH_STORE_UNFINISHED, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return BERTH_OK;
    berth_fail(error, BERTH_CONFLICT, "restore-unfinished",
               "a restore into this directory did not end");
    berth_error_where(error, "%s", store->directory);
    berth_error_hint(error, "empty the directory, then restore again");
    return BERTH_CONFLICT;
}

static enum berth_code open_rest(struct berth_store *store, struct berth_error *error) {
    enum berth_code code = take_lock(store, error);
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

static enum berth_code open_all(struct berth_store *store, struct berth_error *error) {
    enum berth_code code = open_directory(store, error);
    if (!code)
        code = refuse_unfinished(store, error);
    return code ? code : open_rest(store, error);
}

/* As it was found: nothing is made or removed, but for the lock file where there is none. */
static enum berth_code open_found(struct berth_store *store, struct berth_error *error) {
    store->directory_fd = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->directory_fd < 0)
        return berth_fail_errno(error, "data-directory", "cannot open the data directory \"%s\"",
                                store->directory);
    enum berth_code code = take_lock(store, error);
    if (!code)
        code = open_folder(store->directory_fd, "tmp", &store->tmp_fd, error);
    return code ? code : open_folder(store->directory_fd, "blobs", &store->blobs_fd, error);
}

static enum berth_code check_empty(struct berth_store *store, struct berth_error *error) {
    int fd = openat(store->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    int entries = -2; /* "." and ".." */
    if (!folder) {
        enum berth_code code =
            berth_fail_errno(error, "data-directory", "cannot read the data directory");
        close_fd(fd);
        return code;
    }
    while (readdir(folder))
        entries++;
    closedir(folder);
    if (entries <= 0)
        return BERTH_OK;
    berth_fail(error, BERTH_CONFLICT, "data-not-empty", "the directory is not empty");
    berth_error_where(error, "%s", store->directory);
    berth_error_hint(error, "name a directory that is empty or not there yet");
    return BERTH_CONFLICT;
}

/* The mark is durable before anything else is there. */
static enum berth_code create_all(struct berth_store *store, struct berth_error *error) {
    enum berth_code code = open_directory(store, error);
    if (!code)
        code = check_empty(store, error);
    if (code)
        return code;
    int fd = openat(store->directory_fd, BERTH_STORE_UNFINISHED,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool failed = fd < 0 || fsync(fd) != 0 || fsync(store->directory_fd) != 0;
    if (failed)
        code = berth_fail_errno(error, "data-directory", "cannot mark the data directory");
    close_fd(fd);
    return code ? code : open_rest(store, error);
}

static enum berth_code
open_by(enum berth_code (*opener)(struct berth_store *, struct berth_error *),
        const char *directory, struct berth_store **ret, struct berth_error *error) {
    struct berth_store *store = calloc(1, sizeof *store);
    if (!store)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    store->directory_fd = store->lock_fd = store->tmp_fd = store->blobs_fd = -1;
    pthread_mutex_init(&store->dirty_lock, NULL);
    pthread_mutex_init(&store->sync_lock, NULL);
    pthread_mutex_init(&store->pin_lock, NULL);
    store->directory = strdup(directory);
    enum berth_code code = store->directory
                               ? opener(store, error)
                               : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (code) {
        berth_store_close(store);
        return code;
    }
    *ret = store;
    return BERTH_OK;
}

enum berth_code berth_store_open(const char *directory, struct berth_store **ret,
                                 struct berth_error *error) {
    return open_by(open_all, directory, ret, error);
}

enum berth_code berth_store_open_found(const char *directory, struct berth_store **ret,
                                       struct berth_error *error) {
    return open_by(open_found, directory, ret, error);
}

enum berth_code berth_store_create(const char *directory, struct berth_store **ret,
                                   struct berth_error *error) {
    return open_by(create_all, directory, ret, error);
}

enum berth_code berth_store_complete(struct berth_store *store, struct berth_error *error) {
    enum berth_code code = berth_store_sync(store, error);
    if (!code && fsync(store->directory_fd) != 0) /* all names before the mark goes */
        code = store_break(store, error);
    if (!code && unlinkat(store->directory_fd, BERTH_STORE_UNFINISHED, 0) != 0)
        code = berth_fail_errno(error, "data-directory", "cannot remove the mark");
    if (!code && fsync(store->directory_fd) != 0)
        code = store_break(store, error);
    return code;
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
    pthread_mutex_destroy(&store->pin_lock);
    berth_digests_done(&store->pins);
    berth_digests_done(&store->suspects);
    free(store->directory);
    free(store);
}

const char *berth_store_directory(const struct berth_store *store) {
    return store->directory;
}
