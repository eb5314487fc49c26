/* An open-addressing table from digest to body (a SHA-256 is its own hash), under one lock, which
 * is not held while a blob is read: who asks for a body that is on its way waits for it, and has
 * the same outcome as its reader. */
#include "nodes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* A file above this part of the budget is not worth all the others that it would push out. */
enum { BUDGET_SHARE = 8 };

struct body {
    struct berth_digest digest;
    char *data;
    struct berth_error *problem; /* why there is no data; NULL with that: out of memory */
    bool known;                  /* one of the two; else it is being read */
    int64_t bytes;
    int pins;
    int loans;
    struct body *newer; /* while idle */
    struct body *older;
};

struct berth_bodies {
    pthread_mutex_t lock;
    pthread_cond_t read; /* a body came, or did not */
    struct body **cells;
    size_t capacity; /* a power of two */
    size_t count;
    int64_t bytes;
    int64_t unpinned_bytes;
    int64_t budget_bytes;
    struct body *newest; /* idle: neither pinned nor borrowed */
    struct body *oldest;
    struct berth_pieces *pieces;
};

struct berth_bodies *berth_bodies_create(int64_t budget_bytes) {
    struct berth_bodies *bodies = calloc(1, sizeof *bodies);
    if (!bodies)
        return NULL;
    bodies->capacity = 1024;
    bodies->budget_bytes = budget_bytes;
    bodies->cells = calloc(bodies->capacity, sizeof(struct body *));
    bodies->pieces = berth_pieces_create();
    if (!bodies->cells || !bodies->pieces) {
        berth_pieces_destroy(bodies->pieces);
        free(bodies->cells);
        free(bodies);
        return NULL;
    }
    pthread_mutex_init(&bodies->lock, NULL);
    pthread_cond_init(&bodies->read, NULL);
    return bodies;
}

static void destroy(struct body *body) {
    if (body) {
        free(body->data);
        free(body->problem);
    }
    free(body);
}

void berth_bodies_destroy(struct berth_bodies *bodies) {
    if (!bodies)
        return;
    for (size_t i = 0; i < bodies->capacity; i++)
        destroy(bodies->cells[i]);
    pthread_mutex_destroy(&bodies->lock);
    pthread_cond_destroy(&bodies->read);
    berth_pieces_destroy(bodies->pieces);
    free(bodies->cells);
    free(bodies);
}

struct berth_pieces *berth_bodies_pieces(struct berth_bodies *bodies) {
    return bodies->pieces;
}

static int64_t read_number(struct berth_bodies *bodies, const int64_t *number) {
    pthread_mutex_lock(&bodies->lock);
    int64_t value = *number;
    pthread_mutex_unlock(&bodies->lock);
    return value;
}

int64_t berth_bodies_bytes(struct berth_bodies *bodies) {
    return read_number(bodies, &bodies->bytes);
}

int64_t berth_bodies_unpinned_bytes(struct berth_bodies *bodies) {
    return read_number(bodies, &bodies->unpinned_bytes);
}

/* --- the table --- */

static size_t home_of(const struct berth_digest *digest, size_t capacity) {
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof hash);
    return (size_t)hash & (capacity - 1);
}

/* Where the digest is, or the free cell where it belongs. */
static size_t place_of(struct body *const *cells, size_t capacity,
                       const struct berth_digest *digest) {
    size_t i = home_of(digest, capacity);
    while (cells[i] && !berth_digest_equal(&cells[i]->digest, digest))
        i = (i + 1) & (capacity - 1);
    return i;
}

static struct body *find(const struct berth_bodies *bodies, const struct berth_digest *digest) {
    return bodies->cells[place_of(bodies->cells, bodies->capacity, digest)];
}

static bool grow(struct berth_bodies *bodies) {
    size_t capacity = bodies->capacity * 2;
    struct body **cells = calloc(capacity, sizeof(struct body *));
    if (!cells)
        return false;
    for (size_t i = 0; i < bodies->capacity; i++)
        if (bodies->cells[i])
            cells[place_of(cells, capacity, &bodies->cells[i]->digest)] = bodies->cells[i];
    free(bodies->cells);
    bodies->cells = cells;
    bodies->capacity = capacity;
    return true;
}

