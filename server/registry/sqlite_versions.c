/* Versions as they are read: heads, or whole. */
#include "sqlite.h"
#include <stdlib.h>
#include <string.h>

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

/* How much of a version is read. */
enum depth { HEAD, ASSETS, VARIANTS };

/* One walk over versions, and where its rows go. */
struct walk {
    enum depth depth;
    berth_version_fn fn;
    void *context;
    struct record record;
    bool stopped;
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
        record->assets[record->count] =
            (struct berth_asset){.digest = digest, .bytes = sqlite_int(&query, 2)};
        record->count++;
    }
    enum berth_code code = sqlite_end(&query, error);
    for (size_t i = 0; i < record->count; i++)
        record->assets[i].path = record->text + record->paths[i];
    return code;
}

/* -1: one that a later berth has written. */
static int coding_of(const char *name) {
    int coding = BERTH_CODING_COUNT - 1;
    while (coding >= 0 && strcmp(berth_coding_name((enum berth_coding)coding), name) != 0)
        coding--;
    return coding;
}

/* Both are sorted by path, so one pass puts each variant to its asset. */
static enum berth_code read_variants(struct sqlite_registry *registry, int64_t version,
                                     struct record *record, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_VARIANTS_OF_VERSION);
    sqlite_put_int(&query, version);
    size_t at = 0;
    while (sqlite_row(&query)) {
        const char *path = sqlite_text(&query, 0);
        const char *name = sqlite_text(&query, 1);
        struct berth_variant variant = {sqlite_digest(&query, 2), sqlite_int(&query, 3)};
        if (!path || !name) {
            query.result = SQLITE_NOMEM;
            break;
        }
        while (at < record->count && strcmp(record->assets[at].path, path) != 0)
            at++;
        int coding = coding_of(name);
        if (at < record->count && coding >= 0)
            record->assets[at].variants[coding] = variant;
    }
    return sqlite_end(&query, error);
}

/* The columns of sqlite_sql.c's HEAD_COLUMNS, and the description after them. */
enum column {
    ID,
    MODULE,
    VERSION,
    DIGEST,
    ARCHIVE_DIGEST,
    ARCHIVE_BYTES,
    BYTES,
    CREATED_MS,
    CREATED_BY,
    COMPRESSION,
    DESCRIPTION,
};

static enum berth_code read_files(struct sqlite_query *query, struct walk *walk,
                                  struct berth_error *error) {
    int64_t id = sqlite_int(query, ID);
    enum berth_code code = BERTH_OK;
    if (walk->depth >= ASSETS)
        code = read_assets(query->registry, id, &walk->record, error);
    if (!code && walk->depth >= VARIANTS)
        code = read_variants(query->registry, id, &walk->record, error);
    return code;
}

/* The row `query` stands on, handed to the walk's function. */
static enum berth_code read_version(struct sqlite_query *query, struct walk *walk,
                                    struct berth_error *error) {
    struct record *record = &walk->record;
    size_t module = 0;
    size_t name = 0;
    size_t by = 0;
    size_t description = 0;
    record->text_length = 0;
    record->count = 0;
    if (!add_text(record, sqlite_text(query, MODULE), &module) ||
        !add_text(record, sqlite_text(query, VERSION), &name) ||
        !add_text(record, sqlite_text(query, CREATED_BY), &by) ||
        (walk->depth > HEAD && !add_text(record, sqlite_text(query, DESCRIPTION), &description)))
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = read_files(query, walk, error);
    struct berth_version version = {
        .module = record->text + module,
        .version = record->text + name,
        .digest = sqlite_digest(query, DIGEST),
        .archive_digest = sqlite_digest(query, ARCHIVE_DIGEST),
        .archive_bytes = sqlite_int(query, ARCHIVE_BYTES),
        .bytes = sqlite_int(query, BYTES),
        .description = walk->depth > HEAD ? record->text + description : NULL,
        .created_ms = sqlite_int(query, CREATED_MS),
        .created_by = record->text + by,
        .compression = (enum berth_compression)sqlite_int(query, COMPRESSION),
        .assets = walk->depth > HEAD ? record->assets : NULL,
        .asset_count = record->count,
    };
    if (code || query->result != SQLITE_ROW)
        return code;
    walk->stopped = !walk->fn(&version, walk->context);
    return BERTH_OK;
}

/* Runs `query` to its end, or until the walk is stopped. */
static enum berth_code run_walk(struct sqlite_query *query, struct walk *walk,
                                struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    while (!code && !walk->stopped && sqlite_row(query))
        code = read_version(query, walk, error);
    enum berth_code end = sqlite_end(query, code ? NULL : error);
    record_done(&walk->record);
    return code ? code : end;
}

static enum berth_code walk_versions(struct berth_registry *base, enum sqlite_sql all,
                                     enum sqlite_sql of_module, const char *module,
                                     struct walk *walk, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, module ? of_module : all);
    if (module)
        sqlite_put_text(&query, module);
    enum berth_code code = run_walk(&query, walk, error);
    sqlite_unlock(registry);
    return code;
}

enum berth_code sqlite_heads_each(struct berth_registry *base, const char *module,
                                  berth_version_fn fn, void *context, struct berth_error *error) {
    struct walk walk = {.depth = HEAD, .fn = fn, .context = context};
    return walk_versions(base, SQL_HEADS_ALL, SQL_HEADS_OF_MODULE, module, &walk, error);
}

enum berth_code sqlite_versions_each(struct berth_registry *base, const char *module,
                                     berth_version_fn fn, void *context,
                                     struct berth_error *error) {
    struct walk walk = {.depth = ASSETS, .fn = fn, .context = context};
    return walk_versions(base, SQL_VERSIONS_ALL, SQL_VERSIONS_OF_MODULE, module, &walk, error);
}

enum berth_code sqlite_uncompressed_each(struct berth_registry *base, enum berth_compression below,
                                         berth_version_fn fn, void *context,
                                         struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct walk walk = {.depth = HEAD, .fn = fn, .context = context};
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_HEADS_UNCOMPRESSED);
    sqlite_put_int(&query, below);
    enum berth_code code = run_walk(&query, &walk, error);
    sqlite_unlock(registry);
    return code;
}

enum berth_code sqlite_version_get(struct berth_registry *base, const char *module,
                                   const char *version, berth_version_fn fn, void *context,
                                   struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct walk walk = {.depth = VARIANTS, .fn = fn, .context = context};
    struct sqlite_version found;
    sqlite_lock(registry);
    enum berth_code code = sqlite_version_named(registry, module, version, &found, error);
    if (!code) {
        struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_GET);
        sqlite_put_int(&query, found.id);
        code = run_walk(&query, &walk, error);
    }
    sqlite_unlock(registry);
    return code;
}

enum berth_code sqlite_version_with(struct berth_registry *base, const char *module,
                                    const char *path, char **ret, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    char *found = NULL;
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_VERSION_WITH);
    sqlite_put_text(&query, module);
    sqlite_put_text(&query, path);
    if (sqlite_row(&query))
        found = sqlite_copy_text(&query, 0);
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    if (code)
        free(found);
    else
        *ret = found;
    return code;
}
