/* Copies of a database, page by page. */
#include "sqlite.h"
#include <fcntl.h>
#include <unistd.h>

enum berth_code sqlite_copy_open(const char *path, sqlite3 **ret, struct berth_error *error) {
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

enum berth_code sqlite_copy_pages(sqlite3 *db, sqlite3 *copy, struct berth_error *error) {
    sqlite3_backup *backup = sqlite3_backup_init(copy, "main", db, "main");
    if (!backup)
        return sqlite_fail(copy, sqlite3_extended_errcode(copy), error);
    (void)sqlite3_backup_step(backup, -1);
    return sqlite_fail(copy, sqlite3_backup_finish(backup), error);
}

/* It came with the mark of a write-ahead log. */
enum berth_code sqlite_copy_settle(sqlite3 *copy, struct berth_error *error) {
    return sqlite_fail(copy, sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL),
                       error);
}
