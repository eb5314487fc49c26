/* What lies in blobs/, and blobs that are taken out of it. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    struct berth_store *store;
    berth_blob_fn fn;
    void *context;
    bool stopped;
};

static bool is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_folder_name(const char *name) {
    static const char digits[] = "0123456789abcdef";
    return strlen(name) == 2 && strspn(name, digits) == 2;
}

/* One that went away since the folder was read is no more to be told of. */
static enum berth_code look_at(struct walk *walk, int folder_fd, const char *folder,
                               const char *name, struct berth_error *error) {
    struct stat status;
    char path[STORE_FOUND_BYTES];
    struct berth_blob_found found = {.name = path};
    (void)snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", name);
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? BERTH_OK
                               : berth_fail_errno(error, "store-io", "cannot look at %s", path);
    found.bytes = status.st_size;
    found.is_blob = S_ISREG(status.st_mode) && *folder && strncmp(folder, name, 2) == 0 &&
                    berth_digest_parse(name, &found.digest);
    walk->stopped = !walk->fn(&found, walk->context);
    return BERTH_OK;
}

static enum berth_code walk_folder(struct walk *walk, int folder_fd, const char *folder,
                                   struct berth_error *error);

static enum berth_code enter(struct walk *walk, int folder_fd, const char *name,
                             struct berth_error *error) {
    int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return look_at(walk, folder_fd, "", name, error);
    if (fd < 0)
        return berth_fail_errno(error, "store-io", "cannot open the blob folder %s", name);
    return walk_folder(walk, fd, name, error);
}

static enum berth_code walk_folder(struct walk *walk, int folder_fd, const char *folder,
                                   struct berth_error *error) {
    DIR *stream = fdopendir(folder_fd);
    enum berth_code code = BERTH_OK;
    if (!stream) {
        code = berth_fail_errno(error, "store-io", "cannot read a blob folder");
        close(folder_fd);
        return code;
    }
    while (!code && !walk->stopped) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno != 0)
            code = berth_fail_errno(error, "store-io", "cannot read a blob folder");
        if (!entry)
            break;
        if (is_dot(entry->d_name))
            continue;
        bool enters = !*folder && is_folder_name(entry->d_name);
        code = enters ? enter(walk, folder_fd, entry->d_name, error)
                      : look_at(walk, folder_fd, folder, entry->d_name, error);
    }
    closedir(stream);
    return code;
}

enum berth_code berth_blobs_each(struct berth_store *store, berth_blob_fn fn, void *context,
                                 struct berth_error *error) {
    struct walk walk = {.store = store, .fn = fn, .context = context};
    int fd = openat(store->blobs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return berth_fail_errno(error, "store-io", "cannot read blobs/");
    return walk_folder(&walk, fd, "", error);
}

/* The first name that is free: the same blob may have been damaged before. */
static int move_aside(struct berth_store *store, int aside_fd, const char *name) {
    char aside[BERTH_HEX_BYTES + 8];
    int result = -1;
    for (int i = 0; i < 1000 && result != 0; i++) {
        (void)snprintf(aside, sizeof aside, i ? "%s.%d" : "%s", name + 3, i);
        result = renameat2(store->blobs_fd, name, aside_fd, aside, RENAME_NOREPLACE);
        if (result != 0 && errno != EEXIST)
            break;
    }
    return result;
}

enum berth_code berth_blob_set_aside(struct berth_store *store, const struct berth_digest *digest,
                                     struct berth_error *error) {
    char name[STORE_NAME_BYTES];
    store_blob_name(digest, name);
    if (mkdirat(store->directory_fd, "damaged", 0700) != 0 && errno != EEXIST)
        return berth_fail_errno(error, "store-io", "cannot make the folder damaged/");
    int fd =
        openat(store->directory_fd, "damaged", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return berth_fail_errno(error, "store-io", "cannot open the folder damaged/");
    int result = move_aside(store, fd, name);
    enum berth_code code = BERTH_OK;
    if (result != 0)
        code = berth_fail_errno(error, "store-io", "cannot move a blob to damaged/");
    else if (fsync(fd) != 0 || fsync(store->directory_fd) != 0)
        code = berth_fail_errno(error, "store-io", "cannot sync damaged/");
    else
        store_mark_dirty(store, digest);
    close(fd);
    return code;
}
