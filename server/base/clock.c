#include "berth/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t berth_now_ms(void) {
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t berth_monotonic_ms(void) {
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t berth_monotonic_us(void) {
    return read_us(CLOCK_MONOTONIC);
}

void berth_rfc3339(int64_t time_ms, char ret[BERTH_RFC3339_BYTES]) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(ret, BERTH_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(ret + length, BERTH_RFC3339_BYTES - length, ".%03dZ", (int)(time_ms % 1000));
}

void berth_http_date(int64_t time_ms, char ret[BERTH_HTTP_DATE_BYTES]) {
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    /* Not strftime: names must not follow the locale. */
    (void)snprintf(ret, BERTH_HTTP_DATE_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                   days[parts.tm_wday], parts.tm_mday % 100, months[parts.tm_mon],
                   (parts.tm_year + 1900) % 10000, parts.tm_hour % 100, parts.tm_min % 100,
                   parts.tm_sec % 100);
}
