#include "store.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A small blob waits in memory until its digest tells whether it is there already: then no file is
 * made at all. */
enum { MEMORY_BYTES = 256 * 1024, FIRST_BYTES = 16 * 1024 };

struct berth_blob_writer {
    struct berth_store *store;
    struct berth_batch *batch; /* or NULL */
    struct berth_hasher *hasher;
    char *memory; /* what is not in the file yet */
    size_t length;
    size_t capacity;
    int fd; /* -1: all is in memory */
    int64_t bytes;
    char temp[STORE_TEMP_BYTES]; /* empty: there is no file to remove */
};

void berth_blob_abort(struct berth_blob_writer *writer) {
    if (!writer)
        return;
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->temp[0] != '\0')
        unlinkat(writer->store->tmp_fd, writer->temp, 0);
    berth_hasher_destroy(writer->hasher);
    free(writer->memory);
    free(writer);
}

enum berth_code berth_blob_begin(struct berth_store *store, struct berth_blob_writer **ret,
                                 struct berth_error *error) {
    enum berth_code code = store_check(store, error);
    if (code)
        return code;
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
    *ret = writer;
    return BERTH_OK;
}

enum berth_code berth_blob_begin_in(struct berth_batch *batch, struct berth_blob_writer **ret,
                                    struct berth_error *error) {
    enum berth_code code = berth_blob_begin(store_of_batch(batch), ret, error);
    if (!code)
        (*ret)->batch = batch;
    return code;
}

static enum berth_code write_file(struct berth_blob_writer *writer, const char *data, size_t length,
                                  struct berth_error *error) {
    while (length > 0) {
        ssize_t written = write(writer->fd, data, length);
        if (written < 0) {
            if (errno == EINTR)
                continue;
            return berth_fail_errno(error, "store-io", "cannot write a blob");
        }
        data += written;
        length -= (size_t)written;
    }
    return BERTH_OK;
}

/* Makes the file, if there is none yet, and puts into it what is in memory. */
static enum berth_code spill(struct berth_blob_writer *writer, struct berth_error *error) {
    if (writer->fd < 0) {
        char name[STORE_TEMP_BYTES];
        enum berth_code code = store_temp(writer->store, name, &writer->fd, error);
        if (code)
            return code;
        memcpy(writer->temp, name, sizeof name);
    }
    enum berth_code code = write_file(writer, writer->memory, writer->length, error);
    writer->length = 0;
    return code;
}

static bool reserve(struct berth_blob_writer *writer, size_t length) {
    size_t capacity = writer->capacity ? writer->capacity : FIRST_BYTES;
    while (capacity < length)
        capacity *= 2;
    if (capacity == writer->capacity)
        return true;
    char *grown = realloc(writer->memory, capacity);
    if (!grown)
        return false;
    writer->memory = grown;
    writer->capacity = capacity;
    return true;
}

enum berth_code berth_blob_add(struct berth_blob_writer *writer, const void *data, size_t length,
                               struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    if (length == 0)
        return BERTH_OK;
    bool fits = writer->fd < 0 && length <= MEMORY_BYTES - writer->length;
    if (fits && reserve(writer, writer->length + length)) {
        memcpy(writer->memory + writer->length, data, length);
        writer->length += length;
    } else {
        code = spill(writer, error);
        if (!code)
            code = write_file(writer, data, length, error);
    }
    if (code)
        return code;
    berth_hasher_add(writer->hasher, data, length);
    writer->bytes += (int64_t)length;
    return BERTH_OK;
}

/* The file is whole: synced and named, now or with its batch. */
static enum berth_code keep(struct berth_blob_writer *writer, const struct berth_digest *digest,
                            struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    if (writer->batch) {
        code = store_batch_take(writer->batch, writer->fd, writer->temp, digest, error);
        if (!code)
            writer->fd = -1;
    } else {
        code = store_sync_files(writer->store, &writer->fd, 1, error);
        if (!code)
            code = store_name(writer->store, writer->temp, digest, error);
    }
    if (!code)
        writer->temp[0] = '\0';
    return code;
}

enum berth_code berth_blob_finish(struct berth_blob_writer *writer, struct berth_digest *ret_digest,
                                  int64_t *ret_bytes, struct berth_error *error) {
    struct berth_digest digest;
    berth_hasher_finish(writer->hasher, digest.bytes);
    enum berth_code code = store_check(writer->store, error);
    if (!code && !store_has(writer->store, &digest, writer->bytes)) {
        code = spill(writer, error);
        if (!code)
            code = keep(writer, &digest, error);
    }
    if (!code) {
        *ret_digest = digest;
        *ret_bytes = writer->bytes;
    }
    berth_blob_abort(writer);
    return code;
}

enum berth_code berth_blob_open(struct berth_store *store, const struct berth_digest *digest,
                                int *ret_fd, int64_t *ret_bytes, struct berth_error *error) {
    char name[STORE_NAME_BYTES];
    store_blob_name(digest, name);
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
        if (got < 0) /* EIO: the disk has lost it */
            return berth_fail_errno(error, errno == EIO ? "blob-damaged" : "store-io",
                                    "cannot read a blob");
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
    if (code == BERTH_IO)
        berth_blob_suspect(store, digest);
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
