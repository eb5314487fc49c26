#include "conditional.h"

#include <string.h>

enum { ANY_NUMBER = -1, MAX_DIGITS = 18 };

static const char *skip_separators(const char *at) {
    while (*at == ' ' || *at == '\t' || *at == ',')
        at++;
    return at;
}

static const char *opaque_part(const char *etag) {
    return etag[0] == 'W' && etag[1] == '/' ? etag + 2 : etag;
}

bool berth_etag_in_list(const char *list, const char *etag) {
    if (!list || !etag)
        return false;
    const char *wanted = opaque_part(etag);
    size_t length = strlen(wanted);
    const char *at = skip_separators(list);
    if (strcmp(at, "*") == 0)
        return true;
    while (*at) {
        at = opaque_part(at);
        /* A tag may hold a comma, so it ends at its quote. What is not a tag ends the list. */
        const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
        if (!end)
            return false;
        end++;
        if ((size_t)(end - at) == length && memcmp(at, wanted, length) == 0)
            return true;
        at = skip_separators(end);
    }
    return false;
}

bool berth_etag_equals_strongly(const char *value, const char *etag) {
    return value[0] == '"' && etag[0] == '"' && strcmp(value, etag) == 0;
}

static bool parse_number(const char *tag, int64_t *ret) {
    size_t digits = tag[0] == '"' ? strspn(tag + 1, "0123456789") : 0;
    if (digits == 0 || digits > MAX_DIGITS || strcmp(tag + 1 + digits, "\"") != 0)
        return false;
    *ret = 0;
    for (size_t i = 1; i <= digits; i++)
        *ret = *ret * 10 + (tag[i] - '0');
    return true;
}

enum berth_code berth_expected_parse(const char *if_match, const char *if_none_match, int64_t *ret,
                                     struct berth_error *error) {
    if (!if_match && !if_none_match) {
        *ret = ANY_NUMBER;
        return BERTH_OK;
    }
    if (if_match && if_none_match)
        return berth_fail(error, BERTH_INVALID, "precondition",
                          "If-Match and If-None-Match exclude each other");
    if (if_none_match && strcmp(if_none_match, "*") == 0) {
        *ret = 0;
        return BERTH_OK;
    }
    if (if_match && parse_number(if_match, ret))
        return BERTH_OK;
    enum berth_code code =
        berth_fail(error, BERTH_INVALID, "precondition", "the precondition has an unknown form");
    berth_error_hint(error, "use If-Match: \"N\" with a number that was sent as ETag, "
                            "or If-None-Match: *");
    return code;
}
