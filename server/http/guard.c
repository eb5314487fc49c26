#include "guard.h"

#include <civetweb.h>
#include <string.h>
#include <strings.h>

enum { MAX_LENGTH_DIGITS = 15 };

static enum berth_code refuse(struct berth_error *error, const char *rule, const char *text) {
    return berth_fail(error, BERTH_INVALID, rule, "%s", text);
}

/* RFC 9110 section 5.6.2 */
static bool is_token_char(unsigned char c) {
    static const char marks[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && memchr(marks, c, sizeof marks - 1));
}

static bool is_token(const char *text) {
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!is_token_char((unsigned char)*text))
            return false;
    }
    return true;
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

/* Field values are visible ASCII, space and bytes above; civetweb refuses tabs by itself. */
static bool is_value(const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

static enum berth_code check_field(const struct mg_header *field, struct berth_error *error) {
    if (!is_token(field->name))
        return refuse(error, "header-name", "a header field's name is not a token");
    /* Between name and value stood one colon, now NUL, then spaces: a space before the colon left
     * one more NUL. */
    for (const char *at = field->name + strlen(field->name) + 1; at < field->value; at++) {
        if (*at != ' ')
            return refuse(error, "header-name", "white space before a header field's colon");
    }
    if (!is_value(field->value))
        return refuse(error, "header-value", "a header field's value holds a control character");
    return BERTH_OK;
}

/* CR LF, as two NULs, between the fields, and CR NUL after the last one's: civetweb ends the head
 * with a NUL in place of the last LF. Anything else it has skipped without a word. */
static enum berth_code check_lines(const struct mg_request_info *request, const char *base,
                                   size_t buffer_bytes, struct berth_error *error) {
    const char *end = NULL;
    for (int i = 0; i < request->num_headers; i++) {
        const struct mg_header *field = &request->http_headers[i];
        if (end && field->name != end + 2)
            return refuse(error, "header-line", "a header line does not end in CR LF");
        end = field->value + strlen(field->value);
    }
    bool inside = end && end + 3 < base + buffer_bytes;
    if (!inside || end[1] || end[2] != '\r' || end[3])
        return refuse(error, "header-line", "the head does not end in CR LF CR LF");
    return BERTH_OK;
}

/* Fields of which there must be one at most: two readers would choose differently. */
enum single {
    FIELD_OTHER,
    FIELD_HOST,
    FIELD_LENGTH,
    FIELD_CODING,
    FIELD_UPGRADE,
    FIELD_EXPECT,
    FIELD_CONNECTION,
    FIELD_TYPE,
    FIELD_ORIGIN,
    FIELD_AUTHORIZATION,
    FIELD_RANGE,
    FIELD_IF_RANGE,
    FIELD_COUNT
};

static const struct {
    const char *name;
    size_t length;
    enum single field;
} singles[] = {
    {"host", 4, FIELD_HOST},
    {"range", 5, FIELD_RANGE},
    {"origin", 6, FIELD_ORIGIN},
    {"expect", 6, FIELD_EXPECT},
    {"upgrade", 7, FIELD_UPGRADE},
    {"if-range", 8, FIELD_IF_RANGE},
    {"connection", 10, FIELD_CONNECTION},
    {"content-type", 12, FIELD_TYPE},
    {"authorization", 13, FIELD_AUTHORIZATION},
    {"content-length", 14, FIELD_LENGTH},
    {"transfer-encoding", 17, FIELD_CODING},
};

static enum single find_single(const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        if (singles[i].length == length && strcasecmp(singles[i].name, name) == 0)
            return singles[i].field;
    }
    return FIELD_OTHER;
}

/* reg-name, IPv4 or [IPv6], and a port (RFC 3986 section 3.2). */
static bool is_host(const char *text) {
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-._~:[]%!$&'()*+,;=") == strlen(text);
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
        list += strspn(list, " ,");
        size_t word = strcspn(list, " ,");
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

/* Collects the fields that matter to framing; a second one of a kind is refused. */
static enum berth_code collect(const struct mg_request_info *request,
                               const char *ret_values[FIELD_COUNT], struct berth_error *error) {
    for (int i = 0; i < request->num_headers; i++) {
        enum berth_code code = check_field(&request->http_headers[i], error);
        if (code)
            return code;
        enum single field = find_single(request->http_headers[i].name);
        if (field != FIELD_OTHER && ret_values[field])
            return refuse(error, field == FIELD_HOST ? "host" : "header-twice",
                          "a header field is given twice");
        ret_values[field] = request->http_headers[i].value;
    }
    return BERTH_OK;
}

static enum berth_code check_framing(const struct mg_request_info *request,
                                     const char *const values[FIELD_COUNT],
                                     struct berth_framing *framing, struct berth_error *error) {
    if (!values[FIELD_HOST] || !is_host(values[FIELD_HOST]))
        return refuse(error, "host", "the Host header is missing or malformed");
    if (values[FIELD_UPGRADE])
        return refuse(error, "upgrade", "this server speaks HTTP/1.1 only");
    if (values[FIELD_CODING] && values[FIELD_LENGTH])
        return refuse(error, "transfer-encoding",
                      "Transfer-Encoding and Content-Length exclude each other");
    if (values[FIELD_CODING])
        return refuse(error, "length-required", "bodies are taken with a Content-Length only");
    if (values[FIELD_EXPECT] && strcasecmp(values[FIELD_EXPECT], "100-continue") != 0)
        return refuse(error, "expectation", "only 100-continue can be expected");
    framing->body_bytes = -1;
    if (values[FIELD_LENGTH] && !parse_length(values[FIELD_LENGTH], &framing->body_bytes))
        return refuse(error, "content-length", "the Content-Length is not a number that is taken");
    bool reads_only =
        strcmp(request->request_method, "GET") == 0 || strcmp(request->request_method, "HEAD") == 0;
    if (reads_only && framing->body_bytes > 0)
        return refuse(error, "body-unexpected", "a GET has no body");
    /* RFC 9110 section 10.1.1: an expectation of HTTP/1.0 is ignored. */
    framing->expects_continue = values[FIELD_EXPECT] && strcmp(request->http_version, "1.1") == 0;
    framing->keeps_alive = keeps_alive(request->http_version, values[FIELD_CONNECTION]);
    return BERTH_OK;
}

enum berth_code berth_guard_check(const struct mg_request_info *request, const char *base,
                                  size_t buffer_bytes, struct berth_framing *ret,
                                  struct berth_error *error) {
    const char *values[FIELD_COUNT] = {NULL};
    struct berth_framing framing;
    enum berth_code code = check_line(request, base, error);
    if (!code)
        code = check_lines(request, base, buffer_bytes, error);
    if (!code)
        code = collect(request, values, error);
    if (!code)
        code = check_framing(request, values, &framing, error);
    if (!code)
        *ret = framing;
    return code;
}
