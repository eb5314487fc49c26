#include "berth/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// The headers above must come before it.
#include <cmocka.h>

struct seen {
    char text[4096]; /* "section/name=value@line;" of each */
    const char *refused;
};

static enum berth_code take(void *context, const struct berth_setting *setting,
                            struct berth_error *error) {
    struct seen *seen = context;
    size_t length = strlen(seen->text);
    (void)snprintf(seen->text + length, sizeof seen->text - length, "%s/%s=%s@%d;",
                   setting->section, setting->name, setting->value, setting->line);
    if (seen->refused && strcmp(setting->name, seen->refused) == 0)
        return berth_fail(error, BERTH_REFUSED, "taste", "not that one");
    return BERTH_OK;
}

static enum berth_code read_settings(const char *text, size_t length, struct seen *seen,
                                     struct berth_error *error) {
    char path[] = "/tmp/berth-settings-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (ssize_t)length);
    close(fd);
    char *kept;
    enum berth_code code = berth_settings_read(path, take, seen, &kept, error);
    free(kept);
    unlink(path);
    return code;
}

static void settings_stand_in_their_sections(void **state) {
    static const char text[] = "a = 1\n# a = 2\n\n [ one ] \n\tb=x = y \r\na=\n[two]\na = #3";
    struct seen seen = {.text = ""};
    (void)state;
    assert_int_equal(read_settings(text, sizeof text - 1, &seen, NULL), BERTH_OK);
    assert_string_equal(seen.text, "/a=1@1;one/b=x = y@5;one/a=@6;two/a=#3@8;");
}

static void what_is_wrong_is_told_with_its_line(void **state) {
    static const struct {
        const char *text;
        size_t length;
        const char *words, *place;
    } cases[] = {
        {"a = 1\na = 2", 11, "a is set twice", ":2"},
        {"a 1\n", 4, "not a setting: a 1", ":1"},
        {"\n\n= 1\n", 6, "not a setting: = 1", ":3"},
        {"bad = 1", 7, "not that one", ":1"},
        {"a\0= 1", 6, "settings are a text of at most 64 KiB", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen = {.refused = "bad"};
        struct berth_error error = {0};
        assert_int_not_equal(read_settings(cases[i].text, cases[i].length, &seen, &error),
                             BERTH_OK);
        assert_string_equal(error.text, cases[i].words);
        size_t length = strlen(error.where), tail = strlen(cases[i].place);
        assert_true(length > tail);
        assert_string_equal(error.where + length - tail, cases[i].place);
    }
}

static void too_much_is_refused(void **state) {
    struct seen seen = {.text = ""};
    struct berth_error error = {0};
    char *large = calloc(1, BERTH_SETTINGS_MAX_BYTES + 2);
    (void)state;
    assert_non_null(large);
    memset(large, '#', BERTH_SETTINGS_MAX_BYTES + 1);
    assert_int_equal(read_settings(large, BERTH_SETTINGS_MAX_BYTES, &seen, &error), BERTH_OK);
    assert_int_equal(read_settings(large, BERTH_SETTINGS_MAX_BYTES + 1, &seen, &error),
                     BERTH_INVALID);
    size_t length = 0;
    for (int i = 0; i <= BERTH_SETTINGS_MAX; i++)
        length += (size_t)sprintf(large + length, "s%d=\n", i);
    error = (struct berth_error){0};
    assert_int_equal(read_settings(large, length, &seen, &error), BERTH_INVALID);
    assert_string_equal(error.text, "more than 256 settings");
    free(large);
}

static void a_file_that_is_not_there_is_not_found(void **state) {
    char *kept;
    struct berth_error error = {0};
    (void)state;
    assert_int_equal(berth_settings_read("/nowhere/at/all", take, NULL, &kept, &error),
                     BERTH_NOT_FOUND);
    assert_null(kept);
    assert_string_equal(error.where, "/nowhere/at/all");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_stand_in_their_sections),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
