/* What the files of this room share: a listener, its workers, and the exchange each has at most one
 * of. Nothing here is seen outside.
 *
 * Life of a request: civetweb reads a head into the worker's buffer and calls berth_service_handle,
 * which fills the worker's exchange, checks it, runs the handler (or answers a problem), and writes
 * the log line. The exchange then is void.
 *
 * Thread rules: a worker and its exchange belong to one thread; what others read is atomic.
 */
#ifndef BERTH_HTTP_INTERNAL_H
#define BERTH_HTTP_INTERNAL_H

#include "berth/clock.h"
#include "berth/http.h"
#include "berth/log.h"
#include "guard.h"
#include "pace.h"
#include "piece.h"
#include "query.h"
#include "route.h"
#include "watch.h"
#include "work.h"
#include <stdatomic.h>

struct mg_connection;
struct mg_context;
struct mg_request_info;

enum {
    BERTH_HEAD_MAX_BYTES = 16384, /* of a request */
    /* civetweb's, in which a head over the limit still fits as far as that it can be told so. */
    BERTH_BUFFER_BYTES = 32768,
    BERTH_ID_BYTES = 17,
};

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
    struct mg_connection *connection;
    const struct mg_request_info *request;
    enum berth_method method;
    const char *path;     /* decoded; NULL until then */
    const char *raw_path; /* for the log; NULL when the head was malformed */
    const struct berth_route *route;
    struct berth_route_match match;
    struct berth_query query;
    size_t text_used;
    struct berth_framing framing; /* all zero until the guard has passed it */
    int64_t body_bytes;
    int64_t body_read;
    bool expects_continue;
    bool is_http_1_0;
    bool close;    /* after this answer */
    bool broken;   /* the connection failed or was cut: nothing more is written or read */
    bool answered; /* the head is out */
    bool tells;    /* problems have `message` */
    int status;
    int socket;  /* of a stream; -1 when it is not known */
    char *piece; /* what the head is put together in, when it is not the worker's own buffer */
    int64_t sent_bytes; /* of the body */
    int64_t time_ms;
    int64_t start_us;
    struct berth_pace write_pace;
    enum berth_work work; /* that it is counted as */
    int share;            /* where its large answer is counted; -1: nowhere */
    char id[BERTH_ID_BYTES];
    char actor[40];
    char rule[BERTH_RULE_BYTES];
    /* A member of its own that its problem has, with the value; or NULL. */
    const char *member;
    json_t *value;
};

struct berth_worker {
    struct berth_watch_slot slot; /* first: the watch's list of slots is the list of workers */
    struct berth_listener *listener;
    atomic_bool busy;
    uint32_t next_id, last_id; /* request numbers that are this worker's */
    const char *buffer;        /* where civetweb's buffer starts, as far as is known */
    bool over_cap;             /* of the present connection */
    bool peer_known;           /* its addresses are in the slot */
    int64_t head_deadline_ms;  /* when civetweb gives up on the present head */
    int64_t date_second;
    char date[BERTH_HTTP_DATE_BYTES];
    struct berth_scratch *scratch;
    struct berth_exchange exchange;
    struct berth_error error;
};

struct berth_listener {
    struct berth_listener_options options; /* its strings are not used after start */
    char name[8];
    char address[32];
    struct sockaddr_in bound;
    struct mg_context *context;
    struct berth_watch watch;

    struct berth_compartments compartments;
    atomic_bool draining;
    int64_t descriptors; /* promised to it */
    char start_message[256];
    atomic_bool started;
};

/* civetweb's begin_request and http_error. */
int berth_service_handle(struct mg_connection *connection);
int berth_service_refuse(struct mg_connection *connection, int status, const char *message);
/* Sets what request ids of this process start with; before the first request. */
void berth_service_init(void);

/* Reads and drops what is left of a body, for a moment only: closing with unread bytes would reset
 * the connection, and the client could lose the answer. */
void berth_exchange_linger(struct berth_exchange *exchange);

/* berth_answer_problem with further header lines, each ended by CR LF. */
void berth_answer_refusal(struct berth_exchange *exchange, const struct berth_error *error,
                          const char *headers);

#endif
