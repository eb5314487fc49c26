/* What import maps name elsewhere: as a page, a change of its own under the one generation. */
#include "desk.h"

#include <stdlib.h>
#include <string.h>

struct items {
    struct berth_external *items;
    size_t count;
    size_t capacity;
};

static bool reserve(struct items *items) {
    if (items->count < items->capacity)
        return true;
    size_t capacity = items->capacity ? items->capacity * 2 : 64;
    struct berth_external *grown = realloc(items->items, capacity * sizeof *grown);
    if (!grown)
        return false;
    items->items = grown;
    items->capacity = capacity;
    return true;
}

/* Borrows the strings. */
static bool set(struct items *items, const struct berth_external *item) {
    size_t place = 0;
    while (place < items->count && (items->items[place].kind != item->kind ||
                                    strcmp(items->items[place].key, item->key) != 0))
        place++;
    bool found = place < items->count;
    if (!item->value) {
        if (found)
            items->items[place] = items->items[--items->count];
        return true;
    }
    if (!found && !reserve(items))
        return false;
    items->items[place] = *item;
    items->count += !found;
    return true;
}

/* --- at the start --- */

static bool read_row(const struct berth_external *external, void *context) {
    struct items *items = context;
    struct berth_external copy = {external->kind, strdup(external->key), strdup(external->value)};
    if (copy.key && copy.value && reserve(items)) {
        items->items[items->count++] = copy;
        return true;
    }
    free((void *)(uintptr_t)copy.key);
    free((void *)(uintptr_t)copy.value);
    items->capacity = 0; /* says that it failed */
    return false;
}

enum berth_code desk_load_externals(struct berth_desk *desk, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct items items = {.items = NULL};
    enum berth_code code = registry->ops->externals_each(registry, read_row, &items, error);
    bool whole = items.capacity || !items.count;
    if (code == BERTH_OK && items.count && whole)
        desk->catalog.externals = berth_externals_create(items.items, items.count);
    if (code == BERTH_OK && items.count && !desk->catalog.externals)
        code = desk_out_of_memory(error);
    for (size_t i = 0; i < items.count; i++) {
        free((void *)(uintptr_t)items.items[i].key);
        free((void *)(uintptr_t)items.items[i].value);
    }
    free(items.items);
    return code;
}

/* --- a change --- */

/* "cart" and "cart/" belong to the module cart. */
static bool is_live(const struct catalog *catalog, const char *key) {
    char name[BERTH_MODULE_MAX_BYTES + 2];
    size_t length = strlen(key);
    if (!length || length >= sizeof name)
        return false;
    memcpy(name, key, length + 1);
    if (name[length - 1] == '/')
        name[length - 1] = '\0';
    const struct berth_module *module = catalog_module(catalog, name);
    return module && module->live;
}

static enum berth_code check(const struct catalog *catalog,
                             const struct berth_externals_put *request, struct berth_error *error) {
    for (size_t i = 0; i < request->count; i++) {
        const struct berth_external *item = &request->items[i];
        if (item->kind != BERTH_EXTERNAL_IMPORT || !item->value || !is_live(catalog, item->key))
            continue;
        berth_fail(error, BERTH_CONFLICT, "module-live",
                   "a module of this name is live here, which decides its URL");
        berth_error_where(error, "%s", item->key);
        berth_error_hint(error, "activate the version that it should be, or take another name");
        return BERTH_CONFLICT;
    }
    return BERTH_OK;
}

static enum berth_code merge(const struct catalog *catalog,
                             const struct berth_externals_put *request,
                             struct berth_externals **ret, struct berth_error *error) {
    const struct berth_externals *now = catalog->externals;
    struct items items = {.items = NULL};
    enum berth_code code = BERTH_OK;
    bool good = true;
    for (size_t i = 0; good && now && i < now->count; i++)
        good = reserve(&items) && (items.items[items.count++] = now->items[i], true);
    for (size_t i = 0; good && i < request->count; i++)
        good = set(&items, &request->items[i]);
    if (good && items.count > BERTH_EXTERNALS_MAX)
        code = berth_fail(error, BERTH_TOO_LARGE, "limit-imports",
                          "import maps may name at most %d things that are not hosted here",
                          BERTH_EXTERNALS_MAX);
    if (code == BERTH_OK) {
        *ret = good ? berth_externals_create(items.items, items.count) : NULL;
        code = *ret ? BERTH_OK : desk_out_of_memory(error);
    }
    free(items.items);
    return code;
}

/* As for a page: what can fail is made before the row. */
static enum berth_code put_locked(struct berth_desk *desk,
                                  const struct berth_externals_put *request,
                                  int64_t *ret_generation, bool *ret_changed,
                                  struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct catalog *catalog = &desk->catalog;
    struct berth_externals *before = catalog->externals, *next = NULL;
    struct berth_snapshot *snapshot = NULL;
    *ret_changed = false;
    enum berth_code code = check(catalog, request, error);
    if (code == BERTH_OK)
        code = merge(catalog, request, &next, error);
    if (code != BERTH_OK)
        return code;
    catalog->externals = next;
    code = catalog_snapshot(catalog, catalog->generation + 1, NULL, &desk->views, &snapshot, error);
    if (code == BERTH_OK)
        code = registry->ops->externals_put(registry, request, ret_generation, ret_changed, error);
    if (code == BERTH_OK && *ret_changed) {
        desk_publish(desk, NULL, snapshot);
        desk_tell_imports(desk, *ret_generation);
        berth_externals_unref(before);
        return BERTH_OK;
    }
    berth_snapshot_destroy(desk->bodies, snapshot);
    catalog->externals = before;
    berth_externals_unref(next);
    return code;
}

enum berth_code berth_desk_externals_put(struct berth_desk *desk,
                                         const struct berth_externals_put *request,
                                         int64_t *ret_generation, bool *ret_changed,
                                         struct berth_error *error) {
    pthread_mutex_lock(&desk->lock);
    enum berth_code code = put_locked(desk, request, ret_generation, ret_changed, error);
    pthread_mutex_unlock(&desk->lock);
    return code;
}
