/* A token gets a successor. */
#include "handlers.h"

#include "berth/clock.h"
#include "berth/json.h"

#include <string.h>

static enum berth_code read_overlap(const json_t *body, int64_t *ret, struct berth_error *error) {
    const json_t *value = json_object_get(body, "overlapSeconds");
    *ret = value ? (int64_t)json_integer_value(value) : BERTH_ROTATE_OVERLAP_S;
    if (!value || json_is_integer(value))
        return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "token-overlap",
                      "\"overlapSeconds\" must be a whole number");
}

static json_t *rotated_json(const char *old, const struct berth_rotated *rotated) {
    const struct berth_principal *principal = &rotated->principal;
    return json_pack("{ss ss ss ss so so s{ss so}}", "id", principal->id, "token", rotated->text,
                     "name", principal->name, "module", principal->module, "can",
                     api_scopes_json(principal->scopes), "expiresAt", api_time(rotated->expires_ms),
                     "old", "id", old, "expiresAt", api_time(rotated->old_expires_ms));
}

void api_rotate_token(struct berth_exchange *exchange, void *app) {
    static const char *const known[] = {"overlapSeconds", NULL};
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct berth_rotated rotated = {0};
    json_t *body = NULL;
    int64_t overlap_s = 0;
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    const char *id = berth_exchange_param(exchange, "id");
    const struct berth_actor by = api_actor(exchange, &principal);
    enum berth_code code = api_read(exchange, BERTH_API_JSON_MAX_BYTES, true, known, &body, &error);
    if (code == BERTH_OK)
        code = read_overlap(body, &overlap_s, &error);
    if (code == BERTH_OK)
        code =
            berth_auth_rotate(api->registry, id, overlap_s, &by, berth_now_ms(), &rotated, &error);
    if (code == BERTH_INVALID && strcmp(error.rule, "token-overlap") == 0)
        berth_error_where(&error, "/overlapSeconds");
    if (code == BERTH_OK)
        berth_answer_json(exchange, 201, rotated_json(id, &rotated), NULL, NULL);
    else
        berth_answer_problem(exchange, &error);
    explicit_bzero(&rotated, sizeof rotated);
    json_decref(body);
}
