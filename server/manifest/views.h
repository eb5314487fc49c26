/* What the files of this room that speak of live modules share. */
#ifndef BERTH_MANIFEST_VIEWS_H
#define BERTH_MANIFEST_VIEWS_H

#include "berth/manifest.h"

/* The URL of a file of the version; NULL when it is too long or memory is short. */
json_t *manifest_url(const char *public_url, const struct berth_remote *remote, const char *path);

/* Whether the description has this text there. */
bool manifest_has(const struct berth_remote *remote, const char *key, const char *value);

/* Can be imported by a browser: a script of its own, not Native Federation's JSON. */
bool manifest_is_script(const char *path);

/* The names by which stock loaders of one kind know modules: what each was built as, or its own
 * where another module has that name already. Borrowed strings, one for each remote; NULL where
 * `is_one` says no, or both names are taken. free() it; NULL when out of memory. */
const char **manifest_names(const struct berth_live *live,
                            bool (*is_one)(const struct berth_remote *remote));

/* externals.c: adds to an import map's members what is named elsewhere; what is there stays, since
 * what is live here is decided here. */
void manifest_add_externals(const struct berth_live *live, json_t *imports, json_t *scopes,
                            json_t *integrity);

/* The members of berth_listings, by file. */
json_t *manifest_importmap(const struct berth_live *live);    /* importmap.c */
json_t *manifest_systemjs_map(const struct berth_live *live); /* importmap.c */
json_t *manifest_mf_remotes(const struct berth_live *live);   /* federation.c */
json_t *manifest_mf_snapshot(const struct berth_live *live);  /* federation.c */
json_t *manifest_native(const struct berth_live *live);       /* native.c */
json_t *manifest_discovery(const struct berth_live *live);    /* discovery.c */
json_t *manifest_imports(const struct berth_live *live);      /* importmap.c */
json_t *manifest_pilets(const struct berth_live *live);       /* pilets.c */

#endif
