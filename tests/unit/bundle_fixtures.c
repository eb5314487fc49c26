/* Every folder of tests/data/bundles with an expected.json: its input/ is packed and read, and the
 * description must be what is expected. The inputs are what real bundlers wrote. */
#include "bundle_scratch.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *describe(struct scratch *scratch, const char *directory) {
    int fd = scratch_file("", 0);
    struct berth_error error = {0};
    if (berth_bundle_pack(directory, fd, NULL, NULL, &error))
        fail_msg("%s: %s %s", directory, error.text, error.where);
    struct berth_version version = {0};
    if (scratch_read(scratch, fd, lseek(fd, 0, SEEK_END), &version, &error))
        fail_msg("%s: %s %s", directory, error.text, error.where);
    close(fd);
    json_t *description = json_loads(version.description, 0, NULL);
    assert_non_null(description);
    berth_version_done(&version);
    return description;
}

static void check_case(struct scratch *scratch, const char *expected_path) {
    char directory[512];
    int folder = (int)(strrchr(expected_path, '/') - expected_path);
    (void)snprintf(directory, sizeof directory, "%.*s/input", folder, expected_path);
    print_message("%s\n", directory);
    json_t *found = describe(scratch, directory);
    json_t *expected = json_load_file(expected_path, 0, NULL);
    assert_non_null(expected);
    if (!json_equal(found, expected)) {
        char *text = json_dumps(found, JSON_INDENT(2));
        (void)fprintf(stderr, "%s\n", text); /* cmocka cuts long texts */
        free(text);
        fail_msg("%s: the description is another", expected_path);
    }
    json_decref(found);
    json_decref(expected);
}

static void every_real_bundle_is_described_as_expected(void **state) {
    glob_t cases;
    assert_int_equal(glob(BERTH_TEST_DATA "/bundles/*/expected.json", 0, NULL, &cases), 0);
    assert_true(cases.gl_pathc > 20);
    for (size_t i = 0; i < cases.gl_pathc; i++)
        check_case(*state, cases.gl_pathv[i]);
    globfree(&cases);
}

static void what_npm_packs_is_found_in_its_own_folder(void **state) {
    size_t length = 0;
    char *data = scratch_load(BERTH_TEST_DATA "/bundles/npm-pack.tgz", &length);
    int fd = scratch_file(data, length);
    free(data);
    struct berth_version version = {0};
    struct berth_error error = {0};
    if (scratch_read(*state, fd, (int64_t)length, &version, &error))
        fail_msg("%s %s", error.text, error.where);
    close(fd);
    json_t *description = json_loads(version.description, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(description, "entry")),
                        "dist/remoteEntry.js");
    json_decref(description);
    assert_string_equal(version.assets[0].path, "README.md");
    berth_version_done(&version);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_real_bundle_is_described_as_expected, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_npm_packs_is_found_in_its_own_folder, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
