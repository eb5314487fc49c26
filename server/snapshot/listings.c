/* What loaders read of all that is live, made when it is first asked for: most servers are asked
 * for few of these, and an activation must not wait for any. */
#include "nodes.h"

#include "berth/json.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct berth_listings {
    const struct berth_views *views;
    struct berth_externals *externals; /* or NULL */
    int refs;                          /* the writer's */
    pthread_mutex_t lock;
    _Atomic(struct berth_view *) made[BERTH_LISTING_COUNT];
};

struct berth_listings *berth_listings_create(const struct berth_views *views) {
    struct berth_listings *listings = calloc(1, sizeof *listings);
    if (!listings)
        return NULL;
    listings->views = views;
    listings->refs = 1;
    pthread_mutex_init(&listings->lock, NULL);
    for (size_t i = 0; i < BERTH_LISTING_COUNT; i++)
        atomic_init(&listings->made[i], NULL);
    return listings;
}

void berth_listings_ref(struct berth_listings *listings) {
    listings->refs++;
}

void berth_listings_unref(struct berth_listings *listings) {
    if (!listings || --listings->refs)
        return;
    for (size_t i = 0; i < BERTH_LISTING_COUNT; i++)
        berth_view_unref(atomic_load(&listings->made[i]));
    berth_externals_unref(listings->externals);
    pthread_mutex_destroy(&listings->lock);
    free(listings);
}

void berth_snapshot_tell(struct berth_snapshot *snapshot, struct berth_externals *externals) {
    if (externals)
        externals->refs++;
    snapshot->listings->externals = externals;
}

const struct berth_externals *berth_snapshot_externals(const struct berth_snapshot *snapshot) {
    return snapshot->listings->externals;
}

static char *make_text(const struct berth_snapshot *snapshot, const struct berth_listing *listing) {
    struct berth_remote *remotes = calloc(snapshot->module_count + 1, sizeof *remotes);
    if (!remotes)
        return NULL;
    struct berth_live live = {.generation = snapshot->generation,
                              .remotes = remotes,
                              .public_url = snapshot->listings->views->public_url};
    const struct berth_externals *externals = snapshot->listings->externals;
    live.externals = externals ? externals->items : NULL;
    live.external_count = externals ? externals->count : 0;
    for (size_t i = 0; i < snapshot->module_count; i++)
        if (berth_module_remote(snapshot->modules[i], &remotes[live.count]))
            live.count++;
    json_t *json = listing->make(&live);
    char *text = json ? berth_json_text(json) : NULL;
    json_decref(json);
    free(remotes);
    return text;
}

static struct berth_view *make(const struct berth_snapshot *snapshot,
                               const struct berth_listing *listing) {
    char *text = make_text(snapshot, listing);
    struct berth_view *view =
        berth_view_create(text, text ? strlen(text) : 0, listing->content_type, "no-cache");
    if (view)
        berth_view_compress(view, false);
    return view;
}

const struct berth_view *berth_snapshot_listing_made(const struct berth_snapshot *snapshot,
                                                     size_t listing) {
    return atomic_load_explicit(&snapshot->listings->made[listing], memory_order_acquire);
}

const struct berth_view *berth_snapshot_listing(const struct berth_snapshot *snapshot,
                                                size_t listing) {
    struct berth_listings *listings = snapshot->listings;
    const struct berth_view *known = berth_snapshot_listing_made(snapshot, listing);
    if (known)
        return known;
    pthread_mutex_lock(&listings->lock);
    struct berth_view *view = atomic_load_explicit(&listings->made[listing], memory_order_relaxed);
    if (!view) {
        view = make(snapshot, &berth_listings[listing]);
        atomic_store_explicit(&listings->made[listing], view, memory_order_release);
    }
    pthread_mutex_unlock(&listings->lock);
    return view;
}
