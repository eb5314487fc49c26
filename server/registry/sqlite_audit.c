/* The audit: one record a change, each with the hash of the one before it. */
#include "sqlite.h"

#include "berth/name.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- writing --- */

/* The newest record's id and hash; zero when there is none. */
static enum berth_code read_last(struct sqlite_registry *registry, int64_t *ret_id,
                                 struct berth_digest *ret, struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_AUDIT_LAST);
    *ret_id = 0;
    *ret = (struct berth_digest){{0}};
    if (sqlite_row(&query)) {
        *ret_id = sqlite_int(&query, 0);
        *ret = sqlite_digest(&query, 1);
    }
    return sqlite_end(&query, error);
}

static enum berth_code add_record(struct sqlite_registry *registry,
                                  const struct berth_audit_record *record,
                                  struct berth_error *error) {
    struct sqlite_query query = sqlite_begin(registry, SQL_AUDIT_ADD);
    sqlite_put_int(&query, record->id);
    sqlite_put_int(&query, record->at_ms);
    sqlite_put_text(&query, record->action);
    sqlite_put_text(&query, record->module);
    sqlite_put_text(&query, record->subject);
    sqlite_put_text(&query, record->actor);
    sqlite_put_text(&query, record->token);
    sqlite_put_text(&query, record->remote);
    sqlite_put_text(&query, record->reason);
    sqlite_put_text(&query, record->details);
    sqlite_put_digest(&query, &record->hash);
    return sqlite_run(&query, error);
}

static enum berth_code chain(struct sqlite_registry *registry, struct berth_audit_record *record,
                             struct berth_error *error) {
    struct berth_digest previous;
    int64_t last = 0;
    enum berth_code code = read_last(registry, &last, &previous, error);
    if (code)
        return code;
    record->id = last + 1;
    if (!record->details || !record->subject || !berth_audit_hash(&previous, record, &record->hash))
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    return add_record(registry, record, error);
}

static char *subject_of(const struct sqlite_audit *audit) {
    char *text = NULL;
    if (!audit->module)
        return strdup(audit->subject);
    return asprintf(&text, "%s@%s", audit->module, audit->version) < 0 ? NULL : text;
}

enum berth_code sqlite_audit_add(struct sqlite_registry *registry, const struct sqlite_audit *audit,
                                 struct berth_error *error) {
    char *subject = subject_of(audit);
    char *details = audit->details ? berth_json_text(audit->details) : NULL;
    struct berth_audit_record record = {
        .at_ms = audit->at_ms,
        .action = audit->action,
        .module = audit->module,
        .subject = subject,
        .actor = audit->by->name,
        .token = audit->by->token,
        .remote = audit->by->remote,
        .reason = audit->reason,
        .details = details,
    };
    enum berth_code code = chain(registry, &record, error);
    json_decref(audit->details);
    free(subject);
    free(details);
    return code;
}

/* --- reading --- */

static struct berth_audit_record read_record(struct sqlite_query *query) {
    return (struct berth_audit_record){
        .id = sqlite_int(query, 0),
        .at_ms = sqlite_int(query, 1),
        .action = sqlite_text(query, 2),
        .module = sqlite_text(query, 3),
        .subject = sqlite_text(query, 4),
        .actor = sqlite_text(query, 5),
        .token = sqlite_text(query, 6),
        .remote = sqlite_text(query, 7),
        .reason = sqlite_text(query, 8),
        .details = sqlite_text(query, 9),
        .hash = sqlite_digest(query, 10),
    };
}

/* What a filter's pattern covers. */
enum cover { COVER_ALL, COVER_ANY_MODULE, COVER_MODULE, COVER_SCOPE };

static enum cover cover_of(const char *pattern) {
    if (!pattern)
        return COVER_ALL;
    if (strcmp(pattern, "*") == 0)
        return COVER_ANY_MODULE;
    size_t length = strlen(pattern);
    return length > 2 && strcmp(pattern + length - 2, "/*") == 0 ? COVER_SCOPE : COVER_MODULE;
}

