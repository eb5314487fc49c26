/* The SQLite backend's inside: one connection under one lock, statements prepared at open, and a
 * query as a value. Only this room's sqlite*.c files include it.
 *
 * The lock is held for one transaction and never while anything else of ours is waited for. One
 * connection also keeps clear of SQLite 3.40's damage by two checkpoints at once; locking_mode is
 * EXCLUSIVE, so that no other process can open a second one.
 */
#ifndef BERTH_REGISTRY_SQLITE_H
#define BERTH_REGISTRY_SQLITE_H

#include "berth/json.h"
#include "berth/registry.h"
#include <pthread.h>
#include <sqlite3.h>

enum sqlite_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_GENERATION,
    SQL_MODULE_ADD,
    SQL_MODULE_FIND,
    SQL_VERSION_FIND,
    SQL_VERSION_ADD,
    SQL_DESCRIPTION_ADD,
    SQL_ASSET_ADD,
    SQL_PATH_NEWEST,
    SQL_VERSIONS_ALL,
    SQL_VERSIONS_OF_MODULE,
    SQL_VERSION_GET,
    SQL_HEADS_ALL,
    SQL_HEADS_OF_MODULE,
    SQL_HEADS_UNCOMPRESSED,
    SQL_VERSION_WITH,
    SQL_VERSION_DELETE,
    SQL_DESCRIPTION_DELETE,
    SQL_ASSETS_DELETE,
    SQL_PATHS_FALL_BACK,
    SQL_PATHS_DELETE,
    SQL_VERSION_COMPRESSION,
    SQL_ASSETS_OF_VERSION,
    SQL_VARIANTS_OF_VERSION,
    SQL_VARIANT_PUT,
    SQL_LIVE_FIND,
    SQL_LIVE_SET,
    SQL_LIVE_ALL,
    SQL_CHANGE_FIND,
    SQL_CHANGE_LATEST_OF_VERSION,
    SQL_CHANGE_ADD,
    SQL_CHANGES_ALL,
    SQL_CHANGES_OF_MODULE,
    SQL_CHANGES_OF_PAGE,
    SQL_PAGE_FIND,
    SQL_PAGE_AT_PATH,
    SQL_PAGE_ADD,
    SQL_PAGE_SET,
    SQL_PAGE_REVISION_ADD,
    SQL_PAGES_ALL,
    SQL_PAGE_REVISIONS,
    SQL_EXTERNAL_FIND,
    SQL_EXTERNAL_SET,
    SQL_EXTERNAL_DELETE,
    SQL_EXTERNALS_ALL,
    SQL_TOKEN_ADD,
    SQL_TOKEN_FIND,
    SQL_TOKEN_USED,
    SQL_TOKEN_REVOKE,
    SQL_TOKEN_BY_ID,
    SQL_TOKEN_REPLACE,
    SQL_TOKENS_ALL,
    SQL_AUDIT_LAST,
    SQL_AUDIT_ADD,
    SQL_AUDIT_BEFORE,
    SQL_AUDIT_BEFORE_OF_ACTION,
    SQL_AUDIT_BEFORE_OF_MODULE,
    SQL_AUDIT_BEFORE_OF_SCOPE,
    SQL_AUDIT_AFTER,
    SQL_AUDIT_AFTER_OF_ACTION,
    SQL_AUDIT_AFTER_OF_MODULE,
    SQL_AUDIT_AFTER_OF_SCOPE,
    SQL_COUNT
};

extern const char *const sqlite_sql_text[SQL_COUNT];

struct sqlite_registry {
    struct berth_registry base; /* first: the contract's view of this object */
    pthread_mutex_t lock;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];

    /* sqlite_secrets.c; the lock is taken before the other one */
    pthread_mutex_t secrets_lock;
    struct sqlite_secret *secrets; /* sorted by digest */
    size_t secret_count;
    bool secrets_known;
};

struct sqlite_registry *sqlite_of(struct berth_registry *registry);

