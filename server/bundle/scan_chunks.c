/* Which files a chunk id means: the entry's own templates, evaluated for one id.
 *     S.u = e => ({415: "details"}[e] || e) + "." + {41: "902c5bae", 415: "ca2745c6"}[e] + ".js"
 *     S.u = e => (456 === e ? "Header" : e) + "." + {41: "902c5bae", 456: "7d31690c"}[e] + ".js"
 * `u` makes script names, `miniCssF` (webpack) and `k` (rspack) style sheet names. Several
 * templates may be there, and some are someone else's `.u =`; the caller keeps only files that
 * exist. */
#include "berth/buffer.h"
#include "scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_TEMPLATES = 4,
    MAX_RETURNS = 4,
    MAX_NESTING = 8,
    MAX_STEPS = 8000000, /* tokens looked at, all ids together */
    STYLE_LOADER_TOKENS = 400,
};

struct template {
    size_t parameter; /* the token of its name */
    size_t start;     /* of the expression */
    size_t only;      /* the token of the one id that it is for; 0: any */
};

struct templates {
    struct template list[MAX_TEMPLATES];
    size_t count;
};

struct evaluation {
    const struct berth_js *js;
    size_t parameter;
    const char *id;
    struct berth_buffer out;
    bool used_id;
    int nesting;
    long *steps;
};

static void add_template(struct templates *templates, struct template template) {
    if (templates->count < MAX_TEMPLATES)
        templates->list[templates->count++] = template;
}

static bool is_literal(const struct berth_js *js, size_t index) {
    enum berth_js_kind kind = berth_js_kind(js, index);
    return kind == BERTH_JS_STRING || kind == BERTH_JS_NUMBER;
}

/* `e === "id"` or `"id" === e` at `index`: the literal's token, else 0. */
static size_t compared_id(const struct berth_js *js, size_t parameter, size_t index) {
    const struct berth_js_token *op = index + 1 < js->count ? &js->tokens[index + 1] : NULL;
    if (!op || op->op != BERTH_OP_COMPARE || js->text[op->start] != '=')
        return 0;
    if (is_literal(js, index) && berth_js_same_text(js, index + 2, parameter))
        return index;
    if (is_literal(js, index + 2) && berth_js_same_text(js, index, parameter))
        return index + 2;
    return 0;
}

/* `if (e === "id") return "file"`, with the return at `index`. */
static size_t condition_before(const struct berth_js *js, size_t parameter, size_t index) {
    if (index < 6 || !berth_js_is_op(js, index - 1, ')') ||
        !berth_js_is_name(js, berth_js_match(js, index - 1) - 1, "if"))
        return 0;
    return compared_id(js, parameter, berth_js_match(js, index - 1) + 1);
}

/* A body in braces: each of its returns is a template. */
static void add_returns(const struct berth_js *js, size_t parameter, size_t open,
                        struct templates *templates) {
    size_t close = berth_js_match(js, open);
    int left = MAX_RETURNS;
    for (size_t i = open + 1; i < close && left > 0; i++) {
        if (!berth_js_is_name(js, i, "return"))
            continue;
        add_template(templates, (struct template){.parameter = parameter,
                                                  .start = i + 1,
                                                  .only = condition_before(js, parameter, i)});
        left--;
    }
}

/* `e => body`, `(e) => body`, `function (e) { body }` at `index`. */
static void add_function(const struct berth_js *js, size_t index, struct templates *templates) {
    if (berth_js_is_name(js, index, "function"))
        index++;
    bool wrapped = berth_js_is_op(js, index, '(');
    size_t parameter = wrapped ? index + 1 : index;
    size_t body = wrapped ? index + 3 : index + 1;
    if (berth_js_kind(js, parameter) != BERTH_JS_NAME)
        return;
    if (berth_js_is_op(js, body, BERTH_OP_ARROW))
        body++;
    if (berth_js_is_op(js, body, '{'))
        add_returns(js, parameter, body, templates);
    else
        add_template(templates, (struct template){.parameter = parameter, .start = body});
}

static void find_templates(const struct berth_js *js, const char *name, const char *other,
                           struct templates *templates) {
    for (size_t i = 1; i < js->count && templates->count < MAX_TEMPLATES; i++) {
        bool named = berth_js_is_name(js, i, name) || (other && berth_js_is_name(js, i, other));
        if (named && berth_js_is_op(js, i - 1, '.') && berth_js_is_op(js, i + 1, '='))
            add_function(js, i + 2, templates);
    }
}

