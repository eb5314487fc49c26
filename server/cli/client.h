/* One HTTP exchange at a time with a server's admin listener (libcurl).
 *
 * Redirects are not followed, and only http and https are spoken: a token goes to the server that
 * was named and nowhere else. The connection is kept between exchanges.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BERTH_CLI_CLIENT_H
#define BERTH_CLI_CLIENT_H

#include "progress.h"

#include "berth/buffer.h"
#include "berth/error.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

enum { CLI_ANSWER_MAX_BYTES = 16 * 1024 * 1024 };

struct cli_client {
    CURL *curl;
    char *server;        /* without a slash at the end */
    char *authorization; /* a header line, or NULL */
    char *ca_file;       /* or NULL: what the system trusts */
    char detail[CURL_ERROR_SIZE];
};

/* Where a server is, and how one gets in. */
struct cli_access {
    const char *server;
    const char *token;   /* may be NULL */
    const char *ca_file; /* certificates to trust, instead of the system's; may be NULL */
};

/* BERTH_INVALID ("server-url", "token"), BERTH_IO ("ca-file"). Done takes a zeroed client too. */
enum berth_code cli_client_init(struct cli_client *client, const struct cli_access *access,
                                struct berth_error *error);
void cli_client_done(struct cli_client *client);

/* Whether a URL is of this machine itself, as far as its text tells: localhost, 127.0.0.0/8, ::1.
 * No proxy of the environment is asked for it. */
bool cli_is_loopback(const char *url);

/* Escaped for a path segment or a query value; free() it. NULL when out of memory. */
char *cli_url_escape(const char *text);

enum { CLI_IF_ANY = -1 };

struct cli_request {
    const char *method;
    const char *path; /* escaped, with the query */
    const char *content_type;
    const char *body; /* NULL: none, or `body_fd` */
    int body_fd;      /* used when `body_bytes` is over 0; read from its start */
    int64_t body_bytes;
    const char *repr_digest; /* RFC 9530 field value, or NULL */
    int64_t expected;        /* If-Match: "N"; 0 is If-None-Match: *; or CLI_IF_ANY */
    struct cli_progress *progress;
    bool retry_when_busy; /* sending it twice does no harm */
    bool takes_long;      /* no limit for the whole call */
    int timeout_ms;       /* of the whole call; 0: the usual minute */
    bool into_file;       /* the body of a 200 goes to `into_fd`, however long */
    int into_fd;
    bool keeps_answer; /* with --json, a good answer is not printed: it is for the command alone */
};

struct cli_answer {
    long status;
    char content_type[64];
    char request_id[64];
    char location[256]; /* of a redirect */
    bool has_retry_after;
    int64_t retry_after_s;
    struct berth_buffer body;
    bool in_file; /* the body went there */
};

/* Any answer is BERTH_OK, whatever its status. BERTH_IO: "unreachable" (no connection, or it was
 * lost), "certificate" (one that is not to be trusted) or "answer-too-large"; BERTH_INVALID
 * ("ca-file"); BERTH_NO_MEMORY. */
enum berth_code cli_client_perform(struct cli_client *client, const struct cli_request *request,
                                   struct cli_answer *ret, struct berth_error *error);
void cli_answer_done(struct cli_answer *answer);

/* --- client_error.c --- */

/* Why curl got no answer, with what to do about it, as an error. */
enum berth_code cli_client_failed(struct cli_client *client, const char *method, CURLcode code,
                                  struct berth_error *error);

#endif
