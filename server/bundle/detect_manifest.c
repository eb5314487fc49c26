/* mf-manifest.json, as @module-federation/enhanced, rspack 2 and @module-federation/vite write it.
 *
 * Read leniently: vite's lacks fields that webpack's has, and names a server entry that was not
 * emitted. What a browser would load must be there: the remote entry and the exposes' assets. */
#include "berth/json.h"
#include "detect.h"
#include "path.h"

#include <stdio.h>
#include <string.h>

struct manifest {
    struct berth_detection *detection;
    const struct berth_asset *file;
    json_t *root;
    struct berth_missing missing;
};

static bool is_manifest(const char *name) {
    return strcmp(name, "mf-manifest.json") == 0;
}

static enum berth_code refuse_manifest(const struct manifest *manifest, const char *rule,
                                       const char *text, struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, rule, "%s", text);
    berth_path_where(error, manifest->file->path, strlen(manifest->file->path));
    return BERTH_REFUSED;
}

static json_t *meta(const struct manifest *manifest) {
    return json_object_get(manifest->root, "metaData");
}

/* What the federation runtime demands (RUNTIME-013 otherwise), and the name of its entry. */
static enum berth_code check_shape(const struct manifest *manifest, struct berth_error *error) {
    const json_t *entry = json_object_get(meta(manifest), "remoteEntry");
    if (!json_is_object(meta(manifest)) ||
        !json_is_array(json_object_get(manifest->root, "exposes")) ||
        !json_is_array(json_object_get(manifest->root, "shared")))
        return refuse_manifest(manifest, "manifest-invalid",
                               "the manifest lacks metaData, exposes or shared", error);
    const char *name = berth_json_string(entry, "name");
    if (!name || !*name)
        return refuse_manifest(manifest, "manifest-invalid",
                               "the manifest names no metaData.remoteEntry", error);
    return BERTH_OK;
}

/* path + name, as the runtime joins them; relative to the manifest's folder. */
static const struct berth_asset *find_entry(struct manifest *manifest) {
    const json_t *entry = json_object_get(meta(manifest), "remoteEntry");
    const char *path = berth_json_string(entry, "path");
    const char *name = berth_json_string(entry, "name");
    size_t length = path ? strlen(path) : 0;
    char full[2 * BERTH_PATH_MAX_BYTES];
    bool slash = length && path[length - 1] != '/';
    (void)snprintf(full, sizeof full, "%s%s%s", path ? path : "", slash ? "/" : "", name);
    const struct berth_asset *asset =
        berth_detect_beside(manifest->detection->tree, manifest->file->path, full);
    if (!asset)
        berth_missing_add(&manifest->missing, full);
    return asset;
}

/* Adds the files of one list to `ret` (NULL: only looks whether they exist). */
static void take_files(struct manifest *manifest, const json_t *list, json_t *ret) {
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(list, index, value) {
        const char *name = json_string_value(value);
        if (!name)
            continue;
        const struct berth_asset *asset =
            berth_detect_beside(manifest->detection->tree, manifest->file->path, name);
        if (!asset)
            berth_missing_add(&manifest->missing, name);
        else if (ret)
            json_array_append_new(ret, json_string(asset->path));
    }
}

/* What is needed before the first render; the rest is only checked. */
static json_t *take_kind(struct manifest *manifest, const json_t *assets, const char *kind) {
    const json_t *lists = json_object_get(assets, kind);
    json_t *files = json_array();
    take_files(manifest, json_object_get(lists, "sync"), files);
    take_files(manifest, json_object_get(lists, "async"), NULL);
    return files;
}

static json_t *take_expose(struct manifest *manifest, const json_t *expose) {
    const char *path = berth_json_string(expose, "path");
    const char *name = berth_json_string(expose, "name");
    const char *shown = path && *path ? path : name;
    if (!shown)
        return NULL;
    const json_t *assets = json_object_get(expose, "assets");
    json_t *js = take_kind(manifest, assets, "js");
    json_t *css = take_kind(manifest, assets, "css");
    bool any = json_array_size(js) + json_array_size(css) > 0;
    /* Older manifests have a name only, without the "./" that it is asked for by. */
    json_t *result = json_pack("{ss+}", "name", path && *path ? "" : "./", shown);
    if (any)
        json_object_set_new(result, "assets", json_pack("{sO sO}", "js", js, "css", css));
    json_decref(js);
    json_decref(css);
    return result;
}

static json_t *take_exposes(struct manifest *manifest) {
    json_t *exposes = json_array();
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(json_object_get(manifest->root, "exposes"), index, value) {
        json_t *expose = take_expose(manifest, value);
        if (expose)
            json_array_append_new(exposes, expose);
    }
    return exposes;
}

static void copy_text(json_t *to, const json_t *from, const char *key) {
    const char *text = berth_json_string(from, key);
    if (text && *text)
        json_object_set_new(to, key, json_string(text));
}

/* The files of one list that are in the bundle. That others are missing is no fault: a shared
 * package mostly comes from elsewhere. */
static json_t *shared_files(const struct manifest *manifest, const json_t *list) {
    json_t *files = json_array();
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(list, index, value) {
        const char *name = json_string_value(value);
        const struct berth_asset *asset =
            name ? berth_detect_beside(manifest->detection->tree, manifest->file->path, name)
                 : NULL;
        if (asset)
            json_array_append_new(files, json_string(asset->path));
    }
    return files;
}

