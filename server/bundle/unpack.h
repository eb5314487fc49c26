/* From an archive to blobs and a tree: here, or with the reading in a process of its own. */
#ifndef BUNDLE_UNPACK_H
#define BUNDLE_UNPACK_H

#include "berth/bundle.h"
#include "berth/error.h"
#include "berth/store.h"
#include "intake.h"
#include "kind.h"
#include "tree.h"
#include <stdint.h>

/* Checks everything that can be checked without knowing what the files are, then writes the blobs:
 * an archive that is refused here has left nothing in the store. Without a store it only looks.
 * With limits->seconds a process of its own reads, and only a faulty one leaves blobs. */
enum berth_code berth_archive_read(struct berth_store *store, int fd, int64_t archive_bytes,
                                   enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_tree *tree, struct berth_error *error);

/* All checks, no blobs. */
enum berth_code berth_archive_look(int fd, int64_t archive_bytes, enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_error *error);

/* All checks, no blobs, and the one file that is wanted. */
enum berth_code berth_archive_pick(int fd, int64_t archive_bytes, enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_pick *pick, struct berth_error *error);

/* isolate.c: a reader process looks, then sends its members into `intake`. BERTH_REFUSED
 * ("archive-reader-crashed", "limit-archive-seconds", "limit-archive-memory"), BERTH_BUSY
 * ("archive-reader-start"), and what the reader found. */
enum berth_code berth_isolate_read(struct berth_intake *intake, int fd, enum berth_archive kind,
                                   struct berth_error *error);

#endif
