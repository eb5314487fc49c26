/* What those need who look after the data directory: lists of what the rows name, checks, and a
 * copy of the database while it is in use. These run rarely, so their statements are prepared when
 * they do. */
#include "sqlite.h"

#include <string.h>

static enum berth_code begin(struct sqlite_registry *registry, const char *sql,
                             struct sqlite_query *ret, struct berth_error *error) {
    *ret = (struct sqlite_query){.registry = registry, .result = SQLITE_OK};
    return sqlite_fail(registry->db,
                       sqlite3_prepare_v2(registry->db, sql, -1, &ret->statement, NULL), error);
}

static enum berth_code end(struct sqlite_query *query, struct berth_error *error) {
    enum berth_code code = sqlite_end(query, error);
    sqlite3_finalize(query->statement);
    return code;
}

/* Where a walk in portions goes on: behind a version, or behind a blob. Others get the lock between
 * two portions. What they write meanwhile is told or not, as if it came before or after the walk.
 */
enum { PORTION_ROWS = 2000 };

struct place {
    int64_t version;
    struct berth_digest blob;
    bool is_at_blob; /* else before the first one */
    int rows;        /* in this portion */
    bool more;
};

static void put_blob(struct sqlite_query *query, const struct place *place) {
    if (place->is_at_blob)
        sqlite_put_digest(query, &place->blob);
    else if (query->result == SQLITE_OK) /* less than any other */
        query->result = sqlite3_bind_zeroblob(query->statement, ++query->parameter, 0);
}

static bool tell_asset(struct sqlite_query *query, berth_asset_fn fn, void *context) {
    struct berth_asset_row row = {.module = sqlite_text(query, 0),
                                  .version = sqlite_text(query, 1),
                                  .path = sqlite_text(query, 2),
                                  .digest = sqlite_digest(query, 3),
                                  .bytes = sqlite_int(query, 4)};
    return query->result == SQLITE_ROW && fn(&row, context);
}

/* The next portion ends with a whole version. */
static enum berth_code tell_assets(struct sqlite_registry *registry, struct place *place,
                                   berth_asset_fn fn, void *context, struct berth_error *error) {
    enum { VERSION = 5 };
    struct sqlite_query query;
    place->rows = 0;
    place->more = false;
    /* CROSS JOIN keeps the order of the tables: the assets lie by version already. */
    enum berth_code code =
        begin(registry,
              "SELECT modules.name, versions.version, path, assets.digest, assets.bytes, "
              "versions.id FROM versions CROSS JOIN assets ON assets.version = versions.id "
              "JOIN modules ON modules.id = versions.module WHERE versions.id > ? "
              "ORDER BY versions.id, path",
              &query, error);
    if (code)
        return code;
    sqlite_put_int(&query, place->version);
    while (sqlite_row(&query)) {
        int64_t version = sqlite_int(&query, VERSION);
        place->more = place->rows >= PORTION_ROWS && version != place->version;
        if (place->more || !tell_asset(&query, fn, context))
            break;
        place->version = version;
        place->rows++;
    }
    return end(&query, error);
}

enum berth_code sqlite_assets_each(struct berth_registry *base, berth_asset_fn fn, void *context,
                                   struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct place place = {.more = true};
    enum berth_code code = BERTH_OK;
    while (!code && place.more) {
        sqlite_lock(registry);
        code = tell_assets(registry, &place, fn, context, error);
        sqlite_unlock(registry);
        if (place.more)
            sqlite_give_turn();
    }
    return code;
}

static bool tell_variant(struct sqlite_query *query, berth_variant_fn fn, void *context) {
    struct berth_variant_row row = {.blob = sqlite_digest(query, 0),
                                    .coding = sqlite_text(query, 1),
                                    .digest = sqlite_digest(query, 2),
                                    .bytes = sqlite_int(query, 3)};
    return query->result == SQLITE_ROW && fn(&row, context);
}

