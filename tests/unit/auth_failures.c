/* How often an address may be wrong. */
#include "berth/auth.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
// The headers above must come before it.
#include <cmocka.h>

enum { NOW_MS = 5000000 };

static int taken_of(struct berth_failures *failures, const char *remote, int tries,
                    int64_t now_ms) {
    int taken = 0;
    for (int i = 0; i < tries; i++)
        taken += berth_failures_take(failures, remote, now_ms);
    return taken;
}

static void an_address_has_so_many_and_then_one_a_second(void **state) {
    (void)state;
    struct berth_failures *failures = berth_failures_create(20);
    assert_non_null(failures);
    assert_int_equal(taken_of(failures, "10.0.0.1", 100, NOW_MS), 20);
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS + 999), 0);
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS + 1000), 1);
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS + 4000), 3);
    assert_int_equal(taken_of(failures, "10.0.0.1", 100, NOW_MS + 3600000), 20);
    berth_failures_destroy(failures);
}

static void a_look_tells_whether_one_more_is_too_many_and_counts_nothing(void **state) {
    (void)state;
    struct berth_failures *failures = berth_failures_create(2);
    assert_non_null(failures);
    for (int i = 0; i < 10; i++)
        assert_false(berth_failures_over(failures, "10.0.0.1", NOW_MS));
    assert_int_equal(taken_of(failures, "10.0.0.1", 1, NOW_MS), 1);
    assert_false(berth_failures_over(failures, "10.0.0.1", NOW_MS));
    assert_int_equal(taken_of(failures, "10.0.0.1", 2, NOW_MS), 1);
    for (int i = 0; i < 10; i++)
        assert_true(berth_failures_over(failures, "10.0.0.1", NOW_MS + 999));
    assert_false(berth_failures_over(failures, "10.0.0.2", NOW_MS));
    assert_false(berth_failures_over(failures, "10.0.0.1", NOW_MS + 1000));
    berth_failures_destroy(failures);
}

static void addresses_do_not_pay_for_each_other(void **state) {
    (void)state;
    struct berth_failures *failures = berth_failures_create(3);
    assert_non_null(failures);
    assert_int_equal(taken_of(failures, "10.0.0.1", 10, NOW_MS), 3);
    assert_int_equal(taken_of(failures, "10.0.0.2", 10, NOW_MS), 3);
    assert_int_equal(taken_of(failures, "10.0.0.11", 10, NOW_MS), 3);
    assert_int_equal(taken_of(failures, "", 10, NOW_MS), 3);
    berth_failures_destroy(failures);
}

static void crowds_of_addresses_take_no_more_memory(void **state) {
    (void)state;
    struct berth_failures *failures = berth_failures_create(1);
    assert_non_null(failures);
    for (int i = 0; i < 100000; i++) {
        char remote[32];
        (void)snprintf(remote, sizeof remote, "10.%d.%d.%d", i >> 16, (i >> 8) & 255, i & 255);
        assert_true(berth_failures_take(failures, remote, NOW_MS + i));
    }
    berth_failures_destroy(failures);
}

static void a_limit_that_is_changed_holds_for_those_who_have_failed_too(void **state) {
    (void)state;
    struct berth_failures *failures = berth_failures_create(2);
    assert_non_null(failures);
    assert_int_equal(berth_failures_limit(failures), 2);
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS), 2);
    berth_failures_set_limit(failures, 5);
    assert_int_equal(berth_failures_limit(failures), 5);
    assert_false(berth_failures_over(failures, "10.0.0.1", NOW_MS));
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS), 3);
    berth_failures_set_limit(failures, 1);
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS + 4000), 0);
    assert_int_equal(taken_of(failures, "10.0.0.1", 5, NOW_MS + 5000), 1);
    assert_int_equal(taken_of(failures, "10.0.0.2", 5, NOW_MS), 1);
    berth_failures_destroy(failures);
}

struct crowd {
    struct berth_failures *failures;
    atomic_int taken;
};

static void *fail_often(void *argument) {
    struct crowd *crowd = argument;
    atomic_fetch_add(&crowd->taken, taken_of(crowd->failures, "10.0.0.1", 1000, NOW_MS));
    return NULL;
}

static void threads_together_have_no_more(void **state) {
    (void)state;
    struct crowd crowd = {.failures = berth_failures_create(50)};
    pthread_t threads[4];
    assert_non_null(crowd.failures);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fail_often, &crowd), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.taken), 50);
    berth_failures_destroy(crowd.failures);
    berth_failures_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_and_then_one_a_second),
        cmocka_unit_test(a_look_tells_whether_one_more_is_too_many_and_counts_nothing),
        cmocka_unit_test(addresses_do_not_pay_for_each_other),
        cmocka_unit_test(crowds_of_addresses_take_no_more_memory),
        cmocka_unit_test(a_limit_that_is_changed_holds_for_those_who_have_failed_too),
        cmocka_unit_test(threads_together_have_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
