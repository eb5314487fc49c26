/* Where pages are open now: the event streams of browsers, by the page that listens, and by the
 * modules that this page shows. A browser has one stream for all its tabs, so it is counted once,
 * at the page of the tab that holds the stream. */
#include "handlers.h"

#include <string.h>

static void collect(const char *path, int streams, void *context) {
    json_object_set_new(context, path, json_integer(streams));
}

static void add(json_t *counts, const char *name, json_int_t number) {
    json_int_t before = json_integer_value(json_object_get(counts, name));
    json_object_set_new(counts, name, json_integer(before + number));
}

/* A module in two slots is shown once. */
static bool is_first(const struct berth_page *page, size_t slot) {
    for (size_t i = 0; i < slot; i++)
        if (strcmp(page->slots[i].module, page->slots[slot].module) == 0)
            return false;
    return true;
}

static void add_modules(json_t *modules, const struct berth_page *page, json_int_t streams) {
    if (page->document_module)
        add(modules, page->document_module, streams);
    for (size_t i = 0; i < page->slot_count; i++)
        if (is_first(page, i))
            add(modules, page->slots[i].module, streams);
}

/* A page that was taken away since is told no more, though it may still be open. */
void api_open_pages(const struct berth_api *api, json_t **ret_pages, json_t **ret_modules) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    json_t *pages = json_object(), *modules = json_object(), *streams;
    const char *path;
    void *next;
    berth_events_places_each(berth_desk_events(api->desk), collect, pages);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    json_object_foreach_safe(pages, next, path, streams) {
        const struct berth_page *page = berth_snapshot_page_manifest(snapshot, path);
        if (page)
            add_modules(modules, page, json_integer_value(streams));
        else
            json_object_del(pages, path);
    }
    berth_snapshot_release(publisher);
    *ret_pages = pages;
    *ret_modules = modules;
}
