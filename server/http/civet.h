/* The engine of threads: what civet.c (connections) and civet_service.c (requests) share. Only
 * they, and guard.c, know civetweb.
 *
 * Thread rules: a worker belongs to its thread, but for its slot and `busy`.
 */
#ifndef BERTH_HTTP_CIVET_H
#define BERTH_HTTP_CIVET_H

#include "internal.h"
#include "watch.h"

struct mg_connection;
struct mg_context;

/* civetweb's buffer, in which a head over the limit still fits as far as that it can be told so. */
enum { BERTH_CIVET_BUFFER_BYTES = 32768 };

struct berth_civet {
    struct mg_context *context;
    struct berth_watch watch;
    char start_message[256];
    atomic_bool started;
};

struct berth_civet_worker {
    struct berth_watch_slot slot; /* first: the watch's list of slots is the list of workers */
    struct berth_worker worker;
    struct berth_request request;
    struct mg_connection *connection; /* of the present request */
    int socket;                       /* of a stream; -1 when it is not known */
    atomic_bool busy;
    const char *buffer;       /* where civetweb's buffer starts, as far as is known */
    bool over_cap;            /* of the present connection */
    bool peer_known;          /* its addresses are in the slot */
    int64_t head_deadline_ms; /* when civetweb gives up on the present head */
};

/* civetweb's begin_request and http_error. */
int berth_civet_handle(struct mg_connection *connection);
int berth_civet_refuse(struct mg_connection *connection, int status, const char *message);

#endif
