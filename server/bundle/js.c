#include "js.h"
#include "berth/buffer.h"

#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum {
    MAX_TOKENS = 1500000,
    MAX_NESTING = 20000,
};

struct opener {
    uint32_t token;
    char op;      /* ( [ {, or $ for a template's ${ */
    bool control; /* the ( of if, while, for, with: a / after its ) begins a regex */
};

struct lexer {
    struct berth_js *js;
    size_t at;
    size_t capacity;
    struct opener *openers;
    size_t nesting;
    bool after_control; /* the last token was the ) of an if, while, for, with */
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           c == '$' || c == '#' || (unsigned char)c >= 0x80;
}

static char peek(const struct lexer *lexer, size_t ahead) {
    size_t at = lexer->at + ahead;
    if (at >= lexer->js->length)
        return '\0';
    return lexer->js->text[at];
}

static bool at_end(const struct lexer *lexer) {
    return lexer->at >= lexer->js->length;
}

static bool grow(struct lexer *lexer) {
    if (lexer->js->count < lexer->capacity)
        return true;
    size_t capacity = lexer->capacity ? lexer->capacity * 2 : 4096;
    struct berth_js_token *tokens = realloc(lexer->js->tokens, capacity * sizeof *tokens);
    if (!tokens)
        return false;
    lexer->js->tokens = tokens;
    lexer->capacity = capacity;
    return true;
}

/* Adds the token that ends here. Running out of memory and reaching a bound both cut the list. */
static void add(struct lexer *lexer, enum berth_js_kind kind, char op, size_t start) {
    struct berth_js *js = lexer->js;
    if (js->count >= MAX_TOKENS || !grow(lexer)) {
        js->cut = true;
        return;
    }
    js->tokens[js->count++] = (struct berth_js_token){
        .start = (uint32_t)start, .end = (uint32_t)lexer->at, .kind = (uint8_t)kind, .op = op};
    lexer->after_control = false;
}

static void skip_line(struct lexer *lexer) {
    while (!at_end(lexer) && peek(lexer, 0) != '\n' && peek(lexer, 0) != '\r')
        lexer->at++;
}

static void skip_comment(struct lexer *lexer) {
    if (peek(lexer, 1) == '/') {
        skip_line(lexer);
        return;
    }
    lexer->at += 2;
    const char *rest = lexer->js->text + lexer->at;
    const char *end =
        lexer->at < lexer->js->length ? memmem(rest, lexer->js->length - lexer->at, "*/", 2) : NULL;
    lexer->at = end ? (size_t)(end - lexer->js->text) + 2 : lexer->js->length;
}

/* False at the end of the text: what a quote began there is no token, so that each string is at
 * least its two quotes. */
static bool take_quote(struct lexer *lexer) {
    bool ends = lexer->at < lexer->js->length;
    lexer->at = ends ? lexer->at + 1 : lexer->js->length;
    return ends;
}

static void take_string(struct lexer *lexer) {
    size_t start = lexer->at;
    char quote = peek(lexer, 0);
    lexer->at++;
    while (!at_end(lexer) && peek(lexer, 0) != quote && peek(lexer, 0) != '\n')
        lexer->at += peek(lexer, 0) == '\\' ? 2 : 1;
    if (take_quote(lexer))
        add(lexer, BERTH_JS_STRING, '\0', start);
}

static void open_bracket(struct lexer *lexer, char op, bool control) {
    if (lexer->nesting >= MAX_NESTING) {
        lexer->js->cut = true;
        return;
    }
    lexer->openers[lexer->nesting++] =
        (struct opener){.token = (uint32_t)(lexer->js->count - 1), .op = op, .control = control};
}

/* From after the ` or the }; a part ends at the closing ` or at ${. */
static void take_template(struct lexer *lexer, size_t start, bool head) {
    while (!at_end(lexer) && peek(lexer, 0) != '`') {
        if (peek(lexer, 0) == '$' && peek(lexer, 1) == '{') {
            lexer->at += 2;
            add(lexer, BERTH_JS_TEMPLATE, '\0', start);
            if (!lexer->js->cut)
                open_bracket(lexer, '$', false);
            return;
        }
        lexer->at += peek(lexer, 0) == '\\' ? 2 : 1;
    }
    if (take_quote(lexer))
        add(lexer, head ? BERTH_JS_STRING : BERTH_JS_TEMPLATE, '\0', start);
}

