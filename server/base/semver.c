#include "berth/semver.h"

#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_identifier(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* One of major, minor, patch: digits without a leading zero. NULL when malformed. */
static const char *skip_number(const char *text) {
    const char *end = text;
    while (is_digit(*end))
        end++;
    if (end == text || (*text == '0' && end - text > 1))
        return NULL;
    return end;
}

/* Dot-separated identifiers; numeric ones without leading zeros where `strict`. */
static const char *skip_identifiers(const char *text, bool strict) {
    for (;;) {
        const char *end = text;
        bool numeric = true;
        for (; is_identifier(*end); end++)
            numeric = numeric && is_digit(*end);
        if (end == text || (strict && numeric && *text == '0' && end - text > 1))
            return NULL;
        if (*end != '.')
            return end;
        text = end + 1;
    }
}

static bool is_valid(const char *text) {
    for (int part = 0; part < 3; part++) {
        text = skip_number(text);
        if (!text || (part < 2 && *text++ != '.'))
            return false;
    }
    if (*text == '-' && !(text = skip_identifiers(text + 1, true)))
        return false;
    if (*text == '+' && !(text = skip_identifiers(text + 1, false)))
        return false;
    return *text == '\0';
}

enum berth_code berth_semver_check(const char *text, struct berth_error *error) {
    if (strlen(text) <= BERTH_VERSION_MAX_BYTES && is_valid(text))
        return BERTH_OK;
    enum berth_code code =
        berth_fail(error, BERTH_INVALID, "version", "not a semantic version (semver 2.0.0)");
    if (strlen(text) > BERTH_VERSION_MAX_BYTES)
        berth_error_hint(error, "at most %d characters", BERTH_VERSION_MAX_BYTES);
    else if ((*text == 'v' || *text == 'V') && is_valid(text + 1))
        berth_error_hint(error, "leave out the leading \"v\"");
    else
        berth_error_hint(error, "write it as 1.2.3, 1.2.3-beta.1 or 1.2.3+build.5, "
                                "without leading zeros");
    return code;
}

/* Digits without leading zeros: longer is larger. */
static int compare_numbers(const char *a, size_t a_length, const char *b, size_t b_length) {
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    int order = strncmp(a, b, a_length);
    return (order > 0) - (order < 0);
}

static int compare_identifiers(const char *a, size_t a_length, const char *b, size_t b_length) {
    bool a_number = strspn(a, "0123456789") >= a_length;
    bool b_number = strspn(b, "0123456789") >= b_length;
    if (a_number && b_number)
        return compare_numbers(a, a_length, b, b_length);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = strncmp(a, b, shorter);
    if (order)
        return order < 0 ? -1 : 1;
    return (a_length > b_length) - (a_length < b_length);
}

static int compare_prereleases(const char *a, const char *b) {
    for (;;) {
        size_t a_length = strcspn(a, ".+"), b_length = strcspn(b, ".+");
        int order = compare_identifiers(a, a_length, b, b_length);
        if (order)
            return order;
        bool a_more = a[a_length] == '.', b_more = b[b_length] == '.';
        if (!a_more || !b_more)
            return (int)a_more - (int)b_more;
        a += a_length + 1;
        b += b_length + 1;
    }
}

int berth_semver_compare(const char *a, const char *b) {
    for (int part = 0; part < 3; part++) {
        size_t a_length = strspn(a, "0123456789"), b_length = strspn(b, "0123456789");
        int order = compare_numbers(a, a_length, b, b_length);
        if (order)
            return order;
        a += a_length + (part < 2);
        b += b_length + (part < 2);
    }
    if (*a == '-' && *b == '-')
        return compare_prereleases(a + 1, b + 1);
    return (int)(*b == '-') - (int)(*a == '-');
}

bool berth_semver_is_prerelease(const char *text) {
    return text[strspn(text, "0123456789.")] == '-';
}
