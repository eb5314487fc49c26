#include "berth/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
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

/* The whole second and what is left of it, before 1970 too; returns the milliseconds. */
static int split(int64_t time_ms, struct tm *ret) {
    int rest = (int)(time_ms % 1000);
    time_t seconds = (time_t)(time_ms / 1000);
    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    gmtime_r(&seconds, ret);
    return rest;
}

void berth_rfc3339(int64_t time_ms, char ret[BERTH_RFC3339_BYTES]) {
    struct tm parts;
    int rest = split(time_ms, &parts);
    size_t length = strftime(ret, BERTH_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(ret + length, BERTH_RFC3339_BYTES - length, ".%03dZ", rest);
}

static void put_digits(char *ret, int value, int digits) {
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        ret[i] = (char)('0' + value % 10);
}

void berth_http_date(int64_t time_ms, char ret[BERTH_HTTP_DATE_BYTES]) {
    /* Not strftime: names must not follow the locale. */
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm parts;
    (void)split(time_ms, &parts);
    memcpy(ret, "Day, 00 Mon 0000 00:00:00 GMT", BERTH_HTTP_DATE_BYTES);
    memcpy(ret, days + (ptrdiff_t)3 * parts.tm_wday, 3);
    put_digits(ret + 5, parts.tm_mday, 2);
    memcpy(ret + 8, months + (ptrdiff_t)3 * parts.tm_mon, 3);
    put_digits(ret + 12, parts.tm_year + 1900, 4);
    put_digits(ret + 17, parts.tm_hour, 2);
    put_digits(ret + 20, parts.tm_min, 2);
    put_digits(ret + 23, parts.tm_sec, 2);
}
