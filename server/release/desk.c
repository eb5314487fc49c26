#include "desk.h"

#include <stdlib.h>

enum berth_code berth_desk_open(const struct berth_desk_options *options, struct berth_desk **ret,
                                struct berth_error *error) {
    struct berth_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    desk->options = *options;
    desk->starting = true;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_mutex_init(&desk->uploads_lock, NULL);
    pthread_mutex_init(&desk->tallies_lock, NULL);
    desk->bodies = berth_bodies_create(options->cache_bytes);
    desk->views = (struct berth_views){.public_url = options->public_url,
                                       .frontend = options->frontend,
                                       .store = options->store,
                                       .bodies = desk->bodies};
    if (desk->bodies)
        desk->publisher = berth_publisher_create(options->reader_threads, desk->bodies);
    struct berth_snapshot *snapshot;
    enum berth_code code = desk->publisher
                               ? desk_load(desk, error)
                               : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (code == BERTH_OK)
        code = desk_open_events(desk, error);
    if (code == BERTH_OK)
        code = catalog_snapshot(&desk->catalog, desk->catalog.generation, NULL, &desk->views,
                                &snapshot, error);
    if (code != BERTH_OK) {
        berth_desk_close(desk);
        return code;
    }
    berth_publish(desk->publisher, snapshot);
    desk->starting = false;
    *ret = desk;
    return BERTH_OK;
}

void berth_desk_close(struct berth_desk *desk) {
    if (!desk)
        return;
    berth_publisher_destroy(desk->publisher);
    berth_events_destroy(desk->events);
    if (desk->bodies)
        catalog_done(&desk->catalog, desk->bodies);
    berth_bodies_destroy(desk->bodies);
    pthread_mutex_destroy(&desk->lock);
    pthread_mutex_destroy(&desk->uploads_lock);
    pthread_mutex_destroy(&desk->tallies_lock);
    desk_tallies_done(desk);
    free(desk);
}

struct berth_publisher *berth_desk_publisher(struct berth_desk *desk) {
    return desk->publisher;
}

struct berth_events *berth_desk_events(struct berth_desk *desk) {
    return desk->events;
}

struct berth_registry *berth_desk_registry(struct berth_desk *desk) {
    return desk->options.registry;
}

struct berth_store *berth_desk_store(struct berth_desk *desk) {
    return desk->options.store;
}

const struct berth_frontend *berth_desk_frontend(struct berth_desk *desk) {
    return desk->options.frontend;
}
