#include "sqlite.h"

#define HEAD_COLUMNS                                                                               \
    "SELECT versions.id, modules.name, versions.version, digest, archive_digest, archive_bytes, "  \
    "bytes, created_ms, created_by, compression"

#define HEADS HEAD_COLUMNS " FROM modules JOIN versions ON versions.module = modules.id "
#define VERSIONS                                                                                   \
    HEAD_COLUMNS ", json FROM modules JOIN versions ON versions.module = modules.id "              \
                 "JOIN descriptions ON descriptions.version = versions.id "

#define CHANGE_COLUMNS                                                                             \
    "SELECT changes.generation, changes.kind, modules.name, now.version, before.version, "         \
    "pages.name, changes.at_ms, changes.by, changes.reason FROM changes "                          \
    "LEFT JOIN modules ON modules.id = changes.module "                                            \
    "LEFT JOIN versions AS now ON now.id = changes.version "                                       \
    "LEFT JOIN versions AS before ON before.id = changes.previous "                                \
    "LEFT JOIN pages ON pages.id = changes.page "

#define PAGE_COLUMNS                                                                               \
    "SELECT pages.name, page_revisions.path, page_revisions.manifest, page_revisions.revision, "   \
    "page_revisions.generation, changes.at_ms, changes.by FROM pages "                             \
    "JOIN page_revisions ON page_revisions.page = pages.id "                                       \
    "JOIN changes ON changes.generation = page_revisions.generation "

#define TOKEN_COLUMNS                                                                              \
    "SELECT id, name, secret, module, scopes, created_ms, expires_ms, revoked_ms, used_ms, "       \
    "replaced_by FROM tokens "

/* Of one module, the index has the rows in their order. Those of a scope have to be sorted, which
 * SQLite would rather not do, but go through all rows there are: a token for one scope must not
 * make us do that. */
#define AUDIT_COLUMNS                                                                              \
    "SELECT id, at_ms, action, module, subject, actor, token, remote, reason, details, hash "      \
    "FROM audit "
#define AUDIT_ALL       AUDIT_COLUMNS "WHERE (?1 = 0 OR module IS NOT NULL) AND "
#define AUDIT_OF_ACTION AUDIT_COLUMNS "WHERE (?1 = 0 OR module IS NOT NULL) AND action = ? AND "
#define AUDIT_OF_MODULE AUDIT_COLUMNS "WHERE module = ?1 AND (?2 IS NULL OR action = ?2) AND "
#define AUDIT_OF_SCOPE                                                                             \
    AUDIT_COLUMNS "INDEXED BY audit_of_module WHERE module >= ?1 AND module < ?2 "                 \
                  "AND (?3 IS NULL OR action = ?3) AND "
#define AUDIT_BEFORE "id < ? ORDER BY id DESC LIMIT ?"
#define AUDIT_AFTER  "id > ? ORDER BY id LIMIT ?"

