/* The names that a script puts on the global object: its container, and the array through which its
 * chunks arrive. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_DECLARED = 16,
    MAX_GLOBALS = 16,
    FOR_EACH_DISTANCE = 12, /* tokens between the array and the .forEach( that drains it */
};

bool berth_scan_is_global(const struct berth_js *js, size_t index) {
    static const char *const names[] = {"self", "window", "globalThis", "this", "global"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (berth_js_is_name(js, index, names[i]))
            return true;
    return false;
}

/* A property access that ends at `end`: `.name` or `["name"]`. */
struct property {
    size_t name;   /* the token with the name */
    size_t before; /* the last token of the object */
};

static bool property_ends_at(const struct berth_js *js, size_t end, struct property *ret) {
    if (end < 2)
        return false;
    if (berth_js_kind(js, end) == BERTH_JS_NAME && berth_js_is_op(js, end - 1, '.')) {
        *ret = (struct property){.name = end, .before = end - 2};
        return true;
    }
    if (end >= 3 && berth_js_is_op(js, end, ']') && berth_js_kind(js, end - 1) == BERTH_JS_STRING &&
        berth_js_is_op(js, end - 2, '[')) {
        *ret = (struct property){.name = end - 1, .before = end - 3};
        return true;
    }
    return false;
}

/* `self`, or `Object(typeof self !== 'undefined' ? self : this)`; *ret_first is its first token. */
static bool global_ends_at(const struct berth_js *js, size_t end, size_t *ret_first) {
    if (berth_scan_is_global(js, end)) {
        *ret_first = end;
        return !berth_js_is_op(js, end - 1, '.');
    }
    size_t open = berth_js_is_op(js, end, ')') ? berth_js_match(js, end) : 0;
    if (open && berth_js_is_name(js, open - 1, "Object") &&
        berth_js_is_name(js, open + 1, "typeof")) {
        *ret_first = open - 1;
        return true;
    }
    return false;
}

static bool array_has(const json_t *array, const char *text) {
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(array, index,
                       value) if (strcmp(json_string_value(value), text) == 0) return true;
    return false;
}

static bool is_drained_after(const struct berth_js *js, size_t index) {
    for (size_t i = index; i < index + FOR_EACH_DISTANCE; i++)
        if (berth_js_is_name(js, i, "forEach") && berth_js_is_op(js, i + 1, '('))
            return true;
    return false;
}

/* Sites have `window.dataLayer = window.dataLayer || []` too, so either the name or what comes next
 * must be a bundler's. */
static bool is_chunk_global(const struct berth_js *js, const char *name, size_t after) {
    return strncmp(name, "webpackChunk", 12) == 0 || strncmp(name, "rspackChunk", 11) == 0 ||
           strncmp(name, "webpackJsonp", 12) == 0 || is_drained_after(js, after);
}

/* `self.X = self.X || []`, with `or` the token of the ||. Returns the name's token, or 0. */
static size_t chunk_global_at(const struct berth_js *js, size_t or) {
    struct property read;
    struct property written;
    size_t first = 0;
    if (!berth_js_is_op(js, or, BERTH_OP_OR) || !berth_js_is_op(js, or +1, '[') ||
        !berth_js_is_op(js, or +2, ']'))
        return 0;
    if (!property_ends_at(js, or -1, &read) || !global_ends_at(js, read.before, &first))
        return 0;
    if (first < 2 || !berth_js_is_op(js, first - 1, '=') ||
        !property_ends_at(js, first - 2, &written) ||
        !berth_js_same_text(js, read.name, written.name))
        return 0;
    return read.name;
}

void berth_scan_chunk_globals(const struct berth_js *js, json_t *names) {
    for (size_t i = 2; i < js->count && json_array_size(names) < MAX_GLOBALS; i++) {
        size_t token = chunk_global_at(js, i);
        char *name = token ? berth_js_value(js, token, BERTH_SCAN_NAME_BYTES) : NULL;
        if (name && is_chunk_global(js, name, i + 3) && !array_has(names, name))
            json_array_append_new(names, json_string(name));
        free(name);
    }
}

void berth_scan_walk_top(const struct berth_js *js, berth_scan_visit_fn visit, void *context) {
    for (size_t i = 0; i < js->count; i++) {
        visit(js, i, context);
        if (berth_js_match(js, i) > i)
            i = berth_js_match(js, i);
    }
}

static void visit_module(const struct berth_js *js, size_t index, void *context) {
    bool statement = !berth_js_is_op(js, index - 1, '.');
    bool imports = berth_js_is_name(js, index, "import") && !berth_js_is_op(js, index + 1, '(') &&
                   !berth_js_is_op(js, index + 1, '.');
    bool exports = berth_js_is_name(js, index, "export");
    if (statement && (imports || exports))
        *(bool *)context = true;
}

bool berth_scan_is_module(const struct berth_js *js) {
    bool module = false;
    berth_scan_walk_top(js, visit_module, &module);
    return module;
}

static void visit_system(const struct berth_js *js, size_t index, void *context) {
    if (berth_js_is_name(js, index, "System") && !berth_js_is_op(js, index - 1, '.') &&
        berth_js_is_op(js, index + 1, '.') && berth_js_is_name(js, index + 2, "register") &&
        berth_js_is_op(js, index + 3, '('))
        *(bool *)context = true;
}

bool berth_scan_is_system(const struct berth_js *js) {
    bool system = false;
    berth_scan_walk_top(js, visit_system, &system);
    return system;
}

struct declared {
    size_t names[MAX_DECLARED];
    size_t count;
    size_t initialised; /* the first that is declared with a value; 0: none */
};

static void visit_declared(const struct berth_js *js, size_t index, void *context) {
    struct declared *declared = context;
    bool keyword = berth_js_is_name(js, index - 1, "var") ||
                   berth_js_is_name(js, index - 1, "let") ||
                   berth_js_is_name(js, index - 1, "const");
    if (!keyword || berth_js_kind(js, index) != BERTH_JS_NAME || declared->count >= MAX_DECLARED)
        return;
    declared->names[declared->count++] = index;
    if (berth_js_is_op(js, index + 1, '=') && !declared->initialised)
        declared->initialised = index;
}

static bool is_declared(const struct berth_js *js, const struct declared *declared, size_t index) {
    for (size_t i = 0; i < declared->count; i++)
        if (berth_js_same_text(js, declared->names[i], index))
            return true;
    return false;
}

/* Does a container come after the `=` at `equals`: __webpack_exports__, or a call with one id? */
static bool is_container_value(const struct berth_js *js, size_t equals) {
    if (!berth_js_is_op(js, equals, '=') || berth_js_kind(js, equals + 1) != BERTH_JS_NAME)
        return false;
    size_t after = equals + 2;
    if (berth_js_is_op(js, after, '('))
        after = berth_js_match(js, after) == after + 2 ? after + 3 : 0;
    return after && (after >= js->count || berth_js_is_op(js, after, ';') ||
                     berth_js_is_op(js, after, '}') || berth_js_is_op(js, after, ')') ||
                     berth_js_is_op(js, after, ','));
}

/* UMD: `exports["X"] = factory()`. */
static bool is_umd_value(const struct berth_js *js, const struct property *property,
                         size_t equals) {
    return berth_js_is_name(js, property->before, "exports") && berth_js_is_op(js, equals, '=') &&
           berth_js_kind(js, equals + 1) == BERTH_JS_NAME && berth_js_is_op(js, equals + 2, '(') &&
           berth_js_is_op(js, equals + 3, ')');
}

struct container {
    size_t variable; /* the last `X = value` with a declared X */
    size_t property; /* the last `self.X = value` */
    size_t umd;
};

static void consider(const struct berth_js *js, const struct declared *declared, size_t index,
                     struct container *ret) {
    struct property property;
    size_t first = 0;
    bool value = is_container_value(js, index + 1);
    if (value && berth_js_kind(js, index) == BERTH_JS_NAME && !berth_js_is_op(js, index - 1, '.') &&
        is_declared(js, declared, index))
        ret->variable = index;
    if (!property_ends_at(js, index, &property))
        return;
    if (value && global_ends_at(js, property.before, &first))
        ret->property = property.name;
    if (!ret->umd && is_umd_value(js, &property, index + 1))
        ret->umd = property.name;
}

char *berth_scan_container(const struct berth_js *js) {
    struct declared declared = {0};
    berth_scan_walk_top(js, visit_declared, &declared);
    struct container found = {0};
    for (size_t i = 1; i < js->count; i++)
        consider(js, &declared, i, &found);
    size_t token = found.variable   ? found.variable
                   : found.property ? found.property
                   : found.umd      ? found.umd
                                    : declared.initialised;
    return token ? berth_js_value(js, token, BERTH_SCAN_NAME_BYTES) : NULL;
}
