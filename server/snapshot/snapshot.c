#include "nodes.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_MAX_BYTES = 4 * 1024 * 1024 };

/* Composing one page needs the remotes of this snapshot by name. */
struct maker {
    struct berth_snapshot *snapshot;
    struct berth_remote *remotes;    /* of live modules, sorted by name */
    struct berth_remote *previouses; /* beside them; only some are filled in */
    size_t remote_count;
    const struct berth_views *views;
};

static int compare_remote(const void *key, const void *remote) {
    return strcmp(key, ((const struct berth_remote *)remote)->module);
}

static const struct berth_remote *find_remote(void *context, const char *module) {
    const struct maker *maker = context;
    return bsearch(module, maker->remotes, maker->remote_count, sizeof *maker->remotes,
                   compare_remote);
}

void berth_snapshot_destroy(struct berth_bodies *bodies, struct berth_snapshot *snapshot) {
    if (!snapshot)
        return;
    for (size_t i = 0; i < snapshot->module_count; i++)
        berth_module_unref(bodies, snapshot->modules[i]);
    for (size_t i = 0; i < snapshot->page_count; i++) {
        free(snapshot->pages[i].name);
        free(snapshot->pages[i].path);
        berth_template_done(&snapshot->pages[i].template);
    }
    free(snapshot->modules);
    free(snapshot->pages);
    berth_view_done(&snapshot->remotes);
    free(snapshot);
}

static bool take_modules(struct maker *maker, struct berth_module *const *modules, size_t count) {
    struct berth_snapshot *snapshot = maker->snapshot;
    snapshot->modules = calloc(count ? count : 1, sizeof(struct berth_module *));
    maker->remotes = calloc(count ? count : 1, sizeof *maker->remotes);
    maker->previouses = calloc(count ? count : 1, sizeof *maker->previouses);
    if (!snapshot->modules || !maker->remotes || !maker->previouses)
        return false;
    for (size_t i = 0; i < count; i++) {
        snapshot->modules[i] = modules[i];
        modules[i]->refs++;
        snapshot->module_count++;
        if (berth_module_remote(modules[i], &maker->remotes[maker->remote_count]))
            maker->remote_count++;
    }
    json_t *json = berth_remotes_json(snapshot->generation, maker->remotes, maker->remote_count,
                                      maker->views->public_url);
    char *text = json ? berth_json_text(json) : NULL;
    json_decref(json);
    return berth_view_set(&snapshot->remotes, text, text ? strlen(text) : 0);
}

/* From memory, where a live version's files are; else from the store. */
static enum berth_code compose_file(const struct maker *maker, const struct berth_compose *compose,
                                    const struct berth_remote *remote,
                                    const struct berth_file *file, struct berth_template *ret,
                                    struct berth_error *error) {
    char *html = NULL;
    size_t length = (size_t)file->bytes;
    enum berth_code code = BERTH_OK;
    if (!file->body || file->bytes > DOCUMENT_MAX_BYTES)
        code = berth_blob_read(maker->views->store, &file->digest, DOCUMENT_MAX_BYTES, &html,
                               &length, error);
    if (code == BERTH_OK)
        code =
            berth_compose_document(compose, remote, html ? html : file->body, length, ret, error);
    free(html);
    return code;
}

/* The document's file in its module's live version; a page that has none is not available. */
static enum berth_code make_document(const struct maker *maker, const struct berth_compose *compose,
                                     struct berth_snapshot_page *page, struct berth_error *error) {
    const char *name = compose->page->document_module;
    const struct berth_module *module = berth_snapshot_module(maker->snapshot, name);
    const struct berth_remote *remote = compose->live(compose->context, name);
    const struct berth_file *file =
        module && module->live ? berth_edition_file(module->live, compose->page->document_file)
                               : NULL;
    if (!remote || !file)
        return BERTH_OK;
    struct berth_error problem = {0};
    enum berth_code code = compose_file(maker, compose, remote, file, &page->template, &problem);
    page->available = code == BERTH_OK;
    if (code == BERTH_OK)
        return BERTH_OK;
    berth_error_where(&problem, "%s@%s/%s", name, module->live->version, file->path);
    return berth_forgive_damage(code, &problem, error);
}

