/* Module Federation 2: what a host registers, and the snapshot of a deployment (the runtime's
 * __FEDERATION__.moduleInfo), by the names that the containers were built with. */
#include "berth/json.h"
#include "views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX_BYTES = 512 };

static bool is_container(const struct berth_remote *remote) {
    const json_t *description = remote->description;
    if (!berth_json_string(description, "entry"))
        return false;
    if (manifest_has(remote, "format", "systemjs")) {
        const json_t *exposes = json_object_get(description, "exposes");
        const char *first = berth_json_string(json_array_get(exposes, 0), "name");
        return first && strcmp(first, ".") != 0;
    }
    return manifest_has(remote, "format", "webpack-container") ||
           manifest_has(remote, "format", "module-federation") ||
           manifest_has(remote, "format", "module-container");
}

/* How the runtime loads an entry. */
static const char *entry_type(const struct berth_remote *remote) {
    if (manifest_has(remote, "format", "systemjs"))
        return "system";
    return manifest_has(remote, "type", "module") ? "module" : "global";
}

static const char *global_name(const struct berth_remote *remote) {
    const char *container = berth_json_string(remote->description, "container");
    return container ? container : remote->module;
}

/* By the manifest where there is one: it tells the runtime what to preload. */
static json_t *remote_of(const struct berth_live *live, const struct berth_remote *remote,
                         const char *name) {
    const char *entry = berth_json_string(remote->description, "manifest");
    if (!entry)
        entry = berth_json_string(remote->description, "entry");
    return json_pack("{ss so ss ss ss}", "name", name, "entry",
                     manifest_url(live->public_url, remote, entry), "type", entry_type(remote),
                     "entryGlobalName", global_name(remote), "module", remote->module);
}

json_t *manifest_mf_remotes(const struct berth_live *live) {
    const char **names = manifest_names(live, is_container);
    json_t *list = names ? json_array() : NULL;
    for (size_t i = 0; list && i < live->count; i++)
        if (names[i])
            json_array_append_new(list, remote_of(live, &live->remotes[i], names[i]));
    free(names);
    return list;
}

/* {"js": {"sync", "async"}, "css": {"sync", "async"}} of what a description says. */
static json_t *assets_of(const json_t *item) {
    json_t *assets = json_object_get(item, "assets");
    json_t *js = json_deep_copy(json_object_get(assets, "js"));
    json_t *css = json_deep_copy(json_object_get(assets, "css"));
    return json_pack("{s{so s[]} s{so s[]}}", "js", "sync", js ? js : json_array(), "async", "css",
                     "sync", css ? css : json_array(), "async");
}

static json_t *modules_of(const struct berth_remote *remote) {
    json_t *modules = json_array();
    const json_t *exposes = json_object_get(remote->description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++) {
        const json_t *expose = json_array_get(exposes, i);
        const char *path = berth_json_string(expose, "name");
        if (!path)
            continue;
        const char *name = strncmp(path, "./", 2) == 0 ? path + 2 : path;
        json_array_append_new(modules, json_pack("{ss ss so}", "moduleName", name, "modulePath",
                                                 path, "assets", assets_of(expose)));
    }
    return modules;
}

static json_t *shared_of(const struct berth_remote *remote) {
    json_t *list = json_array();
    const json_t *shared = json_object_get(remote->description, "shared");
    for (size_t i = 0; i < json_array_size(shared); i++) {
        const json_t *item = json_array_get(shared, i);
        const char *version = berth_json_string(item, "version");
        json_t *package = json_pack("{ss* ss so}", "sharedName", berth_json_string(item, "name"),
                                    "version", version ? version : "", "assets", assets_of(item));
        if (package)
            json_array_append_new(list, package);
    }
    return list;
}

static json_t *snapshot_of(const struct berth_live *live, const struct berth_remote *remote) {
    return json_pack("{ss ss ss ss ss s{} so so so}", "version", remote->version, "buildVersion",
                     remote->version, "globalName", global_name(remote), "remoteEntry",
                     berth_json_string(remote->description, "entry"), "remoteEntryType",
                     entry_type(remote), "remotesInfo", "shared", shared_of(remote), "modules",
                     modules_of(remote), "publicPath", manifest_url(live->public_url, remote, ""));
}

/* Under its version, and under "*", which a host's {name, version: "*"} looks for: whatever host it
 * is, it gets what is live. */
static void add_snapshot(json_t *snapshot, const struct berth_live *live,
                         const struct berth_remote *remote, const char *name) {
    const char *const versions[] = {"*", remote->version};
    for (size_t i = 0; i < 2; i++) {
        char key[KEY_MAX_BYTES];
        if (snprintf(key, sizeof key, "%s:%s", name, versions[i]) < (int)sizeof key)
            json_object_set_new(snapshot, key, snapshot_of(live, remote));
    }
}

json_t *manifest_mf_snapshot(const struct berth_live *live) {
    const char **names = manifest_names(live, is_container);
    json_t *snapshot = names ? json_object() : NULL;
    for (size_t i = 0; snapshot && i < live->count; i++)
        if (names[i])
            add_snapshot(snapshot, live, &live->remotes[i], names[i]);
    free(names);
    return snapshot;
}
