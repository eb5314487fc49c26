/* What those need who look after the data directory: lists of what the rows name, checks, and a
 * copy of the database while it is in use. These run rarely, so their statements are prepared when
 * they do. */
#include "sqlite.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static bool tell_asset(struct sqlite_query *query, berth_asset_fn fn, void *context) {
    struct berth_asset_row row = {.module = sqlite_text(query, 0),
                                  .version = sqlite_text(query, 1),
                                  .path = sqlite_text(query, 2),
                                  .digest = sqlite_digest(query, 3),
                                  .bytes = sqlite_int(query, 4)};
    return query->result == SQLITE_ROW && fn(&row, context);
}

enum berth_code sqlite_assets_each(struct berth_registry *base, berth_asset_fn fn, void *context,
                                   struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct sqlite_query query;
    sqlite_lock(registry);
    /* CROSS JOIN keeps the order of the tables: the assets lie by version already. */
    enum berth_code code =
        begin(registry,
              "SELECT modules.name, versions.version, path, assets.digest, assets.bytes FROM "
              "versions CROSS JOIN assets ON assets.version = versions.id "
              "JOIN modules ON modules.id = versions.module ORDER BY versions.id, path",
              &query, error);
    while (!code && sqlite_row(&query) && tell_asset(&query, fn, context))
        continue;
    if (!code)
        code = end(&query, error);
    sqlite_unlock(registry);
    return code;
}

static bool tell_variant(struct sqlite_query *query, berth_variant_fn fn, void *context) {
    struct berth_variant_row row = {.blob = sqlite_digest(query, 0),
                                    .coding = sqlite_text(query, 1),
                                    .digest = sqlite_digest(query, 2),
                                    .bytes = sqlite_int(query, 3)};
    return query->result == SQLITE_ROW && fn(&row, context);
}

enum berth_code sqlite_variants_each(struct berth_registry *base, berth_variant_fn fn,
                                     void *context, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct sqlite_query query;
    sqlite_lock(registry);
    enum berth_code code =
        begin(registry, "SELECT blob, coding, digest, bytes FROM variants WHERE bytes > 0", &query,
              error);
    while (!code && sqlite_row(&query) && tell_variant(&query, fn, context))
        continue;
    if (!code)
        code = end(&query, error);
    sqlite_unlock(registry);
    return code;
}

enum berth_code sqlite_variants_prune(struct berth_registry *base, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct sqlite_query query;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = begin(registry, "DELETE FROM variants WHERE blob NOT IN (SELECT digest FROM assets)",
                 &query, error);
    if (!code) {
        sqlite_row(&query);
        code = end(&query, error);
    }
    return sqlite_finish(registry, code, error);
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

static enum berth_code open_copy(const char *path, sqlite3 **ret, struct berth_error *error) {
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return berth_fail_errno(error, "database-io", "cannot make the copy of the database");
    close(fd);
    int result = sqlite3_open_v2(
        path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!*ret)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    /* Nobody needs the copy after a crash. */
    if (result == SQLITE_OK)
        result = sqlite3_exec(*ret,
                              "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; "
                              "PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;",
                              NULL, NULL, NULL);
    return sqlite_fail(*ret, result, error);
}

/* Others get the lock between two steps. What they write by then, on this same connection, SQLite
 * puts into the copy as well, so it is consistent and as new as its end. */
static int copy_pages(struct sqlite_registry *registry, sqlite3 *copy) {
    const struct timespec turn = {.tv_nsec = 500 * 1000L};
    sqlite_lock(registry);
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", registry->db, "main");
    int result = backup ? SQLITE_OK : sqlite3_extended_errcode(copy);
    while (result == SQLITE_OK) {
        result = sqlite3_backup_step(backup, PAGES_A_STEP);
        if (result != SQLITE_OK)
            break;
        sqlite_unlock(registry);
        (void)nanosleep(&turn, NULL); /* a mutex alone would mostly come back to us */
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
    enum berth_code code = open_copy(path, &copy, error);
    if (!code)
        code = sqlite_fail(copy, copy_pages(sqlite_of(base), copy), error);
    /* It came with the mark of a write-ahead log; without it the one file is all there is. */
    if (!code)
        code = sqlite_fail(
            copy, sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL), error);
    if (!code)
        code = tell_blobs(copy, fn, context, error);
    sqlite3_close(copy);
    return code;
}
