/* Shared packages: what the entry provides, and what it asks for; and the chunks with the entry's
 * own copy, which the function in place of … loads.
 *
 * Provided   register("react", "18.3.1", () => …)                      webpack; minified l("react",
 * …)
 *            ((e, r, t, n) => …)("react", "18.3.1")                    webpack, minified, only one
 *            {name: "react", version: "18.3.1", factory: () => …}      rspack
 * Consumed   loadSingletonVersion("default", "react", false, [1,18,2,0], …)          webpack
 *            loadSingletonVersionCheckFallback("default", "react", [1,18,2,0], …)    webpack < 5.97
 *            {shareKey: "react", requiredVersion: "^18.2.0", singleton: true, …}     rspack,
 * enhanced
 */
#include "berth/buffer.h"
#include "berth/semver.h"
#include "scan.h"
#include "scan_range.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_SHARED = 200,
    MAX_LOADERS = 16,
    BACK_DISTANCE = 200,
    FACTORY_TOKENS = 300, /* looked at in one function */
};

/* The entry of a package, added when it is new; NULL over the bound. */
static json_t *package(json_t *shared, const char *name) {
    size_t index = 0;
    json_t *value = NULL;
    json_array_foreach(shared, index,
                       value) if (strcmp(json_string_value(json_object_get(value, "name")), name) ==
                                  0) return value;
    if (json_array_size(shared) >= MAX_SHARED)
        return NULL;
    value = json_pack("{ss}", "name", name);
    return value && json_array_append_new(shared, value) == 0 ? value : NULL;
}

/* The first to say something is kept. */
static void set_once(json_t *object, const char *key, json_t *value) {
    if (object && !json_object_get(object, key))
        json_object_set_new(object, key, value);
    else
        json_decref(value);
}

static bool is_package_name(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length < 215 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@/._-~") ==
               length;
}

/* From where to where the function that brings the own copy is. */
struct factory {
    size_t from;
    size_t to;
};

static void add_chunks(const struct berth_js *js, struct factory factory, json_t *object) {
    if (!factory.from || !object || json_object_get(object, "chunks"))
        return;
    if (factory.to > factory.from + FACTORY_TOKENS)
        factory.to = factory.from + FACTORY_TOKENS;
    json_t *chunks = berth_scan_chunk_ids(js, factory.from, factory.to);
    if (json_array_size(chunks))
        json_object_set(object, "chunks", chunks);
    json_decref(chunks);
}

static void add_provided(const struct berth_js *js, size_t name_token, size_t version_token,
                         struct factory factory, json_t *shared) {
    char *name = berth_scan_string(js, name_token);
    char *version = berth_scan_string(js, version_token);
    /* webpack writes "0" for a package without a version. */
    bool known = version && berth_semver_check(version, NULL) == BERTH_OK;
    if (name && version && is_package_name(name) && (known || strcmp(version, "0") == 0)) {
        json_t *object = package(shared, name);
        if (known)
            set_once(object, "version", json_string(version));
        add_chunks(js, factory, object);
    }
    free(name);
    free(version);
}

static bool begins_function(const struct berth_js *js, size_t index) {
    return berth_js_is_name(js, index, "function") || berth_js_is_name(js, index, "async") ||
           (berth_js_is_op(js, index, '(') &&
            berth_js_is_op(js, berth_js_match(js, index) + 1, BERTH_OP_ARROW)) ||
           (berth_js_kind(js, index) == BERTH_JS_NAME &&
            berth_js_is_op(js, index + 1, BERTH_OP_ARROW));
}

/* `("react", "18.3.1", FUNCTION` or `)("react", "18.3.1")`, with the ( at `index`. */
static void look_for_register(const struct berth_js *js, size_t index, json_t *shared) {
    if (!berth_js_is_op(js, index, '(') || berth_js_kind(js, index + 1) != BERTH_JS_STRING ||
        !berth_js_is_op(js, index + 2, ',') || berth_js_kind(js, index + 3) != BERTH_JS_STRING)
        return;
    bool function = berth_js_is_op(js, index + 4, ',') && begins_function(js, index + 5);
    /* `}("react", "18.3.1")` is the same after a function expression. */
    bool immediate = berth_js_is_op(js, index + 4, ')') && index > 0 &&
                     (berth_js_is_op(js, index - 1, ')') || berth_js_is_op(js, index - 1, '}'));
    size_t close = berth_js_match(js, index);
    struct factory argument = {.from = index + 5, .to = close};
    struct factory called = {.from = berth_js_match(js, index - 1), .to = index};
    if (function || immediate)
        add_provided(js, index + 1, index + 3, function ? argument : called, shared);
}

