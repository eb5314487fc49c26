/* What sleeping streams are woken by. All of them poll one descriptor, the current bell's, so that
 * news cost one write however many they are. A bell that was rung stays readable until the last of
 * its sleepers has seen it; who sleeps after that waits for the next one.
 *
 * Thread rules: all but bells_open and bells_close under the one lock that guards the bells.
 */
#ifndef BERTH_EVENTS_BELL_H
#define BERTH_EVENTS_BELL_H

#include <pthread.h>
#include <stdbool.h>

/* Several, since news may follow each other faster than all streams wake. */
enum { BELLS = 16 };

struct bell {
    int fd; /* eventfd */
    int sleepers;
    bool rung;
};

struct bells {
    pthread_cond_t changed;
    struct bell *current; /* NULL while none is free */
    int count;
    struct bell all[BELLS];
};

/* False when there is no descriptor for the first one. Close it in any case. */
bool bells_open(struct bells *bells);
void bells_close(struct bells *bells);

/* The bell to sleep on; give it back when awake, before anything else that may take time. NULL when
 * there is none at present: await one, and then look for news again, since the lock was free. */
struct bell *bells_sleep(struct bells *bells);
void bells_awake(struct bells *bells, struct bell *bell);
void bells_await(struct bells *bells, pthread_mutex_t *lock);

/* Wakes all that sleep. When every bell still has sleepers that were woken and did not run yet,
 * it waits for them; the lock is free meanwhile. */
void bells_ring(struct bells *bells, pthread_mutex_t *lock);

#endif
