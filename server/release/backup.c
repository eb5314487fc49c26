/* A copy of all that the server has, while it serves: first the database as it is at one moment,
 * then every blob that it names. Uploads go on; only gc waits, so that each blob is still there
 * when its turn comes. */
#include "keep.h"

#include "berth/clock.h"
#include "berth/digests.h"
#include "berth/json.h"
#include "berth/log.h"
#include "berth/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, DAMAGED_TOLD = 1000 };

struct named {
    struct berth_digest digest;
    int64_t bytes;
};

struct backup {
    struct berth_desk *desk;
    berth_backup_sink sink;
    void *context;
    char *path; /* of the copy; NULL once it has no name */
    int fd;     /* of the copy */
    struct named *blobs;
    size_t count;
    bool failed; /* out of memory */
    int64_t now_ms;
    unsigned char *piece;
    struct berth_hasher *hasher;
    struct berth_digest database;
    int64_t database_bytes;
    int64_t sent;
    int64_t sent_bytes;
    json_t *damaged;
    int64_t damaged_count;
};

static enum berth_code put(struct backup *backup, const void *data, size_t length,
                           struct berth_error *error) {
    return backup->sink(data, length, backup->context)
               ? BERTH_OK
               : berth_fail(error, BERTH_IO, "backup-cut", "whoever took the backup is gone");
}

static enum berth_code put_head(struct backup *backup, const char *name, int64_t bytes,
                                struct berth_error *error) {
    struct berth_tar_member member = {.bytes = bytes};
    unsigned char block[BERTH_TAR_BLOCK_BYTES];
    (void)snprintf(member.name, sizeof member.name, "%s", name);
    berth_tar_write(&member, backup->now_ms, block);
    return put(backup, block, sizeof block, error);
}

static enum berth_code put_padding(struct backup *backup, int64_t bytes,
                                   struct berth_error *error) {
    static const unsigned char zeros[BERTH_TAR_BLOCK_BYTES];
    int length = berth_tar_padding(bytes);
    return length ? put(backup, zeros, (size_t)length, error) : BERTH_OK;
}

