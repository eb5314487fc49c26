#include "wheel.h"

#include <stddef.h>

/* No timer at all. */
#define NEVER INT64_MAX

static struct berth_timer *slot_of(struct berth_wheel *wheel, int64_t tick) {
    return &wheel->slots[tick % BERTH_WHEEL_SLOTS];
}

void berth_wheel_init(struct berth_wheel *wheel, int64_t now_ms) {
    for (int i = 0; i < BERTH_WHEEL_SLOTS; i++)
        wheel->slots[i].next = wheel->slots[i].previous = &wheel->slots[i];
    wheel->tick = now_ms / BERTH_WHEEL_TICK_MS;
    wheel->soonest = NEVER;
}

void berth_wheel_cancel(struct berth_timer *timer) {
    if (!timer->next)
        return;
    timer->next->previous = timer->previous;
    timer->previous->next = timer->next;
    timer->next = timer->previous = NULL;
}

/* The tick after the deadline, so that it is over then; a far one as far as the wheel goes. Never
 * before `least`. */
static int64_t tick_of(const struct berth_wheel *wheel, int64_t deadline_ms, int64_t least) {
    int64_t tick = deadline_ms / BERTH_WHEEL_TICK_MS + 1;
    if (tick >= wheel->tick + BERTH_WHEEL_SLOTS)
        return wheel->tick + BERTH_WHEEL_SLOTS - 1;
    return tick > least ? tick : least;
}

static void put(struct berth_wheel *wheel, struct berth_timer *timer, int64_t least) {
    timer->tick = tick_of(wheel, timer->deadline_ms, least);
    struct berth_timer *slot = slot_of(wheel, timer->tick);
    timer->previous = slot->previous;
    timer->next = slot;
    slot->previous->next = timer;
    slot->previous = timer;
    if (timer->tick < wheel->soonest)
        wheel->soonest = timer->tick;
}

void berth_wheel_set(struct berth_wheel *wheel, struct berth_timer *timer, int64_t deadline_ms) {
    timer->deadline_ms = deadline_ms;
    if (timer->next && timer->tick * BERTH_WHEEL_TICK_MS <= deadline_ms)
        return;
    berth_wheel_cancel(timer);
    put(wheel, timer, wheel->tick);
}

/* All lists before `tick` are empty. */
static void find_soonest(struct berth_wheel *wheel) {
    for (int64_t tick = wheel->tick; tick < wheel->tick + BERTH_WHEEL_SLOTS; tick++) {
        if (slot_of(wheel, tick)->next != slot_of(wheel, tick)) {
            wheel->soonest = tick;
            return;
        }
    }
    wheel->soonest = NEVER;
}

struct berth_timer *berth_wheel_due(struct berth_wheel *wheel, int64_t now_ms) {
    int64_t now = now_ms / BERTH_WHEEL_TICK_MS;
    while (wheel->soonest <= now) {
        wheel->tick = wheel->soonest;
        struct berth_timer *slot = slot_of(wheel, wheel->tick);
        struct berth_timer *timer = slot->next;
        if (timer == slot) {
            find_soonest(wheel);
            continue;
        }
        berth_wheel_cancel(timer);
        if (timer->deadline_ms <= now_ms)
            return timer;
        put(wheel, timer, wheel->tick + 1); /* it was put off: not into the same list again */
    }
    if (wheel->tick < now)
        wheel->tick = now;
    return NULL;
}

int berth_wheel_wait_ms(const struct berth_wheel *wheel, int64_t now_ms) {
    if (wheel->soonest == NEVER)
        return -1;
    int64_t wait_ms = wheel->soonest * BERTH_WHEEL_TICK_MS - now_ms;
    return wait_ms > 0 ? (int)wait_ms : 0;
}
