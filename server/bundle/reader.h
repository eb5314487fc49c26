/* An archive's members, one by one through libarchive, into blobs and a tree.
 *
 * The only file that may include archive.h is reader.c (and pack.c, which writes).
 */
#ifndef BUNDLE_READER_H
#define BUNDLE_READER_H

#include "berth/bundle.h"
#include "berth/error.h"
#include "berth/store.h"
#include "kind.h"
#include "tree.h"
#include <stdint.h>

/* Checks everything that can be checked without knowing what the files are, then writes the blobs:
 * an archive that is refused here has left nothing in the store. Without a store it only looks. */
enum berth_code berth_archive_read(struct berth_store *store, int fd, int64_t archive_bytes,
                                   enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_tree *tree, struct berth_error *error);

#endif
