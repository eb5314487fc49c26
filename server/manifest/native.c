/* Native Federation: where each remote's remoteEntry.json is, and what is added to it so that stock
 * loaders follow what is live. */
#include "berth/json.h"
#include "views.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 8192 };

static bool is_native(const struct berth_remote *remote) {
    const char *entry = berth_json_string(remote->description, "entry");
    return entry && manifest_has(remote, "format", "native-federation");
}

/* How much of a path is its folder, with the slash. */
static size_t folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* In the version's own folder: a loader takes the URLs of all files from that of the document, and
 * the scopes in which they find their packages. */
static json_t *entry_url(const struct berth_live *live, const struct berth_remote *remote) {
    const char *entry = berth_json_string(remote->description, "entry");
    struct berth_buffer path;
    berth_buffer_init(&path, PATH_MAX_BYTES);
    berth_buffer_add(&path, entry, folder_of(entry));
    berth_buffer_text(&path, BERTH_NATIVE_ENTRY);
    json_t *url = path.failed ? NULL : manifest_url(live->public_url, remote, path.data);
    berth_buffer_done(&path);
    return url;
}

json_t *manifest_native(const struct berth_live *live) {
    const char **names = manifest_names(live, is_native);
    json_t *map = names ? json_object() : NULL;
    for (size_t i = 0; map && i < live->count; i++)
        if (names[i])
            json_object_set_new(map, names[i], entry_url(live, &live->remotes[i]));
    free(names);
    return map;
}

/* Loaders put it behind the folder as it is; from there the URL climbs to where modules are. */
static void set_endpoint(json_t *entry, const struct berth_remote *remote) {
    struct berth_buffer url;
    const char *path = berth_json_string(remote->description, "entry");
    const char *name = strrchr(remote->module, '/');
    berth_buffer_init(&url, PATH_MAX_BYTES);
    berth_buffer_text(&url, "/../");
    for (; path && *path; path++)
        if (*path == '/')
            berth_buffer_text(&url, "../");
    berth_buffer_printf(&url, "%s/@events?after=%lld", name ? name + 1 : remote->module,
                        (long long)remote->generation);
    if (!url.failed)
        json_object_set_new(entry, "buildNotificationsEndpoint", json_string(url.data));
    berth_buffer_done(&url);
}

/* By path below the document's folder, as the document names them. */
static json_t *integrity_of(const struct berth_remote *remote) {
    const char *entry = berth_json_string(remote->description, "entry");
    size_t folder = entry ? folder_of(entry) : 0;
    json_t *integrity = json_object();
    const char *path;
    json_t *value;
    json_object_foreach(json_object_get(remote->description, "files"), path,
                        value) if (manifest_is_script(path) &&
                                   (folder == 0 || strncmp(path, entry, folder) == 0))
        json_object_set_new(integrity, path + folder, json_deep_copy(value));
    return integrity;
}

void berth_native_entry_adjust(json_t *entry, const struct berth_remote *remote) {
    set_endpoint(entry, remote);
    if (!json_is_object(json_object_get(entry, "integrity")))
        json_object_set_new(entry, "integrity", integrity_of(remote));
}
