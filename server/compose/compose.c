#include "template.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

static const char *policy_of(const struct berth_compose *compose, const struct berth_slot *slot) {
    bool preview = compose->preview_module && strcmp(compose->preview_module, slot->module) == 0;
    return preview ? "pinned" : slot->policy;
}

static json_t *slots_json(const struct berth_compose *compose) {
    const struct berth_page *page = compose->page;
    json_t *slots = json_array();
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_slot *slot = &page->slots[i];
        json_t *item = json_pack("{ss ss ss}", "name", slot->name, "module", slot->module, "expose",
                                 slot->expose);
        json_object_set_new(item, "props",
                            slot->props ? json_deep_copy(slot->props) : json_object());
        const char *policy = policy_of(compose, slot);
        if (policy)
            json_object_set_new(item, "policy", json_string(policy));
        json_array_append_new(slots, item);
    }
    return slots;
}

static json_t *modules_json(const struct berth_compose *compose) {
    const struct berth_page *page = compose->page;
    json_t *modules = json_object();
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_remote *remote = compose->live(compose->context, page->slots[i].module);
        if (remote && berth_json_string(remote->description, "entry"))
            json_object_set_new(modules, remote->module,
                                berth_remote_json(remote, compose->public_url));
    }
    return modules;
}

/* URLs of the page's own origin: the shell talks to where the page came from. */
static void add_state(struct berth_buffer *out, const struct berth_compose *compose) {
    json_t *state = json_pack(
        "{sI ss s{ss ss ss} so so}", "generation", (json_int_t)compose->generation, "page",
        compose->name, "urls", "events", "/events", "remotes", "/manifests/remotes.json", "reports",
        "/reports", "slots", slots_json(compose), "modules", modules_json(compose));
    berth_buffer_text(out, "<script type=\"application/json\" id=\"berth-state\">");
    berth_buffer_script_json(out, state);
    berth_buffer_text(out, "</script>\n");
    json_decref(state);
}

static size_t slot_index(const struct berth_page *page, const char *name, size_t length) {
    size_t i = 0;
    while (strlen(page->slots[i].name) != length || strncmp(page->slots[i].name, name, length) != 0)
        i++;
    return i;
}

/* Slot names may hold dots and start with a digit; CSS names may not: areas are called s0, s1, … */
static void add_areas(struct berth_buffer *out, const struct berth_page *page) {
    const json_t *areas = json_object_get(page->layout, "areas");
    if (!areas)
        return;
    berth_buffer_text(out, ";grid-template-areas:");
    for (size_t i = 0; i < json_array_size(areas); i++) {
        berth_buffer_text(out, "\"");
        for (const char *row = json_string_value(json_array_get(areas, i)); *row;) {
            size_t length = strcspn(row, " ");
            if (length == 1 && *row == '.')
                berth_buffer_text(out, ". ");
            else if (length)
                berth_buffer_printf(out, "s%zu ", slot_index(page, row, length));
            row += length + (row[length] == ' ');
        }
        berth_buffer_text(out, "\"");
    }
}

static void add_style(struct berth_template_writer *writer, const struct berth_page *page) {
    struct berth_buffer *out = &writer->text;
    const char *columns = berth_json_string(page->layout, "columns");
    const char *rows = berth_json_string(page->layout, "rows");
    const char *gap = berth_json_string(page->layout, "gap");
    berth_buffer_text(out, "<style");
    berth_template_nonce(writer);
    berth_buffer_printf(
        out,
        ">body{margin:0;background:Canvas;color:CanvasText}[data-berth-page]{display:grid;"
        "grid-template-columns:%s",
        columns ? columns : "minmax(0,1fr)");
    if (rows)
        berth_buffer_printf(out, ";grid-template-rows:%s", rows);
    if (gap)
        berth_buffer_printf(out, ";gap:%s", gap);
    add_areas(out, page);
    /* As the box that the shell mounts a module in. */
    berth_buffer_text(
        out, "}[data-berth-slot]{min-width:0}div[data-berth-prerendered]{display:contents}");
    if (json_object_get(page->layout, "areas"))
        for (size_t i = 0; i < page->slot_count; i++)
            berth_buffer_printf(out, "[data-berth-slot=\"%s\"]{grid-area:s%zu}",
                                page->slots[i].name, i);
    berth_buffer_text(out, "@media(max-width:40rem){[data-berth-page]{display:block}}</style>\n");
}

