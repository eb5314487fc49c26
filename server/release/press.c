/* Compressing what the server writes itself, in the background: an activation must not wait for it,
 * and until it is done the plain text is answered. */
#include "desk.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LOWEST_PRIORITY = 19, PATIENCE_MS = 50 };

static struct press_item take_first(struct press *press) {
    struct press_item *first = press->first;
    struct press_item item = *first;
    press->first = first->next;
    if (!press->first)
        press->last = &press->first;
    free(first);
    return item;
}

/* The next one that somebody but the queue still has; the lock is held. */
static bool next_item(struct press *press, struct press_item *ret) {
    while (press->first) {
        *ret = take_first(press);
        if (ret->view->refs > 1)
            return true;
        berth_view_unref(ret->view); /* something newer has taken its place */
    }
    return false;
}

/* What is queued was just made live, and all open pages are about to be told: they go first. */
static void be_patient(struct berth_desk *desk) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PATIENCE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!desk->press.stopping &&
           pthread_cond_timedwait(&desk->press.news, &desk->lock, &until) == 0)
        continue;
}

static void *run(void *context) {
    struct berth_desk *desk = context;
    struct press *press = &desk->press;
    struct press_item item;
    (void)pthread_setname_np(pthread_self(), "texts");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWEST_PRIORITY);
    pthread_mutex_lock(&desk->lock);
    while (!press->stopping) {
        if (!next_item(press, &item)) {
            pthread_cond_wait(&press->news, &desk->lock);
            be_patient(desk);
            continue;
        }
        pthread_mutex_unlock(&desk->lock);
        berth_view_compress(item.view, item.best);
        pthread_mutex_lock(&desk->lock);
        berth_view_unref(item.view);
    }
    pthread_mutex_unlock(&desk->lock);
    return NULL;
}

enum berth_code desk_open_press(struct berth_desk *desk, struct berth_error *error) {
    struct press *press = &desk->press;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&press->news, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&press->thread, NULL, run, desk) != 0)
        return berth_fail(error, BERTH_NO_MEMORY, "thread", "cannot start a thread");
    press->running = true;
    return BERTH_OK;
}

static void stop(struct berth_desk *desk) {
    struct press *press = &desk->press;
    pthread_mutex_lock(&desk->lock);
    press->stopping = true;
    pthread_cond_signal(&press->news);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(press->thread, NULL);
    pthread_cond_destroy(&press->news);
}

void desk_close_press(struct berth_desk *desk) {
    struct press *press = &desk->press;
    if (press->running)
        stop(desk);
    while (press->first)
        berth_view_unref(take_first(press).view);
}

void desk_press(struct berth_desk *desk, struct berth_view *view, bool best) {
    struct press *press = &desk->press;
    struct press_item *item = view && !view->queued ? malloc(sizeof *item) : NULL;
    if (!item)
        return;
    *item = (struct press_item){.view = view, .best = best};
    view->queued = true;
    view->refs++;
    if (!press->first)
        press->last = &press->first;
    *press->last = item;
    press->last = &item->next;
    if (press->running)
        pthread_cond_signal(&press->news);
}

void desk_press_module(struct berth_desk *desk, const struct berth_module *module) {
    /* Nobody asks for entries of what was never live: each upload of a new module would make them.
     */
    if (!module->live)
        return;
    desk_press(desk, module->live_entry, false);
    desk_press(desk, module->live_entry_module, false);
    desk_press(desk, module->live_manifest, false);
    desk_press(desk, module->live_native, false);
    desk_press(desk, module->live->manifest, false);
}
