#include "sqlite.h"
#include <assert.h>
#include <stdlib.h>

/* The words of berth/auth.h, which is above this room. */
static json_t *scopes_json(unsigned scopes) {
    static const char *const WORDS[] = {"read", "publish", "activate", "admin"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++)
        if (scopes & 1U << i)
            json_array_append_new(list, json_string(WORDS[i]));
    return list;
}

enum berth_code sqlite_token_insert(struct sqlite_registry *registry,
                                    const struct berth_token_record *token,
                                    struct berth_error *error) {
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
    return code ? code : end;
}

static enum berth_code audit_issue(struct sqlite_registry *registry,
                                   const struct berth_token_record *token,
                                   const struct berth_actor *by, struct berth_error *error) {
    struct sqlite_audit audit = {
        .action = "token-issue",
        .subject = token->id,
        .at_ms = token->created_ms,
        .by = by,
        .details =
            json_pack("{ss ss so sI}", "name", token->name, "module", token->module, "can",
                      scopes_json(token->scopes), "expiresMs", (json_int_t)token->expires_ms),
    };
    return sqlite_audit_add(registry, &audit, error);
}

enum berth_code sqlite_token_add(struct berth_registry *base,
                                 const struct berth_token_record *token,
                                 const struct berth_actor *by, struct berth_error *error) {
    assert(token->id && token->name && token->module && !token->replaced_by);
    struct sqlite_registry *registry = sqlite_of(base);
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_token_insert(registry, token, error);
    if (!code)
        code = audit_issue(registry, token, by, error);
    code = sqlite_finish(registry, code, error);
    sqlite_secrets_load(registry);
    return code;
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
        .replaced_by = sqlite_text(query, 9),
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

static enum berth_code fail_unknown(struct berth_error *error) {
    return berth_fail(error, BERTH_NOT_FOUND, "token-unknown", "there is no such token");
}

enum berth_code sqlite_token_used(struct berth_registry *base, const char *id, int64_t at_ms,
                                  struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_USED);
    sqlite_put_int(&query, at_ms);
    sqlite_put_text(&query, id);
    enum berth_code code = sqlite_run(&query, error);
    bool found = sqlite3_changes(registry->db) > 0;
    sqlite_unlock(registry);
    return code || found ? code : fail_unknown(error);
}

/* Whether it is one to be revoked, and whose it is. */
static enum berth_code read_good(struct sqlite_registry *registry, const char *id, bool *ret,
                                 char **ret_name, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_BY_ID);
    sqlite_put_text(&query, id);
    bool found = sqlite_row(&query);
    *ret = found && sqlite_int(&query, 7) == 0;
    *ret_name = found ? sqlite_copy_text(&query, 1) : NULL;
    enum berth_code code = sqlite_end(&query, error);
    return code || found ? code : fail_unknown(error);
}

static enum berth_code revoke(struct sqlite_registry *registry, const char *id, int64_t at_ms,
                              struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_TOKEN_REVOKE);
    sqlite_put_int(&query, at_ms);
    sqlite_put_text(&query, id);
    return sqlite_run(&query, error);
}

static enum berth_code revoke_good(struct sqlite_registry *registry, const char *id, int64_t at_ms,
                                   const struct berth_actor *by, struct berth_error *error) {
    bool good = false;
    char *name = NULL;
    enum berth_code code = read_good(registry, id, &good, &name, error);
    if (!code && good)
        code = revoke(registry, id, at_ms, error);
    if (!code && good) {
        struct sqlite_audit audit = {.action = "token-revoke",
                                     .subject = id,
                                     .at_ms = at_ms,
                                     .by = by,
                                     .details = json_pack("{ss}", "name", name)};
        code = sqlite_audit_add(registry, &audit, error);
    }
    free(name);
    return code;
}

enum berth_code sqlite_token_revoke(struct berth_registry *base, const char *id, int64_t at_ms,
                                    const struct berth_actor *by, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_finish(registry, revoke_good(registry, id, at_ms, by, error), error);
    sqlite_secrets_load(registry);
    return code;
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
