/* The engine of the loop: what its files share.
 *
 *   loops.c      starts and stops them
 *   loop.c       threads that wait for sockets, and what they do with each
 *   accept.c     new connections: to which loop, over the cap, out of descriptors
 *   receive.c    from bytes to requests, answered here or given to a worker
 *   outgoing.c   answers that their clients take slowly
 *   pool.c       worker threads
 *   blocking.c   an exchange on a worker
 *   secure.c     the bytes of a connection that speaks TLS
 *
 * A connection belongs to one loop from its start to its end: only that loop's thread opens and
 * closes it, reads heads from it, and sends answers from memory. While a worker has it (AWAY) the
 * loop's epoll does not know it, and the loop does nothing to it but shut it down when the listener
 * stops. It comes back through the loop's mailbox.
 *
 * Thread rules: all of a loop and its connections belong to the loop's thread, but for the mailbox
 * and what is atomic. A connection that is AWAY belongs to the worker, but for `state`, `fd` and
 * the list it is in.
 */
#ifndef BERTH_HTTP_LOOP_H
#define BERTH_HTTP_LOOP_H

#include "internal.h"
#include "parse.h"
#include "wheel.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/epoll.h>

enum {
    BERTH_LOOPS_MAX = 16,
    /* A head over the limit fits as far as that it can be told so. */
    BERTH_INBOX_BYTES = BERTH_HEAD_MAX_BYTES + 1,
    BERTH_SPARES = 4,
    BERTH_OVER_CAP = 64, /* connections over the cap, until they are told so */
};

enum berth_connection_state {
    BERTH_READING,   /* a head, or the first byte of one */
    BERTH_AWAY,      /* with a worker */
    BERTH_SENDING,   /* what the socket did not take at once */
    BERTH_LINGERING, /* reads and drops, so that its last answer is not lost by a reset */
};

/* A request that goes to a worker, with all bytes that came until now. */
struct berth_job {
    int64_t time_ms;
    int64_t start_us;
    size_t taken; /* of the bytes: head and body */
    size_t length;
    struct berth_request request;
    char bytes[];
};

struct berth_outgoing; /* outgoing.c */
struct berth_tls;      /* tls.h */
struct ssl_st;         /* OpenSSL's SSL */

struct berth_connection {
    struct berth_timer timer; /* first: a timer that is due is its connection */
    struct berth_loop *loop;
    struct berth_connection *next, *previous; /* in the loop's list of all */
    struct berth_connection *queued;          /* in a mailbox, or waiting for a worker */
    int fd;
    enum berth_connection_state state;
    bool over_cap;    /* it is told so, and closed */
    bool takes_spare; /* its descriptor was the loop's spare one, and will be again */
    bool closes;      /* set by a worker: after what it did */
    bool lingers;     /* the same */
    bool tls_failed;  /* nothing more can be said by it; after its end, too */
    bool tls_plain;   /* it was no TLS, and was told so */
    bool tls_settled; /* the last read took all that had come: the socket will tell of more */
    bool tls_short;   /* the socket had less than was asked for, */
    bool tls_blocked; /* or nothing */
    size_t line;      /* where looking for the head's end goes on, in `pending` */
    char *pending;    /* bytes of requests to come; NULL: none */
    size_t pending_length;
    struct berth_job *job;           /* AWAY */
    struct berth_outgoing *outgoing; /* SENDING */
    struct ssl_st *tls;              /* NULL: plain */
    char remote[INET_ADDRSTRLEN];
};

struct berth_loop {
    struct berth_loops *loops;
    pthread_t thread;
    int epoll;
    int wake;                 /* an eventfd: the mailbox has something, or the loop shall stop */
    struct berth_timer pause; /* set: it does not accept */
    struct berth_timer probe; /* set: it has told that descriptors have run out */
    int spares[BERTH_SPARES]; /* descriptors for clients when there are no others */
    int spare_count;
    struct berth_wheel wheel;
    struct berth_connection *connections;
    int away;
    atomic_int count; /* of connections, for others to see who has least */
    bool stopping;
    pthread_mutex_t lock; /* of the mailbox */
    struct berth_connection *mailbox;
    int64_t now_ms;
    struct berth_worker worker;
    struct berth_request request;
    char inbox[BERTH_INBOX_BYTES];
};

