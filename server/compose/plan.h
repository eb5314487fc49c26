/* What a composed page has the browser fetch, and what it brings itself.
 *
 * Thread rules: a plan belongs to one thread.
 */
#ifndef BERTH_COMPOSE_PLAN_H
#define BERTH_COMPOSE_PLAN_H

#include "berth/compose.h"
#include "berth/manifest.h"

enum {
    BERTH_NEEDS_MAX = 256,  /* what is beyond is left to the loaders */
    BERTH_SHARES_MAX = 512, /* the same */
    /* Of style sheets of one module in the page's own HTML; over it they are linked. */
    BERTH_STYLES_MAX_BYTES = 32 * 1024,
    BERTH_PRERENDERED_MAX_BYTES = 64 * 1024,
};

enum berth_need_kind {
    BERTH_NEED_SCRIPT,  /* runs when it is there */
    BERTH_NEED_PRELOAD, /* a script that only its loader may run */
    BERTH_NEED_MODULE,
    BERTH_NEED_STYLE, /* for a loader that will link it */
    BERTH_NEED_SHEET, /* applies at once: of a prerendered slot */
};

struct berth_need {
    enum berth_need_kind kind;
    char *url;
    const char *integrity;             /* borrowed, or NULL */
    const struct berth_remote *remote; /* NULL: the shell's own */
    bool cors;
};

/* A live module of the page. */
struct berth_part {
    const struct berth_remote *remote;
    const json_t *description;
    bool container; /* its entry is loaded, and shares packages by a scope */
    bool imports;   /* it shares packages by the import map */
    char *style;    /* of its prerendered slots; NULL: none, or linked */
};

struct berth_plan {
    const struct berth_compose *compose;
    struct berth_part parts[BERTH_PAGE_MAX_SLOTS]; /* in the order of the slots, each once */
    size_t part_count;
    struct berth_need *needs;
    size_t need_count;
    bool failed;
};

/* Large: one on the heap. NULL when out of memory. */
struct berth_plan *berth_plan_create(const struct berth_compose *compose);
void berth_plan_destroy(struct berth_plan *plan);

/* A file of a remote, once; another call for the same URL does nothing. */
void berth_plan_add(struct berth_plan *plan, enum berth_need_kind kind,
                    const struct berth_remote *remote, const char *path);

/* The URL of a file; free() it. NULL when it is too long or memory is short. */
char *berth_plan_url(const struct berth_plan *plan, const struct berth_remote *remote,
                     const char *path);

/* As of shared.h, with places among the parts: of those that share by a scope, or by imports. */
size_t berth_plan_shares(const struct berth_plan *plan, bool imports, struct berth_share *ret,
                         size_t max);

/* The member of `exposes` with that name, or NULL. */
const json_t *berth_expose_find(const struct berth_remote *remote, const char *name);

/* Prerendered content of a slot, or NULL: its fallback is shown. */
const char *berth_slot_prerendered(const struct berth_compose *compose,
                                   const struct berth_slot *slot, size_t *ret_length);
/* Fills in `style` of the parts, or adds their sheets. */
void berth_plan_styles(struct berth_plan *plan);

/* The value of a <script type="importmap">, or NULL: none is needed. */
json_t *berth_plan_import_map(const struct berth_plan *plan);

#endif
