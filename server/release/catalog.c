#include "desk.h"

#include "berth/log.h"

#include <stdlib.h>
#include <string.h>

static enum berth_code out_of_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

void catalog_done(struct catalog *catalog, struct berth_bodies *bodies) {
    for (size_t i = 0; i < catalog->module_count; i++)
        berth_module_unref(bodies, catalog->modules[i]);
    for (size_t i = 0; i < catalog->page_count; i++) {
        free(catalog->pages[i].name);
        berth_page_done(&catalog->pages[i].page);
    }
    free(catalog->modules);
    free(catalog->pages);
    *catalog = (struct catalog){0};
}

/* Where `name` stands, or would stand, among the sorted modules. */
static size_t place_of(struct berth_module *const *modules, size_t count, const char *name) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(modules[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct berth_module *catalog_module(const struct catalog *catalog, const char *name) {
    size_t place = place_of(catalog->modules, catalog->module_count, name);
    bool found = place < catalog->module_count && strcmp(catalog->modules[place]->name, name) == 0;
    return found ? catalog->modules[place] : NULL;
}

/* A copy of the array with `module` in its place; no references are taken. */
static struct berth_module **with_module(const struct catalog *catalog, struct berth_module *module,
                                         size_t *ret_count) {
    struct berth_module **next =
        malloc((catalog->module_count + 1) * sizeof(struct berth_module *));
    if (!next)
        return NULL;
    size_t place = place_of(catalog->modules, catalog->module_count, module->name);
    size_t skip = catalog_module(catalog, module->name) ? 1 : 0;
    size_t rest = catalog->module_count - place - skip;
    for (size_t i = 0; i < place; i++)
        next[i] = catalog->modules[i];
    next[place] = module;
    for (size_t i = 0; i < rest; i++)
        next[place + 1 + i] = catalog->modules[place + skip + i];
    *ret_count = place + 1 + rest;
    return next;
}

enum berth_code catalog_put(struct catalog *catalog, struct berth_module *module,
                            struct berth_bodies *bodies, struct berth_error *error) {
    size_t count;
    struct berth_module **next = with_module(catalog, module, &count);
    if (!next) {
        berth_module_unref(bodies, module);
        return out_of_memory(error);
    }
    berth_module_unref(bodies, catalog_module(catalog, module->name));
    free(catalog->modules);
    catalog->modules = next;
    catalog->module_count = count;
    return BERTH_OK;
}

static size_t page_place(const struct catalog *catalog, const char *name) {
    size_t i = 0;
    while (i < catalog->page_count && strcmp(catalog->pages[i].name, name) != 0)
        i++;
    return i;
}

static void remove_page(struct catalog *catalog, size_t place) {
    free(catalog->pages[place].name);
    berth_page_done(&catalog->pages[place].page);
    catalog->pages[place] = catalog->pages[--catalog->page_count];
}

enum berth_code catalog_put_page(struct catalog *catalog, const char *name, struct berth_page *page,
                                 struct berth_error *error) {
    size_t place = page_place(catalog, name);
    if (!page) {
        if (place < catalog->page_count)
            remove_page(catalog, place);
        return BERTH_OK;
    }
    if (place < catalog->page_count) {
        berth_page_done(&catalog->pages[place].page);
        catalog->pages[place].page = *page;
        return BERTH_OK;
    }
    struct catalog_page *grown = realloc(catalog->pages, (place + 1) * sizeof *grown);
    if (grown)
        catalog->pages = grown;
    char *copy = strdup(name);
    if (!grown || !copy) {
        free(copy);
        berth_page_done(page);
        return out_of_memory(error);
    }
    catalog->pages[place] = (struct catalog_page){.name = copy, .page = *page};
    catalog->page_count++;
    return BERTH_OK;
}

enum berth_code catalog_snapshot(const struct catalog *catalog, int64_t generation,
                                 struct berth_module *module, const struct berth_views *views,
                                 struct berth_snapshot **ret, struct berth_error *error) {
    size_t count = catalog->module_count;
    struct berth_module **modules = module ? with_module(catalog, module, &count) : NULL;
    struct berth_page_source *pages = calloc(catalog->page_count + 1, sizeof *pages);
    enum berth_code code = BERTH_NO_MEMORY;
    if (pages && (modules || !module)) {
        for (size_t i = 0; i < catalog->page_count; i++)
            pages[i] = (struct berth_page_source){catalog->pages[i].name, &catalog->pages[i].page};
        code = berth_snapshot_create(generation, module ? modules : catalog->modules, count, pages,
                                     catalog->page_count, views, ret, error);
    } else {
        (void)out_of_memory(error);
    }
    free(modules);
    free(pages);
    return code;
}

/* A version that becomes live must be whole. One that is live already, or is not live, is shown as
 * it is when a file of it is damaged: what is left of it is served, and a better one can follow. */
static enum berth_code load(struct berth_desk *desk, struct berth_edition *edition,
                            bool becomes_live, struct berth_edition **ret,
                            struct berth_error *error) {
    struct berth_error damage = {0};
    enum berth_code code =
        berth_edition_load(edition, &desk->views, ret, becomes_live ? error : &damage);
    if (code == BERTH_OK || becomes_live)
        return code;
    berth_log_event("error", damage.rule,
                    json_pack("{ss ss}", "where", damage.where, "text", damage.text));
    edition->refs++;
    *ret = edition;
    return BERTH_OK;
}

/* The edition in the state it should have: the live one in memory, others while the budget lasts.
 * Gives a new reference. */
static enum berth_code settle(struct berth_desk *desk, struct berth_edition *edition, bool live,
                              bool becomes_live, struct berth_edition **ret,
                              struct berth_error *error) {
    int64_t budget = berth_bodies_budget(desk->bodies);
    int64_t used = berth_bodies_bytes(desk->bodies);
    bool keep = live || (edition->loaded ? used <= budget : used + edition->bytes <= budget);
    if (keep == edition->loaded) {
        edition->refs++;
        *ret = edition;
        return BERTH_OK;
    }
    if (keep)
        return load(desk, edition, becomes_live, ret, error);
    *ret = berth_edition_unload(edition);
    return *ret ? BERTH_OK : out_of_memory(error);
}

struct editions {
    struct berth_edition **items;
    size_t count;
    const struct live *wanted;
    bool becomes_live;
    ptrdiff_t live; /* indexes; -1: none */
    ptrdiff_t previous;
};

static bool is_version(const struct berth_edition *edition, const char *version) {
    return version && strcmp(edition->version, version) == 0;
}

static void editions_done(struct berth_desk *desk, struct editions *editions) {
    for (size_t i = 0; i < editions->count; i++)
        berth_edition_unref(desk->bodies, editions->items[i]);
    free(editions->items);
}

static enum berth_code add_settled(struct berth_desk *desk, struct editions *editions,
                                   struct berth_edition *edition, struct berth_error *error) {
    bool is_live = is_version(edition, editions->wanted->version);
    enum berth_code code = settle(desk, edition, is_live, is_live && editions->becomes_live,
                                  &editions->items[editions->count], error);
    if (code != BERTH_OK)
        return code;
    if (is_live)
        editions->live = (ptrdiff_t)editions->count;
    else if (is_version(edition, editions->wanted->previous))
        editions->previous = (ptrdiff_t)editions->count;
    editions->count++;
    return BERTH_OK;
}

static enum berth_code collect(struct berth_desk *desk, const struct berth_module *old,
                               const struct berth_version *added, struct editions *ret,
                               struct berth_error *error) {
    size_t count = old ? old->edition_count : 0;
    ret->items = calloc(count + 1, sizeof(struct berth_edition *));
    if (!ret->items)
        return out_of_memory(error);
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; code == BERTH_OK && i < count; i++)
        code = add_settled(desk, ret, old->editions[i], error);
    if (code != BERTH_OK || !added)
        return code;
    struct berth_edition *edition;
    code = berth_edition_create(added, &desk->views, &edition, error);
    if (code != BERTH_OK)
        return code;
    code = add_settled(desk, ret, edition, error);
    berth_edition_unref(desk->bodies, edition);
    return code;
}

enum berth_code catalog_next_module(struct berth_desk *desk, const char *name,
                                    const struct berth_version *added, const struct live *live,
                                    struct berth_module **ret, struct berth_error *error) {
    const struct berth_module *old = catalog_module(&desk->catalog, name);
    bool was_live = desk->starting || (old && old->live && is_version(old->live, live->version));
    struct editions editions = {
        .wanted = live, .becomes_live = !was_live, .live = -1, .previous = -1};
    enum berth_code code = collect(desk, old, added, &editions, error);
    if (code == BERTH_OK)
        code = berth_module_create(name, editions.items, editions.count, editions.live,
                                   editions.previous, live->generation, &desk->views, ret, error);
    editions_done(desk, &editions);
    return code;
}
