/* Everything that is needed to answer reads at one generation.
 *
 * A snapshot is immutable after it was published, and shared by all threads. Readers take it with
 * berth_snapshot_acquire and hand it back with berth_snapshot_release: one store and one load each,
 * no lock and no shared counter (each thread announces what it reads in a slot of its own, and the
 * writer frees a retired snapshot once no slot names it: hazard pointers, Michael 2004). Its nodes
 * (modules, lists of versions, editions, pages, views) are shared by successive snapshots; their
 * counts belong to the one writer (the release desk), so they are plain integers.
 *
 * Of every version it knows the name. Only the **resident** editions are whole in it, with their
 * files in memory and the answers made: of each module the live one and the previous one. All other
 * versions are **cold**: read from the registry when they are asked for (berth_cold_take), with a
 * few kept, and their files read from the store (berth_body_borrow), with a budget of bytes kept.
 *
 * Thread rules: acquire, release, the finders, bodies and cold editions from any thread, one
 * acquire at a time a thread; all else from one writer at a time.
 */
#ifndef BERTH_SNAPSHOT_H
#define BERTH_SNAPSHOT_H

#include "berth/coding.h"
#include "berth/compose.h"
#include "berth/digest.h"
#include "berth/error.h"
#include "berth/http.h"
#include "berth/manifest.h"
#include "berth/registry.h"
#include "berth/store.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { BERTH_ETAG_BYTES = BERTH_HEX_BYTES + 2 };

/* --- what is answered --- */

/* The answers of one URL: as it is, and under each coding that there is. */
struct berth_forms {
    struct berth_prepared identity;
    struct berth_prepared coded[BERTH_CODING_COUNT];
    int64_t bytes[BERTH_CODING_COUNT]; /* of each, for berth_accept_choose; 0: there is none */
};

/* The one that suits an Accept-Encoding (may be NULL). */
const struct berth_prepared *berth_forms_choose(const struct berth_forms *forms,
                                                const char *accept_encoding);

/* A file of a version. */
struct berth_file {
    const char *path;
    int64_t bytes;
    struct berth_digest digest;
    struct berth_variant variants[BERTH_CODING_COUNT];
    const void *body;          /* NULL: not in memory */
    struct berth_forms *forms; /* NULL: not in memory; answer with berth_file_content */
};

/* What stands in a content and is made for it. */
struct berth_content_text {
    char etag[BERTH_ETAG_BYTES]; /* "\"<sha256>\"" */
    char headers[160];
};

/* A file's content but for its body: `coding` -1 for the file as it is. Borrows `text` and static
 * strings. */
struct berth_content berth_file_content(const struct berth_file *file, int coding,
                                        struct berth_content_text *text);

/* Generated text with its answers. Compressed forms come later, when berth_view_compress has made
 * them, or never. */
struct berth_view {
    char *body;
    size_t length;
    struct berth_forms plain;               /* identity only */
    _Atomic(struct berth_forms *) complete; /* or NULL */
    bool queued;                            /* the writer's: to be compressed, or done */
    int refs;
};

/* The forms that there are by now. */
const struct berth_forms *berth_view_forms(const struct berth_view *view);

/* --- versions --- */

struct berth_edition {
    char *module;
    char *version;
    struct berth_file *files; /* sorted by path */
    size_t file_count;
    json_t *description;         /* readers take no reference; NULL in a cold one */
    char *manifest_path;         /* or NULL */
    struct berth_view *manifest; /* its mf-manifest.json with publicPath made absolute, or NULL */
    int64_t bytes;
    bool loaded; /* all its files are in memory */
    int refs;
};

/* The names of a module's versions. */
struct berth_head {
    int refs;
    char version[];
};

struct berth_heads {
    struct berth_head **by_upload;
    struct berth_head **by_version; /* the same, sorted bytewise */
    size_t count;
    int refs;
};

struct berth_module {
    char *name;
    struct berth_heads *heads;
    struct berth_edition *live; /* or NULL */
    int64_t live_generation;
    struct berth_edition *previous;       /* what is shown where the live one cannot be; or NULL */
    struct berth_view *live_entry;        /* remoteEntry.js; before an activation it says so */
    struct berth_view *live_entry_module; /* remoteEntry.mjs */
    struct berth_view *live_manifest;     /* mf-manifest.json; NULL when the live one has none */
    struct berth_view *live_native;       /* Native Federation's document; NULL for other formats */
    int refs;
};

