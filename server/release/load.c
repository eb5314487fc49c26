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

/* The versions of a module, in order of upload. */
struct version_list {
    char *module;
    char **versions;
    size_t count;
};

struct loading {
    struct berth_desk *desk;
    struct live_note *notes; /* sorted by module */
    size_t note_count;
    struct version_list *lists; /* sorted by module */
    size_t list_count;
    enum berth_code code;
    struct berth_error *error;
};

static bool stop_without_memory(struct loading *loading) {
    loading->code = desk_out_of_memory(loading->error);
    return false;
}

/* Room for one more: arrays grow at powers of two. */
static void *reserve(void *array, size_t count, size_t size) {
    return count & (count - 1) ? array : realloc(array, (count ? 2 * count : 1) * size);
}

static bool note_live(const struct berth_change *change, void *context) {
    struct loading *loading = context;
    struct live_note *grown = reserve(loading->notes, loading->note_count, sizeof *loading->notes);
    if (!grown)
        return stop_without_memory(loading);
    loading->notes = grown;
    struct live_note *note = &grown[loading->note_count++];
    *note = (struct live_note){.module = strdup(change->module),
                               .version = strdup(change->version),
                               .generation = change->generation,
                               .rollback = change->kind == BERTH_CHANGE_ROLLBACK};
    return (note->module && note->version) || stop_without_memory(loading);
}

static bool note_version(const struct berth_version *version, void *context) {
    struct loading *loading = context;
    struct version_list *list =
        loading->list_count ? &loading->lists[loading->list_count - 1] : NULL;
    if (!list || strcmp(list->module, version->module) != 0) {
        list = reserve(loading->lists, loading->list_count, sizeof *list);
        if (!list)
            return stop_without_memory(loading);
        loading->lists = list;
        list += loading->list_count++;
        *list = (struct version_list){.module = strdup(version->module)};
    }
    char **grown = reserve(list->versions, list->count, sizeof(char *));
    if (grown)
        list->versions = grown;
    if (!grown || !list->module)
        return stop_without_memory(loading);
    grown[list->count++] = strdup(version->version);
    return grown[list->count - 1] || stop_without_memory(loading);
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

static int compare_notes(const void *a, const void *b) {
    return strcmp(((const struct live_note *)a)->module, ((const struct live_note *)b)->module);
}

static const struct live_note *find_note(const struct loading *loading, const char *module) {
    const struct live_note key = {.module = (char *)(uintptr_t)module};
    if (!loading->note_count)
        return NULL; /* there is no array then, which bsearch must not be given */
    return bsearch(&key, loading->notes, loading->note_count, sizeof key, compare_notes);
}

/* What is live was made so before: a damaged file costs itself and no more. */
static enum berth_code load_editions(struct berth_desk *desk, const struct live_note *note,
                                     struct berth_module_parts *parts, struct berth_error *error) {
    parts->live_generation = note->generation;
    enum berth_code code =
        desk_edition(desk, NULL, parts->name, note->version, false, &parts->live, error);
    if (code == BERTH_OK && note->previous)
        code =
            desk_edition(desk, NULL, parts->name, note->previous, false, &parts->previous, error);
    return code;
}

static enum berth_code create_module(struct berth_desk *desk, const struct live_note *note,
                                     const struct version_list *list,
                                     struct berth_module_parts *parts, struct berth_module **ret,
                                     struct berth_error *error) {
    struct berth_edition *newest = NULL;
    if (!parts->heads)
        return desk_out_of_memory(error);
    enum berth_code code = note ? load_editions(desk, note, parts, error)
                                : berth_edition_read(list->module, list->versions[list->count - 1],
                                                     &desk->views, &newest, error);
    parts->newest = newest ? newest->description : NULL;
    if (code == BERTH_OK)
        code = berth_module_create(parts, &desk->views, ret, error);
    berth_edition_unref(desk->bodies, newest);
    return code;
}

static enum berth_code load_module(struct loading *loading, const struct version_list *list,
                                   struct berth_error *error) {
    struct berth_desk *desk = loading->desk;
    struct berth_module *module = NULL;
    struct berth_module_parts parts = {
        .name = list->module,
        .heads = berth_heads_create((const char *const *)list->versions, list->count)};
    enum berth_code code =
        create_module(desk, find_note(loading, list->module), list, &parts, &module, error);
    berth_heads_unref(parts.heads);
    berth_edition_unref(desk->bodies, parts.live);
    berth_edition_unref(desk->bodies, parts.previous);
    if (code == BERTH_OK)
        desk->catalog.modules[desk->catalog.module_count++] = module;
    return code;
}

static enum berth_code load_modules(struct loading *loading, struct berth_error *error) {
    struct catalog *catalog = &loading->desk->catalog;
    enum berth_code code = BERTH_OK;
    catalog->modules = calloc(loading->list_count + 1, sizeof(struct berth_module *));
    if (!catalog->modules)
        return desk_out_of_memory(error);
    catalog->module_capacity = loading->list_count + 1;
    for (size_t i = 0; code == BERTH_OK && i < loading->list_count; i++)
        code = load_module(loading, &loading->lists[i], error);
    return code;
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

static void loading_done(struct loading *loading) {
    for (size_t i = 0; i < loading->note_count; i++) {
        free(loading->notes[i].module);
        free(loading->notes[i].version);
        free(loading->notes[i].previous);
    }
    for (size_t i = 0; i < loading->list_count; i++) {
        for (size_t j = 0; j < loading->lists[i].count; j++)
            free(loading->lists[i].versions[j]);
        free(loading->lists[i].versions);
        free(loading->lists[i].module);
    }
    free(loading->notes);
    free(loading->lists);
}

/* A callback says what went wrong in `loading`. */
static enum berth_code read_rows(struct loading *loading, struct berth_error *error) {
    struct berth_registry *registry = loading->desk->options.registry;
    enum berth_code code = registry->ops->live_each(registry, note_live, loading, error);
    if (code == BERTH_OK && loading->code == BERTH_OK)
        code = registry->ops->heads_each(registry, NULL, note_version, loading, error);
    if (code == BERTH_OK && loading->code == BERTH_OK)
        code = registry->ops->pages_each(registry, load_page, loading, error);
    return code == BERTH_OK ? loading->code : code;
}

/* Of a version that is neither live nor previous only the name is read. */
enum berth_code desk_load(struct berth_desk *desk, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct loading loading = {.desk = desk, .error = error};
    enum berth_code code = registry->ops->generation(registry, &desk->catalog.generation, error);
    if (code == BERTH_OK)
        code = read_rows(&loading, error);
    if (code == BERTH_OK) {
        if (loading.note_count)
            qsort(loading.notes, loading.note_count, sizeof *loading.notes, compare_notes);
        code = note_ways_back(&loading, error);
    }
    if (code == BERTH_OK)
        code = load_modules(&loading, error);
    if (code == BERTH_OK)
        code = desk_load_externals(desk, error);
    loading_done(&loading);
    return code;
}
