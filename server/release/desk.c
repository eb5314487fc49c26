#include "desk.h"

#include <stdlib.h>

enum berth_code desk_out_of_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code create_parts(struct berth_desk *desk, struct berth_error *error) {
    const struct berth_desk_options *options = &desk->options;
    desk->limits = options->limits;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_mutex_init(&desk->keep_lock, NULL);
    pthread_mutex_init(&desk->refresh_lock, NULL);
    pthread_mutex_init(&desk->limits_lock, NULL);
    pthread_mutex_init(&desk->tallies_lock, NULL);
    desk->bodies = berth_bodies_create(desk_files_bytes(desk->limits.cache_bytes));
    desk->views = (struct berth_views){.public_url = options->public_url,
                                       .frontend = options->frontend,
                                       .store = options->store,
                                       .registry = options->registry,
                                       .bodies = desk->bodies};
    desk->cold = berth_cold_create(&desk->views, desk_editions_bytes(desk->limits.cache_bytes));
    if (desk->bodies)
        desk->publisher = berth_publisher_create(options->reader_threads, desk->bodies);
    return desk->bodies && desk->cold && desk->publisher ? BERTH_OK : desk_out_of_memory(error);
}

static enum berth_code publish_first(struct berth_desk *desk, struct berth_error *error) {
    struct berth_snapshot *snapshot;
    enum berth_code code = catalog_snapshot(&desk->catalog, desk->catalog.generation, NULL,
                                            &desk->views, &snapshot, error);
    if (code == BERTH_OK)
        desk_publish(desk, NULL, snapshot);
    for (size_t i = 0; code == BERTH_OK && i < desk->catalog.module_count; i++)
        desk_press_module(desk, desk->catalog.modules[i]);
    return code;
}

enum berth_code berth_desk_open(const struct berth_desk_options *options, struct berth_desk **ret,
                                struct berth_error *error) {
    struct berth_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return desk_out_of_memory(error);
    desk->options = *options;
    enum berth_code code = create_parts(desk, error);
    if (code == BERTH_OK)
        code = desk_load(desk, error);
    if (code == BERTH_OK)
        code = desk_open_events(desk, error);
    if (code == BERTH_OK)
        code = desk_open_frontend(desk, error);
    if (code == BERTH_OK)
        code = publish_first(desk, error);
    if (code == BERTH_OK)
        code = desk_open_press(desk, error);
    if (code == BERTH_OK)
        *ret = desk;
    else
        berth_desk_close(desk);
    return code;
}

void berth_desk_close(struct berth_desk *desk) {
    if (!desk)
        return;
    desk_close_press(desk);
    desk_stage_done(desk);
    berth_publisher_destroy(desk->publisher);
    berth_events_destroy(desk->events);
    desk_close_frontend(desk);
    catalog_done(&desk->catalog, desk->bodies);
    berth_cold_destroy(desk->cold);
    berth_bodies_destroy(desk->bodies);
    pthread_mutex_destroy(&desk->lock);
    pthread_mutex_destroy(&desk->keep_lock);
    pthread_mutex_destroy(&desk->refresh_lock);
    pthread_mutex_destroy(&desk->limits_lock);
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

struct berth_store *berth_desk_store(struct berth_desk *desk) {
    return desk->options.store;
}

struct berth_bodies *berth_desk_bodies(struct berth_desk *desk) {
    return desk->bodies;
}

struct berth_cold *berth_desk_cold(struct berth_desk *desk) {
    return desk->cold;
}
