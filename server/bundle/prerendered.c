#include "prerendered.h"

#include <string.h>
#include <strings.h>
#include <unistr.h>

enum {
    VOID = 1,    /* has no end tag */
    BLOCK = 2,   /* its start tag closes an open <p> */
    ALONE = 4,   /* its start tag closes an open one of its row */
    TEXT = 8,    /* what is in it is text for a parser */
    PARTS = 16,  /* holds only what names it in `parents` */
    SVG = 32,    /* is at home in an <svg>, too */
    BANNED = 64, /* no content, or a parser's special case */
    NAME_MAX_BYTES = 64,
};

struct row {
    int flags;
    const char *parents; /* must be directly in one of these; NULL: anywhere */
    const char *names;   /* between spaces */
};

static const struct row rows[] = {
    {0, NULL,
     " abbr audio b bdi bdo canvas cite code data datalist del dfn em i ins kbd label legend map "
     "mark meter output picture progress q ruby s samp small span strong sub sup time u var "
     "video "},
    {SVG, NULL, " svg "},
    {ALONE | SVG, NULL, " a "},
    {ALONE, NULL, " button "},
    {ALONE | BLOCK, NULL, " form "},
    {ALONE | BLOCK, NULL, " h1 h2 h3 h4 h5 h6 "},
    {BLOCK, NULL,
     " address article aside blockquote details dialog div dl fieldset figcaption figure footer "
     "header hgroup main menu nav ol p pre search section summary ul "},
    {BLOCK, " menu ol ul ", " li "},
    {BLOCK, " div dl ", " dd dt "},
    {BLOCK | PARTS, NULL, " table "},
    {PARTS, " table ", " colgroup tbody tfoot thead "},
    {0, " table ", " caption "},
    {PARTS, " table tbody tfoot thead ", " tr "},
    {0, " tr ", " td th "},
    {VOID, " colgroup ", " col "},
    {PARTS, NULL, " select "},
    {PARTS, " select ", " optgroup "},
    {TEXT, " datalist optgroup select ", " option "},
    {0, " ruby ", " rp rt "},
    {TEXT, NULL, " textarea "},
    {TEXT | SVG, " circle defs ellipse g line path polygon polyline rect svg symbol text use ",
     " title "},
    {VOID, NULL, " area br img input source track wbr "},
    {VOID | BLOCK, NULL, " hr "},
    {BANNED, NULL,
     " annotation-xml applet base basefont bgsound big body center embed font foreignobject frame "
     "frameset head html iframe keygen link listing marquee math meta nobr noembed "
     "noframes noscript object param plaintext rb rtc script slot strike style template tt xmp "},
};

struct element {
    const char *name;
    size_t length;
    const struct row *row; /* NULL: a custom element, or one of SVG's own */
};

struct check {
    const char *text;
    const char *at;
    const char *end;
    struct element open[BERTH_PRERENDERED_MAX_DEPTH];
    size_t depth;
    size_t svg; /* 1 + the place of the outermost <svg> that is open; 0: none */
    bool styled;
    struct berth_error *error;
};

static enum berth_code refuse(const struct check *check, const char *at, const char *text) {
    size_t line = 1;
    for (const char *c = check->text; c < at; c++)
        line += *c == '\n';
    size_t shown = 0;
    while (at + shown < check->end && shown < 32 && at[shown] >= ' ' && at[shown] <= '~')
        shown++;
    berth_fail(check->error, BERTH_REFUSED, "prerendered-invalid", "line %zu, at \"%.*s\": %s",
               line, (int)shown, at, text);
    berth_error_hint(
        check->error,
        "write it with react-dom/server's renderToStaticMarkup, or with the same care: "
        "each element closed in its turn, attributes in quotes, no scripts");
    return BERTH_REFUSED;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool starts_with(const struct check *check, const char *text) {
    size_t length = strlen(text);
    return (size_t)(check->end - check->at) >= length && strncmp(check->at, text, length) == 0;
}

/* Is the name in a list with spaces around each? Letters of either case are the same. */
static bool lists(const char *list, const struct element *element) {
    char wanted[NAME_MAX_BYTES + 3] = " ";
    if (!list || element->length > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < element->length; i++)
        wanted[i + 1] =
            (char)(is_letter(element->name[i]) ? element->name[i] | 0x20 : element->name[i]);
    wanted[element->length + 1] = ' ';
    return strstr(list, wanted) != NULL;
}

static const struct row *find_row(const struct element *element) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (lists(rows[i].names, element))
            return &rows[i];
    return NULL;
}

