/* Starting and stopping, and what holds when too much comes at once. */
#include "http_client.h"
#include "http_fixture.h"

#include "berth/clock.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "GET /text HTTP/1.1\r\nHost: a\r\n\r\n"

static void assert_next(struct client *client, int status) {
    struct answer answer;
    client_answer(client, true, &answer);
    assert_int_equal(answer.status, status);
    answer_done(&answer);
}

/* Asks on a new connection until the status comes: others may still be closing. */
static void wait_for(const struct site *site, int status) {
    int patience = 0;
    struct answer answer;
    ask(site->address, GOOD, &answer);
    while (answer.status != status) {
        answer_done(&answer);
        site_wait(&patience);
        ask(site->address, GOOD, &answer);
    }
    answer_done(&answer);
}

static void over_the_cap_clients_are_told_so(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client clients[2];
    options.max_connections = 2;
    site_start(&site, &options);
    for (int i = 0; i < 2; i++) {
        client_open(&clients[i], site.address);
        client_send(&clients[i], GOOD);
        assert_next(&clients[i], 200);
    }
    for (int i = 0; i < 10; i++) {
        struct client client;
        struct answer answer;
        char value[256];
        client_open(&client, site.address);
        client_send(&client, GOOD);
        client_answer(&client, true, &answer);
        assert_int_equal(answer.status, 503);
        assert_string_equal(answer_header(&answer, "Retry-After", value), "1");
        assert_string_equal(answer_header(&answer, "Connection", value), "close");
        assert_non_null(strstr(answer.body, "\"retryable\":true"));
        answer_done(&answer);
        assert_true(client_is_ended(&client));
        client_close(&client);
    }
    client_send(&clients[0], GOOD); /* those within are served on */
    assert_next(&clients[0], 200);
    client_close(&clients[0]);
    wait_for(&site, 200);
    client_close(&clients[1]);
    site_stop(&site);
}

/* More silent connections than there are workers at all. */
static void silent_connections_beyond_the_cap_do_not_block(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client silent[16];
    options.max_connections = 2;
    options.request_timeout_ms = 60000;
    site_start(&site, &options);
    for (int i = 0; i < 16; i++)
        client_open(&silent[i], site.address);
    struct client client;
    struct answer answer;
    client_open(&client, site.address);
    client_send(&client, GOOD);
    client_answer(&client, true, &answer);
    assert_true(answer.status == 503 || answer.status == 200);
    answer_done(&answer);
    client_close(&client);
    for (int i = 0; i < 16; i++)
        client_close(&silent[i]);
    wait_for(&site, 200);
    site_stop(&site);
}

static void a_head_that_does_not_come_is_cut(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.request_timeout_ms = 300;
    site_start(&site, &options);
    struct client client;
    client_open(&client, site.address);
    assert_true(client_is_ended(&client)); /* nothing was sent, nothing is answered */
    client_close(&client);
    client_open(&client, site.address);
    client_send(&client, "GET /text HTTP/1.1\r\nHo");
    assert_next(&client, 408);
    assert_true(client_is_ended(&client));
    client_close(&client);
    site_stop(&site);
}

/* A byte now and then does not help. */
static void trickle_until_cut(struct client *client) {
    int patience = 0;
    char seen;
    client_send(client, "GET /text HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    while (client_peek(client, &seen, 1) < 0) {
        client_send(client, "x");
        site_wait(&patience);
    }
    assert_next(client, 408);
    assert_true(client_is_ended(client));
}

static void a_head_that_trickles_is_cut(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.request_timeout_ms = 300;
    options.keep_alive_timeout_ms = 300;
    site_start(&site, &options);
    struct client first, next;
    client_open(&first, site.address);
    trickle_until_cut(&first);
    client_close(&first);
    client_open(&next, site.address);
    client_send(&next, GOOD);
    assert_next(&next, 200);
    trickle_until_cut(&next);
    client_close(&next);
    site_stop(&site);
}

