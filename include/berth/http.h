/* HTTP/1.1 listeners, a const route table, and answers.
 *
 * A request comes through: framing (RFC 9112, strictly) → connection cap → strict URL decoding,
 * once → route → limit of its kind of work → handler. A handler is three movements: decode with the
 * readers below, one domain call, encode with one of the answers. Each handler answers exactly
 * once.
 *
 * Two engines serve connections, with one table, one set of rules and one set of answers:
 *
 *   - the loop: few threads, each with all of its connections in one epoll. It reads heads, and
 *     answers from memory by itself; what may have to wait is done by worker threads, made when
 *     they are needed, one for each such request
 *   - threads: civetweb, one thread for each connection
 *
 * With a certificate a listener speaks TLS 1.2 and 1.3, and nothing else, on every connection:
 * always by the loop, whichever engine was asked for.
 *
 * Every answer carries Date, X-Request-Id, X-Content-Type-Options: nosniff, and Connection: close
 * where the connection cannot go on (an unread body, a drain). Errors are application/problem+json
 * (RFC 9457), `no-store`, and never echo the path.
 *
 * Thread rules: a listener's handlers run on its threads (100 KiB stacks), one exchange on one
 * thread; create and the stops belong to one thread.
 */
#ifndef BERTH_HTTP_H
#define BERTH_HTTP_H

#include "berth/buffer.h"
#include "berth/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum berth_method {
    BERTH_GET,
    BERTH_HEAD,
    BERTH_PUT,
    BERTH_POST,
    BERTH_DELETE,
    BERTH_PATCH,
    BERTH_OPTIONS,
    BERTH_METHOD_COUNT
};

struct berth_exchange; /* one request and its answer; borrowed by the handler for the call */

typedef void (*berth_handler)(struct berth_exchange *exchange, void *app);

/* Kinds of work, so that much of one leaves room for the others. */
enum berth_work {
    BERTH_WORK_ANY,      /* limited by connections only */
    BERTH_WORK_VERSIONS, /* files of versions that are not live */
    BERTH_WORK_REPORTS,
    BERTH_WORK_COUNT
};

/* Where all want the same core, who asks for what is not live gets half of what readers of live
 * pages and files get, and waits for them when they come. */
enum { BERTH_LATER_NICE = 3 };

/* Pattern: literal segments and parameters. `{x}` takes one segment; `{module}` takes one segment
 * or `@scope/name`; `{x*}`, last, takes the rest (at least one character, slashes included). A
 * segment may mix: `{module}@{version}` splits at the last '@' of the module's last segment. The
 * first route that matches wins; 405 takes Allow from it. HEAD is served by `get`, OPTIONS by the
 * room: 204 with Allow, and the CORS preflight answer where `cors` is set. */
struct berth_route {
    const char *pattern;
    bool cors;  /* Access-Control-Allow-Origin: * on every answer, errors included */
    bool quick; /* `get` is tried on the loop first: see berth_exchange_defer */
    enum berth_work work;
    const char *shares; /* a parameter: answers over 16 KiB are limited by its value, see
                           max_shared; NULL: not */
    /* Asked once for each request that has a handler, by any thread, before the body is read and
     * before there is a worker for it: what it refuses costs no more than its answer. It must not
     * wait. NULL: all are admitted. */
    enum berth_code (*admit)(void *app, struct berth_error *error);
    berth_handler get, put, post, patch, remove;
};

enum berth_engine_kind { BERTH_ENGINE_LOOP, BERTH_ENGINE_THREADS };

