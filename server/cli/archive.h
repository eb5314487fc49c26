/* What `berth push` sends: a file as it is, or a directory packed into an unnamed file, of which
 * nothing remains however the program ends.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_ARCHIVE_H
#define BERTH_CLI_ARCHIVE_H

#include "output.h"

enum { CLI_REPR_DIGEST_BYTES = 64 };

struct cli_archive {
    int fd;
    int64_t bytes;
    const char *content_type;                /* by the first bytes */
    char repr_digest[CLI_REPR_DIGEST_BYTES]; /* "sha-256=:…:", RFC 9530 section 3 */
};

/* BERTH_REFUSED for what the server would refuse (an empty file, a symlink in the directory),
 * BERTH_IO with the path in `where`. Shows progress while it packs. */
enum berth_code cli_archive_open(const char *path, const struct cli_style *style,
                                 struct cli_archive *ret, struct berth_error *error);
void cli_archive_close(struct cli_archive *archive);

#endif