struct berth_snapshot_page {
    const char *path;
    struct berth_template template;
    bool available; /* false: a document whose module or file is not live, or is damaged */
    bool lacks;     /* a file of a live version, which is damaged or missing */
    bool failed;    /* there is no memory to compose it; who asks again may get it */
};

struct berth_snapshot_pages;

struct berth_listings; /* see berth_snapshot_listing */

/* What import maps name elsewhere. Immutable; its count is the writer's. */
struct berth_externals {
    struct berth_external *items; /* sorted by kind and key */
    size_t count;
    int refs;
};

struct berth_snapshot {
    int64_t generation;
    struct berth_module **modules; /* sorted by name */
    size_t module_count;
    struct berth_snapshot_pages *pages;
    struct berth_listings *listings;
};

/* --- reading --- */
struct berth_publisher;
struct berth_bodies;

/* Never NULL once a first snapshot was published. */
const struct berth_snapshot *berth_snapshot_acquire(struct berth_publisher *publisher);
void berth_snapshot_release(struct berth_publisher *publisher);
/* Keeps, for answers that go on after their handler, the snapshot that its thread has acquired. */
struct berth_keeper berth_snapshot_keeper(struct berth_publisher *publisher);

/* NULL when there is none. Each is a binary search. */
const struct berth_module *berth_snapshot_module(const struct berth_snapshot *snapshot,
                                                 const char *name);
bool berth_module_has(const struct berth_module *module, const char *version);
/* The live or the previous one, when it is that version. */
const struct berth_edition *berth_module_resident(const struct berth_module *module,
                                                  const char *version);
const struct berth_file *berth_edition_file(const struct berth_edition *edition, const char *path);
/* Composed when it is first asked for, by one thread while others wait; it shows what is live in
 * this snapshot. NULL: there is no such page. */
const struct berth_snapshot_page *berth_snapshot_page(const struct berth_snapshot *snapshot,
                                                      const char *path);

/* What is said of the page at that path, while the snapshot is held; NULL: there is none. */
const struct berth_page *berth_snapshot_page_manifest(const struct berth_snapshot *snapshot,
                                                      const char *path);

/* The same unless it must be composed first: then NULL, and true in *ret_waits. Never waits. */
const struct berth_snapshot_page *berth_snapshot_page_made(const struct berth_snapshot *snapshot,
                                                           const char *path, bool *ret_waits);

/* The same with an edition in place of what is live of its module, for one answer. *ret NULL: there
 * is no such page. Else free its template, and it. */
enum berth_code berth_snapshot_preview(const struct berth_snapshot *snapshot, const char *path,
                                       const struct berth_edition *edition,
                                       struct berth_snapshot_page **ret, struct berth_error *error);

/* One of berth_listings, of this snapshot's generation: made when it is first asked for, by one
 * thread while others wait; an activation does not wait for it. NULL when out of memory. */
const struct berth_view *berth_snapshot_listing(const struct berth_snapshot *snapshot,
                                                size_t listing);
/* The same if it is made already, else NULL; never waits. */
const struct berth_view *berth_snapshot_listing_made(const struct berth_snapshot *snapshot,
                                                     size_t listing);

/* What its import maps name elsewhere, or NULL: for as long as the snapshot is held. */
const struct berth_externals *berth_snapshot_externals(const struct berth_snapshot *snapshot);

/* --- file bodies: in memory once for each digest, each checked against it on its way in ---
 *
 * A node **pins** its bodies: they stay. A request **borrows** them. What nobody pins counts
 * against the budget; of that, what nobody borrows is kept until room is needed, the longest unused
 * first to go. */
struct berth_bodies *berth_bodies_create(int64_t budget_bytes);
void berth_bodies_destroy(struct berth_bodies *bodies);
int64_t berth_bodies_bytes(struct berth_bodies *bodies); /* all */
/* At most the budget, but for what was unpinned while it is lent: that goes when it comes back. */
int64_t berth_bodies_unpinned_bytes(struct berth_bodies *bodies);
/* From now on; what is over a smaller one goes at once, but for what is lent. */
void berth_bodies_set_budget(struct berth_bodies *bodies, int64_t budget_bytes);

