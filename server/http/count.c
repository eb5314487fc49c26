#include "internal.h"

#include <stdlib.h>

enum { LINE_BYTES = 64 };

/* Where each number is in a cell. */
enum {
    REQUESTS_AT = 0,
    DURATIONS_AT = BERTH_TRAFFIC_METHODS * BERTH_TRAFFIC_STATUSES,
    DURATION_SUM_AT = DURATIONS_AT + BERTH_TRAFFIC_BUCKETS,
    SENT_BYTES_AT,
    CUT_AT,
    NUMBERS
};

/* A multiple of lines, from the start of one: no two cells share any. */
struct berth_cell {
    _Alignas(LINE_BYTES) _Atomic uint64_t numbers[NUMBERS];
    struct berth_cell *next;      /* of all */
    struct berth_cell *next_idle; /* while nobody has it */
};

/* From what memory answers in to what a large upload takes. */
const int64_t berth_traffic_bounds_us[BERTH_TRAFFIC_BUCKETS - 1] = {
    100,   250,    500,    1000,   2500,    5000,    10000,    25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 10000000, 60000000,
};

void berth_cells_init(struct berth_cells *cells) {
    pthread_mutex_init(&cells->lock, NULL);
    cells->all = cells->idle = NULL;
}

void berth_cells_done(struct berth_cells *cells) {
    while (cells->all) {
        struct berth_cell *next = cells->all->next;
        free(cells->all);
        cells->all = next;
    }
    pthread_mutex_destroy(&cells->lock);
}

static struct berth_cell *create(void) {
    struct berth_cell *cell = aligned_alloc(_Alignof(struct berth_cell), sizeof *cell);
    for (int i = 0; cell && i < NUMBERS; i++)
        atomic_init(&cell->numbers[i], 0);
    return cell;
}

struct berth_cell *berth_cell_take(struct berth_cells *cells) {
    pthread_mutex_lock(&cells->lock);
    struct berth_cell *cell = cells->idle;
    if (cell) {
        cells->idle = cell->next_idle;
    } else {
        cell = create();
        if (cell) {
            cell->next = cells->all;
            cells->all = cell;
        }
    }
    pthread_mutex_unlock(&cells->lock);
    return cell;
}

void berth_cell_give_back(struct berth_cells *cells, struct berth_cell *cell) {
    if (!cell)
        return;
    pthread_mutex_lock(&cells->lock);
    cell->next_idle = cells->idle;
    cells->idle = cell;
    pthread_mutex_unlock(&cells->lock);
}

/* No locked instruction: nobody else writes here. */
static void add(struct berth_cell *cell, int at, uint64_t by) {
    uint64_t before = atomic_load_explicit(&cell->numbers[at], memory_order_relaxed);
    atomic_store_explicit(&cell->numbers[at], before + by, memory_order_relaxed);
}

static enum berth_traffic_method class_of(enum berth_method method) {
    switch (method) {
    case BERTH_GET:
    case BERTH_HEAD:
        return BERTH_TRAFFIC_READ;
    case BERTH_PUT:
    case BERTH_POST:
    case BERTH_DELETE:
    case BERTH_PATCH:
        return BERTH_TRAFFIC_WRITE;
    case BERTH_OPTIONS:
    case BERTH_METHOD_COUNT:
        break;
    }
    return BERTH_TRAFFIC_OTHER;
}

static int bucket_of(int64_t duration_us) {
    int bucket = 0;
    while (bucket < BERTH_TRAFFIC_BUCKETS - 1 && duration_us > berth_traffic_bounds_us[bucket])
        bucket++;
    return bucket;
}

void berth_cell_count(struct berth_cell *cell, const struct berth_ended *ended) {
    int status = ended->status / 100;
    if (status >= BERTH_TRAFFIC_STATUSES)
        status = 0;
    add(cell, REQUESTS_AT + (int)class_of(ended->method) * BERTH_TRAFFIC_STATUSES + status, 1);
    add(cell, SENT_BYTES_AT, (uint64_t)ended->sent_bytes);
    if (ended->streamed)
        return;
    add(cell, DURATIONS_AT + bucket_of(ended->duration_us), 1);
    add(cell, DURATION_SUM_AT, (uint64_t)ended->duration_us);
    if (ended->cut)
        add(cell, CUT_AT, 1);
}

static void sum_cell(const struct berth_cell *cell, struct berth_traffic *ret) {
    uint64_t numbers[NUMBERS];
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = atomic_load_explicit(&cell->numbers[i], memory_order_relaxed);
    for (int i = 0; i < BERTH_TRAFFIC_METHODS; i++)
        for (int j = 0; j < BERTH_TRAFFIC_STATUSES; j++)
            ret->requests[i][j] += numbers[REQUESTS_AT + i * BERTH_TRAFFIC_STATUSES + j];
    for (int i = 0; i < BERTH_TRAFFIC_BUCKETS; i++)
        ret->durations[i] += numbers[DURATIONS_AT + i];
    ret->duration_us += numbers[DURATION_SUM_AT];
    ret->sent_bytes += numbers[SENT_BYTES_AT];
    ret->cut += numbers[CUT_AT];
}

void berth_cells_sum(struct berth_cells *cells, struct berth_traffic *ret) {
    *ret = (struct berth_traffic){0};
    pthread_mutex_lock(&cells->lock);
    for (const struct berth_cell *cell = cells->all; cell; cell = cell->next)
        sum_cell(cell, ret);
    pthread_mutex_unlock(&cells->lock);
}

void berth_listener_traffic(struct berth_listener *listener, struct berth_traffic *ret) {
    berth_cells_sum(&listener->cells, ret);
    ret->connections = atomic_load_explicit(&listener->accepted, memory_order_relaxed);
}
