/* A map from digests to numbers, open addressing. Digests are as good as random, so their first
 * bytes are their hash; that holds even if somebody chooses contents to collide, as what he would
 * need is a partial preimage for each.
 *
 * Thread rules: none of its own.
 */
#ifndef BERTH_DIGESTS_H
#define BERTH_DIGESTS_H

#include "berth/digest.h"
#include <stdint.h>

struct berth_digests {
    struct berth_digests_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

struct berth_digests_slot {
    struct berth_digest digest;
    bool used;
    uint64_t value;
};

/* A zeroed map is an empty one. */
void berth_digests_done(struct berth_digests *digests);
/* The number of a digest, to read or write, valid until the next add; NULL when it is not there. */
uint64_t *berth_digests_find(const struct berth_digests *digests,
                             const struct berth_digest *digest);
/* The same; what is not there is added with 0. NULL when out of memory. */
uint64_t *berth_digests_add(struct berth_digests *digests, const struct berth_digest *digest);
/* Keeps those for which `keep` says so. */
void berth_digests_filter(struct berth_digests *digests,
                          bool (*keep)(uint64_t value, void *context), void *context);

#endif
