/* Blobs that are too large for the cache, in parts.
 *
 * What holds: every byte that is given out was held, in the memory from which it is given, against
 * the digest of its piece, which was noted when the whole was right (pieces.c). So a part costs the
 * pieces that it lies in, and the whole only the first time; damage that comes later is found when
 * the damaged piece is read, and none of that piece leaves. Of a blob over 2 GiB no digests are
 * noted: there the whole is read and held against its digest before each answer, and then read
 * again, so what changes in between is not found. */
#include "nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024, NOTED_PIECES = 32 * 1024 };

struct berth_reader {
    struct berth_pieces *pieces;
    struct berth_store *store;
    int fd;
    int64_t bytes;
    struct berth_digest digest;
    bool sound;                    /* the whole was held against its digest */
    const struct piece_sums *sums; /* of more than one piece */
    int64_t loaded;                /* which piece is in `piece`, and right; -1: none */
    unsigned char piece[PIECE_BYTES];
};

enum berth_code berth_reader_open(struct berth_bodies *bodies, struct berth_store *store,
                                  const struct berth_digest *digest, int64_t bytes,
                                  struct berth_reader **ret, struct berth_error *error) {
    int64_t found = 0;
    struct berth_reader *reader = malloc(sizeof *reader);
    if (!reader)
        return berth_out_of_memory(error);
    reader->pieces = berth_bodies_pieces(bodies);
    reader->store = store;
    reader->bytes = bytes;
    reader->digest = *digest;
    reader->sound = false;
    reader->sums = NULL;
    reader->loaded = -1;
    enum berth_code code = berth_blob_open(store, digest, &reader->fd, &found, error);
    if (code == BERTH_OK && found == bytes) {
        *ret = reader;
        return BERTH_OK;
    }
    if (code == BERTH_OK) {
        code = berth_fail(error, BERTH_IO, "blob-damaged", "a blob is not as long as its row says");
        (void)close(reader->fd);
    }
    free(reader);
    return code;
}

void berth_reader_close(struct berth_reader *reader) {
    if (!reader)
        return;
    berth_pieces_give(reader->pieces, reader->sums);
    (void)close(reader->fd);
    free(reader);
}

static int64_t piece_count(const struct berth_reader *reader) {
    return (reader->bytes + PIECE_BYTES - 1) / PIECE_BYTES;
}

static size_t piece_length(const struct berth_reader *reader, int64_t number) {
    int64_t left = reader->bytes - number * PIECE_BYTES;
    return left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
}

static bool read_piece(struct berth_reader *reader, int64_t number) {
    size_t length = piece_length(reader, number);
    for (size_t done = 0; done < length;) {
        ssize_t got = pread(reader->fd, reader->piece + done, length - done,
                            number * PIECE_BYTES + (int64_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* All of it through the one buffer; `sums` may be NULL. */
static bool read_whole(struct berth_reader *reader, struct piece_sums *sums) {
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    struct berth_digest found;
    int64_t count = piece_count(reader);
    bool good = hasher != NULL;
    for (int64_t i = 0; good && i < count; i++) {
        size_t length = piece_length(reader, i);
        good = read_piece(reader, i);
        if (good)
            berth_hasher_add(hasher, reader->piece, length);
        if (good && sums)
            sums->of[i] = berth_sha256(reader->piece, length);
    }
    if (good) {
        berth_hasher_finish(hasher, found.bytes);
        good = berth_digest_equal(&found, &reader->digest);
    }
    berth_hasher_destroy(hasher);
    reader->loaded = good && count > 0 ? count - 1 : -1;
    return good;
}

/* NULL where they are not worth it, or there is no memory: then the whole is read each time. */
static struct piece_sums *create_sums(const struct berth_reader *reader) {
    size_t count = (size_t)piece_count(reader);
    struct piece_sums *sums = count > 1 && count <= NOTED_PIECES
                                  ? calloc(1, sizeof *sums + count * sizeof sums->of[0])
                                  : NULL;
    if (sums) {
        sums->digest = reader->digest;
        sums->count = count;
    }
    return sums;
}

bool berth_reader_check(struct berth_reader *reader) {
    if (reader->sound)
        return true;
    reader->sums = berth_pieces_take(reader->pieces, &reader->digest);
    if (reader->sums)
        return reader->sound = true;
    struct piece_sums *sums = create_sums(reader);
    reader->sound = read_whole(reader, sums);
    if (!reader->sound)
        berth_blob_suspect(reader->store, &reader->digest); /* the next upload of it heals it */
    if (reader->sound && sums)
        reader->sums = berth_pieces_put(reader->pieces, sums);
    else
        free(sums);
    return reader->sound;
}

static bool load(struct berth_reader *reader, int64_t number) {
    if (reader->loaded == number)
        return true;
    bool right = read_piece(reader, number);
    if (right && reader->sums) {
        struct berth_digest found = berth_sha256(reader->piece, piece_length(reader, number));
        right = berth_digest_equal(&found, &reader->sums->of[number]);
    }
    reader->loaded = right ? number : -1;
    if (!right)
        berth_blob_suspect(reader->store, &reader->digest);
    if (!right && reader->sums) /* whoever comes next looks at all of it */
        berth_pieces_drop(reader->pieces, reader->sums);
    return right;
}

bool berth_reader_read(struct berth_reader *reader, int64_t offset, void *ret, size_t length) {
    char *rest = ret;
    if (!berth_reader_check(reader))
        return false;
    while (length) {
        int64_t number = offset / PIECE_BYTES;
        size_t at = (size_t)(offset % PIECE_BYTES);
        size_t part = PIECE_BYTES - at < length ? PIECE_BYTES - at : length;
        if (offset + (int64_t)part > reader->bytes || !load(reader, number))
            return false;
        memcpy(rest, reader->piece + at, part);
        rest += part;
        offset += (int64_t)part;
        length -= part;
    }
    return true;
}
