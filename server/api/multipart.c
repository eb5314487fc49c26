#include "multipart.h"

#include <string.h>
#include <strings.h>

static enum berth_code fail_syntax(struct berth_error *error, const char *text) {
    return berth_fail(error, BERTH_INVALID, "multipart-syntax", "the form's body %s", text);
}

/* --- the boundary --- */

/* RFC 2046's bchars, but for the blank, which nobody sends. */
static bool is_boundary(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("'()+_,-./:=?", c));
}

/* The value after `;…boundary=`, quoted or not. */
static const char *find_boundary(const char *type, size_t *ret_length) {
    static const char key[] = "boundary=";
    for (const char *at = strchr(type, ';'); at; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, key, sizeof key - 1) != 0)
            continue;
        at += sizeof key - 1;
        const char *value = *at == '"' ? at + 1 : at;
        *ret_length = strcspn(value, *at == '"' ? "\"" : "; \t");
        return *at == '"' && !value[*ret_length] ? NULL : value;
    }
    return NULL;
}

enum berth_code api_multipart_init(struct api_multipart *multipart, const char *type,
                                   const struct api_multipart_sink *sink, void *context,
                                   struct berth_error *error) {
    static const char form[] = "multipart/form-data";
    size_t length = 0, good = 0;
    if (!type || strncasecmp(type, form, sizeof form - 1) != 0 ||
        !strchr("; \t", type[sizeof form - 1]))
        return berth_fail(error, BERTH_UNSUPPORTED, "media-type",
                          "the body must be multipart/form-data");
    const char *boundary = find_boundary(type, &length);
    while (boundary && good < length && is_boundary(boundary[good]))
        good++;
    if (!length || good != length || length > API_BOUNDARY_MAX_BYTES)
        return berth_fail(error, BERTH_INVALID, "multipart-boundary",
                          "the form's boundary is missing, too long or malformed");
    *multipart = (struct api_multipart){.sink = sink,
                                        .context = context,
                                        .mark_length = length + 4,
                                        .matched = 2}; /* as if a line had ended before */
    memcpy(multipart->mark, "\r\n--", 4);
    memcpy(multipart->mark + 4, boundary, length);
    return BERTH_OK;
}

/* --- a part's head --- */

static bool is_line(const char *line, size_t length, const char *name, const char **ret) {
    size_t name_length = strlen(name);
    if (length <= name_length || strncasecmp(line, name, name_length) != 0 ||
        line[name_length] != ':')
        return false;
    *ret = line + name_length + 1;
    return true;
}

/* `; key="value"` or `; key=value`; false when it is not there. `ret` (of `size` bytes) may be
 * NULL: only looked for. What does not fit is an error, told by *ret_bad. */
static bool find_parameter(const char *line, const char *end, const char *key, char *ret,
                           size_t size, bool *ret_bad) {
    size_t key_length = strlen(key);
    bool quoted = false;
    for (const char *at = line; at < end; at++) {
        if (*at == '\\' && quoted) {
            at++;
            continue;
        }
        quoted ^= *at == '"';
        if (quoted || *at != ';')
            continue;
        const char *word = at + 1;
        while (word < end && (*word == ' ' || *word == '\t'))
            word++;
        if ((size_t)(end - word) <= key_length || strncasecmp(word, key, key_length) != 0 ||
            word[key_length] != '=')
            continue;
        const char *value = word + key_length + 1;
        const bool has_quotes = value < end && *value == '"';
        size_t used = 0;
        for (value += has_quotes; value < end && *value != (has_quotes ? '"' : ';'); value++) {
            if (has_quotes && *value == '\\' && value + 1 < end)
                value++;
            if (ret && used + 1 < size)
                ret[used] = *value;
            used++;
        }
        *ret_bad = ret && (used + 1 > size || (has_quotes && value == end));
        if (ret && !*ret_bad)
            ret[used] = '\0';
        return true;
    }
    return false;
}

