#include "detect.h"
#include "berth/digest.h"
#include "berth/json.h"
#include "declaration.h"
#include "path.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detector {
    const char *looks_for; /* NULL: nothing that one would name */
    const char *formats;   /* that may come of it, between spaces */
    berth_detect_fn detect;
};

/* In this order: a manifest says more than the script beside it. */
static const struct detector detectors[] = {
    {NULL, " pilet ", berth_detect_pilet},
    {"mf-manifest.json (Module Federation)", " module-federation ", berth_detect_manifest},
    {"remoteEntry.json (Native Federation)", " native-federation ", berth_detect_native},
    {"remoteEntry.js or the only remoteEntry*.js (webpack, rspack, vite)",
     " webpack-container module-container systemjs ", berth_detect_container},
    {NULL, " es-module module-container systemjs webpack-container ", berth_detect_package},
    {"an index or main .mjs or .js that exports (ES module)", " es-module module-container ",
     berth_detect_module},
    {"or calls System.register", " systemjs ", berth_detect_system},
    {NULL, " pilet ", berth_detect_old_pilet},
    {"or an index.html (a page by itself)", " document ", berth_detect_document},
};

enum {
    DETECTOR_COUNT = sizeof detectors / sizeof *detectors,
    MANIFEST_BYTES = 8 * 1024 * 1024,
    MAX_FILES = 1000,
    MAX_NAMED_MISSING = 4,
};

static enum berth_code refuse_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code refuse_missing(const struct berth_tree *tree, struct berth_error *error) {
    char looked_for[BERTH_HINT_BYTES] = "looked for: ";
    const char *between = "";
    for (size_t i = 0; i < DETECTOR_COUNT; i++) {
        if (!detectors[i].looks_for)
            continue;
        strncat(looked_for, between, sizeof looked_for - strlen(looked_for) - 1);
        between = "; ";
        strncat(looked_for, detectors[i].looks_for, sizeof looked_for - strlen(looked_for) - 1);
    }
    berth_fail(error, BERTH_REFUSED, "entry-missing",
               tree->count ? "no entry was found among the %zu files" : "the archive has %zu files",
               tree->count);
    strncat(looked_for, "; or name it in berth.json", sizeof looked_for - strlen(looked_for) - 1);
    berth_error_hint(error, "%s", looked_for);
    return BERTH_REFUSED;
}

/* With `format`, only what may be of it. */
static enum berth_code try_all(struct berth_detection *detection, const char *format,
                               bool *ret_matched, struct berth_error *error) {
    char wanted[64] = "";
    if (format)
        (void)snprintf(wanted, sizeof wanted, " %s ", format);
    for (size_t i = 0; i < DETECTOR_COUNT && !*ret_matched; i++) {
        enum berth_code code = BERTH_OK;
        if (strstr(detectors[i].formats, wanted))
            code = detectors[i].detect(detection, ret_matched, error);
        if (code)
            return code;
    }
    return BERTH_OK;
}

/* By the entry that berth.json names. */
static enum berth_code try_entry(struct berth_detection *detection, const struct berth_asset *entry,
                                 struct berth_error *error) {
    if (strcmp(berth_detect_name(entry->path), "mf-manifest.json") == 0)
        return berth_detect_manifest_file(detection, entry, error);
    if (berth_detect_ends(entry->path, ".json"))
        return berth_detect_native_file(detection, entry, error);
    return berth_detect_entry(detection, entry, error);
}

static enum berth_code detect(struct berth_detection *detection, struct berth_error *error) {
    struct berth_declaration declaration = {0};
    bool matched = false;
    enum berth_code code = berth_declaration_read(detection, &declaration, error);
    const char *format = berth_declaration_format(&declaration);
    if (!code && declaration.entry) {
        code = try_entry(detection, berth_declaration_asset(detection->tree, declaration.entry),
                         error);
        matched = true;
    }
    if (!code && !matched)
        code = try_all(detection, format, &matched, error);
    const char *only = matched ? NULL : berth_declaration_first_file(&declaration);
    if (!code && only) {
        code = try_entry(detection, berth_declaration_asset(detection->tree, only), error);
        matched = true;
    }
    if (!code && !matched)
        code = refuse_missing(detection->tree, error);
    if (!code)
        code = berth_declaration_apply(&declaration, detection, error);
    berth_declaration_done(&declaration);
    return code;
}

/* "warnings" was needed from the start and belongs at the end. */
static void move_to_end(json_t *object, const char *key) {
    json_t *value = json_incref(json_object_get(object, key));
    json_object_del(object, key);
    json_object_set_new(object, key, value);
}

/* {path: integrity} of all scripts and style sheets. It is in what every page gets, so there is an
 * end to it. */
static void add_files(struct berth_detection *detection) {
    json_t *files = json_object();
    for (size_t i = 0; i < detection->tree->count; i++) {
        const struct berth_tree_node *node = &detection->tree->nodes[i];
        if (*node->integrity)
            json_object_set_new(files, node->asset.path, json_string(node->integrity));
    }
    if (json_object_size(files) <= MAX_FILES)
        json_object_set(detection->description, "files", files);
    else
        berth_detect_warn(detection, "integrity",
                          "the bundle has more than 1000 scripts and style sheets: only its entry "
                          "is held to its integrity");
    json_decref(files);
}

