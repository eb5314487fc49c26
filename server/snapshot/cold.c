/* Editions that no snapshot holds: read when they are asked for, and the last ones kept.
 *
 * A chained table under one lock, which is not held while the registry is read. A version is read
 * by one thread, for which others wait; and few versions at once, since the registry serves one
 * reader at a time, and what is published must not queue behind what is only looked at. */
#include "nodes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 1024, READS_MAX = 4, WAITING_MAX = 64 };

struct item {
    struct item *next; /* in its cell */
    struct item *newer;
    struct item *older;            /* while idle */
    struct berth_edition *edition; /* NULL: being read */
    char *module;
    char *version;
    int64_t bytes;
    int holds;
    bool dropped; /* nobody finds it any more; it goes with its last holder */
};

struct berth_cold {
    pthread_mutex_t lock;
    pthread_cond_t turn; /* a read has ended */
    struct berth_views views;
    int64_t budget_bytes;
    int64_t bytes;
    int reads;
    int waiting; /* for a read of their own */
    struct item *newest;
    struct item *oldest;
    struct item *cells[CELLS];
};

struct berth_cold *berth_cold_create(const struct berth_views *views, int64_t budget_bytes) {
    struct berth_cold *cold = calloc(1, sizeof *cold);
    if (!cold)
        return NULL;
    cold->views = *views;
    cold->budget_bytes = budget_bytes;
    pthread_mutex_init(&cold->lock, NULL);
    pthread_cond_init(&cold->turn, NULL);
    return cold;
}

static void destroy(struct item *item) {
    berth_edition_unref(NULL, item->edition);
    free(item->module);
    free(item->version);
    free(item);
}

void berth_cold_destroy(struct berth_cold *cold) {
    if (!cold)
        return;
    for (size_t i = 0; i < CELLS; i++)
        for (struct item *item = cold->cells[i], *next; item; item = next) {
            next = item->next;
            destroy(item);
        }
    pthread_mutex_destroy(&cold->lock);
    pthread_cond_destroy(&cold->turn);
    free(cold);
}

/* --- the table --- */

static uint32_t hash_text(uint32_t hash, const char *text) { /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619U;
    return hash;
}

static struct item **cell_of(struct berth_cold *cold, const char *module, const char *version) {
    return &cold->cells[hash_text(hash_text(2166136261U, module) * 16777619U, version) % CELLS];
}

static struct item *find(struct berth_cold *cold, const char *module, const char *version) {
    struct item *item = *cell_of(cold, module, version);
    while (item && (item->dropped || strcmp(item->version, version) != 0 ||
                    strcmp(item->module, module) != 0))
        item = item->next;
    return item;
}

static struct item *add(struct berth_cold *cold, const char *module, const char *version) {
    struct item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    item->module = strdup(module);
    item->version = strdup(version);
    if (!item->module || !item->version) {
        destroy(item);
        return NULL;
    }
    struct item **cell = cell_of(cold, module, version);
    item->next = *cell;
    *cell = item;
    return item;
}

static void take_out(struct berth_cold *cold, struct item *item) {
    struct item **link = cell_of(cold, item->module, item->version);
    while (*link != item)
        link = &(*link)->next;
    *link = item->next;
    cold->bytes -= item->bytes;
    destroy(item);
}

/* --- who holds what --- */

static void rest(struct berth_cold *cold, struct item *item) {
    item->older = cold->newest;
    item->newer = NULL;
    if (cold->newest)
        cold->newest->newer = item;
    else
        cold->oldest = item;
    cold->newest = item;
}

static void rouse(struct berth_cold *cold, struct item *item) {
    if (item->newer)
        item->newer->older = item->older;
    else
        cold->newest = item->older;
    if (item->older)
        item->older->newer = item->newer;
    else
        cold->oldest = item->newer;
    item->newer = item->older = NULL;
}

static void trim(struct berth_cold *cold) {
    while (cold->oldest && cold->bytes > cold->budget_bytes) {
        struct item *item = cold->oldest;
        rouse(cold, item);
        take_out(cold, item);
    }
}

void berth_cold_set_budget(struct berth_cold *cold, int64_t budget_bytes) {
    pthread_mutex_lock(&cold->lock);
    cold->budget_bytes = budget_bytes;
    trim(cold);
    pthread_mutex_unlock(&cold->lock);
}

static const struct berth_edition *hold(struct berth_cold *cold, struct item *item) {
    if (item->holds++ == 0)
        rouse(cold, item);
    return item->edition;
}

/* --- reading --- */

