/* What npm packs: a pilet of Piral, which its main file says of itself in its first line, or any
 * other package whose package.json names a file that a loader can start with. */
#include "berth/bundle.h"
#include "berth/digest.h"
#include "berth/json.h"
#include "detect.h"
#include "path.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKAGE_FILE "package.json"

enum {
    HEADER_MAX_BYTES = 64 * 1024,
    METADATA_MAX_BYTES = 16 * 1024,
    METADATA_MAX_DEPTH = 16, /* it becomes part of deeper documents */
};

struct header {
    int version; /* of the pilet's format: 0 to 3 */
    char reference[128];
    const char *dependencies; /* JSON text in the line, or NULL */
    size_t dependencies_length;
};

/* --- the first line: //@pilet v:2(webpackChunkpr_x,{"react@18.3.1":"react.js"}) --- */

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static bool is_reference(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == ':' || c == '-';
}

/* "(reference)" or "(reference, {...})"; `end` is that of the line. */
static bool read_arguments(const char *at, const char *end, struct header *ret) {
    const char *close = memrchr(at, ')', (size_t)(end - at));
    size_t length = 0;
    if (*at != '(' || !close)
        return false;
    for (at++; at + length < close && is_reference(at[length]);)
        length++;
    if (!length || length >= sizeof ret->reference)
        return false;
    memcpy(ret->reference, at, length);
    at = skip_blanks(at + length, close);
    if (at < close && *at == ',') {
        ret->dependencies = skip_blanks(at + 1, close);
        ret->dependencies_length = (size_t)(close - ret->dependencies);
        return true;
    }
    return at == close;
}

static bool read_header(const char *text, size_t length, struct header *ret) {
    static const char word[] = "@pilet";
    const char *newline = memchr(text, '\n', length);
    const char *end = newline ? newline : text + length;
    *ret = (struct header){0};
    if (end - text < 2 || end - text > HEADER_MAX_BYTES || strncmp(text, "//", 2) != 0)
        return false;
    const char *at = skip_blanks(text + 2, end);
    if ((size_t)(end - at) < sizeof word || strncmp(at, word, sizeof word - 1) != 0)
        return false;
    at = skip_blanks(at + sizeof word - 1, end);
    if (end - at < 3 || strncmp(at, "v:", 2) != 0 || at[2] < '0' || at[2] > '3')
        return false;
    ret->version = at[2] - '0';
    at = skip_blanks(at + 3, end);
    return (at < end && read_arguments(at, end, ret)) || ret->version != 1;
}

/* --- package.json --- */

/* A new reference, or NULL: where it cannot be read, it says nothing. */
static json_t *read_package(const struct berth_detection *detection) {
    const struct berth_asset *file = berth_tree_find(detection->tree, PACKAGE_FILE);
    json_t *root = NULL;
    if (!file || file->bytes > BERTH_PACKAGE_MAX_BYTES ||
        berth_detect_json(detection, file, NULL, &root, NULL) != BERTH_OK)
        return NULL;
    return root;
}

static const struct berth_asset *find_path(const struct berth_tree *tree, const char *before,
                                           const char *path, const char *after) {
    char full[2 * BERTH_PATH_MAX_BYTES];
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    if (snprintf(full, sizeof full, "%s%s%s", before, path, after) >= (int)sizeof full)
        return NULL;
    return berth_tree_find(tree, full);
}

/* Where Piral's own tools look, in their order. */
static const struct berth_asset *find_main(const struct berth_tree *tree, const json_t *package) {
    static const struct {
        const char *before, *after;
    } places[] = {{"", ""}, {"dist/", ""}, {"", "/index.js"}, {"dist/", "/index.js"}};
    const char *name = berth_json_string(package, "main");
    const struct berth_asset *found = NULL;
    for (size_t i = 0; name && !found && i < sizeof places / sizeof *places; i++)
        found = find_path(tree, places[i].before, name, places[i].after);
    if (!found)
        found = berth_tree_find(tree, "index.js");
    return found ? found : berth_tree_find(tree, "dist/index.js");
}

/* --- what the feed tells of a pilet --- */

