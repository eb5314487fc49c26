#include "berth/events.h"

#include "berth/json.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RING_EVENTS = 1024, ID_BYTES = 64 };

/* One event's text, shared by the ring and the streams that are writing it. */
struct event {
    int64_t generation;
    int refs; /* under the hub's lock */
    size_t length;
    char text[];
};

struct berth_events {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct event *ring[RING_EVENTS];
    size_t count; /* ever put */
    int64_t base; /* all that came after this generation is in the ring */
    int64_t newest;
    int streams;
    bool draining;
    struct berth_events_options options;
};

struct berth_events *berth_events_create(const struct berth_events_options *options) {
    struct berth_events *events = calloc(1, sizeof *events);
    if (!events)
        return NULL;
    events->options = *options;
    events->base = events->newest = options->generation;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&events->lock, NULL);
    pthread_cond_init(&events->changed, &attributes);
    pthread_condattr_destroy(&attributes);
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
    pthread_cond_destroy(&events->changed);
    pthread_mutex_destroy(&events->lock);
    free(events);
}

static struct event *make_event(int64_t generation, const char *name, const json_t *data) {
    char *json = data ? berth_json_text(data) : NULL;
    if (!json)
        return NULL;
    /* Compact JSON has no line breaks, so one data line holds it. */
    size_t size = strlen(json) + strlen(name) + ID_BYTES;
    struct event *event = malloc(sizeof *event + size);
    if (event) {
        *event = (struct event){.generation = generation, .refs = 1};
        event->length = (size_t)snprintf(event->text, size, "id: %lld\nevent: %s\ndata: %s\n\n",
                                         (long long)generation, name, json);
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
        if (*cell)
            events->base = (*cell)->generation;
        unref(*cell);
        *cell = event;
        events->count++;
    } else {
        events->base = generation;
    }
    events->newest = generation;
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->lock);
}

enum berth_code berth_events_join(struct berth_events *events, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    pthread_mutex_lock(&events->lock);
    if (events->draining)
        code = berth_fail(error, BERTH_BUSY, "draining", "the server is stopping");
    else if (events->streams >= events->options.max_streams)
        code = berth_fail(error, BERTH_BUSY, "limit-streams",
                          "all %d event streams are taken (--max-streams)",
                          events->options.max_streams);
    else
        events->streams++;
    pthread_mutex_unlock(&events->lock);
    if (code != BERTH_OK)
        berth_error_hint(error, "read /manifests/remotes.json now and then until one is free");
    return code;
}

void berth_events_leave(struct berth_events *events) {
    pthread_mutex_lock(&events->lock);
    events->streams--;
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

/* Waits for something to say. False: only a heartbeat is due. */
static bool wait_for_news(struct berth_events *events, int64_t generation) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += events->options.heartbeat_ms / 1000;
    until.tv_nsec += (long)(events->options.heartbeat_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    while (!events->draining && events->newest <= generation)
        if (pthread_cond_timedwait(&events->changed, &events->lock, &until) != 0)
            return false;
    return true;
}

static bool write_text(berth_event_write write, void *context, const char *text) {
    return write(context, text, strlen(text));
}

static bool write_reset(int64_t generation, berth_event_write write, void *context) {
    char text[160];
    (void)snprintf(text, sizeof text, "id: %lld\nevent: reset\ndata: {\"generation\":%lld}\n\n",
                   (long long)generation, (long long)generation);
    return write_text(write, context, text);
}

/* One step: sends the next event, a reset or a heartbeat. Called with the lock held, which it drops
 * while writing. False ends the stream. */
static bool step(struct berth_events *events, int64_t *at, berth_event_write write, void *context) {
    bool news = wait_for_news(events, *at);
    if (events->draining) {
        pthread_mutex_unlock(&events->lock);
        write_text(write, context, "event: draining\ndata: {}\n\n");
        pthread_mutex_lock(&events->lock);
        return false;
    }
    bool behind = *at < events->base || *at > events->newest;
    int64_t newest = events->newest;
    struct event *event = news && !behind ? next_after(events, *at) : NULL;
    pthread_mutex_unlock(&events->lock);
    bool alive;
    if (behind) {
        alive = write_reset(newest, write, context);
        *at = newest;
    } else if (event) {
        alive = write(context, event->text, event->length);
        *at = event->generation;
    } else {
        alive = write_text(write, context, ": still here\n\n");
    }
    pthread_mutex_lock(&events->lock);
    unref(event);
    return alive;
}

void berth_events_follow(struct berth_events *events, int64_t last_id, berth_event_write write,
                         void *context) {
    if (!write_text(write, context, "retry: 2000\n\n"))
        return;
    pthread_mutex_lock(&events->lock);
    int64_t at = last_id < 0 ? events->newest : last_id;
    /* An id from the future belongs to another registry, or to one before a restore. */
    bool alive = true;
    if (at > events->newest) {
        int64_t newest = events->newest;
        pthread_mutex_unlock(&events->lock);
        alive = write_reset(newest, write, context);
        pthread_mutex_lock(&events->lock);
        at = newest;
    }
    while (alive)
        alive = step(events, &at, write, context);
    pthread_mutex_unlock(&events->lock);
}

void berth_events_drain(struct berth_events *events) {
    pthread_mutex_lock(&events->lock);
    events->draining = true;
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->lock);
}

int berth_events_streams(struct berth_events *events) {
    pthread_mutex_lock(&events->lock);
    int streams = events->streams;
    pthread_mutex_unlock(&events->lock);
    return streams;
}
