/* What import maps name elsewhere: as a page, a change of its own under the one generation. */
#include "desk.h"

#include <stdlib.h>
#include <string.h>

/* --- at the start --- */

struct rows {
    struct berth_external *items;
    size_t count;
    size_t capacity;
    bool failed;
};

static bool reserve(struct rows *rows) {
    if (rows->count < rows->capacity)
        return true;
    size_t capacity = rows->capacity ? rows->capacity * 2 : 64;
    struct berth_external *grown = realloc(rows->items, capacity * sizeof *grown);
    if (!grown)
        return false;
    rows->items = grown;
    rows->capacity = capacity;
    return true;
}

static void free_strings(const struct berth_external *item) {
    free((void *)(uintptr_t)item->key);
    free((void *)(uintptr_t)item->value);
}

static bool read_row(const struct berth_external *external, void *context) {
    struct rows *rows = context;
    struct berth_external copy = {external->kind, strdup(external->key), strdup(external->value)};
    rows->failed = !copy.key || !copy.value || !reserve(rows);
    if (rows->failed)
        free_strings(&copy);
    else
        rows->items[rows->count++] = copy;
    return !rows->failed;
}

enum berth_code desk_load_externals(struct berth_desk *desk, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct rows rows = {.items = NULL};
    enum berth_code code = registry->ops->externals_each(registry, read_row, &rows, error);
    if (code == BERTH_OK && rows.count && !rows.failed)
        desk->catalog.externals = berth_externals_create(rows.items, rows.count);
    if (code == BERTH_OK && (rows.failed || (rows.count && !desk->catalog.externals)))
        code = desk_out_of_memory(error);
    for (size_t i = 0; i < rows.count; i++)
        free_strings(&rows.items[i]);
    free(rows.items);
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

static int compare_keys(const struct berth_external *first, const struct berth_external *second) {
    int kinds = (first->kind > second->kind) - (first->kind < second->kind);
    return kinds ? kinds : strcmp(first->key, second->key);
}

/* Of two with one key, which are of one array, the one that was said last comes last. */
static int compare(const void *a, const void *b) {
    const struct berth_external *const *first = a, *const *second = b;
    int keys = compare_keys(*first, *second);
    return keys ? keys : (*first > *second) - (*first < *second);
}

static const struct berth_external **sort(const struct berth_externals_put *request) {
    const struct berth_external **sorted =
        calloc(request->count + 1, sizeof(struct berth_external *));
    for (size_t i = 0; sorted && i < request->count; i++)
        sorted[i] = &request->items[i];
    if (sorted)
        qsort(sorted, request->count, sizeof(struct berth_external *), compare);
    return sorted;
}

/* Both are sorted; `ret` has room for all of both, and borrows the strings. Returns how many there
 * are then. */
static size_t merge_into(struct berth_external *ret, const struct berth_external *now,
                         size_t now_count, const struct berth_external *const *said, size_t count) {
    size_t i = 0, j = 0, made = 0;
    while (i < now_count || j < count) {
        int order = j == count ? -1 : i == now_count ? 1 : compare_keys(&now[i], said[j]);
        if (order < 0) {
            ret[made++] = now[i++];
            continue;
        }
        i += order == 0;
        bool last = j + 1 == count || compare_keys(said[j], said[j + 1]) != 0;
        if (last && said[j]->value)
            ret[made++] = *said[j];
        j++;
    }
    return made;
}

static enum berth_code merge(const struct catalog *catalog,
                             const struct berth_externals_put *request,
                             struct berth_externals **ret, struct berth_error *error) {
    const struct berth_externals *now = catalog->externals;
    size_t count = now ? now->count : 0;
    struct berth_external *items = calloc(count + request->count + 1, sizeof *items);
    const struct berth_external **sorted = sort(request);
    enum berth_code code = BERTH_OK;
    if (items && sorted)
        count = merge_into(items, now ? now->items : NULL, count, sorted, request->count);
    if (items && sorted && count > BERTH_EXTERNALS_MAX)
        code = berth_fail(error, BERTH_TOO_LARGE, "limit-imports",
                          "import maps may name at most %d things that are not hosted here",
                          BERTH_EXTERNALS_MAX);
    if (code == BERTH_OK) {
        *ret = items && sorted ? berth_externals_create(items, count) : NULL;
        code = *ret ? BERTH_OK : desk_out_of_memory(error);
    }
    free(sorted);
    free(items);
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
