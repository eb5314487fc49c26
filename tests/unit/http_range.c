#include "http/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct example {
    const char *header;
    int64_t total;
    int64_t first;
    int64_t length;
};

static void assert_kind(enum berth_range_kind kind, const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct berth_range range = berth_range_parse(examples[i].header, examples[i].total);
        if (range.kind != kind)
            fail_msg("%s of %d: kind %d", examples[i].header, (int)examples[i].total, range.kind);
        if (kind == BERTH_RANGE_OUTSIDE)
            continue;
        assert_int_equal(range.first, examples[i].first);
        assert_int_equal(range.length, examples[i].length);
    }
}

static void one_range_is_a_part(void **state) {
    (void)state;
    static const struct example examples[] = {
        /* RFC 9110 section 14.1.2, of 10,000 bytes */
        {"bytes=0-499", 10000, 0, 500},
        {"bytes=500-999", 10000, 500, 500},
        {"bytes=-500", 10000, 9500, 500},
        {"bytes=9500-", 10000, 9500, 500},
        {"bytes=0-0", 10000, 0, 1},
        {"bytes=-1", 10000, 9999, 1},
        {"bytes=9999-9999", 10000, 9999, 1},
        {"bytes=0-9999", 10000, 0, 10000},
        {"bytes=0-", 10000, 0, 10000},
        /* ends beyond the content stop at it */
        {"bytes=9990-20000", 10000, 9990, 10},
        {"bytes=-20000", 10000, 0, 10000},
        {"bytes=1-99999999999999999999999", 10000, 1, 9999},
        {"bytes=-99999999999999999999999", 10000, 0, 10000},
        {"Bytes=0-0", 10000, 0, 1},
        {"bytes= 0-0 ", 10000, 0, 1},
        {"bytes=0000-0001", 10000, 0, 2},
    };
    assert_kind(BERTH_RANGE_PART, examples, sizeof examples / sizeof *examples);
}

static void what_is_past_the_end_is_outside(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"bytes=10000-", 10000, 0, 0},
        {"bytes=10000-10001", 10000, 0, 0},
        {"bytes=99999999999999999999999-", 10000, 0, 0},
        {"bytes=-0", 10000, 0, 0},
        {"bytes=0-", 0, 0, 0},
        {"bytes=0-0", 0, 0, 0},
        {"bytes=-0", 0, 0, 0},
    };
    assert_kind(BERTH_RANGE_OUTSIDE, examples, sizeof examples / sizeof *examples);
}

static void what_is_no_range_of_ours_gives_the_whole(void **state) {
    (void)state;
    static const struct example examples[] = {
        {NULL, 100, 0, 100},          {"", 100, 0, 100},           {"bytes", 100, 0, 100},
        {"bytes=", 100, 0, 100},      {"bytes=-", 100, 0, 100},    {"bytes=a-b", 100, 0, 100},
        {"bytes=1", 100, 0, 100},     {"bytes=5-4", 100, 0, 100},  {"bytes=--5", 100, 0, 100},
        {"bytes=1-2-3", 100, 0, 100}, {"bytes=1 -2", 100, 0, 100}, {"bytes=0x1-2", 100, 0, 100},
        {"bytes =0-1", 100, 0, 100},  {"lines=0-1", 100, 0, 100},  {"bytes=-5", 0, 0, 0},
    };
    assert_kind(BERTH_RANGE_WHOLE, examples, sizeof examples / sizeof *examples);
}

static void several_ranges_never_amplify(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"bytes=0-0,-1", 100, 0, 100},
        {"bytes= 0-999, 4500-5499, -1000", 10000, 0, 10000},
        {"bytes=0-,0-,0-,0-,0-,0-", 100, 0, 100},
    };
    assert_kind(BERTH_RANGE_WHOLE, examples, sizeof examples / sizeof *examples);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_range_is_a_part),
        cmocka_unit_test(what_is_past_the_end_is_outside),
        cmocka_unit_test(what_is_no_range_of_ours_gives_the_whole),
        cmocka_unit_test(several_ranges_never_amplify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
