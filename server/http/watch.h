/* Cuts connections that are too slow: civetweb's own time-outs are reset by every byte.
 *
 * A worker sets a deadline before it blocks on its socket and takes it back after. One thread looks
 * at the deadlines and shuts the socket of a late worker down, whereupon its read or write fails.
 * civetweb does not tell its descriptors, so the late one is looked up by its two addresses.
 *
 * While there are more connections than the cap, those that have sent nothing for a second are cut
 * too: the few workers beyond the cap must come free again, to tell the next client that it is.
 *
 * The same thread sees when descriptors have run out (spare.h).
 *
 * The worker's side is two atomic operations. While the thread is at a socket (CUTTING) the worker
 * waits in berth_watch_end, so that the descriptor cannot become another connection's meanwhile.
 *
 * Thread rules: begin and end belong to the slot's worker; the rest to the listener's owner.
 */
#ifndef BERTH_HTTP_WATCH_H
#define BERTH_HTTP_WATCH_H

#include "berth/error.h"
#include "spare.h"
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One per worker; the connection's addresses are set before the first begin on it. */
struct berth_watch_slot {
    struct berth_watch_slot *next;
    _Atomic int64_t deadline_ms;
    int how; /* SHUT_RD, SHUT_RDWR */
    struct sockaddr_in peer;
    in_port_t local_port; /* network order */
};

struct berth_watch {
    pthread_mutex_t lock; /* what is not atomic */
    pthread_cond_t wake;
    struct berth_watch_slot *_Atomic slots; /* grows at its front, so readers take no lock */
    struct sockaddr_in address;             /* listened on; port 0 until it is known */
    DIR *descriptors; /* open from the start: it needs none of its own later */
    struct berth_spare spare;
    bool stopping; /* cut everything, over and over */
    bool finished;
    const atomic_int *connections; /* counted by the listener */
    int max_connections;
    pthread_t thread;
};

enum berth_code berth_watch_start(struct berth_watch *watch, const atomic_int *connections,
                                  int max_connections, struct berth_error *error);
/* What it listens on, once it does. */
void berth_watch_address(struct berth_watch *watch, const struct sockaddr_in *address);
void berth_watch_add(struct berth_watch *watch, struct berth_watch_slot *slot);

/* Until berth_watch_stop: cuts every connection and wakes whoever accepts, so that mg_stop need not
 * wait for its two-second polls to run out. */
void berth_watch_cut_all(struct berth_watch *watch);
void berth_watch_stop(struct berth_watch *watch);

void berth_watch_begin(struct berth_watch_slot *slot, int64_t deadline_ms, int how);
/* The slot's own socket, found by its addresses; -1 when it cannot be. At worst one look at every
 * descriptor. */
int berth_watch_socket(const struct berth_watch_slot *slot);
/* True when the deadline was missed and the socket was cut. */
bool berth_watch_end(struct berth_watch_slot *slot);

#endif
