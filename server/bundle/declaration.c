#include "declaration.h"

#include "berth/json.h"
#include "berth/name.h"
#include "prerendered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_CHARACTERS = 200, PATH_MAX_CHARACTERS = 512 };

enum berth_code berth_declaration_refuse(struct berth_error *error, const char *rule,
                                         const char *pointer, const char *text) {
    berth_fail(error, BERTH_REFUSED, rule, BERTH_DECLARATION ": %s", text);
    berth_error_where(error, "%s", *pointer ? pointer : "/");
    berth_error_hint(error, "the rules are in manifests/berth.schema.json");
    return BERTH_REFUSED;
}

void berth_declaration_pointer(char ret[BERTH_DECLARATION_POINTER_BYTES], const char *expose,
                               const char *key) {
    char escaped[BERTH_DECLARATION_POINTER_BYTES - 32];
    berth_json_pointer_key(expose, escaped, sizeof escaped);
    (void)snprintf(ret, BERTH_DECLARATION_POINTER_BYTES, "/exposes/%s%s%s", escaped,
                   *key ? "/" : "", key);
}

static bool is_one_of(const char *text, const char *const *list) {
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

/* `parent` is a pointer. */
static enum berth_code check_keys(const json_t *object, const char *const *known,
                                  const char *parent, struct berth_error *error) {
    const char *key;
    json_t *value;
    /* jansson's macro wants a non-const object but only reads. */
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        if (is_one_of(key, known))
            continue;
        char escaped[BERTH_DECLARATION_POINTER_BYTES];
        char pointer[2 * BERTH_DECLARATION_POINTER_BYTES];
        berth_json_pointer_key(key, escaped, sizeof escaped);
        (void)snprintf(pointer, sizeof pointer, "%s/%s", parent, escaped);
        return berth_declaration_refuse(error, "berth-json-key", pointer, "unknown member");
    }
    return BERTH_OK;
}

static enum berth_code check_choice(const json_t *value, const char *const *choices,
                                    const char *pointer, const char *text,
                                    struct berth_error *error) {
    if (!value || (json_is_string(value) && is_one_of(json_string_value(value), choices)))
        return BERTH_OK;
    return berth_declaration_refuse(error, "berth-json-value", pointer, text);
}

static enum berth_code check_policy(const json_t *value, const char *pointer,
                                    struct berth_error *error) {
    static const char *const policies[] = {"component", "pinned", "remount", "reload", NULL};
    return check_choice(value, policies, pointer,
                        "a policy is component, pinned, remount or reload", error);
}

static enum berth_code check_contract(const json_t *value, const char *pointer,
                                      struct berth_error *error) {
    static const char *const contracts[] = {"auto",       "react",          "mount",
                                            "single-spa", "custom-element", NULL};
    return check_choice(value, contracts, pointer,
                        "a contract is auto, react, mount, single-spa or custom-element", error);
}

static bool text_fits(const json_t *value, size_t max) {
    const char *text = json_string_value(value);
    return text && *text && berth_json_characters(text) <= max;
}

static bool is_script(const char *path) {
    return berth_detect_ends(path, ".js") || berth_detect_ends(path, ".mjs");
}

static enum berth_code check_script(const json_t *value, const char *pointer,
                                    struct berth_error *error) {
    if (!value || (text_fits(value, PATH_MAX_CHARACTERS) && is_script(json_string_value(value))))
        return BERTH_OK;
    return berth_declaration_refuse(error, "berth-json-value", pointer,
                                    "a file is the path of a .js or .mjs file");
}

static enum berth_code check_html(const json_t *value, const char *pointer,
                                  struct berth_error *error) {
    if (!value || (text_fits(value, PATH_MAX_CHARACTERS) &&
                   berth_detect_ends(json_string_value(value), ".html")))
        return BERTH_OK;
    return berth_declaration_refuse(error, "berth-json-value", pointer,
                                    "prerendered is the path of a .html file");
}

static enum berth_code check_members(const char *name, const json_t *value,
                                     struct berth_error *error) {
    static const struct {
        const char *key;
        enum berth_code (*check)(const json_t *value, const char *pointer,
                                 struct berth_error *error);
    } members[] = {{"file", check_script},
                   {"policy", check_policy},
                   {"contract", check_contract},
                   {"prerendered", check_html}};
    char pointer[BERTH_DECLARATION_POINTER_BYTES];
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; i < sizeof members / sizeof *members && !code; i++) {
        berth_declaration_pointer(pointer, name, members[i].key);
        code = members[i].check(json_object_get(value, members[i].key), pointer, error);
    }
    return code;
}

