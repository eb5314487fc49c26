/* What is looked up: media types, problems; and the head writer. */
#include "berth/http.h"
#include "http/head.h"
#include "http/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void types_come_from_the_ending(void **state) {
    (void)state;
    static const struct {
        const char *path;
        const char *type;
    } examples[] = {
        {"remoteEntry.js", "text/javascript; charset=utf-8"},
        {"a/b.MJS", "text/javascript; charset=utf-8"},
        {"main.css", "text/css; charset=utf-8"},
        {"main.css.map", "application/json"},
        {"index.html", "text/html; charset=utf-8"},
        {"mf-manifest.json", "application/json"},
        {"logo.svg", "image/svg+xml"},
        {"x.wasm", "application/wasm"},
        {"x.woff2", "font/woff2"},
        {"site.webmanifest", "application/manifest+json"},
        {"LICENSE", "application/octet-stream"},
        {"main.js.LICENSE.txt", "text/plain; charset=utf-8"},
        {"v1.js/file", "application/octet-stream"},
        {"file.", "application/octet-stream"},
        {".js", "text/javascript; charset=utf-8"},
        {"x.exe", "application/octet-stream"},
        {"", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_string_equal(berth_mime_type(examples[i].path), examples[i].type);
}

static void every_code_has_an_error_status_and_a_title(void **state) {
    (void)state;
    for (int code = 0; code < BERTH_CODE_COUNT; code++) {
        struct berth_error error = {.code = (enum berth_code)code};
        const struct berth_problem *problem = berth_problem_find(&error);
        assert_non_null(problem);
        assert_true(problem->status >= 400 && problem->status < 600);
        assert_non_null(problem->title);
        assert_string_not_equal(berth_problem_reason(problem->status), "Status");
    }
}

static void some_rules_know_their_status(void **state) {
    (void)state;
    static const struct {
        const char *rule;
        enum berth_code code;
        int status;
    } examples[] = {
        {"length-required", BERTH_INVALID, 411}, {"method-not-allowed", BERTH_INVALID, 405},
        {"path-absolute", BERTH_INVALID, 400},   {"path-absolute", BERTH_REFUSED, 422},
        {"generation-stale", BERTH_STALE, 412},  {"", BERTH_NO_SPACE, 507},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct berth_error error = {0};
        berth_fail(&error, examples[i].code, examples[i].rule, "x");
        assert_int_equal(berth_problem_find(&error)->status, examples[i].status);
    }
}

static void heads_are_written_without_printf(void **state) {
    (void)state;
    char storage[64];
    struct berth_head head;
    berth_head_init(&head, storage, sizeof storage);
    berth_head_number(&head, 0);
    berth_head_text(&head, " ");
    berth_head_number(&head, INT64_MAX);
    berth_head_field(&head, "A: ", "b");
    berth_head_field(&head, "C: ", NULL);
    assert_false(head.failed);
    assert_int_equal(head.length, strlen("0 9223372036854775807A: b\r\n"));
    assert_memory_equal(storage, "0 9223372036854775807A: b\r\n", head.length);
}

static void a_head_that_is_full_stays_failed(void **state) {
    (void)state;
    char storage[8] = "";
    struct berth_head head;
    berth_head_init(&head, storage, 4);
    berth_head_text(&head, "abc");
    berth_head_text(&head, "de");
    berth_head_text(&head, "f");
    assert_true(head.failed);
    assert_string_equal(storage, "abc");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_come_from_the_ending),
        cmocka_unit_test(every_code_has_an_error_status_and_a_title),
        cmocka_unit_test(some_rules_know_their_status),
        cmocka_unit_test(heads_are_written_without_printf),
        cmocka_unit_test(a_head_that_is_full_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