struct head {
    char name[API_PART_NAME_MAX_BYTES + 1];
    bool named;
    bool file;
};

static enum berth_code take_disposition(const char *value, const char *end, struct head *head,
                                        struct berth_error *error) {
    bool bad = false;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    if (head->named || (size_t)(end - value) < 9 || strncasecmp(value, "form-data", 9) != 0)
        return fail_syntax(error, "has a part that is no form-data, or says so twice");
    head->named = find_parameter(value, end, "name", head->name, sizeof head->name, &bad);
    head->file = find_parameter(value, end, "filename", NULL, 0, &bad) ||
                 find_parameter(value, end, "filename*", NULL, 0, &bad);
    bool plain = true;
    for (const char *at = head->name; head->named && *at; at++)
        plain = plain && (unsigned char)*at >= ' ' && *at != 0x7f;
    if (head->named && !bad && plain && *head->name)
        return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "multipart-name",
                      "a part of the form has no name, or one of over %d bytes",
                      API_PART_NAME_MAX_BYTES);
}

static enum berth_code take_encoding(const char *value, const char *end,
                                     struct berth_error *error) {
    static const char *const plain[] = {"binary", "8bit", "7bit"};
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if ((size_t)(end - value) == strlen(plain[i]) &&
            strncasecmp(value, plain[i], strlen(plain[i])) == 0)
            return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "multipart-encoding",
                      "a part of the form has a Content-Transfer-Encoding; send its bytes as they "
                      "are");
}

static enum berth_code begin_part(struct api_multipart *multipart, struct berth_error *error) {
    struct head head = {.named = false};
    const char *end = multipart->head + multipart->head_length - 2; /* of the last line's CR LF */
    enum berth_code code = BERTH_OK;
    for (const char *line = multipart->head; !code && line < end;) {
        const char *stop = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        const char *value = NULL;
        if (is_line(line, (size_t)(stop - line), "Content-Disposition", &value))
            code = take_disposition(value, stop, &head, error);
        else if (is_line(line, (size_t)(stop - line), "Content-Transfer-Encoding", &value))
            code = take_encoding(value, stop, error);
        line = stop + 2;
    }
    if (!code && !head.named)
        code = fail_syntax(error, "has a part without a Content-Disposition");
    if (code)
        return code;
    multipart->in_part = true;
    return multipart->sink->begin(multipart->context, head.name, head.file, error);
}

/* --- the body --- */

static enum berth_code pass_on(struct api_multipart *multipart, const char *data, size_t length,
                               struct berth_error *error) {
    if (!length)
        return BERTH_OK;
    if (multipart->in_part)
        return multipart->sink->add(multipart->context, data, length, error);
    multipart->preamble += length;
    if (multipart->preamble <= API_PREAMBLE_MAX_BYTES)
        return BERTH_OK;
    return berth_fail(error, BERTH_TOO_LARGE, "limit-preamble",
                      "no boundary came in the first %d bytes of the form", API_PREAMBLE_MAX_BYTES);
}

static enum berth_code end_part(struct api_multipart *multipart, struct berth_error *error) {
    bool was_in = multipart->in_part;
    multipart->in_part = false;
    multipart->state = API_MULTIPART_AFTER;
    multipart->matched = 0;
    return was_in ? multipart->sink->end(multipart->context, error) : BERTH_OK;
}

/* How much of the data was the part's. A CR stands only at the mark's start, so whatever was taken
 * for a mark and is none is all content, and the next byte may start one. */
