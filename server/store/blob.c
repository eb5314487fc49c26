#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOB_NAME_BYTES = 3 + BERTH_HEX_BYTES }; /* "ab/" and the digest */

struct berth_blob_writer {
    struct berth_store *store;
    struct berth_hasher *hasher;
    int fd;
    int64_t bytes;
    char temp[STORE_TEMP_BYTES]; /* empty: there is no file to remove */
};

static void blob_name(const struct berth_digest *digest, char ret[BLOB_NAME_BYTES]) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(digest, hex);
    snprintf(ret, BLOB_NAME_BYTES, "%.2s/%s", hex, hex);
}

void berth_blob_abort(struct berth_blob_writer *writer) {
    if (!writer)
        return;
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->temp[0] != '\0')
        unlinkat(writer->store->tmp_fd, writer->temp, 0);
    berth_hasher_destroy(writer->hasher);
    free(writer);
}

enum berth_code berth_blob_begin(struct berth_store *store, struct berth_blob_writer **ret,
                                 struct berth_error *error) {
    struct berth_blob_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    writer->store = store;
    writer->fd = -1;
    writer->hasher = berth_hasher_create(BERTH_SHA256);
    if (!writer->hasher) {
        berth_blob_abort(writer);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    char name[STORE_TEMP_BYTES];
    enum berth_code code = store_temp(store, name, &writer->fd, error);
    if (code) {
        berth_blob_abort(writer);
        return code;
    }
    memcpy(writer->temp, name, sizeof name);
    *ret = writer;
    return BERTH_OK;
}

enum berth_code berth_blob_add(struct berth_blob_writer *writer, const void *data, size_t length,
                               struct berth_error *error) {
    const char *next = data;
    size_t left = length;
    while (left > 0) {
        ssize_t written = write(writer->fd, next, left);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return berth_fail_errno(error, "store-io", "cannot write a blob");
        }
        next += written;
        left -= (size_t)written;
    }
    berth_hasher_add(writer->hasher, data, length);
    writer->bytes += (int64_t)length;
    return BERTH_OK;
}

/* A full disk may show only here (delayed allocation, quotas). The file is dropped then and its
 * pages with it, so the store stays good; any other failure is final. */
static enum berth_code sync_file(struct berth_blob_writer *writer, struct berth_error *error) {
    if (fsync(writer->fd) == 0)
        return BERTH_OK;
    if (errno == ENOSPC || errno == EDQUOT)
        return berth_fail_errno(error, "store-io", "cannot write a blob");
    return store_break(writer->store, error);
}

static int rename_file(const struct berth_blob_writer *writer, const char *name) {
    const struct berth_store *store = writer->store;
    return renameat2(store->tmp_fd, writer->temp, store->blobs_fd, name, RENAME_NOREPLACE);
}

/* Gives the file its name. RENAME_NOREPLACE is what keeps a blob that is there already; the
 * destructor then removes ours. */
static enum berth_code name_file(struct berth_blob_writer *writer,
                                 const struct berth_digest *digest, struct berth_error *error) {
    char name[BLOB_NAME_BYTES];
    blob_name(digest, name);
    int result = rename_file(writer, name);
    if (result != 0 && errno == ENOENT) {
        enum berth_code code = store_make_folder(writer->store, digest->bytes[0], error);
        if (code)
            return code;
        result = rename_file(writer, name);
    }
    if (result != 0 && errno != EEXIST)
        return berth_fail_errno(error, "store-io", "cannot name a blob");
    if (result == 0)
        writer->temp[0] = '\0';
    /* Also for a blob that was there: a server killed before its sync may have left it. */
    store_mark(writer->store, digest->bytes[0]);
    return BERTH_OK;
}

enum berth_code berth_blob_finish(struct berth_blob_writer *writer, struct berth_digest *ret_digest,
                                  int64_t *ret_bytes, struct berth_error *error) {
    struct berth_digest digest;
    berth_hasher_finish(writer->hasher, digest.bytes);
    enum berth_code code = store_check(writer->store, error);
    if (!code)
        code = sync_file(writer, error);
    if (!code)
        code = name_file(writer, &digest, error);
    if (!code) {
        *ret_digest = digest;
        *ret_bytes = writer->bytes;
    }
    berth_blob_abort(writer);
    return code;
}

enum berth_code berth_blob_open(struct berth_store *store, const struct berth_digest *digest,
                                int *ret_fd, int64_t *ret_bytes, struct berth_error *error) {
    char name[BLOB_NAME_BYTES];
    blob_name(digest, name);
    int fd = openat(store->blobs_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return berth_fail(error, BERTH_NOT_FOUND, "blob-unknown", "there is no blob %s", name + 3);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        enum berth_code code =
            berth_fail_errno(error, "store-io", "cannot open the blob %s", name + 3);
        if (fd >= 0)
            close(fd);
        return code;
    }
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return berth_fail(error, BERTH_IO, "blob-damaged", "the blob %s is not a file", name + 3);
    }
    *ret_fd = fd;
    *ret_bytes = status.st_size;
    return BERTH_OK;
}

static enum berth_code read_all(int fd, char *ret, size_t length, struct berth_error *error) {
    size_t done = 0;
    while (done < length) {
        ssize_t got = pread(fd, ret + done, length - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_fail_errno(error, "store-io", "cannot read a blob");
        if (got == 0)
            return berth_fail(error, BERTH_IO, "blob-damaged", "a blob became shorter while read");
        done += (size_t)got;
    }
    return BERTH_OK;
}

static enum berth_code check_contents(const struct berth_digest *digest, const char *data,
                                      size_t length, struct berth_error *error) {
    struct berth_digest found = berth_sha256(data, length);
    if (berth_digest_equal(&found, digest))
        return BERTH_OK;
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(digest, hex);
    return berth_fail(error, BERTH_IO, "blob-damaged", "the bytes of blob %s have changed", hex);
}

enum berth_code berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                int64_t max_bytes, char **ret, size_t *ret_bytes,
                                struct berth_error *error) {
    int fd = -1;
    int64_t bytes = 0;
    enum berth_code code = berth_blob_open(store, digest, &fd, &bytes, error);
    if (code)
        return code;
    char *data = NULL;
    size_t length = (size_t)bytes;
    if (bytes > max_bytes) {
        code = berth_fail(error, BERTH_TOO_LARGE, "blob-size", "the blob is larger than %lld bytes",
                          (long long)max_bytes);
        goto out;
    }
    /* One more, so that an empty blob is not a NULL and text can be given an end. */
    data = malloc(length + 1);
    if (!data) {
        code = berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
        goto out;
    }
    code = read_all(fd, data, length, error);
    if (!code)
        code = check_contents(digest, data, length, error);
    if (!code) {
        data[length] = '\0';
        *ret = data;
        *ret_bytes = length;
        data = NULL;
    }
out:
    free(data);
    close(fd);
    return code;
}