/* A turn at the registry; with the lock held, which is open while it waits. */
static enum berth_code begin_read(struct berth_cold *cold, struct berth_error *error) {
    if (cold->reads >= READS_MAX && cold->waiting >= WAITING_MAX)
        return berth_fail(error, BERTH_BUSY, "cold-busy",
                          "too many versions that are not live are asked for at once");
    cold->waiting++;
    while (cold->reads >= READS_MAX)
        pthread_cond_wait(&cold->turn, &cold->lock);
    cold->waiting--;
    cold->reads++;
    pthread_mutex_unlock(&cold->lock);
    return BERTH_OK;
}

static void end_read(struct berth_cold *cold) {
    pthread_mutex_lock(&cold->lock);
    cold->reads--;
    pthread_cond_broadcast(&cold->turn);
}

static int64_t size_of(const struct berth_edition *edition) {
    size_t bytes = sizeof *edition + edition->file_count * sizeof *edition->files;
    for (size_t i = 0; i < edition->file_count; i++)
        bytes += strlen(edition->files[i].path) + 1;
    if (edition->manifest)
        bytes += sizeof *edition->manifest + edition->manifest->length;
    return (int64_t)bytes;
}

/* For the item that the caller has added. */
static enum berth_code read_edition(struct berth_cold *cold, struct item *item,
                                    struct berth_error *error) {
    struct berth_edition *edition = NULL;
    enum berth_code code = begin_read(cold, error);
    if (code == BERTH_OK) {
        code = berth_edition_read(item->module, item->version, &cold->views, &edition, error);
        end_read(cold);
    }
    if (code != BERTH_OK) {
        take_out(cold, item);
        return code;
    }
    json_decref(edition->description); /* readers have no use for it */
    edition->description = NULL;
    item->edition = edition;
    item->bytes = size_of(edition);
    cold->bytes += item->bytes;
    item->holds = 1;
    return BERTH_OK;
}

static enum berth_code take(struct berth_cold *cold, const char *module, const char *version,
                            const struct berth_edition **ret, struct berth_error *error) {
    struct item *item;
    while ((item = find(cold, module, version)) && !item->edition)
        pthread_cond_wait(&cold->turn, &cold->lock);
    if (item) {
        *ret = hold(cold, item);
        return BERTH_OK;
    }
    item = add(cold, module, version);
    if (!item)
        return berth_out_of_memory(error);
    enum berth_code code = read_edition(cold, item, error);
    if (code == BERTH_OK)
        *ret = item->edition;
    return code;
}

enum berth_code berth_cold_take(struct berth_cold *cold, const char *module, const char *version,
                                const struct berth_edition **ret, struct berth_error *error) {
    pthread_mutex_lock(&cold->lock);
    enum berth_code code = take(cold, module, version, ret, error);
    pthread_mutex_unlock(&cold->lock);
    return code;
}

void berth_cold_give(struct berth_cold *cold, const struct berth_edition *edition) {
    pthread_mutex_lock(&cold->lock);
    struct item *item = *cell_of(cold, edition->module, edition->version);
    while (item && item->edition != edition)
        item = item->next;
    if (item && --item->holds == 0) {
        if (item->dropped) {
            take_out(cold, item);
        } else {
            rest(cold, item);
            trim(cold);
        }
    }
    pthread_mutex_unlock(&cold->lock);
}

/* Counts of views are plain numbers; those of cold editions belong to who has the lock. */
const struct berth_view *berth_cold_take_manifest(struct berth_cold *cold,
                                                  const struct berth_edition *edition) {
    pthread_mutex_lock(&cold->lock);
    if (edition->manifest)
        edition->manifest->refs++;
    pthread_mutex_unlock(&cold->lock);
    return edition->manifest;
}

void berth_cold_give_manifest(struct berth_cold *cold, const struct berth_view *manifest) {
    pthread_mutex_lock(&cold->lock);
    berth_view_unref((struct berth_view *)(uintptr_t)manifest);
    pthread_mutex_unlock(&cold->lock);
}

void berth_cold_drop(struct berth_cold *cold, const char *module, const char *version) {
    pthread_mutex_lock(&cold->lock);
    struct item *item = find(cold, module, version);
    if (item && item->edition && !item->holds) {
        rouse(cold, item);
        take_out(cold, item);
    } else if (item) {
        item->dropped = true;
    }
    pthread_mutex_unlock(&cold->lock);
}

enum berth_code berth_cold_find(struct berth_cold *cold, const char *module, const char *path,
                                char **ret, struct berth_error *error) {
    struct berth_registry *registry = cold->views.registry;
    pthread_mutex_lock(&cold->lock);
    enum berth_code code = begin_read(cold, error);
    if (code == BERTH_OK) {
        code = registry->ops->version_with(registry, module, path, ret, error);
        end_read(cold);
    }
    pthread_mutex_unlock(&cold->lock);
    return code;
}
