/* Ranges of versions: the expectations are node-semver's own answers (7.8). */
#include "berth/semver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static void ranges_are_judged_as_npm_does(void **state) {
    (void)state;
    static const struct {
        const char *range, *version;
        enum berth_satisfaction expected;
    } cases[] = {
        {"^18.2.0", "18.3.1", BERTH_SATISFIED},
        {"^18.2.0", "18.1.9", BERTH_UNSATISFIED},
        {"^18.2.0", "19.0.0", BERTH_UNSATISFIED},
        {"^0.2.3", "0.2.9", BERTH_SATISFIED},
        {"^0.2.3", "0.3.0", BERTH_UNSATISFIED},
        {"^0.0.3", "0.0.4", BERTH_UNSATISFIED},
        {"^0.0", "0.0.9", BERTH_SATISFIED},
        {"^0", "0.9.9", BERTH_SATISFIED},
        {"^1.x", "1.9.9", BERTH_SATISFIED},
        {"~1.2.3", "1.2.9", BERTH_SATISFIED},
        {"~1.2", "1.3.0", BERTH_UNSATISFIED},
        {"~1", "1.9.0", BERTH_SATISFIED},
        {"~> 1.2", "1.2.1", BERTH_SATISFIED},
        {"*", "9.9.9", BERTH_SATISFIED},
        {"", "9.9.9", BERTH_SATISFIED},
        {"x", "9.9.9", BERTH_SATISFIED},
        {"1", "1.9.9", BERTH_SATISFIED},
        {"1.2.x", "1.3.0", BERTH_UNSATISFIED},
        {"1.2.3", "1.2.3", BERTH_SATISFIED},
        {"=1.2.3", "1.2.4", BERTH_UNSATISFIED},
        {"v1.2.3", "1.2.3+b", BERTH_SATISFIED},
        {">=1.2 <2", "1.5.0", BERTH_SATISFIED},
        {">=1.2 <2", "2.0.0", BERTH_UNSATISFIED},
        {">1", "1.5.0", BERTH_UNSATISFIED},
        {">1", "2.0.0", BERTH_SATISFIED},
        {">1.2.3", "1.2.3", BERTH_UNSATISFIED},
        {"<=1", "1.9.9", BERTH_SATISFIED},
        {"<=1.2", "1.3.0", BERTH_UNSATISFIED},
        {"<*", "1.0.0", BERTH_UNSATISFIED},
        {"1.2 - 1.4", "1.4.9", BERTH_SATISFIED},
        {"1.2.3 - 2", "3.0.0", BERTH_UNSATISFIED},
        {"^17 || ^18", "18.0.0", BERTH_SATISFIED},
        {"^17||^16", "18.0.0", BERTH_UNSATISFIED},
        {"^19.0.0-rc.1", "19.0.0-rc.2", BERTH_SATISFIED},
        {"^19.0.0-rc.1", "19.0.0-rc.0", BERTH_UNSATISFIED},
        {"^19.0.0-rc.1", "19.1.0-rc.2", BERTH_UNSATISFIED},
        {"^19.0.0-rc.1", "19.1.0", BERTH_SATISFIED},
        {"^18", "18.3.0-rc.1", BERTH_UNSATISFIED},
        {"<2.0.0", "2.0.0-rc.1", BERTH_UNSATISFIED},
        {"latest", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"npm:react@18", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"^1.2.3.4", "1.2.3", BERTH_RANGE_UNKNOWN},
        {"1 | 2", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"^", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"1 -", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"^99999999999999999999", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"^1.0.0-a..b", "1.0.0", BERTH_RANGE_UNKNOWN},
        {"^1", "1.0", BERTH_RANGE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (berth_range_satisfied(cases[i].range, cases[i].version) != cases[i].expected)
            fail_msg("%s and %s: not %d", cases[i].range, cases[i].version, cases[i].expected);
}

static void ranges_meet_where_a_version_is_in_both(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        enum berth_satisfaction expected;
    } cases[] = {
        {"^18.2.0", "^18.0.0", BERTH_SATISFIED},
        {"^18.2.0", "^17.0.0", BERTH_UNSATISFIED},
        {"^18.2.0", "^17.0.0 || ^18.3.0", BERTH_SATISFIED},
        {"^16 || ^17", "^18 || ^19", BERTH_UNSATISFIED},
        {">=17 <19", "^18.2.0", BERTH_SATISFIED},
        {">=17 <18.2", "^18.2.0", BERTH_UNSATISFIED},
        {"<18.2.0", ">=18.2.0", BERTH_UNSATISFIED},
        {"<=18.2.0", ">=18.2.0", BERTH_SATISFIED},
        {"~1.2.3", "1.3.x", BERTH_UNSATISFIED},
        {"~1.2", "1.2.9", BERTH_SATISFIED},
        {"1.2.3", "1.2.4", BERTH_UNSATISFIED},
        {"1.2 - 1.4", "1.4.9", BERTH_SATISFIED},
        {"1.2 - 1.4", ">1.4", BERTH_UNSATISFIED},
        {"^0.2.3", "^0.3.0", BERTH_UNSATISFIED},
        {"*", "^99", BERTH_SATISFIED},
        {"", "1.0.0", BERTH_SATISFIED},
        {"<*", "*", BERTH_UNSATISFIED},
        {"<0", "*", BERTH_UNSATISFIED},
        {">2 <1", "*", BERTH_UNSATISFIED},
        {"^19.0.0-rc.1", "^19", BERTH_SATISFIED},
        {"^19.0.0-rc.1", "^18", BERTH_UNSATISFIED},
        {"latest", "*", BERTH_RANGE_UNKNOWN},
        {"*", "not(1)", BERTH_RANGE_UNKNOWN},
        {"^1", "workspace:*", BERTH_RANGE_UNKNOWN},
        {"1||2||3||4||5||6||7||8||9||10||11||12||13||14||15||16", "16", BERTH_SATISFIED},
        {"1||2||3||4||5||6||7||8||9||10||11||12||13||14||15||16||17", "16", BERTH_RANGE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (berth_ranges_meet(cases[i].a, cases[i].b) != cases[i].expected)
            fail_msg("%s and %s: not %d", cases[i].a, cases[i].b, cases[i].expected);
        if (berth_ranges_meet(cases[i].b, cases[i].a) != cases[i].expected)
            fail_msg("%s and %s: not %d", cases[i].b, cases[i].a, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_judged_as_npm_does),
        cmocka_unit_test(ranges_meet_where_a_version_is_in_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
