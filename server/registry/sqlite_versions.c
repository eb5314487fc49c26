#include "sqlite.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum berth_code module_id(struct sqlite_registry *registry, const char *name, int64_t *ret,
                                 struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_MODULE_FIND);
    sqlite_put_text(&query, name);
    *ret = sqlite_row(&query) ? sqlite_int(&query, 0) : 0;
    return sqlite_end(&query, error);
}

static enum berth_code add_module(struct sqlite_registry *registry, const char *name, int64_t *ret,
                                  struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_MODULE_ADD);
    sqlite_put_text(&query, name);
    enum berth_code code = sqlite_run(&query, error);
    return code ? code : module_id(registry, name, ret, error);
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

static enum berth_code add_asset(struct sqlite_registry *registry, int64_t version,
                                 const struct berth_asset *asset, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_ASSET_ADD);
    sqlite_put_int(&query, version);
    sqlite_put_text(&query, asset->path);
    sqlite_put_digest(&query, &asset->digest);
    sqlite_put_int(&query, asset->bytes);
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
    sqlite_put_text(&query, version->description);
    sqlite_put_int(&query, version->created_ms);
    sqlite_put_text(&query, version->created_by);
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
    for (size_t i = 0; !code && i < version->asset_count; i++)
        code = add_asset(registry, id, &version->assets[i], error);
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

/* A version as it is read: its texts lie one after the other in `text`, which grows and so moves.
 * Until all are there, they are known by their offsets. One record serves a whole walk. */
struct record {
    char *text;
    size_t text_length;
    size_t text_capacity;
    struct berth_asset *assets;
    size_t *paths; /* offsets */
    size_t count;
    size_t capacity;
};

static void record_done(struct record *record) {
    free(record->text);
    free(record->assets);
    free(record->paths);
}

static bool add_text(struct record *record, const char *text, size_t *ret) {
    size_t length = text ? strlen(text) + 1 : 0;
    if (length == 0)
        return false;
    if (record->text_length + length > record->text_capacity) {
        size_t capacity = 2 * (record->text_length + length) + 4096;
        char *grown = realloc(record->text, capacity);
        if (!grown)
            return false;
        record->text = grown;
        record->text_capacity = capacity;
    }
    memcpy(record->text + record->text_length, text, length);
    *ret = record->text_length;
    record->text_length += length;
    return true;
}

static bool reserve_asset(struct record *record) {
    if (record->count < record->capacity)
        return true;
    size_t capacity = 2 * record->capacity + 64;
    struct berth_asset *assets = realloc(record->assets, capacity * sizeof *assets);
    if (!assets)
        return false;
    record->assets = assets;
    size_t *paths = realloc(record->paths, capacity * sizeof *paths);
    if (!paths)
        return false;
    record->paths = paths;
    record->capacity = capacity;
    return true;
}

static enum berth_code read_assets(struct sqlite_registry *registry, int64_t version,
                                   struct record *record, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_ASSETS_OF_VERSION);
    sqlite_put_int(&query, version);
    while (sqlite_row(&query)) {
        struct berth_digest digest = sqlite_digest(&query, 1);
        if (!reserve_asset(record) ||
            !add_text(record, sqlite_text(&query, 0), &record->paths[record->count])) {
            query.result = SQLITE_NOMEM;
            break;
        }
        record->assets[record->count].digest = digest;
        record->assets[record->count].bytes = sqlite_int(&query, 2);
        record->count++;
    }
    enum berth_code code = sqlite_end(&query, error);
    for (size_t i = 0; i < record->count; i++)
        record->assets[i].path = record->text + record->paths[i];
    return code;
}

/* The row `query` stands on, with its assets, handed to fn. */
static enum berth_code read_version(struct sqlite_query *query, struct record *record,
                                    berth_version_fn fn, void *context, bool *ret_more,
                                    struct berth_error *error) {
    size_t module = 0;
    size_t name = 0;
    size_t description = 0;
    size_t by = 0;
    record->text_length = 0;
    record->count = 0;
    if (!add_text(record, sqlite_text(query, 1), &module) ||
        !add_text(record, sqlite_text(query, 2), &name) ||
        !add_text(record, sqlite_text(query, 7), &description) ||
        !add_text(record, sqlite_text(query, 9), &by))
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = read_assets(query->registry, sqlite_int(query, 0), record, error);
    struct berth_version version = {
        .digest = sqlite_digest(query, 3),
        .archive_digest = sqlite_digest(query, 4),
        .archive_bytes = sqlite_int(query, 5),
        .bytes = sqlite_int(query, 6),
        .created_ms = sqlite_int(query, 8),
        .assets = record->assets,
        .asset_count = record->count,
        .module = record->text + module,
        .version = record->text + name,
        .description = record->text + description,
        .created_by = record->text + by,
    };
    if (code || query->result != SQLITE_ROW)
        return code;
    *ret_more = fn(&version, context);
    return BERTH_OK;
}

enum berth_code sqlite_versions_each(struct berth_registry *base, const char *module,
                                     berth_version_fn fn, void *context,
                                     struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct record record = {0};
    bool more = true;
    sqlite_lock(registry);
    struct sqlite_query query =
        sqlite_begin(registry, module ? SQL_VERSIONS_OF_MODULE : SQL_VERSIONS_ALL);
    if (module)
        sqlite_put_text(&query, module);
    enum berth_code code = BERTH_OK;
    while (!code && more && sqlite_row(&query))
        code = read_version(&query, &record, fn, context, &more, error);
    enum berth_code end = sqlite_end(&query, code ? NULL : error);
    sqlite_unlock(registry);
    record_done(&record);
    return code ? code : end;
}
