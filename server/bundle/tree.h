/* The files of one archive, and the rules about several paths at once.
 *
 * Life: a value; init, add while reading, finish, then read; done. Thread rules: one thread at a
 * time.
 */
#ifndef BUNDLE_TREE_H
#define BUNDLE_TREE_H

#include "berth/digest.h"
#include "berth/error.h"
#include "berth/registry.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct berth_tree_node {
    struct berth_asset asset;
    char *key; /* see berth_path_key */
    bool folder;
    char integrity[BERTH_INTEGRITY_BYTES]; /* of a script or style sheet; else empty */
};

struct berth_tree {
    struct berth_tree_node *nodes;
    size_t count;
    size_t capacity;
    size_t left_out; /* files of the archive that are none of the build's */
    int64_t bytes;
};

void berth_tree_init(struct berth_tree *tree);
void berth_tree_done(struct berth_tree *tree);

/* Adds a checked path of a file; `integrity` may be empty. */
enum berth_code berth_tree_add(struct berth_tree *tree, const char *path,
                               const struct berth_digest *digest, const char *integrity,
                               int64_t bytes, struct berth_error *error);
enum berth_code berth_tree_add_folder(struct berth_tree *tree, const char *path,
                                      struct berth_error *error);

/* Refuses "path-duplicate" and "path-file-and-folder"; then forgets the folders, takes one top
 * folder that all files share off their paths, and sorts by path. */
enum berth_code berth_tree_finish(struct berth_tree *tree, struct berth_error *error);

/* After finish: the file with that path, or NULL. */
const struct berth_asset *berth_tree_find(const struct berth_tree *tree, const char *path);

/* After finish: SHA-256 over "<path>\0<64 hex digits>\n" of each file in order. */
enum berth_code berth_tree_digest(const struct berth_tree *tree, struct berth_digest *ret,
                                  struct berth_error *error);

/* After finish: gives the files away as a version's assets. */
enum berth_code berth_tree_take(struct berth_tree *tree, struct berth_asset **ret,
                                size_t *ret_count, struct berth_error *error);

#endif