static enum berth_code describe(struct berth_detection *detection, struct berth_error *error) {
    enum berth_code code = detect(detection, error);
    if (!code)
        code = berth_detect_remotes(detection, error);
    if (code)
        return code;
    berth_detect_imports(detection);
    berth_detect_pilet_container(detection);
    move_to_end(detection->description, "integrity");
    add_files(detection);
    if (detection->tree->left_out)
        berth_detect_warn(detection, "mac-metadata",
                          "files that macOS puts beside others (._*, .DS_Store, __MACOSX) were "
                          "left out");
    move_to_end(detection->description, "warnings");
    return BERTH_OK;
}

enum berth_code berth_detect(struct berth_store *store, const struct berth_tree *tree,
                             enum berth_archive archive, char **ret, struct berth_error *error) {
    struct berth_error found = {0}, unread = {0};
    struct berth_detection detection = {.store = store, .tree = tree, .unread = &unread};
    detection.description =
        json_pack("{ss s[]}", "archive", berth_archive_name(archive), "warnings");
    if (!detection.description)
        return refuse_memory(error);
    enum berth_code code = describe(&detection, &found);
    if (unread.code) {
        code = unread.code;
        found = unread;
    }
    if (!code) {
        *ret = berth_json_text(detection.description);
        code = *ret ? BERTH_OK : refuse_memory(&found);
    }
    if (code && error && !error->code)
        *error = found;
    json_decref(detection.description);
    return code;
}

void berth_detect_warn(struct berth_detection *detection, const char *rule, const char *text) {
    json_array_append_new(json_object_get(detection->description, "warnings"),
                          json_pack("{ss ss}", "rule", rule, "text", text));
}

static int depth_of(const char *path) {
    int depth = 0;
    for (; *path; path++)
        depth += *path == '/';
    return depth;
}

const char *berth_detect_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool berth_detect_ends(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t wanted = strlen(ending);
    return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

static enum berth_code refuse_ambiguous(const struct berth_asset *a, const struct berth_asset *b,
                                        struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, "entry-ambiguous", "two files could be the entry");
    berth_path_where(error, b->path, strlen(b->path));
    berth_error_hint(error, "send one build; the other is %s", a->path);
    return BERTH_REFUSED;
}

enum berth_code berth_detect_find(const struct berth_tree *tree, bool (*matches)(const char *name),
                                  const struct berth_asset **ret, struct berth_error *error) {
    const struct berth_asset *best = NULL;
    const struct berth_asset *rival = NULL;
    for (size_t i = 0; i < tree->count; i++) {
        const struct berth_asset *asset = &tree->nodes[i].asset;
        if (!matches(berth_detect_name(asset->path)))
            continue;
        int difference = best ? depth_of(asset->path) - depth_of(best->path) : -1;
        if (difference < 0) {
            best = asset;
            rival = NULL;
        } else if (difference == 0) {
            rival = asset;
        }
    }
    if (rival)
        return refuse_ambiguous(best, rival, error);
    *ret = best;
    return BERTH_OK;
}

enum berth_code berth_detect_read(const struct berth_detection *detection,
                                  const struct berth_asset *asset, char **ret, size_t *ret_bytes,
                                  struct berth_error *error) {
    if (asset->bytes > BERTH_SCAN_TEXT_BYTES) {
        berth_fail(error, BERTH_TOO_LARGE, "limit-entry-bytes",
                   "an entry or manifest may have at most %d bytes", BERTH_SCAN_TEXT_BYTES);
        berth_path_where(error, asset->path, strlen(asset->path));
        return BERTH_TOO_LARGE;
    }
    struct berth_error unread = {0};
    enum berth_code code = berth_blob_read(detection->store, &asset->digest, BERTH_SCAN_TEXT_BYTES,
                                           ret, ret_bytes, &unread);
    if (code && !detection->unread->code)
        *detection->unread = unread;
    if (code && error && !error->code)
        *error = unread;
    return code;
}

enum berth_code berth_detect_json(const struct berth_detection *detection,
                                  const struct berth_asset *file, char *ret_integrity, json_t **ret,
                                  struct berth_error *error) {
    char *text = NULL;
    size_t length = 0;
    enum berth_code code = berth_detect_read(detection, file, &text, &length, error);
    if (code)
        return code;
    struct berth_error syntax = {0};
    code = berth_json_parse(text, length, MANIFEST_BYTES, ret, &syntax);
    if (ret_integrity)
        berth_integrity(text, length, ret_integrity);
    free(text);
    if (!code)
        return BERTH_OK;
    berth_fail(error, BERTH_REFUSED, "manifest-syntax", "the manifest is not valid JSON: %s",
               syntax.text);
    berth_path_where(error, file->path, strlen(file->path));
    return BERTH_REFUSED;
}

