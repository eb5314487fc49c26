/* The schema, as the steps that lead to it. A new file takes all of them and an older one those it
 * lacks, so both end with the same tables.
 */
#include "sqlite.h"
#include <stdio.h>

static const char FIRST[] =
    "CREATE TABLE modules ("
    "    id INTEGER PRIMARY KEY,"
    "    name TEXT NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE TABLE versions ("
    "    id INTEGER PRIMARY KEY," /* order of upload */
    "    module INTEGER NOT NULL REFERENCES modules (id),"
    "    version TEXT NOT NULL,"
    "    digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "    archive_digest BLOB NOT NULL CHECK (length(archive_digest) = 32),"
    "    archive_bytes INTEGER NOT NULL,"
    "    bytes INTEGER NOT NULL,"
    "    description TEXT NOT NULL,"
    "    created_ms INTEGER NOT NULL,"
    "    created_by TEXT NOT NULL,"
    "    UNIQUE (module, version)"
    ") STRICT;"
    "CREATE TABLE assets ("
    "    version INTEGER NOT NULL REFERENCES versions (id),"
    "    path TEXT NOT NULL,"
    "    digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "    bytes INTEGER NOT NULL,"
    "    PRIMARY KEY (version, path)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE pages ("
    "    id INTEGER PRIMARY KEY,"
    "    name TEXT NOT NULL UNIQUE,"
    "    path TEXT UNIQUE," /* NULL: the page is deleted */
    "    revision INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE changes ("
    "    generation INTEGER PRIMARY KEY," /* the newest is never removed, so it only grows */
    "    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),"
    "    module INTEGER REFERENCES modules (id),"
    "    version INTEGER REFERENCES versions (id),"
    "    previous INTEGER REFERENCES versions (id),"
    "    back INTEGER REFERENCES changes (generation)," /* where a rollback from here goes */
    "    page INTEGER REFERENCES pages (id),"
    "    at_ms INTEGER NOT NULL,"
    "    by TEXT NOT NULL,"
    "    reason TEXT,"
    "    CHECK ((kind <= 2) = (module IS NOT NULL) AND (kind <= 2) = (version IS NOT NULL)"
    "        AND (kind >= 3) = (page IS NOT NULL))"
    ") STRICT;"
    "CREATE INDEX changes_of_module ON changes (module, generation) WHERE module IS NOT NULL;"
    "CREATE INDEX changes_of_page ON changes (page, generation) WHERE page IS NOT NULL;"
    "CREATE TABLE live ("
    "    module INTEGER PRIMARY KEY REFERENCES modules (id),"
    "    generation INTEGER NOT NULL REFERENCES changes (generation)"
    ") STRICT;"
    "CREATE TABLE page_revisions ("
    "    generation INTEGER PRIMARY KEY REFERENCES changes (generation),"
    "    page INTEGER NOT NULL REFERENCES pages (id),"
    "    revision INTEGER NOT NULL,"
    "    path TEXT NOT NULL,"
    "    manifest TEXT," /* NULL: the page was deleted */
    "    UNIQUE (page, revision)"
    ") STRICT;"
    "CREATE TABLE tokens ("
    "    id TEXT PRIMARY KEY NOT NULL,"
    "    name TEXT NOT NULL,"
    "    secret BLOB NOT NULL UNIQUE CHECK (length(secret) = 32),"
    "    module TEXT NOT NULL,"
    "    scopes INTEGER NOT NULL,"
    "    created_ms INTEGER NOT NULL,"
    "    expires_ms INTEGER NOT NULL,"
    "    revoked_ms INTEGER NOT NULL,"
    "    used_ms INTEGER NOT NULL"
    ") STRICT;";

/* Descriptions are long and few readers want them: in a table of their own, so that a head is a
 * short row. `paths` has the newest version with each path of a module. `variants` is by blob:
 * versions that share a file share them. */
static const char SECOND[] =
    "CREATE TABLE descriptions ("
    "    version INTEGER PRIMARY KEY REFERENCES versions (id),"
    "    json TEXT NOT NULL"
    ") STRICT;"
    "INSERT INTO descriptions (version, json) SELECT id, description FROM versions ORDER BY id;"
    "ALTER TABLE versions DROP COLUMN description;"
    "ALTER TABLE versions ADD COLUMN compression INTEGER NOT NULL DEFAULT 0"
    "    CHECK (compression BETWEEN 0 AND 2);"
    "CREATE INDEX versions_of_module ON versions (module);"
    "CREATE TABLE paths ("
    "    module INTEGER NOT NULL REFERENCES modules (id),"
    "    path TEXT NOT NULL,"
    "    newest INTEGER NOT NULL REFERENCES versions (id),"
    "    PRIMARY KEY (module, path)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO paths (module, path, newest)"
    "    SELECT module, path, max(versions.id) FROM assets"
    "    JOIN versions ON versions.id = assets.version GROUP BY module, path;"
    "CREATE TABLE variants ("
    "    blob BLOB NOT NULL CHECK (length(blob) = 32),"
    "    coding TEXT NOT NULL," /* as in Content-Encoding */
    "    digest BLOB NOT NULL CHECK (length(digest) = 32),"
    "    bytes INTEGER NOT NULL," /* 0: there is none that is smaller */
    "    PRIMARY KEY (blob, coding)"
    ") STRICT, WITHOUT ROWID;";

