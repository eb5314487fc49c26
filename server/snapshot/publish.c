/* Hazard pointers (Michael, "Safe Memory Reclamation for Lock-Free Objects", 2004), one a thread.
 *
 * A reader writes the pointer it is about to use into its slot and then looks whether it is still
 * the current one; the writer swaps the pointer and then looks through the slots. Both sides are
 * sequentially consistent, so at least one of them sees the other. */
#include "nodes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct slot {
    _Alignas(64) _Atomic(const struct berth_snapshot *) reading; /* a cache line each */
    atomic_bool taken;
};

/* What somebody keeps beyond its slot. */
struct kept {
    const struct berth_snapshot *snapshot;
    int keepers;
    struct kept *next;
};

struct retired {
    struct berth_snapshot *snapshot;
    struct retired *next;
};

struct berth_publisher {
    _Atomic(struct berth_snapshot *) current;
    struct slot *slots;
    int slot_count;
    pthread_key_t key; /* the thread's slot; given back when the thread ends */
    struct retired *retired;
    struct berth_bodies *bodies;
    pthread_mutex_t lock; /* of the kept ones */
    struct kept *kept;
};

static void give_slot_back(void *slot) {
    atomic_store(&((struct slot *)slot)->taken, false);
}

struct berth_publisher *berth_publisher_create(int threads, struct berth_bodies *bodies) {
    struct berth_publisher *publisher = calloc(1, sizeof *publisher);
    if (!publisher)
        return NULL;
    publisher->bodies = bodies;
    publisher->slot_count = threads;
    publisher->slots = aligned_alloc(_Alignof(struct slot), (size_t)threads * sizeof(struct slot));
    if (!publisher->slots || pthread_key_create(&publisher->key, give_slot_back) != 0) {
        free(publisher->slots);
        free(publisher);
        return NULL;
    }
    pthread_mutex_init(&publisher->lock, NULL);
    for (int i = 0; i < threads; i++) {
        atomic_init(&publisher->slots[i].reading, NULL);
        atomic_init(&publisher->slots[i].taken, false);
    }
    return publisher;
}

static struct slot *take_slot(struct berth_publisher *publisher) {
    for (int i = 0; i < publisher->slot_count; i++) {
        struct slot *slot = &publisher->slots[i];
        if (!atomic_load_explicit(&slot->taken, memory_order_relaxed) &&
            !atomic_exchange(&slot->taken, true)) {
            pthread_setspecific(publisher->key, slot);
            return slot;
        }
    }
    abort(); /* more reading threads than the wiring promised */
}

static struct slot *slot_of_thread(struct berth_publisher *publisher) {
    struct slot *slot = pthread_getspecific(publisher->key);
    return slot ? slot : take_slot(publisher);
}

const struct berth_snapshot *berth_snapshot_acquire(struct berth_publisher *publisher) {
    struct slot *slot = slot_of_thread(publisher);
    const struct berth_snapshot *snapshot = atomic_load(&publisher->current);
    for (;;) {
        atomic_store(&slot->reading, snapshot);
        const struct berth_snapshot *now = atomic_load(&publisher->current);
        if (now == snapshot)
            return snapshot;
        snapshot = now;
    }
}

void berth_snapshot_release(struct berth_publisher *publisher) {
    struct slot *slot = slot_of_thread(publisher);
    atomic_store_explicit(&slot->reading, NULL, memory_order_release);
}

/* --- kept --- */

static struct kept *find_kept(const struct berth_publisher *publisher,
                              const struct berth_snapshot *snapshot) {
    struct kept *kept = publisher->kept;
    while (kept && kept->snapshot != snapshot)
        kept = kept->next;
    return kept;
}

static struct kept *add_kept(struct berth_publisher *publisher,
                             const struct berth_snapshot *snapshot) {
    struct kept *kept = malloc(sizeof *kept);
    if (!kept)
        return NULL;
    *kept = (struct kept){.snapshot = snapshot, .next = publisher->kept};
    publisher->kept = kept;
    return kept;
}

/* The thread's slot still names it, so that it cannot go meanwhile. */
static void *keep(void *context) {
    struct berth_publisher *publisher = context;
    const struct berth_snapshot *snapshot =
        atomic_load_explicit(&slot_of_thread(publisher)->reading, memory_order_relaxed);
    if (!snapshot)
        return NULL;
    pthread_mutex_lock(&publisher->lock);
    struct kept *kept = find_kept(publisher, snapshot);
    if (!kept)
        kept = add_kept(publisher, snapshot);
    if (kept)
        kept->keepers++;
    pthread_mutex_unlock(&publisher->lock);
    return kept;
}

static void let_go(void *context, void *token) {
    struct berth_publisher *publisher = context;
    struct kept *kept = token;
    pthread_mutex_lock(&publisher->lock);
    if (--kept->keepers == 0) {
        struct kept **link = &publisher->kept;
        while (*link != kept)
            link = &(*link)->next;
        *link = kept->next;
        free(kept);
    }
    pthread_mutex_unlock(&publisher->lock);
}

struct berth_keeper berth_snapshot_keeper(struct berth_publisher *publisher) {
    return (struct berth_keeper){keep, let_go, publisher};
}

/* Slots first: what was kept before its slot was cleared is found in the second look. */
static bool is_read(struct berth_publisher *publisher, const struct berth_snapshot *snapshot) {
    for (int i = 0; i < publisher->slot_count; i++)
        if (atomic_load(&publisher->slots[i].reading) == snapshot)
            return true;
    pthread_mutex_lock(&publisher->lock);
    bool kept = find_kept(publisher, snapshot);
    pthread_mutex_unlock(&publisher->lock);
    return kept;
}

static void sweep(struct berth_publisher *publisher) {
    for (struct retired **link = &publisher->retired; *link;) {
        struct retired *item = *link;
        if (is_read(publisher, item->snapshot)) {
            link = &item->next;
            continue;
        }
        *link = item->next;
        berth_snapshot_destroy(publisher->bodies, item->snapshot);
        free(item);
    }
}

void berth_publish(struct berth_publisher *publisher, struct berth_snapshot *snapshot) {
    struct berth_snapshot *old = atomic_exchange(&publisher->current, snapshot);
    struct retired *item = old ? malloc(sizeof *item) : NULL;
    if (item) { /* without memory for the note the old one is leaked, never freed too early */
        *item = (struct retired){.snapshot = old, .next = publisher->retired};
        publisher->retired = item;
    }
    sweep(publisher);
}

void berth_publisher_destroy(struct berth_publisher *publisher) {
    if (!publisher)
        return;
    berth_publish(publisher, NULL);
    pthread_key_delete(publisher->key);
    pthread_mutex_destroy(&publisher->lock);
    free(publisher->slots);
    free(publisher);
}
