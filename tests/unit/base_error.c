#include "berth/error.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static void the_first_error_wins(void **state) {
    (void)state;
    struct berth_error error = {0};
    assert_int_equal(berth_fail(&error, BERTH_CONFLICT, "first", "the %s", "cause"),
                     BERTH_CONFLICT);
    assert_int_equal(berth_fail(&error, BERTH_IO, "second", "a cleanup"), BERTH_IO);
    errno = ENOSPC;
    assert_int_equal(berth_fail_errno(&error, "third", "another"), BERTH_NO_SPACE);
    assert_int_equal(error.code, BERTH_CONFLICT);
    assert_string_equal(error.rule, "first");
    assert_string_equal(error.text, "the cause");
}

static void an_error_that_nobody_wants_still_has_its_code(void **state) {
    (void)state;
    assert_int_equal(berth_fail(NULL, BERTH_STALE, "rule", "text"), BERTH_STALE);
    errno = ENOMEM;
    assert_int_equal(berth_fail_errno(NULL, "rule", "text"), BERTH_NO_MEMORY);
    berth_error_where(NULL, "here");
    berth_error_hint(NULL, "do this");
}

static void errno_becomes_a_meaning_and_a_reason(void **state) {
    (void)state;
    static const struct {
        int number;
        enum berth_code code;
    } cases[] = {{ENOSPC, BERTH_NO_SPACE}, {EDQUOT, BERTH_NO_SPACE}, {ENOMEM, BERTH_NO_MEMORY},
                 {EIO, BERTH_IO},          {EACCES, BERTH_IO},       {ENOENT, BERTH_IO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_error error = {0};
        errno = cases[i].number;
        assert_int_equal(berth_fail_errno(&error, "store-io", "cannot open %s", "x"),
                         cases[i].code);
        assert_int_equal(error.code, cases[i].code);
        char expected[BERTH_TEXT_BYTES] = "cannot open x: ";
        strncat(expected, strerror(cases[i].number), sizeof expected - strlen(expected) - 1);
        assert_string_equal(error.text, expected);
    }
}

static void place_and_hint_are_kept_once_and_only_with_an_error(void **state) {
    (void)state;
    struct berth_error error = {0};
    berth_error_where(&error, "nowhere");
    berth_error_hint(&error, "nothing");
    assert_string_equal(error.where, "");
    assert_string_equal(error.hint, "");
    (void)berth_fail(&error, BERTH_INVALID, "rule", "text");
    berth_error_where(&error, "/slots/%d", 3);
    berth_error_where(&error, "/other");
    berth_error_hint(&error, "do %s", "this");
    berth_error_hint(&error, "or that");
    assert_string_equal(error.where, "/slots/3");
    assert_string_equal(error.hint, "do this");
}

/* `pad` bytes and then the character again and again: the cut falls on each of its bytes in turn.
 */
static void check_cut(const char *character, size_t pad) {
    size_t width = strlen(character);
    char text[2 * BERTH_WHERE_BYTES];
    memset(text, 'a', pad);
    size_t length = pad;
    for (; length + width < sizeof text; length += width)
        memcpy(text + length, character, width);
    text[length] = '\0';
    struct berth_error error = {0};
    (void)berth_fail(&error, BERTH_INVALID, "rule", "%s", text);
    berth_error_where(&error, "%s", text);
    berth_error_hint(&error, "%s", text);
    const char *cuts[] = {error.text, error.where, error.hint};
    size_t sizes[] = {sizeof error.text, sizeof error.where, sizeof error.hint};
    for (size_t i = 0; i < 3; i++) {
        size_t whole = (sizes[i] - 1 - pad) / width * width + pad;
        assert_int_equal(strlen(cuts[i]), whole);
        assert_memory_equal(cuts[i], text, whole);
    }
}

static void long_text_is_cut_at_a_characters_border(void **state) {
    (void)state;
    static const char *const characters[] = {"x", "é", "€", "🚢"};
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++)
        for (size_t pad = 0; pad < 8; pad++)
            check_cut(characters[i], pad);
}

static void text_that_just_fits_is_not_cut(void **state) {
    (void)state;
    char text[BERTH_TEXT_BYTES] = "";
    while (strlen(text) + strlen("é") < sizeof text)
        strncat(text, "é", sizeof text - strlen(text) - 1);
    struct berth_error error = {0};
    (void)berth_fail(&error, BERTH_INVALID, "rule", "%s", text);
    assert_string_equal(error.text, text);
}

static void a_reason_that_does_not_fit_is_cut(void **state) {
    (void)state;
    char text[2 * BERTH_TEXT_BYTES];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct berth_error error = {0};
    errno = EIO;
    (void)berth_fail_errno(&error, "rule", "%s", text);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

static void only_the_codes_of_passing_trouble_are_retryable(void **state) {
    (void)state;
    for (int code = 0; code < BERTH_CODE_COUNT; code++) {
        bool expected = code == BERTH_TIMEOUT || code == BERTH_BUSY || code == BERTH_NO_SPACE ||
                        code == BERTH_NO_MEMORY;
        assert_int_equal(berth_code_is_retryable((enum berth_code)code), expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(an_error_that_nobody_wants_still_has_its_code),
        cmocka_unit_test(errno_becomes_a_meaning_and_a_reason),
        cmocka_unit_test(place_and_hint_are_kept_once_and_only_with_an_error),
        cmocka_unit_test(long_text_is_cut_at_a_characters_border),
        cmocka_unit_test(text_that_just_fits_is_not_cut),
        cmocka_unit_test(a_reason_that_does_not_fit_is_cut),
        cmocka_unit_test(only_the_codes_of_passing_trouble_are_retryable),
    };
    return cmocka_run_group_tests_name("base_error", tests, NULL, NULL);
}
