/* A backup's file (berth/tar.h), read from its beginning to its manifest. Every blob must hash to
 * its name and the database to what the manifest says; nothing else may be in it.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_BACKUP_FILE_H
#define BERTH_CLI_BACKUP_FILE_H

#include "progress.h"

#include "berth/error.h"
#include "berth/store.h"
#include <jansson.h>
#include <stdint.h>

struct cli_backup_file {
    json_t *manifest;
    int64_t blobs;
    int64_t bytes; /* of all members */
};

/* With a store, which must be new, all goes into it, and the database beside it; it is durable when
 * this returns. NULL: only looks. BERTH_REFUSED ("backup-format", "backup-cut", "backup-damaged").
 * Free with done in any case. */
enum berth_code cli_backup_file_read(int fd, struct berth_store *store,
                                     struct cli_progress *progress, struct cli_backup_file *ret,
                                     struct berth_error *error);
void cli_backup_file_done(struct cli_backup_file *file);

#endif
