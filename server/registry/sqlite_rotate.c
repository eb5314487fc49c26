/* A token gives way to a new one. */
#include "sqlite.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The old token, with texts of its own. */
struct old {
    char *name;
    char *module;
    char *replaced_by;
    unsigned scopes;
    int64_t created_ms;
    int64_t expires_ms;
    int64_t revoked_ms;
};

static void old_done(struct old *old) {
    free(old->name);
    free(old->module);
    free(old->replaced_by);
}

static enum berth_code read_old(struct sqlite_registry *registry, const char *id, struct old *ret,
                                struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_BY_ID);
    sqlite_put_text(&query, id);
    bool found = sqlite_row(&query);
    if (found)
        *ret = (struct old){
            .name = sqlite_copy_text(&query, 1),
            .module = sqlite_copy_text(&query, 3),
            .scopes = (unsigned)sqlite_int(&query, 4),
            .created_ms = sqlite_int(&query, 5),
            .expires_ms = sqlite_int(&query, 6),
            .revoked_ms = sqlite_int(&query, 7),
            .replaced_by = sqlite_copy_text(&query, 9),
        };
    enum berth_code code = sqlite_end(&query, error);
    if (code || found)
        return code;
    return berth_fail(error, BERTH_NOT_FOUND, "token-unknown", "there is no such token");
}

static enum berth_code check_old(const struct old *old, int64_t at_ms, struct berth_error *error) {
    if (old->replaced_by) {
        berth_fail(error, BERTH_CONFLICT, "token-rotated", "the token was rotated already");
        berth_error_hint(error, "its replacement has the id %s: rotate that one", old->replaced_by);
        return BERTH_CONFLICT;
    }
    if (old->revoked_ms == 0 && (old->expires_ms == 0 || old->expires_ms > at_ms))
        return BERTH_OK;
    berth_fail(error, BERTH_CONFLICT, "token-ended", "the token %s",
               old->revoked_ms ? "is revoked" : "has expired");
    berth_error_hint(error, "make a new one: berth token create");
    return BERTH_CONFLICT;
}

static enum berth_code replace(struct sqlite_registry *registry,
                               const struct berth_token_rotate *request, int64_t expires_ms,
                               struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_REPLACE);
    sqlite_put_int(&query, expires_ms);
    sqlite_put_text(&query, request->next);
    sqlite_put_text(&query, request->id);
    return sqlite_run(&query, error);
}

static enum berth_code audit(struct sqlite_registry *registry,
                             const struct berth_token_rotate *request, const struct old *old,
                             int64_t expires_ms, struct berth_error *error) {
    struct sqlite_audit audit = {
        .action = "token-rotate",
        .subject = request->id,
        .at_ms = request->at_ms,
        .by = &request->by,
        .details = json_pack("{ss ss sI}", "name", old->name, "replacement", request->next,
                             "expiresMs", (json_int_t)expires_ms),
    };
    return sqlite_audit_add(registry, &audit, error);
}

static enum berth_code rotate(struct sqlite_registry *registry,
                              const struct berth_token_rotate *request, struct old *old,
                              struct berth_token_record *ret, struct berth_error *error) {
    enum berth_code code = read_old(registry, request->id, old, error);
    if (!code)
        code = check_old(old, request->at_ms, error);
    if (code)
        return code;
    *ret = (struct berth_token_record){
        .id = request->next,
        .name = old->name,
        .secret = request->secret,
        .module = old->module,
        .scopes = old->scopes,
        .created_ms = request->at_ms,
        .expires_ms = old->expires_ms ? request->at_ms + (old->expires_ms - old->created_ms) : 0,
    };
    int64_t end_ms = request->at_ms + request->overlap_ms;
    if (old->expires_ms && old->expires_ms < end_ms)
        end_ms = old->expires_ms;
    code = sqlite_token_insert(registry, ret, error);
    if (!code)
        code = replace(registry, request, end_ms, error);
    return code ? code : audit(registry, request, old, end_ms, error);
}

enum berth_code sqlite_token_rotate(struct berth_registry *base,
                                    const struct berth_token_rotate *request, berth_token_fn fn,
                                    void *context, struct berth_error *error) {
    assert(request->id && request->next && request->by.name && request->overlap_ms >= 0);
    struct sqlite_registry *registry = sqlite_of(base);
    struct old old = {0};
    struct berth_token_record next;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_finish(registry, rotate(registry, request, &old, &next, error), error);
    sqlite_secrets_load(registry);
    if (!code)
        (void)fn(&next, context);
    old_done(&old);
    return code;
}