/* Aborts when this thread holds the lock already: a callback has called the registry. */
void sqlite_lock(struct sqlite_registry *registry);
void sqlite_unlock(struct sqlite_registry *registry);
/* Without the lock, between two portions of long work: a mutex alone would mostly come back to
 * whoever gave it away. */
void sqlite_give_turn(void);

/* "database-missing" where something is left of a database that was in this directory
 * (sqlite_missing.c). */
enum berth_code sqlite_file_may_create(const char *directory, struct berth_error *error);

/* Opens DIRECTORY/db, made where there never was one and checked if it is there (sqlite_file.c). */
enum berth_code sqlite_file_open(const char *directory, sqlite3 **ret, struct berth_error *error);

/* The same of a file that is there, to be read; nothing of it changes. *ret_schema: its own. */
enum berth_code sqlite_file_look(const char *directory, sqlite3 **ret, int64_t *ret_schema,
                                 struct berth_error *error);

/* Syncs what lies under the new path and gives it its name, with flags of renameat2. */
enum berth_code sqlite_file_publish(const char *directory, const char *new_path, const char *path,
                                    unsigned flags, struct berth_error *error);
/* What was not published, and all that SQLite may have put beside it. */
void sqlite_file_remove(const char *new_path);

/* Brings the database at `path` from that schema to ours, when a copy of it is kept as
 * PATH.schema-N: "database-copy" when there can be none (sqlite_upgrade.c). */
enum berth_code sqlite_upgrade(sqlite3 *db, const char *directory, const char *path, int64_t schema,
                               struct berth_error *error);

/* A new file that takes the pages of another database (sqlite_copy.c); nothing of it is synced.
 * *ret is to be closed, whatever comes of it. Settled, the one file is all there is. */
enum berth_code sqlite_copy_open(const char *path, sqlite3 **ret, struct berth_error *error);
enum berth_code sqlite_copy_pages(sqlite3 *db, sqlite3 *copy, struct berth_error *error);
enum berth_code sqlite_copy_settle(sqlite3 *copy, struct berth_error *error);

/* Takes an empty file (`from` 0) or one of an older schema to ours, in one transaction: a failure
 * or a kill leaves it as it was (sqlite_schema.c). */
enum { SQLITE_SCHEMA_VERSION = 5 };
enum berth_code sqlite_schema_bring(sqlite3 *db, int64_t from, struct berth_error *error);

/* What a result code of `db` means to everyone else. BERTH_OK for OK, ROW and DONE. */
enum berth_code sqlite_fail(sqlite3 *db, int result, struct berth_error *error);

/* One run of a prepared statement. begin, values in the order of their parameters, rows, end; the
 * first failure sticks, and end tells it. Column reads are valid until the next row. */
struct sqlite_query {
    struct sqlite_registry *registry;
    sqlite3_stmt *statement;
    int result;
    int parameter;
};

struct sqlite_query sqlite_begin(struct sqlite_registry *registry, enum sqlite_sql sql);
void sqlite_put_int(struct sqlite_query *query, int64_t value);
void sqlite_put_id(struct sqlite_query *query, int64_t id);          /* 0 becomes NULL */
void sqlite_put_text(struct sqlite_query *query, const char *value); /* borrowed until end */
void sqlite_put_digest(struct sqlite_query *query, const struct berth_digest *digest);
bool sqlite_row(struct sqlite_query *query);
int64_t sqlite_int(struct sqlite_query *query, int column); /* NULL reads as 0 */
const char *sqlite_text(struct sqlite_query *query, int column);
struct berth_digest sqlite_digest(struct sqlite_query *query, int column);
enum berth_code sqlite_end(struct sqlite_query *query, struct berth_error *error);

/* One step and end: for a statement without rows. The second form gives the new row's id. */
enum berth_code sqlite_run(struct sqlite_query *query, struct berth_error *error);
enum berth_code sqlite_run_insert(struct sqlite_query *query, int64_t *ret_id,
                                  struct berth_error *error);

