/* The form is described in webpack/lib/util/semver.js: the first element says what the comparison
 * is, a hole comes before a prerelease, and an array without a number first is a list of ranges in
 * reverse Polish notation (0 not, 1 or, 2 and). */
#include "scan_range.h"
#include "berth/buffer.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARTS = 32, MAX_NESTING = 4 };

struct stack {
    char *texts[MAX_PARTS];
    size_t count;
};

static void push(struct stack *stack, char *text) {
    if (text && stack->count < MAX_PARTS)
        stack->texts[stack->count++] = text;
    else
        free(text);
}

static char *pop(struct stack *stack) {
    return stack->count ? stack->texts[--stack->count] : NULL;
}

/* Takes off the parentheses that "or" put on. */
static char *pop_bare(struct stack *stack) {
    char *text = pop(stack);
    size_t length = text ? strlen(text) : 0;
    if (length > 2 && text[0] == '(' && text[length - 1] == ')') {
        memmove(text, text + 1, length - 2);
        text[length - 2] = '\0';
    }
    return text;
}

static char *joined(const char *format, const char *a, const char *b) {
    struct berth_buffer out;
    berth_buffer_init(&out, BERTH_SCAN_NAME_BYTES);
    for (; *format; format++) {
        if (*format == 'a' || *format == 'b')
            berth_buffer_text(&out, *format == 'a' ? a : b);
        else
            berth_buffer_add(&out, format, 1);
    }
    char *text = berth_buffer_take(&out);
    berth_buffer_done(&out);
    return text;
}

static void apply(struct stack *stack, long op) {
    char *a = op == 2 ? pop(stack) : pop_bare(stack);
    char *b = op == 0 ? NULL : op == 2 ? pop(stack) : pop_bare(stack);
    if (a && op == 0)
        push(stack, joined("not(a)", a, NULL));
    else if (a && b)
        push(stack, joined(op == 1 ? "(a || b)" : "a b", a, b));
    free(a);
    free(b);
}

/* An optional minus and a number; *ret_after is the token behind. */
static bool number_at(const struct berth_js *js, size_t index, long *ret, size_t *ret_after) {
    bool negative = berth_js_is_op(js, index, '-');
    char *text = berth_js_kind(js, index + negative) == BERTH_JS_NUMBER
                     ? berth_js_value(js, index + negative, 16)
                     : NULL;
    if (!text)
        return false;
    *ret = strtol(text, NULL, 10) * (negative ? -1 : 1);
    *ret_after = index + negative + 1;
    free(text);
    return true;
}

static const char *comparison(long fix) {
    switch (fix) {
    case 0:
        return ">=";
    case -1:
        return "<";
    case 1:
        return "^";
    case 2:
        return "~";
    default:
        return fix > 0 ? "=" : "!=";
    }
}

/* `18,2,0` and `18,2,0,,"beta",1` up to `close`. */
static char *simple_range(const struct berth_js *js, long fix, size_t index, size_t close) {
    struct berth_buffer out;
    berth_buffer_init(&out, BERTH_SCAN_NAME_BYTES);
    berth_buffer_text(&out, index < close ? comparison(fix) : "*");
    bool dot = false;
    /* At each comma: what follows it is a number, a string, or a hole. */
    for (; index < close && berth_js_is_op(js, index, ','); index++) {
        if (berth_js_is_op(js, index + 1, ',')) {
            berth_buffer_text(&out, "-");
            dot = false;
            continue;
        }
        bool name = berth_js_kind(js, index + 1) == BERTH_JS_NAME;
        char *part = name ? NULL : berth_js_value(js, index + 1, 64);
        berth_buffer_printf(&out, "%s%s", dot ? "." : "", part ? part : "");
        out.failed = out.failed || !part;
        free(part);
        dot = true;
        index++;
    }
    out.failed = out.failed || index < close;
    char *text = berth_buffer_take(&out);
    berth_buffer_done(&out);
    return text;
}

static char *range_at(const struct berth_js *js, size_t open, int nesting);

/* `[, range, range, 1]` */
static char *combined_range(const struct berth_js *js, size_t open, size_t close, int nesting) {
    struct stack stack = {0};
    for (size_t index = open + 1; index < close; index++) {
        long op = 0;
        size_t after = 0;
        if (berth_js_is_op(js, index, '[') && nesting < MAX_NESTING) {
            push(&stack, range_at(js, index, nesting + 1));
            index = berth_js_match(js, index) > index ? berth_js_match(js, index) : close;
        } else if (number_at(js, index, &op, &after) && op >= 0 && op <= 2) {
            apply(&stack, op);
        } else if (!berth_js_is_op(js, index, ',')) {
            break;
        }
    }
    char *text = stack.count == 1 ? pop_bare(&stack) : NULL;
    while (stack.count)
        free(pop(&stack));
    return text;
}

static char *range_at(const struct berth_js *js, size_t open, int nesting) {
    size_t close = berth_js_match(js, open);
    if (!berth_js_is_op(js, open, '[') || close <= open)
        return NULL;
    long fix = 0;
    size_t after = 0;
    if (number_at(js, open + 1, &fix, &after))
        return simple_range(js, fix, after, close);
    return combined_range(js, open, close, nesting);
}

char *berth_scan_range(const struct berth_js *js, size_t index) {
    return range_at(js, index, 0);
}