static int64_t cpu_ms(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* Takes the process's last descriptors; the client's own are opened before. */
static int exhaust(int *taken, int most) {
    int count = 0;
    for (int fd = dup(0); fd >= 0 && count < most; fd = dup(0))
        taken[count++] = fd;
    return count;
}

static void without_descriptors_clients_are_told_so_and_no_core_spins(void **state) {
    (void)state;
    enum { MOST = 256 };
    static int taken[MOST];
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct rlimit limit, low;
    site_start(&site, &options);
    struct client kept, turned_away;
    client_open(&kept, site.address);
    client_send(&kept, GOOD);
    assert_next(&kept, 200);
    int own = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(own >= 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = (struct rlimit){128, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int count = exhaust(taken, MOST);
    client_connect(&turned_away, own, site.address);
    client_send(&turned_away, GOOD);
    assert_next(&turned_away, 503);
    client_close(&turned_away);
    client_send(&kept, GOOD); /* who is in is served on */
    assert_next(&kept, 200);

    int64_t before_ms = cpu_ms(), start_ms = berth_monotonic_ms();
    int patience = 0;
    while (berth_monotonic_ms() - start_ms < 1000)
        site_wait(&patience);
    assert_true(cpu_ms() - before_ms < 700);

    for (int i = 0; i < count; i++)
        (void)close(taken[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    wait_for(&site, 200);
    client_close(&kept);
    site_stop(&site);
}

static void an_idle_connection_is_closed(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.keep_alive_timeout_ms = 200;
    site_start(&site, &options);
    struct client client;
    client_open(&client, site.address);
    client_send(&client, GOOD);
    assert_next(&client, 200);
    assert_true(client_is_ended(&client));
    client_close(&client);
    site_stop(&site);
}

/* A client that takes little by little, with a small window. */
static void a_slow_reader_is_cut(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.body_grace_ms = 300;
    options.min_body_rate_bytes = 1000000;
    options.request_timeout_ms = 60000;
    site_start(&site, &options);
    struct client client;
    int small = 4096;
    int patience = 0;
    client_open(&client, site.address);
    (void)setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < 16; i++) /* more than the socket's buffers hold */
        client_send(&client, "GET /bytes/1048576 HTTP/1.1\r\nHost: a\r\n\r\n");
    while (berth_listener_busy(site.listener) == 0)
        site_wait(&patience);
    patience = 0;
    while (berth_listener_busy(site.listener) > 0) {
        char bytes[64];
        (void)client_read(&client, bytes, sizeof bytes, false);
        site_wait(&patience);
    }
    client_close(&client);
    site_stop(&site);
}

static void a_stalled_stream_is_cut_by_the_request_timeout(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.request_timeout_ms = 300;
    site_start(&site, &options);
    struct client client;
    int small = 2048;
    int patience = 0;
    client_open(&client, site.address);
    (void)setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_send(&client, "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    while (atomic_load(&site.streams) == 0)
        site_wait(&patience);
    patience = 0;
    while (atomic_load(&site.streams) > 0)
        site_wait(&patience);
    client_close(&client);
    site_stop(&site);
}

static void foreign_origins_are_refused_where_only_our_own_may_call(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.same_origin_only = true;
    site_start(&site, &options);
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"Host: admin.example:81\r\n", 200},
        {"Host: admin.example:81\r\nOrigin: http://admin.example:81\r\n", 200},
        {"Host: admin.example:81\r\nOrigin: https://Admin.Example:81\r\n", 200},
        {"Host: admin.example:81\r\nOrigin: http://admin.example\r\n", 403},
        {"Host: admin.example:81\r\nOrigin: http://admin.example:82\r\n", 403},
        {"Host: admin.example:81\r\nOrigin: http://evil.example\r\n", 403},
        {"Host: admin.example\r\nOrigin: http://admin.example.evil.example\r\n", 403},
        {"Host: admin.example:81\r\nOrigin: null\r\n", 403},
        {"Host: admin.example:81\r\nOrigin: \r\n", 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[256];
        struct answer answer;
        (void)snprintf(request, sizeof request, "GET /text HTTP/1.1\r\n%s\r\n", cases[i].headers);
        ask(site.address, request, &answer);
        assert_int_equal(answer.status, cases[i].status);
        answer_done(&answer);
    }
    site_stop(&site);
}

static void a_drain_closes_connections_after_their_answer(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    struct client client;
    struct answer answer;
    char value[256];
    client_open(&client, site.address);
    client_send(&client, GOOD);
    assert_next(&client, 200);
    berth_listener_drain(site.listener);
    client_send(&client, GOOD);
    client_answer(&client, true, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_header(&answer, "Connection", value), "close");
    answer_done(&answer);
    assert_true(client_is_ended(&client));
    client_close(&client);
    site_stop(&site);
}

static void a_stop_does_not_wait_for_idle_connections(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    struct client idle, silent;
    client_open(&silent, site.address);
    client_open(&idle, site.address);
    client_send(&idle, GOOD);
    assert_next(&idle, 200);
    int64_t start_ms = berth_monotonic_ms();
    site_stop(&site);
    assert_true(berth_monotonic_ms() - start_ms < 1500); /* civetweb's polls alone take 2 s */
    client_close(&idle);
    client_close(&silent);
}

static void *let_go(void *argument) {
    struct site *site = argument;
    struct timespec moment = {0, 200000000};
    nanosleep(&moment, NULL);
    atomic_store(&site->release, true);
    return NULL;
}

static void a_stop_waits_for_handlers_and_cuts_streams(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    static struct client held, stream, upload, asleep;
    int patience = 0;
    client_open(&held, site.address);
    client_send(&held, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    client_open(&stream, site.address);
    client_send(&stream, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    client_open(&upload, site.address);
    client_send(&upload, "PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    client_open(&asleep, site.address);
    client_send(&asleep, "GET /sleep HTTP/1.1\r\nHost: a\r\n\r\n");
    while (berth_listener_busy(site.listener) < 4)
        site_wait(&patience);
    pthread_t helper;
    assert_int_equal(pthread_create(&helper, NULL, let_go, &site), 0);
    berth_listener_stop(site.listener);
    pthread_join(helper, NULL);
    assert_int_equal(atomic_load(&site.held), 0);
    assert_int_equal(atomic_load(&site.streams), 0);
    client_close(&held);
    client_close(&stream);
    client_close(&upload);
    client_close(&asleep);
}

static void bad_options_are_refused_in_words(void **state) {
    (void)state;
    static const char *const addresses[] = {"",          "8080",           "localhost:8080",
                                            "127.0.0.1", "127.0.0.1:",     "127.0.0.1:65536",
                                            "1.2.3:80",  "127.0.0.1:80x",  "127.0.0.1:-1",
                                            "[::1]:80",  "127.0.0.1:8080s"};
    struct site site = {0};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct berth_listener_options options = site_options(&site);
        struct berth_error error = {0};
        struct berth_listener *listener = NULL;
        options.address = addresses[i];
        assert_int_equal(berth_listener_start(&options, &listener, &error), BERTH_INVALID);
        assert_string_equal(error.rule, "listen-address");
        assert_null(listener);
    }
    struct berth_listener_options options = site_options(&site);
    struct berth_error error = {0};
    struct berth_listener *listener = NULL;
    options.max_connections = 0;
    assert_int_equal(berth_listener_start(&options, &listener, &error), BERTH_INVALID);
    assert_string_equal(error.rule, "limit-connections");
}

static void more_connections_than_descriptors_are_refused(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct berth_error error = {0};
    struct berth_listener *listener = NULL;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit low = {500, 500};
    options.max_connections = 400;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    enum berth_code code = berth_listener_start(&options, &listener, &error);
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(code, BERTH_INVALID);
    assert_string_equal(error.rule, "limit-descriptors");
}

static void a_port_that_is_taken_is_an_error(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    struct berth_error error = {0};
    struct berth_listener *second = NULL;
    options.address = site.address;
    enum berth_code code = berth_listener_start(&options, &second, &error);
    if (code != BERTH_IO)
        fail_msg("%s", error.text);
    assert_string_equal(error.rule, "listen");
    assert_non_null(strstr(error.text, site.address));
    site_stop(&site);
}

static void nothing_can_be_stopped(void **state) {
    (void)state;
    berth_listener_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_the_cap_clients_are_told_so),
        cmocka_unit_test(silent_connections_beyond_the_cap_do_not_block),
        cmocka_unit_test(a_head_that_does_not_come_is_cut),
        cmocka_unit_test(a_head_that_trickles_is_cut),
        cmocka_unit_test(without_descriptors_clients_are_told_so_and_no_core_spins),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(a_slow_reader_is_cut),
        cmocka_unit_test(a_stalled_stream_is_cut_by_the_request_timeout),
        cmocka_unit_test(foreign_origins_are_refused_where_only_our_own_may_call),
        cmocka_unit_test(a_drain_closes_connections_after_their_answer),
        cmocka_unit_test(a_stop_does_not_wait_for_idle_connections),
        cmocka_unit_test(a_stop_waits_for_handlers_and_cuts_streams),
        cmocka_unit_test(bad_options_are_refused_in_words),
        cmocka_unit_test(more_connections_than_descriptors_are_refused),
        cmocka_unit_test(a_port_that_is_taken_is_an_error),
        cmocka_unit_test(nothing_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
