#include "handlers.h"

#include "berth/name.h"
#include "berth/semver.h"

#include <stdlib.h>
#include <string.h>

enum { HISTORY_ROWS = 50 };

/* The newest by precedence; a release goes before any prerelease. */
static const char *newest_version(const struct berth_module *module) {
    const char *newest = NULL;
    for (size_t i = 0; i < module->heads->count; i++) {
        const char *version = module->heads->by_upload[i]->version;
        bool better =
            !newest ||
            (berth_semver_is_prerelease(newest) && !berth_semver_is_prerelease(version)) ||
            (berth_semver_is_prerelease(newest) == berth_semver_is_prerelease(version) &&
             berth_semver_compare(version, newest) > 0);
        if (better)
            newest = version;
    }
    return newest;
}

/* {module: change} for all live versions, so that the list takes one query. */
static bool collect_live(const struct berth_change *change, void *context) {
    json_t *live = json_pack("{ss sI so ss? ss? ss?}", "version", change->version, "generation",
                             (json_int_t)change->generation, "since", api_time(change->at_ms), "by",
                             change->by, "reason", change->reason, "previous", change->previous);
    json_object_set_new(context, change->module, live);
    return true;
}

static json_t *module_json(const struct berth_module *module, const json_t *live) {
    json_t *change = json_object_get(live, module->name);
    return json_pack("{ss sI ss? sO?}", "name", module->name, "versions",
                     (json_int_t)module->heads->count, "newest", newest_version(module), "live",
                     change ? change : json_null());
}

static json_t *modules_json(const struct berth_snapshot *snapshot, const json_t *live,
                            const struct berth_principal *principal) {
    json_t *modules = json_array();
    for (size_t i = 0; i < snapshot->module_count; i++)
        if (berth_module_matches(principal->module, snapshot->modules[i]->name))
            json_array_append_new(modules, module_json(snapshot->modules[i], live));
    return json_pack("{sI so}", "generation", (json_int_t)snapshot->generation, "modules", modules);
}

/* The list shows a token the modules that it is for. */
void api_get_modules(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_identify(exchange, api, &principal))
        return;
    json_t *live = json_object();
    if (api->registry->ops->live_each(api->registry, collect_live, live, &error) != BERTH_OK) {
        berth_answer_problem(exchange, &error);
    } else {
        struct berth_publisher *publisher = berth_desk_publisher(api->desk);
        json_t *modules = modules_json(berth_snapshot_acquire(publisher), live, &principal);
        berth_snapshot_release(publisher);
        berth_answer_json(exchange, 200, modules, NULL, NULL);
    }
    json_decref(live);
}

static bool collect_change(const struct berth_change *change, void *context) {
    json_array_append_new(context, api_change_json(change));
    return true;
}

void api_not_found(struct berth_exchange *exchange, const char *rule, const char *text) {
    struct berth_error error = {0};
    berth_fail(&error, BERTH_NOT_FOUND, rule, "%s", text);
    berth_error_hint(&error, "see what there is: berth status, berth versions <module>");
    berth_answer_problem(exchange, &error);
}

static json_t *known_module(const struct berth_api *api, const char *name, const json_t *live) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_module *module =
        berth_snapshot_module(berth_snapshot_acquire(publisher), name);
    json_t *json = module ? module_json(module, live) : NULL;
    berth_snapshot_release(publisher);
    return json;
}

static enum berth_code describe_module(const struct berth_api *api, const char *name, json_t **ret,
                                       struct berth_error *error) {
    struct berth_registry *registry = api->registry;
    json_t *live = json_object(), *history = json_array();
    char *way_back = NULL;
    enum berth_code code = registry->ops->live_each(registry, collect_live, live, error);
    if (code == BERTH_OK)
        code = registry->ops->changes_each(registry, name, NULL, 0, HISTORY_ROWS, collect_change,
                                           history, error);
    if (code == BERTH_OK)
        code = registry->ops->way_back(registry, name, &way_back, error);
    json_t *module = code == BERTH_OK ? known_module(api, name, live) : NULL;
    if (module) {
        json_object_set_new(module, "wayBack", way_back ? json_string(way_back) : json_null());
        json_object_set(module, "history", history);
    }
    json_decref(live);
    json_decref(history);
    free(way_back);
    *ret = module;
    return code;
}

void api_get_module(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    json_t *module;
    const char *name = api_permit_module(exchange, api, BERTH_SCOPE_READ, &principal);
    if (!name)
        return;
    if (describe_module(api, name, &module, &error) != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else if (!module)
        api_not_found(exchange, "module-unknown", "there is no module of that name");
    else
        berth_answer_json(exchange, 200, module, NULL, NULL);
}