static bool is_element(const struct element *element, const char *name) {
    return element->length == strlen(name) &&
           strncasecmp(element->name, name, element->length) == 0;
}

static const struct element *parent(const struct check *check, size_t up) {
    return check->depth > up ? &check->open[check->depth - 1 - up] : NULL;
}

/* What a parser would make of it here, other than an element in the last one that is open. */
static const char *fault_among(const struct check *check, const struct row *row) {
    for (size_t i = 0; i < check->depth; i++) {
        if (row->flags & ALONE && check->open[i].row == row)
            return "it cannot be in another one";
        if (row->flags & BLOCK && is_element(&check->open[i], "p"))
            return "it cannot be in a <p>, which a browser would close before it";
    }
    return NULL;
}

static const char *fault_under(const struct check *check, const struct row *row) {
    const struct element *above = parent(check, 0);
    bool named = above && row && lists(row->parents, above);
    /* A group in a <dl> is in a <div>; in another <div> it would close what is around that. */
    if (named && strcmp(row->parents, " div dl ") == 0 && is_element(above, "div"))
        named = parent(check, 1) && is_element(parent(check, 1), "dl");
    if (above && above->row && above->row->flags & PARTS && !named)
        return "its parent cannot hold it: a browser would put it elsewhere";
    if (row && row->parents && !named)
        return "it belongs in another element, such as <li> in <ul>, <tr> in <table>";
    return NULL;
}

static const char *fault_of(const struct check *check, const struct element *element) {
    const struct row *row = element->row;
    bool custom = memchr(element->name, '-', element->length) != NULL;
    if (row && row->flags & BANNED)
        return "such an element cannot be in prerendered HTML";
    if (check->svg && row && !(row->flags & SVG))
        return "an <svg> cannot hold HTML: a browser would end it";
    if (!check->svg && !row && !custom)
        return "no HTML element that prerendered HTML may have, nor a custom element";
    const char *fault = row ? fault_among(check, row) : NULL;
    return fault ? fault : fault_under(check, row);
}

/* `name="value"`, with check->at behind the space before it. */
static enum berth_code take_attribute(struct check *check) {
    const char *name = check->at;
    while (check->at < check->end && !is_space(*check->at) && !strchr("\"'<>/=", *check->at))
        check->at++;
    size_t length = (size_t)(check->at - name);
    if (!length)
        return refuse(check, name, "an attribute or the end of the tag is needed here");
    if (length > 2 && strncasecmp(name, "on", 2) == 0)
        return refuse(check, name, "a page does not run what is in attributes");
    if (length > 11 && strncasecmp(name, "data-berth-", 11) == 0)
        return refuse(check, name, "data-berth-… are the page's own marks");
    check->styled = check->styled || (length == 5 && strncasecmp(name, "style", 5) == 0);
    if (check->at >= check->end || *check->at != '=')
        return BERTH_OK;
    const char *open = check->at + 1;
    const char *close = NULL;
    if (open < check->end && (*open == '"' || *open == '\''))
        close = memchr(open + 1, *open, (size_t)(check->end - open - 1));
    if (!close)
        return refuse(check, name, "a value stands between two quotes");
    check->at = close + 1;
    return BERTH_OK;
}

/* To behind the >. */
static enum berth_code take_attributes(struct check *check, const char *start, bool *ret_slash) {
    for (;;) {
        const char *before = check->at;
        while (check->at < check->end && is_space(*check->at))
            check->at++;
        bool slash = starts_with(check, "/>");
        if (slash || starts_with(check, ">")) {
            check->at += slash ? 2 : 1;
            *ret_slash = slash;
            return BERTH_OK;
        }
        if (check->at >= check->end)
            return refuse(check, start, "this tag does not end");
        if (check->at == before)
            return refuse(check, check->at, "attributes have a space between them");
        enum berth_code code = take_attribute(check);
        if (code)
            return code;
    }
}

