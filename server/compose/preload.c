/* What the head asks for before any script runs: the import map, and a preload of each file that
 * the slots will need. */
#include "template.h"

#include "berth/json.h"

#include <string.h>

enum { URL_MAX_BYTES = 8192 };

/* Each module once, and each of its exposes, in the order of the slots. */
static bool seen_before(const struct berth_page *page, size_t slot, bool same_expose) {
    for (size_t i = 0; i < slot; i++)
        if (strcmp(page->slots[i].module, page->slots[slot].module) == 0 &&
            (!same_expose || strcmp(page->slots[i].expose, page->slots[slot].expose) == 0))
            return true;
    return false;
}

static bool text_ends(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t wanted = strlen(ending);
    return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

static bool is_script(const char *path) {
    return text_ends(path, ".js") || text_ends(path, ".mjs");
}

static bool is_module(const struct berth_remote *remote) {
    const char *type = berth_json_string(remote->description, "type");
    return type && strcmp(type, "module") == 0;
}

/* Versions that were uploaded before files had one have it for the entry only. */
static const char *integrity_of(const struct berth_remote *remote, const char *path) {
    const char *entry = berth_json_string(remote->description, "entry");
    const char *integrity = berth_json_string(json_object_get(remote->description, "files"), path);
    bool is_entry = entry && strcmp(entry, path) == 0;
    return integrity || !is_entry ? integrity : berth_json_string(remote->description, "integrity");
}

/* Adds {url: integrity} of the remote's modules. */
static void map_remote(const struct berth_compose *compose, const struct berth_remote *remote,
                       json_t *integrities) {
    const char *path;
    json_t *integrity;
    json_object_foreach(json_object_get(remote->description, "files"), path, integrity) {
        struct berth_buffer url;
        if (!is_script(path))
            continue;
        berth_buffer_init(&url, URL_MAX_BYTES);
        berth_asset_url(&url, compose->public_url, remote->module, remote->version, path);
        if (!url.failed)
            json_object_set(integrities, url.data, integrity);
        berth_buffer_done(&url);
    }
}

/* A browser looks here before it fetches an ES module. It has to come before the first preload of a
 * module: after that some take no import map. */
static void add_import_map(struct berth_template_writer *writer,
                           const struct berth_compose *compose) {
    const struct berth_page *page = compose->page;
    json_t *integrities = json_object();
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_remote *remote = compose->live(compose->context, page->slots[i].module);
        if (remote && is_module(remote) && !seen_before(page, i, false))
            map_remote(compose, remote, integrities);
    }
    json_t *map = json_pack("{sO}", "integrity", integrities);
    if (json_object_size(integrities)) {
        berth_buffer_text(&writer->text, "<script type=\"importmap\"");
        berth_template_nonce(writer);
        berth_buffer_text(&writer->text, ">");
        berth_buffer_script_json(&writer->text, map);
        berth_buffer_text(&writer->text, "</script>\n");
    }
    json_decref(map);
    json_decref(integrities);
}

/* One preload, which must ask in the same way as what comes later, or a browser fetches twice: with
 * `cors`, as for all that has an integrity. Under strict-dynamic it needs the nonce as a script
 * does. */
static void add_preload(struct berth_template_writer *writer, const struct berth_compose *compose,
                        const struct berth_remote *remote, const char *kind, const char *path,
                        bool cors) {
    struct berth_buffer *out = &writer->text;
    struct berth_buffer url;
    const char *integrity = integrity_of(remote, path);
    berth_buffer_init(&url, URL_MAX_BYTES);
    berth_asset_url(&url, compose->public_url, remote->module, remote->version, path);
    out->failed = out->failed || url.failed;
    berth_buffer_printf(out, "<link %s href=\"", kind);
    berth_buffer_html(out, url.data ? url.data : "");
    berth_buffer_text(out, "\"");
    berth_buffer_done(&url);
    if (cors || integrity)
        berth_buffer_text(out, " crossorigin=\"anonymous\"");
    berth_template_nonce(writer);
    if (integrity) {
        berth_buffer_text(out, " integrity=\"");
        berth_buffer_html(out, integrity);
        berth_buffer_text(out, "\"");
    }
    berth_buffer_text(out, ">\n");
}

static const char module_kind[] = "rel=\"modulepreload\"";
static const char script_kind[] = "rel=\"preload\" as=\"script\"";
static const char style_kind[] = "rel=\"preload\" as=\"style\"";

static const json_t *find_expose(const struct berth_remote *remote, const char *name) {
    const json_t *exposes = json_object_get(remote->description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++) {
        const json_t *expose = json_array_get(exposes, i);
        const char *found = berth_json_string(expose, "name");
        if (found && strcmp(found, name) == 0)
            return expose;
    }
    return NULL;
}

static void add_entry(struct berth_template_writer *writer, const struct berth_compose *compose,
                      const struct berth_remote *remote) {
    const char *entry = berth_json_string(remote->description, "entry");
    if (entry && is_script(entry))
        add_preload(writer, compose, remote, is_module(remote) ? module_kind : script_kind, entry,
                    true);
}

/* The bundle's own runtime fetches these, and the shell adds the integrity to its tags. */
static void add_assets(struct berth_template_writer *writer, const struct berth_compose *compose,
                       const struct berth_remote *remote, const json_t *assets) {
    bool module = is_module(remote);
    const json_t *scripts = json_object_get(assets, "js");
    const json_t *styles = json_object_get(assets, "css");
    for (size_t i = 0; i < json_array_size(scripts); i++)
        add_preload(writer, compose, remote, module ? module_kind : script_kind,
                    json_string_value(json_array_get(scripts, i)), module);
    for (size_t i = 0; i < json_array_size(styles); i++)
        add_preload(writer, compose, remote, style_kind,
                    json_string_value(json_array_get(styles, i)), false);
}

/* The entry is loaded for what it contains; an expose that is a file of its own, without it. */
static bool needs_entry(const struct berth_compose *compose, const struct berth_remote *remote) {
    const struct berth_page *page = compose->page;
    for (size_t i = 0; i < page->slot_count; i++)
        if (strcmp(page->slots[i].module, remote->module) == 0 &&
            !berth_json_string(find_expose(remote, page->slots[i].expose), "file"))
            return true;
    return false;
}

void berth_template_preloads(struct berth_template_writer *writer,
                             const struct berth_compose *compose) {
    const struct berth_page *page = compose->page;
    add_import_map(writer, compose);
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_remote *remote = compose->live(compose->context, page->slots[i].module);
        if (!remote)
            continue;
        if (!seen_before(page, i, false) && needs_entry(compose, remote))
            add_entry(writer, compose, remote);
        if (seen_before(page, i, true))
            continue;
        const json_t *expose = find_expose(remote, page->slots[i].expose);
        const char *file = berth_json_string(expose, "file");
        if (file)
            add_preload(writer, compose, remote, module_kind, file, true);
        add_assets(writer, compose, remote, json_object_get(expose, "assets"));
    }
}
