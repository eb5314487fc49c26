/* Server-sent events (WHATWG HTML, section 9.2): every open page follows the changes of what is
 * live.
 *
 * The hub keeps the newest events in a ring, so that a stream that comes back with Last-Event-ID
 * gets what it missed, in order. Ids are generations. A stream that is too far behind gets `reset`
 * and reads the state afresh. Each stream runs on its own connection's thread; all sleep on one
 * descriptor, so that news cost the publisher one write.
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

/* NULL when out of memory or of descriptors. */
struct berth_events *berth_events_create(const struct berth_events_options *options);
/* No stream may be running. */
void berth_events_destroy(struct berth_events *events);

/* Adds an event; generations must grow. Takes the reference on `data`. Out of memory makes every
 * stream reset, since an event must not be lost. */
void berth_events_publish(struct berth_events *events, int64_t generation, const char *name,
                          json_t *data);

/* Tells the streams that are open now something that is not a change and has no id: a hint, which a
 * stream that is behind may miss (only the newest one is kept). Takes the reference on `data`. */
void berth_events_hint(struct berth_events *events, const char *name, json_t *data);

/* One client's place among the streams. */
struct berth_stream;

enum berth_stream_news { BERTH_NEWS_NONE, BERTH_NEWS_WAITING, BERTH_NEWS_GONE };

/* How a stream reaches its client. */
struct berth_stream_client {
    /* Writes one piece; false when the client is gone. */
    bool (*write)(void *context, const char *text, size_t length);
    /* Waits until `fd` can be read (WAITING), the client hung up (GONE), or the time is over
     * (NONE). */
    enum berth_stream_news (*wait)(void *context, int fd, int timeout_ms);
    void *context;
};

/* BERTH_BUSY when all places are taken, or while draining. Give it back with leave. */
enum berth_code berth_events_join(struct berth_events *events, struct berth_stream **ret,
                                  struct berth_error *error);
void berth_events_leave(struct berth_stream *stream); /* NULL is fine */

/* Notes where the stream's client is, to be counted there: a name of the caller's, who sees to it
 * that there are not too many of them. Copied; without memory the stream is nowhere. */
void berth_events_place(struct berth_stream *stream, const char *name);
/* How many streams are open at each place, in no order. `fn` runs under the hub's lock: it must not
 * wait, nor call the hub. */
void berth_events_places_each(struct berth_events *events,
                              void (*fn)(const char *name, int streams, void *context),
                              void *context);

/* Follows until the client is gone or the hub drains. `last_id`: the client's Last-Event-ID, or -1
 * to begin with what comes next. */
void berth_events_follow(struct berth_stream *stream, int64_t last_id,
                         const struct berth_stream_client *client);

/* Tells all streams that the server is about to stop, and ends them. */
void berth_events_drain(struct berth_events *events);

int berth_events_streams(struct berth_events *events);

/* From now on. Streams over a lower limit stay; those that are asleep take the new heartbeat at
 * once. */
void berth_events_set_limits(struct berth_events *events, int max_streams, int heartbeat_ms);
int berth_events_max_streams(struct berth_events *events);

#endif
