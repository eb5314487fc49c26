#include "nodes.h"

#include <stdlib.h>
#include <string.h>

void berth_snapshot_destroy(struct berth_bodies *bodies, struct berth_snapshot *snapshot) {
    if (!snapshot)
        return;
    for (size_t i = 0; i < snapshot->module_count; i++)
        berth_module_unref(bodies, snapshot->modules[i]);
    berth_pages_unref(snapshot->pages);
    berth_listings_unref(snapshot->listings);
    free(snapshot->modules);
    free(snapshot);
}

static struct berth_snapshot *create(int64_t generation, struct berth_module *const *modules,
                                     size_t count) {
    struct berth_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (!snapshot)
        return NULL;
    snapshot->modules = calloc(count + 1, sizeof(struct berth_module *));
    if (!snapshot->modules) {
        free(snapshot);
        return NULL;
    }
    snapshot->generation = generation;
    for (; snapshot->module_count < count; snapshot->module_count++) {
        snapshot->modules[snapshot->module_count] = modules[snapshot->module_count];
        modules[snapshot->module_count]->refs++;
    }
    return snapshot;
}

enum berth_code berth_snapshot_create(int64_t generation, const struct berth_snapshot *before,
                                      struct berth_module *const *modules, size_t module_count,
                                      const struct berth_page_source *pages, size_t page_count,
                                      const struct berth_views *views, struct berth_snapshot **ret,
                                      struct berth_error *error) {
    struct berth_snapshot *snapshot = create(generation, modules, module_count);
    if (!snapshot)
        return berth_out_of_memory(error);
    enum berth_code code = BERTH_OK;
    snapshot->listings = berth_listings_create(views);
    if (!snapshot->listings)
        code = berth_out_of_memory(error);
    if (code == BERTH_OK)
        code = berth_pages_create(snapshot, before, pages, page_count, views, error);
    if (code == BERTH_OK)
        *ret = snapshot;
    else
        berth_snapshot_destroy(views->bodies, snapshot);
    return code;
}

struct berth_snapshot *berth_snapshot_with(const struct berth_snapshot *snapshot,
                                           struct berth_module *const *modules,
                                           size_t module_count) {
    struct berth_snapshot *next = create(snapshot->generation, modules, module_count);
    if (!next)
        return NULL;
    next->listings = snapshot->listings;
    berth_listings_ref(next->listings);
    next->pages = berth_pages_share(snapshot->pages);
    if (next->pages)
        return next;
    berth_snapshot_destroy(NULL, next); /* nothing of it is the last reference */
    return NULL;
}

static int compare_module(const void *key, const void *module) {
    return strcmp(key, (*(struct berth_module *const *)module)->name);
}

const struct berth_module *berth_snapshot_module(const struct berth_snapshot *snapshot,
                                                 const char *name) {
    struct berth_module *const *found = bsearch(name, snapshot->modules, snapshot->module_count,
                                                sizeof(struct berth_module *), compare_module);
    return found ? *found : NULL;
}
