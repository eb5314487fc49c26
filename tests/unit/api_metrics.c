#include "api/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(struct metrics *metrics, const char *expected) {
    char *text = berth_buffer_take(&metrics->text);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    berth_buffer_done(&metrics->text);
}

static void a_family_is_its_help_its_type_and_its_samples(void **state) {
    (void)state;
    struct metrics metrics = {0};
    berth_buffer_init(&metrics.text, 4096);
    metrics_gauge(&metrics, "a_bytes", "Bytes.", -7);
    metrics_counter(&metrics, "b_total", "Things.", INT64_MAX);
    metrics_family(&metrics, "c_seconds", "histogram", "Time.");
    metrics_sample(&metrics, "_bucket");
    metrics_label(&metrics, "x", "y");
    metrics_label(&metrics, "le", "+Inf");
    metrics_int(&metrics, 2);
    metrics_sample(&metrics, "_sum");
    metrics_seconds(&metrics, 1000042);
    assert_text(&metrics, "# HELP a_bytes Bytes.\n# TYPE a_bytes gauge\na_bytes -7\n"
                          "# HELP b_total Things.\n# TYPE b_total counter\n"
                          "b_total 9223372036854775807\n"
                          "# HELP c_seconds Time.\n# TYPE c_seconds histogram\n"
                          "c_seconds_bucket{x=\"y\",le=\"+Inf\"} 2\nc_seconds_sum 1.000042\n");
}

static void no_value_of_a_label_ends_it(void **state) {
    (void)state;
    struct metrics metrics = {0};
    berth_buffer_init(&metrics.text, 4096);
    metrics.name = "a";
    metrics_sample(&metrics, "");
    metrics_label(&metrics, "x", "a\"} 1\nb{y=\"\\n\xc3\xa4");
    metrics_int(&metrics, 1);
    assert_text(&metrics, "a{x=\"a\\\"} 1\\nb{y=\\\"\\\\n\xc3\xa4\"} 1\n");
}

static void what_is_too_long_fails_as_a_whole(void **state) {
    (void)state;
    struct metrics metrics = {0};
    berth_buffer_init(&metrics.text, 64);
    for (int i = 0; i < 10; i++)
        metrics_gauge(&metrics, "a", "A.", i);
    assert_true(metrics.text.failed);
    berth_buffer_done(&metrics.text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_is_its_help_its_type_and_its_samples),
        cmocka_unit_test(no_value_of_a_label_ends_it),
        cmocka_unit_test(what_is_too_long_fails_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
