#include "variant.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICEST = 19 };

/* Only what would be idle otherwise. Lowering needs no right, so a failure is not told; nice counts
 * where the policy is not to be had. */
static void step_back(void) {
    const struct sched_param none = {0};
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICEST);
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
}

static bool wait_posted(struct slot *slot) {
    struct crew *crew = slot->crew;
    pthread_mutex_lock(&crew->lock);
    while (slot->state != SLOT_POSTED && !crew->ending)
        pthread_cond_wait(&crew->changed, &crew->lock);
    bool posted = slot->state == SLOT_POSTED;
    pthread_mutex_unlock(&crew->lock);
    return posted;
}

static void *work(void *context) {
    struct slot *slot = context;
    struct crew *crew = slot->crew;
    step_back();
    while (wait_posted(slot)) {
        memset(&slot->error, 0, sizeof slot->error);
        slot->code = blob_compress(crew->store, &slot->digest, slot->best, crew->stop, &slot->made,
                                   &slot->error);
        pthread_mutex_lock(&crew->lock);
        slot->state = SLOT_DONE;
        pthread_cond_broadcast(&crew->changed);
        pthread_mutex_unlock(&crew->lock);
    }
    return NULL;
}

enum berth_code crew_start(struct crew *crew, struct berth_store *store, int count,
                           const atomic_bool *stop, struct berth_error *error) {
    crew->store = store;
    crew->stop = stop;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    for (int i = 0; i < count && i < WORKERS_MAX; i++) {
        crew->slots[i].crew = crew;
        int result = pthread_create(&crew->slots[i].thread, NULL, work, &crew->slots[i]);
        if (result != 0)
            return berth_fail(error, BERTH_NO_MEMORY, "threads",
                              "cannot start a thread for compression: %s", strerrordesc_np(result));
        (void)pthread_setname_np(crew->slots[i].thread, "compress");
        crew->count++;
    }
    return BERTH_OK;
}

void crew_end(struct crew *crew) {
    pthread_mutex_lock(&crew->lock);
    crew->ending = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (int i = 0; i < crew->count; i++)
        pthread_join(crew->slots[i].thread, NULL);
    pthread_mutex_destroy(&crew->lock);
    pthread_cond_destroy(&crew->changed);
}

static struct slot *find(struct crew *crew, int state) {
    for (int i = 0; i < crew->count; i++)
        if ((int)crew->slots[i].state == state)
            return &crew->slots[i];
    return NULL;
}

struct slot *crew_wait(struct crew *crew, bool all) {
    struct slot *slot;
    pthread_mutex_lock(&crew->lock);
    while (!(slot = find(crew, SLOT_DONE)) &&
           (all ? find(crew, SLOT_POSTED) != NULL : !(slot = find(crew, SLOT_FREE))))
        pthread_cond_wait(&crew->changed, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
    return slot;
}

void crew_post(struct crew *crew, struct slot *slot, const struct berth_digest *digest, bool best) {
    pthread_mutex_lock(&crew->lock);
    slot->digest = *digest;
    slot->best = best;
    slot->state = SLOT_POSTED;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

void crew_free(struct crew *crew, struct slot *slot) {
    pthread_mutex_lock(&crew->lock);
    slot->state = SLOT_FREE;
    pthread_mutex_unlock(&crew->lock);
}
