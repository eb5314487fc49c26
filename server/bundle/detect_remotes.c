/* What the bundle takes from other modules: from its manifest, and from the code of all its
 * scripts, since a page's own script may be the only one that does so. */
#include "berth/json.h"
#include "berth/name.h"
#include "berth/semver.h"
#include "detect.h"
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_READ_BYTES = 64 * 1024 * 1024, /* all scripts together */
    MAX_REMOTES = 500,
};

struct remotes {
    struct berth_detection *detection;
    json_t *found;          /* see berth_scan_remotes */
    json_t *remotes;        /* as in the description */
    const json_t *declared; /* those of berth.json, or NULL */
};

static bool is_script(const char *path) {
    return berth_detect_ends(path, ".js") || berth_detect_ends(path, ".mjs");
}

/* Most scripts take nothing from anyone; those are not looked at further. */
static bool is_worth_a_look(const char *text, size_t length, bool calls) {
    static const char *const marks[] = {"ScriptExternalLoadError",
                                        "externalModuleId",
                                        "shareScope",
                                        "exposedModule",
                                        "format",
                                        "import*as",
                                        "import * as"};
    bool any = calls && memmem(text, length, "./", 2);
    for (size_t i = 0; !any && i < sizeof marks / sizeof *marks; i++)
        any = memmem(text, length, marks[i], strlen(marks[i]));
    return any;
}

/* *ret_whole becomes false where the text is too long for the list of its tokens. */
static enum berth_code scan_script(struct remotes *remotes, const struct berth_asset *asset,
                                   bool calls, bool *ret_whole, struct berth_error *error) {
    char *text = NULL;
    size_t length = 0;
    struct berth_js js;
    enum berth_code code = berth_detect_read(remotes->detection, asset, &text, &length, error);
    if (!code && is_worth_a_look(text, length, calls)) {
        code = berth_js_tokenize(&js, text, length, error);
        if (!code) {
            berth_scan_remotes(&js, remotes->found);
            *ret_whole = *ret_whole && !js.cut;
            berth_js_done(&js);
        }
    }
    free(text);
    return code;
}

/* *ret_whole false: there was too much to look at it all. */
static enum berth_code scan_scripts(struct remotes *remotes, bool calls, bool *ret_whole,
                                    struct berth_error *error) {
    const struct berth_tree *tree = remotes->detection->tree;
    int64_t left = MAX_READ_BYTES;
    enum berth_code code = BERTH_OK;
    *ret_whole = true;
    for (size_t i = 0; !code && i < tree->count; i++) {
        const struct berth_asset *asset = &tree->nodes[i].asset;
        if (!is_script(asset->path))
            continue;
        left -= asset->bytes;
        if (left < 0 || asset->bytes > BERTH_SCAN_TEXT_BYTES)
            *ret_whole = false;
        else
            code = scan_script(remotes, asset, calls, ret_whole, error);
    }
    return code;
}

static bool same(const json_t *a, const char *a_key, const json_t *b, const char *b_key) {
    const char *one = berth_json_string(a, a_key), *other = berth_json_string(b, b_key);
    return one && other && strcmp(one, other) == 0;
}

static json_t *find(const json_t *array, const char *key, const json_t *by, const char *by_key) {
    for (size_t i = 0; i < json_array_size(array); i++)
        if (same(json_array_get(array, i), key, by, by_key))
            return json_array_get(array, i);
    return NULL;
}

static void take(json_t *to, const json_t *from, const char *key) {
    json_t *value = json_object_get(from, key);
    if (value && !json_object_get(to, key))
        json_object_set(to, key, value);
}

/* "/m/card/remoteEntry.js", with or without an origin, is of the module card; with a version behind
 * the name, of that version for good. */
static void take_place(json_t *remote) {
    const char *url = berth_json_string(remote, "url");
    const char *path = url ? strstr(url, "/m/") : NULL;
    if (!path)
        return;
    path += 3;
    size_t length = strcspn(path, "/?#");
    if (*path == '@' && path[length] == '/')
        length += 1 + strcspn(path + length + 1, "/?#");
    char name[BERTH_MODULE_MAX_BYTES + BERTH_VERSION_MAX_BYTES + 2];
    if (length >= sizeof name || path[length] != '/')
        return;
    memcpy(name, path, length);
    name[length] = '\0';
    char *at = strrchr(name, '@');
    if (at && at != name)
        *at++ = '\0';
    else
        at = NULL;
    if (berth_module_name_check(name, NULL) != BERTH_OK ||
        (at && berth_semver_check(at, NULL) != BERTH_OK))
        return;
    json_object_set_new(remote, "module", json_string(name));
    if (at)
        json_object_set_new(remote, "version", json_string(at));
}