/* A version that was deleted keeps its row, and so its name and its place in history. `paths` then
 * falls back to the newest version that is left. */
static const char THIRD[] =
    "ALTER TABLE versions ADD COLUMN deleted_ms INTEGER NOT NULL DEFAULT 0;" /* 0: it is there */
    "ALTER TABLE versions ADD COLUMN deleted_by TEXT;"
    "ALTER TABLE tokens ADD COLUMN replaced_by TEXT REFERENCES tokens (id);"
    "CREATE TABLE audit ("
    "    id INTEGER PRIMARY KEY,"
    "    at_ms INTEGER NOT NULL,"
    "    action TEXT NOT NULL,"
    "    module TEXT,"
    "    subject TEXT NOT NULL,"
    "    actor TEXT NOT NULL,"
    "    token TEXT,"
    "    remote TEXT,"
    "    reason TEXT,"
    "    details TEXT NOT NULL,"
    "    hash BLOB NOT NULL CHECK (length(hash) = 32)"
    ") STRICT;"
    "CREATE INDEX audit_of_module ON audit (module, id) WHERE module IS NOT NULL;"
    "CREATE INDEX audit_of_action ON audit (action, id);";

/* Which blobs are still named, found without a look at every asset. */
static const char FOURTH[] = "CREATE INDEX assets_of_blob ON assets (digest);";

/* A change of what import maps name elsewhere has neither a module nor a page, which the older
 * table did not take. A table's CHECK can only be changed by making it anew. */
static const char FIFTH[] =
    "CREATE TABLE changes_next ("
    "    generation INTEGER PRIMARY KEY,"
    "    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 5),"
    "    module INTEGER REFERENCES modules (id),"
    "    version INTEGER REFERENCES versions (id),"
    "    previous INTEGER REFERENCES versions (id),"
    "    back INTEGER REFERENCES changes (generation),"
    "    page INTEGER REFERENCES pages (id),"
    "    at_ms INTEGER NOT NULL,"
    "    by TEXT NOT NULL,"
    "    reason TEXT,"
    "    CHECK ((kind <= 2) = (module IS NOT NULL) AND (kind <= 2) = (version IS NOT NULL)"
    "        AND (kind IN (3, 4)) = (page IS NOT NULL))"
    ") STRICT;"
    "INSERT INTO changes_next (generation, kind, module, version, previous, back, page, at_ms, by,"
    "    reason) SELECT generation, kind, module, version, previous, back, page, at_ms, by, reason"
    "    FROM changes ORDER BY generation;"
    "DROP TABLE changes;"
    "ALTER TABLE changes_next RENAME TO changes;"
    "CREATE INDEX changes_of_module ON changes (module, generation) WHERE module IS NOT NULL;"
    "CREATE INDEX changes_of_page ON changes (page, generation) WHERE page IS NOT NULL;"
    "CREATE TABLE externals ("
    "    kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3)," /* enum berth_external_kind */
    "    key TEXT NOT NULL,"
    "    value TEXT NOT NULL,"
    "    generation INTEGER NOT NULL REFERENCES changes (generation)," /* that set it */
    "    PRIMARY KEY (kind, key)"
    ") STRICT, WITHOUT ROWID;";

static const char *const STEPS[SQLITE_SCHEMA_VERSION] = {FIRST, SECOND, THIRD, FOURTH, FIFTH};

static int run(sqlite3 *db, const char *sql) {
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* While a table is made anew, others refer to one that is not there; this only counts between
 * transactions. */
static int take_steps(sqlite3 *db, int64_t from) {
    char version[48];
    (void)snprintf(version, sizeof version, "PRAGMA user_version = %d;", SQLITE_SCHEMA_VERSION);
    int result = run(db, "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;");
    for (int64_t step = from; result == SQLITE_OK && step < SQLITE_SCHEMA_VERSION; step++)
        result = run(db, STEPS[step]);
    if (result == SQLITE_OK)
        result = run(db, version);
    return result == SQLITE_OK ? run(db, "COMMIT;") : result;
}

enum berth_code sqlite_schema_bring(sqlite3 *db, int64_t from, struct berth_error *error) {
    if (from == SQLITE_SCHEMA_VERSION)
        return BERTH_OK;
    int result = take_steps(db, from);
    enum berth_code code = BERTH_OK;
    if (result == SQLITE_ERROR) /* a table or a column of that schema is not there */
        code = berth_fail(error, BERTH_IO, "database-damaged", "the database is damaged: %s",
                          sqlite3_errmsg(db));
    else
        code = sqlite_fail(db, result, error);
    if (code && !sqlite3_get_autocommit(db))
        (void)run(db, "ROLLBACK;");
    (void)run(db, "PRAGMA foreign_keys = ON;");
    return code;
}
