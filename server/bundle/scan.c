#include "scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_EVALS = 20000,
    MIN_EVAL_BYTES = 16,
    EVAL_DISTANCE = 8, /* tokens between eval( and the string: eval(__webpack_require__.ts("…")) */
};

static json_t *array_of(json_t *object, const char *key) {
    return json_object_get(object, key);
}

static void warn(json_t *result, const char *rule, const char *text) {
    json_array_append_new(array_of(result, "warnings"),
                          json_pack("{ss ss}", "rule", rule, "text", text));
}

/* webpack's default devtool in development keeps each module's code in a string. */
static void scan_eval(const char *source, json_t *result) {
    struct berth_js js;
    if (!strstr(source, "does not exist in container.") ||
        berth_js_tokenize(&js, source, strlen(source), NULL))
        return;
    berth_scan_exposes(&js, array_of(result, "exposes"));
    berth_js_done(&js);
}

static size_t eval_source(const struct berth_js *js, size_t index) {
    if (!berth_js_is_name(js, index, "eval") || !berth_js_is_op(js, index + 1, '('))
        return 0;
    for (size_t i = index + 2; i < index + 2 + EVAL_DISTANCE; i++)
        if (berth_js_kind(js, i) == BERTH_JS_STRING)
            return i;
    return 0;
}

static void scan_evals(const struct berth_js *js, json_t *result) {
    int left = MAX_EVALS;
    for (size_t i = 0; i < js->count && left > 0; i++) {
        size_t string = eval_source(js, i);
        if (!string || js->tokens[string].end - js->tokens[string].start < MIN_EVAL_BYTES)
            continue;
        char *source = berth_js_value(js, string, BERTH_SCAN_TEXT_BYTES);
        if (source)
            scan_eval(source, result);
        free(source);
        left--;
        i = string;
    }
}

static void scan_exports(const struct berth_js *js, json_t *result) {
    json_t *exports = json_array();
    if (berth_scan_exports(js, exports))
        json_object_set_new(result, "open", json_true());
    json_object_set_new(result, "exports", exports);
}

static void scan_tokens(const struct berth_js *js, json_t *result) {
    bool module = berth_scan_is_module(js);
    json_object_set_new(result, "type", json_string(module ? "module" : "script"));
    if (module)
        scan_exports(js, result);
    else if (berth_scan_is_system(js))
        json_object_set_new(result, "system", json_true());
    char *container = module ? NULL : berth_scan_container(js);
    if (container)
        json_object_set_new(result, "container", json_string(container));
    free(container);
    berth_scan_chunk_globals(js, array_of(result, "chunkGlobals"));
    berth_scan_exposes(js, array_of(result, "exposes"));
    if (json_array_size(array_of(result, "exposes")) == 0)
        scan_evals(js, result);
    berth_scan_shared(js, array_of(result, "shared"));
    berth_scan_chunk_files(js, array_of(result, "exposes"), array_of(result, "shared"));
}

static bool has_evals(const struct berth_js *js) {
    for (size_t i = 0; i < js->count; i++) {
        size_t string = eval_source(js, i);
        if (string && js->tokens[string].end - js->tokens[string].start >= MIN_EVAL_BYTES)
            return true;
    }
    return false;
}

static const char eval_text[] =
    "this build runs its code through eval, which composed pages do not allow: set webpack's or "
    "rspack's devtool to 'source-map'";

static const char system_text[] =
    "two versions of a SystemJS build cannot be kept apart in one page: build an ES module "
    "(rollup's output.format 'es', webpack's output.library.type 'module'), or set webpack's "
    "output.uniqueName to a name with the version in it, such as 'cart-1.4.0'";

static const char name_text[] =
    "two versions of this build share globals that cannot be told apart: set output.uniqueName to "
    "a name with the version in it, such as 'cart-1.4.0'";

static void add_warnings(const struct berth_js *js, json_t *result) {
    bool script = strcmp(json_string_value(json_object_get(result, "type")), "script") == 0;
    bool system = json_object_get(result, "system") != NULL;
    if (js->cut)
        warn(result, "scan-cut", "the entry is too large to be scanned whole");
    if (has_evals(js))
        warn(result, "eval", eval_text);
    if (system)
        warn(result, "isolation", system_text);
    else if (!script && json_array_size(array_of(result, "chunkGlobals")))
        warn(result, "unique-name", name_text);
    if (script && !system && !json_object_get(result, "container"))
        warn(result, "container-unknown", "the entry's global variable was not found");
    if (json_array_size(array_of(result, "exposes")) == 0)
        warn(result, "exposes-unknown", "no exposed module was found in the entry");
}

enum berth_code berth_scan(const char *text, size_t length, json_t **ret,
                           struct berth_error *error) {
    json_t *result =
        json_pack("{s[] s[] s[] s[]}", "chunkGlobals", "exposes", "shared", "warnings");
    if (!result)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    struct berth_js js;
    enum berth_code code = berth_js_tokenize(&js, text, length, error);
    if (code) {
        json_decref(result);
        return code;
    }
    scan_tokens(&js, result);
    add_warnings(&js, result);
    berth_js_done(&js);
    *ret = result;
    return BERTH_OK;
}
