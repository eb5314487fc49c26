/* The feed of Piral: every live module that is a pilet, as piral-base's loaders take them. */
#include "berth/json.h"
#include "views.h"

#include <string.h>

static void copy(json_t *item, const char *key, const json_t *from) {
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set_new(item, key, json_deep_copy(value));
}

/* What a URL is stays one; what is a file of the bundle becomes its URL. */
static json_t *dependency_urls(const struct berth_live *live, const struct berth_remote *remote,
                               const json_t *dependencies) {
    json_t *urls = json_object();
    const char *name;
    json_t *value;
    /* jansson's macro wants a non-const object but only reads. */
    json_object_foreach((json_t *)(uintptr_t)dependencies, name, value) {
        const char *path = json_string_value(value);
        if (path)
            json_object_set_new(urls, name,
                                strstr(path, "://") ? json_string(path)
                                                    : manifest_url(live->public_url, remote, path));
    }
    return urls;
}

/* A loader knows version 0 by its hash and version 1 by its name for `require`. */
static void set_spec(json_t *item, const json_t *pilet) {
    static const char *const specs[] = {NULL, NULL, "v2", "v3"};
    const char *word = berth_json_string(pilet, "version");
    json_int_t number = berth_json_integer(pilet, "version", 0);
    if (!word && number >= 0 && number < (json_int_t)(sizeof specs / sizeof *specs))
        word = specs[number];
    if (word)
        json_object_set_new(item, "spec", json_string(word));
}

static json_t *item_of(const struct berth_live *live, const struct berth_remote *remote,
                       const json_t *pilet) {
    const json_t *dependencies = json_object_get(pilet, "dependencies");
    json_t *item = json_pack(
        "{ss ss so}", "name", remote->module, "version", remote->version, "link",
        manifest_url(live->public_url, remote, berth_json_string(remote->description, "entry")));
    if (!item)
        return NULL;
    set_spec(item, pilet);
    copy(item, "hash", pilet);
    copy(item, "requireRef", pilet);
    if (!json_object_get(pilet, "hash"))
        copy(item, "integrity", remote->description);
    if (dependencies)
        json_object_set_new(item, "dependencies", dependency_urls(live, remote, dependencies));
    copy(item, "custom", pilet);
    copy(item, "config", pilet);
    return item;
}

json_t *manifest_pilets(const struct berth_live *live) {
    json_t *items = json_array();
    for (size_t i = 0; i < live->count; i++) {
        const struct berth_remote *remote = &live->remotes[i];
        const json_t *pilet = json_object_get(remote->description, "pilet");
        if (pilet && berth_json_string(remote->description, "entry"))
            json_array_append_new(items, item_of(live, remote, pilet));
    }
    return json_pack("{so}", "items", items);
}
