#include "berth/clock.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
// The headers above must come before it.
#include <cmocka.h>

static const struct {
    int64_t time_ms;
    const char *rfc3339;
    const char *http;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {784111777000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"}, /* RFC 9110 */
    {951782400007, "2000-02-29T00:00:00.007Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {1795199647123, "2026-11-20T18:34:07.123Z", "Fri, 20 Nov 2026 18:34:07 GMT"},
    {4102444799999, "2099-12-31T23:59:59.999Z", "Thu, 31 Dec 2099 23:59:59 GMT"},
    {253402300799999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
};

static void check_times(void) {
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char iso[BERTH_RFC3339_BYTES], http[BERTH_HTTP_DATE_BYTES];
        berth_rfc3339(times[i].time_ms, iso);
        berth_http_date(times[i].time_ms, http);
        assert_string_equal(iso, times[i].rfc3339);
        assert_string_equal(http, times[i].http);
    }
}

static void times_are_written_as_the_rfcs_say(void **state) {
    (void)state;
    check_times();
}

static void neither_time_zone_nor_locale_matters(void **state) {
    (void)state;
    assert_int_equal(setenv("TZ", "Asia/Kathmandu", 1), 0);
    tzset();
    (void)setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
    check_times();
    (void)setlocale(LC_ALL, "C");
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

static void the_largest_time_does_not_overrun(void **state) {
    (void)state;
    char iso[BERTH_RFC3339_BYTES], http[BERTH_HTTP_DATE_BYTES];
    berth_rfc3339(INT64_MAX, iso);
    assert_true(strlen(iso) < sizeof iso);
    berth_http_date(INT64_MAX, http);
    assert_int_equal(strlen(http), sizeof http - 1);
}

static void clocks_agree_with_the_system(void **state) {
    (void)state;
    int64_t before = (int64_t)time(NULL) * 1000 - 1000; /* time() may lag by a tick */
    int64_t now = berth_now_ms();
    assert_true(now >= before && now < before + 60000);
    int64_t first = berth_monotonic_us();
    int64_t second = berth_monotonic_us();
    assert_true(second >= first);
    assert_true(berth_monotonic_ms() >= first / 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_as_the_rfcs_say),
        cmocka_unit_test(neither_time_zone_nor_locale_matters),
        cmocka_unit_test(the_largest_time_does_not_overrun),
        cmocka_unit_test(clocks_agree_with_the_system),
    };
    return cmocka_run_group_tests_name("base_clock", tests, NULL, NULL);
}
