/* What the files of this room share. */
#ifndef BERTH_SNAPSHOT_NODES_H
#define BERTH_SNAPSHOT_NODES_H

#include "berth/snapshot.h"

/* A body by its digest: loaded from the store and checked the first time, counted after that. */
enum berth_code berth_body_take(struct berth_bodies *bodies, struct berth_store *store,
                                const struct berth_digest *digest, int64_t bytes, const void **ret,
                                struct berth_error *error);
void berth_body_give(struct berth_bodies *bodies, const struct berth_digest *digest);

/* Takes `body` (which may be NULL: then the view fails) and names it by its digest. */
bool berth_view_set(struct berth_view *view, char *body, size_t length);
void berth_view_done(struct berth_view *view);
void berth_etag(const struct berth_digest *digest, char ret[BERTH_ETAG_BYTES]);

/* mf-manifest.json of an edition as it is served under the version's own URL, or live. Leaves the
 * view empty when the edition has none. */
enum berth_code berth_manifest_view(const struct berth_edition *edition, int64_t generation,
                                    const struct berth_views *views, bool live,
                                    struct berth_view *ret, struct berth_error *error);

/* BERTH_OK for a blob that is damaged or missing, which is logged; else passes the error on. */
enum berth_code berth_forgive_damage(enum berth_code code, const struct berth_error *problem,
                                     struct berth_error *error);

enum berth_code berth_out_of_memory(struct berth_error *error);

#endif