struct berth_listener_options {
    const char *name;    /* "public", "admin": for the log */
    const char *address; /* "127.0.0.1:8080"; port 0 lets the kernel choose */
    const struct berth_route *routes;
    size_t route_count;
    void *app; /* handed to the handlers */
    enum berth_engine_kind engine;
    int max_connections;    /* beyond it 503 and Retry-After */
    int request_timeout_ms; /* reading a request head, and one write */
    int keep_alive_timeout_ms;
    int64_t min_body_rate_bytes; /* per second; slower bodies are cut: 408; 0: any rate. The bodies
                                    of answers, too, are cut below it, but streams are not */
    int body_grace_ms;           /* how far a body may fall behind that rate; 0 means 5,000 */
    bool same_origin_only;       /* refuse a request whose Origin is not this listener's own: 403 */
    int max_work[BERTH_WORK_COUNT]; /* requests of a kind at once; 0: no limit; beyond: 503 */
    /* Below this prefix ("/names/") the path is one name, whatever it holds: an escaped slash
     * stands for a slash, and there are no segments. NULL: nowhere. */
    const char *names_below;
    int max_shared; /* large answers at once with one value of `shares`; the same */
    /* How far its threads step back for all others of the machine: added to their nice value. Those
     * that serve a limited kind of work step back by BERTH_LATER_NICE more. */
    int nice;
    /* PEM files: the certificate with its chain, its own first, and its private key. Both NULL:
     * plain HTTP. */
    const char *certificate;
    const char *key;
};

struct berth_listener;

enum berth_code berth_listener_start(const struct berth_listener_options *options,
                                     struct berth_listener **ret, struct berth_error *error);
/* The bound address, "127.0.0.1:40211". */
const char *berth_listener_address(const struct berth_listener *listener);

/* A certificate with its chain and its key, read and found good for a listener. */
struct berth_certificate;

/* Reads both files (PEM). BERTH_INVALID or BERTH_IO with the rule "tls-certificate" or "tls-key",
 * which says which file, and what to do. Any thread. */
enum berth_code berth_certificate_load(const char *certificate, const char *key,
                                       struct berth_certificate **ret, struct berth_error *error);
void berth_certificate_free(struct berth_certificate *certificate); /* NULL is fine */
/* Does it speak TLS? */
bool berth_listener_secure(const struct berth_listener *listener);
/* Connections from now on get this certificate, open ones go on. It is the listener's then, which
 * must speak TLS. One that has ended, or does not yet hold, is taken with a warning in the log. Any
 * thread. */
void berth_listener_take_certificate(struct berth_listener *listener,
                                     struct berth_certificate *certificate);
/* When the certificate that new connections get ends (its notAfter); 0 without TLS. Any thread. */
int64_t berth_listener_certificate_end_ms(const struct berth_listener *listener);

/* As in the options. */
struct berth_listener_times {
    int request_timeout_ms; /* less than 1 is taken as 1; the same below */
    int keep_alive_timeout_ms;
    int64_t min_body_rate_bytes;
};

/* From the next request on, on all connections. Any thread. The engine of threads goes on with
 * the time-outs that it was started with where it waits for a head; its bodies, answers and streams
 * follow. */
void berth_listener_set_times(struct berth_listener *listener,
                              const struct berth_listener_times *times);

/* From now on every answer says Connection: close. */
void berth_listener_drain(struct berth_listener *listener);
/* Requests being handled now, streams and answers on their way included. */
int berth_listener_busy(const struct berth_listener *listener);

/* How a listener is doing. */
enum { BERTH_LOAD_MAX_RULES = 16 };

struct berth_load_refusal {
    char rule[BERTH_RULE_BYTES];
    int64_t count; /* answers 503 and 429 by this rule since the start */
};

struct berth_load {
    int connections;
    int work[BERTH_WORK_COUNT]; /* requests being served, of kinds with a limit */
    size_t refusal_count;
    struct berth_load_refusal refusals[BERTH_LOAD_MAX_RULES];
};

/* Any thread, until the listener is stopped. */
void berth_listener_load(struct berth_listener *listener, struct berth_load *ret);

/* What a listener has done since it started. */
enum berth_traffic_method { BERTH_TRAFFIC_READ, BERTH_TRAFFIC_WRITE, BERTH_TRAFFIC_OTHER };
enum {
    BERTH_TRAFFIC_METHODS = 3,
    BERTH_TRAFFIC_STATUSES = 6, /* by the first digit; 0: there was no answer */
    BERTH_TRAFFIC_BUCKETS = 17,
};
/* Durations up to each bound, and not to the one before, are in its bucket; longer ones in the
 * last. */
extern const int64_t berth_traffic_bounds_us[BERTH_TRAFFIC_BUCKETS - 1];