/* The next portion ends with all variants of a blob. */
static enum berth_code tell_variants(struct sqlite_registry *registry, struct place *place,
                                     berth_variant_fn fn, void *context,
                                     struct berth_error *error) {
    struct sqlite_query query;
    place->rows = 0;
    place->more = false;
    enum berth_code code = begin(registry,
                                 "SELECT blob, coding, digest, bytes FROM variants "
                                 "WHERE bytes > 0 AND blob > ? ORDER BY blob",
                                 &query, error);
    if (code)
        return code;
    struct place from = *place; /* what is bound must stay as it is */
    put_blob(&query, &from);
    while (sqlite_row(&query)) {
        struct berth_digest blob = sqlite_digest(&query, 0);
        place->more = place->rows >= PORTION_ROWS && !berth_digest_equal(&blob, &place->blob);
        if (place->more || !tell_variant(&query, fn, context))
            break;
        place->blob = blob;
        place->is_at_blob = true;
        place->rows++;
    }
    return end(&query, error);
}

enum berth_code sqlite_variants_each(struct berth_registry *base, berth_variant_fn fn,
                                     void *context, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct place place = {.more = true};
    enum berth_code code = BERTH_OK;
    while (!code && place.more) {
        sqlite_lock(registry);
        code = tell_variants(registry, &place, fn, context, error);
        sqlite_unlock(registry);
        if (place.more)
            sqlite_give_turn();
    }
    return code;
}

/* The last blob of the next portion; none where `more` is false then. */
static enum berth_code find_portion(struct sqlite_registry *registry, const struct place *from,
                                    struct place *ret, struct berth_error *error) {
    struct sqlite_query query;
    enum berth_code code =
        begin(registry,
              "SELECT max(blob) FROM (SELECT blob FROM variants WHERE blob > ? ORDER BY blob "
              "LIMIT ?)",
              &query, error);
    if (code)
        return code;
    put_blob(&query, from);
    sqlite_put_int(&query, PORTION_ROWS);
    *ret = (struct place){.is_at_blob = true};
    ret->more = sqlite_row(&query) && sqlite3_column_type(query.statement, 0) != SQLITE_NULL;
    if (ret->more)
        ret->blob = sqlite_digest(&query, 0);
    return end(&query, error);
}

static enum berth_code prune_portion(struct sqlite_registry *registry, struct place *place,
                                     struct berth_error *error) {
    struct sqlite_query query;
    struct place to = {0};
    enum berth_code code = find_portion(registry, place, &to, error);
    if (!code && to.more)
        code = begin(registry,
                     "DELETE FROM variants WHERE blob > ? AND blob <= ? AND NOT EXISTS "
                     "(SELECT 1 FROM assets WHERE assets.digest = variants.blob)",
                     &query, error);
    if (!code && to.more) {
        put_blob(&query, place);
        put_blob(&query, &to);
        sqlite_row(&query);
        code = end(&query, error);
    }
    *place = to;
    return code;
}

enum berth_code sqlite_variants_prune(struct berth_registry *base, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct place place = {.more = true};
    enum berth_code code = BERTH_OK;
    while (!code && place.more) {
        code = sqlite_transaction(registry, error);
        if (!code)
            code = sqlite_finish(registry, prune_portion(registry, &place, error), error);
        if (!code && place.more)
            sqlite_give_turn();
    }
    return code;
}

static enum berth_code run_for(struct sqlite_registry *registry, const char *sql,
                               const struct berth_digest *digest, struct berth_error *error) {
    struct sqlite_query query;
    enum berth_code code = begin(registry, sql, &query, error);
    if (code)
        return code;
    sqlite_put_digest(&query, digest);
    sqlite_row(&query);
    return end(&query, error);
}

