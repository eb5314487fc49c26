/* An older database becomes ours. Before that a copy of it is kept beside it, whole and durable:
 * the berth that wrote it would take that one, and not ours. Of all upgrades the last one's copy
 * stays.
 */
#include "sqlite.h"

#include "berth/log.h"

#include <unistd.h>

static char *name_copy(const char *path, int64_t schema) {
    return sqlite3_mprintf("%s.schema-%lld", path, (long long)schema);
}

static enum berth_code fill_copy(sqlite3 *db, const char *path, struct berth_error *error) {
    sqlite3 *copy = NULL;
    enum berth_code code = sqlite_copy_open(path, &copy, error);
    if (!code)
        code = sqlite_copy_pages(db, copy, error);
    if (!code)
        code = sqlite_copy_settle(copy, error);
    sqlite3_close(copy);
    return code;
}

static enum berth_code fail_copy(int64_t schema, const struct berth_error *problem,
                                 struct berth_error *error) {
    berth_fail(error, problem->code, "database-copy",
               "cannot keep a copy of the database, which has schema %lld and is to be brought to "
               "schema %d: %s",
               (long long)schema, SQLITE_SCHEMA_VERSION, problem->text);
    berth_error_hint(error, "it takes as much room again as the database; nothing was changed");
    return problem->code;
}

/* Under another name first, so that what has the name is whole. One that is there already was made
 * when the database had this schema before, and says less: it goes first, since both may not find
 * room, as after an upgrade that found none. The database is whole, and nothing of it has changed
 * yet, so nobody needs that copy if this one then fails. */
static enum berth_code keep_copy(sqlite3 *db, const char *directory, const char *path,
                                 int64_t schema, struct berth_error *error) {
    struct berth_error problem = {0};
    char *new_path = sqlite3_mprintf("%s.new", path);
    char *kept = name_copy(path, schema);
    if (kept)
        (void)unlink(kept);
    enum berth_code code = new_path && kept
                               ? fill_copy(db, new_path, &problem)
                               : berth_fail(&problem, BERTH_NO_MEMORY, "memory", "out of memory");
    if (!code)
        code = sqlite_file_publish(directory, new_path, kept, 0, &problem);
    if (code && new_path)
        sqlite_file_remove(new_path);
    sqlite3_free(new_path);
    sqlite3_free(kept);
    return code ? fail_copy(schema, &problem, error) : BERTH_OK;
}

static void remove_others(const char *path, int64_t schema) {
    for (int64_t other = 1; other < SQLITE_SCHEMA_VERSION; other++) {
        char *name = other != schema ? name_copy(path, other) : NULL;
        if (name)
            (void)unlink(name);
        sqlite3_free(name);
    }
}

enum berth_code sqlite_upgrade(sqlite3 *db, const char *directory, const char *path, int64_t schema,
                               struct berth_error *error) {
    if (schema == SQLITE_SCHEMA_VERSION)
        return BERTH_OK;
    enum berth_code code = keep_copy(db, directory, path, schema, error);
    if (!code)
        code = sqlite_schema_bring(db, schema, error);
    if (code)
        return code;
    remove_others(path, schema);
    berth_log_event("info", "database-upgraded",
                    json_pack("{sIsi}", "from", (json_int_t)schema, "to", SQLITE_SCHEMA_VERSION));
    return BERTH_OK;
}