/* vite has nothing in "sync": it imports the package itself on demand. */
static void set_shared_assets(const struct manifest *manifest, const json_t *value,
                              json_t *package) {
    const json_t *lists = json_object_get(json_object_get(value, "assets"), "js");
    const json_t *styles = json_object_get(json_object_get(value, "assets"), "css");
    const json_t *sync = json_object_get(lists, "sync");
    json_t *js =
        shared_files(manifest, json_array_size(sync) ? sync : json_object_get(lists, "async"));
    json_t *css = shared_files(manifest, json_object_get(styles, "sync"));
    if (json_array_size(js) + json_array_size(css))
        json_object_set_new(package, "assets", json_pack("{sO sO}", "js", js, "css", css));
    json_decref(js);
    json_decref(css);
}

static json_t *take_shared(const struct manifest *manifest) {
    json_t *shared = json_array();
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(json_object_get(manifest->root, "shared"), index, value) {
        if (!berth_json_string(value, "name"))
            continue;
        json_t *package = json_object();
        copy_text(package, value, "name");
        copy_text(package, value, "version");
        copy_text(package, value, "requiredVersion");
        if (json_is_boolean(json_object_get(value, "singleton")))
            json_object_set(package, "singleton", json_object_get(value, "singleton"));
        set_shared_assets(manifest, value, package);
        json_array_append_new(shared, package);
    }
    return shared;
}

static const char *entry_type(const struct manifest *manifest) {
    const char *type = berth_json_string(json_object_get(meta(manifest), "remoteEntry"), "type");
    bool module = type && (strcmp(type, "module") == 0 || strcmp(type, "esm") == 0);
    return module ? "module" : "script";
}

static const char *container_name(const struct manifest *manifest) {
    const char *name = berth_json_string(meta(manifest), "globalName");
    if (!name || !*name)
        name = berth_json_string(meta(manifest), "name");
    return name && *name ? name : berth_json_string(manifest->root, "name");
}

/* What the manifest says need not be found in the entry. */
static void take_warnings(const struct manifest *manifest, const json_t *scan) {
    json_t *warnings = json_object_get(manifest->detection->description, "warnings");
    size_t index = 0;
    json_t *value = NULL;
    json_array_foreach(json_object_get(scan, "warnings"), index, value) {
        const char *rule = berth_json_string(value, "rule");
        if (strcmp(rule, "exposes-unknown") != 0 && strcmp(rule, "container-unknown") != 0)
            json_array_append(warnings, value);
    }
}

static void describe(const struct manifest *manifest, const struct berth_asset *entry,
                     json_t *exposes, json_t *scan) {
    json_t *description = manifest->detection->description;
    const char *container = container_name(manifest);
    json_object_set_new(description, "format", json_string("module-federation"));
    json_object_set_new(description, "entry", json_string(entry->path));
    json_object_set_new(description, "manifest", json_string(manifest->file->path));
    json_object_set_new(description, "type", json_string(entry_type(manifest)));
    if (container)
        json_object_set_new(description, "container", json_string(container));
    json_object_set(description, "chunkGlobals", json_object_get(scan, "chunkGlobals"));
    json_object_set(description, "exposes", exposes);
    json_object_set_new(description, "shared", take_shared(manifest));
    take_warnings(manifest, scan);
}

static enum berth_code take(struct manifest *manifest, struct berth_error *error) {
    enum berth_code code = check_shape(manifest, error);
    if (code)
        return code;
    const struct berth_asset *entry = find_entry(manifest);
    json_t *exposes = take_exposes(manifest);
    json_t *scan = NULL;
    code = berth_missing_refuse(&manifest->missing, manifest->file, error);
    if (!code)
        code = berth_detect_scan(manifest->detection, entry, &scan, error);
    if (!code)
        describe(manifest, entry, exposes, scan);
    json_decref(exposes);
    json_decref(scan);
    return code;
}

enum berth_code berth_detect_manifest_file(struct berth_detection *detection,
                                           const struct berth_asset *file,
                                           struct berth_error *error) {
    struct manifest manifest = {.detection = detection, .file = file};
    enum berth_code code = berth_detect_json(detection, file, NULL, &manifest.root, error);
    if (!code)
        code = take(&manifest, error);
    json_decref(manifest.root);
    return code;
}

/* A host that exposes nothing has a manifest as well, of what it uses: its remoteEntry has no name,
 * or was not emitted. */
static enum berth_code is_host(struct berth_detection *detection, const struct berth_asset *file,
                               bool *ret, struct berth_error *error) {
    struct manifest manifest = {.detection = detection, .file = file};
    enum berth_code code = berth_detect_json(detection, file, NULL, &manifest.root, error);
    if (code)
        return code;
    const json_t *entry = json_object_get(meta(&manifest), "remoteEntry");
    const char *name = berth_json_string(entry, "name");
    const json_t *exposes = json_object_get(manifest.root, "exposes");
    *ret = json_is_array(exposes) && json_array_size(exposes) == 0 && json_is_object(entry) &&
           (!name || !*name || !find_entry(&manifest));
    json_decref(manifest.root);
    return BERTH_OK;
}

enum berth_code berth_detect_manifest(struct berth_detection *detection, bool *ret_matched,
                                      struct berth_error *error) {
    const struct berth_asset *file = NULL;
    enum berth_code code = berth_detect_find(detection->tree, is_manifest, &file, error);
    bool host = false;
    if (!code && file)
        code = is_host(detection, file, &host, error);
    if (!code && file && !host)
        code = berth_detect_manifest_file(detection, file, error);
    *ret_matched = !code && file && !host;
    return code;
}
