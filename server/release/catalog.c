#include "desk.h"

#include <stdlib.h>
#include <string.h>

void catalog_done(struct catalog *catalog, struct berth_bodies *bodies) {
    for (size_t i = 0; i < catalog->module_count; i++)
        berth_module_unref(bodies, catalog->modules[i]);
    for (size_t i = 0; i < catalog->page_count; i++) {
        free(catalog->pages[i].name);
        berth_page_done(&catalog->pages[i].page);
    }
    free(catalog->modules);
    free(catalog->pages);
    berth_externals_unref(catalog->externals);
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

/* For one more module. */
static bool make_room(struct catalog *catalog) {
    size_t capacity = catalog->module_count + 1;
    if (catalog->module_capacity >= capacity)
        return true;
    struct berth_module **grown =
        realloc(catalog->modules, capacity * sizeof(struct berth_module *));
    if (!grown)
        return false;
    catalog->modules = grown;
    catalog->module_capacity = capacity;
    return true;
}

void catalog_put(struct catalog *catalog, struct berth_module *module,
                 struct berth_bodies *bodies) {
    size_t place = place_of(catalog->modules, catalog->module_count, module->name);
    struct berth_module **at = catalog->modules + place;
    if (catalog_module(catalog, module->name)) {
        berth_module_unref(bodies, *at);
    } else {
        memmove(at + 1, at, (catalog->module_count - place) * sizeof(struct berth_module *));
        catalog->module_count++;
    }
    *at = module;
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
        return desk_out_of_memory(error);
    }
    catalog->pages[place] = (struct catalog_page){.name = copy, .page = *page};
    catalog->page_count++;
    return BERTH_OK;
}

enum berth_code catalog_snapshot(struct catalog *catalog, int64_t generation,
                                 struct berth_module *module, const struct berth_views *views,
                                 struct berth_snapshot **ret, struct berth_error *error) {
    size_t count = catalog->module_count;
    struct berth_module **modules = module ? with_module(catalog, module, &count) : NULL;
    struct berth_page_source *pages = calloc(catalog->page_count + 1, sizeof *pages);
    enum berth_code code = BERTH_NO_MEMORY;
    if (pages && (!module || (modules && make_room(catalog)))) {
        for (size_t i = 0; i < catalog->page_count; i++)
            pages[i] = (struct berth_page_source){catalog->pages[i].name, &catalog->pages[i].page};
        code = berth_snapshot_create(generation, catalog->published,
                                     module ? modules : catalog->modules, count, pages,
                                     catalog->page_count, views, ret, error);
        if (code == BERTH_OK)
            berth_snapshot_tell(*ret, catalog->externals);
    } else {
        (void)desk_out_of_memory(error);
    }
    free(modules);
    free(pages);
    return code;
}

enum berth_code catalog_share(struct catalog *catalog, struct berth_module *module,
                              struct berth_snapshot **ret, struct berth_error *error) {
    size_t count;
    struct berth_module **modules = with_module(catalog, module, &count);
    *ret = modules && make_room(catalog) ? berth_snapshot_with(catalog->published, modules, count)
                                         : NULL;
    free(modules);
    return *ret ? BERTH_OK : desk_out_of_memory(error);
}