static enum berth_code check_expose(const char *name, const json_t *value,
                                    struct berth_error *error) {
    static const char *const known[] = {"file", "policy", "contract", "prerendered", NULL};
    char pointer[BERTH_DECLARATION_POINTER_BYTES];
    berth_declaration_pointer(pointer, name, "");
    if (!*name || berth_json_characters(name) > NAME_MAX_CHARACTERS)
        return berth_declaration_refuse(error, "berth-json-value", pointer,
                                        "an expose has a name of 1 to 200 characters");
    if (json_is_string(value))
        return check_script(value, pointer, error);
    if (!json_is_object(value))
        return berth_declaration_refuse(error, "berth-json-value", pointer,
                                        "an expose is the path of a file, or an object");
    enum berth_code code = check_keys(value, known, pointer, error);
    if (!code)
        code = check_members(name, value, error);
    return code;
}

static enum berth_code check_exposes(const json_t *exposes, struct berth_error *error) {
    if (!exposes)
        return BERTH_OK;
    if (!json_is_object(exposes) || json_object_size(exposes) > BERTH_DECLARATION_MAX_EXPOSES)
        return berth_declaration_refuse(error, "berth-json-value", "/exposes",
                                        "an object of at most 256 exposes is needed here");
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)exposes, name, value) {
        enum berth_code code = check_expose(name, value, error);
        if (code)
            return code;
    }
    return BERTH_OK;
}

static enum berth_code check_remote(const char *module, const json_t *exposes,
                                    struct berth_error *error) {
    char escaped[BERTH_DECLARATION_POINTER_BYTES - 16];
    char pointer[BERTH_DECLARATION_POINTER_BYTES];
    berth_json_pointer_key(module, escaped, sizeof escaped);
    (void)snprintf(pointer, sizeof pointer, "/remotes/%s", escaped);
    bool good = berth_module_name_check(module, NULL) == BERTH_OK && json_is_array(exposes) &&
                json_array_size(exposes) <= BERTH_DECLARATION_MAX_EXPOSES;
    for (size_t i = 0; good && i < json_array_size(exposes); i++)
        good = text_fits(json_array_get(exposes, i), NAME_MAX_CHARACTERS);
    return good ? BERTH_OK
                : berth_declaration_refuse(error, "berth-json-value", pointer,
                                           "a remote is a module's name and an array of at most "
                                           "256 names of its exposes");
}

static enum berth_code check_remotes(const json_t *remotes, struct berth_error *error) {
    if (!remotes)
        return BERTH_OK;
    if (!json_is_object(remotes) || json_object_size(remotes) > BERTH_DECLARATION_MAX_REMOTES)
        return berth_declaration_refuse(error, "berth-json-value", "/remotes",
                                        "an object of at most 64 modules is needed here");
    const char *module;
    json_t *exposes;
    json_object_foreach((json_t *)(uintptr_t)remotes, module, exposes) {
        enum berth_code code = check_remote(module, exposes, error);
        if (code)
            return code;
    }
    return BERTH_OK;
}

static enum berth_code check_entry(const json_t *value, struct berth_error *error) {
    const char *path = json_string_value(value);
    if (!value || (text_fits(value, PATH_MAX_CHARACTERS) &&
                   (is_script(path) || berth_detect_ends(path, ".json"))))
        return BERTH_OK;
    return berth_declaration_refuse(error, "berth-json-value", "/entry",
                                    "an entry is the path of a .js, .mjs or .json file");
}

enum berth_code berth_declaration_check(const json_t *root, struct berth_error *error) {
    static const char *const known[] = {"$schema", "entry",  "format", "exposes",
                                        "remotes", "policy", NULL};
    static const char *const formats[] = {
        "document",          "es-module", "module-container",  "module-federation",
        "native-federation", "systemjs",  "webpack-container", NULL};
    if (!json_is_object(root))
        return berth_declaration_refuse(error, "berth-json-value", "", "an object is needed");
    const json_t *schema = json_object_get(root, "$schema");
    enum berth_code code = check_keys(root, known, "", error);
    if (!code && schema && !json_is_string(schema))
        code = berth_declaration_refuse(error, "berth-json-value", "/$schema",
                                        "a string is needed here");
    if (!code)
        code = check_entry(json_object_get(root, "entry"), error);
    if (!code)
        code = check_choice(json_object_get(root, "format"), formats, "/format",
                            "a format is document, es-module, module-container, module-federation, "
                            "native-federation, systemjs or webpack-container",
                            error);
    if (!code)
        code = check_exposes(json_object_get(root, "exposes"), error);
    if (!code)
        code = check_remotes(json_object_get(root, "remotes"), error);
    if (!code)
        code = check_policy(json_object_get(root, "policy"), "/policy", error);
    return code;
}

const char *berth_declaration_file(const json_t *expose) {
    return json_is_string(expose) ? json_string_value(expose) : berth_json_string(expose, "file");
}

const struct berth_asset *berth_declaration_asset(const struct berth_tree *tree, const char *path) {
    return berth_detect_beside(tree, BERTH_DECLARATION, path);
}

