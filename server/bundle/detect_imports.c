/* Which files of the bundle a browser fetches when it imports an ES module: those that its import
 * statements name, theirs, and so on. Only relative specifiers are followed; others are an import
 * map's to resolve. Bounded: what is left out is fetched later, when a browser finds it. */
#include "berth/json.h"
#include "detect.h"
#include "path.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_FILES = 200, /* of one expose or package */
    MAX_READS = 1000,
    MAX_READ_BYTES = 32 * 1024 * 1024, /* all together */
};

struct imports {
    const struct berth_detection *detection;
    json_t *known; /* {path: [paths that it imports]} */
    int64_t bytes;
};

static bool is_script(const char *path) {
    return berth_detect_ends(path, ".js") || berth_detect_ends(path, ".mjs");
}

const struct berth_asset *berth_detect_resolve(const struct berth_tree *tree, const char *base,
                                               const char *specifier) {
    char path[2 * BERTH_PATH_MAX_BYTES];
    size_t length = (size_t)(berth_detect_name(base) - base);
    if (*specifier != '.' || strpbrk(specifier, "?#%\\") || length >= sizeof path)
        return NULL;
    memcpy(path, base, length);
    while (*specifier) {
        size_t segment = strcspn(specifier, "/");
        bool last = specifier[segment] == '\0';
        if (segment == 2 && strncmp(specifier, "..", 2) == 0) {
            if (length == 0)
                return NULL;
            for (length--; length > 0 && path[length - 1] != '/';)
                length--;
        } else if (!(segment == 1 && *specifier == '.')) {
            if (length + segment + 2 > sizeof path)
                return NULL;
            memcpy(path + length, specifier, segment + !last);
            length += segment + !last;
        }
        specifier += segment + !last;
    }
    path[length] = '\0';
    return berth_tree_find(tree, path);
}

static json_t *resolve_all(const struct berth_tree *tree, const char *base,
                           const json_t *specifiers) {
    json_t *paths = json_array();
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(specifiers, index, value) {
        const struct berth_asset *asset =
            berth_detect_resolve(tree, base, json_string_value(value));
        if (asset && is_script(asset->path))
            json_array_append_new(paths, json_string(asset->path));
    }
    return paths;
}

static json_t *read_imports(const struct imports *imports, const struct berth_asset *asset) {
    char *text = NULL;
    size_t length = 0;
    struct berth_js js;
    json_t *specifiers = json_array();
    if (berth_detect_read(imports->detection, asset, &text, &length, NULL) == BERTH_OK &&
        berth_js_tokenize(&js, text, length, NULL) == BERTH_OK) {
        berth_scan_imports(&js, specifiers);
        berth_js_done(&js);
    }
    free(text);
    json_t *paths = resolve_all(imports->detection->tree, asset->path, specifiers);
    json_decref(specifiers);
    return paths;
}

/* Borrowed; NULL over a bound. */
static const json_t *imports_of(struct imports *imports, const char *path) {
    const json_t *known = json_object_get(imports->known, path);
    const struct berth_asset *asset = berth_tree_find(imports->detection->tree, path);
    if (known || !asset || json_object_size(imports->known) >= MAX_READS ||
        imports->bytes + asset->bytes > MAX_READ_BYTES)
        return known;
    imports->bytes += asset->bytes;
    json_object_set_new(imports->known, path, read_imports(imports, asset));
    return json_object_get(imports->known, path);
}

/* Adds to `files` what each of its members imports, and each that is added so. */
static void follow(struct imports *imports, json_t *files, json_t *seen) {
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *found = imports_of(imports, json_string_value(json_array_get(files, i)));
        size_t index = 0;
        json_t *path = NULL;
        json_array_foreach(found, index, path) {
            if (json_object_get(seen, json_string_value(path)) ||
                json_array_size(files) >= MAX_FILES)
                continue;
            json_object_set(seen, json_string_value(path), path);
            json_array_append(files, path);
        }
    }
}

/* `roots` are loaded by themselves and not listed; what they import is, and what the files that are
 * listed already import. */
static void complete(struct imports *imports, const char *const *roots, size_t count,
                     json_t *item) {
    json_t *assets = json_object_get(item, "assets");
    json_t *listed = json_object_get(assets, "js");
    json_t *files = json_array();
    json_t *seen = json_object();
    for (size_t i = 0; i < count; i++)
        if (roots[i] && json_object_set_new(seen, roots[i], json_true()) == 0)
            json_array_append_new(files, json_string(roots[i]));
    size_t index = 0;
    json_t *value = NULL;
    size_t own = json_array_size(files);
    json_array_foreach(listed, index, value) {
        if (json_object_get(seen, json_string_value(value)))
            continue;
        json_object_set(seen, json_string_value(value), value);
        json_array_append(files, value);
    }
    follow(imports, files, seen);
    for (; own > 0; own--)
        json_array_remove(files, 0);
    if (assets)
        json_object_set(assets, "js", files);
    else if (json_array_size(files))
        json_object_set_new(item, "assets", json_pack("{sO s[]}", "js", files, "css"));
    json_decref(files);
    json_decref(seen);
}

void berth_detect_imports(struct berth_detection *detection) {
    json_t *description = detection->description;
    const char *type = berth_json_string(description, "type");
    const char *entry = berth_json_string(description, "entry");
    if (!type || strcmp(type, "module") != 0 || !entry)
        return;
    struct imports imports = {.detection = detection, .known = json_object()};
    const char *script = is_script(entry) ? entry : NULL;
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(description, "exposes"), index, item) {
        const char *file = berth_json_string(item, "file");
        const char *const roots[] = {file ? file : script};
        complete(&imports, roots, 1, item);
    }
    json_array_foreach(json_object_get(description, "shared"), index, item) {
        const char *const roots[] = {berth_json_string(item, "file")};
        complete(&imports, roots, 1, item);
    }
    json_decref(imports.known);
}