static struct body *add(struct berth_bodies *bodies, const struct berth_digest *digest,
                        int64_t bytes) {
    if (2 * (bodies->count + 1) > bodies->capacity && !grow(bodies))
        return NULL;
    struct body *body = calloc(1, sizeof *body);
    if (!body)
        return NULL;
    body->digest = *digest;
    body->bytes = bytes;
    bodies->cells[place_of(bodies->cells, bodies->capacity, digest)] = body;
    bodies->count++;
    bodies->bytes += bytes;
    return body;
}

/* Closes the gap behind it, so that no search ends too early (Knuth 6.4, algorithm R). */
static void take_out(struct berth_bodies *bodies, const struct body *body) {
    size_t mask = bodies->capacity - 1;
    size_t hole = place_of(bodies->cells, bodies->capacity, &body->digest);
    for (size_t i = (hole + 1) & mask; bodies->cells[i]; i = (i + 1) & mask) {
        size_t home = home_of(&bodies->cells[i]->digest, bodies->capacity);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            bodies->cells[hole] = bodies->cells[i];
            hole = i;
        }
    }
    bodies->cells[hole] = NULL;
    bodies->count--;
    bodies->bytes -= body->bytes;
}

/* --- who holds what --- */

static void rest(struct berth_bodies *bodies, struct body *body) {
    body->older = bodies->newest;
    body->newer = NULL;
    if (bodies->newest)
        bodies->newest->newer = body;
    else
        bodies->oldest = body;
    bodies->newest = body;
}

static void rouse(struct berth_bodies *bodies, struct body *body) {
    if (body->newer)
        body->newer->older = body->older;
    else
        bodies->newest = body->older;
    if (body->older)
        body->older->newer = body->newer;
    else
        bodies->oldest = body->newer;
    body->newer = body->older = NULL;
}

static void drop(struct berth_bodies *bodies, struct body *body) {
    take_out(bodies, body);
    bodies->unpinned_bytes -= body->bytes;
    destroy(body);
}

/* Until `bytes` more fit into the budget. */
static bool make_room(struct berth_bodies *bodies, int64_t bytes) {
    while (bodies->oldest && bodies->unpinned_bytes + bytes > bodies->budget_bytes) {
        struct body *body = bodies->oldest;
        bodies->oldest = body->newer;
        if (body->newer)
            body->newer->older = NULL;
        else
            bodies->newest = NULL;
        drop(bodies, body);
    }
    return bodies->unpinned_bytes + bytes <= bodies->budget_bytes;
}

static bool is_too_large(const struct berth_bodies *bodies, int64_t bytes) {
    return bytes > bodies->budget_bytes / BUDGET_SHARE;
}

static void hold(struct berth_bodies *bodies, struct body *body, bool pin) {
    if (body->data && !body->pins && !body->loans)
        rouse(bodies, body);
    if (pin && body->pins++ == 0)
        bodies->unpinned_bytes -= body->bytes;
    if (!pin)
        body->loans++;
}

static void let_go(struct berth_bodies *bodies, struct body *body, bool pin) {
    if (pin && --body->pins == 0)
        bodies->unpinned_bytes += body->bytes;
    if (!pin)
        body->loans--;
    if (body->pins || body->loans)
        return;
    if (is_too_large(bodies, body->bytes))
        drop(bodies, body);
    else
        rest(bodies, body);
    (void)make_room(bodies, 0);
}

void berth_bodies_set_budget(struct berth_bodies *bodies, int64_t budget_bytes) {
    pthread_mutex_lock(&bodies->lock);
    bodies->budget_bytes = budget_bytes;
    (void)make_room(bodies, 0);
    pthread_mutex_unlock(&bodies->lock);
}

/* --- from the store --- */

/* Readers take as many bytes as the row says, so it must not say more than there are. */
static enum berth_code refuse_size(struct berth_error *error) {
    return berth_fail(error, BERTH_IO, "blob-damaged", "a blob is not as long as its row says");
}

enum berth_code berth_blob_whole(struct berth_store *store, const struct berth_digest *digest,
                                 int64_t bytes, char **ret, struct berth_error *error) {
    struct berth_error problem = {0};
    size_t length = 0;
    enum berth_code code = berth_blob_read(store, digest, bytes, ret, &length, &problem);
    if (code == BERTH_TOO_LARGE)
        return refuse_size(error);
    if (code == BERTH_OK && (int64_t)length != bytes) {
        free(*ret);
        return refuse_size(error);
    }
    if (code != BERTH_OK && error && error->code == BERTH_OK)
        *error = problem;
    return code;
}

