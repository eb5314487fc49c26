/* CSS Syntax Module Level 3, section 4, as far as it takes to tell strings, comments and url() from
 * the rest. What is unusual is not judged but given back: the sheet is linked then. */
#include "css.h"

#include <string.h>
#include <strings.h>

struct sheet {
    const char *at;
    const char *end;
    const char *folder;
    bool own_origin;
    struct berth_buffer *out;
    char closers[BERTH_CSS_MAX_DEPTH];
    size_t depth;
};

struct span {
    const char *from;
    size_t length;
};

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c & '\x80');
}

static void take(struct sheet *sheet, size_t length) {
    berth_buffer_add(sheet->out, sheet->at, length);
    sheet->at += length;
}

static bool starts_with(const struct sheet *sheet, const char *text) {
    size_t length = strlen(text);
    return (size_t)(sheet->end - sheet->at) >= length && strncasecmp(sheet->at, text, length) == 0;
}

static bool skip_comment(struct sheet *sheet) {
    const char *body = sheet->at + 2;
    const char *close = memmem(body, (size_t)(sheet->end - body), "*/", 2);
    if (!close)
        return false;
    berth_buffer_text(sheet->out, "/**/"); /* a.b and a, then .b, are two things */
    sheet->at = close + 2;
    return true;
}

/* RFC 3986: what a page resolves as the file would, ... */
static bool is_absolute(const struct sheet *sheet, const struct span *url) {
    if (url->length == 0 || *url->from == '#')
        return true;
    if (*url->from == '/')
        return sheet->own_origin || (url->length > 1 && url->from[1] == '/');
    size_t i = 0;
    while (i < url->length && (is_name(url->from[i]) || strchr("+.", url->from[i])))
        i++;
    return is_letter(*url->from) && i < url->length && url->from[i] == ':';
}

/* ... and what comes to the same behind the folder. */
static bool is_relative(const struct span *url) {
    return *url->from != '/' && *url->from != '?' && !memchr(url->from, '\\', url->length);
}

static bool add_folder(struct sheet *sheet, const struct span *url) {
    if (is_absolute(sheet, url))
        return true;
    if (!is_relative(url))
        return false;
    for (const char *c = sheet->folder; *c; c++)
        if (strchr("'()", *c))
            berth_buffer_printf(sheet->out, "%%%02X", (unsigned)*c);
        else
            berth_buffer_add(sheet->out, c, 1);
    return true;
}

/* Where a string's text ends; NULL: nowhere, or at a line's end, which browsers take for a fault.
 */
static const char *string_end(const struct sheet *sheet) {
    const char quote = *sheet->at;
    for (const char *c = sheet->at + 1; c < sheet->end; c++) {
        if (*c == quote)
            return c;
        if (*c == '\n' || *c == '\r' || *c == '\f' || *c == '\0')
            return NULL;
        if (*c == '\\' && ++c == sheet->end)
            return NULL;
    }
    return NULL;
}

/* In a string `\/` is a slash, and </style no end of the element. */
static void take_text(struct sheet *sheet, const char *to) {
    while (sheet->at < to) {
        take(sheet, 1);
        if (sheet->at[-1] == '<' && sheet->at < to && *sheet->at == '/')
            berth_buffer_text(sheet->out, "\\");
    }
}

static bool take_string(struct sheet *sheet, bool is_url) {
    const char *close = string_end(sheet);
    if (!close)
        return false;
    take(sheet, 1);
    struct span url = {sheet->at, (size_t)(close - sheet->at)};
    if (is_url && !add_folder(sheet, &url))
        return false;
    take_text(sheet, close);
    take(sheet, 1);
    return true;
}

/* The value of url(...) without quotes. */
static bool take_bare_url(struct sheet *sheet) {
    const char *close = memchr(sheet->at, ')', (size_t)(sheet->end - sheet->at));
    if (!close)
        return false;
    const char *last = close;
    while (last > sheet->at && is_space(last[-1]))
        last--;
    struct span url = {sheet->at, (size_t)(last - sheet->at)};
    for (size_t i = 0; i < url.length; i++)
        if (is_space(url.from[i]) || strchr("\"'(<\\", url.from[i])) /* a NUL as well */
            return false;
    if (!add_folder(sheet, &url))
        return false;
    take(sheet, url.length);
    sheet->at = close;
    return true;
}

/* From behind "url(" to its end. */
static bool take_url(struct sheet *sheet) {
    while (sheet->at < sheet->end && is_space(*sheet->at))
        sheet->at++;
    if (sheet->at >= sheet->end)
        return false;
    if (*sheet->at != '"' && *sheet->at != '\'')
        return take_bare_url(sheet);
    return take_string(sheet, true);
}

