/* A directory as .tar.gz, the same bytes for the same contents: for `berth push DIR`. */
#include "berth/bundle.h"
#include "path.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 32 * 1024, FILE_MODE = 0644, MAX_FILES = 200000 };

struct packer {
    struct berth_error *error;
    void (*progress)(int64_t bytes, void *context);
    void *context;
    int64_t bytes;
    char **paths; /* relative to the directory */
    size_t count;
    size_t capacity;
    struct archive *archive;
    unsigned char piece[PIECE_BYTES];
};

static enum berth_code refuse_memory(struct packer *packer) {
    return berth_fail(packer->error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code refuse_file(struct packer *packer, enum berth_code code, const char *rule,
                                   const char *text, const char *path) {
    berth_fail(packer->error, code, rule, "%s", text);
    berth_path_where(packer->error, path, strlen(path));
    return code;
}

static enum berth_code fail_file(struct packer *packer, const char *path) {
    enum berth_code code = berth_fail_errno(packer->error, "pack-read", "cannot read the file");
    berth_path_where(packer->error, path, strlen(path));
    return code;
}

/* Takes `path`. */
static enum berth_code add_path(struct packer *packer, char *path) {
    enum berth_code code = berth_path_check(path, strlen(path), packer->error);
    if (!code && packer->count >= MAX_FILES)
        code = berth_fail(packer->error, BERTH_TOO_LARGE, "limit-entries",
                          "the folder has more than %d files", MAX_FILES);
    if (!code && packer->count == packer->capacity) {
        size_t capacity = packer->capacity ? packer->capacity * 2 : 64;
        char **paths = realloc(packer->paths, capacity * sizeof *paths);
        if (!paths)
            code = refuse_memory(packer);
        else {
            packer->paths = paths;
            packer->capacity = capacity;
        }
    }
    if (code) {
        free(path);
        return code;
    }
    packer->paths[packer->count++] = path;
    return BERTH_OK;
}

static char *join(const char *folder, const char *name) {
    char *path = NULL;
    if (asprintf(&path, "%s%s%s", folder, *folder ? "/" : "", name) < 0)
        return NULL;
    return path;
}

static enum berth_code list_folder(struct packer *packer, int fd, const char *path, int depth);

static enum berth_code list_entry(struct packer *packer, int folder_fd, const char *name,
                                  char *path, int depth) {
    struct stat status;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        enum berth_code code = fail_file(packer, path);
        free(path);
        return code;
    }
    if (S_ISREG(status.st_mode))
        return add_path(packer, path);
    enum berth_code code = BERTH_OK;
    if (S_ISDIR(status.st_mode)) {
        int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        code = fd < 0 ? fail_file(packer, path) : list_folder(packer, fd, path, depth + 1);
    } else if (S_ISLNK(status.st_mode)) {
        code =
            refuse_file(packer, BERTH_REFUSED, "type-symlink", "the file is a symbolic link", path);
    } else {
        code =
            refuse_file(packer, BERTH_REFUSED, "type-device", "the file is a special file", path);
    }
    free(path);
    return code;
}

static enum berth_code list_entries(struct packer *packer, DIR *folder, const char *path,
                                    int depth) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (!entry)
            return errno ? fail_file(packer, path) : BERTH_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *child = join(path, entry->d_name);
        if (!child)
            return refuse_memory(packer);
        enum berth_code code = list_entry(packer, dirfd(folder), entry->d_name, child, depth);
        if (code)
            return code;
    }
}

/* Takes `fd`. Recursion is bounded by the depth that the server takes anyway. */
static enum berth_code list_folder(struct packer *packer, int fd, const char *path, int depth) {
    if (depth >= BERTH_PATH_MAX_DEPTH) {
        close(fd);
        return refuse_file(packer, BERTH_REFUSED, "path-deep",
                           "the folder is more than 16 folders deep", path);
    }
    DIR *folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return fail_file(packer, path);
    }
    enum berth_code code = list_entries(packer, folder, path, depth);
    closedir(folder);
    return code;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum berth_code fail_write(struct packer *packer) {
    const char *text = archive_error_string(packer->archive);
    errno = archive_errno(packer->archive);
    if (errno > 0)
        return berth_fail_errno(packer->error, "pack-write", "cannot write the archive");
    return berth_fail(packer->error, BERTH_IO, "pack-write", "cannot write the archive: %s",
                      text ? text : "no detail");
}

