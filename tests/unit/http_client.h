/* A client that sends bytes as they are and takes answers apart.
 *
 * Every read gives up after ten seconds, by failing the test.
 */
#ifndef BERTH_TEST_HTTP_CLIENT_H
#define BERTH_TEST_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct client {
    int fd;
    bool was_reset; /* the server closed with bytes unread: a client could lose the answer */
    size_t length;  /* received, not yet taken */
    char data[2048];
};

struct answer {
    int status; /* 0: the connection was closed without an answer */
    char head[2048];
    char *body; /* with a NUL after it */
    size_t length;
};

void client_open(struct client *client, const char *address);
/* With a socket that was made before; it becomes the client's. */
void client_connect(struct client *client, int fd, const char *address);
void client_close(struct client *client);
void client_send(struct client *client, const char *text);
void client_send_bytes(struct client *client, const void *data, size_t length);

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
