/* Entries that are a script or a module, and the names under which those without a container's name
 * are looked for. */
#include "berth/json.h"
#include "detect.h"

#include <stdlib.h>
#include <string.h>

static bool has_text(const json_t *array, const char *text) {
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(array, index, value) {
        if (strcmp(json_string_value(value), text) == 0)
            return true;
    }
    return false;
}

static const char *format_of(const json_t *scan) {
    const json_t *exports = json_object_get(scan, "exports");
    if (json_object_get(scan, "system"))
        return "systemjs";
    if (!exports)
        return "webpack-container";
    return has_text(exports, "get") && has_text(exports, "init") ? "module-container" : "es-module";
}

/* What is no container has one expose, itself, and so no expose or container that were missed. */
static void take_warnings(struct berth_detection *detection, const json_t *scan, bool container) {
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(json_object_get(scan, "warnings"), index, value) {
        const char *rule = berth_json_string(value, "rule");
        if (container ||
            (strcmp(rule, "exposes-unknown") != 0 && strcmp(rule, "container-unknown") != 0))
            berth_detect_warn(detection, rule, berth_json_string(value, "text"));
    }
}

static void move_field(json_t *description, const json_t *scan, const char *key) {
    json_t *value = json_object_get(scan, key);
    if (value)
        json_object_set(description, key, value);
}

static void describe(struct berth_detection *detection, const struct berth_asset *entry,
                     const json_t *scan) {
    json_t *description = detection->description;
    const char *format = format_of(scan);
    bool module = strcmp(format, "es-module") == 0;
    bool exposes = json_array_size(json_object_get(scan, "exposes")) > 0;
    bool container = !module && (strcmp(format, "systemjs") != 0 || exposes);
    json_object_set_new(description, "format", json_string(format));
    json_object_set_new(description, "entry", json_string(entry->path));
    static const char *const fields[] = {"type", "container", "chunkGlobals", "exposes", "shared"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        move_field(description, scan, fields[i]);
    if (!container)
        json_object_set_new(description, "exposes",
                            module ? json_pack("[{ss ss}]", "name", ".", "file", entry->path)
                                   : json_pack("[{ss}]", "name", "."));
    if (module)
        move_field(description, scan, "exports");
    take_warnings(detection, scan, container);
    if (module && !json_object_get(scan, "open") &&
        json_array_size(json_object_get(scan, "exports")) == 0)
        berth_detect_warn(detection, "exports-unknown",
                          "the entry is an ES module that exports nothing");
}

enum berth_code berth_detect_entry(struct berth_detection *detection,
                                   const struct berth_asset *entry, struct berth_error *error) {
    json_t *scan = NULL;
    enum berth_code code = berth_detect_scan(detection, entry, &scan, error);
    if (!code)
        describe(detection, entry, scan);
    json_decref(scan);
    return code;
}

static bool is_module(const json_t *scan) {
    return json_array_size(json_object_get(scan, "exports")) || json_object_get(scan, "open");
}

static bool is_system(const json_t *scan) {
    return json_object_get(scan, "system") != NULL;
}

/* The first of the usual names at the root whose text is what is looked for. A file that is some
 * other script is passed over, not refused. */
static enum berth_code find_by_text(struct berth_detection *detection,
                                    bool (*wanted)(const json_t *scan),
                                    const struct berth_asset **ret, struct berth_error *error) {
    static const char *const names[] = {"remoteEntry.mjs", "index.mjs", "index.js", "main.mjs",
                                        "main.js"};
    for (size_t i = 0; i < sizeof names / sizeof *names && !*ret; i++) {
        const struct berth_asset *asset = berth_tree_find(detection->tree, names[i]);
        json_t *scan = NULL;
        enum berth_code code = asset ? berth_detect_look(detection, asset, &scan, error) : BERTH_OK;
        if (code)
            return code;
        if (scan && wanted(scan))
            *ret = asset;
        json_decref(scan);
    }
    return BERTH_OK;
}

static enum berth_code detect_by_text(struct berth_detection *detection,
                                      bool (*wanted)(const json_t *scan), bool *ret_matched,
                                      struct berth_error *error) {
    const struct berth_asset *entry = NULL;
    enum berth_code code = find_by_text(detection, wanted, &entry, error);
    if (!code && entry)
        code = berth_detect_entry(detection, entry, error);
    *ret_matched = !code && entry;
    return code;
}

enum berth_code berth_detect_module(struct berth_detection *detection, bool *ret_matched,
                                    struct berth_error *error) {
    return detect_by_text(detection, is_module, ret_matched, error);
}

enum berth_code berth_detect_system(struct berth_detection *detection, bool *ret_matched,
                                    struct berth_error *error) {
    return detect_by_text(detection, is_system, ret_matched, error);
}
