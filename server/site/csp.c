#include "csp.h"

#include "berth/json.h"
#include "berth/log.h"
#include "handlers.h"

#include <string.h>
#include <strings.h>

enum { REPORT_MAX_BYTES = 32 * 1024, TEXT_MAX_BYTES = 600 };

struct member {
    const char *name; /* in the log */
    const char *old;  /* in application/csp-report */
    const char *now;  /* in application/reports+json */
};

static const struct member urls[] = {{"document", "document-uri", "documentURL"},
                                     {"blocked", "blocked-uri", "blockedURL"},
                                     {"source", "source-file", "sourceFile"}};
static const struct member texts[] = {{"directive", "effective-directive", "effectiveDirective"},
                                      {"disposition", "disposition", "disposition"},
                                      {"sample", "script-sample", "sample"}};
static const struct member numbers[] = {{"line", "line-number", "lineNumber"},
                                        {"column", "column-number", "columnNumber"}};

enum { URLS = sizeof urls / sizeof *urls, TEXTS = sizeof texts / sizeof *texts };
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static const json_t *find(const json_t *body, const struct member *member) {
    const json_t *value = json_object_get(body, member->old);
    return value ? value : json_object_get(body, member->now);
}

static void copy_text(json_t *to, const json_t *body, const struct member *member,
                      const char *cut_at) {
    const char *text = json_string_value(find(body, member));
    size_t length = text ? strcspn(text, cut_at) : 0;
    if (length && length <= TEXT_MAX_BYTES)
        json_object_set_new(to, member->name, json_stringn(text, length));
}

static json_t *violation_of(const json_t *body) {
    json_t *violation = json_object();
    for (size_t i = 0; i < TEXTS; i++)
        copy_text(violation, body, &texts[i], "");
    for (size_t i = 0; i < URLS; i++)
        copy_text(violation, body, &urls[i], "?#");
    for (size_t i = 0; i < NUMBERS; i++) {
        const json_t *number = find(body, &numbers[i]);
        if (json_is_integer(number))
            json_object_set_new(violation, numbers[i].name,
                                json_integer(json_integer_value(number)));
    }
    return violation;
}

static void add_violation(json_t *violations, const json_t *body) {
    if (json_is_object(body) && json_array_size(violations) < CSP_VIOLATIONS_MAX)
        json_array_append_new(violations, violation_of(body));
}

json_t *site_csp_violations(const json_t *report) {
    json_t *violations = json_array();
    size_t index = 0;
    const json_t *item = NULL;
    add_violation(violations, json_object_get(report, "csp-report"));
    json_array_foreach(report, index, item) {
        const char *type = berth_json_string(item, "type");
        if (type && strcmp(type, "csp-violation") == 0)
            add_violation(violations, json_object_get(item, "body"));
    }
    return violations;
}

/* A form cannot send these types. */
static enum berth_code check_type(const struct berth_exchange *exchange,
                                  struct berth_error *error) {
    static const char *const types[] = {"application/csp-report", "application/reports+json"};
    const char *type = berth_exchange_header(exchange, "Content-Type");
    size_t length = type ? strcspn(type, " ;\t") : 0;
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (length == strlen(types[i]) && strncasecmp(type, types[i], length) == 0)
            return BERTH_OK;
    return berth_fail(error, BERTH_UNSUPPORTED, "media-type",
                      "the body must be application/csp-report or application/reports+json");
}

static void log_violations(struct berth_site *site, const json_t *report) {
    json_t *violations = site_csp_violations(report);
    size_t index = 0;
    json_t *violation = NULL;
    json_array_foreach(violations, index, violation) {
        /* The first was counted when the report came. */
        if (index == 0 || site_within_rate(site))
            berth_log_event("warn", "csp-violation", json_incref(violation));
    }
    json_decref(violations);
}

void site_post_csp(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    struct berth_error error = {0};
    json_t *report = NULL;
    enum berth_code code = check_type(exchange, &error);
    if (code == BERTH_OK)
        code = site_read_report(exchange, REPORT_MAX_BYTES, &report, &error);
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    log_violations(site, report);
    json_decref(report);
    berth_answer_empty(exchange, 204, NULL);
}
