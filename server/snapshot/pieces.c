/* What the pieces of large blobs must be, noted while the whole was found right: so a part of a
 * blob can be checked without reading the rest. A digest names contents for ever, so what is noted
 * never becomes wrong, whatever becomes of the file.
 *
 * A chained table under one lock; of what nobody uses, the longest unused goes first. */
#include "nodes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* 32 bytes for 64 KiB: enough for some 8 GiB of blobs. */
enum { CELLS = 1024, MOST_BYTES = 4 * 1024 * 1024 };

struct berth_pieces {
    pthread_mutex_t lock;
    size_t bytes;
    struct piece_sums *newest;
    struct piece_sums *oldest;
    struct piece_sums *cells[CELLS];
};

struct berth_pieces *berth_pieces_create(void) {
    struct berth_pieces *pieces = calloc(1, sizeof *pieces);
    if (pieces)
        pthread_mutex_init(&pieces->lock, NULL);
    return pieces;
}

void berth_pieces_destroy(struct berth_pieces *pieces) {
    if (!pieces)
        return;
    for (size_t i = 0; i < CELLS; i++)
        for (struct piece_sums *sums = pieces->cells[i], *next; sums; sums = next) {
            next = sums->next;
            free(sums);
        }
    pthread_mutex_destroy(&pieces->lock);
    free(pieces);
}

static size_t size_of(const struct piece_sums *sums) {
    return sizeof *sums + sums->count * sizeof sums->of[0];
}

static struct piece_sums **cell_of(struct berth_pieces *pieces, const struct berth_digest *digest) {
    uint32_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    return &pieces->cells[hash % CELLS];
}

static struct piece_sums *find(struct berth_pieces *pieces, const struct berth_digest *digest) {
    struct piece_sums *sums = *cell_of(pieces, digest);
    while (sums && (sums->dropped || !berth_digest_equal(&sums->digest, digest)))
        sums = sums->next;
    return sums;
}

static void take_out(struct berth_pieces *pieces, struct piece_sums *sums) {
    struct piece_sums **link = cell_of(pieces, &sums->digest);
    while (*link != sums)
        link = &(*link)->next;
    *link = sums->next;
    pieces->bytes -= size_of(sums);
    free(sums);
}

static void rest(struct berth_pieces *pieces, struct piece_sums *sums) {
    sums->older = pieces->newest;
    sums->newer = NULL;
    if (pieces->newest)
        pieces->newest->newer = sums;
    else
        pieces->oldest = sums;
    pieces->newest = sums;
}

static void rouse(struct berth_pieces *pieces, struct piece_sums *sums) {
    if (sums->newer)
        sums->newer->older = sums->older;
    else
        pieces->newest = sums->older;
    if (sums->older)
        sums->older->newer = sums->newer;
    else
        pieces->oldest = sums->newer;
    sums->newer = sums->older = NULL;
}

static void make_room(struct berth_pieces *pieces) {
    while (pieces->oldest && pieces->bytes > MOST_BYTES) {
        struct piece_sums *sums = pieces->oldest;
        pieces->oldest = sums->newer;
        if (pieces->oldest)
            pieces->oldest->older = NULL;
        else
            pieces->newest = NULL;
        take_out(pieces, sums);
    }
}

static struct piece_sums *hold(struct berth_pieces *pieces, struct piece_sums *sums) {
    if (sums && sums->holds++ == 0)
        rouse(pieces, sums);
    return sums;
}

const struct piece_sums *berth_pieces_take(struct berth_pieces *pieces,
                                           const struct berth_digest *digest) {
    pthread_mutex_lock(&pieces->lock);
    const struct piece_sums *sums = hold(pieces, find(pieces, digest));
    pthread_mutex_unlock(&pieces->lock);
    return sums;
}

/* Two readers may have made the same at once. */
const struct piece_sums *berth_pieces_put(struct berth_pieces *pieces, struct piece_sums *sums) {
    pthread_mutex_lock(&pieces->lock);
    struct piece_sums *known = hold(pieces, find(pieces, &sums->digest));
    if (known) {
        free(sums);
    } else {
        struct piece_sums **cell = cell_of(pieces, &sums->digest);
        known = sums;
        sums->holds = 1;
        sums->next = *cell;
        *cell = sums;
        pieces->bytes += size_of(sums);
        make_room(pieces);
    }
    pthread_mutex_unlock(&pieces->lock);
    return known;
}

static struct piece_sums *held_of(struct berth_pieces *pieces, const struct piece_sums *sums) {
    struct piece_sums *held = *cell_of(pieces, &sums->digest);
    while (held != sums)
        held = held->next;
    return held;
}

void berth_pieces_give(struct berth_pieces *pieces, const struct piece_sums *sums) {
    if (!sums)
        return;
    pthread_mutex_lock(&pieces->lock);
    struct piece_sums *held = held_of(pieces, sums);
    if (--held->holds == 0) {
        if (held->dropped) {
            take_out(pieces, held);
        } else {
            rest(pieces, held);
            make_room(pieces);
        }
    }
    pthread_mutex_unlock(&pieces->lock);
}

void berth_pieces_drop(struct berth_pieces *pieces, const struct piece_sums *sums) {
    pthread_mutex_lock(&pieces->lock);
    held_of(pieces, sums)->dropped = true;
    pthread_mutex_unlock(&pieces->lock);
}
