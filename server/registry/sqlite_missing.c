/* No database where there was one: a new and empty one beside what is left of it would look like a
 * registry that lost all its rows, and the next gc would take the files for nobody's. So it is made
 * only where nothing tells of an older one. A first start that was killed has left no blob: its
 * database is durable before the first one is written. */
#include "sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_kept_copy(const char *name) {
    static const char PREFIX[] = "db.schema-";
    return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0;
}

/* blobs/ab/<digest>; a mounted disk may have things of its own there. */
static bool is_blob_folder(const char *name) {
    return strlen(name) == 2 && strcmp(name, "..") != 0;
}

/* The first entry that matches, to be freed, or NULL; so too when there is no such folder. */
static enum berth_code find_entry(const char *folder, bool (*matches)(const char *), char **ret,
                                  struct berth_error *error) {
    *ret = NULL;
    DIR *entries = opendir(folder);
    if (!entries && errno == ENOENT)
        return BERTH_OK;
    if (!entries)
        return berth_fail_errno(error, "database-io", "cannot read \"%s\"", folder);
    const struct dirent *entry = NULL;
    errno = 0;
    do
        entry = readdir(entries);
    while (entry && !matches(entry->d_name));
    enum berth_code code = BERTH_OK;
    if (!entry && errno != 0)
        code = berth_fail_errno(error, "database-io", "cannot read \"%s\"", folder);
    if (entry && !(*ret = sqlite3_mprintf("%s", entry->d_name)))
        code = berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    closedir(entries);
    return code;
}

static enum berth_code refuse_copy(const char *directory, struct berth_error *error) {
    char *name = NULL;
    enum berth_code code = find_entry(directory, is_kept_copy, &name, error);
    if (name) {
        code = berth_fail(error, BERTH_IO, "database-missing",
                          "there is no database, but the copy of one from before an upgrade (%s)",
                          name);
        berth_error_hint(error,
                         "put \"db\" back where it was, or rename the copy to \"db\" (\"Upgrade\" "
                         "in OPERATIONS.md); to begin anew, name an empty directory (--data)");
    }
    sqlite3_free(name);
    return code;
}

static enum berth_code refuse_blobs(const char *directory, struct berth_error *error) {
    char *blobs = sqlite3_mprintf("%s/blobs", directory);
    char *name = NULL;
    if (!blobs)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = find_entry(blobs, is_blob_folder, &name, error);
    if (name) {
        code = berth_fail(error, BERTH_IO, "database-missing",
                          "there is no database, but there are files that one named (blobs/)");
        berth_error_hint(error, "put \"db\" back where it was, or restore a backup; to begin anew, "
                                "name an empty directory (--data) or move blobs/ away");
    }
    sqlite3_free(name);
    sqlite3_free(blobs);
    return code;
}

enum berth_code sqlite_file_may_create(const char *directory, struct berth_error *error) {
    enum berth_code code = refuse_copy(directory, error);
    return code ? code : refuse_blobs(directory, error);
}
