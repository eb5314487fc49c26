#include "sqlite.h"
#include <assert.h>
#include <string.h>

/* A page as it is before a change; all zero and NULL for a name never used. Revisions go on
 * counting over a deletion. */
struct page {
    int64_t id;
    int64_t revision;
    int64_t generation;
    bool exists; /* not deleted */
    bool same;   /* has the path and manifest that are asked for */
};

static bool equal(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

static enum berth_code find_page(struct sqlite_registry *registry,
                                 const struct berth_page_put *request, struct page *ret,
                                 struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_PAGE_FIND);
    sqlite_put_text(&query, request->name);
    if (sqlite_row(&query)) {
        ret->id = sqlite_int(&query, 0);
        ret->revision = sqlite_int(&query, 1);
        ret->exists = sqlite_text(&query, 2);
        ret->generation = sqlite_int(&query, 5);
        ret->same = ret->exists && equal(sqlite_text(&query, 3), request->path) &&
                    equal(sqlite_text(&query, 4), request->manifest);
    }
    return sqlite_end(&query, error);
}

static enum berth_code check_expected(const struct berth_page_put *request, const struct page *page,
                                      struct berth_error *error) {
    int64_t revision = page->exists ? page->revision : 0;
    if (request->expected == BERTH_ANY_GENERATION || request->expected == revision)
        return BERTH_OK;
    berth_fail(error, BERTH_STALE, "generation-stale",
               "the page's revision is %lld, not the expected %lld", (long long)revision,
               (long long)request->expected);
    berth_error_hint(error, "read the page as it is now and decide again");
    return BERTH_STALE;
}

static enum berth_code check_path(struct sqlite_registry *registry,
                                  const struct berth_page_put *request, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    struct sqlite_query query = sqlite_begin(registry, SQL_PAGE_AT_PATH);
    sqlite_put_text(&query, request->path);
    if (sqlite_row(&query)) {
        const char *owner = sqlite_text(&query, 0);
        if (owner && strcmp(owner, request->name) != 0)
            code = berth_fail(error, BERTH_CONFLICT, "page-path", "the page \"%s\" has this path",
                              owner);
    }
    enum berth_code end = sqlite_end(&query, code ? NULL : error);
    return code ? code : end;
}

static enum berth_code set_page(struct sqlite_registry *registry,
                                const struct berth_page_put *request, struct page *page,
                                struct berth_error *error) {
    const char *path = request->manifest ? request->path : NULL;
    page->revision++;
    if (page->id == 0) {
        struct sqlite_query query = sqlite_begin(registry, SQL_PAGE_ADD);
        sqlite_put_text(&query, request->name);
        sqlite_put_text(&query, path);
        return sqlite_run_insert(&query, &page->id, error);
    }
    struct sqlite_query query = sqlite_begin(registry, SQL_PAGE_SET);
    sqlite_put_text(&query, path);
    sqlite_put_int(&query, page->revision);
    sqlite_put_int(&query, page->id);
    return sqlite_run(&query, error);
}

static enum berth_code add_revision(struct sqlite_registry *registry,
                                    const struct berth_page_put *request, struct page *page,
                                    struct berth_error *error) {
    struct sqlite_change change = {
        .kind = request->manifest ? BERTH_CHANGE_PAGE : BERTH_CHANGE_PAGE_DELETED,
        .page = page->id,
        .at_ms = request->at_ms,
        .by = request->by.name,
        .reason = request->reason,
    };
    enum berth_code code = sqlite_change_add(registry, &change, &page->generation, error);
    if (code)
        return code;
    struct sqlite_query query = sqlite_begin(registry, SQL_PAGE_REVISION_ADD);
    sqlite_put_int(&query, page->generation);
    sqlite_put_int(&query, page->id);
    sqlite_put_int(&query, page->revision);
    /* A deletion is recorded with the path that the page had. */
    sqlite_put_text(&query, request->manifest ? request->path : NULL);
    sqlite_put_text(&query, request->manifest);
    return sqlite_run(&query, error);
}

static enum berth_code audit(struct sqlite_registry *registry, const struct berth_page_put *request,
                             const struct page *page, struct berth_error *error) {
    struct sqlite_audit audit = {
        .action = request->manifest ? "page-put" : "page-delete",
        .subject = request->name,
        .at_ms = request->at_ms,
        .by = &request->by,
        .reason = request->reason,
        .details =
            json_pack("{sI sI ss*}", "generation", (json_int_t)page->generation, "revision",
                      (json_int_t)page->revision, "path", request->manifest ? request->path : NULL),
    };
    return sqlite_audit_add(registry, &audit, error);
}

static enum berth_code put_page(struct sqlite_registry *registry,
                                const struct berth_page_put *request, struct page *page,
                                struct berth_error *error) {
    enum berth_code code = find_page(registry, request, page, error);
    if (!code && !request->manifest && !page->exists)
        code = berth_fail(error, BERTH_NOT_FOUND, "page-unknown", "there is no such page");
    if (!code)
        code = check_expected(request, page, error);
    if (code || page->same)
        return code;
    if (request->manifest)
        code = check_path(registry, request, error);
    if (!code)
        code = set_page(registry, request, page, error);
    if (!code)
        code = add_revision(registry, request, page, error);
    return code ? code : audit(registry, request, page, error);
}

enum berth_code sqlite_page_put(struct berth_registry *base, const struct berth_page_put *request,
                                int64_t *ret_generation, int64_t *ret_revision,
                                struct berth_error *error) {
    assert(request->name && request->by.name && (request->path || !request->manifest));
    struct sqlite_registry *registry = sqlite_of(base);
    struct page page = {0};
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = sqlite_finish(registry, put_page(registry, request, &page, error), error);
    if (!code) {
        *ret_generation = page.generation;
        *ret_revision = page.revision;
    }
    return code;
}

static enum berth_code each_page(struct berth_registry *base, const char *name, berth_page_fn fn,
                                 void *context, struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, name ? SQL_PAGE_REVISIONS : SQL_PAGES_ALL);
    if (name)
        sqlite_put_text(&query, name);
    while (sqlite_row(&query)) {
        struct berth_page_record page = {
            .name = sqlite_text(&query, 0),
            .path = sqlite_text(&query, 1),
            .manifest = sqlite_text(&query, 2),
            .revision = sqlite_int(&query, 3),
            .generation = sqlite_int(&query, 4),
            .at_ms = sqlite_int(&query, 5),
            .by = sqlite_text(&query, 6),
        };
        if (query.result != SQLITE_ROW || !fn(&page, context))
            break;
    }
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    return code;
}

enum berth_code sqlite_pages_each(struct berth_registry *base, berth_page_fn fn, void *context,
                                  struct berth_error *error) {
    return each_page(base, NULL, fn, context, error);
}

enum berth_code sqlite_page_revisions_each(struct berth_registry *base, const char *name,
                                           berth_page_fn fn, void *context,
                                           struct berth_error *error) {
    return each_page(base, name, fn, context, error);
}
