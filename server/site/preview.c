/* A page with a version that is not live: begun by a signed link, kept by a cookie, left by an
 * empty one. */
#include "handlers.h"

#include "berth/clock.h"
#include "berth/preview.h"

#include <stdio.h>
#include <string.h>

#define COOKIE "berth-preview="

enum { HEADERS_MAX_BYTES = 2048 };

/* The cookie's value, or false: most browsers have none. */
static bool find_cookie(const struct berth_exchange *exchange, char ret[BERTH_PREVIEW_TEXT_BYTES]) {
    const char *header = berth_exchange_header(exchange, "Cookie");
    const char *at = header;
    while (at && (at = strstr(at, COOKIE)) && at != header && !strchr("; ", at[-1]))
        at++;
    if (!at)
        return false;
    at += sizeof COOKIE - 1;
    size_t length = strcspn(at, "; ");
    if (length >= BERTH_PREVIEW_TEXT_BYTES)
        return false;
    memcpy(ret, at, length);
    ret[length] = '\0';
    return true;
}

/* To the same page without the query. What is no good, or has ended, takes the cookie away too. */
static void answer_switch(struct berth_exchange *exchange, const struct berth_site *site,
                          const char *text, int64_t now_s) {
    struct berth_preview preview;
    struct berth_buffer headers;
    bool good = berth_preview_check(text, now_s, &preview);
    bool secure = berth_exchange_secure(exchange) || strncmp(site->public_url, "https:", 6) == 0;
    berth_buffer_init(&headers, HEADERS_MAX_BYTES);
    berth_buffer_printf(
        &headers,
        "Location: %s\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
        "Set-Cookie: " COOKIE "%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s\r\n",
        berth_exchange_path(exchange), good ? text : "",
        good ? (long long)(preview.until_s - now_s) : 0LL, secure ? "; Secure" : "");
    berth_answer_empty(exchange, headers.failed ? 500 : 302, headers.failed ? NULL : headers.data);
    berth_buffer_done(&headers);
}

/* false: the page is as it would be without a preview. */
static bool answer_page(struct berth_exchange *exchange, struct berth_site *site,
                        const struct berth_snapshot *snapshot,
                        const struct berth_preview *preview) {
    struct berth_error error = {0};
    struct berth_snapshot_page *page = NULL;
    if (berth_exchange_work(exchange, BERTH_WORK_VERSIONS, &error) != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return true;
    }
    bool made = berth_desk_preview(site->desk, snapshot, berth_exchange_path(exchange), preview,
                                   &page, &error) == BERTH_OK &&
                page && page->available;
    if (made)
        site_answer_template(exchange, &page->template, false);
    berth_preview_page_done(page);
    return made;
}

bool site_answer_preview(struct berth_exchange *exchange, struct berth_site *site,
                         const struct berth_snapshot *snapshot) {
    char cookie[BERTH_PREVIEW_TEXT_BYTES];
    struct berth_preview preview;
    const char *text = berth_exchange_query(exchange, "berth");
    bool kept = !text && find_cookie(exchange, cookie);
    if (!text && !kept)
        return false;
    if (berth_exchange_defer(exchange))
        return true;
    /* The path of a page has no character that a header may not have. */
    if (!berth_snapshot_page(snapshot, berth_exchange_path(exchange)))
        return false;
    int64_t now_s = berth_now_ms() / 1000;
    if (text)
        answer_switch(exchange, site, text, now_s);
    else if (!berth_preview_check(cookie, now_s, &preview) ||
             !answer_page(exchange, site, snapshot, &preview))
        return false;
    return true;
}