static enum sqlite_sql statement_for(const struct berth_audit_filter *filter, enum cover cover) {
    bool after = filter->oldest_first;
    if (cover == COVER_MODULE)
        return after ? SQL_AUDIT_AFTER_OF_MODULE : SQL_AUDIT_BEFORE_OF_MODULE;
    if (cover == COVER_SCOPE)
        return after ? SQL_AUDIT_AFTER_OF_SCOPE : SQL_AUDIT_BEFORE_OF_SCOPE;
    if (filter->action)
        return after ? SQL_AUDIT_AFTER_OF_ACTION : SQL_AUDIT_BEFORE_OF_ACTION;
    return after ? SQL_AUDIT_AFTER : SQL_AUDIT_BEFORE;
}

/* Names of a scope lie between two texts, as SQLite compares them: bytewise. */
struct range {
    char low[BERTH_MODULE_MAX_BYTES + 2];  /* "@scope/" */
    char high[BERTH_MODULE_MAX_BYTES + 2]; /* "@scope0", which comes after all of them */
};

static void put_filter(struct sqlite_query *query, const struct berth_audit_filter *filter,
                       enum cover cover, struct range *range) {
    int length = filter->modules ? (int)strlen(filter->modules) - 2 : 0;
    if (cover == COVER_MODULE) {
        sqlite_put_text(query, filter->modules);
    } else if (cover == COVER_SCOPE) {
        (void)snprintf(range->low, sizeof range->low, "%.*s/", length, filter->modules);
        (void)snprintf(range->high, sizeof range->high, "%.*s%c", length, filter->modules, '/' + 1);
        sqlite_put_text(query, range->low);
        sqlite_put_text(query, range->high);
    } else {
        sqlite_put_int(query, cover == COVER_ANY_MODULE);
    }
    if (filter->action || cover == COVER_MODULE || cover == COVER_SCOPE)
        sqlite_put_text(query, filter->action);
    int64_t before = filter->before > 0 ? filter->before : INT64_MAX;
    sqlite_put_int(query, filter->oldest_first ? filter->after : before);
    sqlite_put_int(query, filter->limit);
}

enum berth_code sqlite_audit_each(struct berth_registry *base,
                                  const struct berth_audit_filter *filter, berth_audit_fn fn,
                                  void *context, struct berth_error *error) {
    assert(filter->limit >= 0);
    struct sqlite_registry *registry = sqlite_of(base);
    enum cover cover = cover_of(filter->modules);
    struct range range;
    sqlite_lock(registry);
    struct sqlite_query query = sqlite_begin(registry, statement_for(filter, cover));
    put_filter(&query, filter, cover, &range);
    while (sqlite_row(&query)) {
        struct berth_audit_record record = read_record(&query);
        if (query.result != SQLITE_ROW || !fn(&record, context))
            break;
    }
    enum berth_code code = sqlite_end(&query, error);
    sqlite_unlock(registry);
    return code;
}

/* --- checking --- */

struct check {
    int64_t count; /* also the last id: they have no gaps */
    struct berth_digest last;
    bool more;
    int64_t broken; /* the first bad id */
    enum berth_code code;
};

static bool check_record(const struct berth_audit_record *record, void *context) {
    struct check *check = context;
    struct berth_digest hash;
    if (!berth_audit_hash(&check->last, record, &hash)) {
        check->code = BERTH_NO_MEMORY;
        return false;
    }
    check->count++;
    check->more = true;
    if (record->id != check->count || !berth_digest_equal(&hash, &record->hash))
        check->broken = check->count;
    check->last = record->hash;
    return check->broken == 0;
}

enum berth_code sqlite_audit_check(struct berth_registry *base, int64_t *ret_count,
                                   struct berth_digest *ret_last, struct berth_error *error) {
    enum { PORTION = 500 };
    struct check check = {.more = true};
    while (check.more && !check.broken && !check.code) {
        struct berth_audit_filter filter = {
            .oldest_first = true, .after = check.count ? check.count : INT64_MIN, .limit = PORTION};
        check.more = false;
        enum berth_code code = sqlite_audit_each(base, &filter, check_record, &check, error);
        if (code)
            return code;
        if (check.more)
            sqlite_give_turn();
    }
    if (check.code)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (check.broken) {
        berth_fail(error, BERTH_IO, "audit-broken",
                   "audit record %lld is not what was written, or is missing",
                   (long long)check.broken);
        berth_error_hint(error, "hold it against a copy or a backup; all before it is sound");
        return BERTH_IO;
    }
    *ret_count = check.count;
    *ret_last = check.last;
    return BERTH_OK;
}
