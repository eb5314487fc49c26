/* The database file: made whole or not at all, and checked before it is trusted.
 *
 * SQLite takes an empty file for a new database, which would turn a file cut to nothing into an
 * empty registry. So a new one is made under another name and renamed when it is complete, and
 * whatever is found under the real name must be a berth database in every page. Nothing is written
 * to a file before that is known. One of an older schema is then brought to ours
 * (sqlite_upgrade.c).
 */
#include "sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x42727468 /* "Brth" */, BUSY_MS = 250 };
enum { HEADER_BYTES = 100 }; /* https://www.sqlite.org/fileformat2.html#the_database_header */

static enum berth_code fail_damaged(struct berth_error *error, const char *what) {
    berth_fail(error, BERTH_IO, "database-damaged", "the database is damaged: %s", what);
    berth_error_hint(error, "restore it from a backup; it was left as it is");
    return BERTH_IO;
}

static enum berth_code exec(sqlite3 *db, const char *sql, struct berth_error *error) {
    return sqlite_fail(db, sqlite3_exec(db, sql, NULL, NULL, NULL), error);
}

static enum berth_code connect_file(const char *path, sqlite3 **ret, struct berth_error *error) {
    sqlite3 *db = NULL;
    /* Without CREATE: a file that is not there is not ours to make here. NOMUTEX: our lock. */
    int result = sqlite3_open_v2(
        path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (!db)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = sqlite_fail(db, result, error);
    /* SQLite falls back to reading only, and would say so at the first write. */
    if (!code && sqlite3_db_readonly(db, "main") == 1)
        code = berth_fail(error, BERTH_IO, "database-io", "the database cannot be written");
    if (!code) {
        sqlite3_busy_timeout(db, BUSY_MS);
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
        /* The locking mode first: set later, the log's index is already a file (db-shm). */
        code = exec(db,
                    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA mmap_size = 0;"
                    "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
                    "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;", /* nothing in /tmp */
                    error);
    }
    if (code) {
        sqlite3_close(db);
        return code;
    }
    *ret = db;
    return BERTH_OK;
}

static enum berth_code fill_file(const char *path, struct berth_error *error) {
    /* The empty file first, since SQLite gives its files the mode 0644; its WAL takes the mode of
     * the database. */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return berth_fail_errno(error, "database-io", "cannot make the database");
    close(fd);
    sqlite3 *db = NULL;
    enum berth_code code = connect_file(path, &db, error);
    if (code)
        return code;
    char identity[64];
    (void)snprintf(identity, sizeof identity, "PRAGMA application_id = %d;", APPLICATION_ID);
    code = exec(db, identity, error);
    if (!code)
        code = sqlite_schema_bring(db, 0, error);
    /* WAL last: nothing of the schema may be in a log that is not renamed with the file. */
    if (!code)
        code = exec(db, "PRAGMA journal_mode = WAL;", error);
    sqlite3_close(db);
    return code;
}

enum berth_code sqlite_file_publish(const char *directory, const char *new_path, const char *path,
                                    unsigned flags, struct berth_error *error) {
    int fd = open(new_path, O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    enum berth_code code = BERTH_OK;
    if (failed)
        code = berth_fail_errno(error, "database-io", "cannot sync the new database");
    if (fd >= 0)
        close(fd);
    if (code)
        return code;
    if (renameat2(AT_FDCWD, new_path, AT_FDCWD, path, flags) != 0)
        return berth_fail_errno(error, "database-io", "cannot name the new database");
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        code = berth_fail_errno(error, "database-io", "cannot sync the data directory");
    if (fd >= 0)
        close(fd);
    return code;
}

static void remove_with(const char *path, const char *suffix) {
    char *name = sqlite3_mprintf("%s%s", path, suffix);
    if (name)
        (void)unlink(name);
    sqlite3_free(name);
}

void sqlite_file_remove(const char *new_path) {
    remove_with(new_path, "");
    remove_with(new_path, "-wal");
    remove_with(new_path, "-shm");
    remove_with(new_path, "-journal");
}

static enum berth_code create_file(const char *directory, const char *path,
                                   struct berth_error *error) {
    char *new_path = sqlite3_mprintf("%s.new", path);
    if (!new_path)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    sqlite_file_remove(new_path); /* what a server killed at this point has left */
    enum berth_code code = fill_file(new_path, error);
    if (!code)
        code = sqlite_file_publish(directory, new_path, path, RENAME_NOREPLACE, error);
    if (code)
        sqlite_file_remove(new_path);
    sqlite3_free(new_path);
    return code;
}

static unsigned big_endian(const unsigned char *bytes, int count) {
    unsigned value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* What SQLite would let pass: a last page that is cut is filled with zeros there. With a WAL the
 * file may rightly be short, as a checkpoint may have been cut off; SQLite repairs that from it. */
static enum berth_code check_header(int fd, bool has_wal, struct berth_error *error) {
    unsigned char header[HEADER_BYTES];
    struct stat status;
    if (fstat(fd, &status) != 0)
        return berth_fail_errno(error, "database-io", "cannot read the database");
    if (!S_ISREG(status.st_mode))
        return fail_damaged(error, "it is not a file");
    ssize_t got = pread(fd, header, sizeof header, 0);
    if (got < 0)
        return berth_fail_errno(error, "database-io", "cannot read the database");
    if (got < (ssize_t)sizeof header)
        return fail_damaged(error, "it is cut off");
    if (memcmp(header, "SQLite format 3", 16) != 0)
        return fail_damaged(error, "it is not a database");
    unsigned page_bytes = big_endian(header + 16, 2);
    page_bytes = page_bytes == 1 ? 65536 : page_bytes;
    int64_t pages = big_endian(header + 28, 4);
    if (page_bytes < 512)
        return fail_damaged(error, "its header is wrong");
    if (!has_wal && (status.st_size % page_bytes != 0 || status.st_size / page_bytes < pages))
        return fail_damaged(error, "it is cut off");
    return BERTH_OK;
}

static enum berth_code pragma_value(sqlite3 *db, const char *sql, int64_t *ret, char **ret_text,
                                    struct berth_error *error) {
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    if (result == SQLITE_ROW && ret)
        *ret = sqlite3_column_int64(statement, 0);
    if (result == SQLITE_ROW && ret_text)
        *ret_text = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
    enum berth_code code = sqlite_fail(db, result, error);
    sqlite3_finalize(statement);
    return code;
}

static enum berth_code check_identity(sqlite3 *db, int64_t *ret_schema, struct berth_error *error) {
    int64_t id = 0;
    int64_t version = 0;
    enum berth_code code = pragma_value(db, "PRAGMA application_id", &id, NULL, error);
    if (!code)
        code = pragma_value(db, "PRAGMA user_version", &version, NULL, error);
    if (code)
        return code;
    if (id != APPLICATION_ID || version < 1)
        return fail_damaged(error, "it is not a berth database");
    if (version > SQLITE_SCHEMA_VERSION) {
        berth_fail(error, BERTH_IO, "database-newer",
                   "the database has schema %lld, this berth knows %d", (long long)version,
                   SQLITE_SCHEMA_VERSION);
        berth_error_hint(error, "start a newer berth, or take the copy that it has kept beside it "
                                "(\"Upgrade\" in OPERATIONS.md); the database was left as it is");
        return BERTH_IO;
    }
    *ret_schema = version;
    return BERTH_OK;
}

/* Measured with 3 million assets: half a second in 270 MB, 0.8 s in 520 MB with descriptions of
 * 28 kB. */
static enum berth_code check_pages(sqlite3 *db, struct berth_error *error) {
    char *text = NULL;
    enum berth_code code = pragma_value(db, "PRAGMA quick_check(1)", NULL, &text, error);
    if (!code && (!text || strcmp(text, "ok") != 0)) {
        if (text)
            text[strcspn(text, "\n")] = '\0'; /* one line */
        code = fail_damaged(error, text ? text : "the check did not end");
    }
    sqlite3_free(text);
    return code;
}

static enum berth_code open_checked(const char *directory, const char *path, bool has_wal,
                                    sqlite3 **ret, struct berth_error *error) {
    sqlite3 *db = NULL;
    int64_t schema = 0;
    enum berth_code code = connect_file(path, &db, error);
    if (code)
        return code;
    /* Until all checks have passed, closing must not write a WAL back that was found. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_wal, NULL);
    code = check_identity(db, &schema, error);
    if (!code)
        code = check_pages(db, error);
    if (!code)
        code = exec(db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216;", error);
    if (!code)
        code = sqlite_upgrade(db, directory, path, schema, error);
    if (code) {
        sqlite3_close(db);
        return code;
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    *ret = db;
    return BERTH_OK;
}

static enum berth_code sync_file(const char *path, struct berth_error *error) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    enum berth_code code = BERTH_OK;
    if (failed)
        code = berth_fail_errno(error, "database-io", "cannot sync the database's log");
    if (fd >= 0)
        close(fd);
    return code;
}

/* A server killed between the write and the sync of a change has left it in the WAL, where SQLite
 * finds it: synced here, since what readers see from now on must not go with a power cut. */
static enum berth_code find_wal(const char *path, bool sync, bool *ret, struct berth_error *error) {
    char *name = sqlite3_mprintf("%s-wal", path);
    if (!name)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    struct stat status;
    int result = lstat(name, &status);
    enum berth_code code = BERTH_OK;
    if (result != 0 && errno != ENOENT)
        code = berth_fail_errno(error, "database-io", "cannot read the data directory");
    *ret = result == 0 && status.st_size > 0;
    if (*ret && sync && S_ISREG(status.st_mode))
        code = sync_file(name, error);
    sqlite3_free(name);
    return code;
}

/* BERTH_NOT_FOUND when there is none. */
static enum berth_code check_file(const char *path, bool has_wal, struct berth_error *error) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && has_wal)
        return fail_damaged(error, "its write-ahead log is there, it is not");
    if (fd < 0 && errno == ENOENT)
        return berth_fail(error, BERTH_NOT_FOUND, "database-missing", "there is no database");
    if (fd < 0)
        return berth_fail_errno(error, "database-io", "cannot open the database");
    enum berth_code code = check_header(fd, has_wal, error);
    close(fd);
    return code;
}

/* Of a first start a power cut may leave the new name and, beside it, what was removed before; of
 * an upgrade half of a copy. */
static void remove_leftovers(const char *path) {
    char *new_path = sqlite3_mprintf("%s.new", path);
    if (new_path)
        sqlite_file_remove(new_path);
    sqlite3_free(new_path);
}

enum berth_code sqlite_file_open(const char *directory, sqlite3 **ret, struct berth_error *error) {
    char *path = sqlite3_mprintf("%s/db", directory);
    if (!path)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    bool has_wal = false;
    struct berth_error problem = {0};
    enum berth_code code = find_wal(path, true, &has_wal, &problem);
    if (!code)
        code = check_file(path, has_wal, &problem);
    if (code == BERTH_NOT_FOUND) {
        problem = (struct berth_error){0};
        code = sqlite_file_may_create(directory, &problem);
        if (!code)
            code = create_file(directory, path, &problem);
    } else if (!code) {
        remove_leftovers(path);
    }
    if (!code)
        code = open_checked(directory, path, has_wal, ret, &problem);
    if (code && error && error->code == BERTH_OK)
        *error = problem;
    sqlite3_free(path);
    return code;
}

/* --- to be looked at --- */

static enum berth_code copy_into_memory(sqlite3 *db, sqlite3 **ret, struct berth_error *error) {
    sqlite3 *copy = NULL;
    int result = sqlite3_open_v2(":memory:", &copy,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                                     SQLITE_OPEN_EXRESCODE,
                                 NULL);
    if (!copy)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = sqlite_fail(copy, result, error);
    if (!code)
        code = sqlite_copy_pages(db, copy, error);
    if (!code)
        *ret = copy;
    else
        sqlite3_close(copy);
    return code;
}

/* Its pages, which were checked, are brought to our schema where that changes no file. */
static enum berth_code replace_older(sqlite3 **db, int64_t schema, struct berth_error *error) {
    sqlite3 *copy = NULL;
    enum berth_code code = copy_into_memory(*db, &copy, error);
    if (!code)
        code = sqlite_schema_bring(copy, schema, error);
    if (code) {
        sqlite3_close(copy);
        return code;
    }
    sqlite3_close(*db);
    *db = copy;
    return BERTH_OK;
}

static enum berth_code open_found(const char *path, bool has_wal, sqlite3 **ret,
                                  int64_t *ret_schema, struct berth_error *error) {
    sqlite3 *db = NULL;
    enum berth_code code = connect_file(path, &db, error);
    if (code)
        return code;
    /* Nothing of a WAL is written back; one that was not there goes when we close. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_wal, NULL);
    code = check_identity(db, ret_schema, error);
    if (!code)
        code = check_pages(db, error);
    if (!code && *ret_schema != SQLITE_SCHEMA_VERSION)
        code = replace_older(&db, *ret_schema, error);
    if (!code)
        code = exec(db, "PRAGMA query_only = ON;", error);
    if (code)
        sqlite3_close(db);
    else
        *ret = db;
    return code;
}

enum berth_code sqlite_file_look(const char *directory, sqlite3 **ret, int64_t *ret_schema,
                                 struct berth_error *error) {
    char *path = sqlite3_mprintf("%s/db", directory);
    if (!path)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    bool has_wal = false;
    enum berth_code code = find_wal(path, false, &has_wal, error);
    if (!code)
        code = check_file(path, has_wal, error);
    if (!code)
        code = open_found(path, has_wal, ret, ret_schema, error);
    sqlite3_free(path);
    return code;
}
