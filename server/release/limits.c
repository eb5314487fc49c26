/* What an operator may change while the server runs, and the places of uploads. */
#include "desk.h"

/* A part of the cache is for the editions themselves; they are small beside their files, so a few
 * are kept even where no file is. */
enum { COLD_SHARE = 8, COLD_MIN_BYTES = 1024 * 1024 };

int64_t desk_files_bytes(int64_t cache_bytes) {
    return cache_bytes - cache_bytes / COLD_SHARE;
}

int64_t desk_editions_bytes(int64_t cache_bytes) {
    int64_t bytes = cache_bytes / COLD_SHARE;
    return bytes > COLD_MIN_BYTES ? bytes : COLD_MIN_BYTES;
}

void berth_desk_limits(struct berth_desk *desk, struct berth_desk_limits *ret) {
    pthread_mutex_lock(&desk->limits_lock);
    *ret = desk->limits;
    pthread_mutex_unlock(&desk->limits_lock);
}

void berth_desk_set_limits(struct berth_desk *desk, const struct berth_desk_limits *limits) {
    pthread_mutex_lock(&desk->limits_lock);
    desk->limits = *limits;
    pthread_mutex_unlock(&desk->limits_lock);
    berth_bodies_set_budget(desk->bodies, desk_files_bytes(limits->cache_bytes));
    berth_cold_set_budget(desk->cold, desk_editions_bytes(limits->cache_bytes));
    pthread_mutex_lock(&desk->lock);
    desk_stage_trim(desk);
    pthread_mutex_unlock(&desk->lock);
}

enum berth_code desk_take_place(struct berth_desk *desk, struct berth_bundle_limits *ret,
                                struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    pthread_mutex_lock(&desk->limits_lock);
    if (desk->uploads >= desk->limits.max_uploads)
        code = berth_fail(error, BERTH_BUSY, "limit-uploads",
                          "%d uploads are running already (--max-uploads)", desk->uploads);
    else
        desk->uploads++;
    *ret = desk->limits.archive;
    pthread_mutex_unlock(&desk->limits_lock);
    return code;
}

void desk_give_place(struct berth_desk *desk) {
    pthread_mutex_lock(&desk->limits_lock);
    desk->uploads--;
    pthread_mutex_unlock(&desk->limits_lock);
}
