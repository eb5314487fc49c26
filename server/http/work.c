#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *const rules[BERTH_WORK_COUNT] = {
    [BERTH_WORK_VERSIONS] = "limit-versions-at-once",
    [BERTH_WORK_REPORTS] = "limit-reports-at-once",
};

void berth_compartments_init(struct berth_compartments *compartments) {
    pthread_mutex_init(&compartments->lock, NULL);
}

void berth_compartments_done(struct berth_compartments *compartments) {
    pthread_mutex_destroy(&compartments->lock);
}

static bool take(atomic_int *now, int most) {
    if (atomic_fetch_add_explicit(now, 1, memory_order_relaxed) < most)
        return true;
    atomic_fetch_sub_explicit(now, 1, memory_order_relaxed);
    return false;
}

/* Linux's nice values are those of threads, which begin with that of whoever makes them: it counts
 * from the first thread's, which never steps back. Where it fails, the work is done as well. */
void berth_work_step_back(int nice) {
    if (nice > 0)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(),
                          getpriority(PRIO_PROCESS, (id_t)getpid()) + nice);
}

static enum berth_code fail_busy(enum berth_work work, int most, struct berth_error *error) {
    return berth_fail(error, BERTH_BUSY, rules[work],
                      "%d such requests are being served, which is the most", most);
}

enum berth_code berth_work_look(struct berth_listener *listener, enum berth_work work,
                                struct berth_error *error) {
    int most = listener->options.max_work[work];
    int now = atomic_load_explicit(&listener->compartments.now[work], memory_order_relaxed);
    return work == BERTH_WORK_ANY || most <= 0 || now < most ? BERTH_OK
                                                             : fail_busy(work, most, error);
}

static void leave_kind(struct berth_listener *listener, struct berth_place *place) {
    if (place->work != BERTH_WORK_ANY)
        atomic_fetch_sub_explicit(&listener->compartments.now[place->work], 1,
                                  memory_order_relaxed);
    place->work = BERTH_WORK_ANY;
}

enum berth_code berth_exchange_work(struct berth_exchange *exchange, enum berth_work work,
                                    struct berth_error *error) {
    struct berth_listener *listener = exchange->worker->listener;
    int most = listener->options.max_work[work];
    leave_kind(listener, &exchange->place);
    if (work == BERTH_WORK_ANY || most <= 0)
        return BERTH_OK;
    if (!take(&listener->compartments.now[work], most))
        return fail_busy(work, most, error);
    exchange->place.work = work;
    return BERTH_OK;
}

/* FNV-1a. */
static int share_of(const char *value) {
    uint32_t hash = 2166136261;
    for (; *value; value++)
        hash = (hash ^ (unsigned char)*value) * 16777619;
    return (int)(hash % BERTH_SHARES);
}

enum berth_code berth_share_take(struct berth_exchange *exchange, int64_t body_bytes,
                                 struct berth_error *error) {
    struct berth_listener *listener = exchange->worker->listener;
    const char *name = exchange->route ? exchange->route->shares : NULL;
    int most = listener->options.max_shared;
    if (!name || most <= 0 || body_bytes <= BERTH_SHARED_MIN_BYTES ||
        exchange->place.share != BERTH_NO_SHARE || exchange->method == BERTH_HEAD)
        return BERTH_OK;
    int share = share_of(berth_exchange_param(exchange, name));
    if (!take(&listener->compartments.shares[share], most))
        return berth_fail(error, BERTH_BUSY, "limit-module-connections",
                          "%d large files of this module are being sent, which is the most", most);
    exchange->place.share = share;
    return BERTH_OK;
}

void berth_place_leave(struct berth_listener *listener, struct berth_place *place) {
    leave_kind(listener, place);
    if (place->share != BERTH_NO_SHARE)
        atomic_fetch_sub_explicit(&listener->compartments.shares[place->share], 1,
                                  memory_order_relaxed);
    place->share = BERTH_NO_SHARE;
}

/* The rule's place among the first `count`, or NULL. */
static struct berth_refusals *find_rule(struct berth_compartments *compartments, size_t count,
                                        const char *rule) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(compartments->refusals[i].rule, rule) == 0)
            return &compartments->refusals[i];
    }
    return NULL;
}

/* Rules are words of our own, so there are few. */
static struct berth_refusals *add_rule(struct berth_compartments *compartments, const char *rule) {
    pthread_mutex_lock(&compartments->lock);
    size_t count = atomic_load_explicit(&compartments->refusal_count, memory_order_relaxed);
    struct berth_refusals *refusals = find_rule(compartments, count, rule);
    if (!refusals && count < BERTH_LOAD_MAX_RULES) {
        refusals = &compartments->refusals[count];
        (void)snprintf(refusals->rule, sizeof refusals->rule, "%s", rule);
        atomic_store_explicit(&compartments->refusal_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&compartments->lock);
    return refusals;
}

/* A loop must not wait here for a thread that has stepped back: the lock is for a rule's first time
 * only. */
void berth_refusal_count(struct berth_compartments *compartments, const char *rule) {
    size_t count = atomic_load_explicit(&compartments->refusal_count, memory_order_acquire);
    struct berth_refusals *refusals = find_rule(compartments, count, rule);
    if (!refusals)
        refusals = add_rule(compartments, rule);
    if (refusals)
        atomic_fetch_add_explicit(&refusals->count, 1, memory_order_relaxed);
}

void berth_listener_load(struct berth_listener *listener, struct berth_load *ret) {
    struct berth_compartments *compartments = &listener->compartments;
    *ret = (struct berth_load){.connections = atomic_load(&listener->connections)};
    for (int i = 0; i < BERTH_WORK_COUNT; i++)
        ret->work[i] = atomic_load_explicit(&compartments->now[i], memory_order_relaxed);
    ret->refusal_count = atomic_load_explicit(&compartments->refusal_count, memory_order_acquire);
    for (size_t i = 0; i < ret->refusal_count; i++) {
        struct berth_refusals *refusals = &compartments->refusals[i];
        memcpy(ret->refusals[i].rule, refusals->rule, sizeof refusals->rule);
        ret->refusals[i].count = atomic_load_explicit(&refusals->count, memory_order_relaxed);
    }
}
