/* A version is taken away: its row stays, with a mark; what it had goes. */
#include "sqlite.h"
#include <assert.h>

static enum berth_code run_with(struct sqlite_registry *registry, enum sqlite_sql sql,
                                int64_t module, int64_t version, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, sql);
    if (module)
        sqlite_put_int(&query, module);
    sqlite_put_int(&query, version);
    return sqlite_run(&query, error);
}

static enum berth_code mark(struct sqlite_registry *registry, int64_t version,
                            const struct berth_version_delete *request, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_DELETE);
    sqlite_put_int(&query, request->at_ms);
    sqlite_put_text(&query, request->by.name);
    sqlite_put_int(&query, version);
    return sqlite_run(&query, error);
}

/* The assets before the paths, which look for others that have them. */
static enum berth_code remove_rows(struct sqlite_registry *registry,
                                   const struct sqlite_version *version,
                                   struct berth_error *error) {
    enum berth_code code = run_with(registry, SQL_ASSETS_DELETE, 0, version->id, error);
    if (!code)
        code = run_with(registry, SQL_DESCRIPTION_DELETE, 0, version->id, error);
    if (!code)
        code = run_with(registry, SQL_PATHS_FALL_BACK, version->module, version->id, error);
    if (!code)
        code = run_with(registry, SQL_PATHS_DELETE, version->module, version->id, error);
    return code;
}

static enum berth_code check_not_live(struct sqlite_registry *registry,
                                      const struct berth_version_delete *request,
                                      const struct sqlite_version *version,
                                      struct berth_error *error) {
    enum { VERSION = 2 };
    struct sqlite_query query = sqlite_begin(registry, SQL_LIVE_FIND);
    sqlite_put_text(&query, request->module);
    bool live = sqlite_row(&query) && sqlite_int(&query, VERSION) == version->id;
    enum berth_code code = sqlite_end(&query, error);
    if (code || !live)
        return code;
    berth_fail(error, BERTH_CONFLICT, "version-live", "version %s of this module is live",
               request->version);
    berth_error_hint(error, "activate another version first");
    return BERTH_CONFLICT;
}

static enum berth_code audit(struct sqlite_registry *registry,
                             const struct berth_version_delete *request,
                             const struct sqlite_version *version, struct berth_error *error) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&version->digest, hex);
    struct sqlite_audit audit = {
        .action = "delete",
        .module = request->module,
        .version = request->version,
        .at_ms = request->at_ms,
        .by = &request->by,
        .reason = request->reason,
        .details =
            json_pack("{ss+ sI}", "digest", "sha256:", hex, "bytes", (json_int_t)version->bytes),
    };
    return sqlite_audit_add(registry, &audit, error);
}

static enum berth_code delete_it(struct sqlite_registry *registry,
                                 const struct berth_version_delete *request,
                                 struct berth_error *error) {
    struct sqlite_version version;
    enum berth_code code =
        sqlite_version_named(registry, request->module, request->version, &version, error);
    if (!code)
        code = check_not_live(registry, request, &version, error);
    if (!code)
        code = mark(registry, version.id, request, error);
    if (!code)
        code = remove_rows(registry, &version, error);
    return code ? code : audit(registry, request, &version, error);
}

enum berth_code sqlite_version_delete(struct berth_registry *base,
                                      const struct berth_version_delete *request,
                                      struct berth_error *error) {
    assert(request->module && request->version && request->by.name && request->at_ms > 0);
    struct sqlite_registry *registry = sqlite_of(base);
    enum berth_code code = sqlite_transaction(registry, error);
    return code ? code : sqlite_finish(registry, delete_it(registry, request, error), error);
}
