/* Server-sent events (WHATWG HTML, section 9.2): every open page follows the changes of what is
 * live.
 *
 * The hub keeps the newest events in a ring, so that a stream that comes back with Last-Event-ID
 * gets what it missed, in order. Ids are generations. A stream that is too far behind gets `reset`
 * and reads the state afresh. Each stream runs on its own connection's thread.
 *
 * Thread rules: internally locked; nothing is held while a client is written to.
 */
#ifndef BERTH_EVENTS_H
#define BERTH_EVENTS_H

#include "berth/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct berth_events;

struct berth_events_options {
    int max_streams;    /* beyond it: BERTH_BUSY ("limit-streams") */
    int heartbeat_ms;   /* a comment, so that proxies keep the line and dead clients are noticed */
    int64_t generation; /* the newest when the hub opens; the ring is empty */
};

/* NULL when out of memory. */
struct berth_events *berth_events_create(const struct berth_events_options *options);
/* No stream may be running. */
void berth_events_destroy(struct berth_events *events);

/* Adds an event; generations must grow. Takes the reference on `data`. Out of memory makes every
 * stream reset, since an event must not be lost. */
void berth_events_publish(struct berth_events *events, int64_t generation, const char *name,
                          json_t *data);

/* Writes one piece of the stream; false when the client is gone. */
typedef bool (*berth_event_write)(void *context, const char *text, size_t length);

/* Takes a place among the streams; BERTH_BUSY when there is none, or while draining. Give it back
 * with leave. */
enum berth_code berth_events_join(struct berth_events *events, struct berth_error *error);
void berth_events_leave(struct berth_events *events);

/* Follows until the client is gone or the hub drains. `last_id`: the client's Last-Event-ID, or -1
 * to begin with what comes next. Call between join and leave. */
void berth_events_follow(struct berth_events *events, int64_t last_id, berth_event_write write,
                         void *context);

/* Tells all streams that the server is about to stop, and ends them. */
void berth_events_drain(struct berth_events *events);

int berth_events_streams(struct berth_events *events);

#endif
