/* Activations and history.
 *
 * The way back is a stack kept in the rows: each row's `back` is the row a rollback from it goes
 * to. An activation puts itself on top (back = what was live). A rollback makes a new row that
 * takes the `back` of the row it returns to, so the rows above that one are off the stack, and a
 * second rollback goes further. Rows of versions that were deleted are passed over, and so are
 * those of what is live: so a rollback always changes it.
 */
#include "sqlite.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum berth_code sqlite_generation(struct berth_registry *base, int64_t *ret,
                                  struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_GENERATION);
    int64_t generation = sqlite_row(&query) ? sqlite_int(&query, 0) : 0;
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    if (!code)
        *ret = generation;
    return code;
}

enum berth_code sqlite_change_add(struct sqlite_registry *registry,
                                  const struct sqlite_change *change, int64_t *ret,
                                  struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_CHANGE_ADD);
    sqlite_put_int(&query, change->kind);
    sqlite_put_id(&query, change->module);
    sqlite_put_id(&query, change->version);
    sqlite_put_id(&query, change->previous);
    sqlite_put_id(&query, change->back);
    sqlite_put_id(&query, change->page);
    sqlite_put_int(&query, change->at_ms);
    sqlite_put_text(&query, change->by);
    sqlite_put_text(&query, change->reason);
    return sqlite_run_insert(&query, ret, error);
}

/* A module's live row; all zero and NULL when nothing is live. */
struct live {
    int64_t module;
    int64_t generation;
    int64_t version;
    int64_t back;
    char *name; /* the version's text */
};

/* A module that is not known stays all zero. */
static enum berth_code find_live(struct sqlite_registry *registry, const char *module,
                                 struct live *ret, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_LIVE_FIND);
    sqlite_put_text(&query, module);
    if (sqlite_row(&query)) {
        ret->module = sqlite_int(&query, 0);
        ret->generation = sqlite_int(&query, 1);
        ret->version = sqlite_int(&query, 2);
        ret->back = sqlite_int(&query, 3);
        ret->name = sqlite_copy_text(&query, 4);
    }
    return sqlite_end(&query, error);
}

static enum berth_code check_expected(int64_t expected, int64_t found, struct berth_error *error) {
    if (expected == BERTH_ANY_GENERATION || expected == found)
        return BERTH_OK;
    berth_fail(error, BERTH_STALE, "generation-stale",
               "the live generation is %lld, not the expected %lld", (long long)found,
               (long long)expected);
    berth_error_hint(error, "read what is live now and decide again");
    return BERTH_STALE;
}

/* What is to become live, and where a rollback from there goes. */
struct target {
    int64_t version;
    int64_t back;
    char *name;
};

/* What the row names, unless that was deleted or is live: then only where it leads further. */
static enum berth_code read_back(struct sqlite_registry *registry, const struct live *live,
                                 int64_t generation, struct target *ret,
                                 struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_CHANGE_FIND);
    sqlite_put_int(&query, generation);
    if (sqlite_row(&query)) {
        ret->version = sqlite_int(&query, 0);
        ret->back = sqlite_int(&query, 1);
        if (sqlite_int(&query, 3) == 0 && ret->version != live->version)
            ret->name = sqlite_copy_text(&query, 2);
    }
    return sqlite_end(&query, error);
}

/* Without a way back there is no name. */
static enum berth_code target_back(struct sqlite_registry *registry, const struct live *live,
                                   struct target *ret, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    ret->back = live->back;
    while (!code && !ret->name && ret->back != 0) {
        int64_t row = ret->back;
        code = read_back(registry, live, row, ret, error);
        if (!code && ret->back >= row) /* a row always leads to an older one */
            return berth_fail(error, BERTH_IO, "database-damaged",
                              "the database is damaged: change %lld leads to no older one",
                              (long long)row);
    }
    return code;
}

enum berth_code sqlite_way_back(struct berth_registry *base, const char *module, char **ret,
                                struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    struct live live = {0};
    struct target target = {0};
    sqlite_lock(registry);
    enum berth_code code = find_live(registry, module, &live, error);
    if (!code)
        code = target_back(registry, &live, &target, error);
    sqlite_unlock(registry);
    free(live.name);
    if (code)
        free(target.name);
    else
        *ret = target.name;
    return code;
}

/* A version that was never live has no place on the stack: a rollback to it is put on top, like an
 * activation. */
static enum berth_code latest_back(struct sqlite_registry *registry, const struct live *live,
                                   struct target *target, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_CHANGE_LATEST_OF_VERSION);
    sqlite_put_int(&query, live->module);
    sqlite_put_int(&query, target->version);
    if (sqlite_row(&query))
        target->back = sqlite_int(&query, 0);
    return sqlite_end(&query, error);
}

static enum berth_code target_named(struct sqlite_registry *registry, const struct live *live,
                                    const struct berth_activate *request, struct target *ret,
                                    struct berth_error *error) {
    struct sqlite_version found;
    enum berth_code code =
        sqlite_version_named(registry, request->module, request->version, &found, error);
    if (code)
        return code;
    ret->version = found.id;
    ret->name = strdup(request->version);
    if (!ret->name)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    ret->back = live->generation;
    return request->rollback ? latest_back(registry, live, ret, error) : BERTH_OK;
}

