#include "template.h"

#include <string.h>

enum { POLICY_MAX_BYTES = 32 * 1024 };

static void add_sources(struct berth_buffer *buffer, const struct berth_compose *compose,
                        const char *directive, const char *basis) {
    berth_buffer_printf(buffer, "; %s %s", directive, basis);
    if (*compose->public_url) {
        /* 'self' is the page's origin; the assets may be served under another one. */
        berth_buffer_text(buffer, " ");
        berth_buffer_text(buffer, compose->public_url);
    }
    const json_t *more = json_object_get(compose->page->csp, directive);
    for (size_t i = 0; i < json_array_size(more); i++) {
        berth_buffer_text(buffer, " ");
        berth_buffer_text(buffer, json_string_value(json_array_get(more, i)));
    }
}

char *berth_policy(const struct berth_compose *compose, bool document) {
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, POLICY_MAX_BYTES);
    berth_buffer_text(&buffer, "default-src 'none'; script-src 'nonce-" BERTH_NONCE_MARK
                               "' 'strict-dynamic'");
    add_sources(&buffer, compose, "style-src", "'nonce-" BERTH_NONCE_MARK "' 'self'");
    add_sources(&buffer, compose, "connect-src", "'self'");
    add_sources(&buffer, compose, "img-src", "'self' data: blob:");
    add_sources(&buffer, compose, "font-src", "'self' data:");
    add_sources(&buffer, compose, "media-src", "'self' blob:");
    add_sources(&buffer, compose, "frame-src", "'self'");
    add_sources(&buffer, compose, "manifest-src", "'self'");
    berth_buffer_text(&buffer, "; worker-src 'self' blob:; object-src 'none'; form-action 'self'; "
                               "frame-ancestors 'self'");
    if (compose->frontend && *compose->frontend->framers)
        berth_buffer_printf(&buffer, " %s", compose->frontend->framers);
    berth_buffer_text(&buffer, "; base-uri ");
    berth_buffer_text(&buffer, !document              ? "'none'"
                               : *compose->public_url ? compose->public_url
                                                      : "'self'");
    /* The page's own origin. report-to would need a header more, and reaches fewer browsers. */
    berth_buffer_text(&buffer, "; report-uri /reports/csp");
    return berth_buffer_take(&buffer);
}
