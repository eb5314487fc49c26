/* A module's versions: one by one from the registry, so that a list costs what it shows. */
#include "handlers.h"

#include "berth/semver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_ROWS = 500, PAGE_MAX_ROWS = 1000 };

/* The newest versions up to a place, in order of upload: a ring of their names. */
struct names {
    const char *before; /* the first that is not wanted any more; NULL: none */
    bool found;
    bool failed;
    char *ring[PAGE_MAX_ROWS];
    size_t limit;
    size_t taken; /* so far; the last `limit` of them are in the ring */
    int64_t total;
};

struct listing {
    const struct berth_api *api;
    char live[BERTH_VERSION_MAX_BYTES + 1];
    bool whole; /* with assets */
    json_t *versions;
};

/* Which version is live, from the snapshot; "" when none is. */
static void live_version(const struct berth_api *api, const char *name, char *ret, size_t size) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_module *module =
        berth_snapshot_module(berth_snapshot_acquire(publisher), name);
    const char *version = module && module->live ? module->live->version : "";
    size_t length = strlen(version) < size ? strlen(version) : 0;
    memcpy(ret, version, length);
    ret[length] = '\0';
    berth_snapshot_release(publisher);
}

/* {kind: count} of what open pages reported since the server's start. */
static json_t *reports_json(const struct berth_api *api, const struct berth_version *version) {
    int64_t counts[BERTH_REPORT_KINDS];
    json_t *json = json_object();
    berth_desk_reports(api->desk, version->module, version->version, counts);
    for (size_t i = 0; i < BERTH_REPORT_KINDS; i++)
        json_object_set_new(json, berth_report_kind(i), json_integer((json_int_t)counts[i]));
    return json;
}

static bool collect_version(const struct berth_version *version, void *context) {
    struct listing *listing = context;
    json_t *json = api_version_json(version, listing->api->public_url, listing->whole);
    json_object_set_new(json, "live", json_boolean(strcmp(listing->live, version->version) == 0));
    json_object_set_new(json, "reports", reports_json(listing->api, version));
    json_array_append_new(listing->versions, json);
    return true;
}

static bool collect_name(const struct berth_version *version, void *context) {
    struct names *names = context;
    names->total++;
    if (names->before && strcmp(names->before, version->version) == 0)
        names->found = true;
    if (names->found)
        return true;
    char **place = &names->ring[names->taken++ % names->limit];
    free(*place);
    *place = strdup(version->version);
    names->failed = !*place;
    return !names->failed;
}

static void names_destroy(struct names *names) {
    for (size_t i = 0; names && i < PAGE_MAX_ROWS; i++)
        free(names->ring[i]);
    free(names);
}

static enum berth_code read_limit(const struct berth_exchange *exchange, size_t *ret,
                                  struct berth_error *error) {
    const char *text = berth_exchange_query(exchange, "limit");
    char *end;
    errno = 0;
    long limit = text ? strtol(text, &end, 10) : PAGE_ROWS;
    if (text && (errno || end == text || *end || limit < 1 || limit > PAGE_MAX_ROWS))
        return berth_fail(error, BERTH_INVALID, "limit", "\"limit\" takes a number from 1 to %d",
                          PAGE_MAX_ROWS);
    *ret = (size_t)limit;
    return BERTH_OK;
}

static enum berth_code read_names(const struct berth_exchange *exchange,
                                  const struct berth_api *api, const char *module,
                                  struct names *names, struct berth_error *error) {
    names->before = berth_exchange_query(exchange, "before");
    enum berth_code code = read_limit(exchange, &names->limit, error);
    if (code == BERTH_OK)
        code = api->registry->ops->heads_each(api->registry, module, collect_name, names, error);
    if (code == BERTH_OK && names->failed)
        code = berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (code == BERTH_OK && names->total && names->before && !names->found)
        code = berth_fail(error, BERTH_NOT_FOUND, "version-unknown",
                          "\"before\" names no version of the module");
    return code;
}

/* One that was deleted meanwhile is left out. */
static enum berth_code list_versions(struct listing *listing, const char *module,
                                     const struct names *names, struct berth_error *error) {
    struct berth_registry *registry = listing->api->registry;
    size_t first = names->taken > names->limit ? names->taken - names->limit : 0;
    enum berth_code code = BERTH_OK;
    live_version(listing->api, module, listing->live, sizeof listing->live);
    for (size_t i = first; code == BERTH_OK && i < names->taken; i++) {
        struct berth_error own = {0};
        code = registry->ops->version_get(registry, module, names->ring[i % names->limit],
                                          collect_version, listing, &own);
        if (code == BERTH_NOT_FOUND)
            code = BERTH_OK;
        else if (code != BERTH_OK)
            *error = own;
    }
    return code;
}

static json_t *list_json(const char *module, const struct names *names, json_t *versions) {
    const char *oldest =
        names->taken > names->limit ? names->ring[names->taken % names->limit] : NULL;
    return json_pack("{ss sI ss? sO}", "module", module, "total", (json_int_t)names->total,
                     "before", oldest, "versions", versions);
}

static void answer_list(struct berth_exchange *exchange, const struct berth_api *api,
                        const char *module, struct names *names) {
    struct listing listing = {.api = api, .versions = json_array()};
    struct berth_error error = {0};
    enum berth_code code = read_names(exchange, api, module, names, &error);
    if (code == BERTH_OK)
        code = list_versions(&listing, module, names, &error);
    if (code != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else if (names->total == 0)
        api_not_found(exchange, "module-unknown", "there is no module of that name");
    else
        berth_answer_json(exchange, 200, list_json(module, names, listing.versions), NULL, NULL);
    json_decref(listing.versions);
}

void api_get_versions(struct berth_exchange *exchange, void *app) {
    struct berth_principal principal;
    struct berth_error error = {0};
    const char *module = api_permit_module(exchange, app, BERTH_SCOPE_READ, &principal);
    if (!module)
        return;
    struct names *names = calloc(1, sizeof *names);
    if (names) {
        answer_list(exchange, app, module, names);
    } else {
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
        berth_answer_problem(exchange, &error);
    }
    names_destroy(names);
}

void api_get_version(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct listing listing = {.api = api, .whole = true};
    struct berth_principal principal;
    struct berth_error error = {0};
    const char *module = api_permit_module(exchange, api, BERTH_SCOPE_READ, &principal);
    if (!module)
        return;
    listing.versions = json_array();
    live_version(api, module, listing.live, sizeof listing.live);
    enum berth_code code = api->registry->ops->version_get(
        api->registry, module, berth_exchange_param(exchange, "version"), collect_version, &listing,
        &error);
    if (code == BERTH_NOT_FOUND && strcmp(error.rule, "version-deleted") != 0)
        api_not_found(exchange, "version-unknown", "the module has no such version");
    else if (code != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200, json_incref(json_array_get(listing.versions, 0)), NULL,
                          NULL);
    json_decref(listing.versions);
}