/* A transaction, with the lock held from begin to end. finish commits when `code` is BERTH_OK and
 * rolls back otherwise, and returns what came of it. */
enum berth_code sqlite_transaction(struct sqlite_registry *registry, struct berth_error *error);
enum berth_code sqlite_finish(struct sqlite_registry *registry, enum berth_code code,
                              struct berth_error *error);

/* One row of history; `ret` gets its generation. Ids of 0 are NULL. */
struct sqlite_change {
    enum berth_change_kind kind;
    int64_t module;
    int64_t version;
    int64_t previous;
    int64_t back; /* generation a rollback from here goes to */
    int64_t page;
    int64_t at_ms;
    const char *by;
    const char *reason;
};
enum berth_code sqlite_change_add(struct sqlite_registry *registry,
                                  const struct sqlite_change *change, int64_t *ret,
                                  struct berth_error *error);

/* One audit record, within the transaction that makes the change. */
struct sqlite_audit {
    const char *action;
    const char *module;  /* NULL: none */
    const char *version; /* with a module: the subject is module@version */
    const char *subject; /* without one */
    int64_t at_ms;
    const struct berth_actor *by;
    const char *reason;
    json_t *details; /* taken; NULL: out of memory */
};
enum berth_code sqlite_audit_add(struct sqlite_registry *registry, const struct sqlite_audit *audit,
                                 struct berth_error *error);

/* A version's row. */
struct sqlite_version {
    int64_t module;
    int64_t id; /* 0: there is no such version */
    struct berth_digest digest;
    int64_t bytes;
    bool deleted;
};

/* The row alone, within a transaction. BERTH_CONFLICT ("token-exists"). */
enum berth_code sqlite_token_insert(struct sqlite_registry *registry,
                                    const struct berth_token_record *token,
                                    struct berth_error *error);

/* An unknown module's id is 0. */
enum berth_code sqlite_module_id(struct sqlite_registry *registry, const char *name, int64_t *ret,
                                 struct berth_error *error);
/* Also of one that is not there or was deleted. */
enum berth_code sqlite_version_find(struct sqlite_registry *registry, int64_t module,
                                    const char *version, struct sqlite_version *ret,
                                    struct berth_error *error);
/* One that is there, or BERTH_NOT_FOUND. */
enum berth_code sqlite_version_named(struct sqlite_registry *registry, const char *module,
                                     const char *version, struct sqlite_version *ret,
                                     struct berth_error *error);

/* Copies a column that may be NULL. */
char *sqlite_copy_text(struct sqlite_query *query, int column);

/* The operations, by file. */
enum berth_code sqlite_version_add(struct berth_registry *base, const struct berth_version *version,
                                   const struct berth_actor *by, const char *reason,
                                   bool *ret_created, struct berth_error *error);
enum berth_code sqlite_version_delete(struct berth_registry *base,
                                      const struct berth_version_delete *request,
                                      struct berth_error *error);
enum berth_code sqlite_variants_put(struct berth_registry *base, const char *module,
                                    const char *version, enum berth_compression compression,
                                    const struct berth_variant_record *records, size_t count,
                                    struct berth_error *error);

enum berth_code sqlite_heads_each(struct berth_registry *base, const char *module,
                                  berth_version_fn fn, void *context, struct berth_error *error);
enum berth_code sqlite_versions_each(struct berth_registry *base, const char *module,
                                     berth_version_fn fn, void *context, struct berth_error *error);
enum berth_code sqlite_uncompressed_each(struct berth_registry *base, enum berth_compression below,
                                         berth_version_fn fn, void *context,
                                         struct berth_error *error);
enum berth_code sqlite_version_get(struct berth_registry *base, const char *module,
                                   const char *version, berth_version_fn fn, void *context,
                                   struct berth_error *error);
enum berth_code sqlite_version_with(struct berth_registry *base, const char *module,
                                    const char *path, char **ret, struct berth_error *error);

