/* The one table of what is said of all live modules together. */
#include "berth/manifest.h"

const struct berth_listing berth_listings[BERTH_LISTING_COUNT] = {
    [BERTH_LISTING_REMOTES] = {"remotes.json", "application/json", berth_remotes_json},
};