enum berth_code sqlite_variant_forget(struct berth_registry *base,
                                      const struct berth_digest *digest,
                                      struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = run_for(registry,
                   "UPDATE versions SET compression = 0 WHERE id IN (SELECT version FROM assets "
                   "WHERE digest IN (SELECT blob FROM variants WHERE digest = ?))",
                   digest, error);
    if (!code)
        code = run_for(registry, "DELETE FROM variants WHERE digest = ?", digest, error);
    return sqlite_finish(registry, code, error);
}

/* --- checks --- */

static enum berth_code check_pages(struct sqlite_registry *registry, berth_text_fn fn,
                                   void *context, struct berth_error *error) {
    struct sqlite_query query;
    enum berth_code code = begin(registry, "PRAGMA integrity_check(20)", &query, error);
    while (!code && sqlite_row(&query)) {
        const char *text = sqlite_text(&query, 0);
        if (!text || (strcmp(text, "ok") != 0 && !fn(text, context)))
            break;
    }
    return code ? code : end(&query, error);
}

static enum berth_code check_keys(struct sqlite_registry *registry, berth_text_fn fn, void *context,
                                  struct berth_error *error) {
    struct sqlite_query query;
    enum berth_code code = begin(registry,
                                 "SELECT 'table ' || \"table\" || ' names a row of ' || parent || "
                                 "' that is not there' FROM pragma_foreign_key_check LIMIT 20",
                                 &query, error);
    while (!code && sqlite_row(&query)) {
        const char *text = sqlite_text(&query, 0);
        if (!text || !fn(text, context))
            break;
    }
    return code ? code : end(&query, error);
}

enum berth_code sqlite_check(struct berth_registry *base, berth_text_fn fn, void *context,
                             struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    enum berth_code code = check_pages(registry, fn, context, error);
    if (!code)
        code = check_keys(registry, fn, context, error);
    sqlite_unlock(registry);
    return code;
}

/* --- a copy --- */

enum { PAGES_A_STEP = 256 };

/* Others get the lock between two steps. What they write by then, on this same connection, SQLite
 * puts into the copy as well, so it is consistent and as new as its end. */
static int copy_pages(struct sqlite_registry *registry, sqlite3 *copy) {
    sqlite_lock(registry);
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", registry->db, "main");
    int result = backup ? SQLITE_OK : sqlite3_extended_errcode(copy);
    while (result == SQLITE_OK) {
        result = sqlite3_backup_step(backup, PAGES_A_STEP);
        if (result != SQLITE_OK)
            break;
        sqlite_unlock(registry);
        sqlite_give_turn();
        sqlite_lock(registry);
    }
    if (backup) {
        int last = sqlite3_backup_finish(backup);
        result = result == SQLITE_DONE ? last : result;
    }
    sqlite_unlock(registry);
    return result;
}

static enum berth_code tell_blobs(sqlite3 *copy, berth_named_blob_fn fn, void *context,
                                  struct berth_error *error) {
    struct sqlite_registry reader = {.db = copy};
    struct sqlite_query query;
    enum berth_code code = begin(&reader,
                                 "SELECT digest, bytes FROM assets UNION SELECT digest, bytes "
                                 "FROM variants WHERE bytes > 0",
                                 &query, error);
    while (!code && sqlite_row(&query)) {
        struct berth_digest digest = sqlite_digest(&query, 0);
        if (query.result != SQLITE_ROW || !fn(&digest, sqlite_int(&query, 1), context))
            break;
    }
    return code ? code : end(&query, error);
}

enum berth_code sqlite_copy(struct berth_registry *base, const char *path, berth_named_blob_fn fn,
                            void *context, struct berth_error *error) {
    sqlite3 *copy = NULL;
    enum berth_code code = sqlite_copy_open(path, &copy, error);
    if (!code)
        code = sqlite_fail(copy, copy_pages(sqlite_of(base), copy), error);
    if (!code)
        code = sqlite_copy_settle(copy, error);
    if (!code)
        code = tell_blobs(copy, fn, context, error);
    sqlite3_close(copy);
    return code;
}