static enum berth_code make_live(struct sqlite_registry *registry, const struct live *live,
                                 const struct target *target, const struct berth_activate *request,
                                 int64_t *ret, struct berth_error *error) {
    struct sqlite_change change = {
        .kind = request->rollback ? BERTH_CHANGE_ROLLBACK : BERTH_CHANGE_ACTIVATION,
        .module = live->module,
        .version = target->version,
        .previous = live->version,
        .back = target->back,
        .at_ms = request->at_ms,
        .by = request->by.name,
        .reason = request->reason,
    };
    enum berth_code code = sqlite_change_add(registry, &change, ret, error);
    if (code)
        return code;
    struct sqlite_query query = sqlite_begin(registry, SQL_LIVE_SET);
    sqlite_put_int(&query, live->module);
    sqlite_put_int(&query, *ret);
    return sqlite_run(&query, error);
}

static enum berth_code audit(struct sqlite_registry *registry, const struct live *live,
                             const struct target *target, const struct berth_activate *request,
                             int64_t generation, struct berth_error *error) {
    struct sqlite_audit audit = {
        .action = request->rollback ? "rollback" : "activate",
        .module = request->module,
        .version = target->name,
        .at_ms = request->at_ms,
        .by = &request->by,
        .reason = request->reason,
        .details =
            json_pack("{sI ss?}", "generation", (json_int_t)generation, "previous", live->name),
    };
    if (request->breaks && audit.details) {
        json_object_set_new(audit.details, "forced", json_true());
        json_object_set_new(audit.details, "breaks", json_integer((json_int_t)request->breaks));
    }
    return sqlite_audit_add(registry, &audit, error);
}

static enum berth_code activate(struct sqlite_registry *registry,
                                const struct berth_activate *request, struct live *live,
                                struct target *target, int64_t *ret, struct berth_error *error) {
    enum berth_code code = find_live(registry, request->module, live, error);
    if (!code && live->module == 0)
        code = berth_fail(error, BERTH_NOT_FOUND, "module-unknown", "there is no such module");
    if (!code)
        code = check_expected(request->expected, live->generation, error);
    if (!code)
        code = request->version ? target_named(registry, live, request, target, error)
                                : target_back(registry, live, target, error);
    if (!code && !target->name)
        code = berth_fail(error, BERTH_CONFLICT, "no-way-back",
                          "there is no earlier version to go back to");
    if (code)
        return code;
    *ret = live->generation;
    if (target->version == live->version)
        return BERTH_OK;
    code = make_live(registry, live, target, request, ret, error);
    return code ? code : audit(registry, live, target, request, *ret, error);
}

enum berth_code sqlite_activate(struct berth_registry *base, const struct berth_activate *request,
                                struct berth_activated *ret, struct berth_error *error) {
    assert(request->module && request->by.name && (request->version || request->rollback));
    struct sqlite_registry *registry = sqlite_of(base);
    struct live live = {0};
    struct target target = {0};
    int64_t generation = 0;
    enum berth_code code = sqlite_transaction(registry, error);
    if (code)
        return code;
    code = activate(registry, request, &live, &target, &generation, error);
    code = sqlite_finish(registry, code, error);
    if (code) {
        free(live.name);
        free(target.name);
        return code;
    }
    *ret = (struct berth_activated){
        .generation = generation,
        .version = target.name,
        .previous = live.name,
        .changed = generation != live.generation,
    };
    return BERTH_OK;
}

static void read_change(struct sqlite_query *query, struct berth_change *ret) {
    *ret = (struct berth_change){
        .generation = sqlite_int(query, 0),
        .kind = (enum berth_change_kind)sqlite_int(query, 1),
        .module = sqlite_text(query, 2),
        .version = sqlite_text(query, 3),
        .previous = sqlite_text(query, 4),
        .page = sqlite_text(query, 5),
        .at_ms = sqlite_int(query, 6),
        .by = sqlite_text(query, 7),
        .reason = sqlite_text(query, 8),
    };
}

static void each_change(struct sqlite_query *query, berth_change_fn fn, void *context) {
    while (sqlite_row(query)) {
        struct berth_change change;
        read_change(query, &change);
        if (query->result != SQLITE_ROW || !fn(&change, context))
            break;
    }
}

enum berth_code sqlite_live_each(struct berth_registry *base, berth_change_fn fn, void *context,
                                 struct berth_error *error) {
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, SQL_LIVE_ALL);
    each_change(&query, fn, context);
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    return code;
}

enum berth_code sqlite_changes_each(struct berth_registry *base, const char *module,
                                    const char *page, int64_t before, int limit, berth_change_fn fn,
                                    void *context, struct berth_error *error) {
    assert(!(module && page) && limit >= 0);
    struct sqlite_registry *registry = sqlite_of(base);
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, module ? SQL_CHANGES_OF_MODULE
                                                       : page ? SQL_CHANGES_OF_PAGE
                                                              : SQL_CHANGES_ALL);
    if (module || page)
        sqlite_put_text(&query, module ? module : page);
    sqlite_put_int(&query, before > 0 ? before : INT64_MAX);
    sqlite_put_int(&query, limit);
    each_change(&query, fn, context);
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    return code;
}