static bool is_same_remote(const json_t *a, const json_t *b) {
    static const char *const keys[] = {"url", "container", "alias", "module"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (berth_json_string(a, keys[i]) && berth_json_string(b, keys[i]))
            return same(a, keys[i], b, keys[i]);
    return false;
}

/* Takes the remote. One without an expose says no more than one with; and the one with more
 * names is kept. */
static void add_remote(struct remotes *remotes, json_t *remote) {
    static const char *const names[] = {"alias", "container", "url"};
    for (size_t i = 0; i < json_array_size(remotes->remotes); i++) {
        json_t *known = json_array_get(remotes->remotes, i);
        bool expose = !json_object_get(remote, "expose") || same(known, "expose", remote, "expose");
        if (!is_same_remote(known, remote) || !expose)
            continue;
        for (size_t j = 0; j < sizeof names / sizeof *names; j++)
            take(known, remote, names[j]);
        json_decref(remote);
        return;
    }
    if (json_array_size(remotes->remotes) < MAX_REMOTES)
        json_array_append_new(remotes->remotes, remote);
    else
        json_decref(remote);
}

/* What the runtime is told of a remote by that name. */
static const json_t *find_info(const struct remotes *remotes, const json_t *by, const char *key) {
    const json_t *infos = json_object_get(remotes->found, "infos");
    const json_t *info = find(infos, "alias", by, key);
    return info ? info : find(infos, "container", by, key);
}

static void take_names(json_t *remote, const json_t *from) {
    take(remote, from, "alias");
    take(remote, from, "container");
    take(remote, from, "url");
}

static void add_uses(struct remotes *remotes) {
    size_t index = 0;
    const json_t *use = NULL;
    json_array_foreach(json_object_get(remotes->found, "uses"), index, use) {
        const json_t *external =
            find(json_object_get(remotes->found, "externals"), "id", use, "external");
        const json_t *info = find_info(remotes, use, "remote");
        if (!external && !json_object_get(use, "remote"))
            continue; /* an array that happens to look like one */
        json_t *remote = json_object();
        take_names(remote, info);
        take_names(remote, external);
        if (!json_object_get(remote, "alias") && !json_object_get(remote, "container") &&
            json_object_get(use, "remote"))
            json_object_set(remote, "alias", json_object_get(use, "remote"));
        take(remote, use, "expose");
        add_remote(remotes, remote);
    }
}

static void add_calls(struct remotes *remotes) {
    size_t index = 0;
    const json_t *call = NULL;
    json_array_foreach(json_object_get(remotes->found, "calls"), index, call) {
        const json_t *info = find_info(remotes, call, "remote");
        if (!info)
            continue;
        json_t *remote = json_object();
        take_names(remote, info);
        take(remote, call, "expose");
        add_remote(remotes, remote);
    }
}

/* Remotes of which no use was found. */
static void add_rest(struct remotes *remotes) {
    static const char *const kinds[] = {"infos", "externals"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t index = 0;
        const json_t *item = NULL;
        json_array_foreach(json_object_get(remotes->found, kinds[i]), index, item) {
            json_t *remote = json_object();
            take_names(remote, item);
            add_remote(remotes, remote);
        }
    }
}

/* A member of the manifest's `remotes`: vite has "*" for a URL that is in the code. */
static void add_manifest_remote(struct remotes *remotes, const json_t *item) {
    json_t *remote = json_object();
    const char *name = berth_json_string(item, "moduleName");
    const char *entry = berth_json_string(item, "entry");
    json_t *container = json_object_get(item, "federationContainerName");
    take(remote, item, "alias");
    if (json_is_string(container))
        json_object_set(remote, "container", container);
    if (entry && strchr(entry, '/'))
        json_object_set_new(remote, "url", json_string(entry));
    take_names(remote, find_info(remotes, remote, "alias"));
    if (name && strcmp(name, ".") == 0)
        json_object_set_new(remote, "expose", json_string("."));
    else if (name && *name && strcmp(name, "UNKNOWN") != 0 && strcmp(name, "*") != 0)
        json_object_set_new(remote, "expose",
                            json_pack("s+", strncmp(name, "./", 2) == 0 ? "" : "./", name));
    if (json_object_size(remote))
        add_remote(remotes, remote);
    else
        json_decref(remote);
}

/* A file beside the manifest, or at the root; NULL when it is not there or makes no sense. */
static json_t *read_json(const struct remotes *remotes, const char *name) {
    const char *manifest = berth_json_string(remotes->detection->description, "manifest");
    const struct berth_asset *file =
        berth_detect_beside(remotes->detection->tree, manifest ? manifest : "", name);
    json_t *root = NULL;
    if (file && berth_detect_json(remotes->detection, file, NULL, &root, NULL) != BERTH_OK)
        return NULL;
    return root;
}

static void add_manifest(struct remotes *remotes) {
    json_t *root = read_json(remotes, "mf-manifest.json");
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(json_object_get(root, "remotes"), index, item)
        add_manifest_remote(remotes, item);
    json_decref(root);
}

/* {"card": "/m/card/remoteEntry.json"}: what a host of Native Federation reads. */
static bool note_native(struct remotes *remotes) {
    json_t *root = read_json(remotes, "federation.manifest.json");
    json_t *infos = json_object_get(remotes->found, "infos");
    const char *alias = NULL;
    json_t *url = NULL;
    bool any = false;
    json_object_foreach(root, alias, url) {
        if (!json_is_string(url) || json_array_size(infos) >= MAX_REMOTES)
            continue;
        json_array_append_new(infos, json_pack("{ss sO}", "alias", alias, "url", url));
        any = true;
    }
    json_decref(root);
    return any;
}

/* mf-stats.json alone says which shared packages are strict. */
static void take_strict(const struct remotes *remotes) {
    json_t *root = read_json(remotes, "mf-stats.json");
    size_t index = 0;
    json_t *package = NULL;
    json_array_foreach(json_object_get(remotes->detection->description, "shared"), index, package) {
        const json_t *stats = find(json_object_get(root, "shared"), "name", package, "name");
        if (json_is_true(json_object_get(stats, "strictVersion")))
            json_object_set_new(package, "strictVersion", json_true());
    }
    json_decref(root);
}

/* Of a module that berth.json names nothing else is believed. */
static void put_declared(struct remotes *remotes) {
    for (size_t i = json_array_size(remotes->remotes); i-- > 0;)
        if (find(remotes->declared, "module", json_array_get(remotes->remotes, i), "module"))
            json_array_remove(remotes->remotes, i);
    for (size_t i = 0; i < json_array_size(remotes->declared); i++)
        json_array_append(remotes->remotes, json_array_get(remotes->declared, i));
}

static void collect(struct remotes *remotes) {
    size_t index = 0;
    json_t *remote = NULL;
    add_manifest(remotes);
    add_uses(remotes);
    add_calls(remotes);
    add_rest(remotes);
    json_array_foreach(remotes->remotes, index, remote) {
        take_place(remote);
    }
    put_declared(remotes);
}

enum berth_code berth_detect_remotes(struct berth_detection *detection, struct berth_error *error) {
    struct remotes remotes = {
        .detection = detection,
        .found = json_pack("{s[] s[] s[] s[]}", "externals", "infos", "uses", "calls"),
        .remotes = json_array(),
        .declared = json_object_get(detection->description, "remotes"),
    };
    bool whole = false;
    bool native = note_native(&remotes);
    enum berth_code code = scan_scripts(&remotes, native, &whole, error);
    if (!code) {
        collect(&remotes);
        take_strict(&remotes);
    }
    if (!code && whole)
        json_object_set(detection->description, "remotes", remotes.remotes);
    else if (!code && !remotes.declared)
        berth_detect_warn(
            detection, "remotes-unknown",
            "there is too much of scripts: not all was looked through for what it takes "
            "from other modules");
    json_decref(remotes.found);
    json_decref(remotes.remotes);
    return code;
}
