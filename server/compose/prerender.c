/* Slots that show something before any script has run, and the styles that it takes. */
#include "plan.h"

#include "berth/json.h"
#include "css.h"

#include <stdlib.h>
#include <string.h>

/* Content that was made ahead knows of no props. */
const char *berth_slot_prerendered(const struct berth_compose *compose,
                                   const struct berth_slot *slot, size_t *ret_length) {
    const struct berth_remote *remote = compose->live(compose->context, slot->module);
    if (!remote || !compose->text || json_object_size(slot->props) ||
        !berth_json_string(remote->description, "entry"))
        return NULL;
    const char *path = berth_json_string(berth_expose_find(remote, slot->expose), "prerendered");
    const char *text =
        path ? compose->text(compose->context, slot->module, path, ret_length) : NULL;
    return text && *ret_length && *ret_length <= BERTH_PRERENDERED_MAX_BYTES ? text : NULL;
}

/* The URL of the folder that a file is in. */
static char *folder_of(const struct berth_plan *plan, const struct berth_remote *remote,
                       const char *path) {
    char *url = berth_plan_url(plan, remote, path);
    if (url)
        strrchr(url, '/')[1] = '\0';
    return url;
}

static bool add_style(const struct berth_plan *plan, const struct berth_remote *remote,
                      const char *path, struct berth_buffer *style) {
    const struct berth_compose *compose = plan->compose;
    size_t length = 0;
    const char *text = compose->text(compose->context, remote->module, path, &length);
    char *folder = folder_of(plan, remote, path);
    bool good = text && folder && length <= BERTH_STYLES_MAX_BYTES &&
                berth_css_inline(style, text, length, folder, !*compose->public_url);
    free(folder);
    return good && !style->failed;
}

/* Paths of the style sheets that the part's prerendered slots need, each once. */
static json_t *sheets_of(const struct berth_plan *plan, const struct berth_part *part) {
    const struct berth_page *page = plan->compose->page;
    json_t *paths = json_object();
    size_t length;
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_slot *slot = &page->slots[i];
        if (strcmp(slot->module, part->remote->module) != 0 ||
            !berth_slot_prerendered(plan->compose, slot, &length))
            continue;
        const json_t *css = json_object_get(
            json_object_get(berth_expose_find(part->remote, slot->expose), "assets"), "css");
        for (size_t j = 0; j < json_array_size(css); j++)
            json_object_set_new(paths, json_string_value(json_array_get(css, j)), json_true());
    }
    return paths;
}

/* All of a module's sheets, or none: between <style> and <link> their order would change. */
static void make_style(struct berth_plan *plan, struct berth_part *part) {
    json_t *paths = sheets_of(plan, part);
    struct berth_buffer style;
    const char *path;
    json_t *unused;
    bool good = json_object_size(paths) > 0;
    berth_buffer_init(&style, BERTH_STYLES_MAX_BYTES);
    json_object_foreach(paths, path, unused) {
        good = good && add_style(plan, part->remote, path, &style);
    }
    part->style = good ? berth_buffer_take(&style) : NULL;
    berth_buffer_done(&style);
    json_object_foreach(paths, path, unused) {
        if (!part->style)
            berth_plan_add(plan, BERTH_NEED_SHEET, part->remote, path);
    }
    json_decref(paths);
}

void berth_plan_styles(struct berth_plan *plan) {
    for (size_t i = 0; i < plan->part_count; i++)
        make_style(plan, &plan->parts[i]);
}
