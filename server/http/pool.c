/* Worker threads: made when there is work and none is idle, and ended when they were idle for long.
 * Each joins the one that ended before it, so that at the end one is left to join. */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STACK_BYTES = 100 * 1024, IDLE_SECONDS = 5 };

struct berth_pool_thread {
    pthread_t thread;
    struct berth_pool *pool;
    struct berth_worker worker;
};

void berth_pool_init(struct berth_pool *pool, struct berth_listener *listener, const char *name,
                     int nice) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&pool->ended, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pool->listener = listener;
    pool->name = name;
    pool->nice = nice;
}

static bool wait_locked(struct berth_pool *pool) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    pool->idle++;
    int result = 0;
    while (!pool->first && !pool->finished && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&pool->wake, &pool->lock, &until);
    pool->idle--;
    return pool->first;
}

static struct berth_connection *take_locked(struct berth_pool *pool) {
    struct berth_connection *connection = pool->first;
    pool->first = connection->queued;
    if (!pool->first)
        pool->last = NULL;
    pool->waiting--;
    return connection;
}

static void join(struct berth_pool_thread *thread) {
    if (!thread)
        return;
    pthread_join(thread->thread, NULL);
    free(thread->worker.scratch);
    free(thread);
}

static void *run(void *argument) {
    struct berth_pool_thread *own = argument;
    struct berth_pool *pool = own->pool;
    (void)pthread_setname_np(pthread_self(), pool->name);
    berth_work_step_back(pool->nice);
    pthread_mutex_lock(&pool->lock);
    pool->starting--;
    while (pool->first || wait_locked(pool)) {
        struct berth_connection *connection = take_locked(pool);
        pthread_mutex_unlock(&pool->lock);
        berth_blocking_serve(&own->worker, connection);
        pthread_mutex_lock(&pool->lock);
    }
    berth_cell_give_back(&pool->listener->cells, own->worker.cell);
    struct berth_pool_thread *before = pool->last_ended;
    pool->last_ended = own;
    if (--pool->threads == 0)
        pthread_cond_broadcast(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
    join(before);
    return NULL;
}

static bool add_thread(struct berth_pool *pool) {
    struct berth_pool_thread *thread = calloc(1, sizeof *thread);
    pthread_attr_t attributes;
    if (!thread)
        return false;
    thread->pool = pool;
    thread->worker.listener = pool->listener;
    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    int failure = pthread_create(&thread->thread, &attributes, run, thread);
    pthread_attr_destroy(&attributes);
    if (failure) {
        free(thread);
        return false;
    }
    pool->threads++;
    pool->starting++;
    return true;
}

/* A connection that was given waits for a thread or has one; when there are as many threads as
 * there can be connections, one of them has none, and will look. */
static bool is_full(const struct berth_pool *pool) {
    return pool->threads >= pool->listener->options.max_connections + BERTH_OVER_CAP;
}

bool berth_pool_give(struct berth_pool *pool, struct berth_connection *connection) {
    pthread_mutex_lock(&pool->lock);
    bool taken = pool->idle + pool->starting > pool->waiting || is_full(pool) || add_thread(pool);
    if (taken) {
        connection->queued = NULL;
        if (pool->last)
            pool->last->queued = connection;
        else
            pool->first = connection;
        pool->last = connection;
        pool->waiting++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (taken) /* a thread that is woken finds the lock free; all are joined before the pool goes */
        pthread_cond_signal(&pool->wake);
    return taken;
}

void berth_pool_stop(struct berth_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->finished = true;
    pthread_cond_broadcast(&pool->wake);
    while (pool->threads > 0)
        pthread_cond_wait(&pool->ended, &pool->lock);
    struct berth_pool_thread *last = pool->last_ended;
    pthread_mutex_unlock(&pool->lock);
    join(last);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->ended);
    pthread_mutex_destroy(&pool->lock);
}
