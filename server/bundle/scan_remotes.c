/* What a build takes from others, as the bundlers write it:
 *
 * A module that loads a remote's entry
 *   7: (e, r, t) => { … t.l("/m/card/remoteEntry.js", t => …, "card") … }      webpack, rspack
 *   import * as r from "/m/card/remoteEntry.mjs"; … 792: e => { e.exports = r }   webpack, modules
 * What is taken from it
 *   222: ["default", "./Card", 7]                                              webpack
 *   222: {shareScope: "default", name: "./Card", externalModuleId: 7, remoteName: "card"}
 *                                                                     rspack, enhanced
 * Remotes as a runtime is told of them
 *   {alias: "card", name: "card", entry: "/m/card/remoteEntry.js", shareScope: "default"}
 *                                                        rspack, enhanced, @module-federation/vite
 *   card: {url: "/m/card/remoteEntry.js", format: "esm", from: "vite"}         @originjs
 *   {remoteName: "card", exposedModule: "./Card"}                              Native Federation
 * and a call with two strings, ("card", "./Card"), which is one of a remote if the first is known
 * to be one. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_FOUND = 500, /* of each kind */
    MAX_CALLS = 2000,
    MAX_NESTING = 64, /* brackets around a token that are remembered */
    MAX_IMPORTS = 64,
    CALL_TOKENS = 400, /* looked at in the function that loads an entry */
};

struct search {
    const struct berth_js *js;
    json_t *found;
    size_t open[MAX_NESTING];    /* the brackets that the present token is in, outermost first */
    size_t depth;                /* may be over the bound */
    size_t imports[MAX_IMPORTS]; /* names of `import * as NAME from "URL"` */
    size_t import_count;
};

static json_t *text_at(const struct berth_js *js, size_t index) {
    bool number = berth_js_kind(js, index) == BERTH_JS_NUMBER;
    char *text =
        number ? berth_js_value(js, index, BERTH_SCAN_NAME_BYTES) : berth_scan_string(js, index);
    json_t *value = text ? json_string(text) : NULL;
    free(text);
    return value;
}

/* Takes the value; false when there is none. */
static bool set(json_t *object, const char *key, json_t *value) {
    return value && json_object_set_new(object, key, value) == 0;
}

static void add(json_t *found, const char *kind, size_t max, json_t *object) {
    json_t *array = json_object_get(found, kind);
    if (json_array_size(array) < max)
        json_array_append_new(array, object);
    else
        json_decref(object);
}

/* The key of the function whose body begins with the { at `open`: `7: (e) => {`, `7: e => {`,
 * `7: function (e) {`, `7(e) {`, and the first in parentheses. 0: none. */
static size_t key_of_function(const struct berth_js *js, size_t open) {
    size_t before = open - 1;
    if (berth_js_is_op(js, before, BERTH_OP_ARROW))
        before--;
    if (berth_js_is_op(js, before, ')'))
        before = berth_js_match(js, before);
    if (before < 2)
        return 0;
    before--;
    if (berth_js_is_name(js, before, "function"))
        before--;
    if (berth_js_is_op(js, before, '(') && before > 0)
        before--;
    if (berth_js_is_op(js, before, ':') && before > 0)
        before--;
    enum berth_js_kind kind = berth_js_kind(js, before);
    return kind == BERTH_JS_NUMBER || kind == BERTH_JS_STRING ? before : 0;
}

/* The id of the module that the present token is in, or NULL. */
static json_t *module_around(const struct search *search) {
    const struct berth_js *js = search->js;
    size_t depth = search->depth < MAX_NESTING ? search->depth : MAX_NESTING;
    while (depth-- > 0) {
        size_t open = search->open[depth];
        size_t key = open > 1 && berth_js_is_op(js, open, '{') ? key_of_function(js, open) : 0;
        if (key)
            return text_at(js, key);
    }
    return NULL;
}

static bool is_in_text(const struct berth_js *js, size_t from, size_t to, const char *wanted) {
    size_t length = strlen(wanted);
    for (size_t i = from; i < to && i < from + CALL_TOKENS; i++) {
        const struct berth_js_token *token = &js->tokens[i];
        if (berth_js_kind(js, i) == BERTH_JS_STRING && token->end - token->start == length + 2 &&
            memcmp(js->text + token->start + 1, wanted, length) == 0)
            return true;
    }
    return false;
}

