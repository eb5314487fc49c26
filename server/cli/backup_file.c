#include "backup_file.h"

#include "berth/digest.h"
#include "berth/json.h"
#include "berth/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, MANIFEST_MAX_BYTES = 1024 * 1024, FORMAT_VERSION = 1 };

struct reading {
    int fd;
    int64_t at;
    int64_t total;
    struct berth_store *store; /* or NULL */
    struct berth_batch *batch; /* with a store */
    struct cli_progress *progress;
    struct cli_backup_file *file;
    unsigned char *piece;
    bool has_database;
    int64_t database_bytes;
    struct berth_digest database;
};

static enum berth_code fail_cut(struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, "backup-cut", "the backup is cut: its end is missing");
    berth_error_hint(error, "take another backup, or use an older one");
    return BERTH_REFUSED;
}

static enum berth_code fail_format(struct berth_error *error, const char *what) {
    berth_fail(error, BERTH_REFUSED, "backup-format", "%s", what);
    berth_error_hint(error, "give a file that \"berth backup\" wrote");
    return BERTH_REFUSED;
}

static enum berth_code fail_damaged(struct berth_error *error, const char *name) {
    berth_fail(error, BERTH_REFUSED, "backup-damaged", "the backup is damaged");
    berth_error_where(error, "%s", name);
    berth_error_hint(error, "take another backup, or use an older one");
    return BERTH_REFUSED;
}

static enum berth_code read_bytes(struct reading *reading, void *ret, size_t length,
                                  struct berth_error *error) {
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(reading->fd, (char *)ret + done, length - done, reading->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_fail_errno(error, "backup-read", "cannot read the backup");
        if (got == 0)
            return fail_cut(error);
        done += (size_t)got;
        reading->at += got;
    }
    return BERTH_OK;
}

/* The bytes of a member, piece by piece, and the zeros behind them. */
typedef enum berth_code (*piece_fn)(void *context, const void *data, size_t length,
                                    struct berth_error *error);

static enum berth_code read_member(struct reading *reading, int64_t bytes, piece_fn fn,
                                   void *context, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (int64_t left = bytes; !code && left > 0;) {
        size_t length = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        code = read_bytes(reading, reading->piece, length, error);
        if (!code)
            code = fn(context, reading->piece, length, error);
        left -= (int64_t)length;
        cli_progress_step(reading->progress, reading->at, reading->total);
    }
    return code ? code
                : read_bytes(reading, reading->piece, (size_t)berth_tar_padding(bytes), error);
}

static enum berth_code add_to_hasher(void *context, const void *data, size_t length,
                                     struct berth_error *error) {
    (void)error;
    berth_hasher_add(context, data, length);
    return BERTH_OK;
}

/* --- blobs --- */

static enum berth_code add_to_blob(void *context, const void *data, size_t length,
                                   struct berth_error *error) {
    return berth_blob_add(context, data, length, error);
}

static enum berth_code keep_blob(struct reading *reading, int64_t bytes, struct berth_digest *ret,
                                 struct berth_error *error) {
    struct berth_blob_writer *writer = NULL;
    int64_t written = 0;
    enum berth_code code = berth_blob_begin_in(reading->batch, &writer, error);
    if (code)
        return code;
    code = read_member(reading, bytes, add_to_blob, writer, error);
    if (!code)
        return berth_blob_finish(writer, ret, &written, error);
    berth_blob_abort(writer);
    return code;
}

static enum berth_code hash_member(struct reading *reading, int64_t bytes, struct berth_digest *ret,
                                   struct berth_error *error) {
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    if (!hasher)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = read_member(reading, bytes, add_to_hasher, hasher, error);
    berth_hasher_finish(hasher, ret->bytes);
    berth_hasher_destroy(hasher);
    return code;
}

/* "blobs/ab/<sha256>" */
static bool parse_name(const char *name, struct berth_digest *ret) {
    enum { FOLDER = 6, DIGEST = 9 };
    return strlen(name) == DIGEST + BERTH_HEX_BYTES - 1 && strncmp(name, "blobs/", FOLDER) == 0 &&
           name[DIGEST - 1] == '/' && strncmp(name + FOLDER, name + DIGEST, 2) == 0 &&
           berth_digest_parse(name + DIGEST, ret);
}

/* A blob that is not what its name says is stored under what it is, in a directory that is then not
 * completed. */
static enum berth_code read_blob(struct reading *reading, const struct berth_tar_member *member,
                                 struct berth_error *error) {
    struct berth_digest named;
    struct berth_digest found = {{0}};
    if (!reading->has_database || !parse_name(member->name, &named))
        return fail_format(error, "this is no backup: it has something else in it");
    enum berth_code code = reading->store ? keep_blob(reading, member->bytes, &found, error)
                                          : hash_member(reading, member->bytes, &found, error);
    if (!code && !berth_digest_equal(&named, &found))
        code = fail_damaged(error, member->name);
    reading->file->blobs++;
    return code;
}

/* --- the database --- */

struct database_file {
    int fd;
    struct berth_hasher *hasher;
};