static bool token_is(const struct berth_js *js, size_t index, const char *text) {
    char *value = berth_js_value(js, index, BERTH_SCAN_NAME_BYTES);
    bool equal = value && strcmp(value, text) == 0;
    free(value);
    return equal;
}

static bool is_id(const struct evaluation *evaluation, size_t index) {
    return berth_js_kind(evaluation->js, index) == BERTH_JS_NAME &&
           berth_js_same_text(evaluation->js, index, evaluation->parameter);
}

static bool add_value(struct evaluation *evaluation, size_t index) {
    char *value = berth_js_value(evaluation->js, index, BERTH_SCAN_NAME_BYTES);
    if (value)
        berth_buffer_text(&evaluation->out, value);
    free(value);
    return value && !evaluation->out.failed;
}

/* `{id: "text", …}` at `open`: adds the text for the id. */
static bool look_up(struct evaluation *evaluation, size_t open) {
    const struct berth_js *js = evaluation->js;
    size_t close = berth_js_match(js, open);
    for (size_t i = open + 1; i + 2 < close && berth_js_is_op(js, i + 1, ':'); i += 4) {
        if (--*evaluation->steps < 0)
            return false;
        if (token_is(js, i, evaluation->id))
            return add_value(evaluation, i + 2);
    }
    return false;
}

/* Is there `[e]` at `index`? */
static bool is_indexed(const struct evaluation *evaluation, size_t index) {
    return berth_js_is_op(evaluation->js, index, '[') && is_id(evaluation, index + 1) &&
           berth_js_is_op(evaluation->js, index + 2, ']');
}

static bool evaluate_sum(struct evaluation *evaluation, size_t *index);

/* A sum, or `456 === e ? sum : expression`. */
static bool evaluate_expression(struct evaluation *evaluation, size_t *index) {
    const struct berth_js *js = evaluation->js;
    for (;;) {
        size_t id = compared_id(js, evaluation->parameter, *index);
        if (!id || !berth_js_is_op(js, *index + 3, '?'))
            return evaluate_sum(evaluation, index);
        size_t length = evaluation->out.length;
        evaluation->used_id = true;
        *index += 4;
        bool good = evaluate_sum(evaluation, index);
        if (token_is(js, id, evaluation->id) || !berth_js_is_op(js, *index, ':'))
            return good;
        evaluation->out.length = length;
        ++*index;
    }
}

/* In parentheses: `a || b` is the first that has a value. */
static bool evaluate_choice(struct evaluation *evaluation, size_t *index) {
    size_t length = evaluation->out.length;
    bool found = false;
    for (;;) {
        bool good = evaluate_expression(evaluation, index);
        found = found || good;
        if (!good)
            evaluation->out.length = length;
        if (!berth_js_is_op(evaluation->js, *index, BERTH_OP_OR))
            return found;
        if (found)
            return true;
        ++*index;
    }
}

/* `{…}[e]` or `({…})[e]`; *index moves behind it whether or not the id is in the map. */
static bool evaluate_map(struct evaluation *evaluation, size_t *index, bool *ret_value) {
    const struct berth_js *js = evaluation->js;
    bool wrapped = berth_js_is_op(js, *index, '(') && berth_js_is_op(js, *index + 1, '{') &&
                   berth_js_match(js, *index) == berth_js_match(js, *index + 1) + 1;
    size_t open = wrapped ? *index + 1 : *index;
    size_t after = berth_js_match(js, *index) + 1;
    if (!berth_js_is_op(js, open, '{') || after <= open || !is_indexed(evaluation, after))
        return false;
    *index = after + 3;
    evaluation->used_id = true;
    *ret_value = look_up(evaluation, open);
    return true;
}

static bool evaluate_group(struct evaluation *evaluation, size_t *index) {
    size_t close = berth_js_match(evaluation->js, *index);
    if (close <= *index || evaluation->nesting >= MAX_NESTING)
        return false;
    size_t inner = *index + 1;
    evaluation->nesting++;
    bool good = evaluate_choice(evaluation, &inner);
    evaluation->nesting--;
    *index = close + 1;
    return good;
}

