/* The audit, to be read: newest first in pages of JSON, or as lines to be kept elsewhere. */
#include "handlers.h"

#include "berth/json.h"
#include "berth/name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIMIT = 100,
    MAX_LIMIT = 1000,
    DETAILS_MAX_BYTES = 64 * 1024,
    PORTION_ROWS = 250, /* that the registry is held for at once */
    PORTION_MAX_BYTES = 16 * 1024 * 1024,
};

struct berth_actor api_actor(const struct berth_exchange *exchange,
                             const struct berth_principal *principal) {
    return (struct berth_actor){
        .name = principal->name,
        .token = principal->id,
        .remote = berth_exchange_remote(exchange),
    };
}

/* A number in a range; what *ret has when it is absent. */
static enum berth_code read_number(const struct berth_exchange *exchange, const char *name,
                                   int64_t low, int64_t high, int64_t *ret,
                                   struct berth_error *error) {
    const char *text = berth_exchange_query(exchange, name);
    if (!text)
        return BERTH_OK;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < low || number > high)
        return berth_fail(error, BERTH_INVALID, "query-number",
                          "\"%s\" takes a number from %lld to %lld", name, (long long)low,
                          (long long)high);
    *ret = number;
    return BERTH_OK;
}

/* --- a page of records --- */

static json_t *record_json(const struct berth_audit_record *record) {
    char hash[BERTH_HEX_BYTES];
    json_t *details = NULL;
    berth_digest_hex(&record->hash, hash);
    (void)berth_json_parse(record->details, strlen(record->details), DETAILS_MAX_BYTES, &details,
                           NULL);
    return json_pack("{sI so ss ss? ss ss ss? ss? ss? so? ss}", "id", (json_int_t)record->id, "at",
                     api_time(record->at_ms), "action", record->action, "module", record->module,
                     "subject", record->subject, "by", record->actor, "token", record->token,
                     "remote", record->remote, "reason", record->reason, "details", details, "hash",
                     hash);
}

static bool collect_record(const struct berth_audit_record *record, void *context) {
    json_array_append_new(context, record_json(record));
    return true;
}

/* Where the next page goes on; null at the end. One that is full may be the last. */
static json_t *next_before(const json_t *records, int limit) {
    size_t count = json_array_size(records);
    json_int_t id = count ? berth_json_integer(json_array_get(records, count - 1), "id", 0) : 0;
    return count == (size_t)limit && id > 1 ? json_integer(id) : json_null();
}

static void answer_page(struct berth_exchange *exchange, const struct berth_api *api,
                        const struct berth_audit_filter *filter) {
    struct berth_error error = {0};
    json_t *records = json_array();
    if (api->registry->ops->audit_each(api->registry, filter, collect_record, records, &error) !=
        BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200,
                          json_pack("{sO so}", "activity", records, "before",
                                    next_before(records, filter->limit)),
                          NULL, NULL);
    json_decref(records);
}

/* --- lines --- */

struct lines {
    struct berth_buffer text;
    int64_t last;
};

/* `details` is the text that the hash is of, so it stays one. */
static bool add_line(const struct berth_audit_record *record, void *context) {
    struct lines *lines = context;
    char hash[BERTH_HEX_BYTES];
    berth_digest_hex(&record->hash, hash);
    json_t *json = json_pack("{sI sI ss ss? ss ss ss? ss? ss? ss ss}", "id", (json_int_t)record->id,
                             "atMs", (json_int_t)record->at_ms, "action", record->action, "module",
                             record->module, "subject", record->subject, "actor", record->actor,
                             "token", record->token, "remote", record->remote, "reason",
                             record->reason, "details", record->details, "hash", hash);
    char *text = json ? berth_json_text(json) : NULL;
    json_decref(json);
    if (text) {
        berth_buffer_text(&lines->text, text);
        berth_buffer_text(&lines->text, "\n");
        lines->last = record->id;
    }
    lines->text.failed = lines->text.failed || !text;
    free(text);
    return !lines->text.failed;
}

/* Without any further line, `ret->text` is empty. */
static enum berth_code read_lines(const struct berth_api *api, struct lines *ret,
                                  struct berth_error *error) {
    struct berth_audit_filter filter = {
        .oldest_first = true, .after = ret->last, .limit = PORTION_ROWS};
    berth_buffer_init(&ret->text, PORTION_MAX_BYTES);
    enum berth_code code =
        api->registry->ops->audit_each(api->registry, &filter, add_line, ret, error);
    if (code == BERTH_OK && ret->text.failed)
        code = berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    return code;
}

