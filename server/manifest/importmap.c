/* Import maps of all that is live (WHATWG HTML, section 8.1.5.2): one for ES modules, one for
 * SystemJS, since neither loader runs what was built for the other. */
#include "berth/json.h"
#include "views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPECIFIER_MAX_BYTES = 1024 };

struct map {
    json_t *imports;
    json_t *scopes;
    json_t *integrity;
};

static struct map map_create(void) {
    return (struct map){json_object(), json_object(), json_object()};
}

/* Only members that say something; "imports" always, which some loaders read unasked. */
static json_t *map_finish(struct map *map) {
    json_t *result = json_pack("{sO}", "imports", map->imports);
    if (json_object_size(map->scopes))
        json_object_set(result, "scopes", map->scopes);
    if (json_object_size(map->integrity))
        json_object_set(result, "integrity", map->integrity);
    json_decref(map->imports);
    json_decref(map->scopes);
    json_decref(map->integrity);
    return result;
}

static bool is_es_module(const struct berth_remote *remote) {
    return manifest_has(remote, "type", "module");
}

static bool is_systemjs(const struct berth_remote *remote) {
    return manifest_has(remote, "format", "systemjs");
}

bool manifest_is_script(const char *path) {
    const char *dot = path ? strrchr(path, '.') : NULL;
    return dot && (strcmp(dot, ".js") == 0 || strcmp(dot, ".mjs") == 0);
}

static const char *file_of_expose(const json_t *description, const char *name) {
    const json_t *exposes = json_object_get(description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++) {
        const json_t *expose = json_array_get(exposes, i);
        const char *found = berth_json_string(expose, "name");
        if (found && strcmp(found, name) == 0)
            return berth_json_string(expose, "file");
    }
    return NULL;
}

/* "./Header" of shop becomes "shop/Header". */
static void add_expose(struct map *map, const struct berth_live *live,
                       const struct berth_remote *remote, const json_t *expose) {
    char specifier[SPECIFIER_MAX_BYTES];
    const char *name = berth_json_string(expose, "name"), *file = berth_json_string(expose, "file");
    if (!name || !file || strcmp(name, ".") == 0)
        return;
    name += strncmp(name, "./", 2) == 0 ? 2 : 0;
    if (snprintf(specifier, sizeof specifier, "%s/%s", remote->module, name) <
        (int)sizeof specifier)
        json_object_set_new(map->imports, specifier, manifest_url(live->public_url, remote, file));
}

static void add_module(struct map *map, const struct berth_live *live,
                       const struct berth_remote *remote) {
    char folder[SPECIFIER_MAX_BYTES];
    const json_t *description = remote->description;
    const char *entry = file_of_expose(description, ".");
    if (!entry)
        entry = berth_json_string(description, "entry");
    if (manifest_is_script(entry))
        json_object_set_new(map->imports, remote->module,
                            manifest_url(live->public_url, remote, entry));
    (void)snprintf(folder, sizeof folder, "%s/", remote->module);
    json_object_set_new(map->imports, folder, manifest_url(live->public_url, remote, ""));
    const json_t *exposes = json_object_get(description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++)
        add_expose(map, live, remote, json_array_get(exposes, i));
}

void berth_import_map_add_integrity(const struct berth_remote *remote, const char *public_url,
                                    json_t *integrity) {
    const char *path;
    json_t *value;
    json_object_foreach(json_object_get(remote->description, "files"), path, value) {
        json_t *url = manifest_is_script(path) ? manifest_url(public_url, remote, path) : NULL;
        if (url)
            json_object_set_new(integrity, json_string_value(url), json_deep_copy(value));
        json_decref(url);
    }
}

/* --- what Native Federation's modules import by name --- */

/* What most use is for all; what one keeps for itself, under the URLs of its own files. */
static void add_share(const struct berth_remote *remotes, const char *public_url,
                      const struct berth_share *share, json_t *imports, json_t *scopes) {
    const char *name = berth_json_string(share->wanted, "name");
    json_t *url =
        manifest_url(public_url, &remotes[share->provider], berth_json_string(share->copy, "file"));
    json_t *base = manifest_url(public_url, &remotes[share->user], "");
    const char *common = berth_json_string(imports, name);
    if (url && !common) {
        json_object_set(imports, name, url);
    } else if (url && base && strcmp(common, json_string_value(url)) != 0) {
        const char *scope = json_string_value(base);
        if (!json_object_get(scopes, scope))
            json_object_set_new(scopes, scope, json_object());
        json_object_set(json_object_get(scopes, scope), name, url);
    }
    json_decref(url);
    json_decref(base);
}

static size_t count_shared(const json_t *const *descriptions, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += json_array_size(json_object_get(descriptions[i], "shared"));
    return total;
}

/* A copy for itself alone must not become the one for all because its user comes first. */
void berth_import_map_add_shared(const struct berth_remote *remotes, size_t count,
                                 const char *public_url, json_t *imports, json_t *scopes) {
    const json_t **descriptions = calloc(count + 1, sizeof(void *));
    if (!descriptions)
        return;
    for (size_t i = 0; i < count; i++)
        descriptions[i] = remotes[i].description;
    size_t total = count_shared(descriptions, count);
    struct berth_share *shares = calloc(total + 1, sizeof *shares);
    size_t found = shares ? berth_shares_of_imports(descriptions, count, shares, total) : 0;
    for (int own = 0; own < 2; own++)
        for (size_t i = 0; i < found; i++)
            if (shares[i].alone == own)
                add_share(remotes, public_url, &shares[i], imports, scopes);
    free(shares);
    free(descriptions);
}

static void add_native_shared(struct map *map, const struct berth_live *live) {
    struct berth_remote *users = calloc(live->count + 1, sizeof *users);
    size_t count = 0;
    for (size_t i = 0; users && i < live->count; i++)
        if (manifest_has(&live->remotes[i], "format", "native-federation"))
            users[count++] = live->remotes[i];
    if (count)
        berth_import_map_add_shared(users, count, live->public_url, map->imports, map->scopes);
    free(users);
}

/* --- the two maps --- */

static struct map map_of(const struct berth_live *live,
                         bool (*is_one)(const struct berth_remote *remote)) {
    struct map map = map_create();
    for (size_t i = 0; i < live->count; i++) {
        const struct berth_remote *remote = &live->remotes[i];
        if (!is_one(remote))
            continue;
        add_module(&map, live, remote);
        berth_import_map_add_integrity(remote, live->public_url, map.integrity);
    }
    return map;
}

static bool is_either(const struct berth_remote *remote) {
    return is_es_module(remote) || is_systemjs(remote);
}

static struct map whole_map(const struct berth_live *live,
                            bool (*is_one)(const struct berth_remote *remote), bool native) {
    struct map map = map_of(live, is_one);
    if (native)
        add_native_shared(&map, live);
    manifest_add_externals(live, map.imports, map.scopes, map.integrity);
    return map;
}

json_t *manifest_importmap(const struct berth_live *live) {
    struct map map = whole_map(live, is_es_module, true);
    return map_finish(&map);
}

json_t *manifest_systemjs_map(const struct berth_live *live) {
    struct map map = whole_map(live, is_systemjs, false);
    return map_finish(&map);
}

json_t *manifest_imports(const struct berth_live *live) {
    struct map map = whole_map(live, is_either, true);
    return json_pack("{so so so}", "imports", map.imports, "scopes", map.scopes, "integrity",
                     map.integrity);
}
