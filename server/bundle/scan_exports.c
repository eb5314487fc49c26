/* The names that an ES module exports, from the statements at its top. What another module exports
 * is not followed. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_EXPORTS = 256 };

struct exports {
    json_t *names;
    bool open;
};

static void add_name(const struct berth_js *js, size_t index, json_t *names) {
    char *name = index ? berth_js_value(js, index, BERTH_SCAN_NAME_BYTES) : NULL;
    size_t i = 0;
    while (name && i < json_array_size(names) &&
           strcmp(json_string_value(json_array_get(names, i)), name) != 0)
        i++;
    if (name && i == json_array_size(names) && i < MAX_EXPORTS)
        json_array_append_new(names, json_string(name));
    free(name);
}

static bool may_be_name(const struct berth_js *js, size_t index) {
    enum berth_js_kind kind = berth_js_kind(js, index);
    return kind == BERTH_JS_NAME || kind == BERTH_JS_STRING;
}

/* `{a, b as c, d as "e"}`, and the pattern `{a, b: c, d = 1}`: in each item the last name counts,
 * up to a default value. */
static void take_items(const struct berth_js *js, size_t open, json_t *names) {
    size_t close = berth_js_match(js, open);
    size_t last = 0;
    bool value = false;
    for (size_t i = open + 1; i <= close; i++) {
        if (berth_js_is_op(js, i, ',') || i == close) {
            add_name(js, last, names);
            last = 0;
            value = false;
        } else if (berth_js_is_op(js, i, '=')) {
            value = true;
        } else if (berth_js_match(js, i) > i) {
            i = berth_js_match(js, i);
        } else if (!value && may_be_name(js, i)) {
            last = i;
        }
    }
}

/* Where a declaration without a semicolon must have ended. */
static bool begins_statement(const struct berth_js *js, size_t index) {
    static const char *const words[] = {"export", "import", "const", "let",   "var",
                                        "if",     "for",    "while", "return"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (berth_js_is_name(js, index, words[i]))
            return true;
    return false;
}

/* The comma after a declarator that begins at `index`, or 0. */
static size_t next_comma(const struct berth_js *js, size_t index) {
    for (size_t i = index; i < js->count; i++) {
        if (berth_js_is_op(js, i, ','))
            return i;
        if (berth_js_is_op(js, i, ';') || begins_statement(js, i))
            return 0;
        if (berth_js_match(js, i) > i)
            i = berth_js_match(js, i);
    }
    return 0;
}

/* `a = 1, {b} = c, [d] = e`, from the first declarator. */
static void take_declarators(const struct berth_js *js, size_t index, json_t *names) {
    while (index) {
        size_t after = index + 1;
        if (berth_js_match(js, index) > index) {
            take_items(js, index, names);
            after = berth_js_match(js, index) + 1;
        } else if (berth_js_kind(js, index) == BERTH_JS_NAME) {
            add_name(js, index, names);
        }
        size_t comma = next_comma(js, after);
        index = comma ? comma + 1 : 0;
    }
}

/* `export *` and `export * as name`. */
static void take_star(const struct berth_js *js, size_t index, struct exports *exports) {
    if (berth_js_is_name(js, index + 1, "as"))
        add_name(js, index + 2, exports->names);
    else
        exports->open = true;
}

/* `function name`, `function* name`, `async function name`, `class name`. */
static void take_named(const struct berth_js *js, size_t index, json_t *names) {
    if (berth_js_is_name(js, index, "async"))
        index++;
    if (!berth_js_is_name(js, index, "function") && !berth_js_is_name(js, index, "class"))
        return;
    index += berth_js_is_op(js, index + 1, '*') ? 2 : 1;
    if (berth_js_kind(js, index) == BERTH_JS_NAME)
        add_name(js, index, names);
}

static void visit_export(const struct berth_js *js, size_t index, void *context) {
    struct exports *exports = context;
    if (!berth_js_is_name(js, index, "export") || berth_js_is_op(js, index - 1, '.'))
        return;
    size_t next = index + 1;
    if (berth_js_is_name(js, next, "default"))
        add_name(js, next, exports->names);
    else if (berth_js_is_op(js, next, '{'))
        take_items(js, next, exports->names);
    else if (berth_js_is_op(js, next, '*'))
        take_star(js, next, exports);
    else if (berth_js_is_name(js, next, "const") || berth_js_is_name(js, next, "let") ||
             berth_js_is_name(js, next, "var"))
        take_declarators(js, next + 1, exports->names);
    else
        take_named(js, next, exports->names);
}

bool berth_scan_exports(const struct berth_js *js, json_t *names) {
    struct exports exports = {.names = names};
    berth_scan_walk_top(js, visit_export, &exports);
    return exports.open;
}
