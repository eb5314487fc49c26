#include "handlers.h"

#include "berth/clock.h"
#include "berth/json.h"
#include "berth/semver.h"

#include <string.h>

struct search {
    const char *module;
    json_t *found;
    int64_t generation;
};

static bool match_module(const struct berth_change *change, void *context) {
    struct search *search = context;
    if (strcmp(change->module, search->module) != 0)
        return true;
    search->generation = change->generation;
    search->found =
        json_pack("{ss ss sI so ss? ss? ss?}", "module", change->module, "version", change->version,
                  "generation", (json_int_t)change->generation, "since", api_time(change->at_ms),
                  "by", change->by, "reason", change->reason, "previous", change->previous);
    return false;
}

/* Its ETag is the module's generation: what If-Match of an activation or rollback refers to. */
void api_get_live(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct search search = {0};
    search.module = api_permit_module(exchange, api, BERTH_SCOPE_READ, &principal);
    if (!search.module)
        return;
    enum berth_code code =
        api->registry->ops->live_each(api->registry, match_module, &search, &error);
    if (code == BERTH_OK && !search.found) {
        code = berth_fail(&error, BERTH_NOT_FOUND, "not-live", "no version of this module is live");
        berth_error_hint(&error, "activate one: berth activate <module>@<version>");
    }
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    char etag[32];
    api_number_etag(search.generation, etag);
    berth_answer_json(exchange, 200, search.found, etag, NULL);
}

/* Takes the report. */
static void answer_activated(struct berth_exchange *exchange, const struct berth_activate *request,
                             struct berth_activated *activated, json_t *report) {
    char etag[32], headers[64];
    api_number_etag(activated->generation, etag);
    json_t *json = json_pack("{ss ss ss? sI sb so ss}", "module", request->module, "version",
                             activated->version, "previous", activated->previous, "generation",
                             (json_int_t)activated->generation, "changed", activated->changed, "at",
                             api_time(request->at_ms), "by", request->by.name);
    if (report)
        json_object_set_new(json, "compatibility", report);
    (void)snprintf(headers, sizeof headers, "ETag: %s\r\n", etag);
    berth_answer_json(exchange, 200, json, NULL, headers);
    berth_activated_done(activated);
}

/* The members that both calls take. */
static enum berth_code read_request(struct berth_exchange *exchange, struct berth_activate *request,
                                    json_t **ret_body, struct berth_error *error) {
    static const char *const known[] = {"version", "reason", "force", NULL};
    enum berth_code code = berth_exchange_expected(exchange, &request->expected, error);
    if (code == BERTH_OK)
        code =
            api_read(exchange, BERTH_API_JSON_MAX_BYTES, request->rollback, known, ret_body, error);
    if (code != BERTH_OK)
        return code;
    request->version = berth_json_string(*ret_body, "version");
    request->reason = berth_json_string(*ret_body, "reason");
    if (!request->version && (!request->rollback || json_object_get(*ret_body, "version"))) {
        code = berth_fail(error, BERTH_INVALID, "version", "\"version\" must be given as a string");
        berth_error_where(error, "/version");
    }
    if (code == BERTH_OK && request->version)
        code = berth_semver_check(request->version, error);
    const json_t *reason = json_object_get(*ret_body, "reason");
    if (code == BERTH_OK && reason && !request->reason && !json_is_null(reason)) {
        code = berth_fail(error, BERTH_INVALID, "reason", "\"reason\" must be a string");
        berth_error_where(error, "/reason");
    }
    if (code == BERTH_OK)
        code = api_reason(request->reason, error);
    const json_t *force = json_object_get(*ret_body, "force");
    request->force = json_is_true(force);
    if (code == BERTH_OK && force && !json_is_boolean(force)) {
        code = berth_fail(error, BERTH_INVALID, "force", "\"force\" takes true or false");
        berth_error_where(error, "/force");
    }
    if (code == BERTH_OK)
        code = api_force(request->force, request->reason, error);
    return code;
}

static void change_live(struct berth_exchange *exchange, const struct berth_api *api,
                        bool rollback) {
    struct berth_principal principal;
    struct berth_error error = {0};
    struct berth_activate request = {.rollback = rollback, .at_ms = berth_now_ms()};
    struct berth_activated activated;
    json_t *body = NULL, *report = NULL;
    request.module = api_permit_module(exchange, api, BERTH_SCOPE_ACTIVATE, &principal);
    if (!request.module)
        return;
    request.by = api_actor(exchange, &principal);
    enum berth_code code = read_request(exchange, &request, &body, &error);
    if (code == BERTH_OK)
        code = berth_desk_activate_telling(api->desk, &request, &activated, &report, &error);
    api_count_activation(code, rollback, code == BERTH_OK && activated.changed, &error);
    if (code == BERTH_OK)
        answer_activated(exchange, &request, &activated, report);
    else
        api_answer_refusal(exchange, &error, report);
    json_decref(body);
}

void api_put_live(struct berth_exchange *exchange, void *app) {
    change_live(exchange, app, false);
}

void api_post_rollback(struct berth_exchange *exchange, void *app) {
    change_live(exchange, app, true);
}

void api_post_stage(struct berth_exchange *exchange, void *app) {
    static const char *const known[] = {"version", NULL};
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    json_t *body = NULL, *report = NULL;
    int streams = 0;
    const char *module = api_permit_module(exchange, api, BERTH_SCOPE_ACTIVATE, &principal);
    if (!module)
        return;
    enum berth_code code =
        api_read(exchange, BERTH_API_JSON_MAX_BYTES, false, known, &body, &error);
    const char *version = code == BERTH_OK ? berth_json_string(body, "version") : NULL;
    if (code == BERTH_OK && !version) {
        code =
            berth_fail(&error, BERTH_INVALID, "version", "\"version\" must be given as a string");
        berth_error_where(&error, "/version");
    }
    if (code == BERTH_OK)
        code = berth_semver_check(version, &error);
    if (code == BERTH_OK)
        code = berth_desk_stage(api->desk, module, version, &streams, &error);
    if (code == BERTH_OK) /* to look at in time; it hinders nobody */
        (void)berth_desk_compatibility(api->desk, module, version, &report, NULL);
    if (code == BERTH_OK)
        berth_answer_json(exchange, 200,
                          json_pack("{ss ss si so*}", "module", module, "version", version,
                                    "streams", streams, "compatibility", report),
                          NULL, NULL);
    else
        berth_answer_problem(exchange, &error);
    json_decref(body);
}
