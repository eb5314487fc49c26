/* What shells tell of failures and swaps: one log line each, and not too many a second. */
#include "handlers.h"

#include "berth/clock.h"
#include "berth/json.h"
#include "berth/log.h"

#include <stdlib.h>
#include <string.h>

enum { REPORT_MAX_BYTES = 8 * 1024, REPORT_TEXT_MAX_BYTES = 1200, REPORTS_PER_SECOND = 100 };

/* The second and how many came in it, in one word, so that no lock is needed. */
bool site_within_rate(struct berth_site *site) {
    int64_t second = berth_monotonic_ms() / 1000;
    int64_t seen = atomic_load(&site->reports);
    for (;;) {
        int64_t count = seen >> 16 == second ? seen & 0xffff : 0;
        if (count >= REPORTS_PER_SECOND)
            return false;
        if (atomic_compare_exchange_weak(&site->reports, &seen, second << 16 | (count + 1)))
            return true;
    }
}

static enum berth_code collect(const void *data, size_t length, void *context,
                               struct berth_error *error) {
    (void)error;
    berth_buffer_add(context, data, length);
    return BERTH_OK;
}

enum berth_code site_admit_report(void *app, struct berth_error *error) {
    return site_within_rate(app)
               ? BERTH_OK
               : berth_fail(error, BERTH_BUSY, "limit-reports",
                            "more than %d reports in this second", REPORTS_PER_SECOND);
}

enum berth_code site_read_report(struct berth_exchange *exchange, size_t max_bytes, json_t **ret,
                                 struct berth_error *error) {
    struct berth_buffer text;
    berth_buffer_init(&text, max_bytes);
    enum berth_code code = berth_exchange_read(exchange, (int64_t)max_bytes, collect, &text, error);
    if (code == BERTH_OK)
        code = berth_json_parse(text.data ? text.data : "", text.length, max_bytes, ret, error);
    berth_buffer_done(&text);
    return code;
}

static void copy_text(json_t *to, const char *key, const json_t *from) {
    const char *text = berth_json_string(from, key);
    if (text && strlen(text) <= REPORT_TEXT_MAX_BYTES)
        json_object_set_new(to, key, json_string(text));
}

static json_t *known_members(const json_t *report) {
    static const char *const keys[] = {"kind",  "module",  "version", "page",
                                       "phase", "message", "keep"};
    json_t *fields = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        copy_text(fields, keys[i], report);
    const json_t *ms = json_object_get(report, "ms");
    if (json_is_number(ms))
        json_object_set_new(fields, "ms", json_real(json_number_value(ms)));
    return fields;
}

/* sendBeacon sends a string as text/plain, which needs no preflight: so any type is taken here. */
void site_post_report(struct berth_exchange *exchange, void *app) {
    struct berth_error error = {0};
    json_t *report = NULL;
    enum berth_code code = site_read_report(exchange, REPORT_MAX_BYTES, &report, &error);
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    const char *kind = berth_json_string(report, "kind");
    const char *module = berth_json_string(report, "module");
    const char *version = berth_json_string(report, "version");
    if (kind && module && version)
        berth_desk_report(((struct berth_site *)app)->desk, module, version, kind);
    bool bad = kind && (strstr(kind, "failed") || strstr(kind, "failure"));
    berth_log_event(bad ? "warn" : "info", "report", known_members(report));
    json_decref(report);
    berth_answer_empty(exchange, 204, NULL);
}
