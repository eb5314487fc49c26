#include "http/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_piece_may_take_the_grace_and_its_time_at_the_rate(void **state) {
    (void)state;
    struct berth_pace pace;
    berth_pace_init(&pace, 1000, 5000);
    assert_int_equal(berth_pace_start(&pace, 100, 4000), 100 + 5000 + 4000);
}

static void slowness_uses_the_grace_up(void **state) {
    (void)state;
    struct berth_pace pace;
    berth_pace_init(&pace, 1000, 5000);
    (void)berth_pace_start(&pace, 0, 1000);
    berth_pace_finish(&pace, 4000, 1000); /* 3 s more than its second */
    assert_int_equal(berth_pace_start(&pace, 4000, 1000), 4000 + 2000 + 1000);
    berth_pace_finish(&pace, 7000, 1000);
    assert_int_equal(berth_pace_start(&pace, 7000, 1000), 7000 + 1000);
}

static void a_fast_start_buys_no_long_pause(void **state) {
    (void)state;
    struct berth_pace pace;
    berth_pace_init(&pace, 1000, 5000);
    (void)berth_pace_start(&pace, 0, 1000000);
    berth_pace_finish(&pace, 1, 1000000);
    assert_int_equal(berth_pace_start(&pace, 1, 1000), 1 + 5000 + 1000);
}

static void no_rate_is_as_good_as_no_deadline(void **state) {
    (void)state;
    struct berth_pace pace;
    berth_pace_init(&pace, 0, 5000);
    assert_true(berth_pace_start(&pace, 0, 1) >= INT64_C(86400000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_may_take_the_grace_and_its_time_at_the_rate),
        cmocka_unit_test(slowness_uses_the_grace_up),
        cmocka_unit_test(a_fast_start_buys_no_long_pause),
        cmocka_unit_test(no_rate_is_as_good_as_no_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
