#include "format.h"

#include "berth/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

void cli_human_size(int64_t bytes, char ret[CLI_HUMAN_BYTES]) {
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 1000) {
        snprintf(ret, CLI_HUMAN_BYTES, "%" PRId64 " B", bytes);
        return;
    }
    double size = (double)bytes / 1000;
    size_t unit = 0;
    /* 999.95 would be printed as 1000.0. */
    while (size >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1000;
        unit++;
    }
    snprintf(ret, CLI_HUMAN_BYTES, "%.1f %s", size, units[unit]);
}

static void span(int64_t ms, char ret[CLI_HUMAN_BYTES]) {
    if (ms < HOUR_MS)
        snprintf(ret, CLI_HUMAN_BYTES, "%" PRId64 " min", ms / MINUTE_MS);
    else if (ms < 2 * (int64_t)DAY_MS)
        snprintf(ret, CLI_HUMAN_BYTES, "%" PRId64 " h", ms / HOUR_MS);
    else
        snprintf(ret, CLI_HUMAN_BYTES, "%" PRId64 " days", ms / DAY_MS);
}

void cli_human_age(int64_t now_ms, int64_t then_ms, char ret[CLI_HUMAN_BYTES]) {
    char text[CLI_HUMAN_BYTES];
    int64_t age_ms = now_ms - then_ms;
    if (age_ms <= -MINUTE_MS) {
        span(-age_ms, text);
        snprintf(ret, CLI_HUMAN_BYTES, "in %.20s", text);
    } else if (age_ms < MINUTE_MS) {
        snprintf(ret, CLI_HUMAN_BYTES, "just now");
    } else if (age_ms < 30 * (int64_t)DAY_MS) {
        span(age_ms, text);
        snprintf(ret, CLI_HUMAN_BYTES, "%.20s ago", text);
    } else {
        char date[BERTH_RFC3339_BYTES];
        berth_rfc3339(then_ms, date);
        snprintf(ret, CLI_HUMAN_BYTES, "%.10s", date);
    }
}

bool cli_time_parse(const char *text, int64_t *ret_ms) {
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest)
        return false;
    int64_t fraction_ms = 0;
    if (*rest == '.') {
        int64_t scale = 100;
        rest++;
        if (*rest < '0' || *rest > '9')
            return false;
        for (; *rest >= '0' && *rest <= '9'; rest++, scale /= 10)
            fraction_ms += (*rest - '0') * scale;
    }
    if (strcmp(rest, "Z") != 0)
        return false;
    *ret_ms = (int64_t)timegm(&tm) * 1000 + fraction_ms;
    return true;
}

/* "90d": at most four digits and a unit. */
static bool span_parse(const char *text, int64_t *ret_ms) {
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'h', HOUR_MS}, {'d', DAY_MS}, {'w', 7 * (int64_t)DAY_MS}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 4 || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    int64_t count = 0;
    for (size_t i = 0; i < digits; i++)
        count = count * 10 + (text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].letter == text[digits]) {
            *ret_ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}

enum berth_code cli_expires_parse(const char *text, int64_t now_ms, int64_t *ret_ms,
                                  struct berth_error *error) {
    int64_t ms;
    if (span_parse(text, &ms)) {
        ms += now_ms;
    } else if (!cli_time_parse(text, &ms)) {
        berth_fail(error, BERTH_INVALID, "expires", "\"%s\" is no time to expire at", text);
        berth_error_hint(error, "write 12h, 90d, 8w, or a time such as 2027-01-31T00:00:00Z");
        return BERTH_INVALID;
    }
    if (ms <= now_ms)
        return berth_fail(error, BERTH_INVALID, "expires", "\"%s\" is not in the future", text);
    *ret_ms = ms;
    return BERTH_OK;
}

/* The length of a well-formed UTF-8 sequence, else 0. Overlong forms of three and four bytes pass:
 * none of them is anything to a terminal. */
static size_t sequence_length(const char *text) {
    unsigned char lead = (unsigned char)text[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead >= 0xf5)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

size_t cli_character(const char *text, bool *ret_harmless) {
    size_t length = sequence_length(text);
    unsigned char a = (unsigned char)text[0];
    bool obeyed = length == 0 || a < 0x20 || a == 0x7f; /* C0, DEL; a stray byte may be a C1 */
    if (length == 2)
        obeyed = a == 0xc2 && (unsigned char)text[1] < 0xa0; /* C1 */
    if (length == 3)
        obeyed = (memcmp(text, "\xe2\x80\xaa", 3) >= 0 && memcmp(text, "\xe2\x80\xae", 3) <= 0) ||
                 (memcmp(text, "\xe2\x81\xa6", 3) >= 0 && memcmp(text, "\xe2\x81\xa9", 3) <= 0);
    *ret_harmless = !obeyed;
    return length > 0 ? length : 1;
}

size_t cli_width(const char *text) {
    size_t width = 0;
    bool harmless;
    for (; *text; text += cli_character(text, &harmless))
        width++;
    return width;
}
