#include "berth/semver.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

/* The lists that semver.org's FAQ links to beside its regular expression
 * (https://regex101.com/r/vkijKf/1/). */
static const char *const valid[] = {
    "0.0.4",
    "1.2.3",
    "10.20.30",
    "1.1.2-prerelease+meta",
    "1.1.2+meta",
    "1.1.2+meta-valid",
    "1.0.0-alpha",
    "1.0.0-beta",
    "1.0.0-alpha.beta",
    "1.0.0-alpha.beta.1",
    "1.0.0-alpha.1",
    "1.0.0-alpha0.valid",
    "1.0.0-alpha.0valid",
    "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay",
    "1.0.0-rc.1+build.1",
    "2.0.0-rc.1+build.123",
    "1.2.3-beta",
    "10.2.3-DEV-SNAPSHOT",
    "1.2.3-SNAPSHOT-123",
    "1.0.0",
    "2.0.0",
    "1.1.7",
    "2.0.0+build.1848",
    "2.0.1-alpha.1227",
    "1.0.0-alpha+beta",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
    "1.2.3----R-S.12.9.1--.12+meta",
    "1.2.3----RC-SNAPSHOT.12.9.1--.12",
    "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    "99999999999999999999999.999999999999999999.99999999999999999",
    "1.0.0-0A.is.legal",
    /* section 10's own, with a leading zero */
    "1.0.0-alpha+001",
    "1.0.0+20130313144700",
    "1.0.0+21AF26D3----117B344092BD",
};

static const char *const invalid[] = {
    "1",
    "1.2",
    "1.2.3-0123",
    "1.2.3-0123.0123",
    "1.1.2+.123",
    "+invalid",
    "-invalid",
    "-invalid+invalid",
    "-invalid.01",
    "alpha",
    "alpha.beta",
    "alpha.beta.1",
    "alpha.1",
    "alpha+beta",
    "alpha_beta",
    "alpha.",
    "alpha..",
    "beta",
    "1.0.0-alpha_beta",
    "-alpha.",
    "1.0.0-alpha..",
    "1.0.0-alpha..1",
    "1.0.0-alpha...1",
    "1.0.0-alpha....1",
    "1.0.0-alpha.....1",
    "1.0.0-alpha......1",
    "1.0.0-alpha.......1",
    "01.1.1",
    "1.01.1",
    "1.1.01",
    "1.2.3.DEV",
    "1.2-SNAPSHOT",
    "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788",
    "1.2-RC-SNAPSHOT",
    "-1.0.3-gamma+b7718",
    "+justmeta",
    "9.8.7+meta+meta",
    "9.8.7-whatever+meta+meta",
    ("99999999999999999999999.999999999999999999.99999999999999999----RC-SNAPSHOT.12.09.1----"
     "----------------------------..12"),
    /* and what people type */
    "",
    "v1.2.3",
    "V1.2.3",
    "=1.2.3",
    " 1.2.3",
    "1.2.3 ",
    "1.2.3\n",
    "1.2.3-",
    "1.2.3+",
    "1.2.3-+b",
    "1..3",
    "1.2.x",
    "latest",
    "1.2.3-ü",
    "1.2.3/..",
};

static void the_official_valid_versions_are_taken(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        if (berth_semver_check(valid[i], NULL) != BERTH_OK)
            fail_msg("%s was refused", valid[i]);
}

static void the_official_invalid_versions_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        struct berth_error error = {0};
        if (berth_semver_check(invalid[i], &error) != BERTH_INVALID)
            fail_msg("%s was taken", invalid[i]);
        assert_string_equal(error.rule, "version");
        assert_true(error.hint[0]);
    }
}

static void the_hint_says_what_is_wrong(void **state) {
    (void)state;
    struct berth_error error = {0};
    (void)berth_semver_check("v1.2.3", &error);
    assert_non_null(strstr(error.hint, "\"v\""));
}

static void a_version_of_128_bytes_is_taken_and_129_are_not(void **state) {
    (void)state;
    char text[BERTH_VERSION_MAX_BYTES + 2] = "1.2.3-";
    memset(text + strlen(text), 'a', BERTH_VERSION_MAX_BYTES - strlen(text));
    assert_int_equal(strlen(text), BERTH_VERSION_MAX_BYTES);
    assert_int_equal(berth_semver_check(text, NULL), BERTH_OK);
    text[BERTH_VERSION_MAX_BYTES] = 'a';
    struct berth_error error = {0};
    assert_int_equal(berth_semver_check(text, &error), BERTH_INVALID);
    assert_non_null(strstr(error.hint, "128"));
}

/* Section 11's own chains and what its clauses add: each is below all that follow. */
static void precedence_follows_section_11(void **state) {
    (void)state;
    static const char *const chain[] = {
        "0.0.4",
        "1.0.0-0",
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-11",
        "1.0.0-99999999999999999999",
        "1.0.0-100000000000000000000",
        "1.0.0--", /* a hyphen is no digit */
        "1.0.0--1",
        "1.0.0-0A",
        "1.0.0-ALPHA",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.1.0",
        "1.0.0-alpha.beta",
        "1.0.0-alpha-",
        "1.0.0-alpha0",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.9",
        "1.0.10",
        "1.9.0",
        "1.10.0-x",
        "1.10.0",
        "2.0.0",
        "2.1.0",
        "2.1.1",
        "10.0.0",
        "99999999999999999999.0.0",
        "100000000000000000000.0.0",
    };
    size_t count = sizeof chain / sizeof chain[0];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(berth_semver_check(chain[i], NULL), BERTH_OK);
        for (size_t j = 0; j < count; j++) {
            int order = berth_semver_compare(chain[i], chain[j]);
            int expected = (i > j) - (i < j);
            if ((order > 0) - (order < 0) != expected)
                fail_msg("%s against %s gave %d", chain[i], chain[j], order);
        }
    }
}

static void build_metadata_does_not_count(void **state) {
    (void)state;
    assert_int_equal(berth_semver_compare("1.0.0+a", "1.0.0+b"), 0);
    assert_int_equal(berth_semver_compare("1.0.0+a-b", "1.0.0"), 0);
    assert_int_equal(berth_semver_compare("1.0.0-rc.1+a", "1.0.0-rc.1+b.2"), 0);
    assert_true(berth_semver_compare("1.0.0-rc+z", "1.0.0-rc.1+a") < 0);
    assert_true(berth_semver_compare("1.0.0-rc+z", "1.0.0+a") < 0);
}

static void a_prerelease_is_told_from_a_hyphen_in_metadata(void **state) {
    (void)state;
    assert_true(berth_semver_is_prerelease("1.0.0-alpha"));
    assert_true(berth_semver_is_prerelease("1.0.0-0+b"));
    assert_false(berth_semver_is_prerelease("1.0.0"));
    assert_false(berth_semver_is_prerelease("1.0.0+a-b"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_valid_versions_are_taken),
        cmocka_unit_test(the_official_invalid_versions_are_refused),
        cmocka_unit_test(the_hint_says_what_is_wrong),
        cmocka_unit_test(a_version_of_128_bytes_is_taken_and_129_are_not),
        cmocka_unit_test(precedence_follows_section_11),
        cmocka_unit_test(build_metadata_does_not_count),
        cmocka_unit_test(a_prerelease_is_told_from_a_hyphen_in_metadata),
    };
    return cmocka_run_group_tests_name("base_semver", tests, NULL, NULL);
}
