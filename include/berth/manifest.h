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
#include "berth/registry.h"
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

/* --- shared packages --- */

/* A module's use of a shared package. Borrowed. */
struct berth_share {
    size_t user;          /* the module's place among the descriptions */
    size_t provider;      /* whose copy it uses; maybe its own */
    bool alone;           /* there is another copy, for the others */
    const json_t *copy;   /* the provider's member of `shared` */
    const json_t *wanted; /* the user's own */
};

/* Of containers that are initialised in this order, as webpack's and Module Federation's runtimes
 * do it in the shell's scopes (frontends/shell/src/scope.ts): who brings a package first provides
 * it to the page, and his copy counts as loaded. A later module takes that one if it wants one for
 * all (`singleton`) or if it is in its range and newer than its own; else its own. Fills at most
 * `max`, and returns how many. */
size_t berth_shares_of_containers(const json_t *const *descriptions, size_t count,
                                  struct berth_share *ret, size_t max);

/* Of Native Federation's modules, which import by name: of each package the copy that suits the
 * most of them is for all, the newest of equals; who does not want that one keeps its own. Of the
 * versions of one package the newest 64 at most are looked at. */
size_t berth_shares_of_imports(const json_t *const *descriptions, size_t count,
                               struct berth_share *ret, size_t max);

/* --- views of live modules: URLs --- */

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
    const struct berth_external *externals; /* what import maps name besides */
    size_t external_count;
    const char *public_url;
};

/* One document that tells a kind of loader all that is live, at /manifests/NAME. */
struct berth_listing {
    const char *name;
    const char *content_type;
    json_t *(*make)(const struct berth_live *live); /* a new reference; NULL: out of memory */
};

enum {
    BERTH_LISTING_REMOTES,
    BERTH_LISTING_IMPORTMAP,
    BERTH_LISTING_SYSTEMJS_MAP,
    BERTH_LISTING_MF_REMOTES,
    BERTH_LISTING_MF_SNAPSHOT,
    BERTH_LISTING_NATIVE,
    BERTH_LISTING_DISCOVERY,
    BERTH_LISTING_IMPORTS, /* ES modules, SystemJS and externals in one: what the API of
                              import-map-deployer changes */
    BERTH_LISTING_PILETS,  /* also where Piral's tools look, at /api/v1/pilet */
    BERTH_LISTING_COUNT
};
extern const struct berth_listing berth_listings[BERTH_LISTING_COUNT];

/* {"generation", "remotes": {module: spec}}. */
json_t *berth_remotes_json(const struct berth_live *live);

/* For an import map. The integrity of all scripts of a version, by URL. */
void berth_import_map_add_integrity(const struct berth_remote *remote, const char *public_url,
                                    json_t *integrity);
/* Where modules that import packages by name find them: the copy that suits most in `imports`, what
 * one keeps for itself in `scopes`. What `imports` has already stays. */
void berth_import_map_add_shared(const struct berth_remote *remotes, size_t count,
                                 const char *public_url, json_t *imports, json_t *scopes);

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

/* What of a live Native Federation version is told beside its own remoteEntry.json: where to hear
 * of the next one (URLs that a stock loader joins to the folder of the document: of the version, or
 * of the module's name alone), and the integrity of its files where the build has none. Changes
 * `entry`, which must be an object. */
void berth_native_entry_adjust(json_t *entry, const struct berth_remote *remote);

/* The document's name, beside remoteEntry.json. */
#define BERTH_NATIVE_ENTRY "@remoteEntry.json"

/* JSON text that may stand in a <script> element: `<` is written as an escape. */
void berth_buffer_script_json(struct berth_buffer *buffer, const json_t *value);

#endif
