/* The server as its own client. */
#include "notify.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_BYTES = 5 }; /* "HTTP/" */

static const char request[] = "GET /livez HTTP/1.1\r\nHost: watchdog\r\nConnection: close\r\n\r\n";

static bool parse(const char *text, struct sockaddr_in *ret) {
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : sizeof host;
    if (length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    *ret = (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10))};
    if (inet_pton(AF_INET, host, &ret->sin_addr) != 1)
        return false;
    if (ret->sin_addr.s_addr == htonl(INADDR_ANY))
        ret->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return true;
}

static bool ask_plain(int fd) {
    char answer[ANSWER_BYTES];
    return send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1 &&
           recv(fd, answer, ANSWER_BYTES, MSG_WAITALL) == ANSWER_BYTES &&
           memcmp(answer, "HTTP/", ANSWER_BYTES) == 0;
}

/* Nothing came until the socket's time was over. */
static bool is_late(const SSL *tls, int result) {
    int error = SSL_get_error(tls, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* Whoever ends the connection instead of shaking hands is alive: a listener that is too full to say
 * so by TLS does that. The first record of an answer holds more than its first word. */
static bool ask_by_tls(int fd) {
    char answer[ANSWER_BYTES];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *tls = context ? SSL_new(context) : NULL;
    bool ready = tls && SSL_set_fd(tls, fd) == 1;
    ERR_clear_error();
    int shaken = ready ? SSL_connect(tls) : -1;
    bool good = false;
    if (ready && shaken != 1)
        good = !is_late(tls, shaken);
    else if (ready)
        good = SSL_write(tls, request, sizeof request - 1) == sizeof request - 1 &&
               SSL_read(tls, answer, ANSWER_BYTES) == ANSWER_BYTES &&
               memcmp(answer, "HTTP/", ANSWER_BYTES) == 0;
    SSL_free(tls);
    SSL_CTX_free(context);
    return good;
}

bool serve_answers(const char *address, bool secure, int timeout_ms) {
    struct sockaddr_in peer;
    int fd = parse(address, &peer) ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return false;
    if (secure) /* waits twice as often */
        timeout_ms = (timeout_ms + 1) / 2;
    const struct timeval limit = {.tv_sec = timeout_ms / 1000,
                                  .tv_usec = timeout_ms % 1000 * 1000L};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    bool good = connect(fd, (const struct sockaddr *)&peer, sizeof peer) == 0 &&
                (secure ? ask_by_tls(fd) : ask_plain(fd));
    (void)close(fd);
    return good;
}
