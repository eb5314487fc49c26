#include "http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

bool client_speaks_tls(void) {
    const char *name = getenv("BERTH_TEST_ENGINE");
    return name && strcmp(name, "tls") == 0;
}

/* --- TLS: the socket does not block, so that each wait has its end --- */

/* False when TLS cannot go on. */
static bool wait_for_tls(struct client *client, int result) {
    int reason = SSL_get_error(client->tls, result);
    struct pollfd polled = {.fd = client->fd,
                            .events = reason == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE)
        return false;
    if (poll(&polled, 1, PATIENCE_MS) == 0)
        fail_msg("nothing within ten seconds");
    return true;
}

static bool shake_hands(struct client *client) {
    int result;
    do {
        ERR_clear_error();
        result = SSL_connect(client->tls);
    } while (result != 1 && wait_for_tls(client, result));
    return result == 1;
}

bool client_start_tls(struct client *client, struct ssl_st *tls) {
    assert_non_null(tls);
    client->tls = tls;
    (void)SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
    assert_int_equal(fcntl(client->fd, F_SETFL, O_NONBLOCK), 0);
    (void)signal(SIGPIPE, SIG_IGN); /* OpenSSL's own way to a socket raises it */
    assert_int_equal(SSL_set_fd(tls, client->fd), 1);
    return shake_hands(client);
}

/* A server that closes at once is seen by what is read. */
static void start_tls(struct client *client) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    (void)client_start_tls(client, SSL_new(context));
    SSL_CTX_free(context);
}

static ssize_t read_tls(struct client *client, void *ret, size_t length, bool waits, bool peeks) {
    int count;
    do {
        ERR_clear_error();
        count = peeks ? SSL_peek(client->tls, ret, (int)length)
                      : SSL_read(client->tls, ret, (int)length);
        if (count > 0)
            return count;
        int reason = SSL_get_error(client->tls, count);
        errno = reason == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
        if (reason == SSL_ERROR_ZERO_RETURN)
            return 0;
    } while (waits && wait_for_tls(client, count));
    return -1;
}

static ssize_t write_tls(struct client *client, const void *data, size_t length) {
    int count;
    do {
        ERR_clear_error();
        count = SSL_write(client->tls, data, (int)length);
    } while (count <= 0 && wait_for_tls(client, count));
    return count > 0 ? count : -1;
}

/* --- */

static void reach(struct client *client, int fd, const char *address) {
    char host[32];
    const char *colon = strrchr(address, ':');
    struct sockaddr_in name = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 10};
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    name.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
    assert_int_equal(inet_pton(AF_INET, host, &name.sin_addr), 1);
    client->length = 0;
    client->tls = NULL;
    client->was_reset = false;
    client->fd = fd;
    assert_true(client->fd >= 0);
    (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(client->fd, (struct sockaddr *)&name, sizeof name), 0);
}

void client_open(struct client *client, const char *address) {
    client_connect(client, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), address);
}

void client_open_plain(struct client *client, const char *address) {
    reach(client, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), address);
}

void client_connect(struct client *client, int fd, const char *address) {
    reach(client, fd, address);
    if (client_speaks_tls())
        start_tls(client);
}

void client_close(struct client *client) {
    SSL_free(client->tls);
    client->tls = NULL;
    close(client->fd);
    client->fd = -1;
}

void client_send_bytes(struct client *client, const void *data, size_t length) {
    const char *at = data;
    while (length > 0) {
        ssize_t count = client->tls ? write_tls(client, at, length)
                                    : send(client->fd, at, length, MSG_NOSIGNAL);
        if (count < 0) { /* the server has closed: the answer tells why */
            client->was_reset = true;
            return;
        }
        at += count;
        length -= (size_t)count;
    }
}

void client_send(struct client *client, const char *text) {
    client_send_bytes(client, text, strlen(text));
}

void client_end(struct client *client) {
    if (client->tls)
        (void)SSL_shutdown(client->tls);
    (void)shutdown(client->fd, SHUT_WR);
}

ssize_t client_peek(struct client *client, void *ret, size_t length) {
    return client->tls ? read_tls(client, ret, length, false, true)
                       : recv(client->fd, ret, length, MSG_PEEK | MSG_DONTWAIT);
}

ssize_t client_read(struct client *client, void *ret, size_t length, bool waits) {
    return client->tls ? read_tls(client, ret, length, waits, false)
                       : recv(client->fd, ret, length, waits ? 0 : MSG_DONTWAIT);
}

/* False at the end of the connection. A reset is an end, too. */
static bool receive(struct client *client) {
    assert_true(client->length < sizeof client->data);
    ssize_t count = client_read(client, client->data + client->length,
                                sizeof client->data - client->length, true);
    if (count < 0 && errno == EAGAIN)
        fail_msg("no answer within ten seconds");
    if (count < 0)
        client->was_reset = true;
    if (count <= 0)
        return false;
    client->length += (size_t)count;
    return true;
}

static void take(struct client *client, void *ret, size_t length) {
    memcpy(ret, client->data, length);
    memmove(client->data, client->data + length, client->length - length);
    client->length -= length;
}

static size_t head_length(const struct client *client) {
    const char *end = memmem(client->data, client->length, "\r\n\r\n", 4);
    return end ? (size_t)(end - client->data) + 4 : 0;
}

const char *answer_header(const struct answer *answer, const char *name, char ret[256]) {
    size_t length = strlen(name);
    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            const char *value = line + 2 + length + 2;
            size_t value_length = strcspn(value, "\r");
            assert_true(value_length < 256);
            memcpy(ret, value, value_length);
            ret[value_length] = '\0';
            return ret;
        }
    }
    return NULL;
}

static void read_body(struct client *client, struct answer *answer) {
    answer->body = malloc(answer->length + 1);
    assert_non_null(answer->body);
    for (size_t got = 0; got < answer->length;) {
        if (client->length == 0 && !receive(client))
            fail_msg("the body ends after %zu of %zu bytes", got, answer->length);
        size_t count = client->length;
        if (count > answer->length - got)
            count = answer->length - got;
        take(client, answer->body + got, count);
        got += count;
    }
    answer->body[answer->length] = '\0';
}

void client_answer(struct client *client, bool has_body, struct answer *ret) {
    char value[256];
    memset(ret, 0, sizeof *ret);
    while (head_length(client) == 0) {
        if (!receive(client))
            return;
    }
    size_t length = head_length(client);
    assert_true(length < sizeof ret->head);
    take(client, ret->head, length);
    ret->head[length] = '\0';
    assert_memory_equal(ret->head, "HTTP/1.1 ", 9);
    ret->status = (int)strtol(ret->head + 9, NULL, 10);
    if (has_body && answer_header(ret, "Content-Length", value))
        ret->length = (size_t)strtol(value, NULL, 10);
    read_body(client, ret);
}

void answer_done(struct answer *answer) {
    free(answer->body);
    answer->body = NULL;
}

bool client_is_ended(struct client *client) {
    return client->length == 0 && !receive(client);
}

void ask(const char *address, const char *request, struct answer *ret) {
    struct client client;
    client_open(&client, address);
    client_send(&client, request);
    client_answer(&client, true, ret);
    client_close(&client);
}
