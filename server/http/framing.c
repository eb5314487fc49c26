#include "framing.h"

#include <string.h>
#include <strings.h>

enum { MAX_LENGTH_DIGITS = 15 };

static enum berth_code refuse(struct berth_error *error, const char *rule, const char *text) {
    return berth_fail(error, BERTH_INVALID, rule, "%s", text);
}

/* A bit for each character. */
bool berth_is_token_char(unsigned char c) {
    static const uint32_t bits[4] = {0x00000000, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
    return c < 128 && (bits[c >> 5] >> (c & 31) & 1);
}

/* Written so that a compiler looks at many bytes together. */
bool berth_is_field_value(const char *text, size_t length) {
    unsigned char bad = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bad |= (unsigned char)((c < 0x20) | (c == 0x7f));
    }
    return !bad;
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
    {"traceparent", 11, BERTH_FIELD_TRACEPARENT},
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

/* Of two fields two readers would choose differently. */
enum berth_code berth_framing_note(struct berth_framing *framing, const char *name, size_t length,
                                   const char *value, struct berth_error *error) {
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

bool berth_list_has(const char *list, const char *option) {
    size_t length = strlen(option);
    while (list && *list) {
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
    if (berth_list_has(connection, "close"))
        return false;
    return strcmp(version, "1.1") == 0 || berth_list_has(connection, "keep-alive");
}

static enum berth_code check_body(struct berth_framing *framing, const char *method,
                                  struct berth_error *error) {
    const char *length = framing->fields[BERTH_FIELD_LENGTH];
    framing->body_bytes = -1;
    if (length && !parse_length(length, &framing->body_bytes))
        return refuse(error, "content-length", "the Content-Length is not a number that is taken");
    bool reads_only = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    if (reads_only && framing->body_bytes > 0)
        return refuse(error, "body-unexpected", "a GET has no body");
    return BERTH_OK;
}

enum berth_code berth_framing_check(struct berth_framing *framing, const char *method,
                                    const char *version, struct berth_error *error) {
    const char *const *values = framing->fields;
    if (!values[BERTH_FIELD_HOST] || !is_host(values[BERTH_FIELD_HOST]))
        return refuse(error, "host", "the Host header is missing or malformed");
    if (values[BERTH_FIELD_UPGRADE])
        return refuse(error, "upgrade", "this server speaks HTTP/1.1 only");
    if (values[BERTH_FIELD_CODING] && values[BERTH_FIELD_LENGTH])
        return refuse(error, "transfer-encoding",
                      "Transfer-Encoding and Content-Length exclude each other");
    if (values[BERTH_FIELD_CODING] && strcasecmp(values[BERTH_FIELD_CODING], "chunked") != 0 &&
        strcasecmp(values[BERTH_FIELD_CODING], "identity") != 0)
        return refuse(error, "transfer-encoding", "the Transfer-Encoding is not known");
    if (values[BERTH_FIELD_CODING])
        return refuse(error, "length-required", "bodies are taken with a Content-Length only");
    if (values[BERTH_FIELD_EXPECT] && strcasecmp(values[BERTH_FIELD_EXPECT], "100-continue") != 0)
        return refuse(error, "expectation", "only 100-continue can be expected");
    /* RFC 9110 section 10.1.1: an expectation of HTTP/1.0 is ignored. */
    framing->expects_continue = values[BERTH_FIELD_EXPECT] && strcmp(version, "1.1") == 0;
    framing->keeps_alive = keeps_alive(version, values[BERTH_FIELD_CONNECTION]);
    return check_body(framing, method, error);
}
