#include "parse.h"

#include <string.h>

static enum berth_code refuse(struct berth_error *error, const char *rule, const char *text) {
    return berth_fail(error, BERTH_INVALID, rule, "%s", text);
}

enum berth_scan berth_scan_head(const char *data, size_t length, size_t *line, size_t *ret_length) {
    if (length && !berth_is_token_char((unsigned char)data[0]))
        return BERTH_SCAN_BAD;
    while (*line < length) {
        const char *start = data + *line;
        const char *end = memchr(start, '\n', length - *line);
        if (!end)
            break;
        if (end == start || end[-1] != '\r')
            return BERTH_SCAN_BAD;
        *line = (size_t)(end + 1 - data);
        if (end == start + 1) {
            *ret_length = *line;
            return BERTH_SCAN_WHOLE;
        }
    }
    return BERTH_SCAN_MORE;
}

static bool is_visible(char c) {
    return c > ' ' && c < 0x7f;
}

/* Ends the word at `at` and steps over the one space behind it; NULL when something else is there.
 */
static char *end_word(char *at) {
    if (*at != ' ')
        return NULL;
    *at = '\0';
    return at + 1;
}

static char *parse_target(char *at, struct berth_request *ret) {
    ret->target = at;
    ret->query = NULL;
    for (; is_visible(*at); at++) {
        if (*at == '?' && !ret->query) {
            *at = '\0';
            ret->query = at + 1;
        }
    }
    return end_word(at);
}

static enum berth_code parse_version(char *at, const char *line_end, struct berth_request *ret,
                                     struct berth_error *error) {
    static const char name[] = "HTTP/";
    ret->version = at + sizeof name - 1;
    while (is_visible(*at))
        at++;
    if (at != line_end || at <= ret->version ||
        memcmp(ret->version - (sizeof name - 1), name, sizeof name - 1) != 0)
        return refuse(error, "request-line", "the request line does not end in a version");
    *at = '\0';
    if (strcmp(ret->version, "1.1") != 0 && strcmp(ret->version, "1.0") != 0)
        return refuse(error, "http-version", "this server speaks HTTP/1.0 and 1.1");
    return BERTH_OK;
}

/* `line_end` is the line's CR. */
static enum berth_code parse_line(char *data, const char *line_end, struct berth_request *ret,
                                  struct berth_error *error) {
    char *at = data;
    ret->method = at;
    while (berth_is_token_char((unsigned char)*at))
        at++;
    if (at == data)
        return refuse(error, "request-leading-space", "the request does not begin with a method");
    at = end_word(at);
    char *version = at ? parse_target(at, ret) : NULL;
    if (!version)
        return refuse(error, "request-line",
                      "the request line is not a method, a target and a version, with one space "
                      "between them");
    if (*ret->target != '/')
        return refuse(error, "url-absolute",
                      "the request target must be a path that starts with a slash");
    return parse_version(version, line_end, ret, error);
}

static enum berth_code parse_field(char *at, char *line_end, struct berth_request *ret,
                                   struct berth_error *error) {
    const char *name = at;
    if (*at == ' ' || *at == '\t')
        return refuse(error, "header-line", "a header line begins with white space");
    while (berth_is_token_char((unsigned char)*at))
        at++;
    size_t length = (size_t)(at - name);
    if (!length || *at != ':')
        return refuse(error, "header-name",
                      "a header field's name is not a token with a colon behind it");
    *at++ = '\0';
    while (*at == ' ')
        at++;
    while (line_end > at && line_end[-1] == ' ')
        line_end--;
    if (!berth_is_field_value(at, (size_t)(line_end - at)))
        return refuse(error, "header-value", "a header field's value holds a control character");
    *line_end = '\0';
    if (ret->field_count == BERTH_MAX_FIELDS)
        return refuse(error, "head-too-large", "too many header fields");
    ret->fields[ret->field_count].name = name;
    ret->fields[ret->field_count++].value = at;
    return berth_framing_note(&ret->framing, name, length, at, error);
}

enum berth_code berth_parse_head(char *data, size_t length, struct berth_request *ret,
                                 struct berth_error *error) {
    char *end = data + length - 2; /* of the last field's line: the empty line is behind it */
    char *at = memchr(data, '\n', length);
    ret->method = ret->target = ret->query = ret->version = NULL;
    ret->field_count = 0;
    ret->framing = (struct berth_framing){.body_bytes = -1};
    if (!at || at >= end)
        return refuse(error, at == data + 1 ? "request-leading-space" : "host",
                      "the request has no header field");
    enum berth_code code = parse_line(data, at - 1, ret, error);
    for (at++; !code && at < end;) {
        char *next = memchr(at, '\n', (size_t)(end - at));
        if (!next) /* cannot be after a scan */
            return refuse(error, "header-line", "a header line does not end in CR LF");
        code = parse_field(at, next - 1, ret, error);
        at = next + 1;
    }
    return code ? code : berth_framing_check(&ret->framing, ret->method, ret->version, error);
}

static const char *moved(const char *text, const char *from, const char *to) {
    return text ? to + (text - from) : NULL;
}

void berth_request_move(struct berth_request *request, const char *from, const char *to) {
    request->method = moved(request->method, from, to);
    request->target = moved(request->target, from, to);
    request->query = moved(request->query, from, to);
    request->version = moved(request->version, from, to);
    for (size_t i = 0; i < BERTH_FIELD_COUNT; i++)
        request->framing.fields[i] = moved(request->framing.fields[i], from, to);
    for (size_t i = 0; i < request->field_count; i++) {
        request->fields[i].name = moved(request->fields[i].name, from, to);
        request->fields[i].value = moved(request->fields[i].value, from, to);
    }
}
