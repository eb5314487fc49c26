#include "store.h"
#include <errno.h>
#include <unistd.h>

enum { SYNC_THREADS = 16, FILES_A_THREAD = 2, SYNC_STACK_BYTES = 64 * 1024 };

/* Files that are being synced, each by the thread that comes to it first. */
struct job {
    const int *fds;
    size_t count;
    atomic_size_t next;
    atomic_int full_errno; /* the disk is full: the files are dropped and their pages with them */
    atomic_int hard_errno; /* any other failure */
};

static void *run(void *context) {
    struct job *job = context;
    for (;;) {
        size_t at = atomic_fetch_add(&job->next, 1);
        if (at >= job->count || atomic_load(&job->hard_errno) != 0)
            return NULL;
        if (fsync(job->fds[at]) != 0)
            atomic_store(errno == ENOSPC || errno == EDQUOT ? &job->full_errno : &job->hard_errno,
                         errno);
    }
}

/* How many threads could be started; the caller does what they do not. */
static size_t start_helpers(struct job *job, pthread_t *ret) {
    size_t wanted = job->count / FILES_A_THREAD;
    size_t started = 0;
    pthread_attr_t attributes;
    if (wanted == 0 || pthread_attr_init(&attributes) != 0)
        return 0;
    (void)pthread_attr_setstacksize(&attributes, SYNC_STACK_BYTES);
    while (started < wanted && started < SYNC_THREADS - 1 &&
           pthread_create(&ret[started], &attributes, run, job) == 0)
        started++;
    pthread_attr_destroy(&attributes);
    return started;
}

enum berth_code store_sync_files(struct berth_store *store, const int *fds, size_t count,
                                 struct berth_error *error) {
    struct job job = {.fds = fds, .count = count};
    pthread_t helpers[SYNC_THREADS - 1];
    size_t started = start_helpers(&job, helpers);
    run(&job);
    for (size_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    if (atomic_load(&job.hard_errno) != 0) {
        errno = atomic_load(&job.hard_errno);
        return store_break(store, error);
    }
    if (atomic_load(&job.full_errno) == 0)
        return BERTH_OK;
    /* It may show only here (delayed allocation, quotas). */
    errno = atomic_load(&job.full_errno);
    return berth_fail_errno(error, "store-io", "cannot write a blob");
}