static bool evaluate_term(struct evaluation *evaluation, size_t *index) {
    bool value = false;
    if (evaluate_map(evaluation, index, &value))
        return value;
    if (berth_js_is_op(evaluation->js, *index, '('))
        return evaluate_group(evaluation, index);
    if (is_id(evaluation, *index)) {
        berth_buffer_text(&evaluation->out, evaluation->id);
        evaluation->used_id = true;
        ++*index;
        return !evaluation->out.failed;
    }
    if (berth_js_kind(evaluation->js, *index) == BERTH_JS_STRING)
        return add_value(evaluation, (*index)++);
    return false;
}

static bool evaluate_sum(struct evaluation *evaluation, size_t *index) {
    bool good = evaluate_term(evaluation, index);
    while (berth_js_is_op(evaluation->js, *index, '+')) {
        ++*index;
        good = evaluate_term(evaluation, index) && good;
    }
    return good;
}

/* Is the chunk among those with styles? The loader of styles has their ids: `{456: 1}[e]` in
 * webpack,
 * `"456" == e` in rspack. Asked only for a name that is the same for every id. */
static bool has_styles(const struct berth_js *js, const char *id) {
    size_t end = 0;
    for (size_t i = 1; i < js->count; i++) {
        bool loader = berth_js_is_name(js, i, "miniCss") || berth_js_is_name(js, i, "css");
        if (loader && berth_js_is_op(js, i - 1, '.') && berth_js_is_op(js, i + 1, '='))
            end = i + STYLE_LOADER_TOKENS;
        if (i >= end || !is_literal(js, i) || !token_is(js, i, id))
            continue;
        const char *op = js->text + js->tokens[i + 1 < js->count ? i + 1 : i].start;
        bool listed = berth_js_is_op(js, i + 1, ':') && token_is(js, i + 2, "1");
        bool compared = berth_js_is_op(js, i + 1, BERTH_OP_COMPARE) && *op == '=';
        if (listed || compared)
            return true;
    }
    return false;
}

static void add_file(const struct berth_js *js, const struct template *template, const char *id,
                     long *steps, json_t *files) {
    if (template->only && !token_is(js, template->only, id))
        return;
    struct evaluation evaluation = {.js = js,
                                    .parameter = template->parameter,
                                    .id = id,
                                    .used_id = template->only > 0,
                                    .steps = steps};
    berth_buffer_init(&evaluation.out, BERTH_SCAN_NAME_BYTES);
    size_t index = template->start;
    bool good = evaluate_expression(&evaluation, &index) && evaluation.out.data;
    /* A name without the id in it says nothing of which chunk it belongs to. */
    if (good && !evaluation.used_id && (*steps -= (long)js->count) >= 0)
        evaluation.used_id = has_styles(js, id);
    if (good && evaluation.used_id)
        json_array_append_new(files, json_stringn(evaluation.out.data, evaluation.out.length));
    berth_buffer_done(&evaluation.out);
}

static json_t *files_of(const struct berth_js *js, const struct templates *templates,
                        const json_t *chunks, long *steps) {
    json_t *files = json_array();
    size_t index = 0;
    const json_t *id = NULL;
    json_array_foreach(chunks, index, id) for (size_t i = 0; i < templates->count; i++)
        add_file(js, &templates->list[i], json_string_value(id), steps, files);
    return files;
}

static void name_files(const struct berth_js *js, const struct templates *scripts,
                       const struct templates *styles, json_t *items, long *steps) {
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(items, index, item) {
        const json_t *chunks = json_object_get(item, "chunks");
        json_object_set_new(item, "js", files_of(js, scripts, chunks, steps));
        json_object_set_new(item, "css", files_of(js, styles, chunks, steps));
        json_object_del(item, "chunks");
    }
}

void berth_scan_chunk_files(const struct berth_js *js, json_t *exposes, json_t *shared) {
    struct templates scripts = {0};
    struct templates styles = {0};
    find_templates(js, "u", NULL, &scripts);
    find_templates(js, "miniCssF", "k", &styles);
    long steps = MAX_STEPS;
    name_files(js, &scripts, &styles, exposes, &steps);
    name_files(js, &scripts, &styles, shared, &steps);
}