static enum berth_code take_body(struct api_multipart *multipart, const char *data, size_t length,
                                 size_t *ret_used, struct berth_error *error) {
    const char *mark = multipart->mark;
    size_t at = 0;
    if (!multipart->matched) {
        const char *start = memchr(data, '\r', length);
        at = start ? (size_t)(start - data) : length;
        *ret_used = at;
        if (at)
            return pass_on(multipart, data, at, error);
    }
    while (at < length && multipart->matched < multipart->mark_length &&
           data[at] == mark[multipart->matched]) {
        multipart->matched++;
        at++;
    }
    *ret_used = at;
    if (multipart->matched == multipart->mark_length)
        return end_part(multipart, error);
    if (at == length)
        return BERTH_OK;
    size_t no_mark = multipart->matched;
    multipart->matched = 0;
    /* The two bytes that were supposed before the first are nobody's. */
    bool supposed = !multipart->in_part && !multipart->preamble && no_mark >= 2;
    return pass_on(multipart, mark + (supposed ? 2 : 0), no_mark - (supposed ? 2 : 0), error);
}

static enum berth_code start_head(struct api_multipart *multipart, struct berth_error *error) {
    multipart->state = API_MULTIPART_HEAD;
    multipart->head_length = 0;
    if (++multipart->parts <= API_PARTS_MAX)
        return BERTH_OK;
    return berth_fail(error, BERTH_TOO_LARGE, "limit-parts", "the form has over %d parts",
                      API_PARTS_MAX);
}

/* RFC 2046: blanks may follow a boundary. */
static enum berth_code take_after(struct api_multipart *multipart, char c,
                                  struct berth_error *error) {
    enum api_multipart_state state = multipart->state;
    if (state == API_MULTIPART_AFTER_CR && c == '\n')
        return start_head(multipart, error);
    if (state == API_MULTIPART_LAST_DASH && c == '-')
        multipart->state = API_MULTIPART_DONE;
    else if (state == API_MULTIPART_AFTER && c == '\r')
        multipart->state = API_MULTIPART_AFTER_CR;
    else if (state == API_MULTIPART_AFTER && c == '-')
        multipart->state = API_MULTIPART_LAST_DASH;
    else if (state != API_MULTIPART_AFTER || (c != ' ' && c != '\t'))
        return fail_syntax(error, "goes on after a boundary on the same line");
    return BERTH_OK;
}

/* Byte by byte: heads are short. An empty head is an empty line at once. */
static enum berth_code take_head(struct api_multipart *multipart, char c,
                                 struct berth_error *error) {
    if (multipart->head_length == API_PART_HEAD_MAX_BYTES)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-part-head",
                          "the head of a part of the form is over %d bytes",
                          API_PART_HEAD_MAX_BYTES);
    if (!c)
        return fail_syntax(error, "has a part with a NUL in its head");
    multipart->head[multipart->head_length++] = c;
    multipart->head[multipart->head_length] = '\0';
    const char *end = multipart->head + multipart->head_length;
    bool empty = multipart->head_length == 2 && memcmp(multipart->head, "\r\n", 2) == 0;
    if (!empty && (multipart->head_length < 4 || memcmp(end - 4, "\r\n\r\n", 4) != 0))
        return BERTH_OK;
    multipart->head_length -= 2;
    multipart->state = API_MULTIPART_BODY;
    if (multipart->head_length)
        return begin_part(multipart, error);
    return fail_syntax(error, "has a part without a head");
}

enum berth_code api_multipart_add(struct api_multipart *multipart, const void *data, size_t length,
                                  struct berth_error *error) {
    const char *at = data;
    enum berth_code code = BERTH_OK;
    while (!code && length && multipart->state != API_MULTIPART_DONE) {
        size_t used = 1;
        if (multipart->state == API_MULTIPART_BODY)
            code = take_body(multipart, at, length, &used, error);
        else if (multipart->state == API_MULTIPART_HEAD)
            code = take_head(multipart, *at, error);
        else
            code = take_after(multipart, *at, error);
        at += used;
        length -= used;
    }
    return code;
}

enum berth_code api_multipart_finish(const struct api_multipart *multipart,
                                     struct berth_error *error) {
    if (multipart->state == API_MULTIPART_DONE)
        return BERTH_OK;
    return berth_fail(error, BERTH_INVALID, "multipart-cut",
                      "the form's body ended before its last boundary");
}
