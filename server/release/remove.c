/* A version is taken away. */
#include "desk.h"

#include <stdlib.h>
#include <string.h>

/* What becomes of the module: a node without the version, or none where it was the only one. */
struct removal {
    const struct berth_module *known;
    const char *version;
    struct berth_module *module; /* NULL: the module goes too */
    struct berth_snapshot *snapshot;
};

/* NULL when out of memory. */
static struct berth_heads *heads_without(const struct berth_heads *heads, const char *version) {
    const char **names = malloc(heads->count * sizeof(char *));
    size_t count = 0;
    for (size_t i = 0; names && i < heads->count; i++)
        if (strcmp(heads->by_upload[i]->version, version) != 0)
            names[count++] = heads->by_upload[i]->version;
    struct berth_heads *rest = names ? berth_heads_create(names, count) : NULL;
    free(names);
    return rest;
}

static bool is_previous(const struct removal *removal) {
    const struct berth_edition *previous = removal->known->previous;
    return previous && strcmp(previous->version, removal->version) == 0;
}

/* Where nothing is live, the newest version speaks for the module, and that may be another one now.
 * The previous one is not replaced: it would have to be read, and is a help only. */
static enum berth_code rebuild(struct berth_desk *desk, struct removal *removal,
                               struct berth_heads *heads, struct berth_error *error) {
    const struct berth_module *known = removal->known;
    struct berth_edition *newest = NULL;
    enum berth_code code = BERTH_OK;
    if (!known->live)
        code = berth_edition_read(known->name, heads->by_upload[heads->count - 1]->version,
                                  &desk->views, &newest, error);
    if (code != BERTH_OK)
        return code;
    struct berth_module_parts parts = {.name = known->name,
                                       .heads = heads,
                                       .live = known->live,
                                       .live_generation = known->live_generation,
                                       .newest = newest ? newest->description : NULL};
    code = berth_module_create(&parts, &desk->views, &removal->module, error);
    berth_edition_unref(desk->bodies, newest);
    return code;
}

/* The catalog as it will be, for as long as a snapshot of it is made; no references are taken. */
static enum berth_code snapshot_without(struct berth_desk *desk, const char *name,
                                        struct berth_snapshot **ret, struct berth_error *error) {
    struct catalog rest = desk->catalog;
    rest.modules = malloc((desk->catalog.module_count + 1) * sizeof(struct berth_module *));
    if (!rest.modules)
        return desk_out_of_memory(error);
    rest.module_count = 0;
    rest.module_capacity = desk->catalog.module_count + 1;
    for (size_t i = 0; i < desk->catalog.module_count; i++)
        if (strcmp(desk->catalog.modules[i]->name, name) != 0)
            rest.modules[rest.module_count++] = desk->catalog.modules[i];
    enum berth_code code = catalog_snapshot(&rest, rest.generation, NULL, &desk->views, ret, error);
    free(rest.modules);
    return code;
}

/* Pages and remotes.json name the live and the previous version: they are composed again, at the
 * generation that they have, only where one of those is another. */
static enum berth_code prepare(struct berth_desk *desk, struct removal *removal,
                               struct berth_error *error) {
    const struct berth_module *known = removal->known;
    if (known->heads->count == 1)
        return snapshot_without(desk, known->name, &removal->snapshot, error);
    struct berth_heads *heads = heads_without(known->heads, removal->version);
    if (!heads)
        return desk_out_of_memory(error);
    bool share = known->live && !is_previous(removal);
    enum berth_code code = BERTH_OK;
    if (!share) {
        code = rebuild(desk, removal, heads, error);
    } else {
        removal->module = berth_module_with(known, heads, NULL, NULL);
        code = removal->module ? BERTH_OK : desk_out_of_memory(error);
    }
    berth_heads_unref(heads);
    if (code != BERTH_OK)
        return code;
    return share ? catalog_share(&desk->catalog, removal->module, &removal->snapshot, error)
                 : catalog_snapshot(&desk->catalog, desk->catalog.generation, removal->module,
                                    &desk->views, &removal->snapshot, error);
}

/* The published snapshot has its own references. */
static void drop_module(struct berth_desk *desk, const char *name) {
    struct catalog *catalog = &desk->catalog;
    size_t kept = 0;
    for (size_t i = 0; i < catalog->module_count; i++)
        if (strcmp(catalog->modules[i]->name, name) != 0)
            catalog->modules[kept++] = catalog->modules[i];
        else
            berth_module_unref(desk->bodies, catalog->modules[i]);
    catalog->module_count = kept;
}

static enum berth_code delete_locked(struct berth_desk *desk,
                                     const struct berth_version_delete *request,
                                     struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct removal removal = {.known = catalog_module(&desk->catalog, request->module),
                              .version = request->version};
    enum berth_code code = BERTH_OK;
    /* What the catalog does not have, or has live, the registry refuses, in its own words. */
    bool refused =
        !removal.known || !berth_module_has(removal.known, request->version) ||
        (removal.known->live && strcmp(removal.known->live->version, request->version) == 0);
    if (!refused)
        code = prepare(desk, &removal, error);
    if (code == BERTH_OK)
        code = registry->ops->version_delete(registry, request, error);
    if (code != BERTH_OK) {
        desk_discard(desk, removal.module, removal.snapshot);
        return code;
    }
    if (!removal.snapshot) /* a bug: only the desk writes */
        abort();
    desk_publish(desk, removal.module, removal.snapshot);
    desk_stage_drop(desk, request->module, request->version);
    if (!removal.module)
        drop_module(desk, request->module);
    return BERTH_OK;
}

enum berth_code berth_desk_delete(struct berth_desk *desk,
                                  const struct berth_version_delete *request,
                                  struct berth_error *error) {
    pthread_mutex_lock(&desk->lock);
    enum berth_code code = delete_locked(desk, request, error);
    pthread_mutex_unlock(&desk->lock);
    /* After the row: what is read from the registry from now on is not found there. */
    if (code == BERTH_OK)
        berth_cold_drop(desk->cold, request->module, request->version);
    return code;
}