static struct berth_error *keep(const struct berth_error *problem) {
    struct berth_error *kept = malloc(sizeof *kept);
    if (kept)
        *kept = *problem;
    return kept;
}

/* While the lock is open its reader holds the body, and so do all who wait for it. One that cannot
 * be read leaves the table at once, so who comes later reads again. */
static void fill(struct berth_bodies *bodies, struct berth_store *store, struct body *body) {
    struct berth_error problem = {0};
    char *data = NULL;
    pthread_mutex_unlock(&bodies->lock);
    enum berth_code code = berth_blob_whole(store, &body->digest, body->bytes, &data, &problem);
    pthread_mutex_lock(&bodies->lock);
    pthread_cond_broadcast(&bodies->read);
    body->known = true;
    if (code == BERTH_OK) {
        body->data = data;
        return;
    }
    body->problem = keep(&problem);
    take_out(bodies, body);
    if (!body->pins)
        bodies->unpinned_bytes -= body->bytes;
}

/* To a holder, who is none any more where there is no data. */
static enum berth_code tell(struct body *body, bool pin, const void **ret,
                            struct berth_error *error) {
    if (body->data) {
        *ret = body->data;
        return BERTH_OK;
    }
    enum berth_code code = body->problem ? body->problem->code : berth_out_of_memory(error);
    if (body->problem && error && error->code == BERTH_OK)
        *error = *body->problem;
    --*(pin ? &body->pins : &body->loans);
    if (!body->pins && !body->loans)
        destroy(body);
    return code;
}

static enum berth_code add_and_fill(struct berth_bodies *bodies, struct berth_store *store,
                                    const struct berth_digest *digest, int64_t bytes, bool pin,
                                    const void **ret, struct berth_error *error) {
    if (!pin && (is_too_large(bodies, bytes) || !make_room(bodies, bytes)))
        return berth_fail(error, BERTH_BUSY, "cache-room", "there is no room for the file");
    struct body *body = add(bodies, digest, bytes);
    if (!body)
        return berth_out_of_memory(error);
    bodies->unpinned_bytes += bytes;
    hold(bodies, body, pin);
    fill(bodies, store, body);
    return tell(body, pin, ret, error);
}

static enum berth_code wait_for(struct berth_bodies *bodies, struct body *body, bool pin,
                                const void **ret, struct berth_error *error) {
    hold(bodies, body, pin);
    while (!body->known)
        pthread_cond_wait(&bodies->read, &bodies->lock);
    return tell(body, pin, ret, error);
}

static enum berth_code take(struct berth_bodies *bodies, struct berth_store *store,
                            const struct berth_digest *digest, int64_t bytes, bool pin,
                            const void **ret, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    pthread_mutex_lock(&bodies->lock);
    struct body *body = find(bodies, digest);
    if (!body)
        code = add_and_fill(bodies, store, digest, bytes, pin, ret, error);
    else if (body->bytes != bytes)
        code = refuse_size(error);
    else
        code = wait_for(bodies, body, pin, ret, error);
    pthread_mutex_unlock(&bodies->lock);
    return code;
}

enum berth_code berth_body_pin(struct berth_bodies *bodies, struct berth_store *store,
                               const struct berth_digest *digest, int64_t bytes, const void **ret,
                               struct berth_error *error) {
    return take(bodies, store, digest, bytes, true, ret, error);
}

enum berth_code berth_body_borrow(struct berth_bodies *bodies, struct berth_store *store,
                                  const struct berth_digest *digest, int64_t bytes,
                                  const void **ret, struct berth_error *error) {
    return take(bodies, store, digest, bytes, false, ret, error);
}

static void give(struct berth_bodies *bodies, const struct berth_digest *digest, bool pin) {
    pthread_mutex_lock(&bodies->lock);
    struct body *body = find(bodies, digest);
    if (body && body->data && (pin ? body->pins : body->loans))
        let_go(bodies, body, pin);
    pthread_mutex_unlock(&bodies->lock);
}

void berth_body_unpin(struct berth_bodies *bodies, const struct berth_digest *digest) {
    give(bodies, digest, true);
}

void berth_body_return(struct berth_bodies *bodies, const struct berth_digest *digest) {
    give(bodies, digest, false);
}