static enum berth_code write_header(struct packer *packer, const char *path, int64_t bytes) {
    struct archive_entry *entry = archive_entry_new();
    if (!entry)
        return refuse_memory(packer);
    archive_entry_set_pathname(entry, path);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, FILE_MODE);
    archive_entry_set_size(entry, bytes);
    archive_entry_set_mtime(entry, 0, 0);
    int status = archive_write_header(packer->archive, entry);
    archive_entry_free(entry);
    return status == ARCHIVE_OK ? BERTH_OK : fail_write(packer);
}

static enum berth_code copy_contents(struct packer *packer, int fd, const char *path,
                                     int64_t bytes) {
    int64_t copied = 0;
    for (;;) {
        ssize_t got = read(fd, packer->piece, sizeof packer->piece);
        if (got < 0)
            return fail_file(packer, path);
        if (got == 0)
            break;
        if (archive_write_data(packer->archive, packer->piece, (size_t)got) < 0)
            return fail_write(packer);
        copied += got;
        packer->bytes += got;
        if (packer->progress)
            packer->progress(packer->bytes, packer->context);
    }
    if (copied == bytes)
        return BERTH_OK;
    return refuse_file(packer, BERTH_CONFLICT, "pack-changed", "the file changed while it was read",
                       path);
}

static enum berth_code pack_file(struct packer *packer, int directory_fd, const char *path) {
    int fd = openat(directory_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0)
        return fail_file(packer, path);
    enum berth_code code = BERTH_OK;
    if (fstat(fd, &status) != 0)
        code = fail_file(packer, path);
    else if (!S_ISREG(status.st_mode))
        code = refuse_file(packer, BERTH_CONFLICT, "pack-changed",
                           "the file changed while it was read", path);
    if (!code)
        code = write_header(packer, path, status.st_size);
    if (!code)
        code = copy_contents(packer, fd, path, status.st_size);
    close(fd);
    return code;
}

static enum berth_code open_archive(struct packer *packer, int fd) {
    packer->archive = archive_write_new();
    if (!packer->archive)
        return refuse_memory(packer);
    struct archive *archive = packer->archive;
    /* gzip's header has a time of its own. */
    if (archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
        archive_write_add_filter_gzip(archive) != ARCHIVE_OK ||
        archive_write_set_options(archive, "gzip:!timestamp") != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
        archive_write_open_fd(archive, fd) != ARCHIVE_OK)
        return fail_write(packer);
    return BERTH_OK;
}

static enum berth_code pack_all(struct packer *packer, const char *directory, int fd) {
    int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_fd < 0)
        return berth_fail_errno(packer->error, "pack-directory", "cannot open %s", directory);
    int list_fd = dup(directory_fd);
    enum berth_code code =
        list_fd < 0 ? berth_fail_errno(packer->error, "pack-directory", "cannot open %s", directory)
                    : list_folder(packer, list_fd, "", 0);
    if (!code && packer->count)
        qsort(packer->paths, packer->count, sizeof *packer->paths, by_text);
    if (!code)
        code = open_archive(packer, fd);
    for (size_t i = 0; !code && i < packer->count; i++)
        code = pack_file(packer, directory_fd, packer->paths[i]);
    if (!code && archive_write_close(packer->archive) != ARCHIVE_OK)
        code = fail_write(packer);
    close(directory_fd);
    return code;
}

/* See read_in_utf8 in reader.c. */
static enum berth_code pack_in_utf8(struct packer *packer, const char *directory, int fd) {
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!utf8)
        return berth_fail_errno(packer->error, "locale", "cannot use the locale C.UTF-8");
    locale_t before = uselocale(utf8);
    enum berth_code code = pack_all(packer, directory, fd);
    uselocale(before);
    freelocale(utf8);
    return code;
}

enum berth_code berth_bundle_pack(const char *directory, int fd,
                                  void (*progress)(int64_t bytes, void *context), void *context,
                                  struct berth_error *error) {
    struct packer *packer = calloc(1, sizeof *packer);
    if (!packer)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    packer->error = error;
    packer->progress = progress;
    packer->context = context;
    enum berth_code code = pack_in_utf8(packer, directory, fd);
    archive_write_free(packer->archive);
    for (size_t i = 0; i < packer->count; i++)
        free(packer->paths[i]);
    free(packer->paths);
    free(packer);
    return code;
}