static void add_shell(struct berth_template_writer *writer, const struct berth_frontend *frontend) {
    struct berth_buffer *out = &writer->text;
    berth_buffer_text(out, "<script");
    berth_template_nonce(writer);
    berth_buffer_text(out, ">");
    writer->piece = (struct berth_piece){.at = out->length,
                                         .length = strlen(frontend->inlined),
                                         .raw = frontend->inlined_raw,
                                         .raw_length = frontend->inlined_raw_length};
    berth_buffer_text(out, frontend->inlined);
    berth_buffer_text(out, "</script>\n");
}

/* An inline script waits for style sheets before it: those come after the shell, which comes after
 * what it reads. */
static void add_head(struct berth_template_writer *writer, const struct berth_plan *plan) {
    const struct berth_compose *compose = plan->compose;
    struct berth_buffer *out = &writer->text;
    berth_buffer_text(out, "<!doctype html>\n<html lang=\"");
    berth_buffer_html(out, compose->page->language);
    berth_buffer_text(
        out, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
             "content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
             "content=\"light dark\">\n<title>");
    berth_buffer_html(out, compose->page->title);
    berth_buffer_text(out, "</title>\n<link rel=\"icon\" href=\"data:,\">\n");
    berth_template_import_map(writer, plan);
    add_state(out, compose);
    add_shell(writer, compose->frontend);
    berth_template_needs(writer, plan);
    add_style(writer, compose->page);
    berth_buffer_text(out, "</head>\n");
}

/* The shell takes what stands in the box for the version's first content. */
static void add_slot(struct berth_buffer *out, const struct berth_compose *compose,
                     const struct berth_slot *slot) {
    size_t length = 0;
    const char *html = berth_slot_prerendered(compose, slot, &length);
    if (!html) {
        berth_buffer_text(out, slot->fallback);
        return;
    }
    const struct berth_remote *remote = compose->live(compose->context, slot->module);
    berth_buffer_printf(out, "<div data-berth-prerendered=\"%s@%s\">", remote->module,
                        remote->version);
    berth_buffer_add(out, html, length);
    berth_buffer_text(out, "</div>");
}

static void add_body(struct berth_template_writer *writer, const struct berth_compose *compose) {
    struct berth_buffer *out = &writer->text;
    berth_buffer_printf(out, "<body>\n<div data-berth-page=\"%s\">\n", compose->name);
    for (size_t i = 0; i < compose->page->slot_count; i++) {
        berth_buffer_printf(out, "<div data-berth-slot=\"%s\">", compose->page->slots[i].name);
        add_slot(out, compose, &compose->page->slots[i]);
        berth_buffer_text(out, "</div>\n");
    }
    berth_buffer_text(out, "</div>\n");
    berth_template_badge(writer, compose);
    berth_buffer_text(out, "</body>\n</html>\n");
}

enum berth_code berth_compose_page(const struct berth_compose *compose, struct berth_template *ret,
                                   struct berth_error *error) {
    struct berth_template_writer writer;
    struct berth_plan *plan = berth_plan_create(compose);
    if (!plan || plan->failed) {
        berth_plan_destroy(plan);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    berth_template_begin(&writer);
    add_head(&writer, plan);
    add_body(&writer, compose);
    enum berth_code code = berth_template_end(&writer, berth_policy(compose, false),
                                              berth_template_hints(plan), ret, error);
    berth_plan_destroy(plan);
    return code;
}
