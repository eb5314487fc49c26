#include "cli/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
/* 2026-11-20T18:34:07.000Z */
#define NOW INT64_C(1795199647000)

static void sizes_are_in_powers_of_1000(void **state) {
    static const struct {
        int64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {34567, "34.6 kB"},
        {999949, "999.9 kB"},
        {999950, "1.0 MB"},
        {1000000, "1.0 MB"},
        {64 << 20, "67.1 MB"},
        {INT64_C(5000000000), "5.0 GB"},
        {INT64_MAX, "9.2 EB"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CLI_HUMAN_BYTES];
        cli_human_size(cases[i].bytes, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void ages_are_coarse(void **state) {
    static const struct {
        int64_t age;
        const char *text;
    } cases[] = {
        {0, "just now"},          {59999, "just now"},
        {MINUTE, "1 min ago"},    {59 * MINUTE, "59 min ago"},
        {HOUR, "1 h ago"},        {47 * HOUR, "47 h ago"},
        {2 * DAY, "2 days ago"},  {29 * DAY, "29 days ago"},
        {30 * DAY, "2026-10-21"}, {-30000, "just now"},
        {-3 * HOUR, "in 3 h"},    {-90 * DAY, "in 90 days"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[CLI_HUMAN_BYTES];
        cli_human_age(NOW, NOW - cases[i].age, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void times_are_rfc_3339_in_utc(void **state) {
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"2026-11-20T18:34:07Z", NOW},
        {"2026-11-20T18:34:07.5Z", NOW + 500},
        {"2026-11-20T18:34:07.123456Z", NOW + 123},
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-20T18:34:07", -1},
        {"2026-11-20T18:34:07+01:00", -1},
        {"2026-11-20T18:34:07.Z", -1},
        {"2026-11-20 18:34:07Z", -1},
        {"2026-11-20", -1},
        {"2026-13-20T18:34:07Z", -1},
        {"yesterday", -1},
        {"", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        assert_int_equal(cli_time_parse(cases[i].text, &ms), cases[i].ms >= 0);
        assert_true(ms == cases[i].ms);
    }
}

static void a_token_expires_after_a_span_or_at_a_time(void **state) {
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"12h", NOW + 12 * HOUR},
        {"90d", NOW + 90 * DAY},
        {"8w", NOW + 56 * DAY},
        {"2027-01-31T00:00:00Z", INT64_C(1801353600000)},
        {"2020-01-31T00:00:00Z", -1},
        {"0d", -1},
        {"-1d", -1},
        {"d", -1},
        {"90", -1},
        {"90days", -1},
        {"3m", -1}, /* months or minutes */
        {"10000d", -1},
        {"never", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        struct berth_error error = {0};
        enum berth_code code = cli_expires_parse(cases[i].text, NOW, &ms, &error);
        assert_int_equal(code, cases[i].ms < 0 ? BERTH_INVALID : BERTH_OK);
        assert_true(ms == cases[i].ms);
    }
}

static void what_a_terminal_obeys_is_told_apart(void **state) {
    static const struct {
        const char *text;
        size_t length;
        bool harmless;
    } cases[] = {
        {"a", 1, true},
        {"ä", 2, true},
        {"€", 3, true},
        {"😀", 4, true},
        {"\033[31m", 1, false},
        {"\n", 1, false},
        {"\r", 1, false},
        {"\x7f", 1, false},
        {"\xc2\x9b", 2, false},     /* CSI as C1 */
        {"\xc2\xa0", 2, true},      /* no-break space */
        {"\x9b", 1, false},         /* CSI in Latin-1 */
        {"\xe2\x80\xae", 3, false}, /* right-to-left override */
        {"\xe2\x81\xa6", 3, false}, /* left-to-right isolate */
        {"\xe2\x80\xa6", 3, true},  /* ellipsis */
        {"\xe2\x80", 1, false},     /* cut */
        {"\xc3(", 1, false},
        {"\xc0\xaf", 1, false},
        {"\xff", 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool harmless = !cases[i].harmless;
        assert_int_equal(cli_character(cases[i].text, &harmless), cases[i].length);
        assert_int_equal(harmless, cases[i].harmless);
    }
}

static void widths_count_characters(void **state) {
    (void)state;
    assert_int_equal(cli_width(""), 0);
    assert_int_equal(cli_width("häuser"), 6);
    assert_int_equal(cli_width("a\xff\033z"), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_in_powers_of_1000),
        cmocka_unit_test(ages_are_coarse),
        cmocka_unit_test(times_are_rfc_3339_in_utc),
        cmocka_unit_test(a_token_expires_after_a_span_or_at_a_time),
        cmocka_unit_test(what_a_terminal_obeys_is_told_apart),
        cmocka_unit_test(widths_count_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