/* Only pages name the previous versions: a page that is open knows its own last good ones. */
static void add_previouses(struct maker *maker) {
    size_t at = 0;
    for (size_t i = 0; i < maker->snapshot->module_count; i++) {
        const struct berth_module *module = maker->snapshot->modules[i];
        if (berth_module_previous(module, &maker->previouses[at]))
            maker->remotes[at].previous = &maker->previouses[at];
        at += module->live != NULL;
    }
}

static const char *find_text(void *context, const char *name, const char *path,
                             size_t *ret_length) {
    const struct maker *maker = context;
    const struct berth_module *module = berth_snapshot_module(maker->snapshot, name);
    const struct berth_file *file =
        module && module->live ? berth_edition_file(module->live, path) : NULL;
    if (!file || !file->body)
        return NULL;
    *ret_length = (size_t)file->bytes;
    return file->body;
}

static enum berth_code make_page(struct maker *maker, const struct berth_page_source *source,
                                 struct berth_snapshot_page *page, struct berth_error *error) {
    struct berth_compose compose = {.name = source->name,
                                    .page = source->page,
                                    .generation = maker->snapshot->generation,
                                    .public_url = maker->views->public_url,
                                    .frontend = maker->views->frontend,
                                    .live = find_remote,
                                    .text = find_text,
                                    .context = maker};
    page->name = strdup(source->name);
    page->path = strdup(source->page->path);
    if (!page->name || !page->path)
        return berth_out_of_memory(error);
    if (source->page->document_module)
        return make_document(maker, &compose, page, error);
    enum berth_code code = berth_compose_page(&compose, &page->template, error);
    page->available = code == BERTH_OK;
    return code;
}

static int compare_pages(const void *a, const void *b) {
    return strcmp(((const struct berth_snapshot_page *)a)->path,
                  ((const struct berth_snapshot_page *)b)->path);
}

static enum berth_code make_pages(struct maker *maker, const struct berth_page_source *pages,
                                  size_t count, struct berth_error *error) {
    struct berth_snapshot *snapshot = maker->snapshot;
    add_previouses(maker);
    snapshot->pages = calloc(count ? count : 1, sizeof *snapshot->pages);
    if (!snapshot->pages)
        return berth_out_of_memory(error);
    for (size_t i = 0; i < count; i++) {
        snapshot->page_count++;
        enum berth_code code = make_page(maker, &pages[i], &snapshot->pages[i], error);
        if (code != BERTH_OK) {
            berth_error_where(error, "page %s", pages[i].name);
            return code;
        }
    }
    qsort(snapshot->pages, count, sizeof *snapshot->pages, compare_pages);
    return BERTH_OK;
}

enum berth_code berth_snapshot_create(int64_t generation, struct berth_module *const *modules,
                                      size_t module_count, const struct berth_page_source *pages,
                                      size_t page_count, const struct berth_views *views,
                                      struct berth_snapshot **ret, struct berth_error *error) {
    struct maker maker = {.snapshot = calloc(1, sizeof *maker.snapshot), .views = views};
    if (!maker.snapshot)
        return berth_out_of_memory(error);
    maker.snapshot->generation = generation;
    enum berth_code code = take_modules(&maker, modules, module_count)
                               ? make_pages(&maker, pages, page_count, error)
                               : berth_out_of_memory(error);
    free(maker.remotes);
    free(maker.previouses);
    if (code == BERTH_OK)
        *ret = maker.snapshot;
    else
        berth_snapshot_destroy(views->bodies, maker.snapshot);
    return code;
}

static int compare_module(const void *key, const void *module) {
    return strcmp(key, (*(struct berth_module *const *)module)->name);
}

const struct berth_module *berth_snapshot_module(const struct berth_snapshot *snapshot,
                                                 const char *name) {
    struct berth_module *const *found = bsearch(name, snapshot->modules, snapshot->module_count,
                                                sizeof(struct berth_module *), compare_module);
    return found ? *found : NULL;
}

static int compare_path(const void *key, const void *page) {
    return strcmp(key, ((const struct berth_snapshot_page *)page)->path);
}

const struct berth_snapshot_page *berth_snapshot_page(const struct berth_snapshot *snapshot,
                                                      const char *path) {
    return bsearch(path, snapshot->pages, snapshot->page_count, sizeof *snapshot->pages,
                   compare_path);
}
