/* What is in the registry, at start. */
#include "desk.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_JSON_MAX_BYTES = 2 * BERTH_PAGE_MAX_BYTES };

/* Which version is live, by module, before the versions themselves are read. */
struct live_note {
    char *module;
    char *version;
    char *previous; /* the way back, or NULL */
    int64_t generation;
    bool rollback;
};

struct loading {
    struct berth_desk *desk;
    struct live_note *notes;
    size_t note_count;
    enum berth_code code;
    struct berth_error *error;
};

static bool note_live(const struct berth_change *change, void *context) {
    struct loading *loading = context;
    struct live_note *grown =
        realloc(loading->notes, (loading->note_count + 1) * sizeof *loading->notes);
    if (grown)
        loading->notes = grown;
    struct live_note note = {.module = strdup(change->module),
                             .version = strdup(change->version),
                             .generation = change->generation,
                             .rollback = change->kind == BERTH_CHANGE_ROLLBACK};
    if (!grown || !note.module || !note.version) {
        free(note.module);
        free(note.version);
        loading->code = berth_fail(loading->error, BERTH_NO_MEMORY, "memory", "out of memory");
        return false;
    }
    loading->notes[loading->note_count++] = note;
    return true;
}

/* As desk_activate_locked does it: not for what was rolled back to. */
static enum berth_code note_ways_back(struct loading *loading, struct berth_error *error) {
    struct berth_registry *registry = loading->desk->options.registry;
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; code == BERTH_OK && i < loading->note_count; i++)
        if (!loading->notes[i].rollback)
            code = registry->ops->way_back(registry, loading->notes[i].module,
                                           &loading->notes[i].previous, error);
    return code;
}

static const struct live_note *find_note(const struct loading *loading, const char *module) {
    for (size_t i = 0; i < loading->note_count; i++)
        if (strcmp(loading->notes[i].module, module) == 0)
            return &loading->notes[i];
    return NULL;
}

/* Live versions first, whatever the cache budget; the rest is filled in when all are known. */
static bool load_version(const struct berth_version *version, void *context) {
    struct loading *loading = context;
    struct berth_desk *desk = loading->desk;
    const struct live_note *note = find_note(loading, version->module);
    struct berth_module *module;
    struct live live = {0};
    if (note)
        live = (struct live){note->version, note->previous, note->generation};
    loading->code =
        catalog_next_module(desk, version->module, version, &live, &module, loading->error);
    if (loading->code == BERTH_OK)
        loading->code = catalog_put(&desk->catalog, module, desk->bodies, loading->error);
    return loading->code == BERTH_OK;
}

static bool load_page(const struct berth_page_record *record, void *context) {
    struct loading *loading = context;
    json_t *json;
    struct berth_page page;
    loading->code = berth_json_parse(record->manifest, strlen(record->manifest),
                                     PAGE_JSON_MAX_BYTES, &json, loading->error);
    if (loading->code != BERTH_OK)
        return false;
    loading->code = berth_page_parse(json, &page, loading->error);
    json_decref(json);
    if (loading->code == BERTH_OK)
        loading->code =
            catalog_put_page(&loading->desk->catalog, record->name, &page, loading->error);
    return loading->code == BERTH_OK;
}

enum berth_code desk_load(struct berth_desk *desk, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct loading loading = {.desk = desk, .error = error};
    enum berth_code code = registry->ops->generation(registry, &desk->catalog.generation, error);
    if (code == BERTH_OK)
        code = registry->ops->live_each(registry, note_live, &loading, error);
    if (code == BERTH_OK && loading.code == BERTH_OK)
        code = note_ways_back(&loading, error);
    if (code == BERTH_OK && loading.code == BERTH_OK)
        code = registry->ops->versions_each(registry, NULL, load_version, &loading, error);
    if (code == BERTH_OK && loading.code == BERTH_OK)
        code = registry->ops->pages_each(registry, load_page, &loading, error);
    for (size_t i = 0; i < loading.note_count; i++) {
        free(loading.notes[i].module);
        free(loading.notes[i].version);
        free(loading.notes[i].previous);
    }
    free(loading.notes);
    return code == BERTH_OK ? loading.code : code;
}