static enum berth_code check_there(const struct berth_tree *tree, const char *path,
                                   const char *pointer, struct berth_error *error) {
    if (!path || berth_declaration_asset(tree, path))
        return BERTH_OK;
    return berth_declaration_refuse(error, "berth-json-file", pointer,
                                    "this file is not in the bundle");
}

/* Reads a piece of HTML that is there; a path has its turn before. */
static enum berth_code check_prerendered(const struct berth_detection *detection,
                                         const struct berth_asset *file, bool *ret_styled,
                                         struct berth_error *error) {
    char *text = NULL;
    size_t length = 0;
    enum berth_code code = BERTH_OK;
    if (file->bytes > BERTH_PRERENDERED_MAX_BYTES)
        code = berth_fail(error, BERTH_TOO_LARGE, "limit-prerendered-bytes",
                          "the prerendered HTML has %lld bytes, the limit is %d",
                          (long long)file->bytes, BERTH_PRERENDERED_MAX_BYTES);
    if (!code)
        code = berth_detect_read(detection, file, &text, &length, error);
    if (!code)
        code = berth_prerendered_check(text, length, ret_styled, error);
    if (code)
        berth_error_where(error, "%s", file->path);
    free(text);
    return code;
}

static enum berth_code check_expose_files(struct berth_detection *detection, const char *name,
                                          const json_t *value, bool *ret_styled,
                                          struct berth_error *error) {
    char pointer[BERTH_DECLARATION_POINTER_BYTES];
    berth_declaration_pointer(pointer, name, json_is_string(value) ? "" : "file");
    enum berth_code code =
        check_there(detection->tree, berth_declaration_file(value), pointer, error);
    const char *html = berth_json_string(value, "prerendered");
    berth_declaration_pointer(pointer, name, "prerendered");
    if (!code)
        code = check_there(detection->tree, html, pointer, error);
    if (!code && html)
        code = check_prerendered(detection, berth_declaration_asset(detection->tree, html),
                                 ret_styled, error);
    return code;
}

static const char styled_text[] =
    "prerendered HTML has style attributes, which composed pages do not apply before its script "
    "runs: put them in a style sheet";

static enum berth_code check_files(const struct berth_declaration *declaration,
                                   struct berth_detection *detection, struct berth_error *error) {
    enum berth_code code = check_there(detection->tree, declaration->entry, "/entry", error);
    bool any = false;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)declaration->exposes, name, value) {
        bool styled = false;
        if (!code)
            code = check_expose_files(detection, name, value, &styled, error);
        any = any || (!code && styled);
    }
    if (any)
        berth_detect_warn(detection, "prerendered-style", styled_text);
    return code;
}

static enum berth_code parse(const struct berth_detection *detection,
                             const struct berth_asset *file, json_t **ret,
                             struct berth_error *error) {
    char *text = NULL;
    size_t length = 0;
    enum berth_code code = berth_detect_read(detection, file, &text, &length, error);
    if (code)
        return code;
    struct berth_error syntax = {0};
    code = berth_json_parse(text, length, BERTH_DECLARATION_MAX_BYTES, ret, &syntax);
    free(text);
    if (!code)
        return BERTH_OK;
    berth_fail(error, BERTH_REFUSED, "berth-json-syntax", BERTH_DECLARATION ": %s", syntax.text);
    berth_error_where(error, "%s", syntax.where);
    return BERTH_REFUSED;
}

enum berth_code berth_declaration_read(struct berth_detection *detection,
                                       struct berth_declaration *ret, struct berth_error *error) {
    const struct berth_asset *file = berth_tree_find(detection->tree, BERTH_DECLARATION);
    if (!file)
        return BERTH_OK;
    json_t *root = NULL;
    enum berth_code code = parse(detection, file, &root, error);
    if (!code)
        code = berth_declaration_check(root, error);
    struct berth_declaration declaration = {.root = root,
                                            .entry = berth_json_string(root, "entry"),
                                            .format = berth_json_string(root, "format"),
                                            .policy = berth_json_string(root, "policy"),
                                            .exposes = json_object_get(root, "exposes"),
                                            .remotes = json_object_get(root, "remotes")};
    if (!code)
        code = check_files(&declaration, detection, error);
    if (code)
        berth_declaration_done(&declaration);
    else
        *ret = declaration;
    return code;
}

void berth_declaration_done(struct berth_declaration *declaration) {
    json_decref(declaration->root);
    *declaration = (struct berth_declaration){0};
}

const char *berth_declaration_first_file(const struct berth_declaration *declaration) {
    const char *first = berth_declaration_file(json_object_get(declaration->exposes, "."));
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)declaration->exposes, name, value) {
        if (!first)
            first = berth_declaration_file(value);
    }
    return first;
}

const char *berth_declaration_format(const struct berth_declaration *declaration) {
    if (declaration->format)
        return declaration->format;
    return berth_declaration_first_file(declaration) ? "es-module" : NULL;
}
