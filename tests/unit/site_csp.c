#include "site/csp.h"

#include "berth/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static void check(const char *report, const char *expected) {
    json_t *value = NULL;
    if (berth_json_parse(report, strlen(report), 1 << 20, &value, NULL) != BERTH_OK)
        fail_msg("no JSON: %s", report);
    json_t *violations = site_csp_violations(value);
    char *text = berth_json_text(violations);
    assert_string_equal(text, expected);
    free(text);
    json_decref(violations);
    json_decref(value);
}

/* What Firefox and Chromium sent, but for the shortened policy. */
static void both_spellings_are_read(void **state) {
    (void)state;
    check("{\"csp-report\":{\"blocked-uri\":\"inline\",\"column-number\":9,\"disposition\":"
          "\"enforce\",\"document-uri\":\"http://127.0.0.1:8080/home?q=1#x\","
          "\"effective-directive\":\"script-src-elem\",\"line-number\":12,\"original-policy\":"
          "\"default-src 'none'\",\"referrer\":\"\",\"source-file\":\"http://127.0.0.1:8080/home\","
          "\"status-code\":200,\"violated-directive\":\"script-src-elem\"}}",
          "[{\"directive\":\"script-src-elem\",\"disposition\":\"enforce\",\"document\":"
          "\"http://127.0.0.1:8080/home\",\"blocked\":\"inline\",\"source\":"
          "\"http://127.0.0.1:8080/home\",\"line\":12,\"column\":9}]");
    check(
        "[{\"age\":1,\"body\":{\"blockedURL\":\"https://x.example/a.js?token=1\","
        "\"columnNumber\":3,\"disposition\":\"enforce\",\"documentURL\":\"https://p.example/\","
        "\"effectiveDirective\":\"img-src\",\"lineNumber\":1,\"sample\":\"\",\"sourceFile\":null,"
        "\"statusCode\":200},\"type\":\"csp-violation\",\"url\":\"https://p.example/\","
        "\"user_agent\":\"Mozilla/5.0\"},{\"type\":\"deprecation\",\"body\":{\"id\":\"x\"}}]",
        "[{\"directive\":\"img-src\",\"disposition\":\"enforce\",\"document\":"
        "\"https://p.example/\",\"blocked\":\"https://x.example/a.js\",\"line\":1,\"column\":3}]");
}

static void what_is_no_violation_gives_none(void **state) {
    (void)state;
    check("{}", "[]");
    check("[]", "[]");
    check("{\"csp-report\":5}", "[]");
    check("{\"csp-report\":[]}", "[]");
    check("[1,null,{},{\"type\":1},{\"type\":\"csp-violation\"}]", "[]");
    check("{\"csp-report\":{\"line-number\":\"x\",\"blocked-uri\":7,\"document-uri\":\"?only\"}}",
          "[{}]");
}

static void texts_and_lists_have_an_end(void **state) {
    (void)state;
    char *sample = malloc(602);
    assert_non_null(sample);
    memset(sample, 's', 601);
    sample[601] = '\0';
    json_t *list = json_array();
    for (int i = 0; i < CSP_VIOLATIONS_MAX + 5; i++)
        json_array_append_new(
            list, json_pack("{ss s{ss}}", "type", "csp-violation", "body", "sample", sample));
    json_t *violations = site_csp_violations(list);
    assert_int_equal(json_array_size(violations), CSP_VIOLATIONS_MAX);
    assert_int_equal(json_object_size(json_array_get(violations, 0)), 0);
    json_decref(violations);
    json_decref(list);
    free(sample);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_spellings_are_read),
        cmocka_unit_test(what_is_no_violation_gives_none),
        cmocka_unit_test(texts_and_lists_have_an_end),
    };
    return cmocka_run_group_tests_name("site_csp", tests, NULL, NULL);
}
