/* What import maps name that is hosted elsewhere. */
#include "sqlite.h"
#include <assert.h>
#include <string.h>

static enum berth_code is_so(struct sqlite_registry *registry, const struct berth_external *item,
                             bool *ret, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_EXTERNAL_FIND);
    sqlite_put_int(&query, item->kind);
    sqlite_put_text(&query, item->key);
    const char *value = sqlite_row(&query) ? sqlite_text(&query, 0) : NULL;
    *ret = item->value ? value && strcmp(value, item->value) == 0 : !value;
    return sqlite_end(&query, error);
}

static enum berth_code set(struct sqlite_registry *registry, const struct berth_external *item,
                           int64_t generation, struct berth_error *error) {
    struct sqlite_query query =
        sqlite_begin(registry, item->value ? SQL_EXTERNAL_SET : SQL_EXTERNAL_DELETE);
    sqlite_put_int(&query, item->kind);
    sqlite_put_text(&query, item->key);
    if (item->value) {
        sqlite_put_text(&query, item->value);
        sqlite_put_int(&query, generation);
    }
    return sqlite_run(&query, error);
}

/* The first item that changes something makes the change's row. */
static enum berth_code put_item(struct sqlite_registry *registry,
                                const struct berth_externals_put *request,
                                const struct berth_external *item, int64_t *generation,
                                json_t *changed, struct berth_error *error) {
    static const char *const kinds[] = {"", "imports", "scopes", "integrity"};
    bool same = false;
    enum berth_code code = is_so(registry, item, &same, error);
    if (code || same)
        return code;
    if (!*generation) {
        struct sqlite_change change = {.kind = BERTH_CHANGE_EXTERNALS,
                                       .at_ms = request->at_ms,
                                       .by = request->by.name,
                                       .reason = request->reason};
        code = sqlite_change_add(registry, &change, generation, error);
    }
    if (!code)
        code = set(registry, item, *generation, error);
    json_t *object = json_object_get(changed, kinds[item->kind]);
    if (!object) {
        object = json_object();
        json_object_set_new(changed, kinds[item->kind], object);
    }
    json_object_set_new(object, item->key, item->value ? json_string(item->value) : json_null());
    return code;
}

static enum berth_code audit(struct sqlite_registry *registry,
                             const struct berth_externals_put *request, int64_t generation,
                             json_t *changed, struct berth_error *error) {
    struct sqlite_audit audit = {
        .action = "imports",
        .subject = request->count == 1 ? request->items[0].key : "import map",
        .at_ms = request->at_ms,
        .by = &request->by,
        .reason = request->reason,
        .details = json_pack("{sI sO}", "generation", (json_int_t)generation, "changed", changed),
    };
    return sqlite_audit_add(registry, &audit, error);
}

static enum berth_code newest(struct sqlite_registry *registry, int64_t *ret,
                              struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_GENERATION);
    *ret = sqlite_row(&query) ? sqlite_int(&query, 0) : 0;
    return sqlite_end(&query, error);
}

static enum berth_code put(struct sqlite_registry *registry,
                           const struct berth_externals_put *request, int64_t *ret_generation,
                           bool *ret_changed, struct berth_error *error) {
    int64_t generation = 0;
    json_t *changed = json_object();
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; !code && i < request->count; i++)
        code = put_item(registry, request, &request->items[i], &generation, changed, error);
    *ret_changed = generation != 0;
    if (!code && generation)
        code = audit(registry, request, generation, changed, error);
    json_decref(changed);
    if (!code && !generation)
        code = newest(registry, &generation, error);
    *ret_generation = generation;
    return code;
}

enum berth_code sqlite_externals_put(struct berth_registry *base,
                                     const struct berth_externals_put *request,
                                     int64_t *ret_generation, bool *ret_changed,
                                     struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    int64_t generation = 0;
    bool changed = false;
    assert(request->by.name);
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_finish(registry, put(registry, request, &generation, &changed, error), error);
    if (!code) {
        *ret_generation = generation;
        *ret_changed = changed;
    }
    return code;
}

enum berth_code sqlite_externals_each(struct berth_registry *base, berth_external_fn fn,
                                      void *context, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_EXTERNALS_ALL);
    while (sqlite_row(&query)) {
        struct berth_external external = {.kind = (enum berth_external_kind)sqlite_int(&query, 0),
                                          .key = sqlite_text(&query, 1),
                                          .value = sqlite_text(&query, 2)};
        if (query.result != SQLITE_ROW || !fn(&external, context))
            break;
    }
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    return code;
}
