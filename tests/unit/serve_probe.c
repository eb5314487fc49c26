/* The server as its own client, against listeners that are alive and ones that are not. */
#include "notify.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMEOUT_MS = 400 };

/* Accepts one connection, reads what comes first, and says `text`, if anything; then it closes, or
 * keeps it until the asking is over. */
struct listener {
    int fd;
    int client;
    bool closes;
    const char *text;
    char address[64];
    pthread_t thread;
};

static void *serve_one(void *context) {
    struct listener *listener = context;
    char unread[4096];
    listener->client = accept(listener->fd, NULL, NULL);
    (void)!recv(listener->client, unread, sizeof unread, 0);
    if (listener->text)
        (void)!send(listener->client, listener->text, strlen(listener->text), MSG_NOSIGNAL);
    if (listener->closes)
        (void)shutdown(listener->client, SHUT_RDWR);
    return NULL;
}

static bool answers(bool secure, bool closes, const char *text) {
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof bound;
    struct listener listener = {.closes = closes, .text = text};
    listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener.fd, (const struct sockaddr *)&bound, size), 0);
    assert_int_equal(listen(listener.fd, 1), 0);
    assert_int_equal(getsockname(listener.fd, (struct sockaddr *)&bound, &size), 0);
    (void)snprintf(listener.address, sizeof listener.address, "127.0.0.1:%d",
                   ntohs(bound.sin_port));
    assert_int_equal(pthread_create(&listener.thread, NULL, serve_one, &listener), 0);
    bool alive = serve_answers(listener.address, secure, TIMEOUT_MS);
    pthread_join(listener.thread, NULL);
    close(listener.client);
    close(listener.fd);
    return alive;
}

static void who_answers_is_alive(void **state) {
    (void)state;
    assert_true(answers(false, true, "HTTP/1.1 503 Service Unavailable\r\n\r\n"));
    assert_false(answers(false, true, "nonsense"));
    assert_false(answers(false, true, NULL));
}

/* As a listener of TLS does that is too full for one more handshake. */
static void who_ends_a_handshake_is_alive(void **state) {
    (void)state;
    assert_true(answers(true, true, NULL));
    assert_true(answers(true, true, "no record of TLS at all"));
}

static void who_says_nothing_is_not(void **state) {
    (void)state;
    assert_false(answers(false, false, NULL));
    assert_false(answers(true, false, NULL));
    assert_false(serve_answers("127.0.0.1:1", true, TIMEOUT_MS));
    assert_false(serve_answers("nowhere", true, TIMEOUT_MS));
}

int main(void) {
    (void)signal(SIGPIPE, SIG_IGN); /* as the server does */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_is_alive),
        cmocka_unit_test(who_ends_a_handshake_is_alive),
        cmocka_unit_test(who_says_nothing_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
