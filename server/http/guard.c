#include "guard.h"

#include <civetweb.h>
#include <string.h>
#include <strings.h>

enum { MAX_LENGTH_DIGITS = 15 };

static enum berth_code refuse(struct berth_error *error, const char *rule, const char *text) {
    return berth_fail(error, BERTH_INVALID, rule, "%s", text);
}

/* RFC 9110 section 5.6.2: letters, digits and !#$%&'*+-.^_`|~, a bit for each character. */
static bool is_token_char(unsigned char c) {
    static const uint32_t bits[4] = {0x00000000, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
    return c < 128 && (bits[c >> 5] >> (c & 31) & 1);
}

/* Of the whole text, or 0. */
static size_t token_length(const char *text) {
    size_t length = 0;
    while (is_token_char((unsigned char)text[length]))
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
    if (request->num_headers >= MG_MAX_HEADERS)
        return refuse(error, "head-too-large", "too many header fields");
    if (request->num_headers < 1)
        return refuse(error, "host", "the Host header is missing");
    if (request->http_headers[0].name != request->http_version + strlen(request->http_version) + 2)
        return refuse(error, "header-line", "white space before the first header field");
    return BERTH_OK;
}

/* Field values are visible ASCII, space and bytes above; civetweb refuses tabs by itself. Written
 * so that a compiler looks at many bytes together. */
static bool is_value(const char *text, size_t length) {
    unsigned char bad = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bad |= (unsigned char)((c < 0x20) | (c == 0x7f));
    }
    return !bad;
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

static const struct {
    const char *name;
    unsigned char length;
    unsigned char field;
} fields[] = {
    {"host", 4, BERTH_FIELD_HOST},
    {"range", 5, BERTH_FIELD_RANGE},
    {"origin", 6, BERTH_FIELD_ORIGIN},
    {"expect", 6, BERTH_FIELD_EXPECT},
    {"upgrade", 7, BERTH_FIELD_UPGRADE},
    {"if-range", 8, BERTH_FIELD_IF_RANGE},
    {"if-match", 8, BERTH_FIELD_IF_MATCH},
    {"connection", 10, BERTH_FIELD_CONNECTION},
    {"content-type", 12, BERTH_FIELD_TYPE},
    {"authorization", 13, BERTH_FIELD_AUTHORIZATION},
    {"if-none-match", 13, BERTH_FIELD_IF_NONE_MATCH},
    {"content-length", 14, BERTH_FIELD_LENGTH},
    {"accept-encoding", 15, BERTH_FIELD_ACCEPT_ENCODING},
    {"transfer-encoding", 17, BERTH_FIELD_CODING},
};

enum berth_field berth_field_find(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].length == length && (name[0] | 0x20) == fields[i].name[0] &&
            strncasecmp(fields[i].name, name, length) == 0)
            return (enum berth_field)fields[i].field;
    }
    return BERTH_FIELD_OTHER;
}

/* Notes a field that is looked for; of some a second one is refused, for two readers would choose
 * differently. */
static enum berth_code note_field(const char *name, size_t length, const char *value,
                                  struct berth_framing *framing, struct berth_error *error) {
    enum berth_field field = berth_field_find(name, length);
    if (field == BERTH_FIELD_OTHER)
        return BERTH_OK;
    if (!framing->fields[field])
        framing->fields[field] = value;
    else if (field < BERTH_FIELD_IF_NONE_MATCH)
        return refuse(error, field == BERTH_FIELD_HOST ? "host" : "header-twice",
                      "a header field is given twice");
    return BERTH_OK;
}

/* CR LF, as two NULs, between the fields, and CR NUL after the last one's: civetweb ends the head
 * with a NUL in place of the last LF. Anything else it has skipped without a word. */
static enum berth_code check_fields(const struct mg_request_info *request, const char *base,
                                    size_t buffer_bytes, struct berth_framing *framing,
                                    struct berth_error *error) {
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
        if (!is_value(value, value_length))
            return refuse(error, "header-value",
                          "a header field's value holds a control character");
        enum berth_code code = note_field(name, length, value, framing, error);
        if (code)
            return code;
        end = value + value_length;
    }
    bool inside = end && end + 3 < base + buffer_bytes;
    if (!inside || end[1] || end[2] != '\r' || end[3])
        return refuse(error, "header-line", "the head does not end in CR LF CR LF");
    framing->head_bytes = (size_t)(end + 4 - base);
    return BERTH_OK;
}

