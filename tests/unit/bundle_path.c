#include "berth/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *path;
    const char *outcome; /* the normalised path, or "!rule" */
};

static const struct row rows[] = {
    {"a", "a"},
    {"./a", "a"},
    {"./a/b.js", "a/b.js"},
    {".well-known/x", ".well-known/x"},
    {"...", "..."},
    {"..a", "..a"},
    {"a..", "a.."},
    {"a b~[id]@2x.js", "a b~[id]@2x.js"},
    {"bl\303\245b\303\246r.css", "bl\303\245b\303\246r.css"},
    {"ab:c", "ab:c"},
    {"", "!path-empty"},
    {"./", "!path-empty"},
    {".", "!path-dot"},
    {"././a", "!path-dot"},
    {"a/.", "!path-dot"},
    {"..", "!path-parent"},
    {"./..", "!path-parent"},
    {"../a", "!path-parent"},
    {"a/../b", "!path-parent"},
    {"/a", "!path-absolute"},
    {".//a", "!path-absolute"},
    {"//a", "!path-absolute"},
    {"a/", "!path-segment-empty"},
    {"a//b", "!path-segment-empty"},
    {"a\\b", "!path-backslash"},
    {"C:", "!path-drive"},
    {"c:a", "!path-drive"},
    {"./c:/a", "!path-drive"},
    {"a\tb", "!path-control"},
    {"a\177", "!path-control"},
    {"a\302\200", "!path-control"},       /* U+0080 */
    {"a\342\200\250b", "!path-control"},  /* U+2028 */
    {"\342\200\256gpj.js", "!path-bidi"}, /* U+202E */
    {"a\330\234b", "!path-bidi"},         /* U+061C */
    {"a\377", "!path-utf8"},
    {"a\300\257b", "!path-utf8"},        /* overlong / */
    {"a\355\240\200", "!path-utf8"},     /* a surrogate */
    {"a\364\220\200\200", "!path-utf8"}, /* U+110000 */
    {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"},
    {"1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "!path-deep"},
};

static void check(const char *path, size_t length, const char *outcome) {
    char *copy = malloc(length + 1);
    assert_non_null(copy);
    memcpy(copy, path, length);
    copy[length] = '\0';
    struct berth_error error = {0};
    enum berth_code code = berth_path_check(copy, length, &error);
    if (outcome[0] == '!') {
        assert_int_equal(code, BERTH_REFUSED);
        assert_string_equal(error.rule, outcome + 1);
    } else {
        assert_int_equal(code, BERTH_OK);
        assert_string_equal(copy, outcome);
    }
    free(copy);
}

static void each_path_is_normalised_or_refused_by_its_rule(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].path);
        check(rows[i].path, strlen(rows[i].path), rows[i].outcome);
    }
}

static void a_nul_inside_is_refused(void **state) {
    (void)state;
    check("a\0b", 3, "!path-nul");
    check("\0", 1, "!path-nul");
}

/* `segment` bytes, a slash, and so on, `length` in all. */
static void check_length(size_t segment, size_t length, const char *outcome) {
    char path[1024];
    for (size_t i = 0; i < length; i++)
        path[i] = (i + 1) % (segment + 1) ? 'x' : '/';
    path[length] = '\0';
    check(path, length, outcome ? outcome : path);
}

static void lengths_are_bounded(void **state) {
    (void)state;
    check_length(255, 255, NULL);
    check_length(256, 256, "!path-segment-long");
    check_length(200, 512, NULL);
    check_length(200, 513, "!path-long");
}

static void the_place_is_shown_without_control_bytes(void **state) {
    (void)state;
    char path[] = "a\033[31m\377\342\200\256\303\251";
    struct berth_error error = {0};
    assert_int_equal(berth_path_check(path, strlen(path), &error), BERTH_REFUSED);
    assert_string_equal(error.where, "a\\x1b[31m\\xff\\xe2\\x80\\xae\303\251");
}

static void no_error_struct_is_needed(void **state) {
    (void)state;
    char path[] = "/a";
    assert_int_equal(berth_path_check(path, 2, NULL), BERTH_REFUSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_is_normalised_or_refused_by_its_rule),
        cmocka_unit_test(a_nul_inside_is_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(the_place_is_shown_without_control_bytes),
        cmocka_unit_test(no_error_struct_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