static size_t depth_of(const json_t *value, size_t most) {
    const char *key;
    json_t *member;
    size_t deepest = 0, index;
    if (!most || (!json_is_object(value) && !json_is_array(value)))
        return 1;
    /* jansson's macros want a non-const object but only read. */
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
        size_t depth = depth_of(member, most - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    json_array_foreach(value, index, member) {
        size_t depth = depth_of(member, most - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static bool fits(const json_t *value) {
    if (depth_of(value, METADATA_MAX_DEPTH) > METADATA_MAX_DEPTH)
        return false;
    json_t *holder = json_pack("[O]", value);
    char *text = holder ? berth_json_text(holder) : NULL;
    bool small = text && strlen(text) <= METADATA_MAX_BYTES;
    free(text);
    json_decref(holder);
    return small;
}

/* Of the package itself, else of what it says to Piral. */
static void add_metadata(struct berth_detection *detection, const json_t *package, const char *key,
                         json_t *pilet) {
    json_t *value = json_object_get(package, key);
    if (!value)
        value = json_object_get(json_object_get(package, "piral"), key);
    if (!value)
        value = json_object_get(json_object_get(package, "pilets"), key);
    if (!value)
        return;
    if (fits(value))
        json_object_set(pilet, key, value);
    else
        berth_detect_warn(detection, "pilet-metadata",
                          "\"custom\" or \"config\" of package.json is over 16 KiB or too deep: it "
                          "was left out");
}

/* A path is told as one of the bundle's; a URL as it is. */
static void add_dependency(struct berth_detection *detection, const char *main, const char *name,
                           const char *path, json_t *dependencies) {
    const struct berth_asset *asset =
        strstr(path, "://") ? NULL : berth_detect_beside(detection->tree, main, path);
    if (asset)
        json_object_set_new(dependencies, name, json_string(asset->path));
    else if (strncmp(path, "https://", 8) == 0 || strncmp(path, "http://", 7) == 0)
        json_object_set_new(dependencies, name, json_string(path));
    else
        berth_detect_warn(detection, "pilet-dependency",
                          "a dependency of the pilet is not in the archive: it was left out");
}

static void add_dependencies(struct berth_detection *detection, const struct header *header,
                             const char *main, json_t *pilet) {
    json_t *map = NULL;
    const char *name;
    json_t *path;
    if (!header->dependencies)
        return;
    if (berth_json_parse(header->dependencies, header->dependencies_length, HEADER_MAX_BYTES, &map,
                         NULL) != BERTH_OK) {
        berth_detect_warn(detection, "pilet-dependencies",
                          "the dependencies in the pilet's first line cannot be read");
        return;
    }
    json_t *dependencies = json_object();
    json_object_foreach(map, name, path) if (json_is_string(path))
        add_dependency(detection, main, name, json_string_value(path), dependencies);
    json_object_set_new(pilet, "dependencies", dependencies);
    json_decref(map);
}

static json_t *create_pilet(struct berth_detection *detection, const struct header *header,
                            const struct berth_asset *main, const json_t *package) {
    json_t *pilet = json_pack("{si}", "version", header->version);
    if (header->version == 0) {
        char hex[BERTH_HEX_BYTES];
        berth_digest_hex(&main->digest, hex);
        json_object_set_new(pilet, "hash", json_string(hex));
    }
    if (*header->reference)
        json_object_set_new(pilet, "requireRef", json_string(header->reference));
    add_dependencies(detection, header, main->path, pilet);
    add_metadata(detection, package, "custom", pilet);
    add_metadata(detection, package, "config", pilet);
    return pilet;
}

static void describe(struct berth_detection *detection, const struct header *header,
                     const struct berth_asset *main, const char *text, size_t length,
                     const json_t *package) {
    json_t *description = detection->description;
    char integrity[BERTH_INTEGRITY_BYTES];
    berth_integrity(text, length, integrity);
    json_object_set_new(description, "format", json_string("pilet"));
    json_object_set_new(description, "entry", json_string(main->path));
    json_object_set_new(description, "type", json_string("script"));
    json_object_set_new(description, "chunkGlobals", json_array());
    json_object_set_new(description, "exposes", json_array());
    json_object_set_new(description, "shared", json_array());
    json_object_set_new(description, "pilet", create_pilet(detection, header, main, package));
    json_object_set_new(description, "integrity", json_string(integrity));
}

/* `unmarked`: what the tools before the first line's mark made; its package.json names the app that
 * it was made for. */
static enum berth_code detect(struct berth_detection *detection, bool unmarked, bool *ret_matched,
                              struct berth_error *error) {
    json_t *package = read_package(detection);
    const struct berth_asset *main = package ? find_main(detection->tree, package) : NULL;
    struct header header;
    char *text = NULL;
    size_t length = 0;
    enum berth_code code = BERTH_OK;
    if (main && main->bytes <= BERTH_SCAN_TEXT_BYTES)
        code = berth_detect_read(detection, main, &text, &length, error);
    bool marked = !code && text && read_header(text, length, &header);
    if (!code && text && unmarked && !marked && json_is_object(json_object_get(package, "piral"))) {
        header = (struct header){0};
        marked = true;
    }
    if (marked) {
        describe(detection, &header, main, text, length, package);
        *ret_matched = true;
    }
    free(text);
    json_decref(package);
    return code;
}

enum berth_code berth_detect_pilet(struct berth_detection *detection, bool *ret_matched,
                                   struct berth_error *error) {
    return detect(detection, false, ret_matched, error);
}

enum berth_code berth_detect_old_pilet(struct berth_detection *detection, bool *ret_matched,
                                       struct berth_error *error) {
    return detect(detection, true, ret_matched, error);
}

/* --- other packages --- */

static bool can_start(const json_t *scan) {
    return json_object_get(scan, "system") || json_object_get(scan, "open") ||
           json_array_size(json_object_get(scan, "exports")) ||
           (json_object_get(scan, "container") &&
            json_array_size(json_object_get(scan, "exposes")));
}

static const char *exported_path(const json_t *package) {
    const json_t *exports = json_object_get(package, "exports");
    const json_t *root = json_object_get(exports, ".");
    root = root ? root : exports;
    if (json_is_string(root))
        return json_string_value(root);
    const char *path = berth_json_string(root, "import");
    return path ? path : berth_json_string(root, "default");
}

/* What is no module, container or System.register call (most are CommonJS) is passed over. */
enum berth_code berth_detect_package(struct berth_detection *detection, bool *ret_matched,
                                     struct berth_error *error) {
    json_t *package = read_package(detection);
    const char *names[] = {package ? exported_path(package) : NULL,
                           berth_json_string(package, "module")};
    const struct berth_asset *found[] = {NULL, NULL,
                                         package ? find_main(detection->tree, package) : NULL};
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; i < 3 && !code && !*ret_matched; i++) {
        json_t *scan = NULL;
        if (i < 2 && names[i])
            found[i] = find_path(detection->tree, "", names[i], "");
        if (found[i])
            code = berth_detect_look(detection, found[i], &scan, error);
        if (!code && scan && can_start(scan)) {
            code = berth_detect_entry(detection, found[i], error);
            *ret_matched = !code;
        }
        json_decref(scan);
    }
    json_decref(package);
    return code;
}

/* --- a container that is a pilet --- */

static bool has_expose(const json_t *description, const char *name) {
    size_t index;
    const json_t *expose;
    json_array_foreach(json_object_get(description, "exposes"), index, expose) {
        const char *other = berth_json_string(expose, "name");
        if (other && strcmp(other, name) == 0)
            return true;
    }
    return false;
}

void berth_detect_pilet_container(struct berth_detection *detection) {
    json_t *description = detection->description;
    const char *format = berth_json_string(description, "format");
    const char *type = berth_json_string(description, "type");
    if (!format || !type || strcmp(type, "script") != 0 ||
        (strcmp(format, "webpack-container") != 0 && strcmp(format, "module-federation") != 0))
        return;
    json_t *package = read_package(detection);
    const char *exposed = berth_json_string(json_object_get(package, "custom"), "exposed");
    if (package && has_expose(description, exposed ? exposed : "./pilet")) {
        json_t *pilet = json_pack("{ss}", "version", "mf");
        add_metadata(detection, package, "custom", pilet);
        add_metadata(detection, package, "config", pilet);
        json_object_set_new(description, "pilet", pilet);
    }
    json_decref(package);
}
