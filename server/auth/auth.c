#include "berth/auth.h"
#include "berth/name.h"
#include "token.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { USE_STEP_MS = 60000 };

static bool is_digit(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool is_token(const char *text) {
    if (strncmp(text, TOKEN_PREFIX, TOKEN_PREFIX_LENGTH) != 0)
        return false;
    size_t digits = 0;
    for (text += TOKEN_PREFIX_LENGTH; is_digit(*text); text++)
        digits++;
    return digits == TOKEN_DIGITS && *text == '\0';
}

/* RFC 6750 section 2.1; the scheme's case does not count (RFC 9110 section 11.1). */
static enum berth_code token_of(const char *authorization, const char **ret,
                                struct berth_error *error) {
    static const char SCHEME[] = "Bearer ";
    if (!authorization) {
        berth_fail(error, BERTH_UNAUTHENTICATED, "token-missing", "a token is needed");
        berth_error_hint(error, "send the header \"Authorization: Bearer <token>\"");
        return BERTH_UNAUTHENTICATED;
    }
    const char *token = authorization;
    bool bearer = strncasecmp(token, SCHEME, sizeof SCHEME - 1) == 0;
    if (bearer)
        token += sizeof SCHEME - 1;
    while (bearer && *token == ' ')
        token++;
    if (!bearer || !is_token(token)) {
        /* Never with the text itself: it may be a good token in the wrong form. */
        berth_fail(error, BERTH_UNAUTHENTICATED, "token-malformed",
                   "the Authorization header does not hold a token");
        berth_error_hint(error, "it is \"Bearer \", \"" TOKEN_PREFIX "\" and %d characters",
                         TOKEN_DIGITS);
        return BERTH_UNAUTHENTICATED;
    }
    *ret = token;
    return BERTH_OK;
}

struct found {
    struct berth_principal principal;
    struct berth_digest secret;
    int64_t expires_ms;
    int64_t revoked_ms;
    int64_t used_ms;
};

static bool keep(const struct berth_token_record *token, void *context) {
    struct found *found = context;
    (void)snprintf(found->principal.id, sizeof found->principal.id, "%s", token->id);
    (void)snprintf(found->principal.name, sizeof found->principal.name, "%s", token->name);
    (void)snprintf(found->principal.module, sizeof found->principal.module, "%s", token->module);
    found->principal.scopes = token->scopes;
    found->secret = token->secret;
    found->expires_ms = token->expires_ms;
    found->revoked_ms = token->revoked_ms;
    found->used_ms = token->used_ms;
    return true;
}

static enum berth_code fail_unknown(struct berth_error *error) {
    return berth_fail(error, BERTH_UNAUTHENTICATED, "token-unknown", "the token is not known");
}

static enum berth_code find(struct berth_registry *registry, const char *token, struct found *ret,
                            struct berth_error *error) {
    struct berth_digest secret = berth_sha256(token, TOKEN_LENGTH);
    struct berth_error own = {0};
    enum berth_code code = registry->ops->token_find(registry, &secret, keep, ret, &own);
    if (code == BERTH_NOT_FOUND)
        return fail_unknown(error);
    if (code) {
        if (error && error->code == BERTH_OK)
            *error = own;
        return code;
    }
    /* The look-up compared digests, whose bytes a caller cannot steer; this one is for a backend
     * that looks up more loosely. */
    if (!berth_equal_constant_time(secret.bytes, ret->secret.bytes, sizeof secret.bytes))
        return fail_unknown(error);
    return BERTH_OK;
}

/* A full or failing disk must not lock out those who would make room: the note may be lost. */
static void note_use(struct berth_registry *registry, const struct found *found, int64_t now_ms) {
    int64_t minute_ms = now_ms - now_ms % USE_STEP_MS;
    if (minute_ms > found->used_ms)
        (void)registry->ops->token_used(registry, found->principal.id, minute_ms, NULL);
}

enum berth_code berth_auth_check(struct berth_registry *registry, const char *authorization,
                                 int64_t now_ms, struct berth_principal *ret,
                                 struct berth_error *error) {
    const char *token = NULL;
    struct found found = {0};
    enum berth_code code = token_of(authorization, &token, error);
    if (!code)
        code = find(registry, token, &found, error);
    if (code)
        return code;
    if (found.revoked_ms != 0)
        return berth_fail(error, BERTH_UNAUTHENTICATED, "token-revoked", "the token is revoked");
    if (found.expires_ms != 0 && found.expires_ms <= now_ms)
        return berth_fail(error, BERTH_UNAUTHENTICATED, "token-expired", "the token has expired");
    note_use(registry, &found, now_ms);
    *ret = found.principal;
    return BERTH_OK;
}

bool berth_auth_may_pass(struct berth_registry *registry, const char *authorization,
                         int64_t now_ms) {
    const char *token = NULL;
    if (token_of(authorization, &token, NULL) != BERTH_OK)
        return false;
    struct berth_digest secret = berth_sha256(token, TOKEN_LENGTH);
    return registry->ops->token_may_be_good(registry, &secret, now_ms);
}

static bool has_scope(const struct berth_principal *principal, enum berth_scope scope) {
    return scope == BERTH_SCOPE_READ ? principal->scopes != 0
                                     : (principal->scopes & (scope | BERTH_SCOPE_ADMIN)) != 0;
}

static bool covers(const struct berth_principal *principal, const char *module) {
    return module ? berth_module_matches(principal->module, module)
                  : strcmp(principal->module, "*") == 0;
}

static bool is_console(const char *module) {
    return module && strcmp(module, BERTH_CONSOLE_MODULE) == 0;
}

enum berth_code berth_auth_allow(const struct berth_principal *principal, enum berth_scope scope,
                                 const char *module, struct berth_error *error) {
    if (scope != BERTH_SCOPE_READ && is_console(module))
        return berth_auth_allow(principal, BERTH_SCOPE_ADMIN, NULL, error);
    if (!has_scope(principal, scope)) {
        char text[48];
        berth_scopes_text(scope, text);
        return berth_fail(error, BERTH_DENIED, "scope", "this needs a token with the scope \"%s\"",
                          text);
    }
    if (covers(principal, module))
        return BERTH_OK;
    if (!module)
        return berth_fail(error, BERTH_DENIED, "scope-module",
                          "this needs a token for all modules, this one is for \"%s\"",
                          principal->module);
    return berth_fail(error, BERTH_DENIED, "scope-module",
                      "this needs a token for \"%s\", this one is for \"%s\"", module,
                      principal->module);
}
