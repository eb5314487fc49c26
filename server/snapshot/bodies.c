/* An open-addressing table from digest to body; a SHA-256 is its own hash. */
#include "nodes.h"

#include <stdlib.h>
#include <string.h>

struct body {
    struct berth_digest digest;
    char *data;
    int64_t bytes;
    int refs; /* 0: free cell */
};

struct berth_bodies {
    struct body *cells;
    size_t capacity; /* a power of two */
    size_t count;
    int64_t bytes;
    int64_t budget_bytes;
};

struct berth_bodies *berth_bodies_create(int64_t budget_bytes) {
    struct berth_bodies *bodies = calloc(1, sizeof *bodies);
    if (!bodies)
        return NULL;
    bodies->capacity = 1024;
    bodies->budget_bytes = budget_bytes;
    bodies->cells = calloc(bodies->capacity, sizeof *bodies->cells);
    if (!bodies->cells) {
        free(bodies);
        return NULL;
    }
    return bodies;
}

void berth_bodies_destroy(struct berth_bodies *bodies) {
    if (!bodies)
        return;
    for (size_t i = 0; i < bodies->capacity; i++)
        free(bodies->cells[i].data);
    free(bodies->cells);
    free(bodies);
}

int64_t berth_bodies_bytes(const struct berth_bodies *bodies) {
    return bodies->bytes;
}

int64_t berth_bodies_budget(const struct berth_bodies *bodies) {
    return bodies->budget_bytes;
}

static size_t home_of(const struct berth_digest *digest, size_t capacity) {
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    return (size_t)hash & (capacity - 1);
}

/* The digest's cell, or the free one where it belongs. */
static struct body *cell_of(struct body *cells, size_t capacity,
                            const struct berth_digest *digest) {
    size_t i = home_of(digest, capacity);
    while (cells[i].refs && !berth_digest_equal(&cells[i].digest, digest))
        i = (i + 1) & (capacity - 1);
    return &cells[i];
}

static bool grow(struct berth_bodies *bodies) {
    size_t capacity = bodies->capacity * 2;
    struct body *cells = calloc(capacity, sizeof *cells);
    if (!cells)
        return false;
    for (size_t i = 0; i < bodies->capacity; i++)
        if (bodies->cells[i].refs)
            *cell_of(cells, capacity, &bodies->cells[i].digest) = bodies->cells[i];
    free(bodies->cells);
    bodies->cells = cells;
    bodies->capacity = capacity;
    return true;
}

/* Readers take as many bytes as the row says, so it must not say more than there are. */
static enum berth_code refuse_size(struct berth_error *error) {
    return berth_fail(error, BERTH_IO, "blob-damaged", "a blob is not as long as its row says");
}

enum berth_code berth_body_take(struct berth_bodies *bodies, struct berth_store *store,
                                const struct berth_digest *digest, int64_t bytes, const void **ret,
                                struct berth_error *error) {
    if (2 * (bodies->count + 1) > bodies->capacity && !grow(bodies))
        return berth_out_of_memory(error);
    struct body *cell = cell_of(bodies->cells, bodies->capacity, digest);
    if (!cell->refs) {
        char *data;
        size_t length;
        enum berth_code code = berth_blob_read(store, digest, bytes, &data, &length, error);
        if (code != BERTH_OK)
            return code;
        if ((int64_t)length != bytes) {
            free(data);
            return refuse_size(error);
        }
        *cell = (struct body){.digest = *digest, .data = data, .bytes = (int64_t)length};
        bodies->count++;
        bodies->bytes += cell->bytes;
    }
    if (cell->bytes != bytes)
        return refuse_size(error);
    cell->refs++;
    *ret = cell->data;
    return BERTH_OK;
}

/* Closes the gap at `hole`, so that no search ends too early (Knuth 6.4, algorithm R). */
static void close_gap(struct berth_bodies *bodies, size_t hole) {
    size_t mask = bodies->capacity - 1;
    for (size_t i = (hole + 1) & mask; bodies->cells[i].refs; i = (i + 1) & mask) {
        size_t home = home_of(&bodies->cells[i].digest, bodies->capacity);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            bodies->cells[hole] = bodies->cells[i];
            hole = i;
        }
    }
    bodies->cells[hole] = (struct body){0};
}

void berth_body_give(struct berth_bodies *bodies, const struct berth_digest *digest) {
    struct body *cell = cell_of(bodies->cells, bodies->capacity, digest);
    if (!cell->refs || --cell->refs)
        return;
    free(cell->data);
    bodies->bytes -= cell->bytes;
    bodies->count--;
    close_gap(bodies, (size_t)(cell - bodies->cells));
}
