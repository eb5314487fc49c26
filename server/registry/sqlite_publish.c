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

enum berth_code sqlite_version_find(struct sqlite_registry *registry, int64_t module,
                                    const char *version, struct sqlite_version *ret,
                                    struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_FIND);
    sqlite_put_int(&query, module);
    sqlite_put_text(&query, version);
    *ret = (struct sqlite_version){.module = module};
    if (sqlite_row(&query)) {
        ret->id = sqlite_int(&query, 0);
        ret->digest = sqlite_digest(&query, 1);
        ret->bytes = sqlite_int(&query, 2);
        ret->deleted = sqlite_int(&query, 3) != 0;
    }
    return sqlite_end(&query, error);
}

enum berth_code sqlite_version_named(struct sqlite_registry *registry, const char *module,
                                     const char *version, struct sqlite_version *ret,
                                     struct berth_error *error) {
    int64_t id = 0;
    enum berth_code code = sqlite_module_id(registry, module, &id, error);
    if (!code && id == 0)
        code = berth_fail(error, BERTH_NOT_FOUND, "module-unknown", "there is no such module");
    if (!code)
        code = sqlite_version_find(registry, id, version, ret, error);
    if (code)
        return code;
    if (ret->id == 0)
        return berth_fail(error, BERTH_NOT_FOUND, "version-unknown",
                          "the module has no such version");
    return ret->deleted ? berth_fail(error, BERTH_NOT_FOUND, "version-deleted",
                                     "version %s of this module was deleted", version)
                        : BERTH_OK;
}

static enum berth_code add_module(struct sqlite_registry *registry, const char *name, int64_t *ret,
                                  struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_MODULE_ADD);
    sqlite_put_text(&query, name);
    enum berth_code code = sqlite_run(&query, error);
    return code ? code : sqlite_module_id(registry, name, ret, error);
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

/* Whether what stands under the version's name allows it. */
static enum berth_code check_place(const struct sqlite_version *found,
                                   const struct berth_version *version, struct berth_error *error) {
    if (found->id == 0)
        return BERTH_OK;
    if (found->deleted)
        berth_fail(error, BERTH_CONFLICT, "version-deleted",
                   "version %s of this module was deleted, and its name stays taken",
                   version->version);
    else if (!berth_digest_equal(&found->digest, &version->digest))
        berth_fail(error, BERTH_CONFLICT, "version-exists",
                   "version %s of this module exists with other contents", version->version);
    else
        return BERTH_OK;
    berth_error_hint(error, "a version never changes; publish under a new one");
    return BERTH_CONFLICT;
}

static enum berth_code add_rows(struct sqlite_registry *registry, int64_t module,
                                const struct berth_version *version, struct berth_error *error) {
    int64_t id = 0;
    enum berth_code code = add_version(registry, module, version, &id, error);
    if (!code)
        code = add_description(registry, id, version->description, error);
    for (size_t i = 0; !code && i < version->asset_count; i++)
        code = add_asset(registry, module, id, &version->assets[i], error);
    return code;
}

static enum berth_code audit_upload(struct sqlite_registry *registry,
                                    const struct berth_version *version,
                                    const struct berth_actor *by, const char *reason,
                                    struct berth_error *error) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&version->digest, hex);
    struct sqlite_audit audit = {
        .action = "upload",
        .module = version->module,
        .version = version->version,
        .at_ms = version->created_ms,
        .by = by,
        .reason = reason,
        .details = json_pack("{ss+ sI sI}", "digest", "sha256:", hex, "files",
                             (json_int_t)version->asset_count, "bytes", (json_int_t)version->bytes),
    };
    return sqlite_audit_add(registry, &audit, error);
}

static enum berth_code add_all(struct sqlite_registry *registry,
                               const struct berth_version *version, const struct berth_actor *by,
                               const char *reason, bool *ret_created, struct berth_error *error) {
    int64_t module = 0;
    struct sqlite_version found;
    enum berth_code code = add_module(registry, version->module, &module, error);
    if (!code)
        code = sqlite_version_find(registry, module, version->version, &found, error);
    if (!code)
        code = check_place(&found, version, error);
    *ret_created = !code && found.id == 0;
    if (*ret_created)
        code = add_rows(registry, module, version, error);
    return code || !*ret_created ? code : audit_upload(registry, version, by, reason, error);
}

enum berth_code sqlite_version_add(struct berth_registry *base, const struct berth_version *version,
                                   const struct berth_actor *by, const char *reason,
                                   bool *ret_created, struct berth_error *error) {
    assert(version->module && version->version && version->description && version->created_by);
    struct sqlite_registry *registry = sqlite_of(base);
    bool created = false;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = add_all(registry, version, by, reason, &created, error);
    code = sqlite_finish(registry, code, error);
    if (!code)
        *ret_created = created;
    return code;
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
    struct sqlite_version found;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_version_named(registry, module, version, &found, error);
    if (!code)
        code = put_all(registry, found.id, compression, records, count, error);
    return sqlite_finish(registry, code, error);
}
