#include "views.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { URL_MAX_BYTES = 8192, VIEW_MAX_BYTES = 64 * 1024 * 1024 };

/* RFC 3986 section 3.3: what a path segment may hold as it is, and the slash. */
static void add_encoded(struct berth_buffer *buffer, const char *path) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~!$&'()*+,;=:@/";
    while (*path) {
        size_t length = strspn(path, plain);
        berth_buffer_add(buffer, path, length);
        path += length;
        if (*path)
            berth_buffer_printf(buffer, "%%%02X", (unsigned)(unsigned char)*path++);
    }
}

void berth_asset_url(struct berth_buffer *buffer, const char *public_url, const char *module,
                     const char *version, const char *path) {
    berth_buffer_text(buffer, public_url);
    berth_buffer_printf(buffer, "/m/%s@%s/", module, version);
    add_encoded(buffer, path);
}

json_t *manifest_url(const char *public_url, const struct berth_remote *remote, const char *path) {
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, URL_MAX_BYTES);
    berth_asset_url(&buffer, public_url, remote->module, remote->version, path);
    json_t *value = buffer.failed ? NULL : json_string(buffer.data);
    berth_buffer_done(&buffer);
    return value;
}

bool manifest_has(const struct berth_remote *remote, const char *key, const char *value) {
    const char *found = berth_json_string(remote->description, key);
    return found && strcmp(found, value) == 0;
}

/* Copies, here and elsewhere: threads share a description, and must not count references to what is
 * in it. */
static json_t *expose_names(const json_t *description) {
    json_t *names = json_array();
    const json_t *exposes = json_object_get(description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++)
        json_array_append_new(names,
                              json_deep_copy(json_object_get(json_array_get(exposes, i), "name")));
    return names;
}

static void copy_member(json_t *to, const char *key, const json_t *from, const char *from_key) {
    json_t *value = json_object_get(from, from_key);
    if (value)
        json_object_set_new(to, key, json_deep_copy(value));
}

/* Takes the object. */
static void set_unless_empty(json_t *spec, const char *key, json_t *object) {
    if (json_object_size(object))
        json_object_set(spec, key, object);
    json_decref(object);
}

/* {expose: value} of the exposes that have the member. */
static json_t *expose_members(const json_t *description, const char *key) {
    json_t *members = json_object();
    const json_t *exposes = json_object_get(description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++) {
        const json_t *expose = json_array_get(exposes, i);
        const char *name = berth_json_string(expose, "name");
        const char *value = berth_json_string(expose, key);
        if (name && value)
            json_object_set_new(members, name, json_string(value));
    }
    return members;
}

/* {expose: URL} where exposes are files of their own. */
static json_t *expose_urls(const struct berth_remote *remote, const char *public_url) {
    json_t *urls = expose_members(remote->description, "file");
    const char *name;
    json_t *path;
    json_object_foreach(urls, name, path)
        json_object_set_new(urls, name, manifest_url(public_url, remote, json_string_value(path)));
    return urls;
}

json_t *berth_remote_json(const struct berth_remote *remote, const char *public_url) {
    const json_t *description = remote->description;
    const char *entry = berth_json_string(description, "entry");
    json_t *spec = json_pack("{ss ss sI}", "module", remote->module, "version", remote->version,
                             "generation", (json_int_t)remote->generation);
    if (!spec)
        return NULL;
    json_object_set_new(spec, "base", manifest_url(public_url, remote, ""));
    if (entry)
        json_object_set_new(spec, "entry", manifest_url(public_url, remote, entry));
    copy_member(spec, "type", description, "type");
    copy_member(spec, "format", description, "format");
    copy_member(spec, "name", description, "container");
    copy_member(spec, "globals", description, "chunkGlobals");
    copy_member(spec, "integrity", description, "integrity");
    json_object_set_new(spec, "exposes", expose_names(description));
    set_unless_empty(spec, "modules", expose_urls(remote, public_url));
    set_unless_empty(spec, "policies", expose_members(description, "policy"));
    set_unless_empty(spec, "contracts", expose_members(description, "contract"));
    set_unless_empty(spec, "files", json_deep_copy(json_object_get(description, "files")));
    if (remote->previous && berth_json_string(remote->previous->description, "entry"))
        json_object_set_new(spec, "previous", berth_remote_json(remote->previous, public_url));
    return spec;
}

