/* The one table of what is said of all live modules together. */
#include "views.h"

const struct berth_listing berth_listings[BERTH_LISTING_COUNT] = {
    [BERTH_LISTING_REMOTES] = {"remotes.json", "application/json", berth_remotes_json},
    [BERTH_LISTING_IMPORTMAP] = {"importmap.json", "application/importmap+json",
                                 manifest_importmap},
    [BERTH_LISTING_SYSTEMJS_MAP] = {"systemjs.importmap.json", "application/importmap+json",
                                    manifest_systemjs_map},
    [BERTH_LISTING_MF_REMOTES] = {"mf-remotes.json", "application/json", manifest_mf_remotes},
    [BERTH_LISTING_MF_SNAPSHOT] = {"mf-snapshot.json", "application/json", manifest_mf_snapshot},
    [BERTH_LISTING_NATIVE] = {"federation.manifest.json", "application/json", manifest_native},
    [BERTH_LISTING_DISCOVERY] = {"discovery.json", "application/json", manifest_discovery},
    [BERTH_LISTING_IMPORTS] = {"import-map.json", "application/importmap+json", manifest_imports},
    [BERTH_LISTING_PILETS] = {"pilets.json", "application/json", manifest_pilets},
};
