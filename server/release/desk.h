/* What the files of this room share: the desk and its catalog. */
#ifndef BERTH_RELEASE_DESK_H
#define BERTH_RELEASE_DESK_H

#include "berth/release.h"

#include <pthread.h>

struct catalog_page {
    char *name;
    struct berth_page page;
};

/* What the next snapshot is made of. Under the desk's lock. */
struct catalog {
    int64_t generation;
    struct berth_module **modules; /* sorted by name, one reference each */
    size_t module_count;
    struct catalog_page *pages;
    size_t page_count;
};

struct berth_desk {
    struct berth_desk_options options;
    struct berth_bodies *bodies;
    struct berth_views views;
    struct berth_publisher *publisher;
    struct berth_events *events;
    pthread_mutex_t lock; /* one change at a time */
    bool starting;        /* what is live was made so before: it is not refused any more */
    struct catalog catalog;
    pthread_mutex_t tallies_lock;
    struct tally *tallies; /* tally.c */
    pthread_mutex_t uploads_lock;
    int uploads;
};

/* --- catalog.c --- */
void catalog_done(struct catalog *catalog, struct berth_bodies *bodies);
struct berth_module *catalog_module(const struct catalog *catalog, const char *name);
/* Puts a module in its place and takes its reference; an older node of that name is dropped. */
enum berth_code catalog_put(struct catalog *catalog, struct berth_module *module,
                            struct berth_bodies *bodies, struct berth_error *error);
/* Adds or replaces; takes the page. `page` NULL removes. */
enum berth_code catalog_put_page(struct catalog *catalog, const char *name, struct berth_page *page,
                                 struct berth_error *error);
/* The snapshot as it would be with `module` (may be NULL) in its place and `generation`. */
enum berth_code catalog_snapshot(const struct catalog *catalog, int64_t generation,
                                 struct berth_module *module, const struct berth_views *views,
                                 struct berth_snapshot **ret, struct berth_error *error);

/* What is live of a module. */
struct live {
    const char *version;  /* NULL: nothing */
    const char *previous; /* what is shown where it cannot be loaded; may be NULL */
    int64_t generation;
};

/* A module as it would be with one edition more (may be NULL) and with that version live. The live
 * edition is in memory; the others as the cache budget allows. */
enum berth_code catalog_next_module(struct berth_desk *desk, const char *name,
                                    const struct berth_version *added, const struct live *live,
                                    struct berth_module **ret, struct berth_error *error);

/* --- load.c --- */
enum berth_code desk_load(struct berth_desk *desk, struct berth_error *error);

/* --- tally.c --- */
void desk_tallies_done(struct berth_desk *desk);

/* --- tell.c --- */
enum berth_code desk_open_events(struct berth_desk *desk, struct berth_error *error);
void desk_tell_activation(struct berth_desk *desk, const char *name, const char *version,
                          const char *previous, int64_t generation);
void desk_tell_page(struct berth_desk *desk, const char *page, int64_t generation);

/* --- activate.c --- */
/* With the lock held. */
enum berth_code desk_activate_locked(struct berth_desk *desk, const struct berth_activate *request,
                                     struct berth_activated *ret, struct berth_error *error);
/* Puts the module into the catalog and publishes the snapshot; takes both. */
enum berth_code desk_publish(struct berth_desk *desk, struct berth_module *module,
                             struct berth_snapshot *snapshot, struct berth_error *error);

/* What was prepared and is not wanted; either may be NULL. */
void desk_discard(struct berth_desk *desk, struct berth_module *module,
                  struct berth_snapshot *snapshot);

#endif