/* Into the hasher, if there is one, and out, if `send`. */
static enum berth_code read_through(struct backup *backup, int fd, int64_t bytes, bool send,
                                    struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (int64_t at = 0; !code && at < bytes;) {
        int64_t left = bytes - at;
        size_t want = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        ssize_t got = pread(fd, backup->piece, want, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return berth_fail(error, BERTH_IO, "backup-read", "a file became shorter while read");
        if (backup->hasher)
            berth_hasher_add(backup->hasher, backup->piece, (size_t)got);
        if (send)
            code = put(backup, backup->piece, (size_t)got, error);
        at += got;
    }
    return code;
}

static enum berth_code hash(struct backup *backup, int fd, int64_t bytes, bool send,
                            struct berth_digest *ret, struct berth_error *error) {
    backup->hasher = berth_hasher_create(BERTH_SHA256);
    if (!backup->hasher)
        return desk_out_of_memory(error);
    enum berth_code code = read_through(backup, fd, bytes, send, error);
    berth_hasher_finish(backup->hasher, ret->bytes);
    berth_hasher_destroy(backup->hasher);
    backup->hasher = NULL;
    return code;
}

/* --- the database --- */

static bool note_blob(const struct berth_digest *digest, int64_t bytes, void *context) {
    struct backup *backup = context;
    size_t count = backup->count;
    if ((count & (count - 1)) == 0) {
        struct named *grown = realloc(backup->blobs, (count ? 2 * count : 1) * sizeof *grown);
        if (!grown)
            return !(backup->failed = true);
        backup->blobs = grown;
    }
    backup->blobs[backup->count++] = (struct named){*digest, bytes};
    return true;
}

/* The file loses its name at once: however this ends, nothing is left. */
static enum berth_code copy_database(struct backup *backup, struct berth_error *error) {
    struct berth_registry *registry = backup->desk->options.registry;
    struct stat status = {0};
    enum berth_code code =
        berth_store_scratch_path(backup->desk->options.store, &backup->path, error);
    if (code)
        return code;
    code = registry->ops->copy(registry, backup->path, note_blob, backup, error);
    if (!code && backup->failed)
        code = desk_out_of_memory(error);
    if (!code)
        backup->fd = open(backup->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    (void)unlink(backup->path);
    if (!code && (backup->fd < 0 || fstat(backup->fd, &status) != 0))
        code = berth_fail_errno(error, "backup-read", "cannot read the copy of the database");
    if (!code)
        backup->database_bytes = status.st_size;
    return code;
}

static enum berth_code put_database(struct backup *backup, struct berth_error *error) {
    enum berth_code code = put_head(backup, "db", backup->database_bytes, error);
    if (!code)
        code = hash(backup, backup->fd, backup->database_bytes, true, &backup->database, error);
    return code ? code : put_padding(backup, backup->database_bytes, error);
}

/* --- blobs --- */

static void note_damaged(struct backup *backup, const struct berth_digest *digest) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(digest, hex);
    if (backup->damaged_count++ < DAMAGED_TOLD)
        (void)json_array_append_new(backup->damaged, json_string(hex));
    berth_blob_suspect(backup->desk->options.store, digest);
    berth_log_event("error", "blob-damaged", json_pack("{ss ss}", "blob", hex, "by", "backup"));
}

static enum berth_code put_sound(struct backup *backup, int fd, const struct named *blob,
                                 struct berth_error *error) {
    char hex[BERTH_HEX_BYTES];
    char name[BERTH_TAR_NAME_BYTES];
    berth_digest_hex(&blob->digest, hex);
    (void)snprintf(name, sizeof name, "blobs/%.2s/%s", hex, hex);
    enum berth_code code = put_head(backup, name, blob->bytes, error);
    if (!code)
        code = read_through(backup, fd, blob->bytes, true, error);
    return code ? code : put_padding(backup, blob->bytes, error);
}

/* Is it there and sound? An error is something else than damage: no descriptors, say. */
static enum berth_code look_at(struct backup *backup, const struct named *blob, int *ret_fd,
                               bool *ret_sound, struct berth_error *error) {
    struct berth_digest found;
    struct berth_error problem = {0};
    int64_t bytes = 0;
    enum berth_code code =
        berth_blob_open(backup->desk->options.store, &blob->digest, ret_fd, &bytes, &problem);
    *ret_sound = false;
    if (code == BERTH_NOT_FOUND || strcmp(problem.rule, "blob-damaged") == 0)
        return BERTH_OK;
    if (code)
        return berth_fail(error, code, problem.rule, "%s", problem.text);
    code = hash(backup, *ret_fd, bytes, false, &found, &problem);
    *ret_sound = !code && bytes == blob->bytes && berth_digest_equal(&found, &blob->digest);
    return code == BERTH_NO_MEMORY ? desk_out_of_memory(error) : BERTH_OK;
}

/* Read twice, as its head goes first; the second time it comes from memory mostly. */
static enum berth_code put_blob(struct backup *backup, const struct named *blob,
                                struct berth_error *error) {
    int fd = -1;
    bool sound;
    enum berth_code code = look_at(backup, blob, &fd, &sound, error);
    if (!code && sound)
        code = put_sound(backup, fd, blob, error);
    else if (!code)
        note_damaged(backup, &blob->digest);
    backup->sent += sound;
    backup->sent_bytes += sound ? blob->bytes : 0;
    if (fd >= 0)
        close(fd);
    return code;
}

/* --- the end --- */

static enum berth_code put_manifest(struct backup *backup, struct berth_error *error) {
    static const unsigned char zeros[2 * BERTH_TAR_BLOCK_BYTES];
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&backup->database, hex);
    json_t *json =
        json_pack("{ss si sI s{sI ss} sI sI sI sO}", "format", "berth-backup", "formatVersion", 1,
                  "atMs", (json_int_t)backup->now_ms, "database", "bytes",
                  (json_int_t)backup->database_bytes, "sha256", hex, "blobs",
                  (json_int_t)backup->sent, "blobBytes", (json_int_t)backup->sent_bytes,
                  "damagedCount", (json_int_t)backup->damaged_count, "damaged", backup->damaged);
    char *text = json ? berth_json_text(json) : NULL;
    json_decref(json);
    if (!text)
        return desk_out_of_memory(error);
    int64_t length = (int64_t)strlen(text);
    enum berth_code code = put_head(backup, "manifest.json", length, error);
    if (!code)
        code = put(backup, text, (size_t)length, error);
    if (!code)
        code = put_padding(backup, length, error);
    free(text);
    return code ? code : put(backup, zeros, sizeof zeros, error);
}

static enum berth_code run(struct backup *backup, struct berth_error *error) {
    if (!backup->piece || !backup->damaged)
        return desk_out_of_memory(error);
    enum berth_code code = copy_database(backup, error);
    if (!code)
        code = put_database(backup, error);
    for (size_t i = 0; !code && i < backup->count; i++)
        code = put_blob(backup, &backup->blobs[i], error);
    return code ? code : put_manifest(backup, error);
}

enum berth_code berth_desk_backup(struct berth_desk *desk, berth_backup_sink sink, void *context,
                                  struct berth_error *error) {
    struct backup backup = {.desk = desk,
                            .sink = sink,
                            .context = context,
                            .fd = -1,
                            .now_ms = berth_now_ms(),
                            .piece = malloc(PIECE_BYTES),
                            .damaged = json_array()};
    enum berth_code code = keep_begin(desk, error);
    if (!code) {
        code = run(&backup, error);
        keep_end(desk);
        berth_log_event(code ? "warn" : "info", "backup",
                        json_pack("{sb sI sI sI}", "complete", code == BERTH_OK, "blobs",
                                  (json_int_t)backup.sent, "bytes",
                                  (json_int_t)backup.sent_bytes + (json_int_t)backup.database_bytes,
                                  "damaged", (json_int_t)backup.damaged_count));
    }
    if (backup.fd >= 0)
        close(backup.fd);
    free(backup.path);
    free(backup.blobs);
    free(backup.piece);
    json_decref(backup.damaged);
    return code;
}