/* `.l("URL", FUNCTION, "NAME")`, with the ( at `index`. Chunks are loaded by it too, but their URLs
 * are put together. */
static void look_for_script(const struct search *search, size_t index) {
    const struct berth_js *js = search->js;
    size_t close = berth_js_match(js, index);
    if (index < 2 || !berth_js_is_op(js, index, '(') || !berth_js_is_name(js, index - 1, "l") ||
        !berth_js_is_op(js, index - 2, '.') || berth_js_kind(js, index + 1) != BERTH_JS_STRING ||
        !berth_js_is_op(js, index + 2, ',') || close < index + 5 ||
        !is_in_text(js, index, close, "ScriptExternalLoadError"))
        return;
    json_t *external = json_object();
    (void)set(external, "container",
              berth_js_is_op(js, close - 2, ',') ? text_at(js, close - 1) : NULL);
    if (set(external, "url", text_at(js, index + 1)) && set(external, "id", module_around(search)))
        add(search->found, "externals", MAX_FOUND, external);
    else
        json_decref(external);
}

/* Of all that a module imports as a whole, what is not in this bundle. */
static void note_import(struct search *search, size_t index) {
    const struct berth_js *js = search->js;
    if (search->import_count == MAX_IMPORTS || !berth_js_is_name(js, index, "import") ||
        !berth_js_is_op(js, index + 1, '*') || !berth_js_is_name(js, index + 2, "as") ||
        !berth_js_is_name(js, index + 4, "from") || berth_js_kind(js, index + 5) != BERTH_JS_STRING)
        return;
    if (js->text[js->tokens[index + 5].start + 1] != '.')
        search->imports[search->import_count++] = index + 3;
}

static json_t *imported_url(const struct search *search, size_t name) {
    for (size_t i = 0; i < search->import_count; i++)
        if (berth_js_same_text(search->js, search->imports[i], name))
            return text_at(search->js, search->imports[i] + 2);
    return NULL;
}

/* `e.exports = NAME}`, with the name at `index`. */
static void look_for_import(const struct search *search, size_t index) {
    const struct berth_js *js = search->js;
    if (index < 3 || berth_js_kind(js, index) != BERTH_JS_NAME ||
        !berth_js_is_op(js, index - 1, '=') || !berth_js_is_name(js, index - 2, "exports") ||
        !(berth_js_is_op(js, index + 1, '}') || berth_js_is_op(js, index + 1, ';')))
        return;
    json_t *url = imported_url(search, index);
    json_t *external = url ? json_object() : NULL;
    if (set(external, "url", url) && set(external, "id", module_around(search)))
        add(search->found, "externals", MAX_FOUND, external);
    else
        json_decref(external);
}

/* The name of an expose: "./Card", or "." for a remote as a whole. */
static bool is_expose(const struct berth_js *js, size_t index) {
    if (berth_js_kind(js, index) != BERTH_JS_STRING)
        return false;
    const struct berth_js_token *token = &js->tokens[index];
    size_t length = token->end - token->start;
    const char *text = js->text + token->start + 1;
    return length >= 3 && text[0] == '.' && (length == 3 || text[1] == '/');
}

/* `ID: ["default", "./Card", ID]`, with the [ at `index`. */
static void look_for_use(const struct berth_js *js, size_t index, json_t *found) {
    if (index < 2 || !berth_js_is_op(js, index, '[') || !berth_js_is_op(js, index - 1, ':') ||
        berth_js_match(js, index) != index + 6 || berth_js_kind(js, index + 1) != BERTH_JS_STRING ||
        !is_expose(js, index + 3))
        return;
    json_t *use = json_object();
    if (set(use, "external", text_at(js, index + 5)) && set(use, "expose", text_at(js, index + 3)))
        add(found, "uses", MAX_FOUND, use);
    else
        json_decref(use);
}

