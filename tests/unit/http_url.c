#include "http/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct example {
    const char *raw;
    const char *expected; /* the path, or the rule that refuses it */
};

static void assert_decodes(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char path[256];
        struct berth_error error = {0};
        assert_true(strlen(examples[i].raw) < sizeof path);
        assert_int_equal(berth_url_decode(examples[i].raw, path, &error), BERTH_OK);
        assert_string_equal(path, examples[i].expected);
    }
}

static void assert_refused(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char path[256];
        struct berth_error error = {0};
        assert_int_equal(berth_url_decode(examples[i].raw, path, &error), BERTH_INVALID);
        assert_string_equal(error.rule, examples[i].expected);
    }
}

static void escapes_are_decoded_once(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/", "/"},
        {"/a/b.js", "/a/b.js"},
        {"/a/", "/a/"},
        {"/%61%2d%7E", "/a-~"},
        {"/%2561", "/%61"},
        {"/%252f", "/%2f"},
        {"/m/%40shop/cart@1.0.0/x.js", "/m/@shop/cart@1.0.0/x.js"},
        {"/%C3%A9", "/\xc3\xa9"},
        {"/%F0%9F%9A%A2", "/\xf0\x9f\x9a\xa2"},
        {"/a%20b+c", "/a b+c"},
        {"/a%3Fb%23c", "/a?b#c"},
        {"/a;b=c,d|e[0]", "/a;b=c,d|e[0]"},
        {"/...", "/..."},
        {"/.well-known/x", "/.well-known/x"},
        {"/a..b/..c", "/a..b/..c"},
    };
    assert_decodes(examples, sizeof examples / sizeof *examples);
}

static void a_name_may_hold_slashes(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/services/%40company%2Fmy-service", "/services/@company/my-service"},
        {"/services/https%3A%2F%2Fcdn.com%2Fa.js", "/services/https://cdn.com/a.js"},
        {"/services/react%2F", "/services/react/"},
        {"/services/..%2Fx/./", "/services/../x/./"},
        {"/services/%252F", "/services/%2F"},
    };
    static const struct example bad[] = {
        {"/services/a%5Cb", "url-backslash"}, {"/services/%00", "url-control"},
        {"/services/%C3", "url-utf8"},        {"/services/%", "url-escape"},
        {"services/a", "url-absolute"},       {"/services/a\"b", "url-character"},
    };
    char path[256];
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_int_equal(berth_url_decode_name(examples[i].raw, path, NULL), BERTH_OK);
        assert_string_equal(path, examples[i].expected);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct berth_error error = {0};
        assert_int_equal(berth_url_decode_name(bad[i].raw, path, &error), BERTH_INVALID);
        assert_string_equal(error.rule, bad[i].expected);
    }
}

static void what_is_not_a_path_is_refused(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"", "url-absolute"},
        {"a", "url-absolute"},
        {"*", "url-absolute"},
        {"http://host/a", "url-absolute"},
        {"/a b", "url-character"},
        {"/a#b", "url-character"},
        {"/<script>", "url-character"},
        {"/a\"b", "url-character"},
        {"/a\xc3\xa9", "url-character"},
    };
    assert_refused(examples, sizeof examples / sizeof *examples);
}

static void bad_escapes_are_refused(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/%", "url-escape"},   {"/%2", "url-escape"},   {"/%zz", "url-escape"},
        {"/%2g", "url-escape"}, {"/%%61", "url-escape"}, {"/%u0061", "url-escape"},
    };
    assert_refused(examples, sizeof examples / sizeof *examples);
}

static void nul_and_controls_are_refused(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/a%00.js", "url-control"}, {"/%0d%0aX", "url-control"}, {"/%1f", "url-control"},
        {"/%7f", "url-control"},     {"/%09", "url-control"},
    };
    assert_refused(examples, sizeof examples / sizeof *examples);
}

static void slashes_in_disguise_are_refused(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/a%2fb", "url-slash"},     {"/a%2Fb", "url-slash"},   {"/a\\b", "url-backslash"},
        {"/a%5cb", "url-backslash"}, {"/%5C", "url-backslash"},
    };
    assert_refused(examples, sizeof examples / sizeof *examples);
}

static void dot_and_empty_segments_are_refused(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/.", "url-dots"},
        {"/..", "url-dots"},
        {"/a/./b", "url-dots"},
        {"/a/../b", "url-dots"},
        {"/a/..", "url-dots"},
        {"/a/%2e%2E/b", "url-dots"},
        {"/.%2e/b", "url-dots"},
        {"//", "url-empty-segment"},
        {"//a", "url-empty-segment"},
        {"/a//b", "url-empty-segment"},
        {"/a//", "url-empty-segment"},
    };
    assert_refused(examples, sizeof examples / sizeof *examples);
}

static void what_is_not_utf_8_is_refused(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/%ff", "url-utf8"},          /* no such byte */
        {"/%80", "url-utf8"},          /* a continuation alone */
        {"/%c3", "url-utf8"},          /* cut at the end */
        {"/%c3/x", "url-utf8"},        /* cut by an ASCII character */
        {"/%c0%af", "url-utf8"},       /* overlong slash */
        {"/%e0%80%af", "url-utf8"},    /* the same in three bytes */
        {"/%f0%80%80%af", "url-utf8"}, /* and in four */
        {"/%ed%a0%80", "url-utf8"},    /* a surrogate */
        {"/%f4%90%80%80", "url-utf8"}, /* above U+10FFFF */
        {"/%f5%80%80%80", "url-utf8"},
    };
    assert_refused(examples, sizeof examples / sizeof *examples);
}

static void the_borders_of_utf_8_are_kept(void **state) {
    (void)state;
    static const char *const valid[] = {"\xc2\x80",         "\xdf\xbf",         "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",     "\xee\x80\x80",     "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", ""};
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_true(berth_url_is_utf8(valid[i], strlen(valid[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_decoded_once),
        cmocka_unit_test(a_name_may_hold_slashes),
        cmocka_unit_test(what_is_not_a_path_is_refused),
        cmocka_unit_test(bad_escapes_are_refused),
        cmocka_unit_test(nul_and_controls_are_refused),
        cmocka_unit_test(slashes_in_disguise_are_refused),
        cmocka_unit_test(dot_and_empty_segments_are_refused),
        cmocka_unit_test(what_is_not_utf_8_is_refused),
        cmocka_unit_test(the_borders_of_utf_8_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
