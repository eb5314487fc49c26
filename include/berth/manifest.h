/* What is said about modules and pages: page manifests as people write them, and the views of live
 * modules as loaders read them.
 *
 * Everything here turns values into values: no file, no clock, no state.
 *
 * Thread rules: reentrant; a json_t belongs to one thread at a time.
 */
#ifndef BERTH_MANIFEST_H
#define BERTH_MANIFEST_H

#include "berth/buffer.h"
#include "berth/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- pages: manifests/page.schema.json is the same rules for editors --- */

enum {
    BERTH_PAGE_MAX_BYTES = 256 * 1024,
    BERTH_PAGE_MAX_SLOTS = 64,
    BERTH_FALLBACK_MAX_BYTES = 64 * 1024,
};

struct berth_slot {
    const char *name;
    const char *module;
    const char *expose;
    const char *fallback; /* HTML; may be empty, never NULL */
    const json_t *props;  /* an object, or NULL */
    const char *policy;   /* what a swap does here, or NULL: as the bundle says */
};

/* A checked page manifest. All strings live in `root`; free with berth_page_done. */
struct berth_page {
    json_t *root;
    const char *path;
    const char *title;
    const char *language;
    const json_t *layout; /* NULL: one slot under the other */
    const json_t *csp;    /* further sources by directive, or NULL */
    struct berth_slot *slots;
    size_t slot_count;
    const char *document_module; /* not NULL: this page is a module's own HTML */
    const char *document_file;
};

/* Takes a reference of its own on `root`. BERTH_REFUSED ("page-…") with the JSON pointer in
 * `where`. */
enum berth_code berth_page_parse(json_t *root, struct berth_page *ret, struct berth_error *error);
void berth_page_done(struct berth_page *page);

/* The JSON Schema's file name, for hints. */
#define BERTH_PAGE_SCHEMA "manifests/page.schema.json"

/* --- views of live modules --- */

/* One version of a module as loaders see it; borrowed. */
struct berth_remote {
    const char *module;
    const char *version;       /* NULL for a live entry before the first activation */
    int64_t generation;        /* that made it live */
    const json_t *description; /* see berth/bundle.h */
    /* Where a rollback would go, for pages that are opened while this one cannot be loaded; or
     * NULL. */
    const struct berth_remote *previous;
};

/* Adds `public_url` ("" for root-relative) and "/m/module@version/path", percent-encoded. `path`
 * may be empty. */
void berth_asset_url(struct berth_buffer *buffer, const char *public_url, const char *module,
                     const char *version, const char *path);

/* The spec that the shell and the live entry load by (frontends/shell/README.md): a new reference,
 * NULL when out of memory. A version that is a document alone has no "entry". */
json_t *berth_remote_json(const struct berth_remote *remote, const char *public_url);

/* Everything that is live at one generation; borrowed. */
struct berth_live {
    int64_t generation;
    const struct berth_remote *remotes; /* of live modules, sorted by name */
    size_t count;
    const char *public_url;
};

/* One document that tells a kind of loader all that is live, at /manifests/NAME. */
struct berth_listing {
    const char *name;
    const char *content_type;
    json_t *(*make)(const struct berth_live *live); /* a new reference; NULL: out of memory */
};

enum { BERTH_LISTING_REMOTES, BERTH_LISTING_COUNT };
extern const struct berth_listing berth_listings[BERTH_LISTING_COUNT];

/* {"generation", "remotes": {module: spec}}. */
json_t *berth_remotes_json(const struct berth_live *live);

/* The live entry: the runtime's text and one call with the spec. `as_module` for remoteEntry.mjs.
 * Where the live version is a document alone, it says on the console that there is nothing to load.
 * free() it; NULL when out of memory. */
char *berth_live_entry(const struct berth_remote *remote, const char *public_url,
                       const char *runtime, bool as_module);

/* A version's own mf-manifest.json with `publicPath` made absolute ("auto" when there is no public
 * URL: loaders then take the folder of the URL they asked for). `live` points its entry at the live
 * entry as well. Changes `manifest`, which must be an object. */
void berth_mf_manifest_adjust(json_t *manifest, const struct berth_remote *remote,
                              const char *public_url, bool live);

/* JSON text that may stand in a <script> element: `<` is written as an escape. */
void berth_buffer_script_json(struct berth_buffer *buffer, const json_t *value);

#endif
