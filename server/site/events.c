#include "handlers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_PATH_MAX_BYTES = 256 /* as page manifests have it */ };

static bool write_event(void *context, const char *text, size_t length) {
    return berth_stream_write(context, text, length);
}

static enum berth_stream_news wait_for_event(void *context, int fd, int timeout_ms) {
    switch (berth_stream_wait(context, fd, timeout_ms)) {
    case BERTH_STREAM_GONE:
        return BERTH_NEWS_GONE;
    case BERTH_STREAM_WOKEN:
        return BERTH_NEWS_WAITING;
    case BERTH_STREAM_IDLE:
        break;
    }
    return BERTH_NEWS_NONE;
}

/* -1 when there is none, or when it is not one of ours: the stream then begins with what comes
 * next, and the client reads the state afresh as it does after every opening. */
static int64_t last_event_id(const struct berth_exchange *exchange) {
    const char *text = berth_exchange_header(exchange, "Last-Event-ID");
    if (!text)
        text = berth_exchange_query(exchange, "lastEventId");
    if (!text || !*text || strlen(text) > 15 || text[strspn(text, "0123456789")])
        return -1;
    return strtoll(text, NULL, 10);
}

/* `page`: where the stream is counted, or NULL. */
static void answer(struct berth_exchange *exchange, struct berth_desk *desk, const char *page) {
    struct berth_events *events = berth_desk_events(desk);
    static const char headers[] = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n";
    if (berth_exchange_method(exchange) == BERTH_HEAD) {
        berth_answer_empty(exchange, 200,
                           "Content-Type: text/event-stream\r\n"
                           "Cache-Control: no-store\r\n");
        return;
    }
    struct berth_error error = {0};
    struct berth_stream *stream;
    if (berth_events_join(events, &stream, &error) != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    if (page)
        berth_events_place(stream, page);
    struct berth_stream_client client = {write_event, wait_for_event, exchange};
    if (berth_answer_stream(exchange, "text/event-stream", headers))
        berth_events_follow(stream, last_event_id(exchange), &client);
    berth_events_leave(stream);
}

void berth_answer_events(struct berth_exchange *exchange, struct berth_desk *desk) {
    answer(exchange, desk, NULL);
}

/* Whether a page of that origin ("https://host:port", up to `length`) is one of ours. Browsers say
 * it themselves where the connection is a secure context; else the origin tells, as proxies or the
 * operator have it. */
static bool is_own(const struct berth_exchange *exchange, const char *public_url,
                   const char *origin, size_t length) {
    const char *fetch = berth_exchange_header(exchange, "Sec-Fetch-Site");
    const char *host = berth_exchange_header(exchange, "Host");
    const char *authority = strstr(origin, "://") + 3;
    size_t authority_length = length - (size_t)(authority - origin);
    if (fetch)
        return strcmp(fetch, "same-origin") == 0;
    return (strlen(public_url) == length && strncasecmp(public_url, origin, length) == 0) ||
           (host && strlen(host) == authority_length &&
            strncasecmp(host, authority, authority_length) == 0);
}

/* The path of the page that asks, by the Referer that it sends (RFC 9110 section 10.1.3); false
 * when there is none, or not of this site. A page's path has no character that a browser would
 * escape. */
static bool referring_path(const struct berth_exchange *exchange, const char *public_url,
                           char ret[PAGE_PATH_MAX_BYTES + 1]) {
    const char *referer = berth_exchange_header(exchange, "Referer");
    const char *authority = referer ? strstr(referer, "://") : NULL;
    if (!authority)
        return false;
    const char *path = authority + 3 + strcspn(authority + 3, "/?#");
    size_t length = strcspn(path, "?#");
    if (length == 0 || length > PAGE_PATH_MAX_BYTES ||
        !is_own(exchange, public_url, referer, (size_t)(path - referer)))
        return false;
    memcpy(ret, path, length);
    ret[length] = '\0';
    return true;
}

/* Only pages that there are have a place, so clients cannot make more of them. */
void site_get_events(struct berth_exchange *exchange, void *app) {
    const struct berth_site *site = app;
    char path[PAGE_PATH_MAX_BYTES + 1];
    bool known = false;
    if (referring_path(exchange, site->public_url, path)) {
        known = berth_snapshot_page_manifest(berth_snapshot_acquire(site->publisher), path);
        berth_snapshot_release(site->publisher);
    }
    answer(exchange, site->desk, known ? path : NULL);
}
