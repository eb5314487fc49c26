/* JavaScript as a flat list of tokens: enough to find a few patterns that bundlers write, without
 * being misled by strings, comments, templates and regular expressions.
 *
 * Linear in the text's length, whatever the text is; bounded in tokens and nesting. A text that is
 * not JavaScript gives useless tokens, never an error.
 *
 * Life: tokenize, read, done. Immutable after tokenize.
 */
#ifndef BUNDLE_JS_H
#define BUNDLE_JS_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum berth_js_kind {
    BERTH_JS_END, /* past either end of the list */
    BERTH_JS_NAME,
    BERTH_JS_NUMBER,
    BERTH_JS_STRING, /* also a template without substitutions */
    BERTH_JS_TEMPLATE,
    BERTH_JS_REGEX,
    BERTH_JS_OP,
};

/* Operators of more than one character. */
enum {
    BERTH_OP_ARROW = 'A',     /* => */
    BERTH_OP_OR = 'O',        /* || */
    BERTH_OP_COMPARE = 'E',   /* == === != !== <= >= */
    BERTH_OP_ASSIGN = 'M',    /* += ||= and so on */
    BERTH_OP_INCREMENT = 'I', /* ++ -- */
    BERTH_OP_OTHER = 'X',     /* && ?? ?. ... */
};

struct berth_js_token {
    uint32_t start;
    uint32_t end;
    uint32_t match; /* of a bracket: the index of its partner; 0 when it has none */
    uint8_t kind;   /* enum berth_js_kind */
    char op;        /* of an operator: the character, or one of the above */
};

struct berth_js {
    const char *text; /* borrowed */
    size_t length;
    struct berth_js_token *tokens;
    size_t count;
    bool cut; /* a bound was reached; the list is only the beginning */
};

enum berth_code berth_js_tokenize(struct berth_js *js, const char *text, size_t length,
                                  struct berth_error *error);
void berth_js_done(struct berth_js *js);

/* Any index may be asked for. */
enum berth_js_kind berth_js_kind(const struct berth_js *js, size_t index);
bool berth_js_is_op(const struct berth_js *js, size_t index, char op);
bool berth_js_is_name(const struct berth_js *js, size_t index, const char *name);
bool berth_js_same_text(const struct berth_js *js, size_t a, size_t b);

/* The partner of the bracket at `index`, or 0. */
size_t berth_js_match(const struct berth_js *js, size_t index);

/* The text of a name or number, the value of a string; free it. NULL for other tokens, for values
 * over `max_bytes`, and for those that are not UTF-8 without NUL. */
char *berth_js_value(const struct berth_js *js, size_t index, size_t max_bytes);

#endif
