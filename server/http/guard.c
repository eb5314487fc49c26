#include "guard.h"

#include <civetweb.h>
#include <string.h>

static enum berth_code refuse(struct berth_error *error, const char *rule, const char *text) {
    return berth_fail(error, BERTH_INVALID, rule, "%s", text);
}

/* Of the whole text, or 0. */
static size_t token_length(const char *text) {
    size_t length = 0;
    while (berth_is_token_char((unsigned char)text[length]))
        length++;
    return text[length] ? 0 : length;
}

/* Exactly one space between the three words; civetweb skips any run. */
static bool is_line_plain(const struct mg_request_info *request) {
    const char *method_end = request->request_method + strlen(request->request_method);
    const char *target_end = request->query_string
                                 ? request->query_string + strlen(request->query_string)
                                 : request->request_uri + strlen(request->request_uri);
    const char *version = request->http_version - strlen("HTTP/");
    return request->request_uri == method_end + 1 && version == target_end + 1;
}

static enum berth_code check_line(const struct mg_request_info *request, const char *base,
                                  struct berth_error *error) {
    if (request->request_method != base)
        return refuse(error, "request-leading-space", "white space before the method");
    if (!is_line_plain(request))
        return refuse(error, "request-line", "the request line has more than one space in a row");
    if (request->num_headers > BERTH_MAX_FIELDS)
        return refuse(error, "head-too-large", "too many header fields");
    if (request->num_headers < 1)
        return refuse(error, "host", "the Host header is missing");
    if (request->http_headers[0].name != request->http_version + strlen(request->http_version) + 2)
        return refuse(error, "header-line", "white space before the first header field");
    return BERTH_OK;
}

/* Between name and value stood one colon, now NUL, then spaces: a space before the colon left one
 * more NUL. */
static bool is_colon_plain(const char *colon, const char *value) {
    for (const char *at = colon + 1; at < value; at++) {
        if (*at != ' ')
            return false;
    }
    return true;
}

/* CR LF, as two NULs, between the fields, and CR NUL after the last one's: civetweb ends the head
 * with a NUL in place of the last LF. Anything else it has skipped without a word. */
static enum berth_code check_fields(const struct mg_request_info *request, const char *base,
                                    size_t buffer_bytes, struct berth_framing *framing,
                                    size_t *ret_head_bytes, struct berth_error *error) {
    const char *end = NULL;
    for (int i = 0; i < request->num_headers; i++) {
        const char *name = request->http_headers[i].name;
        const char *value = request->http_headers[i].value;
        size_t length = token_length(name);
        size_t value_length = strlen(value);
        if (end && name != end + 2)
            return refuse(error, "header-line", "a header line does not end in CR LF");
        if (!length)
            return refuse(error, "header-name", "a header field's name is not a token");
        if (!is_colon_plain(name + length, value))
            return refuse(error, "header-name", "white space before a header field's colon");
        if (!berth_is_field_value(value, value_length))
            return refuse(error, "header-value",
                          "a header field's value holds a control character");
        enum berth_code code = berth_framing_note(framing, name, length, value, error);
        if (code)
            return code;
        end = value + value_length;
    }
    bool inside = end && end + 3 < base + buffer_bytes;
    if (!inside || end[1] || end[2] != '\r' || end[3])
        return refuse(error, "header-line", "the head does not end in CR LF CR LF");
    *ret_head_bytes = (size_t)(end + 4 - base);
    return BERTH_OK;
}

enum berth_code berth_guard_check(const struct mg_request_info *request, const char *base,
                                  size_t buffer_bytes, struct berth_framing *ret,
                                  size_t *ret_head_bytes, struct berth_error *error) {
    *ret = (struct berth_framing){.body_bytes = -1};
    enum berth_code code = check_line(request, base, error);
    if (!code)
        code = check_fields(request, base, buffer_bytes, ret, ret_head_bytes, error);
    if (!code)
        code = berth_framing_check(ret, request->request_method, request->http_version, error);
    return code;
}
