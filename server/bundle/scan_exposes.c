/* The module map: `{"./Header": () => …}`, and the chunks that each of its functions loads.
 *
 * In minified code the map's variable has any name. It is found from the one text that minifiers
 * keep: the error of get(), which comes right after the map is asked for the module.
 *     t.o(n, e) ? n[e]() : … throw new Error('Module "' + e + '" does not exist in container.')
 *     if (!b[e]) throw new Error("Can not find remote module " + e)
 * (@originjs/vite-plugin-federation) */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_EXPOSES = 500,
    MAX_CHUNKS = 64, /* of one expose or shared package */
    RECENT_MAPS = 8,
    ANCHOR_DISTANCE = 80, /* tokens from o(MAP, … to the error's text */
};

static const char anchor[] = "does not exist in container.";
static const char vite_anchor[] = "Can not find remote module ";

struct map {
    size_t name; /* the token before = or : */
    size_t open;
};

struct maps {
    struct map recent[RECENT_MAPS];
    size_t count; /* ever seen */
};

static bool key_starts_with_dot(const struct berth_js *js, size_t index) {
    return berth_js_kind(js, index) == BERTH_JS_STRING &&
           js->tokens[index].end - js->tokens[index].start > 2 &&
           js->text[js->tokens[index].start + 1] == '.';
}

static void note_map(const struct berth_js *js, size_t open, struct maps *maps) {
    if (open < 2 || !berth_js_is_op(js, open, '{') || !key_starts_with_dot(js, open + 1))
        return;
    if (berth_js_is_op(js, open - 1, '=') || berth_js_is_op(js, open - 1, ':'))
        maps->recent[maps->count++ % RECENT_MAPS] = (struct map){.name = open - 2, .open = open};
}

/* The latest map whose name's token has the same text as `name`; 0 when there is none. */
static size_t find_map(const struct berth_js *js, const struct maps *maps, size_t name) {
    for (size_t i = maps->count; i-- > 0 && i + RECENT_MAPS >= maps->count;)
        if (berth_js_same_text(js, maps->recent[i % RECENT_MAPS].name, name))
            return maps->recent[i % RECENT_MAPS].open;
    return 0;
}

static size_t find_named_map(const struct berth_js *js, const struct maps *maps) {
    for (size_t i = maps->count; i-- > 0 && i + RECENT_MAPS >= maps->count;)
        if (berth_js_is_name(js, maps->recent[i % RECENT_MAPS].name, "moduleMap"))
            return maps->recent[i % RECENT_MAPS].open;
    return 0;
}

static bool is_anchor(const struct berth_js *js, size_t index, const char *wanted) {
    enum berth_js_kind kind = berth_js_kind(js, index);
    if (kind != BERTH_JS_STRING && kind != BERTH_JS_TEMPLATE)
        return false;
    const struct berth_js_token *token = &js->tokens[index];
    size_t length = token->end - token->start;
    return length < 200 && memmem(js->text + token->start, length, wanted, strlen(wanted));
}

static size_t map_of_anchor(const struct berth_js *js, const struct maps *maps, size_t index) {
    for (size_t back = 4; back <= ANCHOR_DISTANCE && back <= index; back++) {
        size_t i = index - back;
        if (berth_js_is_op(js, i, '.') && berth_js_is_name(js, i + 1, "o") &&
            berth_js_is_op(js, i + 2, '('))
            return find_map(js, maps, i + 3);
    }
    return 0;
}

static size_t map_of_vite_anchor(const struct berth_js *js, const struct maps *maps, size_t index) {
    for (size_t back = 4; back <= ANCHOR_DISTANCE && back <= index; back++)
        if (berth_js_is_op(js, index - back, '!') && berth_js_is_op(js, index - back + 2, '['))
            return find_map(js, maps, index - back + 1);
    return 0;
}

static size_t find_module_map(const struct berth_js *js) {
    struct maps maps = {0};
    for (size_t i = 0; i < js->count; i++) {
        note_map(js, i, &maps);
        size_t open = is_anchor(js, i, anchor)        ? map_of_anchor(js, &maps, i)
                      : is_anchor(js, i, vite_anchor) ? map_of_vite_anchor(js, &maps, i)
                                                      : 0;
        if (open)
            return open;
    }
    return find_named_map(js, &maps);
}

/* The index of the comma or bracket that ends the member which begins at `index`. */
static size_t member_end(const struct berth_js *js, size_t index, size_t close) {
    while (index < close && !berth_js_is_op(js, index, ','))
        index = berth_js_match(js, index) > index ? berth_js_match(js, index) + 1 : index + 1;
    return index;
}

/* `__webpack_require__.e("chunk")` */
static bool is_chunk_load(const struct berth_js *js, size_t index) {
    enum berth_js_kind kind = berth_js_kind(js, index + 3);
    return berth_js_is_op(js, index, '.') && berth_js_is_name(js, index + 1, "e") &&
           berth_js_is_op(js, index + 2, '(') &&
           (kind == BERTH_JS_STRING || kind == BERTH_JS_NUMBER);
}

json_t *berth_scan_chunk_ids(const struct berth_js *js, size_t from, size_t to) {
    json_t *chunks = json_array();
    for (size_t i = from; i < to && json_array_size(chunks) < MAX_CHUNKS; i++) {
        char *id = is_chunk_load(js, i) ? berth_js_value(js, i + 3, BERTH_SCAN_NAME_BYTES) : NULL;
        if (id)
            json_array_append_new(chunks, json_string(id));
        free(id);
    }
    return chunks;
}

static void add_expose(const struct berth_js *js, size_t from, size_t to, json_t *exposes) {
    char *name =
        key_starts_with_dot(js, from) ? berth_js_value(js, from, BERTH_SCAN_NAME_BYTES) : NULL;
    if (!name)
        return;
    json_array_append_new(exposes, json_pack("{ss so}", "name", name, "chunks",
                                             berth_scan_chunk_ids(js, from + 1, to)));
    free(name);
}

void berth_scan_exposes(const struct berth_js *js, json_t *exposes) {
    size_t open = find_module_map(js);
    size_t close = berth_js_match(js, open);
    if (!open || close <= open)
        return;
    for (size_t from = open + 1; from < close && json_array_size(exposes) < MAX_EXPOSES;) {
        size_t to = member_end(js, from, close);
        add_expose(js, from, to, exposes);
        from = to + 1;
    }
}
