#include "nodes.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct berth_bodies *bodies, struct berth_module *module) {
    for (size_t i = 0; i < module->edition_count; i++)
        berth_edition_unref(bodies, module->editions[i]);
    free(module->editions);
    free(module->name);
    berth_view_done(&module->live_entry);
    berth_view_done(&module->live_entry_module);
    berth_view_done(&module->live_manifest);
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

static bool set_text(struct berth_view *view, char *text) {
    return berth_view_set(view, text, text ? strlen(text) : 0);
}

/* A loader of an ES module asks for .mjs, one of a script for .js: each gets a live entry. Before
 * the first activation it says so to its consumer, under the container's name in the newest
 * version. */
static enum berth_code make_entries(struct berth_module *module, const struct berth_edition *newest,
                                    const struct berth_views *views, struct berth_error *error) {
    const char *runtime = views->frontend->live;
    struct berth_remote remote, previous;
    if (!berth_module_remote(module, &remote))
        remote = (struct berth_remote){.module = module->name, .description = newest->description};
    if (berth_module_previous(module, &previous))
        remote.previous = &previous;
    bool made = set_text(&module->live_entry,
                         berth_live_entry(&remote, views->public_url, runtime, false)) &&
                set_text(&module->live_entry_module,
                         berth_live_entry(&remote, views->public_url, runtime, true));
    return made ? BERTH_OK : berth_out_of_memory(error);
}

static bool take_editions(struct berth_module *module, struct berth_edition *const *editions,
                          size_t count) {
    module->editions = calloc(count ? count : 1, sizeof(struct berth_edition *));
    if (!module->name || !module->editions)
        return false;
    for (; module->edition_count < count; module->edition_count++) {
        module->editions[module->edition_count] = editions[module->edition_count];
        editions[module->edition_count]->refs++;
    }
    return true;
}

enum berth_code berth_module_create(const char *name, struct berth_edition *const *editions,
                                    size_t count, ptrdiff_t live, ptrdiff_t previous,
                                    int64_t live_generation, const struct berth_views *views,
                                    struct berth_module **ret, struct berth_error *error) {
    struct berth_module *module = calloc(1, sizeof *module);
    if (!module)
        return berth_out_of_memory(error);
    module->refs = 1;
    module->name = strdup(name);
    enum berth_code code =
        take_editions(module, editions, count) ? BERTH_OK : berth_out_of_memory(error);
    if (code == BERTH_OK && live >= 0) {
        module->live = editions[live];
        module->live_generation = live_generation;
        module->previous = previous >= 0 ? editions[previous] : NULL;
    }
    if (code == BERTH_OK && count)
        code = make_entries(module, editions[count - 1], views, error);
    if (code == BERTH_OK && module->live)
        code = berth_manifest_view(module->live, live_generation, views, true,
                                   &module->live_manifest, error);
    if (code == BERTH_OK)
        *ret = module;
    else
        destroy(views->bodies, module);
    return code;
}

const struct berth_edition *berth_module_edition(const struct berth_module *module,
                                                 const char *version) {
    if (module->live && strcmp(module->live->version, version) == 0)
        return module->live;
    for (size_t i = module->edition_count; i-- > 0;)
        if (strcmp(module->editions[i]->version, version) == 0)
            return module->editions[i];
    return NULL;
}
