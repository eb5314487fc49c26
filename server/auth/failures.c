/* A bucket for each address: each failure fills it by one, each second empties it by one. What is
 * kept of a bucket is the time at which it will be empty, so an entry that is over needs no
 * cleaning up: it is the first to be used again. */
#include "berth/auth.h"

#include <pthread.h>
#include <stdlib.h>

enum { SETS = 256, WAYS = 4, STEP_MS = 1000 };

struct bucket {
    uint64_t address; /* its hash */
    int64_t empty_ms;
};

struct berth_failures {
    pthread_mutex_t lock;
    int most;
    struct bucket buckets[SETS][WAYS];
};

struct berth_failures *berth_failures_create(int most) {
    struct berth_failures *failures = calloc(1, sizeof *failures);
    if (!failures)
        return NULL;
    failures->most = most;
    pthread_mutex_init(&failures->lock, NULL);
    return failures;
}

void berth_failures_destroy(struct berth_failures *failures) {
    if (!failures)
        return;
    pthread_mutex_destroy(&failures->lock);
    free(failures);
}

void berth_failures_set_limit(struct berth_failures *failures, int most) {
    pthread_mutex_lock(&failures->lock);
    failures->most = most;
    pthread_mutex_unlock(&failures->lock);
}

int berth_failures_limit(struct berth_failures *failures) {
    pthread_mutex_lock(&failures->lock);
    int most = failures->most;
    pthread_mutex_unlock(&failures->lock);
    return most;
}

/* FNV-1a. */
static uint64_t hash_of(const char *text) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

static bool has_room(const struct berth_failures *failures, const struct bucket *bucket,
                     int64_t monotonic_ms) {
    return bucket->empty_ms - monotonic_ms <= (int64_t)(failures->most - 1) * STEP_MS;
}

/* The address's own bucket, or in its place that of another which is the nearest to empty. */
static struct bucket *find(struct berth_failures *failures, uint64_t address) {
    struct bucket *set = failures->buckets[address % SETS];
    struct bucket *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].address == address)
            return &set[i];
        if (set[i].empty_ms < oldest->empty_ms)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.address = address};
    return oldest;
}

bool berth_failures_over(struct berth_failures *failures, const char *remote,
                         int64_t monotonic_ms) {
    uint64_t address = hash_of(remote);
    bool over = false;
    pthread_mutex_lock(&failures->lock);
    const struct bucket *set = failures->buckets[address % SETS];
    for (int i = 0; i < WAYS; i++)
        over = over || (set[i].address == address && !has_room(failures, &set[i], monotonic_ms));
    pthread_mutex_unlock(&failures->lock);
    return over;
}

bool berth_failures_take(struct berth_failures *failures, const char *remote,
                         int64_t monotonic_ms) {
    pthread_mutex_lock(&failures->lock);
    struct bucket *bucket = find(failures, hash_of(remote));
    if (bucket->empty_ms < monotonic_ms)
        bucket->empty_ms = monotonic_ms;
    bool taken = has_room(failures, bucket, monotonic_ms);
    if (taken)
        bucket->empty_ms += STEP_MS;
    pthread_mutex_unlock(&failures->lock);
    return taken;
}
