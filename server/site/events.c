#include "handlers.h"

#include <stdlib.h>
#include <string.h>

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

void berth_answer_events(struct berth_exchange *exchange, struct berth_desk *desk) {
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
    struct berth_stream_client client = {write_event, wait_for_event, exchange};
    if (berth_answer_stream(exchange, "text/event-stream", headers))
        berth_events_follow(stream, last_event_id(exchange), &client);
    berth_events_leave(stream);
}

void site_get_events(struct berth_exchange *exchange, void *app) {
    const struct berth_site *site = app;
    berth_answer_events(exchange, site->desk);
}
