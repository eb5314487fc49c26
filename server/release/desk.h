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
    size_t module_capacity;
    struct catalog_page *pages;
    size_t page_count;
    struct berth_externals *externals;      /* or NULL */
    const struct berth_snapshot *published; /* the newest, which is the publisher's, or NULL */
};

struct frontend_file {
    char name[80];
    struct berth_view *view;
};

struct press_item {
    struct press_item *next;
    struct berth_view *view; /* one reference */
    bool best;
};

/* Texts to be compressed. Under the desk's lock. */
struct press {
    pthread_t thread;
    pthread_cond_t news;
    struct press_item *first;
    struct press_item **last; /* where the next one is put */
    bool running;
    bool stopping;
};

/* The newest last; one of a module, one reference each. Under the desk's lock. */
enum { STAGED_MAX = 8 };
struct staged {
    struct berth_edition *editions[STAGED_MAX];
    size_t count;
};

enum { FRONTEND_FILES_MAX = 6 };

struct berth_desk {
    struct berth_desk_options options;
    struct berth_bodies *bodies;
    struct berth_cold *cold;
    struct berth_views views;
    struct berth_publisher *publisher;
    struct berth_events *events;
    struct frontend_file files[FRONTEND_FILES_MAX]; /* immutable after the start */
    size_t file_count;
    pthread_mutex_t lock; /* one change at a time */
    struct catalog catalog;
    struct press press;
    struct staged staged;
    pthread_mutex_t keep_lock;    /* one gc or backup at a time; outermost */
    pthread_mutex_t refresh_lock; /* one refresh at a time; taken before `lock` */
    pthread_mutex_t tallies_lock;
    struct tally *tallies;       /* tally.c */
    pthread_mutex_t limits_lock; /* innermost */
    struct berth_desk_limits limits;
    int uploads;
};

enum berth_code desk_out_of_memory(struct berth_error *error);

/* --- limits.c --- */
/* Of --cache-bytes: for the files, and for the editions themselves. */
int64_t desk_files_bytes(int64_t cache_bytes);
int64_t desk_editions_bytes(int64_t cache_bytes);
/* A place for an upload, and the limits that it has from now on. BERTH_BUSY ("limit-uploads"). */
enum berth_code desk_take_place(struct berth_desk *desk, struct berth_bundle_limits *ret,
                                struct berth_error *error);
void desk_give_place(struct berth_desk *desk);

/* --- catalog.c --- */
void catalog_done(struct catalog *catalog, struct berth_bodies *bodies);
struct berth_module *catalog_module(const struct catalog *catalog, const char *name);
/* Puts a module in its place and takes its reference; an older node of that name is dropped. It
 * cannot fail, since it comes after the row: a snapshot with the module was made before. */
void catalog_put(struct catalog *catalog, struct berth_module *module, struct berth_bodies *bodies);
/* Adds or replaces; takes the page. `page` NULL removes. */
enum berth_code catalog_put_page(struct catalog *catalog, const char *name, struct berth_page *page,
                                 struct berth_error *error);
/* The snapshot as it would be with `module` (may be NULL) in its place and `generation`. It shares
 * with the published one the pages that stay as they are. Also makes room for the module, for
 * catalog_put. */
enum berth_code catalog_snapshot(struct catalog *catalog, int64_t generation,
                                 struct berth_module *module, const struct berth_views *views,
                                 struct berth_snapshot **ret, struct berth_error *error);
/* The published one with a node of a module in which nothing else is live. Also makes room. */
enum berth_code catalog_share(struct catalog *catalog, struct berth_module *module,
                              struct berth_snapshot **ret, struct berth_error *error);

/* --- editions.c --- */
/* A resident edition of the version, a new reference: the one that the module (may be NULL;
 * else with the lock held) has or that is staged, or from the registry and the store. `strict` as
 * for berth_edition_load. */
enum berth_code desk_edition(struct berth_desk *desk, const struct berth_module *module,
                             const char *name, const char *version, bool strict,
                             struct berth_edition **ret, struct berth_error *error);
/* Brings the files of an edition that is likely to become live into the cache, if it has room for
 * them. */
void desk_warm(struct berth_desk *desk, const struct berth_edition *edition);

/* --- staged.c --- */
/* Makes an edition that nobody shares yet resident, if it is sound and there is room for it. */
bool desk_stage_load(struct berth_desk *desk, struct berth_edition *edition);
/* With the lock held. Keeps a resident one, in place of another of its module and maybe of those
 * that were kept for the longest time; takes a reference. Its files must be as the registry has
 * them: with the refresh lock held since it was read. */
void desk_stage_keep(struct berth_desk *desk, struct berth_edition *edition);
/* With the lock held, when the limits have changed. */
void desk_stage_trim(struct berth_desk *desk);
/* With the lock held: what is kept, or NULL; and to keep it no longer. */
struct berth_edition *desk_staged(const struct berth_desk *desk, const char *module,
                                  const char *version);
void desk_stage_drop(struct berth_desk *desk, const char *module, const char *version);
void desk_stage_done(struct berth_desk *desk);

/* --- frontend.c --- */
enum berth_code desk_open_frontend(struct berth_desk *desk, struct berth_error *error);
void desk_close_frontend(struct berth_desk *desk);

/* --- externals.c --- */
/* Reads them all into the catalog. */
enum berth_code desk_load_externals(struct berth_desk *desk, struct berth_error *error);

/* --- load.c --- */
enum berth_code desk_load(struct berth_desk *desk, struct berth_error *error);

/* --- press.c --- */
enum berth_code desk_open_press(struct berth_desk *desk, struct berth_error *error);
void desk_close_press(struct berth_desk *desk);
/* With the lock held. A view that cannot be queued is answered as it is. NULL is fine. `best` for
 * what stays as it is for as long as the server runs. */
void desk_press(struct berth_desk *desk, struct berth_view *view, bool best);
void desk_press_module(struct berth_desk *desk, const struct berth_module *module);

/* --- refresh.c --- */
/* A resident edition of the module that lacks no file, and nothing that is made of one. */
bool desk_is_whole(const struct berth_module *module, const struct berth_edition *edition);

/* --- heal.c --- */
/* Shows versions anew that lacked a file which this upload has brought. */
void desk_show_healed(struct berth_desk *desk, const struct berth_version *version);

/* --- tally.c --- */
void desk_tallies_done(struct berth_desk *desk);

/* --- tell.c --- */
enum berth_code desk_open_events(struct berth_desk *desk, struct berth_error *error);
/* What has become live: readers get it from now on. */
void desk_tell_live(struct berth_desk *desk, const struct berth_module *module,
                    const char *previous);
void desk_tell_imports(struct berth_desk *desk, int64_t generation);
void desk_tell_page(struct berth_desk *desk, const char *page, int64_t generation);

/* --- compat.c --- */
/* What `next` would do to what is live, with the lock held. */
enum berth_code desk_compare(struct berth_desk *desk, const struct berth_edition *next,
                             json_t **ret, struct berth_error *error);

/* --- activate.c --- */
/* With the lock held. As berth_desk_activate_telling. */
enum berth_code desk_activate_locked(struct berth_desk *desk, const struct berth_activate *request,
                                     struct berth_activated *ret, json_t **ret_report,
                                     struct berth_error *error);
/* Puts the module into the catalog and publishes the snapshot; takes both. */
void desk_publish(struct berth_desk *desk, struct berth_module *module,
                  struct berth_snapshot *snapshot);
/* What was prepared and is not wanted; either may be NULL. */
void desk_discard(struct berth_desk *desk, struct berth_module *module,
                  struct berth_snapshot *snapshot);

#endif
