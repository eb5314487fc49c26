/* Lists of a module's versions. Each is one block with both arrays; the names are shared. */
#include "nodes.h"

#include <stdlib.h>
#include <string.h>

static struct berth_heads *allocate(size_t count) {
    struct berth_heads *heads = malloc(sizeof *heads + 2 * count * sizeof(struct berth_head *));
    if (!heads)
        return NULL;
    *heads = (struct berth_heads){.by_upload = (struct berth_head **)(heads + 1), .refs = 1};
    heads->by_version = heads->by_upload + count;
    return heads;
}

static struct berth_head *create_head(const char *version) {
    size_t size = strlen(version) + 1;
    struct berth_head *head = malloc(sizeof *head + size);
    if (!head)
        return NULL;
    head->refs = 1;
    memcpy(head->version, version, size);
    return head;
}

void berth_heads_unref(struct berth_heads *heads) {
    if (!heads || --heads->refs)
        return;
    for (size_t i = 0; i < heads->count; i++)
        if (--heads->by_upload[i]->refs == 0)
            free(heads->by_upload[i]);
    free(heads);
}

static int compare(const void *a, const void *b) {
    return strcmp((*(struct berth_head *const *)a)->version,
                  (*(struct berth_head *const *)b)->version);
}

struct berth_heads *berth_heads_create(const char *const *versions, size_t count) {
    struct berth_heads *heads = allocate(count);
    if (!heads)
        return NULL;
    for (; heads->count < count; heads->count++) {
        struct berth_head *head = create_head(versions[heads->count]);
        if (!head) {
            berth_heads_unref(heads);
            return NULL;
        }
        heads->by_upload[heads->count] = heads->by_version[heads->count] = head;
    }
    qsort(heads->by_version, count, sizeof(struct berth_head *), compare);
    return heads;
}

/* Where the version is, or would be. */
static size_t place_of(const struct berth_heads *heads, const char *version) {
    size_t low = 0, high = heads->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(heads->by_version[middle]->version, version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct berth_heads *berth_heads_add(const struct berth_heads *heads, const char *version) {
    if (!heads)
        return berth_heads_create(&version, 1);
    struct berth_heads *next = allocate(heads->count + 1);
    struct berth_head *head = next ? create_head(version) : NULL;
    if (!head) {
        free(next);
        return NULL;
    }
    size_t place = place_of(heads, version);
    for (size_t i = 0; i < heads->count; i++) {
        heads->by_upload[i]->refs++;
        next->by_upload[i] = heads->by_upload[i];
        next->by_version[i + (i >= place)] = heads->by_version[i];
    }
    next->by_upload[heads->count] = next->by_version[place] = head;
    next->count = heads->count + 1;
    return next;
}

bool berth_module_has(const struct berth_module *module, const char *version) {
    size_t place = place_of(module->heads, version);
    return place < module->heads->count &&
           strcmp(module->heads->by_version[place]->version, version) == 0;
}