static void look_for_use_object(const struct berth_js *js, size_t index, json_t *found) {
    size_t open =
        berth_scan_is_key(js, index, "externalModuleId") ? berth_scan_object_around(js, index) : 0;
    size_t name = open ? berth_scan_member(js, open, "name") : 0;
    if (!name || !is_expose(js, name))
        return;
    size_t remote = berth_scan_member(js, open, "remoteName");
    json_t *use = json_object();
    bool known = set(use, "external", text_at(js, index + 2));
    known = set(use, "remote", remote ? text_at(js, remote) : NULL) || known;
    if (known && set(use, "expose", text_at(js, name)))
        add(found, "uses", MAX_FOUND, use);
    else
        json_decref(use);
}

static void copy_member(const struct berth_js *js, size_t open, const char *from, json_t *to,
                        const char *key) {
    size_t value = berth_scan_member(js, open, from);
    if (value)
        (void)set(to, key, text_at(js, value));
}

static void look_for_info(const struct berth_js *js, size_t index, json_t *found) {
    size_t open =
        berth_scan_is_key(js, index, "alias") && berth_js_kind(js, index + 2) == BERTH_JS_STRING
            ? berth_scan_object_around(js, index)
            : 0;
    if (!open || !berth_scan_member(js, open, "entry") ||
        !berth_scan_member(js, open, "shareScope"))
        return;
    json_t *info = json_object();
    copy_member(js, open, "alias", info, "alias");
    copy_member(js, open, "name", info, "container");
    /* vite gives the name a meaning of its own. */
    copy_member(js, open, "entryGlobalName", info, "container");
    copy_member(js, open, "entry", info, "url");
    add(found, "infos", MAX_FOUND, info);
}

/* `card: {url: "…", format: …, from: …}`, with url at `index`. */
static void look_for_origin(const struct berth_js *js, size_t index, json_t *found) {
    size_t open =
        berth_scan_is_key(js, index, "url") && berth_js_kind(js, index + 2) == BERTH_JS_STRING
            ? berth_scan_object_around(js, index)
            : 0;
    if (open < 2 || !berth_js_is_op(js, open - 1, ':') || !berth_scan_member(js, open, "format") ||
        !berth_scan_member(js, open, "from"))
        return;
    bool named = berth_js_kind(js, open - 2) == BERTH_JS_NAME;
    char *name = named ? berth_js_value(js, open - 2, BERTH_SCAN_NAME_BYTES) : NULL;
    json_t *info = json_object();
    if (set(info, "alias", named ? (name ? json_string(name) : NULL) : text_at(js, open - 2)) &&
        set(info, "url", text_at(js, index + 2)))
        add(found, "infos", MAX_FOUND, info);
    else
        json_decref(info);
    free(name);
}

/* `("card", "./Card")`, with the ( at `index`; or the same in an object. */
static void look_for_call(const struct berth_js *js, size_t index, json_t *found) {
    size_t remote = 0, expose = 0;
    if (berth_js_is_op(js, index, '(') && berth_js_match(js, index) == index + 4) {
        remote = index + 1;
        expose = index + 3;
    } else if (berth_scan_is_key(js, index, "exposedModule")) {
        size_t open = berth_scan_object_around(js, index);
        remote = open ? berth_scan_member(js, open, "remoteName") : 0;
        expose = index + 2;
    }
    if (!remote || berth_js_kind(js, remote) != BERTH_JS_STRING || !is_expose(js, expose))
        return;
    json_t *call = json_object();
    if (set(call, "remote", text_at(js, remote)) && set(call, "expose", text_at(js, expose)))
        add(found, "calls", MAX_CALLS, call);
    else
        json_decref(call);
}

/* Keeps the brackets that are open behind the token. */
static void note_bracket(struct search *search, size_t index) {
    size_t match = berth_js_match(search->js, index);
    if (match > index) {
        if (search->depth < MAX_NESTING)
            search->open[search->depth] = index;
        search->depth++;
    } else if (match && search->depth > 0) {
        search->depth--;
    }
}

void berth_scan_remotes(const struct berth_js *js, json_t *found) {
    struct search search = {.js = js, .found = found};
    for (size_t i = 0; i < js->count; i++)
        note_import(&search, i);
    for (size_t i = 0; i < js->count; i++) {
        look_for_script(&search, i);
        look_for_import(&search, i);
        look_for_use(js, i, found);
        look_for_use_object(js, i, found);
        look_for_info(js, i, found);
        look_for_origin(js, i, found);
        look_for_call(js, i, found);
        note_bracket(&search, i);
    }
}
