/* Where pages are open now: the event streams of browsers, by the page that listens, and by the
 * modules that this page shows, in its slots or through them. A browser has one stream for all its
 * tabs, so it is counted once, at the page of the tab that holds the stream. */
#include "handlers.h"

#include "berth/json.h"

static void collect(const char *path, int streams, void *context) {
    json_object_set_new(context, path, json_integer(streams));
}

static void add(json_t *counts, const char *name, json_int_t number) {
    json_int_t before = json_integer_value(json_object_get(counts, name));
    json_object_set_new(counts, name, json_integer(before + number));
}

/* The modules that a page shows, each once, in the order in which they were found. */
struct shown {
    json_t *names; /* array */
    json_t *seen;  /* {name: true} */
};

static void show(struct shown *shown, const char *module) {
    if (!module || json_object_get(shown->seen, module))
        return;
    json_object_set_new(shown->seen, module, json_true());
    json_array_append_new(shown->names, json_string(module));
}

/* What the live version takes from others as they are live; a version that is named for good is
 * not. */
static void show_remotes(struct shown *shown, const struct berth_snapshot *snapshot,
                         const char *name) {
    const struct berth_module *module = berth_snapshot_module(snapshot, name);
    const json_t *description = module && module->live ? module->live->description : NULL;
    const json_t *remote;
    size_t index;
    json_array_foreach(json_object_get(description, "remotes"), index, remote) {
        const char *taken = berth_json_string(remote, "module");
        if (taken && !berth_json_string(remote, "version") &&
            berth_snapshot_module(snapshot, taken))
            show(shown, taken);
    }
}

static void add_modules(json_t *modules, const struct berth_snapshot *snapshot,
                        const struct berth_page *page, json_int_t streams) {
    struct shown shown = {json_array(), json_object()};
    show(&shown, page->document_module);
    for (size_t i = 0; i < page->slot_count; i++)
        show(&shown, page->slots[i].module);
    for (size_t i = 0; i < json_array_size(shown.names); i++) {
        const char *name = json_string_value(json_array_get(shown.names, i));
        add(modules, name, streams);
        show_remotes(&shown, snapshot, name);
    }
    json_decref(shown.names);
    json_decref(shown.seen);
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
            add_modules(modules, snapshot, page, json_integer_value(streams));
        else
            json_object_del(pages, path);
    }
    berth_snapshot_release(publisher);
    *ret_pages = pages;
    *ret_modules = modules;
}