/* What fails later than the first portion cuts the answer at the end of a line: whoever keeps a
 * copy goes on after its last id. */
static void stream_lines(struct berth_exchange *exchange, const struct berth_api *api,
                         int64_t after) {
    struct berth_error error = {0};
    struct lines lines = {.last = after};
    enum berth_code code = read_lines(api, &lines, &error);
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
    } else if (berth_answer_stream(exchange, "application/jsonl; charset=utf-8", NULL)) {
        while (code == BERTH_OK && lines.text.length &&
               berth_stream_write(exchange, lines.text.data, lines.text.length)) {
            berth_buffer_done(&lines.text);
            code = read_lines(api, &lines, &error);
        }
    }
    berth_buffer_done(&lines.text);
}

/* A chain with records left out could not be checked, so there is no filter. */
static enum berth_code check_export(const struct berth_exchange *exchange,
                                    struct berth_error *error) {
    static const char *const others[] = {"module", "action", "before", "limit"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (berth_exchange_query(exchange, others[i]))
            return berth_fail(error, BERTH_INVALID, "activity-export",
                              "format=jsonl takes no \"%s\", only \"after\"", others[i]);
    return BERTH_OK;
}

static void export_all(struct berth_exchange *exchange, const struct berth_api *api) {
    struct berth_error error = {0};
    int64_t after = 0;
    enum berth_code code = check_export(exchange, &error);
    if (code == BERTH_OK)
        code = read_number(exchange, "after", 0, INT64_MAX, &after, &error);
    if (code == BERTH_OK)
        stream_lines(exchange, api, after);
    else
        berth_answer_problem(exchange, &error);
}

/* --- who may see what --- */

/* Pages and tokens are for admins of all modules; others see what was done to their modules. */
static enum berth_code narrow(const struct berth_exchange *exchange,
                              const struct berth_principal *principal,
                              struct berth_audit_filter *filter, struct berth_error *error) {
    filter->modules = berth_exchange_query(exchange, "module");
    if (filter->modules) {
        enum berth_code code = berth_module_name_check(filter->modules, error);
        return code ? code : berth_auth_allow(principal, BERTH_SCOPE_READ, filter->modules, error);
    }
    if (berth_auth_allow(principal, BERTH_SCOPE_ADMIN, NULL, NULL) != BERTH_OK)
        filter->modules = principal->module;
    return BERTH_OK;
}

static enum berth_code read_filter(const struct berth_exchange *exchange,
                                   const struct berth_principal *principal,
                                   struct berth_audit_filter *ret, struct berth_error *error) {
    int64_t limit = LIMIT;
    *ret = (struct berth_audit_filter){.action = berth_exchange_query(exchange, "action")};
    enum berth_code code = read_number(exchange, "limit", 1, MAX_LIMIT, &limit, error);
    if (code == BERTH_OK)
        code = read_number(exchange, "before", 1, INT64_MAX, &ret->before, error);
    ret->limit = (int)limit;
    return code ? code : narrow(exchange, principal, ret, error);
}

void api_get_activity(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct berth_audit_filter filter;
    const char *format = berth_exchange_query(exchange, "format");
    if (format && strcmp(format, "jsonl") == 0) {
        if (api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
            export_all(exchange, api);
        return;
    }
    if (!api_identify(exchange, api, &principal))
        return;
    enum berth_code code =
        format && strcmp(format, "json") != 0
            ? berth_fail(&error, BERTH_INVALID, "activity-format", "\"format\" takes json or jsonl")
            : read_filter(exchange, &principal, &filter, &error);
    if (code == BERTH_OK)
        answer_page(exchange, api, &filter);
    else
        berth_answer_problem(exchange, &error);
}

/* Reads all records. */
void api_get_activity_check(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct berth_digest last;
    int64_t count = 0;
    char hash[BERTH_HEX_BYTES];
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    if (api->registry->ops->audit_check(api->registry, &count, &last, &error) != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    berth_digest_hex(&last, hash);
    berth_answer_json(exchange, 200,
                      json_pack("{sI ss}", "records", (json_int_t)count, "hash", hash), NULL, NULL);
}
