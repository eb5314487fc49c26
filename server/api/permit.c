#include "handlers.h"

#include "berth/clock.h"
#include "berth/name.h"

#include <string.h>

static enum berth_code fail_failures(struct berth_error *error) {
    *error = (struct berth_error){0};
    berth_fail(error, BERTH_BUSY, "token-failures", "too many bad tokens from this address");
    berth_error_hint(error, "check the token, and come back in a second");
    return BERTH_BUSY;
}

/* Beyond so many bad tokens of an address, one that is not good is not looked up either. Good ones
 * are taken all the same: others may work behind the same address. */
enum berth_code api_identify_by(struct berth_exchange *exchange, const struct berth_api *api,
                                const char *authorization, struct berth_principal *ret,
                                struct berth_error *error) {
    const char *remote = berth_exchange_remote(exchange);
    int64_t now_ms = berth_now_ms();
    if (berth_failures_over(api->failures, remote, berth_monotonic_ms()) &&
        !berth_auth_may_pass(api->registry, authorization, now_ms))
        return fail_failures(error);
    enum berth_code code = berth_auth_check(api->registry, authorization, now_ms, ret, error);
    if (code == BERTH_UNAUTHENTICATED &&
        !berth_failures_take(api->failures, remote, berth_monotonic_ms()))
        return fail_failures(error);
    if (code == BERTH_OK)
        berth_exchange_actor(exchange, ret->name);
    return code;
}

static enum berth_code identify(struct berth_exchange *exchange, const struct berth_api *api,
                                struct berth_principal *ret, struct berth_error *error) {
    return api_identify_by(exchange, api, berth_exchange_header(exchange, "Authorization"), ret,
                           error);
}

bool api_identify(struct berth_exchange *exchange, const struct berth_api *api,
                  struct berth_principal *ret) {
    struct berth_error error = {0};
    enum berth_code code = identify(exchange, api, ret, &error);
    if (code != BERTH_OK)
        berth_answer_problem(exchange, &error);
    return code == BERTH_OK;
}

bool api_permit(struct berth_exchange *exchange, const struct berth_api *api,
                enum berth_scope scope, const char *module, struct berth_principal *ret) {
    struct berth_error error = {0};
    enum berth_code code = identify(exchange, api, ret, &error);
    if (code == BERTH_OK)
        code = berth_auth_allow(ret, scope, module, &error);
    if (code != BERTH_OK)
        berth_answer_problem(exchange, &error);
    return code == BERTH_OK;
}

const char *api_permit_module(struct berth_exchange *exchange, const struct berth_api *api,
                              enum berth_scope scope, struct berth_principal *ret) {
    const char *module = berth_exchange_param(exchange, "module");
    if (!api_permit(exchange, api, scope, module, ret))
        return NULL;
    struct berth_error error = {0};
    if (berth_module_name_check(module, &error) == BERTH_OK)
        return module;
    berth_answer_problem(exchange, &error);
    return NULL;
}

static bool is_known(const char *key, const char *const *known) {
    for (; *known; known++)
        if (strcmp(key, *known) == 0)
            return true;
    return false;
}

enum berth_code api_read(struct berth_exchange *exchange, size_t max_bytes, bool optional,
                         const char *const *known, json_t **ret, struct berth_error *error) {
    json_t *body;
    enum berth_code code = berth_exchange_read_json(exchange, max_bytes, optional, &body, error);
    if (code != BERTH_OK)
        return code;
    if (!json_is_object(body)) {
        json_decref(body);
        return berth_fail(error, BERTH_INVALID, "json-object", "the body must be a JSON object");
    }
    const char *key;
    json_t *value;
    json_object_foreach(body, key, value) {
        if (is_known(key, known))
            continue;
        code = berth_fail(error, BERTH_INVALID, "json-member", "unknown member");
        berth_error_where(error, "/%s", key);
        json_decref(body);
        return code;
    }
    *ret = body;
    return BERTH_OK;
}

enum berth_code api_reason(const char *text, struct berth_error *error) {
    if (!text || strlen(text) <= BERTH_REASON_MAX_BYTES)
        return BERTH_OK;
    enum berth_code code = berth_fail(error, BERTH_INVALID, "reason", "the reason is over %d bytes",
                                      BERTH_REASON_MAX_BYTES);
    berth_error_where(error, "/reason");
    return code;
}
