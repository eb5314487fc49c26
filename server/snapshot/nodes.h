/* What the files of this room share. */
#ifndef BERTH_SNAPSHOT_NODES_H
#define BERTH_SNAPSHOT_NODES_H

#include "berth/snapshot.h"

void berth_etag(const struct berth_digest *digest, char ret[BERTH_ETAG_BYTES]);

/* --- bodies.c --- */
struct berth_pieces *berth_bodies_pieces(struct berth_bodies *bodies);

/* As berth_blob_read, of a blob that a row says is so long: another length is damage too. */
enum berth_code berth_blob_whole(struct berth_store *store, const struct berth_digest *digest,
                                 int64_t bytes, char **ret, struct berth_error *error);

/* --- pieces.c --- */
struct piece_sums {
    struct piece_sums *next; /* in its cell */
    struct piece_sums *newer;
    struct piece_sums *older; /* while nobody holds it */
    struct berth_digest digest;
    int holds;
    bool dropped; /* nobody finds it any more; it goes with its last holder */
    size_t count;
    struct berth_digest of[];
};
struct berth_pieces *berth_pieces_create(void); /* NULL when out of memory */
void berth_pieces_destroy(struct berth_pieces *pieces);
/* To be given back; NULL when nothing is noted of that blob. */
const struct piece_sums *berth_pieces_take(struct berth_pieces *pieces,
                                           const struct berth_digest *digest);
/* Takes a calloc'd one and lends it, or one that is the same. */
const struct piece_sums *berth_pieces_put(struct berth_pieces *pieces, struct piece_sums *sums);
void berth_pieces_give(struct berth_pieces *pieces, const struct piece_sums *sums); /* NULL: fine */
/* Nobody finds a held one any more. */
void berth_pieces_drop(struct berth_pieces *pieces, const struct piece_sums *sums);

/* --- forms.c --- */
/* A content of that type and digest but for its body; `coding` -1 for identity. */
struct berth_content berth_content_of(const char *content_type, const char *cache_control,
                                      const struct berth_digest *digest, int coding, bool varies,
                                      struct berth_content_text *text);
/* Frees the answers, and what they have of their own. */
void berth_forms_done(struct berth_forms *forms);

/* --- view.c --- */
/* mf-manifest.json of an edition as it is served under the version's own URL, or live. Leaves *ret
 * NULL when the edition has none. */
enum berth_code berth_manifest_view(const struct berth_edition *edition, int64_t generation,
                                    const struct berth_views *views, bool live,
                                    struct berth_view **ret, struct berth_error *error);

/* The document of a live Native Federation version, see berth_native_entry_adjust. Leaves *ret NULL
 * for other formats. */
enum berth_code berth_native_view(const struct berth_remote *remote,
                                  const struct berth_edition *edition,
                                  const struct berth_views *views, struct berth_view **ret,
                                  struct berth_error *error);

/* BERTH_OK for a blob that is damaged or missing, which is logged; else passes the error on. */
enum berth_code berth_forgive_damage(enum berth_code code, const struct berth_error *problem,
                                     struct berth_error *error);

/* --- page.c --- */
/* One page as it is as long as nothing that it shows changes; references are the writer's. */
struct page_node;
/* NULL when out of memory. */
struct page_node *berth_page_node_create(const struct berth_page_source *source,
                                         const struct berth_views *views);
/* The same page, to be composed once more; NULL when out of memory. */
struct page_node *berth_page_node_again(const struct page_node *node);
struct page_node *berth_page_node_ref(struct page_node *node);
void berth_page_node_unref(struct page_node *node);
const struct berth_page *berth_page_node_page(const struct page_node *node);
/* It was composed without a file that was damaged. */
bool berth_page_node_lacks(const struct page_node *node);
/* It was made of this manifest. */
bool berth_page_node_is(const struct page_node *node, const struct berth_page_source *source);
/* NULL unless it was composed. */
const struct berth_snapshot_page *berth_page_node_known(const struct page_node *node);
/* Composes it unless that was done; any thread that holds the snapshot. Never NULL. */
const struct berth_snapshot_page *berth_page_node_made(const struct berth_snapshot *snapshot,
                                                       struct page_node *node);
/* Composed for one answer, with an edition in place of what is live; NULL with the error. */
struct berth_snapshot_page *berth_page_node_preview(const struct berth_snapshot *snapshot,
                                                    const struct page_node *node,
                                                    const struct berth_edition *edition,
                                                    struct berth_error *error);
/* Whether it can be composed but for want of memory; `runtime_bytes`: of live entries. */
enum berth_code berth_page_node_check(const struct berth_snapshot *snapshot, struct page_node *node,
                                      size_t runtime_bytes, struct berth_error *error);

/* --- pages.c --- */
/* The snapshot's pages, of which each can be composed of its modules. */
enum berth_code berth_pages_create(struct berth_snapshot *snapshot,
                                   const struct berth_snapshot *before,
                                   const struct berth_page_source *sources, size_t count,
                                   const struct berth_views *views, struct berth_error *error);
/* A reference for a snapshot in which the same versions are live, maybe read again: pages that lack
 * a file are to be composed once more. NULL when out of memory. */
struct berth_snapshot_pages *berth_pages_share(struct berth_snapshot_pages *pages);
void berth_pages_unref(struct berth_snapshot_pages *pages);

/* --- listings.c --- */
/* One reference; NULL when out of memory. */
struct berth_listings *berth_listings_create(const struct berth_views *views);
void berth_listings_ref(struct berth_listings *listings);
void berth_listings_unref(struct berth_listings *listings); /* NULL is fine */

enum berth_code berth_out_of_memory(struct berth_error *error);

#endif
