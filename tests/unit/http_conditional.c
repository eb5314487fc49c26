#include "http/conditional.h"

#include "berth/registry.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void if_none_match_compares_weakly(void **state) {
    (void)state;
    static const struct {
        const char *list;
        const char *etag;
        bool matches;
    } examples[] = {
        /* RFC 9110 section 8.8.3.2 */
        {"W/\"1\"", "W/\"1\"", true},
        {"W/\"1\"", "W/\"2\"", false},
        {"W/\"1\"", "\"1\"", true},
        {"\"1\"", "\"1\"", true},
        /* section 13.1.2 */
        {"\"xyzzy\"", "\"xyzzy\"", true},
        {"W/\"xyzzy\"", "\"xyzzy\"", true},
        {"\"xyzzy\", \"r2d2xxxx\", \"c3piozzzz\"", "\"c3piozzzz\"", true},
        {"W/\"xyzzy\", W/\"r2d2xxxx\", W/\"c3piozzzz\"", "\"r2d2xxxx\"", true},
        {"*", "\"any\"", true},
        {" * ", "\"any\"", false},
        {"\"a\",\"b\"", "\"b\"", true},
        {",, \"a\" ,, \"b\"", "\"b\"", true},
        {"\"a,b\", \"c\"", "\"b\"", false},
        {"\"a,b\", \"c\"", "\"a,b\"", true},
        {"\"\"", "\"\"", true},
        {"\"ab\"", "\"a\"", false},
        {"\"a\"", "\"ab\"", false},
        {"a", "\"a\"", false},
        {"a, \"b\"", "\"b\"", false},
        {"\"a", "\"a\"", false},
        {"w/\"a\"", "\"a\"", false},
        {"", "\"a\"", false},
        {NULL, "\"a\"", false},
        {"*", NULL, false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        if (berth_etag_in_list(examples[i].list, examples[i].etag) != examples[i].matches)
            fail_msg("%s in %s", examples[i].etag, examples[i].list);
    }
}

static void if_range_compares_strongly(void **state) {
    (void)state;
    assert_true(berth_etag_equals_strongly("\"1\"", "\"1\""));
    assert_false(berth_etag_equals_strongly("\"1\"", "\"2\""));
    assert_false(berth_etag_equals_strongly("W/\"1\"", "W/\"1\""));
    assert_false(berth_etag_equals_strongly("W/\"1\"", "\"1\""));
    assert_false(berth_etag_equals_strongly("\"1\"", "W/\"1\""));
    assert_false(berth_etag_equals_strongly("Sat, 29 Oct 1994 19:43:31 GMT", "\"1\""));
}

static void a_number_is_expected_as_its_etag(void **state) {
    (void)state;
    static const struct {
        const char *if_match;
        const char *if_none_match;
        int64_t expected;
    } examples[] = {
        {NULL, NULL, BERTH_ANY_GENERATION},
        {"\"0\"", NULL, 0},
        {"\"17\"", NULL, 17},
        {"\"999999999999999999\"", NULL, 999999999999999999},
        {NULL, "*", 0},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        int64_t expected = 42;
        assert_int_equal(
            berth_expected_parse(examples[i].if_match, examples[i].if_none_match, &expected, NULL),
            BERTH_OK);
        assert_int_equal(expected, examples[i].expected);
    }
}

static void other_preconditions_are_malformed(void **state) {
    (void)state;
    static const struct {
        const char *if_match;
        const char *if_none_match;
    } examples[] = {
        {"*", NULL},
        {"17", NULL},
        {"W/\"17\"", NULL},
        {"\"a\"", NULL},
        {"\"1\", \"2\"", NULL},
        {"\"-1\"", NULL},
        {"\"\"", NULL},
        {"\"1234567890123456789\"", NULL},
        {NULL, "\"1\""},
        {"\"1\"", "*"},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        int64_t expected = 42;
        struct berth_error error = {0};
        assert_int_equal(berth_expected_parse(examples[i].if_match, examples[i].if_none_match,
                                              &expected, &error),
                         BERTH_INVALID);
        assert_string_equal(error.rule, "precondition");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_none_match_compares_weakly),
        cmocka_unit_test(if_range_compares_strongly),
        cmocka_unit_test(a_number_is_expected_as_its_etag),
        cmocka_unit_test(other_preconditions_are_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