struct berth_traffic {
    uint64_t requests[BERTH_TRAFFIC_METHODS][BERTH_TRAFFIC_STATUSES]; /* that have ended */
    uint64_t durations[BERTH_TRAFFIC_BUCKETS]; /* of them, but for streams without a length */
    uint64_t duration_us;                      /* all of these together */
    uint64_t sent_bytes;                       /* of bodies */
    uint64_t cut;         /* answers with a length that the client has not got whole */
    uint64_t connections; /* accepted */
};

/* Any thread, until the listener is stopped. What ends meanwhile may be in some of the numbers. */
void berth_listener_traffic(struct berth_listener *listener, struct berth_traffic *ret);
/* Cuts whatever is left; NULL is fine. */
void berth_listener_stop(struct berth_listener *listener);

/* --- the request --- */
enum berth_method berth_exchange_method(const struct berth_exchange *exchange);
/* The decoded path; parameters by name, never NULL for a name in the pattern. */
const char *berth_exchange_path(const struct berth_exchange *exchange);
const char *berth_exchange_param(const struct berth_exchange *exchange, const char *name);
/* A header's value, or NULL. */
const char *berth_exchange_header(const struct berth_exchange *exchange, const char *name);
/* A query parameter, decoded, or NULL when absent; valid until the exchange ends. A malformed query
 * was refused before the handler ran. */
const char *berth_exchange_query(const struct berth_exchange *exchange, const char *name);
const char *berth_exchange_remote(const struct berth_exchange *exchange);
const char *berth_exchange_id(const struct berth_exchange *exchange);
/* Did it come by TLS that ends here? */
bool berth_exchange_secure(const struct berth_exchange *exchange);
/* For the log line: who the token is. Copied. */
void berth_exchange_actor(struct berth_exchange *exchange, const char *name);

/* The request is of this kind, which only its handler knows: instead of the route's. BERTH_BUSY
 * ("limit-versions-at-once", …) when too many of the kind are being served. */
enum berth_code berth_exchange_work(struct berth_exchange *exchange, enum berth_work work,
                                    struct berth_error *error);

/* Before whatever may have to wait (a disk, a lock that is held for long, a stream): true when this
 * thread must not. The handler then returns at once, without an answer, and is called again on a
 * thread of its own, where this says false. Only handlers of `quick` routes need to ask. One that
 * has said its kind of work before (berth_exchange_work) comes after those of live pages and files,
 * and says it again. */
bool berth_exchange_defer(struct berth_exchange *exchange);

/* Reads the body in pieces, exactly Content-Length bytes; answers Expect: 100-continue first.
 * `sink` returns an error to stop. BERTH_TOO_LARGE ("limit-body") before anything is read when the
 * length is over `max_bytes`; BERTH_INVALID ("length-required": answered 411; "body-cut");
 * BERTH_TIMEOUT. */
typedef enum berth_code (*berth_sink)(const void *data, size_t length, void *context,
                                      struct berth_error *error);
enum berth_code berth_exchange_read(struct berth_exchange *exchange, int64_t max_bytes,
                                    berth_sink sink, void *context, struct berth_error *error);
/* The whole body as JSON; the media type must be application/json (else BERTH_UNSUPPORTED). An
 * absent or empty body gives an empty object when `optional`. */
enum berth_code berth_exchange_read_json(struct berth_exchange *exchange, size_t max_bytes,
                                         bool optional, json_t **ret, struct berth_error *error);

/* If-Match / If-None-Match as a precondition on a number that is sent as the ETag "N".
 * *ret becomes BERTH_ANY_GENERATION, 0 (If-None-Match: *), or N. BERTH_INVALID on other forms. */
enum berth_code berth_exchange_expected(const struct berth_exchange *exchange, int64_t *ret,
                                        struct berth_error *error);

/* --- the answer --- */

/* Bytes that stay the same for a while. The fields are borrowed until the answer was written. */
struct berth_content {
    int status;                /* 0 means 200; conditions and ranges apply to 200 only */
    const char *content_type;  /* exact, with charset where it has one */
    const char *cache_control; /* NULL: "no-store" */
    const char *etag;          /* quoted, "…" or W/"…"; NULL: none, so no conditions */
    const char *headers;       /* further lines, each ended by CR LF, or NULL */
    const char *headers_304;   /* those of them that a 304 repeats, or NULL */
    const void *body;          /* NULL with a reader */
    int64_t length;
    bool ranges; /* offer and honour Range (RFC 9110 section 14): one range; many → whole */
    /* Without `body`: reads exactly `length` bytes at `offset`; false cuts the connection. */
    bool (*read)(void *context, int64_t offset, void *ret, size_t length);
    void *read_context;
};

