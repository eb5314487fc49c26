/* Just enough of an HTML tokenizer to find start tags (HTML standard, section 13.2.5): comments are
 * passed over, and so is the text of elements whose text is not markup. Attributes are kept as they
 * are, but for a nonce that the document brought: the first attribute of a name wins, so ours goes
 * first. */
#include "template.h"

#include <string.h>
#include <strings.h>

struct scanner {
    const char *at;
    const char *end;
};

static bool starts_with(const struct scanner *scanner, const char *text) {
    size_t length = strlen(text);
    return (size_t)(scanner->end - scanner->at) >= length &&
           strncasecmp(scanner->at, text, length) == 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A name with its end, so that <script> is not found in <scripted>. */
static bool is_tag(const struct scanner *scanner, const char *open) {
    size_t length = strlen(open);
    if (!starts_with(scanner, open) || scanner->at + length >= scanner->end)
        return false;
    char next = scanner->at[length];
    return is_space(next) || next == '/' || next == '>';
}

/* Past the next such text, or the end. */
static const char *past(const struct scanner *scanner, const char *text) {
    struct scanner rest = *scanner;
    for (; rest.at < rest.end; rest.at++)
        if (starts_with(&rest, text))
            return rest.at + strlen(text);
    return scanner->end;
}

/* <!--> and <!---> are comments already, and --!> ends one too. */
static const char *comment_end(const struct scanner *scanner) {
    struct scanner body = {scanner->at + strlen("<!--"), scanner->end};
    if (starts_with(&body, ">"))
        return body.at + 1;
    if (starts_with(&body, "->"))
        return body.at + 2;
    while (body.at < body.end && !starts_with(&body, "-->") && !starts_with(&body, "--!>"))
        body.at++;
    return past(&body, ">");
}

/* Past the value that follows an equals sign. */
static const char *value_end(const char *c, const char *end) {
    while (c < end && is_space(*c))
        c++;
    if (c < end && (*c == '"' || *c == '\'')) {
        const char *close = memchr(c + 1, *c, (size_t)(end - c) - 1);
        return close ? close + 1 : end;
    }
    while (c < end && !is_space(*c) && *c != '>')
        c++;
    return c;
}

/* Past a tag's '>'. A quote counts only where a value begins: in <p title=it's> it is a letter. */
static const char *tag_end(const struct scanner *scanner) {
    const char *c = scanner->at + 1, *end = scanner->end;
    if (c < end && *c == '/')
        c++;
    while (c < end && !is_space(*c) && *c != '/' && *c != '>') /* the name */
        c++;
    while (c < end && *c != '>') {
        bool separator = is_space(*c) || *c == '/';
        c++; /* an equals sign that begins a name is part of it */
        while (!separator && c < end && !is_space(*c) && *c != '/' && *c != '>' && *c != '=')
            c++;
        const char *equals = c;
        while (!separator && equals < end && is_space(*equals))
            equals++;
        if (!separator && equals < end && *equals == '=')
            c = value_end(equals + 1, end);
    }
    return c < end ? c + 1 : end;
}

enum kind { TEXT, TAG, COMMENT, OTHER };

/* What stands at a '<': <!doctype …>, <?…> and </3…> end at the first '>'. */
static enum kind kind_of(const struct scanner *scanner) {
    if (*scanner->at != '<' || scanner->at + 1 >= scanner->end)
        return TEXT;
    if (starts_with(scanner, "<!--"))
        return COMMENT;
    const char *next = scanner->at + 1;
    if (*next == '!' || *next == '?')
        return OTHER;
    if (*next == '/' && next + 1 < scanner->end)
        return is_letter(next[1]) ? TAG : OTHER;
    return is_letter(*next) ? TAG : TEXT;
}

/* The next '<' after this character. */
static const char *next_candidate(const struct scanner *scanner) {
    size_t rest = (size_t)(scanner->end - scanner->at) - 1;
    const char *next = rest ? memchr(scanner->at + 1, '<', rest) : NULL;
    return next ? next : scanner->end;
}

static const char *token_end(const struct scanner *scanner) {
    switch (kind_of(scanner)) {
    case COMMENT:
        return comment_end(scanner);
    case TAG:
        return tag_end(scanner);
    case OTHER:
        return past(scanner, ">");
    case TEXT:
        break;
    }
    return next_candidate(scanner);
}

static void copy_to(struct berth_buffer *out, struct scanner *scanner, const char *to) {
    berth_buffer_add(out, scanner->at, (size_t)(to - scanner->at));
    scanner->at = to;
}

/* Where the text of an element that holds no markup ends: at its own end tag. */
static const char *raw_end(const struct scanner *scanner, const char *from) {
    static const char *const raw[][2] = {{"<script", "</script"},   {"<style", "</style"},
                                         {"<title", "</title"},     {"<textarea", "</textarea"},
                                         {"<iframe", "</iframe"},   {"<xmp", "</xmp"},
                                         {"<noembed", "</noembed"}, {"<noframes", "</noframes"}};
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++) {
        if (!is_tag(scanner, raw[i][0]))
            continue;
        struct scanner text = {from, scanner->end};
        while (text.at < text.end && !is_tag(&text, raw[i][1]))
            text.at++;
        return text.at;
    }
    return from;
}

