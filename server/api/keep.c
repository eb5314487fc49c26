/* gc and backup. */
#include "handlers.h"

#include "berth/clock.h"
#include "berth/keep.h"

static const json_int_t DAYS_MOST = 36500;
static const json_int_t NEWEST_MOST = 1000000;
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

/* A whole number from 0; BERTH_GC_NO_LIMIT when it is not given. */
static enum berth_code read_limit(const json_t *body, const char *name, json_int_t most,
                                  int64_t *ret, struct berth_error *error) {
    const json_t *value = json_object_get(body, name);
    json_int_t number = json_integer_value(value);
    *ret = BERTH_GC_NO_LIMIT;
    if (!value)
        return BERTH_OK;
    if (!json_is_integer(value) || number < 0 || number > most) {
        berth_fail(error, BERTH_INVALID, "gc-policy", "\"%s\" takes a whole number from 0 to %lld",
                   name, (long long)most);
        berth_error_where(error, "/%s", name);
        return BERTH_INVALID;
    }
    *ret = (int64_t)number;
    return BERTH_OK;
}

static enum berth_code read_request(struct berth_exchange *exchange, struct berth_gc_request *ret,
                                    struct berth_error *error) {
    static const char *const known[] = {"keepNewest", "youngerThanDays", "dryRun", NULL};
    json_t *body;
    int64_t days = BERTH_GC_NO_LIMIT;
    enum berth_code code = api_read(exchange, BERTH_API_JSON_MAX_BYTES, true, known, &body, error);
    if (code != BERTH_OK)
        return code;
    const json_t *dry_run = json_object_get(body, "dryRun");
    code = read_limit(body, "keepNewest", NEWEST_MOST, &ret->keep_newest, error);
    if (code == BERTH_OK)
        code = read_limit(body, "youngerThanDays", DAYS_MOST, &days, error);
    if (code == BERTH_OK && dry_run && !json_is_boolean(dry_run)) {
        code = berth_fail(error, BERTH_INVALID, "gc-policy", "\"dryRun\" takes true or false");
        berth_error_where(error, "/dryRun");
    }
    ret->younger_than_ms = days == BERTH_GC_NO_LIMIT ? days : days * DAY_MS;
    ret->dry_run = json_is_true(dry_run);
    json_decref(body);
    return code;
}

static json_t *result_json(const struct berth_gc_request *request,
                           const struct berth_gc_result *result) {
    json_t *versions = json_array();
    for (size_t i = 0; i < result->version_count; i++) {
        const struct berth_gc_version *version = &result->versions[i];
        json_array_append_new(versions, json_pack("{ss ss so sI}", "module", version->module,
                                                  "version", version->version, "createdAt",
                                                  api_time(version->created_ms), "bytes",
                                                  (json_int_t)version->bytes));
    }
    return json_pack("{sb so sI sI sI}", "dryRun", request->dry_run, "versions", versions, "kept",
                     (json_int_t)result->kept, "blobs", (json_int_t)result->blobs, "bytes",
                     (json_int_t)result->bytes);
}

void api_post_gc(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct berth_gc_result result = {0};
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    struct berth_gc_request request = {.by = api_actor(exchange, &principal),
                                       .now_ms = berth_now_ms()};
    enum berth_code code = read_request(exchange, &request, &error);
    if (code == BERTH_OK)
        code = berth_desk_gc(api->desk, &request, &result, &error);
    if (code == BERTH_OK)
        berth_answer_json(exchange, 200, result_json(&request, &result), NULL, NULL);
    else
        berth_answer_problem(exchange, &error);
    berth_gc_result_done(&result);
}

struct backup_answer {
    struct berth_exchange *exchange;
    bool begun;
};

/* The answer begins with the first bytes, so that what fails before is a problem as any other. */
static bool send_piece(const void *data, size_t length, void *context) {
    struct backup_answer *answer = context;
    if (!answer->begun) {
        answer->begun = true;
        if (!berth_answer_stream(answer->exchange, "application/x-tar",
                                 "Content-Disposition: attachment; "
                                 "filename=\"berth-backup.tar\"\r\n"))
            return false;
    }
    return berth_stream_write(answer->exchange, data, length);
}

void api_get_backup(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct backup_answer answer = {.exchange = exchange};
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    enum berth_code code = berth_desk_backup(api->desk, send_piece, &answer, &error);
    if (code != BERTH_OK && !answer.begun)
        berth_answer_problem(exchange, &error);
}
