#include "url.h"

#include <string.h>

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int berth_url_escape(const char *text) {
    if (text[0] != '%')
        return -1;
    int high = hex_value(text[1]);
    int low = high < 0 ? -1 : hex_value(text[2]);
    return low < 0 ? -1 : high * 16 + low;
}

static bool is_continuation(const unsigned char *at, const unsigned char *end) {
    return at < end && (*at & 0xc0) == 0x80;
}

/* The length of the character at `at`, 0 when it is malformed (RFC 3629 section 4). */
static size_t character_length(const unsigned char *at, const unsigned char *end) {
    if (at[0] < 0x80)
        return 1;
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(at + i, end))
            return 0;
    }
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
    bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : length;
}

bool berth_url_is_utf8(const char *text, size_t length) {
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;
    while (at < end) {
        size_t step = character_length(at, end);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

/* What RFC 3986 keeps out of paths and no browser sends unescaped. The rest of what it keeps out
 * (such as "|") browsers do send, and it cannot be misread. */
static bool is_stray(unsigned char c) {
    return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '#';
}

static enum berth_code decode_escapes(const char *raw, bool name, char *ret, size_t *ret_length,
                                      struct berth_error *error) {
    char *out = ret;
    for (const char *at = raw; *at; at++) {
        int value = (unsigned char)*at;
        if (*at == '%') {
            value = berth_url_escape(at);
            if (value < 0)
                return berth_fail(error, BERTH_INVALID, "url-escape",
                                  "the path holds an incomplete escape");
            if (value == '/' && !name)
                return berth_fail(error, BERTH_INVALID, "url-slash",
                                  "the path holds an escaped slash");
            at += 2;
        } else if (is_stray((unsigned char)*at)) {
            return berth_fail(error, BERTH_INVALID, "url-character",
                              "the path holds a character that must be escaped");
        }
        if (value < 0x20 || value == 0x7f)
            return berth_fail(error, BERTH_INVALID, "url-control",
                              "the path holds a control character");
        if (value == '\\')
            return berth_fail(error, BERTH_INVALID, "url-backslash", "the path holds a backslash");
        *out++ = (char)value;
    }
    *out = '\0';
    *ret_length = (size_t)(out - ret);
    return BERTH_OK;
}

static enum berth_code check_segments(const char *path, struct berth_error *error) {
    for (const char *at = path; *at == '/';) {
        const char *segment = at + 1;
        size_t length = strcspn(segment, "/");
        at = segment + length;
        if (length == 0 && *at == '/')
            return berth_fail(error, BERTH_INVALID, "url-empty-segment",
                              "the path has an empty segment");
        if ((length == 1 && segment[0] == '.') ||
            (length == 2 && segment[0] == '.' && segment[1] == '.'))
            return berth_fail(error, BERTH_INVALID, "url-dots", "the path has a dot segment");
    }
    return BERTH_OK;
}

static enum berth_code decode(const char *raw, bool name, char *ret, struct berth_error *error) {
    if (raw[0] != '/')
        return berth_fail(error, BERTH_INVALID, "url-absolute",
                          "the request target must be a path that starts with a slash");
    size_t length = 0;
    enum berth_code code = decode_escapes(raw, name, ret, &length, error);
    if (!code && !berth_url_is_utf8(ret, length))
        code = berth_fail(error, BERTH_INVALID, "url-utf8", "the path is not valid UTF-8");
    return code;
}

enum berth_code berth_url_decode(const char *raw, char *ret, struct berth_error *error) {
    enum berth_code code = decode(raw, false, ret, error);
    return code ? code : check_segments(ret, error);
}

enum berth_code berth_url_decode_name(const char *raw, char *ret, struct berth_error *error) {
    return decode(raw, true, ret, error);
}
