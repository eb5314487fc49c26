/* The bytes of a connection that speaks TLS: what recv and send are to others.
 *
 * The handshake is part of the first read, so it has the time of a head. OpenSSL reaches the socket
 * by a BIO of our own, which never raises SIGPIPE and notes whether the socket had more.
 *
 * What is not sent is told by the socket alone, but what is not read may lie in OpenSSL, where no
 * epoll sees it: see `tls_settled`. */
#include "loop.h"

#include "tls.h"
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

/* OpenSSL goes through all records without data (updates of keys) that it has buffered, 16 KiB of
 * them at most. A client that has sent so many more means no good. */
enum { MAX_FRUITLESS = 4 };

static BIO_METHOD *method;

static int read_socket(BIO *bio, char *ret, int length) {
    struct berth_connection *connection = BIO_get_data(bio);
    ssize_t got;
    BIO_clear_retry_flags(bio);
    do
        got = recv(connection->fd, ret, (size_t)length, 0);
    while (got < 0 && errno == EINTR);
    connection->tls_short = got < length;
    connection->tls_blocked = got < 0 && errno == EAGAIN;
    if (connection->tls_blocked)
        BIO_set_retry_read(bio);
    return (int)got;
}

static int write_socket(BIO *bio, const char *data, int length) {
    const struct berth_connection *connection = BIO_get_data(bio);
    ssize_t sent;
    BIO_clear_retry_flags(bio);
    do
        sent = send(connection->fd, data, (size_t)length, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is held back here */
}

static void make_method(void) {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
    if (!method)
        return;
    (void)BIO_meth_set_read(method, read_socket);
    (void)BIO_meth_set_write(method, write_socket);
    (void)BIO_meth_set_ctrl(method, control);
}

bool berth_secure_open(struct berth_connection *connection, struct berth_tls *tls) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    connection->tls = bio ? berth_tls_open(tls) : NULL;
    if (!connection->tls) {
        BIO_free(bio);
        ERR_clear_error();
        return false;
    }
    BIO_set_data(bio, connection);
    BIO_set_init(bio, 1);
    SSL_set_bio(connection->tls, bio, bio);
    return true;
}

void berth_secure_close(struct berth_connection *connection) {
    SSL_free(connection->tls);
    connection->tls = NULL;
}

bool berth_secure_wants_write(const struct berth_connection *connection) {
    return SSL_want_write(connection->tls);
}

void berth_secure_end(struct berth_connection *connection) {
    SSL *ssl = connection->tls;
    if (connection->tls_failed || !SSL_is_init_finished(ssl) || SSL_want_write(ssl))
        return;
    (void)SSL_shutdown(ssl);
    ERR_clear_error();
    connection->tls_failed = true; /* for writing, it has ended */
}

/* OpenSSL knows the first word of a request when it comes instead of a handshake. */
static void tell_plain(struct berth_connection *connection) {
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nX-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n"
        "Connection: close\r\n\r\n"
        "this port speaks TLS: use https\n";
    (void)send(connection->fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    connection->tls_plain = true;
}

/* True when more may come of the connection. */
static bool may_go_on(struct berth_connection *connection, bool *ret_ended) {
    int reason = SSL_get_error(connection->tls, 0);
    *ret_ended = reason == SSL_ERROR_ZERO_RETURN;
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return true;
    if (*ret_ended)
        return false;
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
        tell_plain(connection);
    connection->tls_failed = true;
    ERR_clear_error();
    return false;
}

ssize_t berth_secure_receive(struct berth_connection *connection, void *ret, size_t length) {
    SSL *ssl = connection->tls;
    size_t got = 0;
    bool ended = false;
    connection->tls_settled = connection->tls_blocked = false;
    for (int fruitless = 0; got < length && fruitless < MAX_FRUITLESS && !connection->tls_failed;) {
        size_t count = 0;
        ERR_clear_error();
        if (SSL_read_ex(ssl, (char *)ret + got, length - got, &count) == 1) {
            got += count;
            fruitless = 0;
        } else if (!may_go_on(connection, &ended)) {
            break;
        } else {
            fruitless++;
        }
        connection->tls_settled = connection->tls_blocked || SSL_want_write(ssl) ||
                                  (connection->tls_short && !SSL_has_pending(ssl));
        if (connection->tls_settled)
            break;
    }
    if (got > 0 || ended)
        return (ssize_t)got;
    errno = connection->tls_settled ? EAGAIN : EPROTO;
    return -1;
}

ssize_t berth_secure_send(struct berth_connection *connection, const void *data, size_t length) {
    size_t sent = 0;
    bool ended = false, blocked = false;
    while (sent < length && !blocked && !connection->tls_failed) {
        size_t count = 0;
        ERR_clear_error();
        if (SSL_write_ex(connection->tls, (const char *)data + sent, length - sent, &count) == 1)
            sent += count;
        else if (may_go_on(connection, &ended) && SSL_want_write(connection->tls))
            blocked = true;
        else /* or it would first read the rest of what no honest client cuts in two */
            connection->tls_failed = true;
    }
    if (sent > 0)
        return (ssize_t)sent;
    errno = blocked ? EAGAIN : EPIPE;
    return -1;
}