/* Scripts and styles; and links, since a preload of a script needs the nonce as the script does. */
static void copy_tag(struct berth_template_writer *writer, struct scanner *scanner) {
    static const char *const guarded[] = {"<script", "<style", "<link"};
    const char *end = tag_end(scanner);
    const char *text_end = raw_end(scanner, end);
    for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++)
        if (is_tag(scanner, guarded[i])) {
            copy_to(&writer->text, scanner, scanner->at + strlen(guarded[i]));
            berth_template_nonce(writer);
            break;
        }
    copy_to(&writer->text, scanner, text_end);
}

static void add_base(struct berth_buffer *out, const struct berth_compose *compose,
                     const struct berth_remote *remote) {
    struct berth_buffer url;
    berth_buffer_init(&url, 8192);
    berth_asset_url(&url, compose->public_url, remote->module, remote->version, "");
    berth_buffer_text(out, "<base href=\"");
    berth_buffer_html(out, url.data ? url.data : "");
    berth_buffer_text(out, "\">");
    berth_buffer_done(&url);
}

/* Inside <head>, which a parser opens by itself before anything that is no doctype, no comment, no
 * space and no <html> (section 13.2.6.4.3): after the tag, or where it would be. */
static const char *base_place(const char *html, size_t length) {
    struct scanner scanner = {html, html + length};
    if (starts_with(&scanner, "\xef\xbb\xbf")) /* byte order mark */
        scanner.at += 3;
    while (scanner.at < scanner.end) {
        if (is_tag(&scanner, "<head"))
            return tag_end(&scanner);
        enum kind kind = kind_of(&scanner);
        if (is_space(*scanner.at))
            scanner.at++;
        else if (kind == COMMENT || kind == OTHER || is_tag(&scanner, "<html"))
            scanner.at = token_end(&scanner);
        else
            break;
    }
    return scanner.at;
}

enum berth_code berth_compose_document(const struct berth_compose *compose,
                                       const struct berth_remote *remote, const char *html,
                                       size_t length, struct berth_template *ret,
                                       struct berth_error *error) {
    struct berth_template_writer writer;
    struct scanner scanner = {html, base_place(html, length)};
    berth_template_begin(&writer);
    copy_to(&writer.text, &scanner, scanner.end);
    add_base(&writer.text, compose, remote);
    scanner.end = html + length;
    while (scanner.at < scanner.end) {
        if (kind_of(&scanner) == TAG)
            copy_tag(&writer, &scanner);
        else
            copy_to(&writer.text, &scanner, token_end(&scanner));
    }
    /* After </html> a parser still puts elements into the body. */
    berth_template_badge(&writer, compose);
    return berth_template_end(&writer, berth_policy(compose, true), NULL, ret, error);
}
