#include "sqlite.h"
#include <assert.h>

enum berth_code sqlite_token_add(struct berth_registry *base,
                                 const struct berth_token_record *token,
                                 struct berth_error *error) {
    assert(token->id && token->name && token->module);
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_ADD);
    sqlite_put_text(&query, token->id);
    sqlite_put_text(&query, token->name);
    sqlite_put_digest(&query, &token->secret);
    sqlite_put_text(&query, token->module);
    sqlite_put_int(&query, token->scopes);
    sqlite_put_int(&query, token->created_ms);
    sqlite_put_int(&query, token->expires_ms);
    sqlite_put_int(&query, token->revoked_ms);
    sqlite_put_int(&query, token->used_ms);
    sqlite_row(&query);
    enum berth_code code = BERTH_OK;
    if (query.result == SQLITE_CONSTRAINT_PRIMARYKEY || query.result == SQLITE_CONSTRAINT_UNIQUE)
        code = berth_fail(error, BERTH_CONFLICT, "token-exists", "this token exists already");
    enum berth_code end = sqlite_end(&query, code ? NULL : error);
    sqlite_unlock(registry);
    return code ? code : end;
}

static bool read_token(struct sqlite_query *query, berth_token_fn fn, void *context) {
    struct berth_token_record token = {
        .id = sqlite_text(query, 0),
        .name = sqlite_text(query, 1),
        .secret = sqlite_digest(query, 2),
        .module = sqlite_text(query, 3),
        .scopes = (unsigned)sqlite_int(query, 4),
        .created_ms = sqlite_int(query, 5),
        .expires_ms = sqlite_int(query, 6),
        .revoked_ms = sqlite_int(query, 7),
        .used_ms = sqlite_int(query, 8),
    };
    return query->result == SQLITE_ROW && fn(&token, context);
}

enum berth_code sqlite_token_find(struct berth_registry *base, const struct berth_digest *secret,
                                  berth_token_fn fn, void *context, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_FIND);
    sqlite_put_digest(&query, secret);
    bool found = sqlite_row(&query);
    if (found)
        read_token(&query, fn, context);
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    if (!code && !found)
        code = berth_fail(error, BERTH_NOT_FOUND, "token-unknown", "there is no such token");
    return code;
}

static enum berth_code set_time(struct berth_registry *base, enum sqlite_sql sql, const char *id,
                                int64_t at_ms, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, sql);
    sqlite_put_int(&query, at_ms);
    sqlite_put_text(&query, id);
    enum berth_code code = sqlite_run(&query, error);
    bool found = sqlite3_changes(registry->db) > 0;
    sqlite_unlock(registry);
    if (!code && !found)
        code = berth_fail(error, BERTH_NOT_FOUND, "token-unknown", "there is no such token");
    return code;
}

enum berth_code sqlite_token_used(struct berth_registry *base, const char *id, int64_t at_ms,
                                  struct berth_error *error) {
    return set_time(base, SQL_TOKEN_USED, id, at_ms, error);
}

enum berth_code sqlite_token_revoke(struct berth_registry *base, const char *id, int64_t at_ms,
                                    struct berth_error *error) {
    return set_time(base, SQL_TOKEN_REVOKE, id, at_ms, error);
}

enum berth_code sqlite_tokens_each(struct berth_registry *base, berth_token_fn fn, void *context,
                                   struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKENS_ALL);
    while (sqlite_row(&query))
        if (!read_token(&query, fn, context))
            break;
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    return code;
}