static void take_number(struct lexer *lexer) {
    size_t start = lexer->at;
    bool hex = peek(lexer, 0) == '0' && (peek(lexer, 1) | 0x20) == 'x';
    while (is_name_byte(peek(lexer, 0)) || peek(lexer, 0) == '.') {
        bool exponent = !hex && (peek(lexer, 0) | 0x20) == 'e';
        lexer->at++;
        if (exponent && (peek(lexer, 0) == '+' || peek(lexer, 0) == '-'))
            lexer->at++;
    }
    add(lexer, BERTH_JS_NUMBER, '\0', start);
}

static void take_name(struct lexer *lexer) {
    size_t start = lexer->at;
    while (is_name_byte(peek(lexer, 0)) || (peek(lexer, 0) == '\\' && peek(lexer, 1) == 'u'))
        lexer->at++;
    add(lexer, BERTH_JS_NAME, '\0', start);
}

/* Flags are taken too. One that does not end takes its line: to look at its text again could take
 * quadratic time, and it is an error in JavaScript anyway. */
static void take_regex(struct lexer *lexer) {
    size_t start = lexer->at;
    bool in_class = false;
    lexer->at++;
    while (!at_end(lexer) && peek(lexer, 0) != '\n') {
        char c = peek(lexer, 0);
        lexer->at += c == '\\' ? 2 : 1;
        if (c == '[')
            in_class = true;
        else if (c == ']')
            in_class = false;
        else if (c == '/' && !in_class)
            break;
    }
    if (lexer->at > lexer->js->length)
        lexer->at = lexer->js->length;
    while (is_name_byte(peek(lexer, 0)))
        lexer->at++;
    add(lexer, BERTH_JS_REGEX, '\0', start);
}

static bool is_one_of(const struct berth_js *js, size_t index, const char *const *words) {
    for (; *words; words++)
        if (berth_js_is_name(js, index, *words))
            return true;
    return false;
}

/* After a value a slash divides, elsewhere it begins a regex. A } is taken for a block's end. */
static bool may_begin_regex(const struct lexer *lexer) {
    static const char *const words[] = {"return", "typeof", "case",  "do",         "else",
                                        "in",     "of",     "new",   "void",       "delete",
                                        "throw",  "yield",  "await", "instanceof", NULL};
    const struct berth_js *js = lexer->js;
    if (js->count == 0)
        return true;
    const struct berth_js_token *last = &js->tokens[js->count - 1];
    switch (last->kind) {
    case BERTH_JS_NAME:
        return is_one_of(js, js->count - 1, words);
    case BERTH_JS_OP:
        return lexer->after_control ||
               (last->op != ')' && last->op != ']' && last->op != BERTH_OP_INCREMENT);
    default:
        return false;
    }
}

static bool is_pair(char open, char close) {
    return (open == '(' && close == ')') || (open == '[' && close == ']') ||
           (open == '{' && close == '}');
}

static void close_bracket(struct lexer *lexer, char op) {
    size_t start = lexer->at++;
    add(lexer, BERTH_JS_OP, op, start);
    if (lexer->js->cut || lexer->nesting == 0)
        return;
    struct opener opener = lexer->openers[lexer->nesting - 1];
    if (!is_pair(opener.op, op))
        return;
    lexer->nesting--;
    struct berth_js_token *tokens = lexer->js->tokens;
    tokens[opener.token].match = (uint32_t)(lexer->js->count - 1);
    tokens[lexer->js->count - 1].match = opener.token;
    lexer->after_control = opener.control;
}

static void take_opener(struct lexer *lexer, char op) {
    static const char *const words[] = {"if", "while", "for", "with", NULL};
    const struct berth_js *js = lexer->js;
    bool control = op == '(' && js->count && is_one_of(js, js->count - 1, words);
    size_t start = lexer->at++;
    add(lexer, BERTH_JS_OP, op, start);
    if (!lexer->js->cut)
        open_bracket(lexer, op, control);
}

struct long_op {
    const char *text;
    char op;
};

/* Longest first. */
static const struct long_op long_ops[] = {
    {">>>=", BERTH_OP_ASSIGN},  {"===", BERTH_OP_COMPARE},  {"!==", BERTH_OP_COMPARE},
    {"||=", BERTH_OP_ASSIGN},   {"&&=", BERTH_OP_ASSIGN},   {"?\?=", BERTH_OP_ASSIGN},
    {"**=", BERTH_OP_ASSIGN},   {"<<=", BERTH_OP_ASSIGN},   {">>=", BERTH_OP_ASSIGN},
    {"...", BERTH_OP_OTHER},    {"=>", BERTH_OP_ARROW},     {"==", BERTH_OP_COMPARE},
    {"!=", BERTH_OP_COMPARE},   {"<=", BERTH_OP_COMPARE},   {">=", BERTH_OP_COMPARE},
    {"||", BERTH_OP_OR},        {"&&", BERTH_OP_OTHER},     {"??", BERTH_OP_OTHER},
    {"++", BERTH_OP_INCREMENT}, {"--", BERTH_OP_INCREMENT}, {"+=", BERTH_OP_ASSIGN},
    {"-=", BERTH_OP_ASSIGN},    {"*=", BERTH_OP_ASSIGN},    {"/=", BERTH_OP_ASSIGN},
    {"%=", BERTH_OP_ASSIGN},    {"&=", BERTH_OP_ASSIGN},    {"|=", BERTH_OP_ASSIGN},
    {"^=", BERTH_OP_ASSIGN},
};

