/* remoteEntry.json, as Native Federation writes it: every expose, shared package and chunk is an ES
 * module of its own. What it names must be there; what it leaves out is left out. */
#include "berth/json.h"
#include "detect.h"
#include "path.h"

#include <string.h>

struct remote {
    struct berth_detection *detection;
    const struct berth_asset *file;
    const json_t *root;
    struct berth_missing missing;
};

static bool is_remote_entry(const char *name) {
    return strcmp(name, "remoteEntry.json") == 0;
}

static const struct berth_asset *take_file(struct remote *remote, const char *name) {
    const struct berth_asset *asset =
        berth_detect_beside(remote->detection->tree, remote->file->path, name);
    if (!asset)
        berth_missing_add(&remote->missing, name);
    return asset;
}

static json_t *take_exposes(struct remote *remote) {
    json_t *exposes = json_array();
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(json_object_get(remote->root, "exposes"), index, value) {
        const char *name = berth_json_string(value, "key");
        const char *file = berth_json_string(value, "outFileName");
        const struct berth_asset *asset = name && file ? take_file(remote, file) : NULL;
        if (asset)
            json_array_append_new(exposes, json_pack("{ss ss}", "name", name, "file", asset->path));
    }
    return exposes;
}

static json_t *take_package(struct remote *remote, const json_t *value) {
    const char *version = berth_json_string(value, "version");
    const char *required = berth_json_string(value, "requiredVersion");
    const char *file = berth_json_string(value, "outFileName");
    const json_t *singleton = json_object_get(value, "singleton");
    const struct berth_asset *asset = file && *file ? take_file(remote, file) : NULL;
    json_t *package =
        json_pack("{ss ss* ss* ss*}", "name", berth_json_string(value, "packageName"), "version",
                  version && *version ? version : NULL, "requiredVersion",
                  required && *required ? required : NULL, "file", asset ? asset->path : NULL);
    if (package && json_is_boolean(singleton))
        json_object_set_new(package, "singleton", json_boolean(json_is_true(singleton)));
    return package;
}

static json_t *take_shared(struct remote *remote) {
    json_t *shared = json_array();
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(json_object_get(remote->root, "shared"), index, value) {
        json_t *package =
            berth_json_string(value, "packageName") ? take_package(remote, value) : NULL;
        if (package)
            json_array_append_new(shared, package);
    }
    return shared;
}

/* {"chunks": {"bundle": ["chunk-a.js"]}}: only looked for. */
static void check_chunks(struct remote *remote) {
    const char *bundle = NULL;
    json_t *list = NULL;
    json_object_foreach(json_object_get(remote->root, "chunks"), bundle, list) {
        size_t index = 0;
        const json_t *value = NULL;
        json_array_foreach(list, index, value) if (json_is_string(value))(void)
            take_file(remote, json_string_value(value));
    }
}

static enum berth_code check_shape(const struct remote *remote, struct berth_error *error) {
    if (json_is_array(json_object_get(remote->root, "exposes")))
        return BERTH_OK;
    berth_fail(error, BERTH_REFUSED, "manifest-invalid", "remoteEntry.json lacks exposes");
    berth_path_where(error, remote->file->path, strlen(remote->file->path));
    return BERTH_REFUSED;
}

static void describe(struct remote *remote, json_t *exposes, json_t *shared) {
    json_t *description = remote->detection->description;
    const char *name = berth_json_string(remote->root, "name");
    json_object_set_new(description, "format", json_string("native-federation"));
    json_object_set_new(description, "entry", json_string(remote->file->path));
    json_object_set_new(description, "type", json_string("module"));
    if (name && *name)
        json_object_set_new(description, "container", json_string(name));
    json_object_set_new(description, "chunkGlobals", json_array());
    json_object_set(description, "exposes", exposes);
    json_object_set(description, "shared", shared);
    if (json_array_size(exposes) == 0)
        berth_detect_warn(remote->detection, "exposes-unknown",
                          "no exposed module was found in remoteEntry.json");
}

enum berth_code berth_detect_native_json(struct berth_detection *detection,
                                         const struct berth_asset *file, const json_t *root,
                                         struct berth_error *error) {
    struct remote remote = {.detection = detection, .file = file, .root = root};
    enum berth_code code = check_shape(&remote, error);
    if (code)
        return code;
    json_t *exposes = take_exposes(&remote);
    json_t *shared = take_shared(&remote);
    check_chunks(&remote);
    code = berth_missing_refuse(&remote.missing, remote.file, error);
    if (!code)
        describe(&remote, exposes, shared);
    json_decref(exposes);
    json_decref(shared);
    return code;
}

enum berth_code berth_detect_native_file(struct berth_detection *detection,
                                         const struct berth_asset *file,
                                         struct berth_error *error) {
    json_t *root = NULL;
    char integrity[BERTH_INTEGRITY_BYTES];
    enum berth_code code = berth_detect_json(detection, file, integrity, &root, error);
    if (code)
        return code;
    code = berth_detect_native_json(detection, file, root, error);
    if (!code)
        json_object_set_new(detection->description, "integrity", json_string(integrity));
    json_decref(root);
    return code;
}

enum berth_code berth_detect_native(struct berth_detection *detection, bool *ret_matched,
                                    struct berth_error *error) {
    const struct berth_asset *file = NULL;
    enum berth_code code = berth_detect_find(detection->tree, is_remote_entry, &file, error);
    if (!code && file)
        code = berth_detect_native_file(detection, file, error);
    *ret_matched = !code && file;
    return code;
}