json_t *berth_remotes_json(const struct berth_live *live) {
    json_t *map = json_object();
    for (size_t i = 0; i < live->count; i++)
        json_object_set_new(map, live->remotes[i].module,
                            berth_remote_json(&live->remotes[i], live->public_url));
    return json_pack("{sI so}", "generation", (json_int_t)live->generation, "remotes", map);
}

static bool is_document(const struct berth_remote *remote) {
    return remote->version && !berth_json_string(remote->description, "entry");
}

/* What the live entry is called with; only the names where there is nothing to load. */
static json_t *entry_spec(const struct berth_remote *remote, const char *public_url) {
    if (remote->version && !is_document(remote))
        return berth_remote_json(remote, public_url);
    json_t *spec = json_pack("{ss}", "module", remote->module);
    copy_member(spec, "name", remote->description, "container");
    return spec;
}

/* A version with something to load may follow: the container is there all the same. */
static void add_complaint(struct berth_buffer *buffer, const struct berth_remote *remote) {
    berth_buffer_printf(buffer,
                        "\n;console.error(\"berth: %s exposes nothing: its live version, %s, is a "
                        "document without an entry\")",
                        remote->module, remote->version);
}

char *berth_live_entry(const struct berth_remote *remote, const char *public_url,
                       const char *runtime, bool as_module) {
    struct berth_buffer buffer;
    json_t *spec = entry_spec(remote, public_url);
    berth_buffer_init(&buffer, VIEW_MAX_BYTES);
    berth_buffer_text(&buffer, runtime);
    if (is_document(remote))
        add_complaint(&buffer, remote);
    if (as_module) {
        berth_buffer_text(&buffer, "\n;const c=globalThis.__BERTH__.live(");
        berth_buffer_script_json(&buffer, spec);
        berth_buffer_text(&buffer, ",import.meta.url);"
                                   "export const get=c.get,init=c.init;export default c;\n");
    } else {
        berth_buffer_text(&buffer, "\n;__BERTH__.live(");
        berth_buffer_script_json(&buffer, spec);
        berth_buffer_text(&buffer, ");\n");
    }
    json_decref(spec);
    return berth_buffer_take(&buffer);
}

/* The runtime would load the files that are named here beside the live entry, which loads the same
 * ones from the version's own URLs: twice, and with style sheets that nobody takes away. */
static void empty_assets(json_t *items) {
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        if (json_object_get(item, "assets"))
            json_object_set_new(item, "assets",
                                json_pack("{s{s[] s[]} s{s[] s[]}}", "js", "sync", "async", "css",
                                          "sync", "async"));
    }
}

void berth_mf_manifest_adjust(json_t *manifest, const struct berth_remote *remote,
                              const char *public_url, bool live) {
    json_t *meta = json_object_get(manifest, "metaData");
    if (!json_is_object(meta))
        return;
    json_object_del(meta, "getPublicPath");
    json_object_set_new(meta, "publicPath",
                        *public_url ? manifest_url(public_url, remote, "") : json_string("auto"));
    if (!live)
        return;
    bool as_module = manifest_has(remote, "type", "module");
    json_t *entry =
        json_pack("{ss ss ss}", "name", as_module ? "remoteEntry.mjs" : "remoteEntry.js", "path",
                  "", "type", as_module ? "module" : "global");
    if (*public_url) {
        /* publicPath names the version, so the live entry is reached beside it. */
        struct berth_buffer path;
        berth_buffer_init(&path, URL_MAX_BYTES);
        berth_buffer_printf(&path, "%s/m/%s/", public_url, remote->module);
        if (!path.failed)
            json_object_set_new(meta, "publicPath", json_string(path.data));
        berth_buffer_done(&path);
    }
    json_object_set_new(meta, "remoteEntry", entry);
    empty_assets(json_object_get(manifest, "exposes"));
    empty_assets(json_object_get(manifest, "shared"));
}

void berth_buffer_script_json(struct berth_buffer *buffer, const json_t *value) {
    char *text = value ? berth_json_text(value) : NULL;
    if (!text) {
        buffer->failed = true;
        return;
    }
    for (const char *rest = text; *rest;) {
        size_t plain = strcspn(rest, "<");
        berth_buffer_add(buffer, rest, plain);
        rest += plain;
        if (*rest) {
            berth_buffer_text(buffer, "\\u003c");
            rest++;
        }
    }
    free(text);
}
