/* What a module imports before it runs: the statements at its top.
 *     import "./a.js";  import a, {b} from "./a.js";  import * as a from "./a.js";
 *     export {a} from "./a.js";  export * from "./a.js";  export * as a from "./a.js";
 * An import() call is none of them. */
#include "scan.h"

#include <stdlib.h>

enum { MAX_IMPORTS = 500 };

/* Behind `{…}`, `*`, `* as name` or a name, whichever is at `index`; else `index`. */
static size_t skip_clause(const struct berth_js *js, size_t index) {
    if (berth_js_is_op(js, index, '{'))
        return berth_js_match(js, index) > index ? berth_js_match(js, index) + 1 : index;
    if (berth_js_is_op(js, index, '*'))
        return berth_js_is_name(js, index + 1, "as") ? index + 3 : index + 1;
    return berth_js_kind(js, index) == BERTH_JS_NAME ? index + 1 : index;
}

/* The token of the specifier, or 0. */
static size_t specifier_of(const struct berth_js *js, size_t index) {
    bool imports = berth_js_is_name(js, index, "import");
    if (!imports && !berth_js_is_name(js, index, "export"))
        return 0;
    size_t next = index + 1;
    if (imports && berth_js_kind(js, next) == BERTH_JS_STRING)
        return next;
    if (!imports && berth_js_kind(js, next) == BERTH_JS_NAME)
        return 0; /* a declaration */
    size_t from = skip_clause(js, next);
    if (from > next && berth_js_is_op(js, from, ','))
        from = skip_clause(js, from + 1);
    bool named = from > next && berth_js_is_name(js, from, "from");
    return named && berth_js_kind(js, from + 1) == BERTH_JS_STRING ? from + 1 : 0;
}

static void visit_import(const struct berth_js *js, size_t index, void *context) {
    json_t *specifiers = context;
    size_t token = berth_js_is_op(js, index - 1, '.') ? 0 : specifier_of(js, index);
    if (!token || js->text[js->tokens[token].start] == '`' ||
        json_array_size(specifiers) >= MAX_IMPORTS)
        return;
    char *specifier = berth_js_value(js, token, BERTH_SCAN_NAME_BYTES);
    if (specifier)
        json_array_append_new(specifiers, json_string(specifier));
    free(specifier);
}

void berth_scan_imports(const struct berth_js *js, json_t *specifiers) {
    berth_scan_walk_top(js, visit_import, specifiers);
}
