/* The structure of a zip, checked before libarchive opens it.
 *
 * libarchive 3.6.2 decompresses whatever method a member names (LZMA allocates 4 GiB for a 39-byte
 * file) and takes local headers that differ from the central directory. The guard reads the central
 * directory on its own, checks every local header against it, and leaves the list of members in the
 * order of their data, which is the order in which libarchive gives them.
 *
 * Life: a value in the caller's storage, filled by read; done. Immutable after read.
 */
#ifndef BUNDLE_ZIP_GUARD_H
#define BUNDLE_ZIP_GUARD_H

#include "berth/bundle.h"
#include "berth/error.h"
#include <stddef.h>
#include <stdint.h>

struct berth_zip_member {
    const unsigned char *record; /* in the central directory */
    const unsigned char *name;   /* not terminated */
    uint32_t name_length;
    uint32_t local_offset;
};

struct berth_zip_guard {
    unsigned char *directory;
    struct berth_zip_member *members;
    size_t count;
};

/* BERTH_REFUSED ("zip-encrypted", "zip-method", "zip-multidisk", "zip-zip64", "zip-differs",
 * "zip-overlap", "type-…", "archive-truncated", "archive-junk"), BERTH_TOO_LARGE ("limit-…"). On an
 * error there is nothing to free. */
enum berth_code berth_zip_guard_read(struct berth_zip_guard *guard, int fd, int64_t archive_bytes,
                                     const struct berth_bundle_limits *limits,
                                     struct berth_error *error);
void berth_zip_guard_done(struct berth_zip_guard *guard);

#endif
