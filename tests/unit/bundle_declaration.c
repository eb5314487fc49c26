/* The rules of berth.json are a table of files: tests/data/berth-json/README.md. */
#include "declaration.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <glob.h>
#include <string.h>

static int for_each_file(const char *pattern, void (*check)(const char *path, json_t *value)) {
    glob_t files;
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    int count = (int)files.gl_pathc;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        json_t *value = json_load_file(files.gl_pathv[i], 0, NULL);
        assert_non_null(value);
        check(files.gl_pathv[i], value);
        json_decref(value);
    }
    globfree(&files);
    return count;
}

static void check_good(const char *path, json_t *root) {
    struct berth_error error = {0};
    if (berth_declaration_check(root, &error) != BERTH_OK)
        fail_msg("%s was refused: %s at %s, %s", path, error.rule, error.where, error.text);
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void check_bad(const char *path, json_t *testcase) {
    struct berth_error error = {0};
    const json_t *root = json_object_get(testcase, "manifest");
    if (berth_declaration_check(root, &error) != BERTH_REFUSED)
        fail_msg("%s was not refused (code %d)", path, (int)error.code);
    if (strcmp(error.rule, text_of(testcase, "rule")) != 0 ||
        strcmp(error.where, text_of(testcase, "where")) != 0)
        fail_msg("%s was refused by %s at %s: %s", path, error.rule, error.where, error.text);
    assert_non_null(strstr(error.text, "berth.json: "));
    assert_true(error.hint[0]);
    assert_int_equal(berth_declaration_check(root, NULL), BERTH_REFUSED);
}

static void good_ones_are_taken(void **state) {
    (void)state;
    assert_true(for_each_file(BERTH_TEST_DATA "/berth-json/good/*.json", check_good) >= 20);
}

static void bad_ones_are_refused_with_rule_and_pointer(void **state) {
    (void)state;
    assert_true(for_each_file(BERTH_TEST_DATA "/berth-json/bad/*.json", check_bad) >= 40);
}

static void the_pointer_to_an_endless_key_is_cut(void **state) {
    (void)state;
    char key[5000];
    memset(key, '/', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    json_t *roots[] = {json_pack("{ss}", key, ""), json_pack("{s{ss}}", "exposes", key, ""),
                       json_pack("{s{s{ss}}}", "exposes", "./a", key, "")};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        struct berth_error error = {0};
        assert_int_equal(berth_declaration_check(roots[i], &error), BERTH_REFUSED);
        assert_non_null(strstr(error.where, "/~1~1~1"));
        json_decref(roots[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_taken),
        cmocka_unit_test(bad_ones_are_refused_with_rule_and_pointer),
        cmocka_unit_test(the_pointer_to_an_endless_key_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
