/* Compartments: how much of each kind of work is served at once, and how often a client was told to
 * come back.
 *
 * Two limits besides the one on connections. A route names the kind of its work, and each kind but
 * the first may have a limit. A route may also name a parameter (a module's name): large answers,
 * which a slow reader can hold for long, are counted by its value, and no value may have more than
 * its share of them.
 *
 * What is common pays nothing: work without a limit and small answers touch no counter that other
 * threads write to. Values are counted in a fixed table, so two whose hashes meet share a limit;
 * memory is constant whatever clients ask for.
 *
 * Thread rules: any thread; a place belongs to whoever has the exchange.
 */
#ifndef BERTH_HTTP_WORK_H
#define BERTH_HTTP_WORK_H

#include "berth/http.h"
#include <pthread.h>
#include <stdatomic.h>

enum {
    BERTH_SHARES = 4096,
    BERTH_SHARED_MIN_BYTES = 16 * 1024, /* answers over it are large */
};

/* How often clients were refused by one rule. */
struct berth_refusals {
    char rule[BERTH_RULE_BYTES]; /* stays as it is once it is counted in refusal_count */
    _Atomic int64_t count;
};

struct berth_compartments {
    atomic_int now[BERTH_WORK_COUNT];
    atomic_int shares[BERTH_SHARES];
    pthread_mutex_t lock; /* of adding a rule */
    _Atomic size_t refusal_count;
    struct berth_refusals refusals[BERTH_LOAD_MAX_RULES];
};

enum { BERTH_NO_SHARE = -1 };

/* What an exchange is counted as. */
struct berth_place {
    enum berth_work work;
    int share; /* where its large answer is counted; BERTH_NO_SHARE: nowhere */
};

void berth_compartments_init(struct berth_compartments *compartments);
void berth_compartments_done(struct berth_compartments *compartments);

/* Gives back what an exchange has taken. */
void berth_place_leave(struct berth_listener *listener, struct berth_place *place);
/* Whether there is a place for one more of the kind now; takes none. BERTH_BUSY as
 * berth_exchange_work. */
enum berth_code berth_work_look(struct berth_listener *listener, enum berth_work work,
                                struct berth_error *error);
/* Before the head of an answer with so long a body. BERTH_BUSY ("limit-module-connections"). */
enum berth_code berth_share_take(struct berth_exchange *exchange, int64_t body_bytes,
                                 struct berth_error *error);
/* The calling thread steps back, for good: coming forward again needs a right that a server has
 * not. */
void berth_work_step_back(int nice);
/* A client was told to come back, by this rule. */
void berth_refusal_count(struct berth_compartments *compartments, const char *rule);

#endif
