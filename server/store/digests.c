#include "berth/digests.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void berth_digests_done(struct berth_digests *digests) {
    free(digests->slots);
    *digests = (struct berth_digests){0};
}

/* Its own slot, or the free one where it would be; there is always a free one. */
static struct berth_digests_slot *slot_of(const struct berth_digests *digests,
                                          const struct berth_digest *digest) {
    size_t at;
    memcpy(&at, digest->bytes, sizeof at);
    for (at &= digests->capacity - 1; digests->slots[at].used;
         at = (at + 1) & (digests->capacity - 1))
        if (berth_digest_equal(&digests->slots[at].digest, digest))
            break;
    return &digests->slots[at];
}

uint64_t *berth_digests_find(const struct berth_digests *digests,
                             const struct berth_digest *digest) {
    if (digests->count == 0)
        return NULL;
    struct berth_digests_slot *slot = slot_of(digests, digest);
    return slot->used ? &slot->value : NULL;
}

static void move_all(struct berth_digests *to, const struct berth_digests *from) {
    for (size_t i = 0; i < from->capacity; i++)
        if (from->slots[i].used)
            *slot_of(to, &from->slots[i].digest) = from->slots[i];
    to->count = from->count;
}

/* At most half full. */
static bool make_room(struct berth_digests *digests) {
    if (digests->count < digests->capacity / 2)
        return true;
    struct berth_digests grown = {.capacity =
                                      digests->capacity ? 2 * digests->capacity : FIRST_CAPACITY};
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (!grown.slots)
        return false;
    move_all(&grown, digests);
    free(digests->slots);
    *digests = grown;
    return true;
}

uint64_t *berth_digests_add(struct berth_digests *digests, const struct berth_digest *digest) {
    uint64_t *found = berth_digests_find(digests, digest);
    if (found || !make_room(digests))
        return found;
    struct berth_digests_slot *slot = slot_of(digests, digest);
    *slot = (struct berth_digests_slot){.digest = *digest, .used = true};
    digests->count++;
    return &slot->value;
}

/* What stays may have stood behind what goes, so it is put in again. Backwards, from a free slot
 * on, would do without the copy; without memory for it all stays, which is the safe side. */
void berth_digests_filter(struct berth_digests *digests,
                          bool (*keep)(uint64_t value, void *context), void *context) {
    struct berth_digests kept = {0};
    size_t count = 0;
    for (size_t i = 0; i < digests->capacity; i++)
        count += digests->slots[i].used && keep(digests->slots[i].value, context);
    for (size_t i = 0; count && i < digests->capacity; i++) {
        const struct berth_digests_slot *slot = &digests->slots[i];
        uint64_t *value = slot->used && keep(slot->value, context)
                              ? berth_digests_add(&kept, &slot->digest)
                              : NULL;
        if (value)
            *value = slot->value;
    }
    if (kept.count == count) {
        free(digests->slots);
        *digests = kept;
    } else {
        berth_digests_done(&kept);
    }
}