static void take_name(struct check *check, struct element *ret) {
    ret->name = check->at;
    while (check->at < check->end && !is_space(*check->at) && *check->at != '/' &&
           *check->at != '>' && *check->at != '<')
        check->at++;
    ret->length = (size_t)(check->at - ret->name);
    ret->row = find_row(ret);
}

static enum berth_code take_start(struct check *check) {
    const char *start = check->at++;
    struct element element;
    bool slash = false;
    take_name(check, &element);
    const char *fault = fault_of(check, &element);
    if (fault)
        return refuse(check, start, fault);
    enum berth_code code = take_attributes(check, start, &slash);
    if (code || (element.row && element.row->flags & VOID))
        return code;
    if (slash)
        return refuse(check, start,
                      "only elements like <img> end so: a browser would leave it "
                      "open; write an end tag");
    if (check->depth == BERTH_PRERENDERED_MAX_DEPTH)
        return refuse(check, start, "more than 256 elements are open");
    check->open[check->depth++] = element;
    if (!check->svg && is_element(&element, "svg"))
        check->svg = check->depth;
    return BERTH_OK;
}

static enum berth_code take_end(struct check *check) {
    const char *start = check->at;
    struct element element;
    check->at += 2;
    take_name(check, &element);
    const struct element *last = parent(check, 0);
    if (!last || last->length != element.length ||
        memcmp(last->name, element.name, element.length) != 0)
        return refuse(check, start, "this is not the end of the element that was opened last");
    while (check->at < check->end && is_space(*check->at))
        check->at++;
    if (!starts_with(check, ">"))
        return refuse(check, start, "this tag does not end");
    check->at++;
    if (check->svg == check->depth--)
        check->svg = 0;
    return BERTH_OK;
}

/* Without > or -- in it, so that there is one opinion on where it ends. */
static enum berth_code take_comment(struct check *check) {
    const char *start = check->at;
    const char *body = start + strlen("<!--");
    const char *close = memchr(body, '>', (size_t)(check->end - body));
    const char *dashes = close ? memmem(body, (size_t)(close - body), "--", 2) : NULL;
    if (!dashes || dashes + 2 != close)
        return refuse(check, start, "a comment ends with --> and has no > or -- in it");
    check->at = close + 1;
    return BERTH_OK;
}

/* Up to `end`. Between the parts of a table, a browser would move it out. */
static enum berth_code take_text(struct check *check, const char *end) {
    const struct element *last = parent(check, 0);
    if (last && last->row && last->row->flags & PARTS)
        for (const char *c = check->at; c < end; c++)
            if (!is_space(*c))
                return refuse(check, c, "text cannot be here: a browser would put it elsewhere");
    check->at = end;
    return BERTH_OK;
}

static enum berth_code take_next(struct check *check) {
    const struct element *last = parent(check, 0);
    bool tag = check->at + 1 < check->end;
    if (tag && check->at[1] == '/')
        return take_end(check);
    if (last && last->row && last->row->flags & TEXT)
        return refuse(check, check->at, "there can be only text here");
    if (starts_with(check, "<!--"))
        return take_comment(check);
    if (tag && is_letter(check->at[1]))
        return take_start(check);
    return refuse(check, check->at, "a < that begins no tag is written &lt;");
}

enum berth_code berth_prerendered_check(const char *text, size_t length, bool *ret_styled,
                                        struct berth_error *error) {
    struct check check = {.text = text, .at = text, .end = text + length, .error = error};
    const uint8_t *bad = u8_check((const uint8_t *)text, length);
    const char *zero = length ? memchr(text, '\0', length) : NULL;
    if (bad || zero)
        return refuse(&check, bad ? (const char *)bad : zero, "this is no text in UTF-8");
    while (check.at < check.end) {
        const char *next = memchr(check.at, '<', (size_t)(check.end - check.at));
        enum berth_code code = take_text(&check, next ? next : check.end);
        if (!code && next)
            code = take_next(&check);
        if (code)
            return code;
    }
    if (check.depth)
        return refuse(&check, parent(&check, 0)->name - 1, "this element is not closed");
    *ret_styled = check.styled;
    return BERTH_OK;
}
