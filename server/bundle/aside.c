#include "aside.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

struct task {
    enum berth_code (*work)(void *context);
    void *context;
    enum berth_code code;
};

/* Linux's nice values are those of threads. */
static void step_back(void) {
    const id_t self = (id_t)gettid();
    /* Lowering needs no right; where it fails all the same, the work is done as well. */
    (void)setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + BERTH_ASIDE_NICE);
}

static void *run(void *context) {
    struct task *task = context;
    step_back();
    task->code = task->work(task->context);
    return NULL;
}

enum berth_code berth_aside(enum berth_code (*work)(void *context), void *context) {
    struct task task = {.work = work, .context = context};
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, &task) != 0)
        return work(context);
    (void)pthread_setname_np(thread, "unpack");
    pthread_join(thread, NULL);
    return task.code;
}