void berth_missing_add(struct berth_missing *missing, const char *path) {
    size_t used = strlen(missing->names);
    if (missing->count++ < MAX_NAMED_MISSING)
        (void)snprintf(missing->names + used, sizeof missing->names - used, "%s%.60s",
                       used ? ", " : "", path);
}

enum berth_code berth_missing_refuse(const struct berth_missing *missing,
                                     const struct berth_asset *manifest,
                                     struct berth_error *error) {
    int more = missing->count - MAX_NAMED_MISSING;
    if (!missing->count)
        return BERTH_OK;
    if (more > 0)
        berth_fail(error, BERTH_REFUSED, "manifest-missing-file",
                   "the manifest names files that are not in the archive: %s and %d more",
                   missing->names, more);
    else
        berth_fail(error, BERTH_REFUSED, "manifest-missing-file",
                   "the manifest names files that are not in the archive: %s", missing->names);
    berth_path_where(error, manifest->path, strlen(manifest->path));
    berth_error_hint(error, "send the whole output folder of one build");
    return BERTH_REFUSED;
}

const struct berth_asset *berth_detect_beside(const struct berth_tree *tree, const char *base,
                                              const char *path) {
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    char full[2 * BERTH_PATH_MAX_BYTES];
    size_t folder = (size_t)(berth_detect_name(base) - base);
    size_t length = strlen(path);
    if (folder + length >= sizeof full)
        return NULL;
    memcpy(full, base, folder);
    memcpy(full + folder, path, length + 1);
    return berth_tree_find(tree, full);
}

/* nx#19841 and others: a server's fallback page saved as the script. */
static enum berth_code check_script(const struct berth_asset *entry, const char *text,
                                    struct berth_error *error) {
    text += strspn(text, " \t\r\n\xef\xbb\xbf");
    if (*text && *text != '<')
        return BERTH_OK;
    berth_fail(error, BERTH_REFUSED, "entry-not-script",
               *text ? "the entry is a page, not a script" : "the entry is empty");
    berth_path_where(error, entry->path, strlen(entry->path));
    return BERTH_REFUSED;
}

static void keep_existing(const struct berth_tree *tree, const char *entry,
                          const json_t *candidates, json_t *ret) {
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(candidates, index, value) {
        const struct berth_asset *asset =
            berth_detect_beside(tree, entry, json_string_value(value));
        size_t seen = 0;
        while (asset && seen < json_array_size(ret) &&
               strcmp(json_string_value(json_array_get(ret, seen)), asset->path) != 0)
            seen++;
        if (asset && seen == json_array_size(ret))
            json_array_append_new(ret, json_string(asset->path));
    }
}

/* {"name", "js", "css"} of the scan becomes {"name", "assets": {"js", "css"}} with real files. */
static void resolve_assets(const struct berth_tree *tree, const char *entry, json_t *items) {
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(items, index, item) {
        json_t *js = json_array();
        json_t *css = json_array();
        keep_existing(tree, entry, json_object_get(item, "js"), js);
        keep_existing(tree, entry, json_object_get(item, "css"), css);
        json_object_del(item, "js");
        json_object_del(item, "css");
        if (json_array_size(js) + json_array_size(css))
            json_object_set_new(item, "assets", json_pack("{sO sO}", "js", js, "css", css));
        json_decref(js);
        json_decref(css);
    }
}

static enum berth_code scan_text(struct berth_detection *detection, const struct berth_asset *entry,
                                 const char *text, size_t length, json_t **ret_scan,
                                 struct berth_error *error) {
    enum berth_code code = check_script(entry, text, error);
    if (!code)
        code = berth_scan(text, length, ret_scan, error);
    if (code)
        return code;
    char integrity[BERTH_INTEGRITY_BYTES];
    berth_integrity(text, length, integrity);
    json_object_set_new(detection->description, "integrity", json_string(integrity));
    resolve_assets(detection->tree, entry->path, json_object_get(*ret_scan, "exposes"));
    resolve_assets(detection->tree, entry->path, json_object_get(*ret_scan, "shared"));
    return BERTH_OK;
}

enum berth_code berth_detect_scan(struct berth_detection *detection,
                                  const struct berth_asset *entry, json_t **ret_scan,
                                  struct berth_error *error) {
    char *text = NULL;
    size_t length = 0;
    enum berth_code code = berth_detect_read(detection, entry, &text, &length, error);
    if (!code)
        code = scan_text(detection, entry, text, length, ret_scan, error);
    free(text);
    return code;
}

enum berth_code berth_detect_look(const struct berth_detection *detection,
                                  const struct berth_asset *asset, json_t **ret_scan,
                                  struct berth_error *error) {
    char *text = NULL;
    size_t length = 0;
    if (asset->bytes > BERTH_SCAN_TEXT_BYTES)
        return BERTH_OK;
    enum berth_code code = berth_detect_read(detection, asset, &text, &length, error);
    if (!code)
        code = berth_scan(text, length, ret_scan, error);
    free(text);
    return code;
}
