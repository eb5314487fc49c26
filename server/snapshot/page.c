/* One page of a snapshot, composed when it is first asked for: an activation changes many pages
 * where a module is on all of them, and most are not asked for before the next one. */
#include "nodes.h"

#include "berth/json.h"
#include "berth/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    DOCUMENT_MAX_BYTES = 4 * 1024 * 1024,
    /* Of specs in one page. What else a page is made of has limits that are far below the one of
     * pages together: a page with less than this always fits. */
    SPECS_SAFE_BYTES = 256 * 1024,
};

/* The largest number that JavaScript tells from the next. */
static const int64_t NEWEST_GENERATION = INT64_C(9007199254740991);

/* Shared by the nodes of one page in all snapshots. */
struct page_manifest {
    char *name;
    struct berth_page page;
    int refs; /* the writer's */
};

struct page_node {
    struct page_manifest *manifest;
    const struct berth_views *views;
    int refs; /* the writer's: a page that stays as it is is shared by snapshots */
    pthread_mutex_t lock;
    _Atomic(struct berth_snapshot_page *) made;
    atomic_int told; /* enum berth_code: why it could not be made, as the log says already */
};

static const struct berth_snapshot_page not_made = {.path = "", .failed = true};

/* --- nodes --- */

static void unref_manifest(struct page_manifest *manifest) {
    if (!manifest || --manifest->refs)
        return;
    free(manifest->name);
    berth_page_done(&manifest->page);
    free(manifest);
}

static struct page_manifest *create_manifest(const struct berth_page_source *source) {
    struct page_manifest *manifest = calloc(1, sizeof *manifest);
    if (!manifest)
        return NULL;
    manifest->refs = 1;
    manifest->name = strdup(source->name);
    if (!manifest->name ||
        berth_page_parse(source->page->root, &manifest->page, NULL) != BERTH_OK) {
        free(manifest->name);
        free(manifest);
        return NULL;
    }
    return manifest;
}

/* Takes the manifest, which may be NULL: out of memory. */
static struct page_node *create_node(struct page_manifest *manifest,
                                     const struct berth_views *views) {
    struct page_node *node = manifest ? calloc(1, sizeof *node) : NULL;
    if (!node) {
        unref_manifest(manifest);
        return NULL;
    }
    node->manifest = manifest;
    node->views = views;
    node->refs = 1;
    pthread_mutex_init(&node->lock, NULL);
    atomic_init(&node->made, NULL);
    atomic_init(&node->told, BERTH_OK);
    return node;
}

struct page_node *berth_page_node_create(const struct berth_page_source *source,
                                         const struct berth_views *views) {
    return create_node(create_manifest(source), views);
}

struct page_node *berth_page_node_again(const struct page_node *node) {
    node->manifest->refs++;
    return create_node(node->manifest, node->views);
}

struct page_node *berth_page_node_ref(struct page_node *node) {
    node->refs++;
    return node;
}

