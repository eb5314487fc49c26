/* /manifests/: what is live, in each kind of loader's words. */
#include "assets.h"

#include <string.h>

static void answer(struct berth_exchange *exchange, const struct berth_snapshot *snapshot,
                   size_t listing) {
    const struct berth_view *view = berth_snapshot_listing_made(snapshot, listing);
    if (!view && berth_exchange_defer(exchange))
        return;
    if (!view)
        view = berth_snapshot_listing(snapshot, listing);
    struct berth_error error = {0};
    if (view) {
        site_answer_forms(exchange, berth_view_forms(view));
        return;
    }
    berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
    berth_answer_problem(exchange, &error);
}

void site_get_listing(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    const char *name = berth_exchange_param(exchange, "file");
    size_t listing = 0;
    while (listing < BERTH_LISTING_COUNT && strcmp(berth_listings[listing].name, name) != 0)
        listing++;
    if (listing == BERTH_LISTING_COUNT) {
        site_not_found(exchange, "there is no manifest of that name",
                       "/manifests/remotes.json tells what is live");
        return;
    }
    berth_exchange_keep(exchange, &site->keeper);
    answer(exchange, berth_snapshot_acquire(site->publisher), listing);
    berth_snapshot_release(site->publisher);
}

void site_get_pilets(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    berth_exchange_keep(exchange, &site->keeper);
    answer(exchange, berth_snapshot_acquire(site->publisher), BERTH_LISTING_PILETS);
    berth_snapshot_release(site->publisher);
}
