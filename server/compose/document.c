/* Just enough of an HTML tokenizer to find start tags: comments are passed over, and so is the text
 * of elements whose text is not markup (HTML standard, section 13.2.5). Attributes are kept as they
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

/* The end of a name, so that <script> is not found in <scripted>. */
static bool is_tag(const struct scanner *scanner, const char *open) {
    size_t length = strlen(open);
    if (!starts_with(scanner, open) || scanner->at + length >= scanner->end)
        return false;
    return strchr(" \t\n\r\f/>", scanner->at[length]) != NULL;
}

static const char *find(const struct scanner *scanner, const char *text) {
    struct scanner rest = *scanner;
    for (; rest.at < rest.end; rest.at++)
        if (starts_with(&rest, text))
            return rest.at;
    return scanner->end;
}

/* Past the tag's '>', which may also stand in a quoted value. */
static const char *tag_end(const struct scanner *scanner) {
    char quote = 0;
    for (const char *c = scanner->at; c < scanner->end; c++) {
        if (quote)
            quote = *c == quote ? 0 : quote;
        else if (*c == '"' || *c == '\'')
            quote = *c;
        else if (*c == '>')
            return c + 1;
    }
    return scanner->end;
}

static bool opens_tag(const struct scanner *scanner) {
    char next = scanner->at + 1 < scanner->end ? scanner->at[1] : ' ';
    return (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '/' ||
           next == '!' || next == '?';
}

/* The next '<' after this character. */
static const char *next_candidate(const struct scanner *scanner) {
    size_t rest = (size_t)(scanner->end - scanner->at) - 1;
    const char *next = rest ? memchr(scanner->at + 1, '<', rest) : NULL;
    return next ? next : scanner->end;
}

static void copy_to(struct berth_buffer *out, struct scanner *scanner, const char *to) {
    berth_buffer_add(out, scanner->at, (size_t)(to - scanner->at));
    scanner->at = to;
}

/* Elements whose contents are text up to their own end tag. */
static const char *raw_end_tag(const struct scanner *scanner) {
    static const char *const raw[][2] = {{"<script", "</script"},
                                         {"<style", "</style"},
                                         {"<title", "</title"},
                                         {"<textarea", "</textarea"}};
    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
        if (is_tag(scanner, raw[i][0]))
            return raw[i][1];
    return NULL;
}

static void copy_tag(struct berth_template_writer *writer, struct scanner *scanner) {
    const char *end_tag = raw_end_tag(scanner);
    const char *end = tag_end(scanner);
    if (is_tag(scanner, "<script") || is_tag(scanner, "<style") || is_tag(scanner, "<link")) {
        copy_to(&writer->text, scanner, scanner->at + strcspn(scanner->at, " \t\n\r\f/>"));
        berth_template_nonce(writer);
    }
    copy_to(&writer->text, scanner, end);
    if (end_tag)
        copy_to(&writer->text, scanner, find(scanner, end_tag));
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

/* After <head> where there is one, else after <html> or the doctype, else at the start: the parser
 * then opens a head by itself. */
static const char *base_place(const char *html, size_t length) {
    static const char *const openers[] = {"<head", "<html", "<!doctype"};
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        struct scanner scanner = {html, html + length};
        while (scanner.at < scanner.end) {
            if (starts_with(&scanner, "<!--")) {
                scanner.at = find(&scanner, "-->");
            } else if (is_tag(&scanner, openers[i])) {
                return tag_end(&scanner);
            } else {
                scanner.at++;
            }
        }
    }
    return html;
}

enum berth_code berth_compose_document(const struct berth_compose *compose,
                                       const struct berth_remote *remote, const char *html,
                                       size_t length, struct berth_template *ret,
                                       struct berth_error *error) {
    struct berth_template_writer writer;
    struct scanner scanner = {html, html + length};
    const char *base = base_place(html, length);
    bool placed = false;
    berth_template_begin(&writer);
    while (scanner.at < scanner.end) {
        if (!placed && scanner.at >= base) {
            add_base(&writer.text, compose, remote);
            placed = true;
        }
        if (starts_with(&scanner, "<!--"))
            copy_to(&writer.text, &scanner, find(&scanner, "-->"));
        else if (*scanner.at == '<' && opens_tag(&scanner))
            copy_tag(&writer, &scanner);
        else
            copy_to(&writer.text, &scanner, next_candidate(&scanner));
    }
    if (!placed)
        add_base(&writer.text, compose, remote);
    return berth_template_end(&writer, berth_policy(compose, true), ret, error);
}