/* The value of `key`, to the comma or bracket behind it; all zero when there is none. */
static struct factory factory_member(const struct berth_js *js, size_t open, const char *key) {
    struct factory factory = {.from = berth_scan_member(js, open, key)};
    size_t close = berth_js_match(js, open);
    int left = factory.from ? BACK_DISTANCE : 0;
    for (size_t i = factory.from; i < close && !berth_js_is_op(js, i, ',') && left-- > 0;
         factory.to = i)
        i = berth_js_match(js, i) > i ? berth_js_match(js, i) + 1 : i + 1;
    return factory;
}

static void set_required(const struct berth_js *js, size_t index, json_t *object) {
    char *range = berth_scan_string(js, index);
    if (!range)
        range = berth_scan_range(js, index);
    if (range && *range)
        set_once(object, "requiredVersion", json_string(range));
    free(range);
}

static void take_consume_object(const struct berth_js *js, size_t open, json_t *shared) {
    size_t key = berth_scan_member(js, open, "shareKey");
    char *name = key ? berth_scan_string(js, key) : NULL;
    json_t *object = name && is_package_name(name) ? package(shared, name) : NULL;
    free(name);
    if (!object)
        return;
    size_t required = berth_scan_member(js, open, "requiredVersion");
    size_t singleton = berth_scan_member(js, open, "singleton");
    size_t after = 0;
    int value = singleton ? berth_scan_boolean(js, singleton, &after) : -1;
    add_chunks(js, factory_member(js, open, "fallback"), object);
    if (required)
        set_required(js, required, object);
    if (value >= 0)
        set_once(object, "singleton", json_boolean(value));
    size_t strict = berth_scan_member(js, open, "strictVersion");
    if (strict && berth_scan_boolean(js, strict, &after) == 1)
        set_once(object, "strictVersion", json_true());
}

static void look_for_object(const struct berth_js *js, size_t index, json_t *shared) {
    bool provided = berth_scan_is_key(js, index, "factory");
    bool consumed = berth_scan_is_key(js, index, "shareKey");
    size_t open = provided || consumed ? berth_scan_object_around(js, index) : 0;
    if (!open)
        return;
    size_t name = provided ? berth_scan_member(js, open, "name") : 0;
    size_t version = provided ? berth_scan_member(js, open, "version") : 0;
    if (name && version)
        add_provided(js, name, version, factory_member(js, open, "factory"), shared);
    if (consumed)
        take_consume_object(js, open, shared);
}

/* Minified loaders have no telling names, but the loaders for singletons alone use the message
 * "Unsatisfied version … of shared singleton module …", through a helper with any name. */
struct loaders {
    size_t message; /* the token of that text; 0: none */
    size_t helper;  /* the token of the helper's name; 0: none */
    size_t names[MAX_LOADERS];
    bool singleton[MAX_LOADERS];
    size_t count;
};

static size_t find_message(const struct berth_js *js) {
    static const char text[] = "of shared singleton module";
    for (size_t i = 1; i < js->count; i++) {
        const struct berth_js_token *token = &js->tokens[i];
        if (token->kind == BERTH_JS_STRING && token->end - token->start < 100 &&
            memmem(js->text + token->start, token->end - token->start, text, sizeof text - 1))
            return i;
    }
    return 0;
}

/* Back to `d = (e, r, t, n) =>` or `d = function (`. */
static size_t find_helper(const struct berth_js *js, size_t message) {
    for (size_t back = 1; back < 40 && back < message; back++)
        if (berth_js_is_op(js, message - back, '=') && begins_function(js, message - back + 1))
            return message - back - 1;
    return 0;
}

