/* Everything that is needed to answer reads at one generation.
 *
 * A snapshot is immutable after it was published, and shared by all threads. Readers take it with
 * berth_snapshot_acquire and hand it back with berth_snapshot_release: one store and one load each,
 * no lock and no shared counter (each thread announces what it reads in a slot of its own, and the
 * writer frees a retired snapshot once no slot names it: hazard pointers, Michael 2004). Modules,
 * versions and file bodies are nodes that successive snapshots share; their counts belong to the
 * one writer (the release desk), so they are plain integers.
 *
 * Thread rules: acquire, release and the finders from any thread, one acquire at a time a thread;
 * all else from one writer at a time.
 */
#ifndef BERTH_SNAPSHOT_H
#define BERTH_SNAPSHOT_H

#include "berth/compose.h"
#include "berth/digest.h"
#include "berth/error.h"
#include "berth/manifest.h"
#include "berth/registry.h"
#include "berth/store.h"
#include <stddef.h>
#include <stdint.h>

enum { BERTH_ETAG_BYTES = BERTH_HEX_BYTES + 2 };

/* A file of a version. */
struct berth_file {
    const char *path;
    int64_t bytes;
    struct berth_digest digest;
    char etag[BERTH_ETAG_BYTES]; /* "\"<sha256>\"" */
    const void *body;            /* NULL: over the cache budget, to be read from the store */
};

/* Generated text with its ETag. */
struct berth_view {
    char *body;
    size_t length;
    char etag[BERTH_ETAG_BYTES];
};

/* A version of a module with its files, sorted by path. */
struct berth_edition {
    char *module;
    char *version;
    struct berth_file *files;
    size_t file_count;
    json_t *description;        /* the writer's; readers leave it alone */
    struct berth_view manifest; /* its mf-manifest.json with publicPath made absolute, or empty */
    const char *manifest_path;  /* borrowed from the description, or NULL */
    int64_t bytes;
    bool loaded; /* bodies are in memory */
    int refs;
};

struct berth_module {
    char *name;
    struct berth_edition **editions; /* in order of upload */
    size_t edition_count;
    const struct berth_edition *live; /* one of them, or NULL */
    int64_t live_generation;
    const struct berth_edition *previous; /* what is shown where the live one cannot be; or NULL */
    struct berth_view live_entry;         /* remoteEntry.js; before an activation it says so */
    struct berth_view live_entry_module;  /* remoteEntry.mjs */
    struct berth_view live_manifest; /* mf-manifest.json; empty when the live version has none */
    int refs;
};

struct berth_snapshot_page {
    char *name;
    char *path;
    struct berth_template template;
    bool available; /* false: a document whose module or file is not live, or is damaged */
};

struct berth_snapshot {
    int64_t generation;
    struct berth_module **modules; /* sorted by name */
    size_t module_count;
    struct berth_snapshot_page *pages; /* sorted by path */
    size_t page_count;
    struct berth_view remotes; /* /manifests/remotes.json */
};

/* --- reading --- */
struct berth_publisher;
struct berth_bodies;

/* Never NULL once a first snapshot was published. */
const struct berth_snapshot *berth_snapshot_acquire(struct berth_publisher *publisher);
void berth_snapshot_release(struct berth_publisher *publisher);

/* NULL when there is none. */
const struct berth_module *berth_snapshot_module(const struct berth_snapshot *snapshot,
                                                 const char *name);
const struct berth_edition *berth_module_edition(const struct berth_module *module,
                                                 const char *version);
const struct berth_file *berth_edition_file(const struct berth_edition *edition, const char *path);
const struct berth_snapshot_page *berth_snapshot_page(const struct berth_snapshot *snapshot,
                                                      const char *path);

/* --- writing --- */

/* `threads`: how many threads may read at once, at most; a further one aborts, since it is a bug in
 * the wiring. `bodies` is where the nodes of retired snapshots go back to. */
struct berth_publisher *berth_publisher_create(int threads, struct berth_bodies *bodies);
void berth_publisher_destroy(struct berth_publisher *publisher);
/* Takes the snapshot; frees older ones that nobody reads. */
void berth_publish(struct berth_publisher *publisher, struct berth_snapshot *snapshot);

/* What views are made with; borrowed for as long as snapshots live. */
struct berth_views {
    const char *public_url;
    const struct berth_frontend *frontend;
    struct berth_store *store;
    struct berth_bodies *bodies;
};

/* File bodies in memory, once for each digest. `budget_bytes` bounds what is kept for versions that
 * are not live. */
struct berth_bodies *berth_bodies_create(int64_t budget_bytes);
void berth_bodies_destroy(struct berth_bodies *bodies);
int64_t berth_bodies_bytes(const struct berth_bodies *bodies);
int64_t berth_bodies_budget(const struct berth_bodies *bodies);

/* An edition without bodies; one reference. The record is copied. */
enum berth_code berth_edition_create(const struct berth_version *version,
                                     const struct berth_views *views, struct berth_edition **ret,
                                     struct berth_error *error);
/* The same edition with its bodies in memory (each checked against its digest) or without them: a
 * new node with one reference. */
enum berth_code berth_edition_load(const struct berth_edition *edition,
                                   const struct berth_views *views, struct berth_edition **ret,
                                   struct berth_error *error);
struct berth_edition *berth_edition_unload(const struct berth_edition *edition);
void berth_edition_unref(struct berth_bodies *bodies, struct berth_edition *edition);

/* A module node with one reference; takes a reference on each edition. `live` and `previous` index
 * `editions`,
 * or are -1. */
enum berth_code berth_module_create(const char *name, struct berth_edition *const *editions,
                                    size_t count, ptrdiff_t live, ptrdiff_t previous,
                                    int64_t live_generation, const struct berth_views *views,
                                    struct berth_module **ret, struct berth_error *error);
void berth_module_unref(struct berth_bodies *bodies, struct berth_module *module);

/* A page to be composed into a snapshot. */
struct berth_page_source {
    const char *name;
    const struct berth_page *page;
};

/* Takes a reference on each module, which must be sorted by name. */
enum berth_code berth_snapshot_create(int64_t generation, struct berth_module *const *modules,
                                      size_t module_count, const struct berth_page_source *pages,
                                      size_t page_count, const struct berth_views *views,
                                      struct berth_snapshot **ret, struct berth_error *error);
/* For a snapshot that was not published. */
void berth_snapshot_destroy(struct berth_bodies *bodies, struct berth_snapshot *snapshot);

/* The loader's view of a module's live version, and of its previous one; false when there is none.
 * Writer only. */
bool berth_module_remote(const struct berth_module *module, struct berth_remote *ret);
bool berth_module_previous(const struct berth_module *module, struct berth_remote *ret);

#endif
