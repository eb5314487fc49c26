/* A client that sends bytes as they are and takes answers apart; by TLS when the run is to speak it
 * (client_speaks_tls).
 *
 * Every read gives up after ten seconds, by failing the test.
 */
#ifndef BERTH_TEST_HTTP_CLIENT_H
#define BERTH_TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ssl_st;

struct client {
    int fd;
    struct ssl_st *tls; /* NULL: plain */
    bool was_reset;     /* the server closed with bytes unread: a client could lose the answer */
    size_t length;      /* received, not yet taken */
    char data[2048];
};

struct answer {
    int status; /* 0: the connection was closed without an answer */
    char head[2048];
    char *body; /* with a NUL after it */
    size_t length;
};

/* Which listeners it meets: BERTH_TEST_ENGINE=tls. */
bool client_speaks_tls(void);

void client_open(struct client *client, const char *address);
/* With a socket that was made before; it becomes the client's. */
void client_connect(struct client *client, int fd, const char *address);
/* Whatever the run speaks: without TLS, */
void client_open_plain(struct client *client, const char *address);
/* and then with it, in words of the test's own (OpenSSL's SSL, which becomes the client's). False
 * when the handshake failed. */
bool client_start_tls(struct client *client, struct ssl_st *tls);
void client_close(struct client *client);
void client_send(struct client *client, const char *text);
void client_send_bytes(struct client *client, const void *data, size_t length);
/* It says nothing more, but listens. */
void client_end(struct client *client);

/* What comes first: as recv, without a wait and without taking it. */
ssize_t client_peek(struct client *client, void *ret, size_t length);
/* As recv, with a wait or without. */
ssize_t client_read(struct client *client, void *ret, size_t length, bool waits);

/* Reads one answer; answer_done frees it. `has_body` false for the answer to a HEAD. */
void client_answer(struct client *client, bool has_body, struct answer *ret);
void answer_done(struct answer *answer);

/* Waits for the end of the connection; true when nothing but that came. */
bool client_is_ended(struct client *client);

/* A header's value in `ret`, or NULL. */
const char *answer_header(const struct answer *answer, const char *name, char ret[256]);

/* One request on a connection of its own. */
void ask(const char *address, const char *request, struct answer *ret);

#endif
