/* Small bundles of a few files each: what they are taken for. Outputs of real tools are in
 * bundle_fixtures.c. */
#include "bundle_scratch.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    const char *path;
    const char *text;
};

static void write_file(const char *directory, const struct file *file) {
    char path[512];
    int length = snprintf(path, sizeof path, "%s/%s", directory, file->path);
    assert_true(length > 0 && (size_t)length < sizeof path);
    for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(file->text, 1, strlen(file->text), out), strlen(file->text));
    assert_int_equal(fclose(out), 0);
}

/* The description, or NULL with the error. */
static json_t *read_files(struct scratch *scratch, const struct file *files, size_t count,
                          struct berth_error *error) {
    char directory[] = "/tmp/berth-detect-XXXXXX";
    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < count; i++)
        write_file(directory, &files[i]);
    int fd = scratch_file("", 0);
    assert_int_equal(berth_bundle_pack(directory, fd, NULL, NULL, error), BERTH_OK);
    scratch_remove(directory);
    struct berth_version version = {0};
    enum berth_code code = scratch_read(scratch, fd, lseek(fd, 0, SEEK_END), &version, error);
    close(fd);
    if (code != BERTH_OK)
        return NULL;
    json_t *description = json_loads(version.description, 0, NULL);
    assert_non_null(description);
    berth_version_done(&version);
    return description;
}

static const char entry[] = "var a;(()=>{var n={\"./H\":()=>1};a=n(6)})();";

/* {path: integrity}, and only of what a page loads by a tag. */
static void scripts_and_styles_have_their_integrity(void **state) {
    struct berth_error error = {0};
    static const struct file files[] = {
        {"out/remoteEntry.js", entry},  {"out/css/a.css", "a{}"}, {"out/b.mjs", "abc"},
        {"out/remoteEntry.js.map", ""}, {"out/c.html", "<p>"},    {"out/js", "x"},
    };
    json_t *description = read_files(*state, files, sizeof files / sizeof *files, &error);
    if (!description)
        fail_msg("%s", error.text);
    const json_t *found = json_object_get(description, "files");
    assert_int_equal(json_object_size(found), 3);
    for (size_t i = 0; i < 3; i++) {
        char integrity[BERTH_INTEGRITY_BYTES];
        berth_integrity(files[i].text, strlen(files[i].text), integrity);
        const char *text =
            json_string_value(json_object_get(found, files[i].path + strlen("out/")));
        assert_non_null(text);
        assert_string_equal(text, integrity);
    }
    assert_true(json_equal(json_object_get(found, "remoteEntry.js"),
                           json_object_get(description, "integrity")));
    json_decref(description);
}

static void more_than_a_thousand_are_not_listed_and_a_warning_says_so(void **state) {
    enum { COUNT = 1001 };
    static char names[COUNT][16];
    static struct file files[COUNT] = {{"remoteEntry.js", entry}};
    for (int i = 1; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d.js", i);
        files[i] = (struct file){names[i], "x"};
    }
    for (int more = 0; more < 2; more++) {
        struct berth_error error = {0};
        json_t *description = read_files(*state, files, (size_t)(COUNT - 1 + more), &error);
        if (!description)
            fail_msg("%s", error.text);
        const json_t *found = json_object_get(description, "files");
        assert_int_equal(json_object_size(found), more ? 0 : COUNT - 1);
        const json_t *warnings = json_object_get(description, "warnings");
        const json_t *last = json_array_get(warnings, json_array_size(warnings) - 1);
        assert_int_equal(more, last && strcmp(json_string_value(json_object_get(last, "rule")),
                                              "integrity") == 0);
        assert_non_null(json_object_get(description, "integrity"));
        json_decref(description);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scripts_and_styles_have_their_integrity, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(more_than_a_thousand_are_not_listed_and_a_warning_says_so,
                                        scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