static bool is_mention(const struct berth_js *js, size_t index, const struct loaders *loaders) {
    bool call = loaders->helper && berth_js_same_text(js, index, loaders->helper) &&
                berth_js_is_op(js, index + 1, '(');
    return call || index == loaders->message;
}

/* Does the definition `name = …` use the message? */
static bool definition_mentions(const struct berth_js *js, size_t name,
                                const struct loaders *loaders) {
    for (size_t i = 1; i + 1 < js->count; i++) {
        if (!berth_js_is_op(js, i + 1, '=') || !berth_js_same_text(js, i, name) ||
            berth_js_is_op(js, i - 1, '.'))
            continue;
        size_t end = i + 2;
        while (end < js->count && !berth_js_is_op(js, end, ',') && !berth_js_is_op(js, end, ';')) {
            size_t match = berth_js_match(js, end);
            for (size_t at = end; at < match; at++)
                if (is_mention(js, at, loaders))
                    return true;
            end = match > end ? match + 1 : end + 1;
        }
        i = end;
    }
    return false;
}

static int is_singleton_loader(const struct berth_js *js, size_t name, struct loaders *loaders) {
    if (berth_js_kind(js, name) != BERTH_JS_NAME)
        return -1;
    char *text = berth_js_value(js, name, BERTH_SCAN_NAME_BYTES);
    bool telling = text && strncmp(text, "load", 4) == 0;
    bool singleton = telling && strstr(text, "Singleton");
    free(text);
    if (telling)
        return singleton;
    for (size_t i = 0; i < loaders->count; i++)
        if (berth_js_same_text(js, loaders->names[i], name))
            return loaders->singleton[i];
    if (loaders->count >= MAX_LOADERS)
        return -1;
    singleton = loaders->message && definition_mentions(js, name, loaders);
    loaders->names[loaders->count] = name;
    loaders->singleton[loaders->count++] = singleton;
    return singleton;
}

/* Only by its telling name: minified ones are too much alike. */
static bool is_strict_loader(const struct berth_js *js, size_t name) {
    char *text = berth_js_kind(js, name) == BERTH_JS_NAME
                     ? berth_js_value(js, name, BERTH_SCAN_NAME_BYTES)
                     : NULL;
    bool strict = text && strncmp(text, "loadStrict", 10) == 0;
    free(text);
    return strict;
}

/* `NAME("default", "react", [BOOLEAN,] [RANGE]`, with the ( at `index`. */
static void look_for_consume(const struct berth_js *js, size_t index, struct loaders *loaders,
                             json_t *shared) {
    if (index == 0 || !berth_js_is_op(js, index, '(') ||
        berth_js_kind(js, index + 1) != BERTH_JS_STRING || !berth_js_is_op(js, index + 2, ',') ||
        berth_js_kind(js, index + 3) != BERTH_JS_STRING || !berth_js_is_op(js, index + 4, ','))
        return;
    size_t range = index + 5;
    size_t after = 0;
    if (berth_scan_boolean(js, range, &after) >= 0 && berth_js_is_op(js, after, ','))
        range = after + 1;
    if (!berth_js_is_op(js, range, '[') || berth_js_kind(js, range + 1) == BERTH_JS_STRING)
        return;
    char *name = berth_scan_string(js, index + 3);
    json_t *object = name && is_package_name(name) ? package(shared, name) : NULL;
    free(name);
    if (!object)
        return;
    set_required(js, range, object);
    add_chunks(js, (struct factory){.from = range, .to = berth_js_match(js, index)}, object);
    int singleton = is_singleton_loader(js, index - 1, loaders);
    if (singleton >= 0)
        set_once(object, "singleton", json_boolean(singleton));
    if (is_strict_loader(js, index - 1))
        set_once(object, "strictVersion", json_true());
}

void berth_scan_shared(const struct berth_js *js, json_t *shared) {
    struct loaders loaders = {.message = find_message(js)};
    loaders.helper = find_helper(js, loaders.message);
    for (size_t i = 0; i < js->count; i++) {
        look_for_register(js, i, shared);
        look_for_consume(js, i, &loaders, shared);
        look_for_object(js, i, shared);
    }
}