static void take_op(struct lexer *lexer) {
    size_t start = lexer->at;
    const char *text = lexer->js->text + start;
    size_t left = lexer->js->length - start;
    for (size_t i = 0; i < sizeof long_ops / sizeof *long_ops; i++) {
        size_t length = strlen(long_ops[i].text);
        if (length > left || memcmp(text, long_ops[i].text, length) != 0)
            continue;
        lexer->at += length;
        add(lexer, BERTH_JS_OP, long_ops[i].op, start);
        return;
    }
    lexer->at++;
    add(lexer, BERTH_JS_OP, *text, start);
}

static void take_close_brace(struct lexer *lexer) {
    bool in_template = lexer->nesting && lexer->openers[lexer->nesting - 1].op == '$';
    if (!in_template) {
        close_bracket(lexer, '}');
        return;
    }
    lexer->nesting--;
    size_t start = lexer->at++;
    take_template(lexer, start, false);
}

static void take_slash(struct lexer *lexer) {
    if (peek(lexer, 1) == '/' || peek(lexer, 1) == '*')
        skip_comment(lexer);
    else if (may_begin_regex(lexer))
        take_regex(lexer);
    else
        take_op(lexer);
}

static void take_backtick(struct lexer *lexer) {
    size_t start = lexer->at++;
    take_template(lexer, start, true);
}

static void take_next(struct lexer *lexer) {
    char c = peek(lexer, 0);
    if (c == ' ' || (c >= '\t' && c <= '\r') || c == '\0')
        lexer->at++;
    else if (c == '/')
        take_slash(lexer);
    else if (c == '"' || c == '\'')
        take_string(lexer);
    else if (c == '`')
        take_backtick(lexer);
    else if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
        take_number(lexer);
    else if (c == '(' || c == '[' || c == '{')
        take_opener(lexer, c);
    else if (c == '}')
        take_close_brace(lexer);
    else if (c == ')' || c == ']')
        close_bracket(lexer, c);
    else
        take_op(lexer);
}

enum berth_code berth_js_tokenize(struct berth_js *js, const char *text, size_t length,
                                  struct berth_error *error) {
    *js = (struct berth_js){.text = text, .length = length};
    struct lexer lexer = {.js = js};
    if (length >= UINT32_MAX)
        return berth_fail(error, BERTH_TOO_LARGE, "scan-size", "the script is too large");
    lexer.openers = malloc(MAX_NESTING * sizeof *lexer.openers);
    if (!lexer.openers)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lexer.at = 3;
    if (peek(&lexer, 0) == '#' && peek(&lexer, 1) == '!')
        skip_line(&lexer);
    while (!at_end(&lexer) && !js->cut) {
        char c = peek(&lexer, 0);
        bool starts_name =
            (is_name_byte(c) && !is_digit(c)) || (c == '\\' && peek(&lexer, 1) == 'u');
        if (starts_name)
            take_name(&lexer);
        else
            take_next(&lexer);
    }
    free(lexer.openers);
    return BERTH_OK;
}

void berth_js_done(struct berth_js *js) {
    free(js->tokens);
    *js = (struct berth_js){0};
}

enum berth_js_kind berth_js_kind(const struct berth_js *js, size_t index) {
    return index < js->count ? (enum berth_js_kind)js->tokens[index].kind : BERTH_JS_END;
}

bool berth_js_is_op(const struct berth_js *js, size_t index, char op) {
    return berth_js_kind(js, index) == BERTH_JS_OP && js->tokens[index].op == op;
}

static size_t text_length(const struct berth_js *js, size_t index) {
    return js->tokens[index].end - js->tokens[index].start;
}

bool berth_js_is_name(const struct berth_js *js, size_t index, const char *name) {
    return berth_js_kind(js, index) == BERTH_JS_NAME && text_length(js, index) == strlen(name) &&
           memcmp(js->text + js->tokens[index].start, name, strlen(name)) == 0;
}