static bool is_plain(unsigned char c) {
    return (unsigned char)((c | 0x20) - 'a') < 26 || (unsigned char)(c - '0') < 10 || c == '-';
}

/* reg-name, IPv4 or [IPv6], and a port (RFC 3986 section 3.2). */
static bool is_host(const char *text) {
    static const char marks[] = "._~:[]%!$&'()*+,;=";
    const char *at = text;
    while (is_plain((unsigned char)*at) || (*at && memchr(marks, *at, sizeof marks - 1)))
        at++;
    return at > text && !*at;
}

static bool parse_length(const char *text, int64_t *ret) {
    size_t digits = strspn(text, "0123456789");
    if (digits < 1 || digits > MAX_LENGTH_DIGITS || text[digits])
        return false;
    *ret = 0;
    for (; *text; text++)
        *ret = *ret * 10 + (*text - '0');
    return true;
}

/* Is `option` in the comma-separated list? */
static bool has_option(const char *list, const char *option) {
    size_t length = strlen(option);
    while (*list) {
        size_t word = 0;
        while (*list == ' ' || *list == ',')
            list++;
        while (list[word] && list[word] != ' ' && list[word] != ',')
            word++;
        if (word == length && strncasecmp(list, option, length) == 0)
            return true;
        list += word;
    }
    return false;
}

static bool keeps_alive(const char *version, const char *connection) {
    if (connection && has_option(connection, "close"))
        return false;
    /* civetweb closes after any other Connection header, so the answer says so. */
    if (connection)
        return has_option(connection, "keep-alive");
    return strcmp(version, "1.1") == 0;
}

static enum berth_code check_framing(const struct mg_request_info *request,
                                     struct berth_framing *framing, struct berth_error *error) {
    const char *const *values = framing->fields;
    if (!values[BERTH_FIELD_HOST] || !is_host(values[BERTH_FIELD_HOST]))
        return refuse(error, "host", "the Host header is missing or malformed");
    if (values[BERTH_FIELD_UPGRADE])
        return refuse(error, "upgrade", "this server speaks HTTP/1.1 only");
    if (values[BERTH_FIELD_CODING] && values[BERTH_FIELD_LENGTH])
        return refuse(error, "transfer-encoding",
                      "Transfer-Encoding and Content-Length exclude each other");
    if (values[BERTH_FIELD_CODING])
        return refuse(error, "length-required", "bodies are taken with a Content-Length only");
    if (values[BERTH_FIELD_EXPECT] && strcasecmp(values[BERTH_FIELD_EXPECT], "100-continue") != 0)
        return refuse(error, "expectation", "only 100-continue can be expected");
    framing->body_bytes = -1;
    if (values[BERTH_FIELD_LENGTH] &&
        !parse_length(values[BERTH_FIELD_LENGTH], &framing->body_bytes))
        return refuse(error, "content-length", "the Content-Length is not a number that is taken");
    bool reads_only =
        strcmp(request->request_method, "GET") == 0 || strcmp(request->request_method, "HEAD") == 0;
    if (reads_only && framing->body_bytes > 0)
        return refuse(error, "body-unexpected", "a GET has no body");
    /* RFC 9110 section 10.1.1: an expectation of HTTP/1.0 is ignored. */
    framing->expects_continue =
        values[BERTH_FIELD_EXPECT] && strcmp(request->http_version, "1.1") == 0;
    framing->keeps_alive = keeps_alive(request->http_version, values[BERTH_FIELD_CONNECTION]);
    return BERTH_OK;
}

enum berth_code berth_guard_check(const struct mg_request_info *request, const char *base,
                                  size_t buffer_bytes, struct berth_framing *ret,
                                  struct berth_error *error) {
    *ret = (struct berth_framing){.body_bytes = -1};
    enum berth_code code = check_line(request, base, error);
    if (!code)
        code = check_fields(request, base, buffer_bytes, ret, error);
    if (!code)
        code = check_framing(request, ret, error);
    return code;
}
