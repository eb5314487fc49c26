/* Signed texts of previews. */
#include "berth/preview.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { NOW_S = 1800000000 };

static struct berth_preview preview_of(const char *module, const char *version) {
    struct berth_preview preview = {.until_s = NOW_S + 60};
    (void)snprintf(preview.module, sizeof preview.module, "%s", module);
    (void)snprintf(preview.version, sizeof preview.version, "%s", version);
    return preview;
}

static void what_was_signed_is_read_again(void **state) {
    static const char *const names[][2] = {{"header-app", "1.2.0"},
                                           {"@shop/cart", "1.0.0-rc.1"},
                                           {"a.b", "10.20.30-x.y-z.4"},
                                           {"m", "1.0.0+build.7"}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct berth_preview preview = preview_of(names[i][0], names[i][1]), read;
        char text[BERTH_PREVIEW_TEXT_BYTES];
        berth_preview_sign(&preview, text);
        assert_true(berth_preview_check(text, NOW_S, &read));
        assert_string_equal(read.module, names[i][0]);
        assert_string_equal(read.version, names[i][1]);
        assert_int_equal(read.until_s, NOW_S + 60);
    }
}

static void the_longest_names_fit(void **state) {
    char module[BERTH_MODULE_MAX_BYTES + 1], version[BERTH_VERSION_MAX_BYTES + 1];
    (void)state;
    memset(module, 'm', sizeof module - 1);
    module[sizeof module - 1] = '\0';
    (void)snprintf(version, sizeof version, "1.0.0-%0*d", (int)sizeof version - 7, 1);
    struct berth_preview preview = preview_of(module, version), read;
    char text[BERTH_PREVIEW_TEXT_BYTES];
    berth_preview_sign(&preview, text);
    assert_true(berth_preview_check(text, NOW_S, &read));
    assert_string_equal(read.module, module);
    assert_string_equal(read.version, version);
}

static void it_ends(void **state) {
    struct berth_preview preview = preview_of("header-app", "1.2.0"), read;
    char text[BERTH_PREVIEW_TEXT_BYTES];
    (void)state;
    berth_preview_sign(&preview, text);
    assert_true(berth_preview_check(text, NOW_S + 59, &read));
    assert_false(berth_preview_check(text, NOW_S + 60, &read));
}

/* Each byte, changed or taken away. */
static void nothing_else_is_taken(void **state) {
    static const char *const others[] = {
        "", ".", "@", "..", "a@1.0.0", "a@1.0.0.1900000000.", "a@1.0.0.1900000000.AAAA"};
    struct berth_preview preview = preview_of("header-app", "1.2.0"), read;
    char text[BERTH_PREVIEW_TEXT_BYTES], other[BERTH_PREVIEW_TEXT_BYTES];
    (void)state;
    berth_preview_sign(&preview, text);
    for (size_t i = 0; i < strlen(text); i++) {
        memcpy(other, text, sizeof other);
        other[i] = (char)(other[i] == 'x' ? 'y' : 'x');
        assert_false(berth_preview_check(other, NOW_S, &read));
        memcpy(other, text, sizeof other);
        other[i] = '\0';
        assert_false(berth_preview_check(other, NOW_S, &read));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(berth_preview_check(others[i], NOW_S, &read));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read_again),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(it_ends),
        cmocka_unit_test(nothing_else_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