/* Keeps bodies where they are. On the loop an answer that its client does not take at once is sent
 * after its handler has returned; a body that nobody keeps is then copied. */
struct berth_keeper {
    /* While the handler runs: what holds its body until let_go. NULL: nothing does. */
    void *(*keep)(void *context);
    void (*let_go)(void *context, void *kept); /* by any thread */
    void *context;
};

/* For the answer that follows; `keeper` is borrowed for as long as the listener runs. */
void berth_exchange_keep(struct berth_exchange *exchange, const struct berth_keeper *keeper);

/* 200, 206, 304 or 416: If-None-Match with weak comparison, If-Range, Range, HEAD. One write when
 * head and body fit 64 KiB. Of a larger body in memory 16 KiB go with the head and the rest from
 * where it lies, 128 KiB at once; from a reader, pieces of 64 KiB. */
void berth_answer_content(struct berth_exchange *exchange, const struct berth_content *content);

/* A content with its head made ahead: everything of the head that does not change from request to
 * request, as text, so that answering it is two copies and one write. Strings of the content are
 * copied, its body is borrowed. Immutable. */
struct berth_prepared {
    char *head;           /* the lines of a 200 from Content-Type on; one allocation */
    uint32_t head_length; /* of a 200 */
    uint32_t same_offset; /* the lines that a 304 repeats, in `head` */
    uint32_t same_length;
    char etag[72];
    const void *body;
    int64_t length;
    bool ranges;
};

/* `content` must have an ETag of at most 71 bytes, a body, and no status. false when out of memory.
 */
bool berth_prepare(const struct berth_content *content, struct berth_prepared *ret);
void berth_prepared_done(struct berth_prepared *prepared);
/* As berth_answer_content answers the content that it was made of. */
void berth_answer_prepared(struct berth_exchange *exchange, const struct berth_prepared *prepared);

/* `value` is a new reference that is taken. `etag` and `headers` may be NULL. GETs honour
 * If-None-Match. no-store without an etag, no-cache with one. */
void berth_answer_json(struct berth_exchange *exchange, int status, json_t *value, const char *etag,
                       const char *headers);
void berth_answer_empty(struct berth_exchange *exchange, int status, const char *headers);
/* 302 with `Cache-Control: no-cache`. `location` must already be encoded. */
void berth_answer_redirect(struct berth_exchange *exchange, const char *location);
/* problem+json: type "urn:berth:problem:<rule>", title, status, detail, where?, hint?, retryable,
 * requestId, and traceId of a request in a trace (W3C Trace Context); WWW-Authenticate on 401. With
 * Retry-After on 503 and 429, which end the connection: it is what others wait for. */
void berth_answer_problem(struct berth_exchange *exchange, const struct berth_error *error);
/* The same with a member of its own (RFC 9457 section 3.2); `value` is a new reference that is
 * taken. */
void berth_answer_problem_with(struct berth_exchange *exchange, const struct berth_error *error,
                               const char *key, json_t *value);

/* Problems that this exchange is answered with from now on also have `message`: the detail, the
 * place and the hint in one text, for clients that show nothing else. */
void berth_exchange_tell(struct berth_exchange *exchange);

/* A stream without length that ends with the connection (Connection: close). Write returns false
 * when the client is gone. */
bool berth_answer_stream(struct berth_exchange *exchange, const char *content_type,
                         const char *headers);
bool berth_stream_write(struct berth_exchange *exchange, const void *data, size_t length);

enum berth_stream_state { BERTH_STREAM_IDLE, BERTH_STREAM_WOKEN, BERTH_STREAM_GONE };

/* Waits until `fd` can be read, the client has hung up, or the time is over. */
enum berth_stream_state berth_stream_wait(struct berth_exchange *exchange, int fd, int timeout_ms);

/* The Content-Type for a file name, from our own table; application/octet-stream where it has none.
 * Never NULL. */
const char *berth_mime_type(const char *path);

#endif
