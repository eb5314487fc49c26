#include "variant.h"

#include <stdlib.h>
#include <string.h>

struct job *job_create(const char *module, const char *version) {
    size_t module_bytes = strlen(module) + 1, version_bytes = strlen(version) + 1;
    struct job *job = malloc(sizeof *job + module_bytes + version_bytes);
    if (!job)
        return NULL;
    memcpy(job->text, module, module_bytes);
    memcpy(job->text + module_bytes, version, version_bytes);
    job->next = NULL;
    job->module = job->text;
    job->version = job->text + module_bytes;
    return job;
}

void queue_put(struct queue *queue, struct job *job) {
    job->next = NULL;
    *(queue->end ? queue->end : &queue->first) = job;
    queue->end = &job->next;
}

struct job *queue_take(struct queue *queue) {
    struct job *job = queue->first;
    if (!job)
        return NULL;
    queue->first = job->next;
    if (!queue->first)
        queue->end = NULL;
    job->next = NULL;
    return job;
}

void queue_done(struct queue *queue) {
    struct job *job;
    while ((job = queue_take(queue)) != NULL)
        free(job);
}
