#include "handlers.h"

#include <string.h>

enum { CSP_MAX_BYTES = 64 * 1024, PAGE_MAX_BYTES = 32 * 1024 * 1024 };

/* A 304 leaves the stored policy and the stored nonce together; so it must not carry a policy. */
static void answer_template(struct berth_exchange *exchange,
                            const struct berth_template *template) {
    char nonce[BERTH_NONCE_BYTES];
    struct berth_buffer page, headers;
    berth_nonce(nonce);
    berth_buffer_init(&page, PAGE_MAX_BYTES);
    berth_buffer_init(&headers, CSP_MAX_BYTES);
    berth_buffer_text(&headers, "Content-Security-Policy: ");
    berth_template_fill(template, nonce, &page, &headers);
    berth_buffer_text(&headers, "\r\nReferrer-Policy: strict-origin-when-cross-origin\r\n");
    if (page.failed || headers.failed) {
        struct berth_error error = {0};
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
        berth_answer_problem(exchange, &error);
    } else {
        struct berth_content content = {.content_type = "text/html; charset=utf-8",
                                        .cache_control = "no-cache",
                                        .etag = template->etag,
                                        .headers = headers.data,
                                        .body = page.data,
                                        .length = (int64_t)page.length};
        berth_answer_content(exchange, &content);
    }
    berth_buffer_done(&page);
    berth_buffer_done(&headers);
}

void site_get_page(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(site->publisher);
    const struct berth_snapshot_page *page =
        berth_snapshot_page(snapshot, berth_exchange_path(exchange));
    if (!page)
        site_not_found(exchange, "there is no page at this path",
                       "pages are published with: berth page put FILE.json");
    else if (!page->available)
        site_not_found(exchange, "this page's module has no live version with that document",
                       "activate one: berth activate <module>@<version>");
    else
        answer_template(exchange, &page->template);
    berth_snapshot_release(site->publisher);
}
