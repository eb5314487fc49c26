/* The HTTP API of single-spa's import-map-deployer, for pipelines that speak it: a URL that is
 * hosted here means an activation of its version, any other is named in the import maps as it is.
 *
 * There is one environment; a second one is a second server. Whether a URL elsewhere answers is not
 * tried, as with ?skip_url_check. */
#include "deployer.h"

#include "berth/clock.h"
#include "berth/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_MAX_BYTES = 256 * 1024, CREDENTIALS_MAX_BYTES = 512, LEVELS_MAX = 16 };

/* --- who asks --- */

static int base64_value(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* RFC 7617; false for what is none. `ret` takes CREDENTIALS_MAX_BYTES. */
static bool decode_credentials(const char *text, char *ret) {
    unsigned bits = 0;
    size_t used = 0;
    int count = 0;
    text += strspn(text, " ");
    for (; *text && *text != '='; text++) {
        int value = base64_value(*text);
        if (value < 0 || used + 1 >= CREDENTIALS_MAX_BYTES)
            return false;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            ret[used++] = (char)(unsigned char)(bits >> count & 0xff);
        }
    }
    ret[used] = '\0';
    return !text[strspn(text, "=")];
}

/* Basic with any user, and the token as the password; or Bearer. */
static enum berth_code identify(struct berth_exchange *exchange, const struct berth_api *api,
                                struct berth_principal *ret, struct berth_error *error) {
    static const char basic[] = "Basic ";
    char credentials[CREDENTIALS_MAX_BYTES], bearer[CREDENTIALS_MAX_BYTES + 8];
    const char *header = berth_exchange_header(exchange, "Authorization");
    if (header && strncasecmp(header, basic, sizeof basic - 1) == 0 &&
        decode_credentials(header + sizeof basic - 1, credentials)) {
        const char *password = strchr(credentials, ':');
        (void)snprintf(bearer, sizeof bearer, "Bearer %s", password ? password + 1 : "");
        header = bearer;
    }
    return api_identify_by(exchange, api, header, ret, error);
}

/* --- which map --- */

static enum berth_code check_environment(const struct berth_exchange *exchange,
                                         struct berth_error *error) {
    const char *name = berth_exchange_query(exchange, "env");
    if (!name || !*name || strcmp(name, "default") == 0 || strcmp(name, "prod") == 0)
        return BERTH_OK;
    berth_fail(error, BERTH_NOT_FOUND, "environment-unknown", "there is no such environment");
    berth_error_hint(error, "a server has one, \"default\" (or \"prod\"); leave ?env= out");
    return BERTH_NOT_FOUND;
}

static bool begin(struct berth_exchange *exchange, const struct berth_api *api,
                  struct berth_principal *ret) {
    struct berth_error error = {0};
    enum berth_code code = identify(exchange, api, ret, &error);
    if (code == BERTH_OK)
        code = check_environment(exchange, &error);
    if (code != BERTH_OK)
        berth_answer_problem(exchange, &error);
    return code == BERTH_OK;
}

/* The whole map as it is now. */
static void answer_map(struct berth_exchange *exchange, const struct berth_api *api) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    const struct berth_view *view = berth_snapshot_listing(snapshot, BERTH_LISTING_IMPORTS);
    struct berth_error error = {0};
    if (view) {
        struct berth_content content = {.content_type = "application/json",
                                        .body = view->body,
                                        .length = (int64_t)view->length};
        berth_answer_content(exchange, &content);
    } else {
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
        berth_answer_problem(exchange, &error);
    }
    berth_snapshot_release(publisher);
}

void api_get_imports(struct berth_exchange *exchange, void *app) {
    struct berth_principal principal;
    if (begin(exchange, app, &principal))
        answer_map(exchange, app);
}

