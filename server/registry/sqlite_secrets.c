/* Until when each token is good, in memory, by the digest of its secret: so that what is not good
 * can be refused without a look at the database. Tokens are few and change rarely: after each
 * change all are read anew. */
#include "sqlite.h"
#include <stdlib.h>
#include <string.h>

struct sqlite_secret {
    struct berth_digest digest;
    int64_t until_ms;
};

struct loading {
    struct sqlite_secret *secrets;
    size_t count;
    bool failed; /* out of memory */
};

/* Room for one more: arrays grow at powers of two. */
static bool note(const struct berth_token_record *token, void *context) {
    struct loading *loading = context;
    if ((loading->count & (loading->count - 1)) == 0) {
        size_t capacity = loading->count ? 2 * loading->count : 1;
        struct sqlite_secret *grown = realloc(loading->secrets, capacity * sizeof *grown);
        if (!grown)
            return !(loading->failed = true);
        loading->secrets = grown;
    }
    struct sqlite_secret *secret = &loading->secrets[loading->count++];
    *secret =
        (struct sqlite_secret){token->secret, token->expires_ms ? token->expires_ms : INT64_MAX};
    if (token->revoked_ms)
        secret->until_ms = 0;
    return true;
}

static int compare(const void *a, const void *b) {
    return memcmp(((const struct sqlite_secret *)a)->digest.bytes,
                  ((const struct sqlite_secret *)b)->digest.bytes, sizeof(struct berth_digest));
}

void sqlite_secrets_load(struct sqlite_registry *registry) {
    struct loading loading = {0};
    pthread_mutex_lock(&registry->secrets_lock); /* also: one at a time, the newest last */
    bool known =
        sqlite_tokens_each(&registry->base, note, &loading, NULL) == BERTH_OK && !loading.failed;
    if (loading.count)
        qsort(loading.secrets, loading.count, sizeof *loading.secrets, compare);
    free(registry->secrets);
    registry->secrets = loading.secrets;
    registry->secret_count = loading.count;
    registry->secrets_known = known;
    pthread_mutex_unlock(&registry->secrets_lock);
}

bool sqlite_token_may_be_good(struct berth_registry *base, const struct berth_digest *secret,
                              int64_t now_ms) {
    struct sqlite_registry *registry = sqlite_of(base);
    const struct sqlite_secret key = {.digest = *secret};
    pthread_mutex_lock(&registry->secrets_lock);
    const struct sqlite_secret *found =
        registry->secret_count
            ? bsearch(&key, registry->secrets, registry->secret_count, sizeof key, compare)
            : NULL;
    bool may = !registry->secrets_known || (found && now_ms < found->until_ms);
    pthread_mutex_unlock(&registry->secrets_lock);
    return may;
}
