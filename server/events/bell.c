#include "bell.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct bell *make_bell(struct bells *bells) {
    int fd = bells->count < BELLS ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (fd < 0)
        return NULL;
    struct bell *bell = &bells->all[bells->count++];
    *bell = (struct bell){.fd = fd};
    return bell;
}

bool bells_open(struct bells *bells) {
    memset(bells, 0, sizeof *bells);
    pthread_cond_init(&bells->changed, NULL);
    bells->current = make_bell(bells);
    return bells->current;
}

void bells_close(struct bells *bells) {
    for (int i = 0; i < bells->count; i++)
        (void)close(bells->all[i].fd);
    pthread_cond_destroy(&bells->changed);
}

struct bell *bells_sleep(struct bells *bells) {
    if (bells->current)
        bells->current->sleepers++;
    return bells->current;
}

void bells_await(struct bells *bells, pthread_mutex_t *lock) {
    while (!bells->current)
        pthread_cond_wait(&bells->changed, lock);
}

void bells_awake(struct bells *bells, struct bell *bell) {
    if (--bell->sleepers == 0 && !bells->current)
        pthread_cond_broadcast(&bells->changed);
}

/* One without sleepers, silent again. */
static struct bell *free_bell(struct bells *bells) {
    for (int i = 0; i < bells->count; i++) {
        struct bell *bell = &bells->all[i];
        uint64_t times;
        if (bell->sleepers > 0)
            continue;
        if (bell->rung && read(bell->fd, &times, sizeof times) < 0 && errno != EAGAIN)
            continue;
        bell->rung = false;
        return bell;
    }
    return make_bell(bells);
}

void bells_ring(struct bells *bells, pthread_mutex_t *lock) {
    uint64_t one = 1;
    bells_await(bells, lock);
    if (bells->current->sleepers == 0)
        return;
    /* Fails only when it was rung 2^64 - 1 times. */
    ssize_t written = write(bells->current->fd, &one, sizeof one);
    (void)written;
    bells->current->rung = true;
    bells->current = NULL;
    struct bell *next = free_bell(bells);
    while (!next) {
        pthread_cond_wait(&bells->changed, lock);
        next = free_bell(bells);
    }
    bells->current = next;
    pthread_cond_broadcast(&bells->changed);
}
