/* Timers of a loop. */
#include "http/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { START_MS = 1000000, TIMERS = 500 };

/* When the timer comes, looking every millisecond; -1 when it does not until `until_ms`. */
static int64_t comes_at(struct berth_wheel *wheel, const struct berth_timer *timer, int64_t from_ms,
                        int64_t until_ms) {
    for (int64_t now_ms = from_ms; now_ms <= until_ms; now_ms++) {
        const struct berth_timer *due = berth_wheel_due(wheel, now_ms);
        if (due) {
            assert_ptr_equal(due, timer);
            return now_ms;
        }
    }
    return -1;
}

static void assert_comes(int64_t came_ms, int64_t deadline_ms) {
    if (came_ms < deadline_ms || came_ms > deadline_ms + BERTH_WHEEL_TICK_MS)
        fail_msg("%lld instead of %lld", (long long)came_ms, (long long)deadline_ms);
}

static void a_timer_comes_at_its_deadline_and_once(void **state) {
    (void)state;
    static const int64_t after_ms[] = {0,    1,    31,   32,   33,    100,   8159,
                                       8160, 8191, 8192, 8193, 20000, 30000, 100000};
    for (size_t i = 0; i < sizeof after_ms / sizeof *after_ms; i++) {
        static struct berth_wheel wheel;
        struct berth_timer timer = {0};
        int64_t deadline_ms = START_MS + after_ms[i];
        berth_wheel_init(&wheel, START_MS);
        assert_int_equal(berth_wheel_wait_ms(&wheel, START_MS), -1);
        berth_wheel_set(&wheel, &timer, deadline_ms);
        assert_comes(comes_at(&wheel, &timer, START_MS, deadline_ms + 1000), deadline_ms);
        assert_null(timer.next);
        assert_int_equal(comes_at(&wheel, &timer, deadline_ms + 1000, deadline_ms + 20000), -1);
        assert_int_equal(berth_wheel_wait_ms(&wheel, deadline_ms + 20000), -1);
    }
}

static void a_timer_can_be_put_off_drawn_nearer_and_cancelled(void **state) {
    (void)state;
    static struct berth_wheel wheel;
    struct berth_timer timer = {0};
    berth_wheel_init(&wheel, START_MS);
    berth_wheel_set(&wheel, &timer, START_MS + 100);
    berth_wheel_set(&wheel, &timer, START_MS + 30000);
    assert_comes(comes_at(&wheel, &timer, START_MS, START_MS + 40000), START_MS + 30000);
    berth_wheel_set(&wheel, &timer, START_MS + 90000);
    berth_wheel_set(&wheel, &timer, START_MS + 41000);
    assert_comes(comes_at(&wheel, &timer, START_MS + 40000, START_MS + 50000), START_MS + 41000);
    berth_wheel_set(&wheel, &timer, START_MS + 51000);
    berth_wheel_cancel(&timer);
    berth_wheel_cancel(&timer);
    assert_int_equal(comes_at(&wheel, &timer, START_MS + 50000, START_MS + 60000), -1);
}

/* Whoever waits as long as it is told misses nothing, and is not woken all the time. */
static void waiting_as_long_as_it_says_misses_nothing(void **state) {
    (void)state;
    static struct berth_wheel wheel;
    static struct berth_timer timers[TIMERS];
    unsigned random = 1;
    int came = 0, looks = 0;
    int64_t now_ms = START_MS;
    berth_wheel_init(&wheel, now_ms);
    for (int i = 0; i < TIMERS; i++) {
        random = random * 1103515245 + 12345;
        timers[i] = (struct berth_timer){0};
        berth_wheel_set(&wheel, &timers[i], now_ms + random % 60000);
    }
    for (int wait_ms; (wait_ms = berth_wheel_wait_ms(&wheel, now_ms)) >= 0; looks++) {
        now_ms += wait_ms;
        for (const struct berth_timer *due; (due = berth_wheel_due(&wheel, now_ms)); came++) {
            assert_true(due->deadline_ms <= now_ms);
            assert_true(now_ms - due->deadline_ms <= BERTH_WHEEL_TICK_MS);
        }
    }
    assert_int_equal(came, TIMERS);
    assert_true(looks < 3 * TIMERS);
}

/* As a loop that was busy, or a machine that slept. */
static void a_late_look_finds_all_that_is_due(void **state) {
    (void)state;
    static struct berth_wheel wheel;
    static struct berth_timer timers[TIMERS];
    berth_wheel_init(&wheel, START_MS);
    for (int i = 0; i < TIMERS; i++) {
        timers[i] = (struct berth_timer){0};
        berth_wheel_set(&wheel, &timers[i], START_MS + (int64_t)i * 97);
    }
    int came = 0;
    while (berth_wheel_due(&wheel, START_MS + 1000000))
        came++;
    assert_int_equal(came, TIMERS);
    struct berth_timer next = {0};
    berth_wheel_set(&wheel, &next, START_MS + 1000100);
    assert_comes(comes_at(&wheel, &next, START_MS + 1000000, START_MS + 1001000),
                 START_MS + 1000100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_comes_at_its_deadline_and_once),
        cmocka_unit_test(a_timer_can_be_put_off_drawn_nearer_and_cancelled),
        cmocka_unit_test(waiting_as_long_as_it_says_misses_nothing),
        cmocka_unit_test(a_late_look_finds_all_that_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
