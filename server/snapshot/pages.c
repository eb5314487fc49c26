/* The pages of a snapshot. Each is shared with the snapshot before, composed or not, where nothing
 * that it shows has changed. */
#include "nodes.h"

#include <stdlib.h>
#include <string.h>

/* Sorted by path. */
struct berth_snapshot_pages {
    struct page_node **items;
    size_t count;
    int refs; /* the writer's */
};

void berth_pages_unref(struct berth_snapshot_pages *pages) {
    if (!pages || --pages->refs)
        return;
    for (size_t i = 0; i < pages->count; i++)
        berth_page_node_unref(pages->items[i]);
    free(pages->items);
    free(pages);
}

static struct berth_snapshot_pages *create(size_t capacity) {
    struct berth_snapshot_pages *pages = calloc(1, sizeof *pages);
    if (!pages)
        return NULL;
    pages->refs = 1;
    pages->items = calloc(capacity + 1, sizeof(struct page_node *));
    if (pages->items)
        return pages;
    free(pages);
    return NULL;
}

static const char *path_of(const struct page_node *node) {
    return berth_page_node_page(node)->path;
}

static int compare_nodes(const void *a, const void *b) {
    return strcmp(path_of(*(struct page_node *const *)a), path_of(*(struct page_node *const *)b));
}

static int compare_path(const void *key, const void *node) {
    return strcmp(key, path_of(*(struct page_node *const *)node));
}

static struct page_node *find(const struct berth_snapshot_pages *pages, const char *path) {
    struct page_node **found =
        pages ? bsearch(path, pages->items, pages->count, sizeof(struct page_node *), compare_path)
              : NULL;
    return found ? *found : NULL;
}

const struct berth_snapshot_page *berth_snapshot_page(const struct berth_snapshot *snapshot,
                                                      const char *path) {
    struct page_node *node = find(snapshot->pages, path);
    return node ? berth_page_node_made(snapshot, node) : NULL;
}

const struct berth_page *berth_snapshot_page_manifest(const struct berth_snapshot *snapshot,
                                                      const char *path) {
    const struct page_node *node = find(snapshot->pages, path);
    return node ? berth_page_node_page(node) : NULL;
}

const struct berth_snapshot_page *berth_snapshot_page_made(const struct berth_snapshot *snapshot,
                                                           const char *path, bool *ret_waits) {
    const struct page_node *node = find(snapshot->pages, path);
    const struct berth_snapshot_page *page = node ? berth_page_node_known(node) : NULL;
    *ret_waits = node && !page;
    return page;
}

enum berth_code berth_snapshot_preview(const struct berth_snapshot *snapshot, const char *path,
                                       const struct berth_edition *edition,
                                       struct berth_snapshot_page **ret,
                                       struct berth_error *error) {
    const struct page_node *node = find(snapshot->pages, path);
    *ret = node ? berth_page_node_preview(snapshot, node, edition, error) : NULL;
    return node && !*ret ? error->code : BERTH_OK;
}

/* --- what has changed --- */

/* Names of modules of which pages would be other ones. */
struct changes {
    const char **names;
    size_t count;
};

/* NULL: not there. */
static bool shows_same(const struct berth_module *a, const struct berth_module *b) {
    return a == b || (a && b && a->live == b->live && a->previous == b->previous &&
                      a->live_generation == b->live_generation);
}

/* Both are sorted by name. */
static bool find_changes(const struct berth_snapshot *before, const struct berth_snapshot *after,
                         struct changes *ret) {
    size_t i = 0, j = 0;
    ret->count = 0;
    ret->names = malloc((before->module_count + after->module_count + 1) * sizeof(char *));
    while (ret->names && (i < before->module_count || j < after->module_count)) {
        const struct berth_module *a = i < before->module_count ? before->modules[i] : NULL;
        const struct berth_module *b = j < after->module_count ? after->modules[j] : NULL;
        int order = !a ? 1 : !b ? -1 : a == b ? 0 : strcmp(a->name, b->name);
        if (!shows_same(order > 0 ? NULL : a, order < 0 ? NULL : b))
            ret->names[ret->count++] = order > 0 ? b->name : a->name;
        i += order <= 0;
        j += order >= 0;
    }
    return ret->names;
}

static bool is_changed(const struct changes *changes, const char *module) {
    for (size_t i = 0; i < changes->count; i++)
        if (strcmp(changes->names[i], module) == 0)
            return true;
    return false;
}

static bool stays(const struct changes *changes, const struct page_node *node) {
    const struct berth_page *page = berth_page_node_page(node);
    if (page->document_module && is_changed(changes, page->document_module))
        return false;
    for (size_t i = 0; changes->count && i < page->slot_count; i++)
        if (is_changed(changes, page->slots[i].module))
            return false;
    return true;
}

/* --- the next pages --- */

static enum berth_code add_page(const struct berth_snapshot *before,
                                const struct berth_snapshot *snapshot,
                                const struct changes *changes,
                                const struct berth_page_source *source,
                                const struct berth_views *views, struct berth_error *error) {
    struct berth_snapshot_pages *pages = snapshot->pages;
    struct page_node *old = before ? find(before->pages, source->page->path) : NULL;
    if (old && !berth_page_node_is(old, source))
        old = NULL;
    struct page_node *node = !old                  ? berth_page_node_create(source, views)
                             : stays(changes, old) ? berth_page_node_ref(old)
                                                   : berth_page_node_again(old);
    if (!node)
        return berth_out_of_memory(error);
    pages->items[pages->count++] = node;
    return node == old
               ? BERTH_OK
               : berth_page_node_check(snapshot, node, strlen(views->frontend->live), error);
}

enum berth_code berth_pages_create(struct berth_snapshot *snapshot,
                                   const struct berth_snapshot *before,
                                   const struct berth_page_source *sources, size_t count,
                                   const struct berth_views *views, struct berth_error *error) {
    struct changes changes = {0};
    struct berth_snapshot_pages *pages = snapshot->pages = create(count);
    if (!pages || (before && !find_changes(before, snapshot, &changes)))
        return berth_out_of_memory(error);
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; code == BERTH_OK && i < count; i++)
        code = add_page(before, snapshot, &changes, &sources[i], views, error);
    free(changes.names);
    qsort(pages->items, pages->count, sizeof(struct page_node *), compare_nodes);
    return code;
}

static bool any_lacks(const struct berth_snapshot_pages *pages) {
    for (size_t i = 0; i < pages->count; i++)
        if (berth_page_node_lacks(pages->items[i]))
            return true;
    return false;
}

struct berth_snapshot_pages *berth_pages_share(struct berth_snapshot_pages *pages) {
    if (!any_lacks(pages)) {
        pages->refs++;
        return pages;
    }
    struct berth_snapshot_pages *next = create(pages->count);
    for (size_t i = 0; next && i < pages->count; i++) {
        struct page_node *node = pages->items[i];
        node =
            berth_page_node_lacks(node) ? berth_page_node_again(node) : berth_page_node_ref(node);
        if (!node) {
            berth_pages_unref(next);
            return NULL;
        }
        next->items[next->count++] = node;
    }
    return next;
}
