/* What the files of this room share. */
#ifndef BERTH_SNAPSHOT_NODES_H
#define BERTH_SNAPSHOT_NODES_H

#include "berth/snapshot.h"

void berth_etag(const struct berth_digest *digest, char ret[BERTH_ETAG_BYTES]);

/* --- bodies.c --- */
/* As berth_blob_read, of a blob that a row says is so long: another length is damage too. */
enum berth_code berth_blob_whole(struct berth_store *store, const struct berth_digest *digest,
                                 int64_t bytes, char **ret, struct berth_error *error);

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

/* --- pages.c --- */
/* All pages, composed from the modules of the snapshot. */
enum berth_code berth_pages_create(struct berth_snapshot *snapshot,
                                   const struct berth_page_source *pages, size_t count,
                                   const struct berth_views *views, struct berth_error *error);
void berth_pages_unref(struct berth_snapshot_pages *pages);

/* --- listings.c --- */
/* One reference; NULL when out of memory. */
struct berth_listings *berth_listings_create(const struct berth_views *views);
void berth_listings_ref(struct berth_listings *listings);
void berth_listings_unref(struct berth_listings *listings); /* NULL is fine */

enum berth_code berth_out_of_memory(struct berth_error *error);

#endif