const char *const sqlite_sql_text[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_GENERATION] = "SELECT max(generation) FROM changes",

    [SQL_MODULE_ADD] = "INSERT INTO modules (name) VALUES (?) ON CONFLICT DO NOTHING",
    [SQL_MODULE_FIND] = "SELECT id FROM modules WHERE name = ?",
    [SQL_VERSION_FIND] = "SELECT id, digest, bytes, deleted_ms FROM versions "
                         "WHERE module = ? AND version = ?",
    [SQL_VERSION_ADD] =
        "INSERT INTO versions (module, version, digest, archive_digest, archive_bytes, bytes, "
        "created_ms, created_by, compression) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_DESCRIPTION_ADD] = "INSERT INTO descriptions (version, json) VALUES (?, ?)",
    [SQL_ASSET_ADD] = "INSERT INTO assets (version, path, digest, bytes) VALUES (?, ?, ?, ?)",
    [SQL_PATH_NEWEST] = "INSERT INTO paths (module, path, newest) VALUES (?, ?, ?) "
                        "ON CONFLICT (module, path) DO UPDATE SET newest = excluded.newest",
    [SQL_VERSIONS_ALL] = VERSIONS "WHERE deleted_ms = 0 ORDER BY modules.name, versions.id",
    [SQL_VERSIONS_OF_MODULE] =
        VERSIONS "WHERE modules.name = ? AND deleted_ms = 0 ORDER BY versions.id",
    [SQL_VERSION_GET] = VERSIONS "WHERE versions.id = ?",
    [SQL_HEADS_ALL] = HEADS "WHERE deleted_ms = 0 ORDER BY modules.name, versions.id",
    [SQL_HEADS_OF_MODULE] = HEADS "WHERE modules.name = ? AND deleted_ms = 0 ORDER BY versions.id",
    [SQL_HEADS_UNCOMPRESSED] =
        HEADS "WHERE compression < ? AND deleted_ms = 0 ORDER BY versions.id",
    [SQL_VERSION_WITH] = "SELECT versions.version FROM modules "
                         "JOIN paths ON paths.module = modules.id "
                         "JOIN versions ON versions.id = paths.newest "
                         "WHERE modules.name = ? AND paths.path = ?",
    [SQL_VERSION_DELETE] = "UPDATE versions SET deleted_ms = ?, deleted_by = ? WHERE id = ?",
    [SQL_DESCRIPTION_DELETE] = "DELETE FROM descriptions WHERE version = ?",
    [SQL_ASSETS_DELETE] = "DELETE FROM assets WHERE version = ?",
    /* Only older ones can have it. A path that none of them has gives NULL, which the column does
     * not take: it is left for the next statement. */
    [SQL_PATHS_FALL_BACK] = "UPDATE OR IGNORE paths SET newest = (SELECT versions.id FROM versions "
                            "WHERE versions.module = paths.module AND versions.id < paths.newest "
                            "AND EXISTS (SELECT 1 FROM assets "
                            "WHERE assets.version = versions.id AND assets.path = paths.path) "
                            "ORDER BY versions.id DESC LIMIT 1) WHERE module = ? AND newest = ?",
    [SQL_PATHS_DELETE] = "DELETE FROM paths WHERE module = ? AND newest = ?",
    [SQL_VERSION_COMPRESSION] = "UPDATE versions SET compression = ? WHERE id = ?",
    [SQL_ASSETS_OF_VERSION] =
        "SELECT path, digest, bytes FROM assets WHERE version = ? ORDER BY path",
    [SQL_VARIANTS_OF_VERSION] =
        "SELECT path, coding, variants.digest, variants.bytes FROM assets "
        "JOIN variants ON variants.blob = assets.digest WHERE version = ? ORDER BY path",
    [SQL_VARIANT_PUT] = "INSERT INTO variants (blob, coding, digest, bytes) VALUES (?, ?, ?, ?) "
                        "ON CONFLICT (blob, coding) DO UPDATE "
                        "SET digest = excluded.digest, bytes = excluded.bytes",

    [SQL_LIVE_FIND] = "SELECT modules.id, live.generation, changes.version, changes.back, "
                      "versions.version FROM modules "
                      "LEFT JOIN live ON live.module = modules.id "
                      "LEFT JOIN changes ON changes.generation = live.generation "
                      "LEFT JOIN versions ON versions.id = changes.version WHERE modules.name = ?",
    [SQL_LIVE_SET] = "INSERT INTO live (module, generation) VALUES (?, ?) "
                     "ON CONFLICT (module) DO UPDATE SET generation = excluded.generation",
    [SQL_LIVE_ALL] = CHANGE_COLUMNS
    "WHERE changes.generation IN (SELECT generation FROM live) ORDER BY modules.name",
    [SQL_CHANGE_FIND] = "SELECT changes.version, changes.back, versions.version, "
                        "versions.deleted_ms FROM changes "
                        "JOIN versions ON versions.id = changes.version "
                        "WHERE changes.generation = ?",
    [SQL_CHANGE_LATEST_OF_VERSION] = "SELECT back FROM changes WHERE module = ? AND version = ? "
                                     "ORDER BY generation DESC LIMIT 1",
    [SQL_CHANGE_ADD] =
        "INSERT INTO changes (kind, module, version, previous, back, page, at_ms, by, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_CHANGES_ALL] =
        CHANGE_COLUMNS "WHERE changes.generation < ? ORDER BY changes.generation DESC LIMIT ?",
    [SQL_CHANGES_OF_MODULE] =
        CHANGE_COLUMNS "WHERE changes.module = (SELECT id FROM modules WHERE name = ?) "
                       "AND changes.generation < ? ORDER BY changes.generation DESC LIMIT ?",
    [SQL_CHANGES_OF_PAGE] =
        CHANGE_COLUMNS "WHERE changes.page = (SELECT id FROM pages WHERE name = ?) "
                       "AND changes.generation < ? ORDER BY changes.generation DESC LIMIT ?",

    [SQL_PAGE_FIND] = "SELECT pages.id, pages.revision, pages.path, page_revisions.path, "
                      "page_revisions.manifest, page_revisions.generation FROM pages "
                      "JOIN page_revisions ON page_revisions.page = pages.id "
                      "AND page_revisions.revision = pages.revision WHERE pages.name = ?",
    [SQL_PAGE_AT_PATH] = "SELECT name FROM pages WHERE path = ?",
    [SQL_PAGE_ADD] = "INSERT INTO pages (name, path, revision) VALUES (?, ?, 1)",
    [SQL_PAGE_SET] = "UPDATE pages SET path = ?, revision = ? WHERE id = ?",
    [SQL_PAGE_REVISION_ADD] =
        "INSERT INTO page_revisions (generation, page, revision, path, manifest) "
        "VALUES (?1, ?2, ?3, coalesce(?4, (SELECT path FROM page_revisions "
        "WHERE page = ?2 AND revision = ?3 - 1)), ?5)",
    [SQL_PAGES_ALL] = PAGE_COLUMNS "WHERE page_revisions.revision = pages.revision "
                                   "AND pages.path IS NOT NULL ORDER BY pages.name",
    [SQL_PAGE_REVISIONS] =
        PAGE_COLUMNS "WHERE pages.name = ? ORDER BY page_revisions.revision DESC",

    [SQL_EXTERNAL_FIND] = "SELECT value FROM externals WHERE kind = ? AND key = ?",
    [SQL_EXTERNAL_SET] = "INSERT INTO externals (kind, key, value, generation) VALUES (?, ?, ?, ?) "
                         "ON CONFLICT (kind, key) DO UPDATE "
                         "SET value = excluded.value, generation = excluded.generation",
    [SQL_EXTERNAL_DELETE] = "DELETE FROM externals WHERE kind = ? AND key = ?",
    [SQL_EXTERNALS_ALL] = "SELECT kind, key, value FROM externals ORDER BY kind, key",

    [SQL_TOKEN_ADD] =
        "INSERT INTO tokens (id, name, secret, module, scopes, created_ms, expires_ms, revoked_ms, "
        "used_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_TOKEN_FIND] = TOKEN_COLUMNS "WHERE secret = ?",
    [SQL_TOKEN_USED] = "UPDATE tokens SET used_ms = ? WHERE id = ?",
    [SQL_TOKEN_REVOKE] = "UPDATE tokens SET revoked_ms = ? WHERE id = ?",
    [SQL_TOKEN_BY_ID] = TOKEN_COLUMNS "WHERE id = ?",
    [SQL_TOKEN_REPLACE] = "UPDATE tokens SET expires_ms = ?, replaced_by = ? WHERE id = ?",
    [SQL_TOKENS_ALL] = TOKEN_COLUMNS "ORDER BY created_ms, id",

    [SQL_AUDIT_LAST] = "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",
    [SQL_AUDIT_ADD] = "INSERT INTO audit (id, at_ms, action, module, subject, actor, token, "
                      "remote, reason, details, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SQL_AUDIT_BEFORE] = AUDIT_ALL AUDIT_BEFORE,
    [SQL_AUDIT_BEFORE_OF_ACTION] = AUDIT_OF_ACTION AUDIT_BEFORE,
    [SQL_AUDIT_BEFORE_OF_MODULE] = AUDIT_OF_MODULE AUDIT_BEFORE,
    [SQL_AUDIT_BEFORE_OF_SCOPE] = AUDIT_OF_SCOPE AUDIT_BEFORE,
    [SQL_AUDIT_AFTER] = AUDIT_ALL AUDIT_AFTER,
    [SQL_AUDIT_AFTER_OF_ACTION] = AUDIT_OF_ACTION AUDIT_AFTER,
    [SQL_AUDIT_AFTER_OF_MODULE] = AUDIT_OF_MODULE AUDIT_AFTER,
    [SQL_AUDIT_AFTER_OF_SCOPE] = AUDIT_OF_SCOPE AUDIT_AFTER,
};
