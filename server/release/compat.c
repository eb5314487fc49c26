/* What a version would do to what is live: the catalog as the world that it is compared with. */
#include "berth/compat.h"
#include "desk.h"

#include <stdlib.h>

static bool has_file(const void *context, const char *path) {
    return berth_edition_file(context, path) != NULL;
}

static struct berth_compat_version version_of(const struct berth_edition *edition) {
    return (struct berth_compat_version){.version = edition->version,
                                         .description = edition->description,
                                         .has_file = has_file,
                                         .context = edition};
}

static void fill_modules(const struct catalog *catalog, struct berth_compat_module *ret) {
    for (size_t i = 0; i < catalog->module_count; i++) {
        const struct berth_module *module = catalog->modules[i];
        const struct berth_edition *live = module->live;
        ret[i] = (struct berth_compat_module){.name = module->name,
                                              .version = live ? live->version : NULL,
                                              .description = live ? live->description : NULL};
    }
}

static void fill_pages(const struct catalog *catalog, struct berth_compat_page *ret) {
    for (size_t i = 0; i < catalog->page_count; i++)
        ret[i] = (struct berth_compat_page){.name = catalog->pages[i].name,
                                            .page = &catalog->pages[i].page};
}

static json_t *compare(const struct berth_desk *desk, const struct berth_compat_world *world,
                       const struct berth_edition *next) {
    const struct berth_module *known = catalog_module(&desk->catalog, next->module);
    struct berth_compat_version then = version_of(next), now;
    if (!known || !known->live)
        return berth_compat_report(world, next->module, NULL, &then);
    now = version_of(known->live);
    return berth_compat_report(world, next->module, &now, &then);
}

enum berth_code desk_compare(struct berth_desk *desk, const struct berth_edition *next,
                             json_t **ret, struct berth_error *error) {
    const struct catalog *catalog = &desk->catalog;
    struct berth_compat_module *modules = calloc(catalog->module_count + 1, sizeof *modules);
    struct berth_compat_page *pages = calloc(catalog->page_count + 1, sizeof *pages);
    *ret = NULL;
    if (modules && pages) {
        fill_modules(catalog, modules);
        fill_pages(catalog, pages);
        struct berth_compat_world world = {.generation = catalog->generation,
                                           .public_url = desk->options.public_url,
                                           .modules = modules,
                                           .module_count = catalog->module_count,
                                           .pages = pages,
                                           .page_count = catalog->page_count};
        *ret = compare(desk, &world, next);
    }
    free(modules);
    free(pages);
    return *ret ? BERTH_OK : desk_out_of_memory(error);
}

enum berth_code berth_desk_compatibility(struct berth_desk *desk, const char *module,
                                         const char *version, json_t **ret,
                                         struct berth_error *error) {
    struct berth_edition *edition = NULL;
    enum berth_code code = berth_edition_read(module, version, &desk->views, &edition, error);
    if (code != BERTH_OK)
        return code;
    pthread_mutex_lock(&desk->lock);
    code = desk_compare(desk, edition, ret, error);
    pthread_mutex_unlock(&desk->lock);
    berth_edition_unref(desk->bodies, edition);
    return code;
}