struct berth_pool {
    pthread_mutex_t lock;
    pthread_cond_t wake;                   /* a job, or the end */
    pthread_cond_t ended;                  /* the last thread */
    struct berth_connection *first, *last; /* waiting for a thread */
    int waiting;
    int idle;
    int starting; /* made, and not yet looking for work */
    int threads;
    bool finished;
    struct berth_pool_thread *last_ended; /* joined by the next */
    struct berth_listener *listener;
    const char *name; /* of its threads */
    int nice;         /* how far they have stepped back */
};

struct berth_loops {
    struct berth_listener *listener;
    int listening;
    atomic_int busy; /* exchanges on workers, and answers on their way */
    atomic_bool stopping;
    struct berth_pool pool;
    struct berth_pool later; /* for what comes after live pages and files; it has threads of its own
                                since none can come forward again */
    int count;
    struct berth_loop *all[BERTH_LOOPS_MAX];
};

/* --- loop.c --- */
/* What a connection waits for that is to be read: told once for all that came. */
#define BERTH_LOOP_READS (EPOLLIN | EPOLLRDHUP | EPOLLET)
void berth_loop_watch(struct berth_connection *connection, int operation, uint32_t events);
void berth_loop_close(struct berth_connection *connection);
/* After the last answer. `unread`: the client has sent, or may be sending, more than was read. */
void berth_loop_end(struct berth_connection *connection, bool unread);
/* Puts a connection into its loop's mailbox, from any thread. */
void berth_loop_post(struct berth_connection *connection);
/* Waits for the next request, or for more of its head. */
void berth_loop_await(struct berth_connection *connection, int timeout_ms);
/* A connection that is new in its loop. */
void berth_loop_add(struct berth_connection *connection);

/* From any thread: it looks into its mailbox, or sees that it shall stop. */
void berth_loop_wake(const struct berth_loop *loop);
void berth_loop_take_mailbox(struct berth_loop *loop);
void *berth_loop_run(void *argument); /* a thread of its own; the loop */

/* --- accept.c --- */
void berth_loop_accept(struct berth_loop *loop);
/* Makes spare descriptors until there are BERTH_SPARES, or no more to be had. */
void berth_loop_find_spares(struct berth_loop *loop);
/* Tells when descriptors are free again, which it has told that they are not. */
void berth_loop_probe(struct berth_loop *loop);
void berth_loop_listen(struct berth_loop *loop, bool on);
/* Closes its descriptor, or makes it a spare one again. */
void berth_loop_close_socket(struct berth_connection *connection);

/* --- receive.c --- */
/* `at_end`: the client has ended its side. */
void berth_loop_receive(struct berth_connection *connection, bool at_end);
/* Serves what is in `pending`, if it is enough. */
void berth_loop_resume(struct berth_connection *connection);
/* The head did not come in time. */
void berth_loop_late(struct berth_connection *connection);

/* --- secure.c: of connections with `tls` only --- */
/* Makes `tls`; false without memory. */
bool berth_secure_open(struct berth_connection *connection, struct berth_tls *tls);
/* As recv and send with a socket that does not block; EPROTO and EPIPE: it is over. */
ssize_t berth_secure_receive(struct berth_connection *connection, void *ret, size_t length);
ssize_t berth_secure_send(struct berth_connection *connection, const void *data, size_t length);
/* A read waits for the socket to take what TLS itself has to say. */
bool berth_secure_wants_write(const struct berth_connection *connection);
/* Says that nothing more will come (close_notify); only after whole answers. */
void berth_secure_end(struct berth_connection *connection);
void berth_secure_close(struct berth_connection *connection);

/* What is said at last, as much of it as fits. */
void berth_loop_tell(struct berth_connection *connection, const char *text);

/* --- outgoing.c --- */
extern const struct berth_transport berth_loop_transport;
/* The socket takes more: true when all is sent, or nothing more can be (then `outgoing` is NULL);
 * *ret_closes says what comes then. */
bool berth_outgoing_send(struct berth_connection *connection, bool *ret_closes);
void berth_outgoing_drop(struct berth_connection *connection);
int64_t berth_outgoing_deadline_ms(const struct berth_connection *connection);

/* --- pool.c --- */
/* `name` is borrowed. Its threads step back by `nice`. */
void berth_pool_init(struct berth_pool *pool, struct berth_listener *listener, const char *name,
                     int nice);
/* False when there is no thread for it, and none can be made. */
bool berth_pool_give(struct berth_pool *pool, struct berth_connection *connection);
/* Waits until all that was given is done; nothing more may be given. */
void berth_pool_stop(struct berth_pool *pool);

/* --- blocking.c --- */
void berth_blocking_serve(struct berth_worker *worker, struct berth_connection *connection);

#endif