void api_get_environments(struct berth_exchange *exchange, void *app) {
    struct berth_principal principal;
    struct berth_error error = {0};
    if (identify(exchange, app, &principal, &error) != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    berth_answer_json(exchange, 200,
                      json_pack("{s[{ss s[s] sb} {ss s[s] sb}]}", "environments", "name", "default",
                                "aliases", "prod", "isDefault", true, "name", "prod", "aliases",
                                "default", "isDefault", true),
                      NULL, NULL);
}

void api_get_health(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_json(exchange, 200, json_pack("{ss}", "message", "berth is running"), NULL, NULL);
}

/* --- changes --- */

static void finish(struct berth_exchange *exchange, const struct berth_api *api,
                   struct deployment *deployment, enum berth_code code,
                   const struct berth_error *error) {
    if (code == BERTH_OK)
        answer_map(exchange, api);
    else
        berth_answer_problem(exchange, error);
    deployment_done(deployment);
}

static enum berth_code read_body(struct berth_exchange *exchange, json_t **ret,
                                 struct berth_error *error) {
    enum berth_code code = berth_exchange_read_json(exchange, BODY_MAX_BYTES, false, ret, error);
    if (code == BERTH_OK && !json_is_object(*ret))
        code = berth_fail(error, BERTH_INVALID, "json-object", "the body must be a JSON object");
    return code;
}

void api_patch_imports(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    json_t *body = NULL;
    if (!begin(exchange, api, &principal))
        return;
    struct deployment deployment = {.api = api, .principal = &principal};
    enum berth_code code = read_body(exchange, &body, &error);
    if (code == BERTH_OK)
        code = deployment_add_map(&deployment, body, &error);
    if (code == BERTH_OK)
        code = deployment_apply(&deployment, api_actor(exchange, &principal), &error);
    finish(exchange, api, &deployment, code, &error);
    json_decref(body);
}

static enum berth_code read_levels(const struct berth_exchange *exchange, int *ret,
                                   struct berth_error *error) {
    const char *text = berth_exchange_query(exchange, "packageDirLevel");
    char *end = NULL;
    *ret = 1;
    if (!text || !*text)
        return BERTH_OK;
    long level = strtol(text, &end, 10);
    *ret = (int)level;
    if (!*end && level >= 1 && level <= LEVELS_MAX)
        return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "package-dir-level",
                      "\"packageDirLevel\" takes a number from 1 to %d", LEVELS_MAX);
}

static enum berth_code read_service(struct berth_exchange *exchange, struct service *ret,
                                    json_t **ret_body, struct berth_error *error) {
    enum berth_code code = read_levels(exchange, &ret->levels, error);
    if (code == BERTH_OK)
        code = read_body(exchange, ret_body, error);
    if (code != BERTH_OK)
        return code;
    ret->name = berth_json_string(*ret_body, "service");
    ret->url = berth_json_string(*ret_body, "url");
    ret->integrity = berth_json_string(*ret_body, "integrity");
    const json_t *integrity = json_object_get(*ret_body, "integrity");
    if (!ret->name || !ret->name[strspn(ret->name, " \t")])
        return berth_fail(error, BERTH_INVALID, "service", "\"service\" is missing or no text");
    if (!ret->url)
        return berth_fail(error, BERTH_INVALID, "url", "\"url\" is missing or no text");
    if (integrity && !json_is_null(integrity) && !ret->integrity)
        return berth_fail(error, BERTH_INVALID, "integrity", "\"integrity\" must be a text");
    return BERTH_OK;
}

void api_patch_services(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct service service;
    json_t *body = NULL;
    if (!begin(exchange, api, &principal))
        return;
    struct deployment deployment = {.api = api, .principal = &principal};
    enum berth_code code = read_service(exchange, &service, &body, &error);
    if (code == BERTH_OK)
        code = deployment_add_service(&deployment, &service, &error);
    if (code == BERTH_OK)
        code = deployment_apply(&deployment, api_actor(exchange, &principal), &error);
    finish(exchange, api, &deployment, code, &error);
    json_decref(body);
}

void api_delete_service(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!begin(exchange, api, &principal))
        return;
    struct deployment deployment = {.api = api, .principal = &principal};
    enum berth_code code =
        deployment_remove(&deployment, berth_exchange_param(exchange, "name"), &error);
    if (code == BERTH_OK)
        code = deployment_apply(&deployment, api_actor(exchange, &principal), &error);
    finish(exchange, api, &deployment, code, &error);
}