static enum berth_code add_to_database(void *context, const void *data, size_t length,
                                       struct berth_error *error) {
    struct database_file *file = context;
    const char *rest = data;
    berth_hasher_add(file->hasher, data, length);
    while (length > 0) {
        ssize_t written = write(file->fd, rest, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return berth_fail_errno(error, "restore-write", "cannot write the database");
        rest += written;
        length -= (size_t)written;
    }
    return BERTH_OK;
}

static enum berth_code write_database(struct reading *reading, int64_t bytes,
                                      struct database_file *file, struct berth_error *error) {
    enum berth_code code = read_member(reading, bytes, add_to_database, file, error);
    if (!code && fsync(file->fd) != 0)
        code = berth_fail_errno(error, "restore-write", "cannot sync the database");
    return code;
}

static enum berth_code keep_database(struct reading *reading, int64_t bytes,
                                     struct berth_error *error) {
    struct database_file file = {.hasher = berth_hasher_create(BERTH_SHA256)};
    char *path = NULL;
    if (!file.hasher || asprintf(&path, "%s/db", berth_store_directory(reading->store)) < 0) {
        berth_hasher_destroy(file.hasher);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    file.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum berth_code code =
        file.fd < 0 ? berth_fail_errno(error, "restore-write", "cannot make the database")
                    : write_database(reading, bytes, &file, error);
    if (file.fd >= 0)
        close(file.fd);
    berth_hasher_finish(file.hasher, reading->database.bytes);
    berth_hasher_destroy(file.hasher);
    free(path);
    return code;
}

static enum berth_code read_database(struct reading *reading, const struct berth_tar_member *member,
                                     struct berth_error *error) {
    if (reading->has_database)
        return fail_format(error, "this is no backup: it has two databases");
    reading->has_database = true;
    reading->database_bytes = member->bytes;
    return reading->store ? keep_database(reading, member->bytes, error)
                          : hash_member(reading, member->bytes, &reading->database, error);
}

/* --- the manifest --- */

static enum berth_code check_manifest(const struct reading *reading, struct berth_error *error) {
    const json_t *manifest = reading->file->manifest;
    const json_t *database = json_object_get(manifest, "database");
    const char *format = berth_json_string(manifest, "format");
    const char *sha256 = berth_json_string(database, "sha256");
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&reading->database, hex);
    if (!format || strcmp(format, "berth-backup") != 0)
        return fail_format(error, "this is no backup of berth");
    if (berth_json_integer(manifest, "formatVersion", 0) != FORMAT_VERSION)
        return fail_format(error, "the backup was made by a newer berth");
    if (!reading->has_database || !sha256 || strcmp(sha256, hex) != 0 ||
        berth_json_integer(database, "bytes", -1) != reading->database_bytes)
        return fail_damaged(error, "db");
    if (berth_json_integer(manifest, "blobs", -1) != reading->file->blobs)
        return fail_damaged(error, "manifest.json");
    return BERTH_OK;
}

static enum berth_code read_manifest(struct reading *reading, const struct berth_tar_member *member,
                                     struct berth_error *error) {
    if (member->bytes > MANIFEST_MAX_BYTES)
        return fail_format(error, "this is no backup: its manifest is too long");
    char *text = malloc((size_t)member->bytes + 1);
    if (!text)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = read_bytes(reading, text, (size_t)member->bytes, error);
    if (!code)
        code = berth_json_parse(text, (size_t)member->bytes, MANIFEST_MAX_BYTES,
                                &reading->file->manifest, error);
    free(text);
    return code ? code : check_manifest(reading, error);
}

/* --- all of it --- */

static enum berth_code read_one(struct reading *reading, bool *ret_last,
                                struct berth_error *error) {
    unsigned char block[BERTH_TAR_BLOCK_BYTES];
    struct berth_tar_member member;
    enum berth_code code = read_bytes(reading, block, sizeof block, error);
    if (!code)
        code = berth_tar_read(block, &member, error);
    if (code)
        return code;
    *ret_last = strcmp(member.name, "manifest.json") == 0;
    reading->file->bytes += member.bytes;
    if (*ret_last)
        return read_manifest(reading, &member, error);
    if (strcmp(member.name, "db") == 0)
        return read_database(reading, &member, error);
    return read_blob(reading, &member, error);
}

static enum berth_code read_all(struct reading *reading, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    bool last = false;
    if (reading->store)
        code = berth_batch_begin(reading->store, &reading->batch, error);
    while (!code && !last)
        code = read_one(reading, &last, error);
    if (code || !reading->store) {
        berth_batch_abort(reading->batch);
        return code;
    }
    code = berth_batch_finish(reading->batch, error);
    return code ? code : berth_store_sync(reading->store, error);
}

enum berth_code cli_backup_file_read(int fd, struct berth_store *store,
                                     struct cli_progress *progress, struct cli_backup_file *ret,
                                     struct berth_error *error) {
    struct stat status;
    struct reading reading = {
        .fd = fd, .store = store, .progress = progress, .file = ret, .piece = malloc(PIECE_BYTES)};
    *ret = (struct cli_backup_file){0};
    if (fstat(fd, &status) == 0)
        reading.total = status.st_size;
    enum berth_code code = reading.piece
                               ? read_all(&reading, error)
                               : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    free(reading.piece);
    return code;
}

void cli_backup_file_done(struct cli_backup_file *file) {
    json_decref(file->manifest);
    *file = (struct cli_backup_file){0};
}
