#include "berth/events.h"

#include "bell.h"
#include "berth/json.h"
#include "places.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING_EVENTS = 1024, ID_BYTES = 64 };

/* One event's text, shared by the ring and the streams that are writing it. */
struct event {
    int64_t generation;
    int refs; /* under the hub's lock */
    size_t length;
    char text[];
};

struct berth_stream {
    struct berth_events *events;
    int64_t at;          /* generation of the last event that was sent */
    int64_t hints;       /* how many there were when it looked last */
    struct place *place; /* or NULL */
};

struct berth_events {
    pthread_mutex_t lock;
    struct bells bells;
    struct places places;
    struct event *ring[RING_EVENTS];
    size_t count; /* ever put */
    int64_t base; /* all that came after this generation is in the ring */
    int64_t newest;
    struct event *hint; /* the newest */
    int64_t hints;      /* ever given */
    int streams;
    bool draining;
    int max_streams;
    int heartbeat_ms;
};

struct berth_events *berth_events_create(const struct berth_events_options *options) {
    struct berth_events *events = calloc(1, sizeof *events);
    if (!events)
        return NULL;
    if (!bells_open(&events->bells)) {
        bells_close(&events->bells);
        free(events);
        return NULL;
    }
    events->max_streams = options->max_streams;
    events->heartbeat_ms = options->heartbeat_ms;
    events->base = events->newest = options->generation;
    pthread_mutex_init(&events->lock, NULL);
    return events;
}

static void unref(struct event *event) {
    if (event && --event->refs == 0)
        free(event);
}

void berth_events_destroy(struct berth_events *events) {
    if (!events)
        return;
    for (size_t i = 0; i < RING_EVENTS; i++)
        unref(events->ring[i]);
    unref(events->hint);
    bells_close(&events->bells);
    pthread_mutex_destroy(&events->lock);
    free(events);
}

/* A generation of 0 gives no id. */
static struct event *make_event(int64_t generation, const char *name, const json_t *data) {
    char *json = data ? berth_json_text(data) : NULL;
    if (!json)
        return NULL;
    /* Compact JSON has no line breaks, so one data line holds it. */
    size_t size = strlen(json) + strlen(name) + ID_BYTES;
    struct event *event = malloc(sizeof *event + size);
    if (event) {
        *event = (struct event){.generation = generation, .refs = 1};
        int id = generation ? snprintf(event->text, size, "id: %lld\n", (long long)generation) : 0;
        int rest =
            snprintf(event->text + id, size - (size_t)id, "event: %s\ndata: %s\n\n", name, json);
        event->length = (size_t)id + (size_t)rest;
    }
    free(json);
    return event;
}

void berth_events_publish(struct berth_events *events, int64_t generation, const char *name,
                          json_t *data) {
    struct event *event = make_event(generation, name, data);
    json_decref(data);
    pthread_mutex_lock(&events->lock);
    if (event) {
        struct event **cell = &events->ring[events->count % RING_EVENTS];
        if (*cell && (*cell)->generation > events->base)
            events->base = (*cell)->generation;
        unref(*cell);
        *cell = event;
        events->count++;
    } else {
        events->base = generation;
    }
    events->newest = generation;
    bells_ring(&events->bells, &events->lock);
    pthread_mutex_unlock(&events->lock);
}

void berth_events_hint(struct berth_events *events, const char *name, json_t *data) {
    struct event *event = make_event(0, name, data);
    json_decref(data);
    if (!event)
        return;
    pthread_mutex_lock(&events->lock);
    unref(events->hint);
    events->hint = event;
    events->hints++;
    bells_ring(&events->bells, &events->lock);
    pthread_mutex_unlock(&events->lock);
}

static enum berth_code take_place(struct berth_events *events, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    pthread_mutex_lock(&events->lock);
    if (events->draining)
        code = berth_fail(error, BERTH_BUSY, "draining", "the server is stopping");
    else if (events->streams >= events->max_streams)
        code = berth_fail(error, BERTH_BUSY, "limit-streams",
                          "all %d event streams are taken (--max-streams)", events->max_streams);
    else
        events->streams++;
    pthread_mutex_unlock(&events->lock);
    if (code != BERTH_OK)
        berth_error_hint(error, "read /manifests/remotes.json now and then until one is free");
    return code;
}

enum berth_code berth_events_join(struct berth_events *events, struct berth_stream **ret,
                                  struct berth_error *error) {
    struct berth_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    stream->events = events;
    enum berth_code code = take_place(events, error);
    if (code == BERTH_OK)
        *ret = stream;
    else
        free(stream);
    return code;
}

void berth_events_leave(struct berth_stream *stream) {
    if (!stream)
        return;
    pthread_mutex_lock(&stream->events->lock);
    stream->events->streams--;
    places_leave(&stream->events->places, stream->place);
    pthread_mutex_unlock(&stream->events->lock);
    free(stream);
}

void berth_events_place(struct berth_stream *stream, const char *name) {
    struct berth_events *events = stream->events;
    pthread_mutex_lock(&events->lock);
    struct place *before = stream->place;
    stream->place = places_enter(&events->places, name);
    places_leave(&events->places, before);
    pthread_mutex_unlock(&events->lock);
}

void berth_events_places_each(struct berth_events *events,
                              void (*fn)(const char *name, int streams, void *context),
                              void *context) {
    pthread_mutex_lock(&events->lock);
    for (const struct place *place = events->places.first; place; place = place->next)
        fn(place->name, place->streams, context);
    pthread_mutex_unlock(&events->lock);
}