/* `bytes` is what the row says; NUL follows them. BERTH_IO ("blob-damaged"), BERTH_NOT_FOUND. */
enum berth_code berth_body_pin(struct berth_bodies *bodies, struct berth_store *store,
                               const struct berth_digest *digest, int64_t bytes, const void **ret,
                               struct berth_error *error);
void berth_body_unpin(struct berth_bodies *bodies, const struct berth_digest *digest);

/* BERTH_BUSY ("cache-room"), with nothing read, when it is larger than a share of the budget or
 * when others' loans leave no room: it must then be read from the store. */
enum berth_code berth_body_borrow(struct berth_bodies *bodies, struct berth_store *store,
                                  const struct berth_digest *digest, int64_t bytes,
                                  const void **ret, struct berth_error *error);
void berth_body_return(struct berth_bodies *bodies, const struct berth_digest *digest);

/* What berth_body_borrow has no room for, part by part: one thread a reader. */
struct berth_reader;
enum berth_code berth_reader_open(struct berth_bodies *bodies, struct berth_store *store,
                                  const struct berth_digest *digest, int64_t bytes,
                                  struct berth_reader **ret, struct berth_error *error);
void berth_reader_close(struct berth_reader *reader); /* NULL is fine */
/* Whether its bytes were right, now or since the start; if not, the store is told. Reads all of the
 * blob the first time. */
bool berth_reader_check(struct berth_reader *reader);
/* After a check (else with one). false: what lies there is damaged; nothing of it was given. */
bool berth_reader_read(struct berth_reader *reader, int64_t offset, void *ret, size_t length);

/* --- cold editions --- */
struct berth_cold;
struct berth_views;

/* Keeps editions of that size together (in memory, without files). */
struct berth_cold *berth_cold_create(const struct berth_views *views, int64_t budget_bytes);
void berth_cold_destroy(struct berth_cold *cold);
/* From now on; what is over a smaller one goes at once, but for what is held. */
void berth_cold_set_budget(struct berth_cold *cold, int64_t budget_bytes);

/* A version that the registry has; to be given back. Reads one version once for all who wait for
 * it, and few at a time: BERTH_BUSY ("cold-busy") when too many wait. Else version_get's errors. */
enum berth_code berth_cold_take(struct berth_cold *cold, const char *module, const char *version,
                                const struct berth_edition **ret, struct berth_error *error);
void berth_cold_give(struct berth_cold *cold, const struct berth_edition *edition);
/* The manifest (may be NULL) of an edition that was taken, to be held longer than that. */
const struct berth_view *berth_cold_take_manifest(struct berth_cold *cold,
                                                  const struct berth_edition *edition);
void berth_cold_give_manifest(struct berth_cold *cold, const struct berth_view *manifest);
/* The registry knows more of it by now: who takes it from now on gets that. */
void berth_cold_drop(struct berth_cold *cold, const char *module, const char *version);
/* The registry's version_with, under the same bound. */
enum berth_code berth_cold_find(struct berth_cold *cold, const char *module, const char *path,
                                char **ret, struct berth_error *error);

/* --- writing --- */

/* `threads`: how many threads may read at once, at most; a further one aborts, since it is a bug in
 * the wiring. `bodies` is where the nodes of retired snapshots go back to. */
struct berth_publisher *berth_publisher_create(int threads, struct berth_bodies *bodies);
void berth_publisher_destroy(struct berth_publisher *publisher);
/* Takes the snapshot; frees older ones that nobody reads. */
void berth_publish(struct berth_publisher *publisher, struct berth_snapshot *snapshot);

/* What nodes are made with; borrowed for as long as snapshots live. */
struct berth_views {
    const char *public_url;
    const struct berth_frontend *frontend;
    struct berth_store *store;
    struct berth_registry *registry;
    struct berth_bodies *bodies;
};

/* Takes `body` (NULL: out of memory); one reference. NULL when out of memory. `content_type` and
 * `cache_control` are as in berth_content. */
struct berth_view *berth_view_create(char *body, size_t length, const char *content_type,
                                     const char *cache_control);
