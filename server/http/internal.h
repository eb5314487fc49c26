/* What the files of this room share: a listener, its workers, and the exchange each has at most one
 * of. Nothing here is seen outside.
 *
 * Life of a request: an engine has read a head. It begins the exchange of the thread's worker, has
 * it served, or refuses what is malformed, and finishes it, which writes the log line (service.c).
 *
 * Thread rules: a worker and its exchange belong to one thread; what others read is atomic.
 */
#ifndef BERTH_HTTP_INTERNAL_H
#define BERTH_HTTP_INTERNAL_H

#include "berth/clock.h"
#include "berth/http.h"
#include "berth/log.h"
#include "count.h"
#include "framing.h"
#include "pace.h"
#include "piece.h"
#include "query.h"
#include "route.h"
#include "trace.h"
#include "transport.h"
#include "work.h"
#include <netinet/in.h>
#include <stdatomic.h>

enum { BERTH_ID_BYTES = 17 };

/* Decoded path, its parameters, the query and trimmed header values: together at most three times
 * the head, and a NUL each. */
enum { BERTH_SCRATCH_TEXT_BYTES = 3 * BERTH_HEAD_MAX_BYTES + 256 };

/* Too large for a 100 KiB stack; a page that is never touched takes no memory. */
struct berth_scratch {
    char text[BERTH_SCRATCH_TEXT_BYTES];
    char out[BERTH_PIECE_BYTES];
};

struct berth_exchange {
    struct berth_worker *worker;
    const struct berth_transport *transport;
    void *carrier; /* the transport's */
    const struct berth_request *request;
    const char *remote;
    enum berth_method method;
    const char *path;     /* decoded; NULL until then */
    const char *raw_path; /* for the log; NULL when the head was malformed */
    const struct berth_route *route;
    struct berth_route_match match;
    struct berth_query query;
    size_t text_used;
    int64_t body_bytes; /* -1: no Content-Length */
    int64_t body_read;
    int64_t body_here; /* came with the head: can be dropped instead of read */
    bool expects_continue;
    bool is_http_1_0;
    bool close;    /* after this answer */
    bool broken;   /* the connection failed or was cut: nothing more is written or read */
    bool answered; /* the head is out */
    bool tells;    /* problems have `message` */
    bool deferred; /* to a thread that may wait: nothing was answered here */
    bool later;    /* the same, and it is of a kind that comes after live pages and files */
    bool admitted; /* the route has been asked */
    bool streams;  /* an answer without length */
    bool parked;   /* the transport is still sending, and finishes it later */
    int status;
    char *piece; /* what the head is put together in, when it is not the worker's own buffer */
    const struct berth_keeper *keeper; /* of the body; NULL: nobody keeps it */
    int64_t sent_bytes;                /* of the body */
    int64_t time_ms;
    int64_t start_us;
    struct berth_pace write_pace;
    struct berth_place place; /* what it is counted as */
    char id[BERTH_ID_BYTES];
    struct berth_trace trace;
    char actor[40];
    char rule[BERTH_RULE_BYTES];
    /* A member of its own that its problem has, with the value; or NULL. */
    const char *member;
    json_t *value;
};

/* One thread's. */
struct berth_worker {
    struct berth_listener *listener;
    uint32_t next_id, last_id; /* request numbers that are this worker's */
    int64_t date_second;
    char date[BERTH_HTTP_DATE_BYTES];
    struct berth_scratch *scratch;
    struct berth_cell *cell; /* what it has done */
    struct berth_exchange exchange;
    struct berth_error error;
};

/* What serves connections: civetweb's threads (civet.c) or the loop (loop.c). */
struct berth_engine {
    /* Descriptors that it needs for so many connections. */
    int (*descriptors)(int max_connections);
    /* Listens on listener->bound and sets its port; fails without a trace. */
    enum berth_code (*start)(struct berth_listener *listener, struct berth_error *error);
    int (*busy)(const struct berth_listener *listener);
    /* Cuts whatever is left. */
    void (*stop)(struct berth_listener *listener);
};

/* The listener's times, of which others may be set while it serves. */
struct berth_times {
    atomic_int request_timeout_ms;
    atomic_int keep_alive_timeout_ms;
    _Atomic int64_t min_body_rate_bytes;
};

struct berth_listener {
    struct berth_listener_options options; /* its strings are not used after start, its times not
                                              but for what `times` starts with */
    struct berth_times times;
    struct berth_tls *tls; /* NULL: plain */
    char name[8];
    char address[32];
    struct sockaddr_in bound;
    const struct berth_engine *engine;
    void *engine_state;
    struct berth_compartments compartments;
    struct berth_cells cells;
    atomic_int connections;
    _Atomic uint64_t accepted; /* connections since the start */
    atomic_bool draining;
    int64_t descriptors; /* promised to it */
};

static inline int berth_request_timeout_ms(const struct berth_listener *listener) {
    return atomic_load_explicit(&listener->times.request_timeout_ms, memory_order_relaxed);
}

static inline int berth_keep_alive_timeout_ms(const struct berth_listener *listener) {
    return atomic_load_explicit(&listener->times.keep_alive_timeout_ms, memory_order_relaxed);
}

static inline int64_t berth_min_body_rate(const struct berth_listener *listener) {
    return atomic_load_explicit(&listener->times.min_body_rate_bytes, memory_order_relaxed);
}

extern const struct berth_engine berth_civet_engine;
extern const struct berth_engine berth_loop_engine;

/* How many connections over the cap an engine takes to tell them so. */
int berth_listener_reserve(int max_connections);

/* --- service.c: what the engines call, in this order --- */

/* Sets what request ids of this process start with; before the first request. */
void berth_service_init(void);
/* The worker's exchange, made new; NULL without memory. `request` may be NULL when the head was
 * malformed; all that is handed over is borrowed until the exchange is finished. */
struct berth_exchange *berth_exchange_begin(struct berth_worker *worker,
                                            const struct berth_transport *transport, void *carrier,
                                            const char *remote);
/* Answers a head that is not taken, and closes. `error` may be the worker's. */
void berth_exchange_refuse(struct berth_exchange *exchange, const struct berth_error *error);
/* Serves a request that keeps the rules of framing.h. */
void berth_exchange_serve(struct berth_exchange *exchange, const struct berth_request *request,
                          bool over_cap);
/* Gives back what it took and writes the log line. One that is deferred or parked is not finished.
 */
void berth_exchange_finish(struct berth_exchange *exchange);
/* What the log line will say, but for the duration and the bytes. */
void berth_exchange_record(const struct berth_exchange *exchange, struct berth_log_request *ret);

enum berth_method berth_method_parse(const char *text);

/* berth_answer_problem with further header lines, each ended by CR LF. */
void berth_answer_refusal(struct berth_exchange *exchange, const struct berth_error *error,
                          const char *headers);

/* What is said where there is no memory to say more. */
#define BERTH_BARE_REFUSAL                                                                         \
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nX-Content-Type-Options: nosniff\r\n"    \
    "Cache-Control: no-store\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

#endif
