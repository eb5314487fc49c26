/* berth.json: what a bundle says of itself, and so the last word on what it is.
 *
 * manifests/berth.schema.json is the same rules for editors.
 *
 * Life: read, apply, done; or check alone. Thread rules: one thread at a time.
 */
#ifndef BUNDLE_DECLARATION_H
#define BUNDLE_DECLARATION_H

#include "berth/error.h"
#include "detect.h"
#include <jansson.h>
#include <stddef.h>

#define BERTH_DECLARATION "berth.json"

enum {
    BERTH_DECLARATION_MAX_BYTES = 64 * 1024,
    BERTH_DECLARATION_MAX_EXPOSES = 256,
    BERTH_DECLARATION_MAX_REMOTES = 64,
};

/* A checked berth.json; all zero when the bundle has none. Strings live in `root`. */
struct berth_declaration {
    json_t *root;
    const char *entry;  /* a file of the bundle, or NULL */
    const char *format; /* or NULL */
    const char *policy; /* of exposes that name none, or NULL */
    const json_t *exposes;
    const json_t *remotes; /* {module: [names of its exposes]}, or NULL */
};

/* The shape alone. BERTH_REFUSED ("berth-json-…") with a JSON pointer in `where`. */
enum berth_code berth_declaration_check(const json_t *root, struct berth_error *error);

/* Reads it from the root of the bundle, where it is, and looks for the files that it names, and
 * into those with prerendered HTML. */
enum berth_code berth_declaration_read(struct berth_detection *detection,
                                       struct berth_declaration *ret, struct berth_error *error);
void berth_declaration_done(struct berth_declaration *declaration);

/* A file that it names, as it is in the bundle. */
const struct berth_asset *berth_declaration_asset(const struct berth_tree *tree, const char *path);

/* The format that it names, or that its exposes' files mean; NULL when any will do. */
const char *berth_declaration_format(const struct berth_declaration *declaration);
/* The file of ".", else of the first expose that has one; NULL when none has. */
const char *berth_declaration_first_file(const struct berth_declaration *declaration);

/* Changes the description that was detected to what it says. BERTH_REFUSED as above when the two
 * contradict each other. */
enum berth_code berth_declaration_apply(const struct berth_declaration *declaration,
                                        struct berth_detection *detection,
                                        struct berth_error *error);

/* What both halves refuse with. */
enum berth_code berth_declaration_refuse(struct berth_error *error, const char *rule,
                                         const char *pointer, const char *text);
/* The pointer of a member of an expose; `key` may be empty. */
enum { BERTH_DECLARATION_POINTER_BYTES = 320 };
void berth_declaration_pointer(char ret[BERTH_DECLARATION_POINTER_BYTES], const char *expose,
                               const char *key);
/* The file of an expose as it stands there ("a.js" or {"file": "a.js"}), or NULL. */
const char *berth_declaration_file(const json_t *expose);

#endif
