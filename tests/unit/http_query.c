#include "http/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum berth_code parse(const char *raw, char *text, struct berth_query *ret,
                             struct berth_error *error) {
    memset(error, 0, sizeof *error);
    return berth_query_parse(raw, text, ret, error);
}

static void values_are_decoded_as_forms_encode_them(void **state) {
    (void)state;
    static const struct {
        const char *raw;
        const char *name;
        const char *value;
    } examples[] = {
        {"a=b", "a", "b"},
        {"x=1&a=b", "a", "b"},
        {"a=b&a=c", "a", "b"},
        {"a=", "a", ""},
        {"a", "a", ""},
        {"x&a=b&&", "a", "b"},
        {"&&a=b", "a", "b"},
        {"a=b=c", "a", "b=c"},
        {"a=b+c%2Bd", "a", "b c+d"},
        {"a=b%26c%3Dd", "a", "b&c=d"},
        {"%61=%2561", "a", "%61"},
        {"b=%C3%A9", "b", "\xc3\xa9"},
        {"=x", "", "x"},
        {"a=1", "b", NULL},
        {"", "a", NULL},
        {NULL, "a", NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char text[64];
        struct berth_query query;
        struct berth_error error;
        assert_int_equal(parse(examples[i].raw, text, &query, &error), BERTH_OK);
        const char *value = berth_query_get(&query, examples[i].name);
        if (examples[i].value)
            assert_string_equal(value, examples[i].value);
        else
            assert_null(value);
    }
}

static void malformed_queries_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *raw;
        const char *rule;
    } examples[] = {
        {"a=%", "query-escape"}, {"a=%4", "query-escape"},   {"a=%4&b=1", "query-escape"},
        {"%=1", "query-escape"}, {"a=%00", "query-control"}, {"a=%0a", "query-control"},
        {"a=%ff", "query-utf8"}, {"%c3=1", "query-utf8"},    {"a=%c3&b=%a9", "query-utf8"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char text[64];
        struct berth_query query;
        struct berth_error error;
        assert_int_equal(parse(examples[i].raw, text, &query, &error), BERTH_INVALID);
        assert_string_equal(error.rule, examples[i].rule);
    }
}

static void the_number_of_parameters_is_bounded(void **state) {
    (void)state;
    char raw[2 * BERTH_QUERY_MAX_PAIRS + 8];
    char text[sizeof raw];
    struct berth_query query;
    struct berth_error error;
    char *at = raw;
    for (int i = 0; i < BERTH_QUERY_MAX_PAIRS; i++)
        at = stpcpy(at, "a&");
    assert_int_equal(parse(raw, text, &query, &error), BERTH_OK);
    assert_int_equal(query.count, BERTH_QUERY_MAX_PAIRS);
    (void)stpcpy(at, "b");
    assert_int_equal(parse(raw, text, &query, &error), BERTH_INVALID);
    assert_string_equal(error.rule, "query-pairs");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_decoded_as_forms_encode_them),
        cmocka_unit_test(malformed_queries_are_refused),
        cmocka_unit_test(the_number_of_parameters_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