enum berth_code sqlite_generation(struct berth_registry *base, int64_t *ret,
                                  struct berth_error *error);
enum berth_code sqlite_activate(struct berth_registry *base, const struct berth_activate *request,
                                struct berth_activated *ret, struct berth_error *error);
enum berth_code sqlite_way_back(struct berth_registry *base, const char *module, char **ret,
                                struct berth_error *error);
enum berth_code sqlite_live_each(struct berth_registry *base, berth_change_fn fn, void *context,
                                 struct berth_error *error);
enum berth_code sqlite_changes_each(struct berth_registry *base, const char *module,
                                    const char *page, int64_t before, int limit, berth_change_fn fn,
                                    void *context, struct berth_error *error);

enum berth_code sqlite_page_put(struct berth_registry *base, const struct berth_page_put *request,
                                int64_t *ret_generation, int64_t *ret_revision,
                                struct berth_error *error);
enum berth_code sqlite_pages_each(struct berth_registry *base, berth_page_fn fn, void *context,
                                  struct berth_error *error);
enum berth_code sqlite_page_revisions_each(struct berth_registry *base, const char *name,
                                           berth_page_fn fn, void *context,
                                           struct berth_error *error);

enum berth_code sqlite_externals_put(struct berth_registry *base,
                                     const struct berth_externals_put *request,
                                     int64_t *ret_generation, bool *ret_changed,
                                     struct berth_error *error);
enum berth_code sqlite_externals_each(struct berth_registry *base, berth_external_fn fn,
                                      void *context, struct berth_error *error);

enum berth_code sqlite_token_add(struct berth_registry *base,
                                 const struct berth_token_record *token,
                                 const struct berth_actor *by, struct berth_error *error);
/* After the tokens have changed, without the lock. */
void sqlite_secrets_load(struct sqlite_registry *registry);
bool sqlite_token_may_be_good(struct berth_registry *base, const struct berth_digest *secret,
                              int64_t now_ms);
enum berth_code sqlite_token_find(struct berth_registry *base, const struct berth_digest *secret,
                                  berth_token_fn fn, void *context, struct berth_error *error);
enum berth_code sqlite_token_used(struct berth_registry *base, const char *id, int64_t at_ms,
                                  struct berth_error *error);
enum berth_code sqlite_token_revoke(struct berth_registry *base, const char *id, int64_t at_ms,
                                    const struct berth_actor *by, struct berth_error *error);
enum berth_code sqlite_token_rotate(struct berth_registry *base,
                                    const struct berth_token_rotate *request, berth_token_fn fn,
                                    void *context, struct berth_error *error);
enum berth_code sqlite_tokens_each(struct berth_registry *base, berth_token_fn fn, void *context,
                                   struct berth_error *error);

enum berth_code sqlite_audit_each(struct berth_registry *base,
                                  const struct berth_audit_filter *filter, berth_audit_fn fn,
                                  void *context, struct berth_error *error);
enum berth_code sqlite_audit_check(struct berth_registry *base, int64_t *ret_count,
                                   struct berth_digest *ret_last, struct berth_error *error);

enum berth_code sqlite_assets_each(struct berth_registry *base, berth_asset_fn fn, void *context,
                                   struct berth_error *error);
enum berth_code sqlite_variants_each(struct berth_registry *base, berth_variant_fn fn,
                                     void *context, struct berth_error *error);
enum berth_code sqlite_variants_prune(struct berth_registry *base, struct berth_error *error);
enum berth_code sqlite_variant_forget(struct berth_registry *base,
                                      const struct berth_digest *digest, struct berth_error *error);
enum berth_code sqlite_check(struct berth_registry *base, berth_text_fn fn, void *context,
                             struct berth_error *error);
enum berth_code sqlite_copy(struct berth_registry *base, const char *path, berth_named_blob_fn fn,
                            void *context, struct berth_error *error);

#endif
