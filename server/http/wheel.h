/* Timers of a loop: a wheel of lists, one for each moment. Setting, moving and cancelling take the
 * same few moves however many there are, and what is due is found without a look at the rest.
 *
 * A timer that is set to later stays where it is, and is moved when its old moment comes: most are
 * put off again and again, with every request.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_HTTP_WHEEL_H
#define BERTH_HTTP_WHEEL_H

#include <stdint.h>

enum { BERTH_WHEEL_TICK_MS = 32, BERTH_WHEEL_SLOTS = 256 };

struct berth_timer {
    struct berth_timer *next, *previous; /* NULL: not set */
    int64_t deadline_ms;
    int64_t tick; /* of the list that it is in */
};

struct berth_wheel {
    struct berth_timer slots[BERTH_WHEEL_SLOTS]; /* heads of lists */
    int64_t tick;                                /* all before it are empty */
    int64_t soonest;                             /* no timer is in a list before this tick */
};

void berth_wheel_init(struct berth_wheel *wheel, int64_t now_ms);
void berth_wheel_set(struct berth_wheel *wheel, struct berth_timer *timer, int64_t deadline_ms);
void berth_wheel_cancel(struct berth_timer *timer); /* one that is not set is fine */
/* One that is due, no longer set; NULL when there is none any more. A tick late at most. */
struct berth_timer *berth_wheel_due(struct berth_wheel *wheel, int64_t now_ms);
/* How long to wait before the next look, for poll: -1 for ever. */
int berth_wheel_wait_ms(const struct berth_wheel *wheel, int64_t now_ms);

#endif
