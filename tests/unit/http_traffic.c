/* What a listener counts: by both engines, on loops and workers, at once or bit by bit. */
#include "http_client.h"
#include "http_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct berth_traffic traffic_of(const struct site *site) {
    struct berth_traffic traffic;
    berth_listener_traffic(site->listener, &traffic);
    return traffic;
}

static uint64_t all_requests(const struct berth_traffic *traffic) {
    uint64_t count = 0;
    for (int i = 0; i < BERTH_TRAFFIC_METHODS; i++)
        for (int j = 0; j < BERTH_TRAFFIC_STATUSES; j++)
            count += traffic->requests[i][j];
    return count;
}

static uint64_t all_durations(const struct berth_traffic *traffic) {
    uint64_t count = 0;
    for (int i = 0; i < BERTH_TRAFFIC_BUCKETS; i++)
        count += traffic->durations[i];
    return count;
}

/* A client may have its answer before it is counted. */
static struct berth_traffic wait_for(const struct site *site, uint64_t requests) {
    int patience = 0;
    struct berth_traffic traffic = traffic_of(site);
    while (all_requests(&traffic) < requests) {
        site_wait(&patience);
        traffic = traffic_of(site);
    }
    assert_int_equal(all_requests(&traffic), requests);
    return traffic;
}

static void get(const struct site *site, const char *request, int status) {
    struct answer answer;
    ask(site->address, request, &answer);
    assert_int_equal(answer.status, status);
    answer_done(&answer);
}

static void each_request_is_counted_by_method_and_status(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    struct berth_traffic traffic = traffic_of(&site);
    assert_int_equal(all_requests(&traffic) + traffic.connections + traffic.sent_bytes, 0);
    get(&site, REQUEST("/text"), 200);
    get(&site, REQUEST("/later"), 204); /* tried on the loop, answered by a worker: once */
    get(&site, REQUEST("/away"), 302);
    get(&site, REQUEST("/none"), 404);
    get(&site, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 201);
    get(&site, "OPTIONS /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 204);
    get(&site, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
    get(&site, "GET\r\n\r\n", 400);
    traffic = wait_for(&site, 8);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_READ][2], 2);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_READ][3], 1);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_READ][4], 1);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_WRITE][2], 1);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_OTHER][2], 1);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_OTHER][5], 1);
    assert_int_equal(traffic.requests[BERTH_TRAFFIC_OTHER][4], 1);
    assert_int_equal(all_durations(&traffic), 8);
    assert_int_equal(traffic.connections, 8);
    assert_int_equal(traffic.cut, 0);
    assert_true(traffic.sent_bytes > strlen("hello world") + strlen("abc"));
    site_stop(&site);
}

static void a_duration_is_in_the_bucket_that_it_belongs_to(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    for (int i = 1; i < BERTH_TRAFFIC_BUCKETS - 1; i++)
        assert_true(berth_traffic_bounds_us[i] > berth_traffic_bounds_us[i - 1]);
    get(&site, REQUEST("/text"), 200);
    struct berth_traffic traffic = wait_for(&site, 1);
    int bucket = 0;
    while (bucket < BERTH_TRAFFIC_BUCKETS - 1 &&
           (int64_t)traffic.duration_us > berth_traffic_bounds_us[bucket])
        bucket++;
    assert_int_equal(traffic.durations[bucket], 1);
    site_stop(&site);
}

/* Far more than a socket takes at once. */
static void bytes_are_counted_however_they_are_sent(void **state) {
    (void)state;
    static const char *const paths[] = {
        REQUEST("/prepared/5000000"),
        REQUEST("/bytes/5000000"),
        REQUEST("/read/5000000"),
        REQUEST("/bytes/3000"),
        "HEAD /bytes/5000000 HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    struct client client;
    client_open(&client, site.address);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer answer;
        client_send(&client, paths[i]);
        client_answer(&client, i < 4, &answer);
        assert_int_equal(answer.status, 200);
        answer_done(&answer);
    }
    client_close(&client);
    struct berth_traffic traffic = wait_for(&site, 5);
    assert_int_equal(traffic.sent_bytes, 3 * 5000000 + 3000);
    assert_int_equal(traffic.cut, 0);
    assert_int_equal(traffic.connections, 1);
    site_stop(&site);
}

static void who_leaves_before_the_end_is_counted(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    struct client client;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int little = 4096;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    client_connect(&client, fd, site.address);
    client_send(&client, REQUEST("/prepared/8000000"));
    char some[64];
    assert_true(client_read(&client, some, sizeof some, true) > 0);
    client_close(&client);
    struct berth_traffic traffic = wait_for(&site, 1);
    assert_int_equal(traffic.cut, 1);
    assert_true(traffic.sent_bytes < 8000000);
    site_stop(&site);
}

static void streams_are_counted_and_not_timed(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    get(&site, REQUEST("/stream"), 200);
    get(&site, REQUEST("/text"), 200);
    struct berth_traffic traffic = wait_for(&site, 2);
    assert_int_equal(all_durations(&traffic), 1);
    assert_int_equal(traffic.cut, 0);
    site_stop(&site);
}

enum { CLIENTS = 6, ROUNDS = 60 };

static void *ask_often(void *context) {
    const struct site *site = context;
    struct client client;
    client_open(&client, site->address);
    for (int i = 0; i < ROUNDS; i++) {
        struct answer answer;
        client_send(&client, i % 3 ? REQUEST("/text") : REQUEST("/later"));
        client_answer(&client, true, &answer);
        answer_done(&answer);
    }
    client_close(&client);
    return NULL;
}

static void nothing_is_lost_or_twice_whoever_asks_meanwhile(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    site_start(&site, &options);
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &site), 0);
    uint64_t before = 0;
    for (int i = 0; i < 2000 && before < CLIENTS * ROUNDS; i++) {
        struct berth_traffic traffic = traffic_of(&site);
        assert_true(all_requests(&traffic) >= before);
        before = all_requests(&traffic);
    }
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct berth_traffic traffic = wait_for(&site, (uint64_t)CLIENTS * ROUNDS);
    assert_int_equal(all_durations(&traffic), CLIENTS * ROUNDS);
    site_stop(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_counted_by_method_and_status),
        cmocka_unit_test(a_duration_is_in_the_bucket_that_it_belongs_to),
        cmocka_unit_test(bytes_are_counted_however_they_are_sent),
        cmocka_unit_test(who_leaves_before_the_end_is_counted),
        cmocka_unit_test(streams_are_counted_and_not_timed),
        cmocka_unit_test(nothing_is_lost_or_twice_whoever_asks_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