void berth_page_node_unref(struct page_node *node) {
    if (!node || --node->refs)
        return;
    struct berth_snapshot_page *made = atomic_load(&node->made);
    if (made)
        berth_template_done(&made->template);
    free(made);
    unref_manifest(node->manifest);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

bool berth_page_node_lacks(const struct page_node *node) {
    const struct berth_snapshot_page *made = atomic_load(&node->made);
    return made && made->lacks;
}

const struct berth_page *berth_page_node_page(const struct page_node *node) {
    return &node->manifest->page;
}

/* The manifest is held by its JSON, which lives for as long as the node. */
bool berth_page_node_is(const struct page_node *node, const struct berth_page_source *source) {
    return node->manifest->page.root == source->page->root &&
           strcmp(node->manifest->name, source->name) == 0;
}

/* --- composing --- */

/* What a page shows, by the name of the module. */
struct maker {
    const struct berth_snapshot *snapshot;
    const struct berth_views *views;
    const struct berth_edition *preview; /* in place of what is live of its module, or NULL */
    int64_t generation;                  /* of the newest activation among them */
    bool lacks;                          /* a file */
    size_t count;
    struct berth_remote remotes[BERTH_PAGE_MAX_SLOTS];
    /* Only pages name the previous versions: a page that is open knows its own last good ones. */
    struct berth_remote previouses[BERTH_PAGE_MAX_SLOTS];
};

static const struct berth_remote *find_remote(void *context, const char *module) {
    const struct maker *maker = context;
    for (size_t i = 0; i < maker->count; i++)
        if (strcmp(maker->remotes[i].module, module) == 0)
            return &maker->remotes[i];
    return NULL;
}

static const struct berth_file *find_file(const struct berth_snapshot *snapshot, const char *name,
                                          const char *path) {
    const struct berth_module *module = berth_snapshot_module(snapshot, name);
    return module && module->live ? berth_edition_file(module->live, path) : NULL;
}

static bool is_preview(const struct maker *maker, const char *name) {
    return maker->preview && strcmp(maker->preview->module, name) == 0;
}

static const struct berth_file *find_shown(const struct maker *maker, const char *name,
                                           const char *path) {
    return is_preview(maker, name) ? berth_edition_file(maker->preview, path)
                                   : find_file(maker->snapshot, name, path);
}

static const char *find_text(void *context, const char *name, const char *path,
                             size_t *ret_length) {
    struct maker *maker = context;
    const struct berth_file *file = find_shown(maker, name, path);
    maker->lacks = maker->lacks || (file && !file->body);
    if (!file || !file->body)
        return NULL;
    *ret_length = (size_t)file->bytes;
    return file->body;
}

/* Newer than all that the page will hear of the module. */
static void add_preview(struct maker *maker) {
    const struct berth_edition *preview = maker->preview;
    maker->remotes[maker->count++] = (struct berth_remote){.module = preview->module,
                                                           .version = preview->version,
                                                           .generation = NEWEST_GENERATION,
                                                           .description = preview->description};
}

static void add_remote(struct maker *maker, const char *name) {
    const struct berth_module *module = berth_snapshot_module(maker->snapshot, name);
    struct berth_remote *remote = &maker->remotes[maker->count];
    if (!module || find_remote(maker, name))
        return;
    if (is_preview(maker, name))
        add_preview(maker);
    if (is_preview(maker, name) || !berth_module_remote(module, remote))
        return;
    if (berth_module_previous(module, &maker->previouses[maker->count]))
        remote->previous = &maker->previouses[maker->count];
    if (remote->generation > maker->generation)
        maker->generation = remote->generation;
    maker->count++;
}

/* From memory; a file that is damaged is not there. */
static enum berth_code compose_file(const struct maker *maker, const struct berth_compose *compose,
                                    const struct berth_remote *remote,
                                    const struct berth_file *file, struct berth_template *ret,
                                    struct berth_error *error) {
    char *html = NULL;
    size_t length = (size_t)file->bytes;
    enum berth_code code = BERTH_OK;
    if (!file->body)
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
    const struct berth_file *file = find_shown(maker, name, compose->page->document_file);
    if (!remote || !file)
        return BERTH_OK;
    struct berth_error problem = {0};
    enum berth_code code = compose_file(maker, compose, remote, file, &page->template, &problem);
    page->available = code == BERTH_OK;
    page->lacks = code != BERTH_OK;
    if (code == BERTH_OK)
        return BERTH_OK;
    berth_error_where(&problem, "%s@%s/%s", name, remote->version, file->path);
    return berth_forgive_damage(code, &problem, error);
}

static enum berth_code make_page(struct maker *maker, const struct page_manifest *manifest,
                                 struct berth_snapshot_page *ret, struct berth_error *error) {
    const struct berth_page *page = &manifest->page;
    if (page->document_module)
        add_remote(maker, page->document_module);
    for (size_t i = 0; i < page->slot_count; i++)
        add_remote(maker, page->slots[i].module);
    struct berth_compose compose = {.name = manifest->name,
                                    .page = page,
                                    .generation = maker->generation,
                                    .public_url = maker->views->public_url,
                                    .frontend = maker->views->frontend,
                                    .live = find_remote,
                                    .text = find_text,
                                    .context = maker};
    if (maker->preview) {
        compose.preview_module = maker->preview->module;
        compose.preview_version = maker->preview->version;
    }
    ret->path = page->path;
    if (page->document_module)
        return make_document(maker, &compose, ret, error);
    enum berth_code code = berth_compose_page(&compose, &ret->template, error);
    ret->available = code == BERTH_OK;
    ret->lacks = maker->lacks;
    return code;
}

/* NULL with the error: memory, or a page that is too large. */
static struct berth_snapshot_page *make(const struct berth_snapshot *snapshot,
                                        const struct page_node *node,
                                        const struct berth_edition *preview,
                                        struct berth_error *error) {
    struct maker *maker = calloc(1, sizeof *maker);
    struct berth_snapshot_page *page = calloc(1, sizeof *page);
    bool made = maker && page;
    if (made) {
        maker->snapshot = snapshot;
        maker->views = node->views;
        maker->preview = preview;
        made = make_page(maker, node->manifest, page, error) == BERTH_OK;
    } else {
        (void)berth_out_of_memory(error);
    }
    free(maker);
    if (made)
        return page;
    free(page);
    berth_error_where(error, "page %s", node->manifest->name);
    return NULL;
}

const struct berth_snapshot_page *berth_page_node_known(const struct page_node *node) {
    return atomic_load_explicit(&node->made, memory_order_acquire);
}

/* One thread makes it, others wait: it takes less than a millisecond. */
static const struct berth_snapshot_page *
page_of(const struct berth_snapshot *snapshot, struct page_node *node, struct berth_error *error) {
    const struct berth_snapshot_page *known = berth_page_node_known(node);
    if (known)
        return known;
    pthread_mutex_lock(&node->lock);
    struct berth_snapshot_page *page = atomic_load_explicit(&node->made, memory_order_relaxed);
    if (!page && (page = make(snapshot, node, NULL, error)))
        atomic_store_explicit(&node->made, page, memory_order_release);
    pthread_mutex_unlock(&node->lock);
    return page;
}

struct berth_snapshot_page *berth_page_node_preview(const struct berth_snapshot *snapshot,
                                                    const struct page_node *node,
                                                    const struct berth_edition *edition,
                                                    struct berth_error *error) {
    return make(snapshot, node, edition, error);
}

/* Once, however many ask: each of their answers is counted, and is a line of its own. */
static void tell(struct page_node *node, const struct berth_error *error) {
    if (atomic_exchange(&node->told, (int)error->code) == (int)error->code)
        return;
    berth_log_event("error", error->rule,
                    json_pack("{ss ss}", "where", error->where, "text", error->text));
}

const struct berth_snapshot_page *berth_page_node_made(const struct berth_snapshot *snapshot,
                                                       struct page_node *node) {
    struct berth_error error = {0};
    const struct berth_snapshot_page *page = page_of(snapshot, node, &error);
    if (page)
        return page;
    tell(node, &error);
    return &not_made;
}

/* --- ahead of a row --- */

static enum berth_code check_document(const struct berth_snapshot *snapshot,
                                      const struct berth_page *page, struct berth_error *error) {
    const struct berth_file *file = find_file(snapshot, page->document_module, page->document_file);
    if (!file || file->bytes <= DOCUMENT_MAX_BYTES)
        return BERTH_OK;
    berth_fail(error, BERTH_TOO_LARGE, "page-size", "a page's document may have %d bytes",
               DOCUMENT_MAX_BYTES);
    berth_error_where(error, "%s@%s/%s", page->document_module,
                      berth_snapshot_module(snapshot, page->document_module)->live->version,
                      file->path);
    return BERTH_TOO_LARGE;
}

/* The live entry of a module has its spec as pages have it, after the runtime. */
static bool is_small(const struct berth_snapshot *snapshot, const struct page_node *node,
                     size_t runtime_bytes) {
    const struct berth_page *page = &node->manifest->page;
    size_t bytes = 0;
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_module *module = berth_snapshot_module(snapshot, page->slots[i].module);
        if (module && module->live)
            bytes += module->live_entry->length - runtime_bytes;
    }
    return bytes <= SPECS_SAFE_BYTES;
}

enum berth_code berth_page_node_check(const struct berth_snapshot *snapshot, struct page_node *node,
                                      size_t runtime_bytes, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    struct berth_error problem = {0};
    if (node->manifest->page.document_module)
        code = check_document(snapshot, &node->manifest->page, &problem);
    else if (!is_small(snapshot, node, runtime_bytes) && !page_of(snapshot, node, &problem))
        code = problem.code;
    if (code != BERTH_OK && error && error->code == BERTH_OK)
        *error = problem;
    return code;
}
