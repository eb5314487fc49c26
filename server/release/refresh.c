/* After the registry came to know variants of a version: readers get them. */
#include "desk.h"

static bool is_in_memory(struct berth_desk *desk, const char *module, const char *version) {
    pthread_mutex_lock(&desk->lock);
    const struct berth_module *known = catalog_module(&desk->catalog, module);
    bool found =
        (known && berth_module_resident(known, version)) || desk_staged(desk, module, version);
    pthread_mutex_unlock(&desk->lock);
    return found;
}

/* What was made of its files lacks nothing: no page, no manifest. */
bool desk_is_whole(const struct berth_module *module, const struct berth_edition *edition) {
    bool has_manifest = edition->manifest_path != NULL;
    return edition->loaded && (!has_manifest || edition->manifest) &&
           (!has_manifest || edition != module->live || module->live_manifest);
}

/* Some file was damaged or missing, and may be sound now: all is made anew, at the generation that
 * it has. */
static enum berth_code rebuild(struct berth_desk *desk, const struct berth_module *known,
                               struct berth_edition *edition, bool live, struct berth_module **ret,
                               struct berth_snapshot **ret_snapshot, struct berth_error *error) {
    struct berth_module_parts parts = {.name = known->name,
                                       .heads = known->heads,
                                       .live = live ? edition : known->live,
                                       .previous = live ? known->previous : edition,
                                       .live_generation = known->live_generation};
    enum berth_code code = berth_module_create(&parts, &desk->views, ret, error);
    return code != BERTH_OK ? code
                            : catalog_snapshot(&desk->catalog, desk->catalog.generation, *ret,
                                               &desk->views, ret_snapshot, error);
}

static enum berth_code share(struct berth_desk *desk, const struct berth_module *known,
                             struct berth_edition *edition, bool live, struct berth_module **ret,
                             struct berth_snapshot **ret_snapshot, struct berth_error *error) {
    *ret = berth_module_with(known, NULL, live ? edition : NULL, live ? NULL : edition);
    return *ret ? catalog_share(&desk->catalog, *ret, ret_snapshot, error)
                : desk_out_of_memory(error);
}

static void stage_again(struct berth_desk *desk, struct berth_edition *edition) {
    if (!desk_staged(desk, edition->module, edition->version))
        return;
    desk_stage_drop(desk, edition->module, edition->version);
    if (edition->loaded)
        desk_stage_keep(desk, edition);
}

static enum berth_code show_locked(struct berth_desk *desk, struct berth_edition *edition,
                                   struct berth_error *error) {
    const struct berth_module *known = catalog_module(&desk->catalog, edition->module);
    const struct berth_edition *shown =
        known ? berth_module_resident(known, edition->version) : NULL;
    if (!shown) { /* staged only, or it left while it was read */
        stage_again(desk, edition);
        return BERTH_OK;
    }
    struct berth_module *module = NULL;
    struct berth_snapshot *snapshot = NULL;
    bool live = shown == known->live;
    enum berth_code code = desk_is_whole(known, shown)
                               ? share(desk, known, edition, live, &module, &snapshot, error)
                               : rebuild(desk, known, edition, live, &module, &snapshot, error);
    if (code == BERTH_OK)
        desk_publish(desk, module, snapshot);
    else
        desk_discard(desk, module, snapshot);
    return code;
}

/* The files are read before the lock is taken. What becomes resident after the look at the catalog
 * is read from the registry after it, too, and so knows the same or more. */
static enum berth_code refresh(struct berth_desk *desk, const char *module, const char *version,
                               struct berth_error *error) {
    struct berth_edition *edition = NULL;
    berth_cold_drop(desk->cold, module, version);
    if (!is_in_memory(desk, module, version))
        return BERTH_OK;
    enum berth_code code = desk_edition(desk, NULL, module, version, false, &edition, error);
    if (code != BERTH_OK)
        return code;
    pthread_mutex_lock(&desk->lock);
    code = show_locked(desk, edition, error);
    berth_edition_unref(desk->bodies, edition);
    pthread_mutex_unlock(&desk->lock);
    return code;
}

enum berth_code berth_desk_refresh(struct berth_desk *desk, const char *module, const char *version,
                                   struct berth_error *error) {
    pthread_mutex_lock(&desk->refresh_lock);
    enum berth_code code = refresh(desk, module, version, error);
    pthread_mutex_unlock(&desk->refresh_lock);
    return code;
}
