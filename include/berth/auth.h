/* Bearer tokens (RFC 6750): 256 random bits, shown once, kept as their SHA-256.
 *
 * Text form: "berth_" and 43 URL-safe base64 digits.
 *
 * Thread rules: any thread (the registry is internally locked).
 */
#ifndef BERTH_AUTH_H
#define BERTH_AUTH_H

#include "berth/error.h"
#include "berth/registry.h"
#include <stdbool.h>
#include <stdint.h>

enum { BERTH_TOKEN_TEXT_BYTES = 64, BERTH_TOKEN_ID_BYTES = 16, BERTH_TOKEN_NAME_BYTES = 64 };

/* Who is asking. A value. */
struct berth_principal {
    char id[BERTH_TOKEN_ID_BYTES];
    char name[BERTH_TOKEN_NAME_BYTES];
    char module[160]; /* pattern */
    unsigned scopes;
};

/* From an Authorization header's value (NULL when absent). BERTH_UNAUTHENTICATED ("token-missing",
 * "token-malformed", "token-unknown", "token-expired", "token-revoked"). Notes the use, at most
 * once a minute. */
enum berth_code berth_auth_check(struct berth_registry *registry, const char *authorization,
                                 int64_t now_ms, struct berth_principal *ret,
                                 struct berth_error *error);

/* Whoever publishes or activates the console runs scripts with the tokens of all who open it: for
 * this module each scope but READ takes ADMIN for all modules. */
#define BERTH_CONSOLE_MODULE "@berth/console"

/* Whether the header may hold a good token: told from memory, and "no" is sure. Of an address with
 * too many failures, what cannot be good is not looked up. */
bool berth_auth_may_pass(struct berth_registry *registry, const char *authorization,
                         int64_t now_ms);

/* BERTH_DENIED ("scope") or ("scope-module"), naming what is missing. `module` NULL: the scope must
 * hold for all modules ("*"). READ comes with every scope. */
enum berth_code berth_auth_allow(const struct berth_principal *principal, enum berth_scope scope,
                                 const char *module, struct berth_error *error);

/* How often an address may present no good token: `most` times, and one more with each second. For
 * 1,024 addresses at once, in constant memory; beyond, those with the fewest failures are
 * forgotten. NULL when out of memory. */
struct berth_failures *berth_failures_create(int most);
void berth_failures_destroy(struct berth_failures *failures); /* NULL is fine */
/* From now on, also for addresses that have failed already. Any thread. */
void berth_failures_set_limit(struct berth_failures *failures, int most);
int berth_failures_limit(struct berth_failures *failures);
/* Counts one; false when there were too many. The time is that of berth_monotonic_ms. */
bool berth_failures_take(struct berth_failures *failures, const char *remote, int64_t monotonic_ms);
/* Whether one more would be too many; counts nothing. */
bool berth_failures_over(struct berth_failures *failures, const char *remote, int64_t monotonic_ms);

struct berth_token_request {
    const char *name;   /* 1–63 printable characters */
    const char *module; /* pattern; NULL for "*" */
    unsigned scopes;
    int64_t expires_ms; /* 0: never */
};

/* Makes and stores a token. `ret_text` is the only time it is seen; `ret_id` names it after. */
enum berth_code berth_auth_issue(struct berth_registry *registry,
                                 const struct berth_token_request *request,
                                 const struct berth_actor *by, int64_t now_ms,
                                 char ret_text[BERTH_TOKEN_TEXT_BYTES],
                                 char ret_id[BERTH_TOKEN_ID_BYTES], struct berth_error *error);

enum {
    BERTH_ROTATE_OVERLAP_S = 24 * 3600, /* where nothing else is asked for */
    BERTH_ROTATE_MAX_OVERLAP_S = 30 * 24 * 3600,
};

/* What a rotation made. A value. */
struct berth_rotated {
    char text[BERTH_TOKEN_TEXT_BYTES]; /* the only time it is seen */
    struct berth_principal principal;  /* as whom it will ask */
    int64_t expires_ms;
    int64_t old_expires_ms; /* at the latest */
};

/* A new secret under a new id; the old token stays good for the overlap, so that nobody who uses it
 * is locked out meanwhile. BERTH_INVALID ("token-overlap"); else the registry's token_rotate. */
enum berth_code berth_auth_rotate(struct berth_registry *registry, const char *id,
                                  int64_t overlap_s, const struct berth_actor *by, int64_t now_ms,
                                  struct berth_rotated *ret, struct berth_error *error);

/* If no token was ever made: issues one for everything and writes it, with a newline, to
 * DIRECTORY/admin.token (0600, durable). *ret_path (free it) is set when it did, else NULL. */
enum berth_code berth_auth_first_token(struct berth_registry *registry, const char *directory,
                                       int64_t now_ms, char **ret_path, struct berth_error *error);

/* "publish,activate" to scopes and back. BERTH_INVALID ("scope-unknown") naming the word. */
enum berth_code berth_scopes_parse(const char *text, unsigned *ret, struct berth_error *error);
void berth_scopes_text(unsigned scopes, char ret[48]);

#endif
