#include "sqlite.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sqlite_registry *sqlite_of(struct berth_registry *registry) {
    return (struct sqlite_registry *)registry;
}

void sqlite_lock(struct sqlite_registry *registry) {
    if (pthread_mutex_lock(&registry->lock) != 0)
        abort();
}

void sqlite_unlock(struct sqlite_registry *registry) {
    if (pthread_mutex_unlock(&registry->lock) != 0)
        abort();
}

void sqlite_give_turn(void) {
    const struct timespec turn = {.tv_nsec = 500 * 1000L};
    (void)nanosleep(&turn, NULL);
}

static void close_registry(struct berth_registry *base) {
    if (!base)
        return;
    struct sqlite_registry *registry = sqlite_of(base);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(registry->statements[i]);
    sqlite3_close(registry->db);
    pthread_mutex_destroy(&registry->lock);
    pthread_mutex_destroy(&registry->secrets_lock);
    free(registry->secrets);
    free(registry);
}

static const struct berth_registry_ops OPS = {
    .close = close_registry,
    .generation = sqlite_generation,
    .version_add = sqlite_version_add,
    .version_delete = sqlite_version_delete,
    .heads_each = sqlite_heads_each,
    .version_get = sqlite_version_get,
    .version_with = sqlite_version_with,
    .variants_put = sqlite_variants_put,
    .uncompressed_each = sqlite_uncompressed_each,
    .versions_each = sqlite_versions_each,
    .activate = sqlite_activate,
    .way_back = sqlite_way_back,
    .live_each = sqlite_live_each,
    .changes_each = sqlite_changes_each,
    .page_put = sqlite_page_put,
    .pages_each = sqlite_pages_each,
    .page_revisions_each = sqlite_page_revisions_each,
    .externals_put = sqlite_externals_put,
    .externals_each = sqlite_externals_each,
    .token_add = sqlite_token_add,
    .token_may_be_good = sqlite_token_may_be_good,
    .token_find = sqlite_token_find,
    .token_used = sqlite_token_used,
    .token_revoke = sqlite_token_revoke,
    .token_rotate = sqlite_token_rotate,
    .tokens_each = sqlite_tokens_each,
    .audit_each = sqlite_audit_each,
    .audit_check = sqlite_audit_check,
    .assets_each = sqlite_assets_each,
    .variants_each = sqlite_variants_each,
    .variants_prune = sqlite_variants_prune,
    .variant_forget = sqlite_variant_forget,
    .check = sqlite_check,
    .copy = sqlite_copy,
};

/* An error-checking mutex, so that a callback that calls the registry aborts rather than hangs. */
static void init_lock(pthread_mutex_t *lock) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static enum berth_code prepare(struct sqlite_registry *registry, struct berth_error *error) {
    for (int i = 0; i < SQL_COUNT; i++) {
        int result = sqlite3_prepare_v3(registry->db, sqlite_sql_text[i], -1,
                                        SQLITE_PREPARE_PERSISTENT, &registry->statements[i], NULL);
        if (result == SQLITE_ERROR) /* a table or a column is not there */
            return berth_fail(error, BERTH_IO, "database-damaged", "the database is damaged: %s",
                              sqlite3_errmsg(registry->db));
        enum berth_code code = sqlite_fail(registry->db, result, error);
        if (code)
            return code;
    }
    return BERTH_OK;
}

/* `ret_schema` NULL: to be used, not only looked at. */
static enum berth_code open_registry(const char *directory, struct berth_registry **ret,
                                     int64_t *ret_schema, struct berth_error *error) {
    struct sqlite_registry *registry = calloc(1, sizeof *registry);
    if (!registry)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    registry->base.ops = &OPS;
    init_lock(&registry->lock);
    init_lock(&registry->secrets_lock);
    enum berth_code code = ret_schema
                               ? sqlite_file_look(directory, &registry->db, ret_schema, error)
                               : sqlite_file_open(directory, &registry->db, error);
    if (!code)
        code = prepare(registry, error);
    if (code) {
        berth_error_where(error, "%s/db", directory);
        close_registry(&registry->base);
        return code;
    }
    sqlite_secrets_load(registry);
    *ret = &registry->base;
    return BERTH_OK;
}

enum berth_code berth_registry_sqlite_open(const char *directory, struct berth_registry **ret,
                                           struct berth_error *error) {
    return open_registry(directory, ret, NULL, error);
}

enum berth_code berth_registry_sqlite_look(const char *directory, struct berth_registry **ret,
                                           struct berth_schema *ret_schema,
                                           struct berth_error *error) {
    *ret_schema = (struct berth_schema){.ours = SQLITE_SCHEMA_VERSION};
    return open_registry(directory, ret, &ret_schema->found, error);
}