bool berth_js_same_text(const struct berth_js *js, size_t a, size_t b) {
    return a < js->count && b < js->count && text_length(js, a) == text_length(js, b) &&
           memcmp(js->text + js->tokens[a].start, js->text + js->tokens[b].start,
                  text_length(js, a)) == 0;
}

size_t berth_js_match(const struct berth_js *js, size_t index) {
    return index < js->count ? js->tokens[index].match : 0;
}

struct unescape {
    const char *at;
    const char *end;
    struct berth_buffer *out;
};

static bool take_hex(struct unescape *text, size_t digits, ucs4_t *ret) {
    ucs4_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text->at >= text->end)
            return false;
        char c = *text->at++;
        char lower = (char)(c | 0x20);
        if (is_digit(c))
            value = value << 4 | (ucs4_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            value = value << 4 | (ucs4_t)(lower - 'a' + 10);
        else
            return false;
    }
    *ret = value;
    return true;
}

static bool take_braced(struct unescape *text, ucs4_t *ret) {
    ucs4_t value = 0;
    text->at++;
    while (text->at < text->end && *text->at != '}') {
        ucs4_t digit = 0;
        if (value > 0x10ffff || !take_hex(text, 1, &digit))
            return false;
        value = value << 4 | digit;
    }
    if (text->at >= text->end)
        return false;
    text->at++;
    *ret = value;
    return true;
}

/* After "\u". Two escapes may make one character. */
static bool take_unicode(struct unescape *text, ucs4_t *ret) {
    if (text->at < text->end && *text->at == '{')
        return take_braced(text, ret);
    if (!take_hex(text, 4, ret))
        return false;
    if (*ret < 0xd800 || *ret > 0xdbff || text->end - text->at < 6 ||
        memcmp(text->at, "\\u", 2) != 0)
        return true;
    text->at += 2;
    ucs4_t low = 0;
    if (!take_hex(text, 4, &low))
        return false;
    *ret = 0x10000 + ((*ret - 0xd800) << 10) + ((low - 0xdc00) & 0x3ff);
    return true;
}

static bool add_code_point(struct unescape *text, ucs4_t code) {
    uint8_t bytes[6];
    int length = u8_uctomb(bytes, code, sizeof bytes);
    if (length <= 0)
        return false;
    berth_buffer_add(text->out, bytes, (size_t)length);
    return true;
}

/* After the backslash. */
static bool take_escape(struct unescape *text) {
    static const char from[] = "nrtbfv";
    static const char to[] = "\n\r\t\b\f\v";
    char c = *text->at++;
    const char *simple = c ? strchr(from, c) : NULL;
    ucs4_t code = 0;
    if (simple) {
        berth_buffer_add(text->out, &to[simple - from], 1);
        return true;
    }
    if (c == '\n')
        return true; /* a line continued */
    if (c == 'x')
        return take_hex(text, 2, &code) && add_code_point(text, code);
    if (c == 'u')
        return take_unicode(text, &code) && add_code_point(text, code);
    berth_buffer_add(text->out, &c, 1);
    return true;
}

static bool unescape(struct unescape *text) {
    while (text->at < text->end) {
        const char *slash = memchr(text->at, '\\', (size_t)(text->end - text->at));
        const char *plain_end = slash ? slash : text->end;
        berth_buffer_add(text->out, text->at, (size_t)(plain_end - text->at));
        text->at = plain_end;
        if (text->out->failed)
            return false;
        if (!slash)
            return true;
        text->at++;
        if (text->at >= text->end || !take_escape(text))
            return false;
    }
    return !text->out->failed;
}

char *berth_js_value(const struct berth_js *js, size_t index, size_t max_bytes) {
    enum berth_js_kind kind = berth_js_kind(js, index);
    if (kind != BERTH_JS_STRING && kind != BERTH_JS_NAME && kind != BERTH_JS_NUMBER)
        return NULL;
    size_t quotes = kind == BERTH_JS_STRING ? 1 : 0;
    const char *start = js->text + js->tokens[index].start;
    size_t length = text_length(js, index);
    if (length < 2 * quotes || length > 6 * max_bytes + 2)
        return NULL;
    struct berth_buffer out;
    berth_buffer_init(&out, max_bytes);
    struct unescape text = {.at = start + quotes, .end = start + length - quotes, .out = &out};
    bool good = unescape(&text) && !(out.data && memchr(out.data, '\0', out.length)) &&
                !(out.data && u8_check((const uint8_t *)out.data, out.length));
    char *value = good ? berth_buffer_take(&out) : NULL;
    berth_buffer_done(&out);
    return value;
}
