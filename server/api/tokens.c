#include "handlers.h"

#include "berth/buffer.h"
#include "berth/clock.h"
#include "berth/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SCOPES_TEXT_BYTES = 48 };

json_t *api_scopes_json(unsigned scopes) {
    char text[SCOPES_TEXT_BYTES];
    char *rest = text;
    json_t *list = json_array();
    berth_scopes_text(scopes, text);
    for (const char *word; (word = strsep(&rest, ",")) != NULL;)
        if (*word)
            json_array_append_new(list, json_string(word));
    return list;
}

static bool collect_token(const struct berth_token_record *token, void *context) {
    json_array_append_new(
        context, json_pack("{ss ss ss so so so so so ss?}", "id", token->id, "name", token->name,
                           "module", token->module, "can", api_scopes_json(token->scopes),
                           "createdAt", api_time(token->created_ms), "expiresAt",
                           api_time(token->expires_ms), "revokedAt", api_time(token->revoked_ms),
                           "usedAt", api_time(token->used_ms), "replacedBy", token->replaced_by));
    return true;
}

void api_get_tokens(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    json_t *tokens = json_array();
    if (api->registry->ops->tokens_each(api->registry, collect_token, tokens, &error) != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200, json_pack("{sO}", "tokens", tokens), NULL, NULL);
    json_decref(tokens);
}

static enum berth_code read_scopes(const json_t *body, unsigned *ret, struct berth_error *error) {
    const json_t *can = json_object_get(body, "can");
    struct berth_buffer text;
    berth_buffer_init(&text, 256);
    for (size_t i = 0; i < json_array_size(can); i++) {
        const char *word = json_string_value(json_array_get(can, i));
        berth_buffer_text(&text, i ? "," : "");
        berth_buffer_text(&text, word && !strchr(word, ',') ? word : "?");
    }
    enum berth_code code =
        text.length && !text.failed
            ? berth_scopes_parse(text.data, ret, error)
            : berth_fail(error, BERTH_INVALID, "scope-unknown",
                         "\"can\" lists at least one of read, publish, activate, admin");
    berth_error_where(error, "/can");
    berth_buffer_done(&text);
    return code;
}

/* "2027-01-31T00:00:00Z", with or without a fraction. */
static enum berth_code read_expiry(const json_t *body, int64_t *ret, struct berth_error *error) {
    const json_t *value = json_object_get(body, "expiresAt");
    *ret = 0;
    if (!value || json_is_null(value))
        return BERTH_OK;
    struct tm parts = {0};
    const char *text = json_string_value(value);
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) : NULL;
    if (end && *end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (end && strcmp(end, "Z") == 0) {
        *ret = (int64_t)timegm(&parts) * 1000;
        if (*ret > berth_now_ms())
            return BERTH_OK;
    }
    enum berth_code code = berth_fail(error, BERTH_INVALID, "token-expiry",
                                      "not a time in the future, such as 2027-01-31T00:00:00Z");
    berth_error_where(error, "/expiresAt");
    return code;
}

static enum berth_code issue(const struct berth_api *api, const json_t *body,
                             const struct berth_actor *by, json_t **ret,
                             struct berth_error *error) {
    char text[BERTH_TOKEN_TEXT_BYTES], id[BERTH_TOKEN_ID_BYTES];
    struct berth_token_request request = {.name = berth_json_string(body, "name"),
                                          .module = berth_json_string(body, "module")};
    enum berth_code code = BERTH_OK;
    if (!request.name) {
        code = berth_fail(error, BERTH_INVALID, "token-name", "a token needs a name");
        berth_error_where(error, "/name");
    }
    /* Without a module a token is for all of them: a mistake must not be taken for that. */
    const json_t *module = json_object_get(body, "module");
    if (code == BERTH_OK && module && !request.module && !json_is_null(module)) {
        code = berth_fail(error, BERTH_INVALID, "module-pattern", "\"module\" must be a string");
        berth_error_where(error, "/module");
    }
    if (code == BERTH_OK)
        code = read_scopes(body, &request.scopes, error);
    if (code == BERTH_OK)
        code = read_expiry(body, &request.expires_ms, error);
    if (code == BERTH_OK)
        code = berth_auth_issue(api->registry, &request, by, berth_now_ms(), text, id, error);
    if (code == BERTH_OK)
        *ret =
            json_pack("{ss ss ss ss so so}", "id", id, "token", text, "name", request.name,
                      "module", request.module ? request.module : "*", "can",
                      api_scopes_json(request.scopes), "expiresAt", api_time(request.expires_ms));
    return code;
}

void api_post_token(struct berth_exchange *exchange, void *app) {
    static const char *const known[] = {"name", "module", "can", "expiresAt", NULL};
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    json_t *body = NULL, *answer;
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    const struct berth_actor by = api_actor(exchange, &principal);
    enum berth_code code =
        api_read(exchange, BERTH_API_JSON_MAX_BYTES, false, known, &body, &error);
    if (code == BERTH_OK)
        code = issue(api, body, &by, &answer, &error);
    if (code == BERTH_OK)
        berth_answer_json(exchange, 201, answer, NULL, NULL);
    else
        berth_answer_problem(exchange, &error);
    json_decref(body);
}

void api_delete_token(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    const char *id = berth_exchange_param(exchange, "id");
    const struct berth_actor by = api_actor(exchange, &principal);
    if (api->registry->ops->token_revoke(api->registry, id, berth_now_ms(), &by, &error) !=
        BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        berth_answer_empty(exchange, 204, NULL);
}
