/* What a listener has done, counted without anything that two threads write to.
 *
 * Each worker has a cell of its own, on cache lines of its own. Only its thread writes to it, with
 * a plain load and store; whoever wants to know adds up all cells. A thread that ends gives its
 * cell back with all that is in it, and the next one goes on with it: nothing is lost, and there
 * are never more cells than there were threads at once.
 *
 * Thread rules: take and give back, and the sum, by any thread; a cell by the thread that has it.
 */
#ifndef BERTH_HTTP_COUNT_H
#define BERTH_HTTP_COUNT_H

#include "berth/http.h"
#include <pthread.h>
#include <stdatomic.h>

struct berth_cell;

struct berth_cells {
    pthread_mutex_t lock; /* of the two lists */
    struct berth_cell *all;
    struct berth_cell *idle;
};

/* An exchange that has ended. */
struct berth_ended {
    enum berth_method method;
    int status; /* 0: nothing was answered */
    int64_t duration_us;
    int64_t sent_bytes; /* of the body */
    bool streamed;      /* it had no length: its duration says nothing */
    bool cut;           /* the client has not got all of it */
};

void berth_cells_init(struct berth_cells *cells);
void berth_cells_done(struct berth_cells *cells); /* no thread has a cell any more */

/* NULL without memory. */
struct berth_cell *berth_cell_take(struct berth_cells *cells);
void berth_cell_give_back(struct berth_cells *cells, struct berth_cell *cell); /* NULL is fine */

void berth_cell_count(struct berth_cell *cell, const struct berth_ended *ended);

/* Adds all cells up, but for the connections. */
void berth_cells_sum(struct berth_cells *cells, struct berth_traffic *ret);

#endif
