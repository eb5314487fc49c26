#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

/* Enough for milliseconds with a fraction; 17 digits would show 1.3 as 1.3000000000000000444. */
#define REAL_DIGITS JSON_REAL_PRECISION(9)

/* Deepest nesting in the text. Strings are skipped; what is not JSON is jansson's to refuse. */
static int depth_of(const char *text, size_t length) {
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > deepest)
                deepest = depth;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return deepest;
}

enum berth_code berth_json_parse(const char *text, size_t length, size_t max_bytes, json_t **ret,
                                 struct berth_error *error) {
    if (length > max_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "json-size",
                          "JSON text of %zu bytes is over the limit of %zu", length, max_bytes);
    if (depth_of(text, length) > BERTH_JSON_MAX_DEPTH)
        return berth_fail(error, BERTH_TOO_LARGE, "json-depth",
                          "JSON is nested deeper than %d levels", BERTH_JSON_MAX_DEPTH);
    json_error_t problem;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    if (!value) {
        enum berth_code code =
            berth_fail(error, BERTH_INVALID, "json-syntax", "not valid JSON: %s", problem.text);
        berth_error_where(error, "line %d column %d", problem.line, problem.column);
        return code;
    }
    *ret = value;
    return BERTH_OK;
}

char *berth_json_text(const json_t *value) {
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | REAL_DIGITS);
}

char *berth_json_pretty(const json_t *value) {
    return json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY | REAL_DIGITS);
}

static bool is_utf8(const char *text) {
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

char *berth_json_put_string(char *at, const char *text) {
    int valid = -1; /* looked at with the first byte that could be wrong */
    *at++ = '"';
    for (const char *from = text; *from; from++) {
        unsigned char c = (unsigned char)*from;
        if (c >= 0x80 && valid < 0)
            valid = is_utf8(text);
        if (c >= 0x80 && !valid)
            c = '?';
        if (c >= 0x20 && c != '"' && c != '\\') {
            *at++ = (char)c;
        } else if (c >= 0x20) {
            *at++ = '\\';
            *at++ = (char)c;
        } else {
            at = stpcpy(at, "\\u00");
            *at++ = (char)('0' + (c >> 4));
            *at++ = "0123456789abcdef"[c & 0xf];
        }
    }
    *at++ = '"';
    return at;
}

const char *berth_json_string(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

json_int_t berth_json_integer(const json_t *object, const char *key, json_int_t fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

void berth_json_pointer_key(const char *key, char *ret, size_t size) {
    size_t length = 0;
    for (; *key && length + 3 < size; key++) {
        if (*key == '~' || *key == '/') {
            ret[length++] = '~';
            ret[length++] = *key == '~' ? '0' : '1';
        } else {
            ret[length++] = *key;
        }
    }
    ret[length] = '\0';
}

size_t berth_json_characters(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}
