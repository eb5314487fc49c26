/* What an archive is, told by its first bytes.
 *
 * Thread rules: pure functions.
 */
#ifndef BUNDLE_KIND_H
#define BUNDLE_KIND_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum berth_archive { BERTH_TAR, BERTH_TAR_GZIP, BERTH_TAR_ZSTD, BERTH_ZIP };

enum { BERTH_TAR_BLOCK_BYTES = 512 };

/* "tar", "tar.gz", "tar.zst", "zip". */
const char *berth_archive_name(enum berth_archive archive);

/* BERTH_INVALID ("archive-empty"), BERTH_UNSUPPORTED ("archive-unknown"). For gzip and zstd this
 * looks at the magic only; that the content is tar is checked by the first block of it. */
enum berth_code berth_archive_tell(int fd, int64_t archive_bytes, enum berth_archive *ret,
                                   struct berth_error *error);

/* A number field of a tar header: octal, or base-256 when its first bit is set. -1 when it is
 * neither, negative, or absurdly large. */
int64_t berth_tar_number(const unsigned char *field, size_t length);

/* Does a 512-byte block have a tar header's checksum? */
bool berth_tar_header_is(const unsigned char *block);

enum berth_code berth_archive_refuse_unknown(struct berth_error *error, const char *what);

#endif
