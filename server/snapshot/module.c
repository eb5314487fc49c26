#include "nodes.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct berth_bodies *bodies, struct berth_module *module) {
    berth_heads_unref(module->heads);
    berth_edition_unref(bodies, module->live);
    berth_edition_unref(bodies, module->previous);
    berth_view_unref(module->live_entry);
    berth_view_unref(module->live_entry_module);
    berth_view_unref(module->live_manifest);
    berth_view_unref(module->live_native);
    free(module->name);
    free(module);
}

void berth_module_unref(struct berth_bodies *bodies, struct berth_module *module) {
    if (module && --module->refs == 0)
        destroy(bodies, module);
}

bool berth_module_remote(const struct berth_module *module, struct berth_remote *ret) {
    if (!module->live)
        return false;
    *ret = (struct berth_remote){.module = module->name,
                                 .version = module->live->version,
                                 .generation = module->live_generation,
                                 .description = module->live->description};
    return true;
}

bool berth_module_previous(const struct berth_module *module, struct berth_remote *ret) {
    if (!module->live || !module->previous)
        return false;
    *ret = (struct berth_remote){.module = module->name,
                                 .version = module->previous->version,
                                 .description = module->previous->description};
    return true;
}

/* A loader of an ES module asks for .mjs, one of a script for .js: each gets a live entry. Before
 * the first activation it says so to its consumer, under the container's name in the newest
 * version. */
static struct berth_view *create_entry(const struct berth_module *module, const json_t *newest,
                                       const struct berth_views *views, bool as_module) {
    struct berth_remote remote, previous;
    if (!berth_module_remote(module, &remote))
        remote = (struct berth_remote){.module = module->name, .description = newest};
    if (berth_module_previous(module, &previous))
        remote.previous = &previous;
    char *text = berth_live_entry(&remote, views->public_url, views->frontend->live, as_module);
    return berth_view_create(text, text ? strlen(text) : 0, "text/javascript; charset=utf-8",
                             "no-cache");
}

static struct berth_edition *share_edition(struct berth_edition *edition) {
    if (edition)
        edition->refs++;
    return edition;
}

static struct berth_view *share_view(struct berth_view *view) {
    if (view)
        view->refs++;
    return view;
}

static struct berth_module *allocate(const char *name, struct berth_heads *heads,
                                     struct berth_edition *live, struct berth_edition *previous) {
    struct berth_module *module = calloc(1, sizeof *module);
    if (!module)
        return NULL;
    module->refs = 1;
    module->heads = heads;
    heads->refs++;
    module->live = share_edition(live);
    module->previous = share_edition(previous);
    module->name = strdup(name);
    if (module->name)
        return module;
    destroy(NULL, module); /* the caller holds the editions, so none is freed here */
    return NULL;
}

/* The documents of the live version that lead to it, of the kinds that it has. */
static enum berth_code create_documents(struct berth_module *module,
                                        const struct berth_views *views,
                                        struct berth_error *error) {
    struct berth_remote remote;
    if (!berth_module_remote(module, &remote))
        return BERTH_OK;
    enum berth_code code = berth_manifest_view(module->live, module->live_generation, views, true,
                                               &module->live_manifest, error);
    if (code == BERTH_OK)
        code = berth_native_view(&remote, module->live, views, &module->live_native, error);
    return code;
}

enum berth_code berth_module_create(const struct berth_module_parts *parts,
                                    const struct berth_views *views, struct berth_module **ret,
                                    struct berth_error *error) {
    struct berth_module *module = allocate(parts->name, parts->heads, parts->live, parts->previous);
    if (!module)
        return berth_out_of_memory(error);
    module->live_generation = parts->live ? parts->live_generation : 0;
    module->live_entry = create_entry(module, parts->newest, views, false);
    module->live_entry_module = create_entry(module, parts->newest, views, true);
    enum berth_code code =
        module->live_entry && module->live_entry_module ? BERTH_OK : berth_out_of_memory(error);
    if (code == BERTH_OK)
        code = create_documents(module, views, error);
    if (code == BERTH_OK)
        *ret = module;
    else
        destroy(views->bodies, module);
    return code;
}

struct berth_module *berth_module_with(const struct berth_module *module, struct berth_heads *heads,
                                       struct berth_edition *live, struct berth_edition *previous) {
    struct berth_module *next =
        allocate(module->name, heads ? heads : module->heads, live ? live : module->live,
                 previous ? previous : module->previous);
    if (!next)
        return NULL;
    next->live_generation = module->live_generation;
    next->live_entry = share_view(module->live_entry);
    next->live_entry_module = share_view(module->live_entry_module);
    next->live_manifest = share_view(module->live_manifest);
    next->live_native = share_view(module->live_native);
    return next;
}

static bool is_version(const struct berth_edition *edition, const char *version) {
    return edition && strcmp(edition->version, version) == 0;
}

const struct berth_edition *berth_module_resident(const struct berth_module *module,
                                                  const char *version) {
    if (is_version(module->live, version))
        return module->live;
    return is_version(module->previous, version) ? module->previous : NULL;
}
