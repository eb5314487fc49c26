#include "berth/name.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

#define LONGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */

static const char *const parts[] = {"a", "header-app", "cart_2", "a.b", "0", "-", "_", LONGEST};
static const char *const bad_parts[] = {
    "",    ".",    "..",  ".a",  "A",         "header app", "a/b", "a\\b", "ü",   "a@b",
    "a+b", "a%2f", "a\n", "a:b", LONGEST "a", "*",          "~",   "a,b",  "a\"", "<a>",
};

static void module_names_are_plain_or_scoped(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char scoped[BERTH_MODULE_MAX_BYTES + 1];
        assert_int_equal(berth_module_name_check(parts[i], NULL), BERTH_OK);
        (void)snprintf(scoped, sizeof scoped, "@%s/%s", parts[i], parts[i]);
        assert_int_equal(berth_module_name_check(scoped, NULL), BERTH_OK);
        assert_true(strlen(scoped) <= BERTH_MODULE_MAX_BYTES);
    }
}

static void check_refused(const char *name) {
    struct berth_error error = {0};
    if (berth_module_name_check(name, &error) != BERTH_INVALID)
        fail_msg("%s was taken", name);
    assert_string_equal(error.rule, "module-name");
    assert_true(error.hint[0]);
}

static void other_module_names_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"@",      "@/",    "@a",    "@a/",   "@/a",
                                      "@a/b/c", "a/b",   "@@a/b", "@a/@b", "@a//b",
                                      "@a/.b",  "@.a/b", "@a/..", "@A/b",  "@a/*"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_refused(bad[i]);
    for (size_t i = 0; i < sizeof bad_parts / sizeof bad_parts[0]; i++) {
        char scoped[200];
        check_refused(bad_parts[i]);
        (void)snprintf(scoped, sizeof scoped, "@%s/a", bad_parts[i]);
        check_refused(scoped);
        (void)snprintf(scoped, sizeof scoped, "@a/%s", bad_parts[i]);
        check_refused(scoped);
    }
}

static void page_and_slot_names_are_one_part(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_int_equal(berth_name_check("slot", parts[i], NULL), BERTH_OK);
    for (size_t i = 0; i < sizeof bad_parts / sizeof bad_parts[0]; i++) {
        struct berth_error error = {0};
        assert_int_equal(berth_name_check("slot", bad_parts[i], &error), BERTH_INVALID);
        assert_string_equal(error.rule, "name");
        assert_string_equal(error.text, "not a slot name");
    }
    assert_int_equal(berth_name_check("page", "@a/b", NULL), BERTH_INVALID);
}

static void patterns_cover_all_a_scope_or_one_module(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        const char *module;
        bool covered;
    } cases[] = {
        {"*", "header-app", true},
        {"*", "@shop/cart", true},
        {"@shop/*", "@shop/cart", true},
        {"@shop/*", "@shopping/cart", false},
        {"@shop/*", "shop", false},
        {"@shop/*", "@sho/cart", false},
        {"cart", "cart", true},
        {"cart", "cart2", false},
        {"cart", "car", false},
        {"cart", "@shop/cart", false},
        {"@shop/cart", "@shop/cart", true},
        {"@shop/cart", "@shop/cart-2", false},
        {"@shop/", "@shop/cart", false},
        {"@*", "@shop/cart", false},
        {"", "cart", false},
        {"c*", "cart", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (berth_module_matches(cases[i].pattern, cases[i].module) != cases[i].covered)
            fail_msg("%s and %s", cases[i].pattern, cases[i].module);
}

static void a_pattern_has_one_of_three_forms(void **state) {
    (void)state;
    static const char *const good[] = {"*", "@shop/*", "cart", "@shop/cart"};
    static const char *const bad[] = {"",    "**", "c*",       "@*/cart",  "@shop/",
                                      "@/*", "/*", "@shop/c*", "@shop/**", "@.shop/*"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(berth_module_pattern_check(good[i], NULL), BERTH_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct berth_error error = {0};
        if (berth_module_pattern_check(bad[i], &error) != BERTH_INVALID)
            fail_msg("%s was taken", bad[i]);
        assert_string_equal(error.rule, "module-pattern");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(module_names_are_plain_or_scoped),
        cmocka_unit_test(other_module_names_are_refused),
        cmocka_unit_test(page_and_slot_names_are_one_part),
        cmocka_unit_test(patterns_cover_all_a_scope_or_one_module),
        cmocka_unit_test(a_pattern_has_one_of_three_forms),
    };
    return cmocka_run_group_tests_name("base_name", tests, NULL, NULL);
}