/* The first kept event after `generation`, with a reference; NULL when there is none yet. */
static struct event *next_after(struct berth_events *events, int64_t generation) {
    size_t kept = events->count < RING_EVENTS ? events->count : RING_EVENTS;
    struct event *found = NULL;
    for (size_t i = 0; i < kept; i++) {
        struct event *event = events->ring[(events->count - 1 - i) % RING_EVENTS];
        if (event->generation <= generation)
            break;
        found = event;
    }
    if (found)
        found->refs++;
    return found;
}

static bool write_text(const struct berth_stream_client *client, const char *text) {
    return client->write(client->context, text, strlen(text));
}

static bool write_reset(const struct berth_stream_client *client, int64_t generation) {
    char text[160];
    (void)snprintf(text, sizeof text, "id: %lld\nevent: reset\ndata: {\"generation\":%lld}\n\n",
                   (long long)generation, (long long)generation);
    return write_text(client, text);
}

/* What a stream has to say next. */
struct turn {
    bool draining;
    bool reset; /* behind the ring; or ahead: an id of another registry, or from before a restore */
    int64_t newest;
    struct event *event; /* a reference */
    struct bell *bell;   /* nothing to say: what to sleep on */
    int sleep_ms;        /* and for how long at most */
};

static bool has_something(const struct turn *turn) {
    return turn->draining || turn->reset || turn->event;
}

static struct turn look(struct berth_stream *stream) {
    struct berth_events *events = stream->events;
    struct turn turn = {.draining = events->draining,
                        .reset = stream->at < events->base || stream->at > events->newest,
                        .newest = events->newest,
                        .sleep_ms = events->heartbeat_ms};
    if (!turn.draining && !turn.reset)
        turn.event = next_after(events, stream->at);
    if (!has_something(&turn) && stream->hints < events->hints) {
        turn.event = events->hint;
        turn.event->refs++;
        stream->hints = events->hints;
    }
    return turn;
}

/* The look and the bell under one lock, so that nothing falls between the two. */
static struct turn next_turn(struct berth_stream *stream) {
    struct berth_events *events = stream->events;
    pthread_mutex_lock(&events->lock);
    struct turn turn = look(stream);
    while (!has_something(&turn) && !(turn.bell = bells_sleep(&events->bells))) {
        bells_await(&events->bells, &events->lock);
        turn = look(stream);
    }
    pthread_mutex_unlock(&events->lock);
    return turn;
}

static void end_turn(struct berth_events *events, struct event *event) {
    pthread_mutex_lock(&events->lock);
    unref(event);
    pthread_mutex_unlock(&events->lock);
}

/* False ends the stream. */
static bool wait_for_news(struct berth_stream *stream, const struct turn *turn,
                          const struct berth_stream_client *client) {
    struct berth_events *events = stream->events;
    enum berth_stream_news news = client->wait(client->context, turn->bell->fd, turn->sleep_ms);
    pthread_mutex_lock(&events->lock);
    bells_awake(&events->bells, turn->bell);
    pthread_mutex_unlock(&events->lock);
    return news == BERTH_NEWS_NONE ? write_text(client, ": still here\n\n")
                                   : news == BERTH_NEWS_WAITING;
}

/* One step: sends what there is, or waits. False ends the stream. */
static bool step(struct berth_stream *stream, const struct berth_stream_client *client) {
    struct turn turn = next_turn(stream);
    if (turn.draining) {
        write_text(client, "event: draining\ndata: {}\n\n");
        return false;
    }
    if (turn.reset) {
        stream->at = turn.newest;
        return write_reset(client, turn.newest);
    }
    if (!turn.event)
        return wait_for_news(stream, &turn, client);
    bool alive = client->write(client->context, turn.event->text, turn.event->length);
    if (turn.event->generation)
        stream->at = turn.event->generation;
    end_turn(stream->events, turn.event);
    return alive;
}

void berth_events_follow(struct berth_stream *stream, int64_t last_id,
                         const struct berth_stream_client *client) {
    pthread_mutex_lock(&stream->events->lock);
    stream->at = last_id < 0 ? stream->events->newest : last_id;
    stream->hints = stream->events->hints;
    pthread_mutex_unlock(&stream->events->lock);
    bool alive = write_text(client, "retry: 2000\n\n");
    while (alive)
        alive = step(stream, client);
}

void berth_events_drain(struct berth_events *events) {
    pthread_mutex_lock(&events->lock);
    events->draining = true;
    bells_ring(&events->bells, &events->lock);
    pthread_mutex_unlock(&events->lock);
}

void berth_events_set_limits(struct berth_events *events, int max_streams, int heartbeat_ms) {
    pthread_mutex_lock(&events->lock);
    events->max_streams = max_streams;
    events->heartbeat_ms = heartbeat_ms;
    bells_ring(&events->bells, &events->lock);
    pthread_mutex_unlock(&events->lock);
}

int berth_events_max_streams(struct berth_events *events) {
    pthread_mutex_lock(&events->lock);
    int most = events->max_streams;
    pthread_mutex_unlock(&events->lock);
    return most;
}

int berth_events_streams(struct berth_events *events) {
    pthread_mutex_lock(&events->lock);
    int streams = events->streams;
    pthread_mutex_unlock(&events->lock);
    return streams;
}
