/* The sink on the server's side: checks paths and limits, fills a tree, and writes blobs.
 *
 * It trusts nobody: what comes from a reader in another process is checked as if it were new.
 *
 * Life: init, the sink's calls, done. Thread rules: one thread at a time.
 */
#ifndef BUNDLE_INTAKE_H
#define BUNDLE_INTAKE_H

#include "berth/buffer.h"
#include "berth/bundle.h"
#include "berth/digest.h"
#include "berth/error.h"
#include "berth/store.h"
#include "sink.h"
#include "tree.h"
#include <stdbool.h>
#include <stdint.h>

/* One small file that is wanted from an archive whose others are only looked at: the one of that
 * name at the root, else in the one folder below it. */
struct berth_pick {
    const char *name;
    struct berth_buffer text; /* its maximum is the caller's */
    bool found;
    int depth;
    int rivals; /* further files of that name as deep as this one */
    bool taking;
};

struct berth_intake {
    struct berth_sink sink;  /* first: a sink's functions get it as their own */
    struct berth_pick *pick; /* or NULL */
    struct berth_batch *batch;
    const struct berth_bundle_limits *limits;
    struct berth_tree *tree;
    int64_t archive_bytes;
    int64_t entries;
    int64_t total_bytes; /* of the files before this one, also of those that are left out */
    char *path;          /* of the file that is being taken; NULL between files */
    struct berth_blob_writer *writer;
    struct berth_hasher *hasher;
    int64_t bytes;
    bool left_out; /* this file is none of the build's */
};

/* `batch` NULL: look and count, write nothing. All is borrowed. */
void berth_intake_init(struct berth_intake *intake, struct berth_batch *batch,
                       int64_t archive_bytes, const struct berth_bundle_limits *limits,
                       struct berth_tree *tree);
void berth_intake_done(struct berth_intake *intake); /* gives up a file that is half there */

#endif
