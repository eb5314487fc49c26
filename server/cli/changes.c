#include "changes.h"

#include "berth/json.h"
#include <string.h>

static const json_t *find(const json_t *list, const char *key, const char *name) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        const char *own = berth_json_string(item, key);
        if (own && strcmp(own, name) == 0)
            return item;
    }
    return NULL;
}

/* A list by name, so that two of 20,000 files are compared in a moment. */
static json_t *by_name(const json_t *list, const char *key) {
    json_t *map = json_object();
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *name = berth_json_string(item, key);
        if (name)
            json_object_set(map, name, item);
    }
    return map;
}

/* A version of which no file was compressed yet. */
static bool is_raw(const json_t *version) {
    const char *compression = berth_json_string(version, "compression");
    return compression && strcmp(compression, "none") == 0;
}

/* One side of a file: `sent` is left out where it is not known yet. */
static void add_sizes(json_t *json, const json_t *file, bool raw, const char *bytes_key,
                      const char *sent_key) {
    json_int_t bytes = berth_json_integer(file, "bytes", 0);
    json_int_t sent = berth_json_integer(json_object_get(file, "encodedBytes"), "br", -1);
    json_object_set_new(json, bytes_key, json_integer(bytes));
    if (sent >= 0 || !raw)
        json_object_set_new(json, sent_key, json_integer(sent >= 0 ? sent : bytes));
}

/* Two versions, and which of them was not compressed yet. */
struct pair {
    const json_t *from;
    const json_t *to;
    bool from_raw;
    bool to_raw;
};

static json_t *file_json(const struct pair *pair, const char *path, const json_t *from,
                         const json_t *to) {
    json_t *json = json_pack("{ss}", "path", path);
    if (from)
        add_sizes(json, from, pair->from_raw, "bytesBefore", "sentBefore");
    if (to)
        add_sizes(json, to, pair->to_raw, "bytes", "sent");
    return json;
}

static json_t *files_json(const struct pair *pair) {
    json_t *before = by_name(json_object_get(pair->from, "assets"), "path");
    json_t *after = by_name(json_object_get(pair->to, "assets"), "path");
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    json_int_t same = 0;
    const char *path;
    json_t *file;
    json_object_foreach(after, path, file) {
        const json_t *old = json_object_get(before, path);
        if (!old)
            json_array_append_new(added, file_json(pair, path, NULL, file));
        else if (json_equal(json_object_get(old, "digest"), json_object_get(file, "digest")))
            same++;
        else
            json_array_append_new(changed, file_json(pair, path, old, file));
    }
    json_object_foreach(before, path, file) {
        if (!json_object_get(after, path))
            json_array_append_new(removed, file_json(pair, path, file, NULL));
    }
    json_decref(before);
    json_decref(after);
    return json_pack("{so so so sI}", "added", added, "removed", removed, "changed", changed,
                     "same", same);
}

static const char *range_of(const json_t *package) {
    const char *version = berth_json_string(package, "version");
    return version ? version : berth_json_string(package, "requiredVersion");
}

/* Names of a list that are new, gone, or say another version. */
static json_t *names_json(const struct pair *pair, const char *list) {
    const json_t *before = json_object_get(pair->from, list);
    const json_t *after = json_object_get(pair->to, list);
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    size_t i;
    const json_t *item;
    json_array_foreach(after, i, item) {
        const char *name = berth_json_string(item, "name");
        const json_t *old = name ? find(before, "name", name) : NULL;
        const char *was = range_of(old), *is = range_of(item);
        if (name && !old)
            json_array_append_new(added, json_string(name));
        else if (old && strcmp(was ? was : "", is ? is : "") != 0)
            json_array_append_new(
                changed, json_pack("{ss ss? ss?}", "name", name, "before", was, "after", is));
    }
    json_array_foreach(before, i, item) {
        const char *name = berth_json_string(item, "name");
        if (name && !find(after, "name", name))
            json_array_append_new(removed, json_string(name));
    }
    return json_pack("{so so so}", "added", added, "removed", removed, "changed", changed);
}

static json_t *side_json(const json_t *version) {
    return json_pack("{ss? sI sI sO? ss?}", "version", berth_json_string(version, "version"),
                     "files", berth_json_integer(version, "files", 0), "bytes",
                     berth_json_integer(version, "bytes", 0), "encodedBytes",
                     json_object_get(version, "encodedBytes"), "compression",
                     berth_json_string(version, "compression"));
}

json_t *cli_changes_of(const char *module, const json_t *from, const json_t *to) {
    struct pair pair = {.from = from, .to = to, .from_raw = is_raw(from), .to_raw = is_raw(to)};
    return json_pack("{ss so so so so so}", "module", module, "from", side_json(from), "to",
                     side_json(to), "files", files_json(&pair), "exposes",
                     names_json(&pair, "exposes"), "shared", names_json(&pair, "shared"));
}
