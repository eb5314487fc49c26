/* What was detected, changed to what berth.json says. */
#include "declaration.h"

#include "berth/json.h"

#include <string.h>

static bool is_format(const json_t *description, const char *format) {
    const char *found = berth_json_string(description, "format");
    return found && strcmp(found, format) == 0;
}

static bool is_type(const json_t *description, const char *type) {
    const char *found = berth_json_string(description, "type");
    return found && strcmp(found, type) == 0;
}

/* A classic script cannot hold export statements, and what has none exports nothing. Between the
 * kinds of one type berth.json knows better than a look at the text. */
static enum berth_code force_format(struct berth_detection *detection, const char *format,
                                    const char *pointer, struct berth_error *error) {
    json_t *description = detection->description;
    if (is_format(description, format))
        return BERTH_OK;
    if (strcmp(format, "document") == 0)
        return berth_declaration_refuse(error, "berth-json-format", pointer,
                                        "a document has no entry");
    bool manifest = strstr(format, "-federation") != NULL ||
                    berth_detect_ends(berth_json_string(description, "entry"), ".json") ||
                    json_object_get(description, "manifest");
    bool module = strcmp(format, "es-module") == 0 || strcmp(format, "module-container") == 0;
    if (manifest)
        return berth_declaration_refuse(
            error, "berth-json-format", pointer,
            "a federation format goes with its own manifest as the entry, and only with it");
    if (!is_type(description, module ? "module" : "script"))
        return berth_declaration_refuse(
            error, "berth-json-format", pointer,
            module ? "the entry is no ES module: it has no export statement"
                   : "the entry is an ES module: it cannot be loaded as a classic script");
    json_object_set_new(description, "format", json_string(format));
    if (strcmp(format, "es-module") == 0)
        json_object_set_new(
            description, "exposes",
            json_pack("[{ss sO}]", "name", ".", "file", json_object_get(description, "entry")));
    return BERTH_OK;
}

static json_t *find_expose(const json_t *exposes, const char *name) {
    size_t index = 0;
    json_t *expose = NULL;
    json_array_foreach(exposes, index, expose) {
        const char *found = berth_json_string(expose, "name");
        if (found && strcmp(found, name) == 0)
            return expose;
    }
    return NULL;
}

static void drop_warning(json_t *description, const char *rule) {
    json_t *warnings = json_object_get(description, "warnings");
    for (size_t i = json_array_size(warnings); i-- > 0;)
        if (strcmp(berth_json_string(json_array_get(warnings, i), "rule"), rule) == 0)
            json_array_remove(warnings, i);
}

struct application {
    const struct berth_tree *tree;
    json_t *description;
    json_t *exposes; /* as they will be */
    bool listed;     /* they are files of their own, and berth.json lists them */
    bool known;      /* they were found in the bundle: others are not there */
};

static enum berth_code refuse_expose(const char *name, const char *key, const char *rule,
                                     const char *text, struct berth_error *error) {
    char pointer[BERTH_DECLARATION_POINTER_BYTES];
    berth_declaration_pointer(pointer, name, key);
    return berth_declaration_refuse(error, rule, pointer, text);
}

static void copy_member(json_t *to, const json_t *from, const char *key) {
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(to, key, value);
}

static enum berth_code apply_expose(const struct application *application, const char *name,
                                    const json_t *value, struct berth_error *error) {
    json_t *expose = find_expose(application->exposes, name);
    const char *file = berth_declaration_file(value);
    if (is_format(application->description, "document"))
        return refuse_expose(name, "", "berth-json-expose",
                             "the bundle is a page by itself and exposes no module", error);
    if (file && !application->listed)
        return refuse_expose(name, json_is_string(value) ? "" : "file", "berth-json-expose",
                             "the exposes of a container are not files of their own", error);
    if (!expose && application->known)
        return refuse_expose(name, "", "berth-json-expose", "the bundle exposes no such module",
                             error);
    if (application->listed && !file && strcmp(name, ".") == 0)
        file = berth_json_string(application->description, "entry");
    if (application->listed && !file && !(expose && json_object_get(expose, "file")))
        return refuse_expose(name, "", "berth-json-expose", "an ES module's expose needs a file",
                             error);
    if (!expose) {
        expose = json_pack("{ss}", "name", name);
        json_array_append_new(application->exposes, expose);
    }
    if (file)
        json_object_set_new(expose, "file",
                            json_string(berth_declaration_asset(application->tree, file)->path));
    copy_member(expose, value, "policy");
    copy_member(expose, value, "contract");
    const char *html = berth_json_string(value, "prerendered");
    if (html)
        json_object_set_new(expose, "prerendered",
                            json_string(berth_declaration_asset(application->tree, html)->path));
    return BERTH_OK;
}

static enum berth_code apply_exposes(const struct berth_declaration *declaration,
                                     const struct berth_detection *detection,
                                     struct berth_error *error) {
    json_t *description = detection->description;
    json_t *exposes = json_object_get(description, "exposes");
    bool module = is_format(description, "es-module");
    bool listed = module || is_format(description, "native-federation");
    /* A module by itself exposes what berth.json lists, and nothing else. */
    if (module)
        json_array_clear(exposes);
    struct application application = {.tree = detection->tree,
                                      .description = description,
                                      .exposes = exposes,
                                      .listed = listed,
                                      .known = !listed && json_array_size(exposes) > 0};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)declaration->exposes, name, value) {
        enum berth_code code = apply_expose(&application, name, value, error);
        if (code)
            return code;
    }
    if (json_array_size(exposes))
        drop_warning(description, "exposes-unknown");
    if (!find_expose(exposes, "."))
        json_object_del(description, "exports");
    return BERTH_OK;
}

static void apply_policy(const char *policy, const json_t *description) {
    size_t index = 0;
    json_t *expose = NULL;
    json_array_foreach(json_object_get(description, "exposes"), index, expose) {
        if (!json_object_get(expose, "policy"))
            json_object_set_new(expose, "policy", json_string(policy));
    }
}

/* What a look at the code finds of these modules is not added (detect_remotes.c). */
static void apply_remotes(const json_t *declared, json_t *description) {
    json_t *remotes = json_array();
    const char *module;
    json_t *exposes;
    json_object_foreach((json_t *)(uintptr_t)declared, module, exposes) {
        size_t index = 0;
        const json_t *expose = NULL;
        json_array_foreach(exposes, index, expose) json_array_append_new(
            remotes, json_pack("{ss ss}", "module", module, "expose", json_string_value(expose)));
        if (json_array_size(exposes) == 0)
            json_array_append_new(remotes, json_pack("{ss}", "module", module));
    }
    json_object_set_new(description, "remotes", remotes);
}

enum berth_code berth_declaration_apply(const struct berth_declaration *declaration,
                                        struct berth_detection *detection,
                                        struct berth_error *error) {
    const char *format = berth_declaration_format(declaration);
    const char *pointer = declaration->format  ? "/format"
                          : declaration->entry ? "/entry"
                                               : "/exposes";
    enum berth_code code = format ? force_format(detection, format, pointer, error) : BERTH_OK;
    if (!code && json_object_size(declaration->exposes))
        code = apply_exposes(declaration, detection, error);
    if (!code && declaration->remotes)
        apply_remotes(declaration->remotes, detection->description);
    if (!code && declaration->policy)
        apply_policy(declaration->policy, detection->description);
    return code;
}
