#include "archive.h"

#include "args.h"
#include "progress.h"

#include "berth/bundle.h"
#include "berth/digest.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 4096, BASE64_BYTES = 4 * ((BERTH_SHA256_BYTES + 2) / 3) + 1 };

static int open_scratch(void) {
    const char *folder = cli_environment("TMPDIR");
    folder = folder ? folder : "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    /* A file system without O_TMPFILE. */
    char *path = NULL;
    if (asprintf(&path, "%s/berth-push-XXXXXX", folder) < 0)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static void on_packed(int64_t bytes, void *context) {
    cli_progress_step(context, bytes, 0);
}

static enum berth_code pack(const char *directory, const struct cli_style *style, int *ret_fd,
                            struct berth_error *error) {
    int fd = open_scratch();
    if (fd < 0) {
        berth_fail_errno(error, "scratch", "cannot make a temporary file to pack into");
        berth_error_hint(error, "set TMPDIR to a folder that can be written");
        return error->code;
    }
    struct cli_progress progress;
    cli_progress_begin(&progress, style, "packing");
    enum berth_code code = berth_bundle_pack(directory, fd, on_packed, &progress, error);
    cli_progress_end(&progress);
    if (code == BERTH_OK)
        *ret_fd = fd;
    else
        close(fd);
    return code;
}

static enum berth_code fail_path(struct berth_error *error, const char *path, const char *text) {
    berth_fail_errno(error, "archive", "%s", text);
    berth_error_where(error, "%s", path);
    berth_error_hint(error, "give a built directory, or a .tar.gz, .tar.zst, .tar or .zip of one");
    return error->code;
}

/* The directory packed, or the file itself. */
static enum berth_code open_any(const char *path, const struct cli_style *style, int *ret_fd,
                                struct berth_error *error) {
    struct stat info;
    if (stat(path, &info) != 0)
        return fail_path(error, path, "there is nothing to push");
    if (S_ISDIR(info.st_mode))
        return pack(path, style, ret_fd, error);
    if (!S_ISREG(info.st_mode)) {
        errno = EINVAL;
        return fail_path(error, path, "neither a directory nor a file");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_path(error, path, "cannot open what is to be pushed");
    *ret_fd = fd;
    return BERTH_OK;
}

static enum berth_code measure(const char *path, struct cli_archive *archive,
                               struct berth_error *error) {
    struct stat info;
    if (fstat(archive->fd, &info) != 0)
        return fail_path(error, path, "cannot open what is to be pushed");
    if (info.st_size == 0) {
        berth_fail(error, BERTH_REFUSED, "archive-empty", "the archive is empty");
        berth_error_where(error, "%s", path);
        return BERTH_REFUSED;
    }
    archive->bytes = info.st_size;
    return BERTH_OK;
}

static const char *content_type_of(const unsigned char *magic, size_t length) {
    static const struct {
        size_t offset;
        const char *bytes;
        const char *type;
    } kinds[] = {
        {0, "\x1f\x8b", "application/gzip"},
        {0, "PK\x03\x04", "application/zip"},
        {0, "\x28\xb5\x2f\xfd", "application/zstd"},
        {257, "ustar", "application/x-tar"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t want = strlen(kinds[i].bytes);
        if (kinds[i].offset + want <= length &&
            memcmp(magic + kinds[i].offset, kinds[i].bytes, want) == 0)
            return kinds[i].type;
    }
    return "application/octet-stream"; /* the server says what it thinks of it */
}

/* One pass over the file: its kind by the first bytes, and all of it into the hasher. */
static enum berth_code read_through(struct cli_archive *archive, struct berth_hasher *hasher,
                                    struct berth_error *error) {
    unsigned char data[READ_BYTES];
    for (int64_t offset = 0; offset < archive->bytes;) {
        ssize_t got = pread(archive->fd, data, sizeof data, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_fail_errno(error, "archive", "cannot read the archive");
        if (got == 0)
            return berth_fail(error, BERTH_IO, "archive-changed",
                              "the archive became shorter while it was read");
        if (offset == 0)
            archive->content_type = content_type_of(data, (size_t)got);
        berth_hasher_add(hasher, data, (size_t)got);
        offset += got;
    }
    return BERTH_OK;
}

static enum berth_code examine(struct cli_archive *archive, struct berth_error *error) {
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    if (!hasher)
        return berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    enum berth_code code = read_through(archive, hasher, error);
    if (code == BERTH_OK) {
        unsigned char digest[BERTH_SHA256_BYTES];
        char base64[BASE64_BYTES];
        berth_hasher_finish(hasher, digest);
        berth_base64(digest, sizeof digest, base64);
        snprintf(archive->repr_digest, sizeof archive->repr_digest, "sha-256=:%s:", base64);
    }
    berth_hasher_destroy(hasher);
    return code;
}

enum berth_code cli_archive_open(const char *path, const struct cli_style *style,
                                 struct cli_archive *ret, struct berth_error *error) {
    struct cli_archive archive = {.fd = -1};
    enum berth_code code = open_any(path, style, &archive.fd, error);
    if (code == BERTH_OK)
        code = measure(path, &archive, error);
    if (code == BERTH_OK)
        code = examine(&archive, error);
    if (code == BERTH_OK)
        *ret = archive;
    else
        cli_archive_close(&archive);
    return code;
}

void cli_archive_close(struct cli_archive *archive) {
    if (archive->fd >= 0)
        close(archive->fd);
    archive->fd = -1;
}
