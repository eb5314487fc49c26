/* What tells whoever looks at a page that it is a preview, and the way out of it. */
#include "template.h"

void berth_template_badge(struct berth_template_writer *writer,
                          const struct berth_compose *compose) {
    struct berth_buffer *out = &writer->text;
    if (!compose->preview_module)
        return;
    berth_buffer_text(out, "<style");
    berth_template_nonce(writer);
    berth_buffer_text(
        out, ">#berth-preview{all:initial;position:fixed;z-index:2147483647;bottom:1rem;left:1rem;"
             "padding:.6rem 1rem;border-radius:.5rem;background:#3d2a00;color:#ffe8b8;"
             "font:600 15px/1.4 system-ui,sans-serif;box-shadow:0 2px 12px rgb(0 0 0/40%)}"
             "#berth-preview a{all:unset;margin-left:.8rem;color:#fff;text-decoration:underline;"
             "cursor:pointer}#berth-preview a:focus-visible{outline:2px solid #fff}</style>\n"
             "<div id=\"berth-preview\" role=\"status\">Preview: ");
    berth_buffer_html(out, compose->preview_module);
    berth_buffer_text(out, " ");
    berth_buffer_html(out, compose->preview_version);
    /* A document's <base> is the version's URL, so the whole path is given. */
    berth_buffer_text(out, "<a href=\"");
    if (*compose->public_url)
        berth_buffer_html(out, compose->public_url);
    berth_buffer_html(out, compose->page->path);
    berth_buffer_text(out, "?berth=\">Leave</a></div>\n");
}
