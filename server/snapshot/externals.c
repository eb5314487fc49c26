#include "berth/snapshot.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    const struct berth_external *first = a, *second = b;
    int kinds = (first->kind > second->kind) - (first->kind < second->kind);
    return kinds ? kinds : strcmp(first->key, second->key);
}

static bool copy(struct berth_external *ret, const struct berth_external *item) {
    *ret = (struct berth_external){item->kind, strdup(item->key), strdup(item->value)};
    return ret->key && ret->value;
}

struct berth_externals *berth_externals_create(const struct berth_external *items, size_t count) {
    struct berth_externals *externals = calloc(1, sizeof *externals);
    if (!externals)
        return NULL;
    externals->refs = 1;
    externals->items = calloc(count + 1, sizeof *externals->items);
    bool good = externals->items;
    for (size_t i = 0; good && i < count; i++)
        good = copy(&externals->items[externals->count++], &items[i]);
    if (!good) {
        berth_externals_unref(externals);
        return NULL;
    }
    qsort(externals->items, count, sizeof *externals->items, compare);
    return externals;
}

void berth_externals_unref(struct berth_externals *externals) {
    if (!externals || --externals->refs)
        return;
    for (size_t i = 0; i < externals->count; i++) {
        free((void *)(uintptr_t)externals->items[i].key);
        free((void *)(uintptr_t)externals->items[i].value);
    }
    free(externals->items);
    free(externals);
}
