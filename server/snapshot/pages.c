/* What is composed of all live modules together. */
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

static const struct berth_file *find_file(const struct maker *maker, const char *name,
                                          const char *path) {
    const struct berth_module *module = berth_snapshot_module(maker->snapshot, name);
    return module && module->live ? berth_edition_file(module->live, path) : NULL;
}

void berth_pages_unref(struct berth_snapshot_pages *pages) {
    if (!pages || --pages->refs)
        return;
    for (size_t i = 0; i < pages->count; i++) {
        free(pages->items[i].name);
        free(pages->items[i].path);
        berth_template_done(&pages->items[i].template);
    }
    free(pages->items);
    free(pages);
}

static enum berth_code find_remotes(struct maker *maker, struct berth_error *error) {
    const struct berth_snapshot *snapshot = maker->snapshot;
    size_t count = snapshot->module_count;
    maker->remotes = calloc(count + 1, sizeof *maker->remotes);
    maker->previouses = calloc(count + 1, sizeof *maker->previouses);
    if (!maker->remotes || !maker->previouses)
        return berth_out_of_memory(error);
    for (size_t i = 0; i < count; i++)
        if (berth_module_remote(snapshot->modules[i], &maker->remotes[maker->remote_count]))
            maker->remote_count++;
    return BERTH_OK;
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

/* From memory; a file that is damaged is not there, and one that is too large is refused by the
 * store's words. */
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
    const struct berth_remote *remote = compose->live(compose->context, name);
    const struct berth_file *file = find_file(maker, name, compose->page->document_file);
    if (!remote || !file)
        return BERTH_OK;
    struct berth_error problem = {0};
    enum berth_code code = compose_file(maker, compose, remote, file, &page->template, &problem);
    page->available = code == BERTH_OK;
    if (code == BERTH_OK)
        return BERTH_OK;
    berth_error_where(&problem, "%s@%s/%s", name, remote->version, file->path);
    return berth_forgive_damage(code, &problem, error);
}

static const char *find_text(void *context, const char *name, const char *path,
                             size_t *ret_length) {
    const struct berth_file *file = find_file(context, name, path);
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

static enum berth_code make_pages(struct maker *maker, const struct berth_page_source *sources,
                                  size_t count, struct berth_error *error) {
    struct berth_snapshot_pages *pages = calloc(1, sizeof *pages);
    if (!pages)
        return berth_out_of_memory(error);
    maker->snapshot->pages = pages;
    pages->refs = 1;
    pages->items = calloc(count + 1, sizeof *pages->items);
    if (!pages->items)
        return berth_out_of_memory(error);
    for (size_t i = 0; i < count; i++) {
        pages->count++;
        enum berth_code code = make_page(maker, &sources[i], &pages->items[i], error);
        if (code != BERTH_OK) {
            berth_error_where(error, "page %s", sources[i].name);
            return code;
        }
    }
    qsort(pages->items, count, sizeof *pages->items, compare_pages);
    return BERTH_OK;
}

enum berth_code berth_pages_create(struct berth_snapshot *snapshot,
                                   const struct berth_page_source *pages, size_t count,
                                   const struct berth_views *views, struct berth_error *error) {
    struct maker maker = {.snapshot = snapshot, .views = views};
    enum berth_code code = find_remotes(&maker, error);
    if (code == BERTH_OK) {
        add_previouses(&maker);
        code = make_pages(&maker, pages, count, error);
    }
    free(maker.remotes);
    free(maker.previouses);
    return code;
}
