/* How much of each kind of work is served at once. */
#include "http_client.h"
#include "http_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void assert_status(const struct site *site, const char *request, int status) {
    struct answer answer;
    ask(site->address, request, &answer);
    if (answer.status != status)
        fail_msg("%d instead of %d for: %s", answer.status, status, request);
    answer_done(&answer);
}

/* Told to come back, by this rule, and the connection is over. */
static void assert_refused(const struct site *site, const char *request, const char *rule) {
    struct client client;
    struct answer answer;
    char value[256];
    client_open(&client, site->address);
    client_send(&client, request);
    client_answer(&client, true, &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.body, rule));
    assert_string_equal(answer_header(&answer, "Retry-After", value), "1");
    assert_string_equal(answer_header(&answer, "Connection", value), "close");
    assert_true(client_is_ended(&client));
    answer_done(&answer);
    client_close(&client);
}

static void wait_for(const struct site *site, const char *request, int status) {
    int patience = 0;
    struct answer answer;
    ask(site->address, request, &answer);
    while (answer.status != status) {
        answer_done(&answer);
        site_wait(&patience);
        ask(site->address, request, &answer);
    }
    answer_done(&answer);
}

static int64_t refused_by(struct site *site, const char *rule) {
    struct berth_load load;
    berth_listener_load(site->listener, &load);
    for (size_t i = 0; i < load.refusal_count; i++) {
        if (strcmp(load.refusals[i].rule, rule) == 0)
            return load.refusals[i].count;
    }
    return 0;
}

static void hold(struct site *site, struct client *clients, int count, const char *request) {
    int patience = 0;
    int before = atomic_load(&site->held);
    for (int i = 0; i < count; i++) {
        client_open(&clients[i], site->address);
        client_send(&clients[i], request);
    }
    while (atomic_load(&site->held) < before + count)
        site_wait(&patience);
}

static void let_go(struct site *site, struct client *clients, int count) {
    atomic_store(&site->release, true);
    for (int i = 0; i < count; i++) {
        struct answer answer;
        client_answer(&clients[i], true, &answer);
        assert_int_equal(answer.status, 204);
        answer_done(&answer);
        client_close(&clients[i]);
    }
}

static void each_kind_has_its_limit_and_the_others_go_on(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client clients[5];
    struct berth_load load;
    options.max_work[BERTH_WORK_REPORTS] = 2;
    options.max_work[BERTH_WORK_VERSIONS] = 3;
    site_start(&site, &options);
    hold(&site, clients, 2, REQUEST("/kind"));
    hold(&site, clients + 2, 3, REQUEST("/old"));
    assert_refused(&site, REQUEST("/kind"), "limit-reports-at-once");
    assert_refused(&site, REQUEST("/old"), "limit-versions-at-once");
    assert_refused(&site, REQUEST("/old"), "limit-versions-at-once");
    assert_status(&site, REQUEST("/text"), 200);
    berth_listener_load(site.listener, &load);
    assert_int_equal(load.work[BERTH_WORK_REPORTS], 2);
    assert_int_equal(load.work[BERTH_WORK_VERSIONS], 3);
    assert_in_range(load.connections, 5, 8);
    assert_int_equal(refused_by(&site, "limit-reports-at-once"), 1);
    assert_int_equal(refused_by(&site, "limit-versions-at-once"), 2);
    let_go(&site, clients, 5);
    wait_for(&site, REQUEST("/kind"), 204);
    wait_for(&site, REQUEST("/old"), 204);
    site_stop(&site);
}

static void without_limits_there_are_none(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client clients[6];
    site_start(&site, &options);
    hold(&site, clients, 3, REQUEST("/kind"));
    hold(&site, clients + 3, 3, REQUEST("/old"));
    let_go(&site, clients, 6);
    site_stop(&site);
}

/* Opens a connection whose large answer nobody reads. */
static void read_nothing(const struct site *site, struct client *client, const char *request) {
    int small = 4096;
    char status[12];
    client_open(client, site->address);
    (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_send(client, request);
    assert_int_equal(client_read(client, status, sizeof status, true), sizeof status);
    assert_memory_equal(status, "HTTP/1.1 200", sizeof status);
}

static void slow_readers_of_one_module_leave_room_for_others(void **state) {
    (void)state;
    static const struct {
        const char *large, *small, *other;
    } cases[] = {
        {REQUEST("/of/slow/8388608"), REQUEST("/of/slow/16384"), REQUEST("/of/other/8388608")},
        {REQUEST("/prepared/of/slow/8388608"), REQUEST("/prepared/of/slow/16384"),
         REQUEST("/prepared/of/other/8388608")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct site site = {0};
        struct berth_listener_options options = site_options(&site);
        static struct client slow[3];
        options.max_shared = 3;
        site_start(&site, &options);
        for (int k = 0; k < 3; k++)
            read_nothing(&site, &slow[k], cases[i].large);
        assert_refused(&site, cases[i].large, "limit-module-connections");
        assert_status(&site, cases[i].small, 200);
        assert_status(&site, cases[i].other, 200);
        assert_int_equal(refused_by(&site, "limit-module-connections"), 1);
        for (int k = 0; k < 3; k++)
            client_close(&slow[k]);
        wait_for(&site, cases[i].large, 200);
        site_stop(&site);
    }
}

static void *ask_often(void *argument) {
    struct site *site = argument;
    for (int i = 0; i < 30; i++) {
        static const char *const requests[] = {REQUEST("/kind"), REQUEST("/old"),
                                               REQUEST("/of/a/100000"), REQUEST("/silent")};
        struct answer answer;
        struct berth_load load;
        ask(site->address, requests[i % 4], &answer);
        assert_true(answer.status >= 200);
        answer_done(&answer);
        berth_listener_load(site->listener, &load);
    }
    return NULL;
}

static void what_was_taken_is_given_back_whoever_takes_it(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    pthread_t threads[4];
    struct berth_load load;
    options.max_work[BERTH_WORK_REPORTS] = options.max_work[BERTH_WORK_VERSIONS] = 1;
    options.max_shared = 1;
    site_start(&site, &options);
    atomic_store(&site.release, true);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &site), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    wait_for(&site, REQUEST("/kind"), 204);
    wait_for(&site, REQUEST("/old"), 204);
    wait_for(&site, REQUEST("/of/a/100000"), 200);
    int patience = 0;
    do {
        site_wait(&patience);
        berth_listener_load(site.listener, &load);
    } while (load.work[BERTH_WORK_REPORTS] + load.work[BERTH_WORK_VERSIONS] > 0);
    site_stop(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_limit_and_the_others_go_on),
        cmocka_unit_test(without_limits_there_are_none),
        cmocka_unit_test(slow_readers_of_one_module_leave_room_for_others),
        cmocka_unit_test(what_was_taken_is_given_back_whoever_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
