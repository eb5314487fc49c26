#include "desk.h"

#include "berth/compat.h"
#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

static void show(struct berth_desk *desk, struct berth_module *module,
                 struct berth_snapshot *snapshot) {
    desk->catalog.generation = snapshot->generation;
    desk->catalog.published = snapshot;
    if (module)
        desk_press_module(desk, module);
    berth_publish(desk->publisher, snapshot);
}

void desk_publish(struct berth_desk *desk, struct berth_module *module,
                  struct berth_snapshot *snapshot) {
    show(desk, module, snapshot);
    if (module)
        catalog_put(&desk->catalog, module, desk->bodies);
}

/* The module's next node. A rollback leaves a version that was not wanted: nothing goes back to
 * that one by itself. */
static enum berth_code next_module(struct berth_desk *desk, const struct berth_module *known,
                                   const char *version, bool rollback, struct berth_module **ret,
                                   struct berth_error *error) {
    struct berth_edition *live = NULL;
    enum berth_code code = desk_edition(desk, known, known->name, version, true, &live, error);
    if (code != BERTH_OK)
        return code;
    bool keep = !rollback && known->live != live;
    struct berth_module_parts parts = {.name = known->name,
                                       .heads = known->heads,
                                       .live = live,
                                       .previous = keep ? known->live : NULL,
                                       .live_generation = desk->catalog.generation + 1};
    code = berth_module_create(&parts, &desk->views, ret, error);
    berth_edition_unref(desk->bodies, live);
    return code;
}

/* All that can fail for want of memory or of a sound file is made before the row is written. */
static enum berth_code prepare(struct berth_desk *desk, const struct berth_module *known,
                               const char *version, bool rollback, struct berth_module **ret_module,
                               struct berth_snapshot **ret_snapshot, struct berth_error *error) {
    enum berth_code code = next_module(desk, known, version, rollback, ret_module, error);
    if (code != BERTH_OK)
        return code;
    code = catalog_snapshot(&desk->catalog, desk->catalog.generation + 1, *ret_module, &desk->views,
                            ret_snapshot, error);
    if (code != BERTH_OK)
        berth_module_unref(desk->bodies, *ret_module);
    return code;
}

void desk_discard(struct berth_desk *desk, struct berth_module *module,
                  struct berth_snapshot *snapshot) {
    berth_snapshot_destroy(desk->bodies, snapshot);
    berth_module_unref(desk->bodies, module);
}

static enum berth_code commit(struct berth_desk *desk, const struct berth_activate *request,
                              struct berth_module *module, struct berth_snapshot *snapshot,
                              struct berth_activated *ret, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    enum berth_code code = registry->ops->activate(registry, request, ret, error);
    if (code != BERTH_OK || !ret->changed) {
        desk_discard(desk, module, snapshot);
        return code;
    }
    if (!snapshot || ret->generation != snapshot->generation) /* a bug: only the desk writes */
        abort();
    /* What frees memory comes after what all open pages wait for. */
    show(desk, module, snapshot);
    desk_tell_live(desk, module, ret->previous);
    desk_stage_drop(desk, request->module, ret->version); /* the module has it */
    catalog_put(&desk->catalog, module, desk->bodies);
    return BERTH_OK;
}

/* The registry refuses what comes too late, in its own words. */
static bool is_stale(const struct berth_module *known, const struct berth_activate *request) {
    int64_t found = known->live ? known->live_generation : 0;
    return request->expected != BERTH_ANY_GENERATION && request->expected != found;
}

static enum berth_code refuse_breaks(const json_t *report, size_t breaks,
                                     struct berth_error *error) {
    const json_t *first = json_array_get(json_object_get(report, "breaks"), 0);
    const char *text = berth_json_string(first, "text");
    if (breaks > 1)
        berth_fail(error, BERTH_CONFLICT, "compatibility", "%s, and %zu more would break",
                   text ? text : "", breaks - 1);
    else
        berth_fail(error, BERTH_CONFLICT, "compatibility", "%s", text ? text : "");
    berth_error_hint(error, "see \"compatibility\"; to go live all the same, send force as true "
                            "and a reason");
    return BERTH_CONFLICT;
}

/* Compared in the same breath as it goes live, so nothing comes between. */
static enum berth_code check(struct berth_desk *desk, const struct berth_module *known,
                             const struct berth_edition *next, struct berth_activate *request,
                             json_t **ret_report, struct berth_error *error) {
    if (is_stale(known, request))
        return BERTH_OK;
    enum berth_code code = desk_compare(desk, next, ret_report, error);
    request->breaks = code == BERTH_OK ? berth_compat_breaks(*ret_report) : 0;
    if (request->breaks && !request->force)
        code = refuse_breaks(*ret_report, request->breaks, error);
    return code;
}

static enum berth_code check_and_commit(struct berth_desk *desk, const struct berth_module *known,
                                        const struct berth_activate *request,
                                        struct berth_module *module,
                                        struct berth_snapshot *snapshot,
                                        struct berth_activated *ret, json_t **ret_report,
                                        struct berth_error *error) {
    struct berth_activate checked = *request;
    json_t *report = NULL;
    enum berth_code code =
        module ? check(desk, known, module->live, &checked, &report, error) : BERTH_OK;
    bool refused = code != BERTH_OK && report;
    if (code == BERTH_OK)
        code = commit(desk, &checked, module, snapshot, ret, error);
    else
        desk_discard(desk, module, snapshot);
    if (ret_report && (code == BERTH_OK || refused))
        *ret_report = json_incref(report);
    json_decref(report);
    return code;
}

enum berth_code desk_activate_locked(struct berth_desk *desk, const struct berth_activate *request,
                                     struct berth_activated *ret, json_t **ret_report,
                                     struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    const struct berth_module *known = catalog_module(&desk->catalog, request->module);
    char *way_back = NULL;
    const char *version = request->version;
    enum berth_code code = BERTH_OK;
    if (!version) {
        code = registry->ops->way_back(registry, request->module, &way_back, error);
        version = way_back;
    }
    struct berth_module *module = NULL;
    struct berth_snapshot *snapshot = NULL;
    /* What the catalog does not know the registry refuses, in its own words. */
    if (code == BERTH_OK && known && version && berth_module_has(known, version))
        code = prepare(desk, known, version, request->rollback, &module, &snapshot, error);
    if (code == BERTH_OK)
        code = check_and_commit(desk, known, request, module, snapshot, ret, ret_report, error);
    free(way_back);
    return code;
}

enum berth_code berth_desk_activate_telling(struct berth_desk *desk,
                                            const struct berth_activate *request,
                                            struct berth_activated *ret, json_t **ret_report,
                                            struct berth_error *error) {
    if (ret_report)
        *ret_report = NULL;
    pthread_mutex_lock(&desk->lock);
    enum berth_code code = desk_activate_locked(desk, request, ret, ret_report, error);
    pthread_mutex_unlock(&desk->lock);
    return code;
}

enum berth_code berth_desk_activate(struct berth_desk *desk, const struct berth_activate *request,
                                    struct berth_activated *ret, struct berth_error *error) {
    return berth_desk_activate_telling(desk, request, ret, NULL, error);
}
