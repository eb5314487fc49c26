/* A classic container: webpack's and rspack's ModuleFederationPlugin, and builds with an ES module
 * remoteEntry.js and no manifest (vite-plugin-federation). */
#include "detect.h"

#include <string.h>

static bool is_entry(const char *name) {
    return strcmp(name, "remoteEntry.js") == 0;
}

static bool is_module_entry(const char *name) {
    return strcmp(name, "remoteEntry.mjs") == 0;
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name);
    size_t wanted = strlen(ending);
    return length >= wanted && strcmp(name + length - wanted, ending) == 0;
}

/* remoteEntry.4f2a91c0.js */
static bool is_hashed_entry(const char *name) {
    return strncmp(name, "remoteEntry", 11) == 0 &&
           (ends_with(name, ".js") || ends_with(name, ".mjs"));
}

static enum berth_code find_entry(const struct berth_tree *tree, const struct berth_asset **ret,
                                  struct berth_error *error) {
    static bool (*const patterns[])(const char *) = {is_entry, is_module_entry, is_hashed_entry};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        enum berth_code code = berth_detect_find(tree, patterns[i], ret, error);
        if (code || *ret)
            return code;
    }
    return BERTH_OK;
}

static void move_field(json_t *description, json_t *scan, const char *key) {
    json_t *value = json_object_get(scan, key);
    if (value)
        json_object_set(description, key, value);
}

enum berth_code berth_detect_container(struct berth_detection *detection, bool *ret_matched,
                                       struct berth_error *error) {
    const struct berth_asset *entry = NULL;
    enum berth_code code = find_entry(detection->tree, &entry, error);
    if (code || !entry)
        return code;
    json_t *scan = NULL;
    code = berth_detect_scan(detection, entry, &scan, error);
    if (code)
        return code;
    json_t *description = detection->description;
    json_object_set_new(description, "format", json_string("webpack-container"));
    json_object_set_new(description, "entry", json_string(entry->path));
    static const char *const fields[] = {"type",    "container", "chunkGlobals",
                                         "exposes", "shared",    "warnings"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        move_field(description, scan, fields[i]);
    json_decref(scan);
    *ret_matched = true;
    return BERTH_OK;
}