void berth_view_unref(struct berth_view *view); /* NULL is fine */
/* Makes the compressed forms, once, and shows them to readers at once; from any one thread that has
 * a reference. Without memory nothing changes. */
void berth_view_compress(struct berth_view *view, bool best);

/* An edition without bodies; one reference. The record is copied. Reads the version's
 * mf-manifest.json from the store. */
enum berth_code berth_edition_create(const struct berth_version *version,
                                     const struct berth_views *views, struct berth_edition **ret,
                                     struct berth_error *error);
/* The same from the registry. */
enum berth_code berth_edition_read(const char *module, const char *version,
                                   const struct berth_views *views, struct berth_edition **ret,
                                   struct berth_error *error);
/* Makes it resident, before it is shared: bodies are pinned and answers made. A variant that is
 * damaged or missing is logged and left out. So is a file when not `strict`; else it is an error,
 * and the edition can only be dropped. */
enum berth_code berth_edition_load(struct berth_edition *edition, const struct berth_views *views,
                                   bool strict, struct berth_error *error);
void berth_edition_unref(struct berth_bodies *bodies, struct berth_edition *edition);

/* Lists of versions, in order of upload; one reference; NULL when out of memory. Adding to NULL
 * makes a list of one. The older list stays as it is. */
struct berth_heads *berth_heads_create(const char *const *versions, size_t count);
struct berth_heads *berth_heads_add(const struct berth_heads *heads, const char *version);
void berth_heads_unref(struct berth_heads *heads);

/* What a module node is made of; `live` and `previous` may be NULL. `newest` is the description of
 * its newest version, asked for when nothing is live. */
struct berth_module_parts {
    const char *name;
    struct berth_heads *heads;
    struct berth_edition *live;
    struct berth_edition *previous;
    int64_t live_generation;
    const json_t *newest;
};

/* A module node with one reference, which takes one of each part. */
enum berth_code berth_module_create(const struct berth_module_parts *parts,
                                    const struct berth_views *views, struct berth_module **ret,
                                    struct berth_error *error);
/* The same module with other heads, or the same live or previous version in a new edition; what is
 * NULL stays. Shares the views. NULL when out of memory. */
struct berth_module *berth_module_with(const struct berth_module *module, struct berth_heads *heads,
                                       struct berth_edition *live, struct berth_edition *previous);
void berth_module_unref(struct berth_bodies *bodies, struct berth_module *module);

/* A page to be composed into a snapshot. */
struct berth_page_source {
    const char *name;
    const struct berth_page *page;
};

/* Takes a reference on each module, which must be sorted by name. Of `before` (may be NULL), pages
 * are shared which have the same manifest (by its JSON's address) and of which no module is another
 * one. Fails where a page would be too large, with its name. */
enum berth_code berth_snapshot_create(int64_t generation, const struct berth_snapshot *before,
                                      struct berth_module *const *modules, size_t module_count,
                                      const struct berth_page_source *pages, size_t page_count,
                                      const struct berth_views *views, struct berth_snapshot **ret,
                                      struct berth_error *error);
/* The same generation with other module nodes, in which the same versions are live: shares listings
 * and pages. NULL when out of memory. */
struct berth_snapshot *berth_snapshot_with(const struct berth_snapshot *snapshot,
                                           struct berth_module *const *modules,
                                           size_t module_count);
/* Copies the items; one reference. NULL when out of memory. */
struct berth_externals *berth_externals_create(const struct berth_external *items, size_t count);
void berth_externals_unref(struct berth_externals *externals); /* NULL is fine */
/* Before the snapshot is published: takes a reference of its own. NULL is fine. */
void berth_snapshot_tell(struct berth_snapshot *snapshot, struct berth_externals *externals);

/* For a snapshot that was not published. */
void berth_snapshot_destroy(struct berth_bodies *bodies, struct berth_snapshot *snapshot);

/* The loader's view of a module's live version, and of its previous one; false when there is none.
 * It is valid for as long as the snapshot is held; its JSON is only to be read. */
bool berth_module_remote(const struct berth_module *module, struct berth_remote *ret);
bool berth_module_previous(const struct berth_module *module, struct berth_remote *ret);

#endif
