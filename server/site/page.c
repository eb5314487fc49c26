#include "handlers.h"

#include "berth/coding.h"

#include <string.h>

enum { HEADERS_MAX_BYTES = 64 * 1024, PAGE_MAX_BYTES = 32 * 1024 * 1024 };

static const char vary[] = "Vary: Accept-Encoding\r\n";

static bool wants_packed(const struct berth_exchange *exchange,
                         const struct berth_template *template) {
    if (!template->packed.data)
        return false;
    int64_t bytes[BERTH_CODING_COUNT] = {[BERTH_GZIP] = (int64_t) template->packed.length};
    struct berth_accept accept =
        berth_accept_parse(berth_exchange_header(exchange, "Accept-Encoding"));
    return berth_accept_choose(&accept, (int64_t) template->length, bytes) == BERTH_GZIP;
}

static void answer_no_memory(struct berth_exchange *exchange) {
    struct berth_error error = {0};
    berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
    berth_answer_problem(exchange, &error);
}

/* A 304 leaves the stored policy and the stored nonce together; so it must not carry a policy. */
void site_answer_template(struct berth_exchange *exchange, const struct berth_template *template,
                          bool kept) {
    char nonce[BERTH_NONCE_BYTES];
    struct berth_buffer page, headers;
    bool packed = wants_packed(exchange, template);
    berth_nonce(nonce);
    berth_buffer_init(&page, PAGE_MAX_BYTES);
    berth_buffer_init(&headers, HEADERS_MAX_BYTES);
    berth_template_headers(template, nonce, &headers);
    berth_buffer_text(&headers, "Referrer-Policy: strict-origin-when-cross-origin\r\n");
    if (packed) {
        berth_buffer_text(&headers, "Content-Encoding: gzip\r\n");
        berth_template_fill_packed(template, nonce, &page);
    } else {
        berth_template_fill(template, nonce, &page);
    }
    berth_buffer_text(&headers, vary);
    if (page.failed || headers.failed) {
        answer_no_memory(exchange);
    } else {
        struct berth_content content = {.content_type = "text/html; charset=utf-8",
                                        .cache_control = kept ? "no-cache" : NULL,
                                        .etag = !kept    ? NULL
                                                : packed ? template->packed_etag
                                                         : template->etag,
                                        .headers = headers.data,
                                        .headers_304 = vary,
                                        .body = page.data,
                                        .length = (int64_t)page.length};
        berth_answer_content(exchange, &content);
    }
    berth_buffer_done(&page);
    berth_buffer_done(&headers);
}

static void answer(struct berth_exchange *exchange, const struct berth_snapshot_page *page) {
    if (!page)
        site_not_found(exchange, "there is no page at this path",
                       "pages are published with: berth page put FILE.json");
    else if (page->failed)
        answer_no_memory(exchange);
    else if (!page->available)
        site_not_found(exchange, "this page's module has no live version with that document",
                       "activate one: berth activate <module>@<version>");
    else
        site_answer_template(exchange, &page->template, true);
}

void site_get_page(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    const char *path = berth_exchange_path(exchange);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(site->publisher);
    bool waits = false;
    if (site_answer_preview(exchange, site, snapshot)) {
        berth_snapshot_release(site->publisher);
        return;
    }
    const struct berth_snapshot_page *page = berth_snapshot_page_made(snapshot, path, &waits);
    if (!waits)
        answer(exchange, page);
    else if (!berth_exchange_defer(exchange))
        answer(exchange, berth_snapshot_page(snapshot, path));
    berth_snapshot_release(site->publisher);
}
