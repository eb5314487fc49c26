#include "sqlite.h"
#include <errno.h>
#include <string.h>

static enum berth_code fail_io(sqlite3 *db, struct berth_error *error) {
    int number = sqlite3_system_errno(db);
    if (number == ENOSPC || number == EDQUOT)
        return berth_fail(error, BERTH_NO_SPACE, "disk-full", "the disk is full");
    return berth_fail(error, BERTH_IO, "database-io", "the database failed: %s",
                      sqlite3_errmsg(db));
}

enum berth_code sqlite_fail(sqlite3 *db, int result, struct berth_error *error) {
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return BERTH_OK;
    case SQLITE_FULL:
        return berth_fail(error, BERTH_NO_SPACE, "disk-full", "the disk is full");
    case SQLITE_NOMEM:
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    case SQLITE_TOOBIG:
        return berth_fail(error, BERTH_TOO_LARGE, "database-value", "a value is too large");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return berth_fail(error, BERTH_BUSY, "database-busy", "another process holds the database");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        berth_fail(error, BERTH_IO, "database-damaged", "the database is damaged: %s",
                   sqlite3_errmsg(db));
        berth_error_hint(error, "restore it from a backup; it was left as it is");
        return BERTH_IO;
    default:
        return fail_io(db, error);
    }
}

struct sqlite_query sqlite_begin(struct sqlite_registry *registry, enum sqlite_sql sql) {
    return (struct sqlite_query){
        .registry = registry,
        .statement = registry->statements[sql],
        .result = SQLITE_OK,
    };
}

static void keep_first(struct sqlite_query *query, int result) {
    if (query->result == SQLITE_OK)
        query->result = result;
}

void sqlite_put_int(struct sqlite_query *query, int64_t value) {
    keep_first(query, sqlite3_bind_int64(query->statement, ++query->parameter, value));
}

void sqlite_put_id(struct sqlite_query *query, int64_t id) {
    if (id != 0)
        sqlite_put_int(query, id);
    else
        keep_first(query, sqlite3_bind_null(query->statement, ++query->parameter));
}

void sqlite_put_text(struct sqlite_query *query, const char *value) {
    /* Lent, not copied: end clears the bindings before the caller's text can go. */
    keep_first(query,
               sqlite3_bind_text(query->statement, ++query->parameter, value, -1, SQLITE_STATIC));
}

void sqlite_put_digest(struct sqlite_query *query, const struct berth_digest *digest) {
    keep_first(query, sqlite3_bind_blob(query->statement, ++query->parameter, digest->bytes,
                                        (int)sizeof digest->bytes, SQLITE_STATIC));
}

bool sqlite_row(struct sqlite_query *query) {
    if (query->result != SQLITE_OK && query->result != SQLITE_ROW)
        return false;
    query->result = sqlite3_step(query->statement);
    return query->result == SQLITE_ROW;
}

int64_t sqlite_int(struct sqlite_query *query, int column) {
    return sqlite3_column_int64(query->statement, column);
}

const char *sqlite_text(struct sqlite_query *query, int column) {
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    /* NULL is also what SQLite gives when it has no memory for the terminator. */
    if (!text && sqlite3_column_type(query->statement, column) != SQLITE_NULL)
        query->result = SQLITE_NOMEM;
    return (const char *)text;
}

char *sqlite_copy_text(struct sqlite_query *query, int column) {
    const char *text = sqlite_text(query, column);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        query->result = SQLITE_NOMEM;
    return copy;
}

struct berth_digest sqlite_digest(struct sqlite_query *query, int column) {
    struct berth_digest digest = {{0}};
    const void *bytes = sqlite3_column_blob(query->statement, column);
    if (bytes && sqlite3_column_bytes(query->statement, column) == (int)sizeof digest.bytes)
        memcpy(digest.bytes, bytes, sizeof digest.bytes);
    else
        query->result = SQLITE_CORRUPT;
    return digest;
}

enum berth_code sqlite_end(struct sqlite_query *query, struct berth_error *error) {
    /* Before the reset, which would replace the connection's message. */
    enum berth_code code = sqlite_fail(query->registry->db, query->result, error);
    sqlite3_reset(query->statement);
    sqlite3_clear_bindings(query->statement);
    return code;
}

enum berth_code sqlite_run(struct sqlite_query *query, struct berth_error *error) {
    sqlite_row(query);
    return sqlite_end(query, error);
}

enum berth_code sqlite_run_insert(struct sqlite_query *query, int64_t *ret_id,
                                  struct berth_error *error) {
    enum berth_code code = sqlite_run(query, error);
    if (!code)
        *ret_id = sqlite3_last_insert_rowid(query->registry->db);
    return code;
}

static enum berth_code run_plain(struct sqlite_registry *registry, enum sqlite_sql sql,
                                 struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, sql);
    return sqlite_run(&query, error);
}

enum berth_code sqlite_transaction(struct sqlite_registry *registry, struct berth_error *error) {
    sqlite_lock(registry);
    enum berth_code code = run_plain(registry, SQL_BEGIN, error);
    if (code)
        sqlite_unlock(registry);
    return code;
}

/* A commit whose fsync failed may stand in the WAL whole, where the next server would take it for a
 * change after all. So the WAL is merged, without it, and cut. If that fails too, the next commit
 * still overwrites it; only a kill before that brings it back. */
static void forget_refused(struct sqlite_registry *registry) {
    (void)sqlite3_wal_checkpoint_v2(registry->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* A commit whose fsync failed is rolled back like any other. The rule "never fsync again" is kept
 * by SQLite's WAL itself: the next commit writes its frames, and a failed checkpoint all its pages,
 * anew before they are synced. */
enum berth_code sqlite_finish(struct sqlite_registry *registry, enum berth_code code,
                              struct berth_error *error) {
    bool commits = !code;
    if (commits)
        code = run_plain(registry, SQL_COMMIT, error);
    /* Some failures (a full disk, an I/O error) have already rolled back by themselves. */
    if (code && !sqlite3_get_autocommit(registry->db))
        run_plain(registry, SQL_ROLLBACK, NULL);
    if (commits && code == BERTH_IO)
        forget_refused(registry);
    sqlite_unlock(registry);
    return code;
}
