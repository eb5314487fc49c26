/* The bytes of every blob, and what is told of those that are not as they should be. */
#include "check_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 128 * 1024 };

struct blob_walk {
    struct checked *checked;
    unsigned char *piece;
};

static bool hash_file(int fd, unsigned char *piece, struct berth_hasher *hasher) {
    for (;;) {
        ssize_t got = read(fd, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        berth_hasher_add(hasher, piece, (size_t)got);
    }
}

static enum checked_state state_of(struct blob_walk *walk, const struct berth_digest *digest) {
    int fd = -1;
    int64_t bytes = 0;
    struct berth_error error = {0};
    enum checked_state state = CHECKED_UNREADABLE;
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    if (hasher && berth_blob_open(walk->checked->store, digest, &fd, &bytes, &error) == BERTH_OK) {
        struct berth_digest found;
        bool read = hash_file(fd, walk->piece, hasher);
        berth_hasher_finish(hasher, found.bytes);
        if (read)
            state = berth_digest_equal(&found, digest) ? CHECKED_SOUND : CHECKED_DAMAGED;
        close(fd);
    } else if (strcmp(error.rule, "blob-damaged") == 0) {
        state = CHECKED_DAMAGED; /* no file */
    }
    if (!hasher)
        walk->checked->failed = true;
    berth_hasher_destroy(hasher);
    return state;
}

static bool look_at(const struct berth_blob_found *found, void *context) {
    struct blob_walk *walk = context;
    struct checked *checked = walk->checked;
    if (!found->is_blob) {
        char where[BERTH_WHERE_BYTES];
        (void)snprintf(where, sizeof where, "blobs/%s", found->name);
        check_note(checked, checked->check->faults, "foreign",
                   "this is no blob, and berth did not put it here", where,
                   "move it out of the data directory");
        return !checked->failed;
    }
    enum checked_state state = state_of(walk, &found->digest);
    struct checked_blob *blob = check_blob(checked, &found->digest);
    if (!blob)
        return false;
    blob->bytes = found->bytes;
    blob->state = state;
    checked->check->blobs++;
    checked->check->bytes += found->bytes;
    return !checked->failed;
}

enum berth_code check_blobs(struct checked *checked, struct berth_error *error) {
    struct blob_walk walk = {.checked = checked, .piece = malloc(PIECE_BYTES)};
    enum berth_code code = walk.piece
                               ? berth_blobs_each(checked->store, look_at, &walk, error)
                               : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    free(walk.piece);
    return code;
}

static const char unreadable_hint[] =
    "verify again; if it stays so, move it out of the data directory by hand, and verify then";

static const char *rule_of(const struct checked_blob *blob) {
    switch (blob->state) {
    case CHECKED_MISSING:
        return "blob-missing";
    case CHECKED_SIZE:
        return "blob-size";
    case CHECKED_UNREADABLE:
        return "blob-unreadable";
    default:
        return "blob-damaged";
    }
}

static const char *text_of(const struct checked_blob *blob) {
    switch (blob->state) {
    case CHECKED_MISSING:
        return "is not there";
    case CHECKED_SIZE:
        return "is not as long as its row says";
    case CHECKED_UNREADABLE:
        return "cannot be read";
    default:
        return "does not hold the bytes that its name says";
    }
}

static void tell_named(struct checked *checked, const struct checked_blob *blob, const char *hex) {
    char text[BERTH_TEXT_BYTES];
    char where[BERTH_WHERE_BYTES];
    char hint[BERTH_HINT_BYTES];
    bool plain = blob->files > 0;
    int64_t more = blob->files + blob->variants - 1;
    if (more > 0)
        (void)snprintf(text, sizeof text, "blob %s %s; %" PRId64 " more files use it", hex,
                       text_of(blob), more);
    else
        (void)snprintf(text, sizeof text, "blob %s %s", hex, text_of(blob));
    (void)snprintf(where, sizeof where, "%s%s", blob->user ? blob->user : "?",
                   blob->user_is_live ? " (live)" : "");
    if (!checked->rows_known)
        (void)snprintf(hint, sizeof hint, "restore the data directory from a backup");
    else if (blob->state == CHECKED_UNREADABLE)
        (void)snprintf(hint, sizeof hint, "%s", unreadable_hint);
    else if (!plain)
        (void)snprintf(hint, sizeof hint,
                       "run berth verify --repair: the server then makes this variant again");
    else if (blob->state == CHECKED_DAMAGED)
        (void)snprintf(hint, sizeof hint,
                       "run berth verify --repair, then push the same contents of that version "
                       "again");
    else
        (void)snprintf(hint, sizeof hint, "push the same contents of that version again");
    check_note(checked, checked->check->faults, rule_of(blob), text, where, hint);
}

void check_tell_blobs(struct checked *checked) {
    for (size_t i = 0; i < checked->count && !checked->failed; i++) {
        const struct checked_blob *blob = &checked->blobs[i];
        char hex[BERTH_HEX_BYTES];
        char text[BERTH_TEXT_BYTES];
        bool named = blob->files || blob->variants;
        berth_digest_hex(&blob->digest, hex);
        if (named && blob->state != CHECKED_SOUND)
            tell_named(checked, blob, hex);
        if (named || blob->state == CHECKED_GONE)
            continue;
        checked->check->orphans += checked->rows_known;
        checked->check->orphan_bytes += checked->rows_known ? blob->bytes : 0;
        (void)snprintf(text, sizeof text, "blob %s %s", hex, text_of(blob));
        if (blob->state != CHECKED_SOUND) /* nobody reads it, but an upload could find it */
            check_note(checked, checked->check->faults, rule_of(blob), text, NULL,
                       !checked->rows_known ? "restore the data directory from a backup"
                       : blob->state == CHECKED_UNREADABLE ? unreadable_hint
                                                           : "run berth verify --repair");
    }
}
