#include "desk.h"

#include "berth/clock.h"
#include "berth/json.h"
#include "berth/name.h"

#include <stdlib.h>
#include <string.h>

/* The page of that name as it stands, with a reference of its own; false when there is none. */
static bool present_page(const struct catalog *catalog, const char *name, struct berth_page *ret) {
    for (size_t i = 0; i < catalog->page_count; i++)
        if (strcmp(catalog->pages[i].name, name) == 0)
            return berth_page_parse(catalog->pages[i].page.root, ret, NULL) == BERTH_OK;
    return false;
}

static enum berth_code write_row(struct berth_desk *desk, const struct berth_desk_page *request,
                                 const char *path, int64_t *ret_generation, int64_t *ret_revision,
                                 struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    char *text = path ? berth_json_text(request->manifest) : NULL;
    if (path && !text)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    struct berth_page_put put = {.name = request->name,
                                 .path = path,
                                 .manifest = text,
                                 .expected = request->expected,
                                 .at_ms = berth_now_ms(),
                                 .by = request->by,
                                 .reason = request->reason};
    enum berth_code code =
        registry->ops->page_put(registry, &put, ret_generation, ret_revision, error);
    free(text);
    return code;
}

/* The next snapshot is made first, since a page may turn out too large to compose; the row decides.
 */
static enum berth_code put_locked(struct berth_desk *desk, const struct berth_desk_page *request,
                                  struct berth_page *page, struct berth_desk_page_result *ret,
                                  struct berth_error *error) {
    struct catalog *catalog = &desk->catalog;
    struct berth_page before = {0};
    bool had = present_page(catalog, request->name, &before);
    char *path = page ? strdup(page->path) : NULL;
    struct berth_snapshot *snapshot = NULL;
    enum berth_code code = page && !path
                               ? berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory")
                               : catalog_put_page(catalog, request->name, page, error);
    if (code == BERTH_OK)
        code = catalog_snapshot(catalog, catalog->generation + 1, NULL, &desk->views, &snapshot,
                                error);
    if (code == BERTH_OK)
        code = write_row(desk, request, path, &ret->generation, &ret->revision, error);
    ret->created = !had;
    if (code == BERTH_OK && ret->generation == snapshot->generation) {
        desk_publish(desk, NULL, snapshot);
        desk_tell_page(desk, request->name, ret->generation);
    } else {
        berth_snapshot_destroy(desk->bodies, snapshot);
        if (code != BERTH_OK)
            catalog_put_page(catalog, request->name, had ? &before : NULL, NULL);
        had = had && code == BERTH_OK;
    }
    if (had)
        berth_page_done(&before);
    free(path);
    return code;
}

/* A copy, since jansson's counts may not be shared with a thread that is outside of the lock. */
static enum berth_code parse_copy(const json_t *manifest, struct berth_page *ret,
                                  struct berth_error *error) {
    json_t *copy = json_deep_copy(manifest);
    enum berth_code code = copy ? berth_page_parse(copy, ret, error)
                                : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    json_decref(copy);
    return code;
}

enum berth_code berth_desk_page_put(struct berth_desk *desk, const struct berth_desk_page *request,
                                    struct berth_desk_page_result *ret, struct berth_error *error) {
    struct berth_page page;
    enum berth_code code = berth_name_check("page", request->name, error);
    if (code == BERTH_OK && request->manifest)
        code = parse_copy(request->manifest, &page, error);
    if (code != BERTH_OK)
        return code;
    pthread_mutex_lock(&desk->lock);
    code = put_locked(desk, request, request->manifest ? &page : NULL, ret, error);
    pthread_mutex_unlock(&desk->lock);
    return code;
}