static bool is_one_of(const struct span *name, const char *const *names) {
    for (; *names; names++)
        if (name->length == strlen(*names) && strncasecmp(name->from, *names, name->length) == 0)
            return true;
    return false;
}

static char closer_of(char bracket) {
    if (bracket == '(')
        return ')';
    return bracket == '[' ? ']' : '}';
}

static bool open_bracket(struct sheet *sheet) {
    if (sheet->depth == BERTH_CSS_MAX_DEPTH)
        return false;
    sheet->closers[sheet->depth++] = closer_of(*sheet->at);
    take(sheet, 1);
    return true;
}

static bool close_bracket(struct sheet *sheet) {
    if (!sheet->depth || sheet->closers[--sheet->depth] != *sheet->at)
        return false;
    take(sheet, 1);
    return true;
}

/* A name with its escapes; where it is a function's, with the bracket, and a url() whole. */
static bool take_name(struct sheet *sheet) {
    static const char *const urls[] = {"url", NULL};
    /* Their strings are URLs too. */
    static const char *const others[] = {"image-set", "-webkit-image-set", "src", NULL};
    struct span name = {sheet->at, 0};
    bool escaped = false;
    while (sheet->at < sheet->end && (is_name(*sheet->at) || *sheet->at == '\\')) {
        size_t length = *sheet->at == '\\' ? 2 : 1;
        escaped = escaped || length == 2;
        if ((size_t)(sheet->end - sheet->at) < length || sheet->at[length - 1] == '\n' ||
            sheet->at[length - 1] == '<')
            return false;
        take(sheet, length);
    }
    name.length = (size_t)(sheet->at - name.from);
    if (sheet->at >= sheet->end || *sheet->at != '(')
        return true;
    if (escaped || is_one_of(&name, others))
        return false;
    return open_bracket(sheet) && (!is_one_of(&name, urls) || take_url(sheet));
}

static bool take_at(struct sheet *sheet) {
    static const char *const refused[] = {"import",        "namespace", "document",
                                          "-moz-document", "charset",   NULL};
    struct span name = {sheet->at + 1, 0};
    while (name.from + name.length < sheet->end && is_name(name.from[name.length]))
        name.length++;
    const char *next = name.from + name.length;
    if (is_one_of(&name, refused) || (next < sheet->end && *next == '\\'))
        return false;
    take(sheet, 1 + name.length);
    return true;
}

static bool take_next(struct sheet *sheet) {
    if (starts_with(sheet, "/*"))
        return skip_comment(sheet);
    if (starts_with(sheet, "</") || starts_with(sheet, "<!"))
        return false;
    switch (*sheet->at) {
    case '"':
    case '\'':
        return take_string(sheet, false);
    case '@':
        return take_at(sheet);
    case '(':
    case '[':
    case '{':
        return open_bracket(sheet);
    case ')':
    case ']':
    case '}':
        return close_bracket(sheet);
    case '\0':
        return false;
    default:
        if (is_name(*sheet->at) || *sheet->at == '\\')
            return take_name(sheet);
        take(sheet, 1);
        return true;
    }
}

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* The page says what the text is encoded in. */
static void skip_encoding(struct sheet *sheet) {
    static const char charset[] = "@charset \"utf-8\";";
    if (starts_with(sheet, byte_order_mark))
        sheet->at += strlen(byte_order_mark);
    if (starts_with(sheet, charset))
        sheet->at += strlen(charset);
}

/* The next sheet begins behind a rule, not in the middle of one. */
static bool ends_with_rule(const struct berth_buffer *out, size_t start) {
    static const char comment[] = "/**/";
    size_t end = out->length, length = sizeof comment - 1;
    for (;;) {
        if (end > start && is_space(out->data[end - 1]))
            end--;
        else if (end - start >= length && memcmp(out->data + end - length, comment, length) == 0)
            end -= length;
        else
            break;
    }
    return end == start || out->data[end - 1] == '}' || out->data[end - 1] == ';';
}

bool berth_css_inline(struct berth_buffer *out, const char *text, size_t length, const char *folder,
                      bool own_origin) {
    struct sheet sheet = {
        .at = text, .end = text + length, .folder = folder, .own_origin = own_origin, .out = out};
    size_t before = out->length;
    skip_encoding(&sheet);
    /* A second mark is a letter. A NUL would end the text for those who take it for a string. */
    bool good = !starts_with(&sheet, byte_order_mark) && !memchr(text, '\0', length);
    while (good && sheet.at < sheet.end)
        good = take_next(&sheet);
    if (good && !sheet.depth && !out->failed && ends_with_rule(out, before))
        return true;
    out->length = before;
    if (out->data)
        out->data[before] = '\0';
    return false;
}
