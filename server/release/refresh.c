/* After the registry came to know variants of a version: readers get them. */
#include "desk.h"

#include <string.h>

static bool is_version(const struct berth_edition *edition, const char *version) {
    return edition && strcmp(edition->version, version) == 0;
}

static bool is_resident(struct berth_desk *desk, const char *module, const char *version) {
    pthread_mutex_lock(&desk->lock);
    const struct berth_module *known = catalog_module(&desk->catalog, module);
    bool resident = known && berth_module_resident(known, version);
    pthread_mutex_unlock(&desk->lock);
    return resident;
}

static enum berth_code show_locked(struct berth_desk *desk, struct berth_edition *edition,
                                   struct berth_error *error) {
    const struct berth_module *known = catalog_module(&desk->catalog, edition->module);
    bool live = is_version(known->live, edition->version);
    if (!live && !is_version(known->previous, edition->version))
        return BERTH_OK; /* it left while it was read */
    struct berth_module *module =
        berth_module_with(known, NULL, live ? edition : NULL, live ? NULL : edition);
    if (!module)
        return desk_out_of_memory(error);
    struct berth_snapshot *snapshot = NULL;
    enum berth_code code = catalog_share(&desk->catalog, desk->snapshot, module, &snapshot, error);
    if (code == BERTH_OK)
        desk_publish(desk, module, snapshot);
    else
        desk_discard(desk, module, NULL);
    return code;
}

/* The files are read before the lock is taken. What becomes resident after the look at the catalog
 * is read from the registry after it, too, and so knows the same or more. */
static enum berth_code refresh(struct berth_desk *desk, const char *module, const char *version,
                               struct berth_error *error) {
    struct berth_edition *edition = NULL;
    berth_cold_drop(desk->cold, module, version);
    if (!is_resident(desk, module, version))
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
