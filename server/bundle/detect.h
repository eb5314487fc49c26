/* What a bundle is: each detector looks at the files and either describes them or passes.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BUNDLE_DETECT_H
#define BUNDLE_DETECT_H

#include "berth/error.h"
#include "berth/store.h"
#include "kind.h"
#include "tree.h"
#include <jansson.h>
#include <stdbool.h>

struct berth_detection {
    struct berth_store *store;
    const struct berth_tree *tree;
    json_t *description; /* see berth/bundle.h; has "archive" and "warnings" already */
    /* The first file that the disk did not give: whoever goes on without it looks for something
     * else, and what that finds must not count. */
    struct berth_error *unread;
};

/* Sets *ret_matched; on a match it has filled the description. Errors: BERTH_REFUSED when the files
 * are of its kind and break one of its rules. */
typedef enum berth_code (*berth_detect_fn)(struct berth_detection *detection, bool *ret_matched,
                                           struct berth_error *error);

/* By package.json: pilets, and any other package. */
enum berth_code berth_detect_pilet(struct berth_detection *detection, bool *ret_matched,
                                   struct berth_error *error);
enum berth_code berth_detect_old_pilet(struct berth_detection *detection, bool *ret_matched,
                                       struct berth_error *error);
enum berth_code berth_detect_package(struct berth_detection *detection, bool *ret_matched,
                                     struct berth_error *error);
enum berth_code berth_detect_manifest(struct berth_detection *detection, bool *ret_matched,
                                      struct berth_error *error);
enum berth_code berth_detect_native(struct berth_detection *detection, bool *ret_matched,
                                    struct berth_error *error);
enum berth_code berth_detect_container(struct berth_detection *detection, bool *ret_matched,
                                       struct berth_error *error);
enum berth_code berth_detect_module(struct berth_detection *detection, bool *ret_matched,
                                    struct berth_error *error);
enum berth_code berth_detect_system(struct berth_detection *detection, bool *ret_matched,
                                    struct berth_error *error);
enum berth_code berth_detect_document(struct berth_detection *detection, bool *ret_matched,
                                      struct berth_error *error);

/* The same when the file is known. */
enum berth_code berth_detect_manifest_file(struct berth_detection *detection,
                                           const struct berth_asset *file,
                                           struct berth_error *error);
enum berth_code berth_detect_native_file(struct berth_detection *detection,
                                         const struct berth_asset *file, struct berth_error *error);
/* Its contents are `root`. */
enum berth_code berth_detect_native_json(struct berth_detection *detection,
                                         const struct berth_asset *file, const json_t *root,
                                         struct berth_error *error);
/* A script or module: what it is, its text says. */
enum berth_code berth_detect_entry(struct berth_detection *detection,
                                   const struct berth_asset *entry, struct berth_error *error);

/* Tries all. On success *ret is the description as JSON text; free it. BERTH_REFUSED
 * ("entry-missing") when none matched. */
enum berth_code berth_detect(struct berth_store *store, const struct berth_tree *tree,
                             enum berth_archive archive, char **ret, struct berth_error *error);

/* Adds "pilet" to a container that exposes what Piral asks for. */
void berth_detect_pilet_container(struct berth_detection *detection);

/* Adds to the assets of an ES module's exposes and shared packages the files that they import. */
void berth_detect_imports(struct berth_detection *detection);

/* Adds "remotes" to the description, and which shared packages are strict. What berth.json says is
 * there already. */
enum berth_code berth_detect_remotes(struct berth_detection *detection, struct berth_error *error);

/* The file that the module `base` means by a specifier: "../b/./c.js" in "a/x.js" is "b/c.js". NULL
 * for what is no plain relative path, leaves the bundle, or is not there. */
const struct berth_asset *berth_detect_resolve(const struct berth_tree *tree, const char *base,
                                               const char *specifier);

/* Helpers of the detectors. */

/* Adds to the description's warnings; the texts are copied. */
void berth_detect_warn(struct berth_detection *detection, const char *rule, const char *text);

/* The file that is least deep among those whose last segment `matches`; NULL when there is none.
 * BERTH_REFUSED ("entry-ambiguous") when several are equally deep. */
enum berth_code berth_detect_find(const struct berth_tree *tree, bool (*matches)(const char *name),
                                  const struct berth_asset **ret, struct berth_error *error);

/* A JSON file of the bundle, of which *ret is a new reference. `ret_integrity` may be NULL.
 * BERTH_REFUSED ("manifest-syntax"). */
enum berth_code berth_detect_json(const struct berth_detection *detection,
                                  const struct berth_asset *file, char *ret_integrity, json_t **ret,
                                  struct berth_error *error);

/* Files that a manifest names and the bundle lacks. Begin with zeros. */
struct berth_missing {
    char names[BERTH_TEXT_BYTES];
    int count;
};
void berth_missing_add(struct berth_missing *missing, const char *path);
/* BERTH_REFUSED ("manifest-missing-file") with their names when there are any. */
enum berth_code berth_missing_refuse(const struct berth_missing *missing,
                                     const struct berth_asset *manifest, struct berth_error *error);

/* Reads the entry: *ret_scan is a new reference (see scan.h), its candidate files reduced to those
 * in the bundle and made relative to its root as "assets"; adds its "integrity" to the description.
 * BERTH_REFUSED ("entry-not-script"), BERTH_TOO_LARGE ("limit-entry-bytes"). */
enum berth_code berth_detect_scan(struct berth_detection *detection,
                                  const struct berth_asset *entry, json_t **ret_scan,
                                  struct berth_error *error);

/* The scan alone, for a file that may be anything; *ret_scan stays NULL for one that is too large.
 */
enum berth_code berth_detect_look(const struct berth_detection *detection,
                                  const struct berth_asset *asset, json_t **ret_scan,
                                  struct berth_error *error);

/* The whole file, NUL-terminated; free it. */
enum berth_code berth_detect_read(const struct berth_detection *detection,
                                  const struct berth_asset *asset, char **ret, size_t *ret_bytes,
                                  struct berth_error *error);

/* The last segment of a path. */
const char *berth_detect_name(const char *path);
bool berth_detect_ends(const char *text, const char *ending);

/* `path` as a file beside `base` ("dist/remoteEntry.js" and "main.js": "dist/main.js"). NULL when
 * it is not in the bundle. */
const struct berth_asset *berth_detect_beside(const struct berth_tree *tree, const char *base,
                                              const char *path);

#endif
