/* What the head asks for before the shell does, as elements and as a Link header. Under
 * strict-dynamic a preload of a script needs the nonce as the script does; a style sheet comes from
 * an origin that the policy allows. */
#include "template.h"

#include <string.h>

static bool is_style(const struct berth_need *need) {
    return need->kind == BERTH_NEED_STYLE || need->kind == BERTH_NEED_SHEET;
}

static void add_label(struct berth_buffer *out, const char *name,
                      const struct berth_remote *remote) {
    berth_buffer_printf(out, " data-berth-%s=\"%s@%s\"", name, remote->module, remote->version);
}

static void add_rights(struct berth_template_writer *writer, const struct berth_need *need) {
    if (need->cors)
        berth_buffer_text(&writer->text, " crossorigin=\"anonymous\"");
    if (!is_style(need))
        berth_template_nonce(writer);
    if (need->integrity) {
        berth_buffer_text(&writer->text, " integrity=\"");
        berth_buffer_html(&writer->text, need->integrity);
        berth_buffer_text(&writer->text, "\"");
    }
}

static void add_script(struct berth_template_writer *writer, const struct berth_need *need) {
    struct berth_buffer *out = &writer->text;
    berth_buffer_text(out, "<script async");
    add_rights(writer, need);
    berth_buffer_text(out, " src=\"");
    berth_buffer_html(out, need->url);
    berth_buffer_text(out, "\"");
    add_label(out, "script", need->remote);
    berth_buffer_text(out, "></script>\n");
}

static void add_link(struct berth_template_writer *writer, const struct berth_need *need) {
    static const char *const kinds[] = {
        [BERTH_NEED_PRELOAD] = "rel=\"preload\" as=\"script\"",
        [BERTH_NEED_MODULE] = "rel=\"modulepreload\"",
        [BERTH_NEED_STYLE] = "rel=\"preload\" as=\"style\"",
        [BERTH_NEED_SHEET] = "rel=\"stylesheet\"",
    };
    struct berth_buffer *out = &writer->text;
    berth_buffer_printf(out, "<link %s href=\"", kinds[need->kind]);
    berth_buffer_html(out, need->url);
    berth_buffer_text(out, "\"");
    add_rights(writer, need);
    if (need->kind == BERTH_NEED_SHEET)
        add_label(out, "prerendered", need->remote);
    berth_buffer_text(out, ">\n");
}

void berth_template_import_map(struct berth_template_writer *writer,
                               const struct berth_plan *plan) {
    json_t *map = berth_plan_import_map(plan);
    if (!map)
        return;
    berth_buffer_text(&writer->text, "<script type=\"importmap\"");
    berth_template_nonce(writer);
    berth_buffer_text(&writer->text, ">");
    berth_buffer_script_json(&writer->text, map);
    berth_buffer_text(&writer->text, "</script>\n");
    json_decref(map);
}

void berth_template_needs(struct berth_template_writer *writer, const struct berth_plan *plan) {
    for (size_t i = 0; i < plan->need_count; i++)
        if (plan->needs[i].kind == BERTH_NEED_SCRIPT)
            add_script(writer, &plan->needs[i]);
        else
            add_link(writer, &plan->needs[i]);
    for (size_t i = 0; i < plan->part_count; i++) {
        const struct berth_part *part = &plan->parts[i];
        if (!part->style)
            continue;
        berth_buffer_text(&writer->text, "<style");
        add_label(&writer->text, "prerendered", part->remote);
        berth_template_nonce(writer);
        berth_buffer_text(&writer->text, ">");
        berth_buffer_text(&writer->text, part->style);
        berth_buffer_text(&writer->text, "</style>\n");
    }
}

/* RFC 8288. A module is asked for as a script with CORS, which is the same request: a browser that
 * takes one import map must not meet a modulepreload before it. */
static void add_hint(struct berth_buffer *out, const struct berth_need *need) {
    berth_buffer_printf(out, "%s<%s>; rel=preload; as=%s", out->length ? ", " : "", need->url,
                        is_style(need) ? "style" : "script");
    if (need->cors)
        berth_buffer_text(out, "; crossorigin");
    if (!is_style(need))
        berth_buffer_text(out, "; nonce=\"" BERTH_NONCE_MARK "\"");
    if (need->integrity)
        berth_buffer_printf(out, "; integrity=\"%s\"", need->integrity);
}

char *berth_template_hints(const struct berth_plan *plan) {
    struct berth_buffer hints;
    berth_buffer_init(&hints, BERTH_HINTS_MAX_BYTES);
    for (size_t i = 0; i < plan->need_count; i++) {
        struct berth_buffer next;
        if (strstr(plan->needs[i].url, BERTH_NONCE_MARK))
            continue; /* a file's name must not be taken for the place of the nonce */
        berth_buffer_init(&next, BERTH_HINTS_MAX_BYTES);
        berth_buffer_add(&next, hints.data, hints.length);
        add_hint(&next, &plan->needs[i]);
        if (next.failed) {
            berth_buffer_done(&next);
            break; /* the later ones matter less */
        }
        berth_buffer_done(&hints);
        hints = next;
    }
    char *text = hints.length ? berth_buffer_take(&hints) : NULL;
    berth_buffer_done(&hints);
    return text;
}
