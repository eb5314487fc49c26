/* How files and generated texts are answered: what asset.c, alias.c and stored.c share. */
#ifndef BERTH_SITE_ASSETS_H
#define BERTH_SITE_ASSETS_H

#include "handlers.h"

/* From memory that is ready: no lock, no allocation. */
void site_answer_forms(struct berth_exchange *exchange, const struct berth_forms *forms);

/* native.c: the document of a live Native Federation version, by its path below the module's name,
 * or below a version where it has a name of its own; and its scripts below the module's name.
 * False: the path is not that. */
bool site_answer_native(struct berth_exchange *exchange, const struct berth_module *module,
                        const char *path);
bool site_answer_native_script(struct berth_exchange *exchange, const struct berth_module *module,
                               const char *path);
bool site_answer_native_of(struct berth_exchange *exchange, const struct berth_site *site,
                           const struct berth_module *module, const char *version,
                           const char *path);

/* A file that is not in a snapshot's memory: from the cache, or the store. */
void site_answer_stored(struct berth_exchange *exchange, struct berth_site *site,
                        const struct berth_file *file);

#endif
