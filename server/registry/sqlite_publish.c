/* What an upload and its compression write. */
#include "sqlite.h"
#include <assert.h>

enum berth_code sqlite_module_id(struct sqlite_registry *registry, const char *name, int64_t *ret,
                                 struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_MODULE_FIND);
    sqlite_put_text(&query, name);
    *ret = sqlite_row(&query) ? sqlite_int(&query, 0) : 0;
    return sqlite_end(&query, error);
}

enum berth_code sqlite_fail_unknown(int64_t module, struct berth_error *error) {
    if (module == 0)
        return berth_fail(error, BERTH_NOT_FOUND, "module-unknown", "there is no such module");
    return berth_fail(error, BERTH_NOT_FOUND, "version-unknown", "the module has no such version");
}

static enum berth_code add_module(struct sqlite_registry *registry, const char *name, int64_t *ret,
                                  struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_MODULE_ADD);
    sqlite_put_text(&query, name);
    enum berth_code code = sqlite_run(&query, error);
    return code ? code : sqlite_module_id(registry, name, ret, error);
}

enum presence { ABSENT, SAME, OTHER };

static enum berth_code look_for(struct sqlite_registry *registry, int64_t module,
                                const struct berth_version *version, enum presence *ret,
                                struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_FIND);
    sqlite_put_int(&query, module);
    sqlite_put_text(&query, version->version);
    *ret = ABSENT;
    if (sqlite_row(&query)) {
        struct berth_digest digest = sqlite_digest(&query, 1);
        *ret = berth_digest_equal(&digest, &version->digest) ? SAME : OTHER;
    }
    return sqlite_end(&query, error);
}

static enum berth_code add_asset(struct sqlite_registry *registry, int64_t module, int64_t version,
                                 const struct berth_asset *asset, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_ASSET_ADD);
    sqlite_put_int(&query, version);
    sqlite_put_text(&query, asset->path);
    sqlite_put_digest(&query, &asset->digest);
    sqlite_put_int(&query, asset->bytes);
    enum berth_code code = sqlite_run(&query, error);
    if (code)
        return code;
    /* Ids follow the order of upload, so this version is the newest that has the path. */
    query = sqlite_begin(registry, SQL_PATH_NEWEST);
    sqlite_put_int(&query, module);
    sqlite_put_text(&query, asset->path);
    sqlite_put_int(&query, version);
    return sqlite_run(&query, error);
}

static enum berth_code add_description(struct sqlite_registry *registry, int64_t version,
                                       const char *json, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_DESCRIPTION_ADD);
    sqlite_put_int(&query, version);
    sqlite_put_text(&query, json);
    return sqlite_run(&query, error);
}

static enum berth_code add_version(struct sqlite_registry *registry, int64_t module,
                                   const struct berth_version *version, int64_t *ret,
                                   struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_ADD);
    sqlite_put_int(&query, module);
    sqlite_put_text(&query, version->version);
    sqlite_put_digest(&query, &version->digest);
    sqlite_put_digest(&query, &version->archive_digest);
    sqlite_put_int(&query, version->archive_bytes);
    sqlite_put_int(&query, version->bytes);
    sqlite_put_int(&query, version->created_ms);
    sqlite_put_text(&query, version->created_by);
    sqlite_put_int(&query, version->compression);
    return sqlite_run_insert(&query, ret, error);
}

static enum berth_code add_all(struct sqlite_registry *registry,
                               const struct berth_version *version, bool *ret_created,
                               struct berth_error *error) {
    int64_t module = 0;
    int64_t id = 0;
    enum presence presence = ABSENT;
    enum berth_code code = add_module(registry, version->module, &module, error);
    if (!code)
        code = look_for(registry, module, version, &presence, error);
    if (code)
        return code;
    if (presence == OTHER) {
        berth_fail(error, BERTH_CONFLICT, "version-exists",
                   "version %s of this module exists with other contents", version->version);
        berth_error_hint(error, "a version never changes; publish under a new one");
        return BERTH_CONFLICT;
    }
    *ret_created = presence == ABSENT;
    if (presence == SAME)
        return BERTH_OK;
    code = add_version(registry, module, version, &id, error);
    if (!code)
        code = add_description(registry, id, version->description, error);
    for (size_t i = 0; !code && i < version->asset_count; i++)
        code = add_asset(registry, module, id, &version->assets[i], error);
    return code;
}

enum berth_code sqlite_version_add(struct berth_registry *base, const struct berth_version *version,
                                   bool *ret_created, struct berth_error *error) {
    assert(version->module && version->version && version->description && version->created_by);
    struct sqlite_registry *registry = sqlite_of(base);
    bool created = false;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_finish(registry, add_all(registry, version, &created, error), error);
    if (!code)
        *ret_created = created;
    return code;
}

static enum berth_code find_version(struct sqlite_registry *registry, const char *module,
                                    const char *version, int64_t *ret, struct berth_error *error) {
    int64_t id = 0;
    enum berth_code code = sqlite_module_id(registry, module, &id, error);
    if (code)
        return code;
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_FIND);
    sqlite_put_int(&query, id);
    sqlite_put_text(&query, version);
    bool found = sqlite_row(&query);
    *ret = found ? sqlite_int(&query, 0) : 0;
    code = sqlite_end(&query, error);
    return code || found ? code : sqlite_fail_unknown(id, error);
}

static enum berth_code put_variant(struct sqlite_registry *registry,
                                   const struct berth_variant_record *record,
                                   struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_VARIANT_PUT);
    sqlite_put_digest(&query, &record->blob);
    sqlite_put_text(&query, berth_coding_name(record->coding));
    sqlite_put_digest(&query, &record->variant.digest);
    sqlite_put_int(&query, record->variant.bytes);
    return sqlite_run(&query, error);
}

static enum berth_code put_all(struct sqlite_registry *registry, int64_t version,
                               enum berth_compression compression,
                               const struct berth_variant_record *records, size_t count,
                               struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; !code && i < count; i++)
        code = put_variant(registry, &records[i], error);
    if (code)
        return code;
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_COMPRESSION);
    sqlite_put_int(&query, compression);
    sqlite_put_int(&query, version);
    return sqlite_run(&query, error);
}

enum berth_code sqlite_variants_put(struct berth_registry *base, const char *module,
                                    const char *version, enum berth_compression compression,
                                    const struct berth_variant_record *records, size_t count,
                                    struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    int64_t id = 0;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = find_version(registry, module, version, &id, error);
    if (!code)
        code = put_all(registry, id, compression, records, count, error);
    return sqlite_finish(registry, code, error);
}
