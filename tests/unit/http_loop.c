/* What the loop does with connections: many at once, slow ones, and those that go to a worker
 * thread and come back. */
#include "http_client.h"
#include "http_fixture.h"

#include "http/loop.h"
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { LARGE_BYTES = 8 << 20 };

static void assert_next(struct client *client, int status, const char *body) {
    struct answer answer;
    client_answer(client, true, &answer);
    assert_int_equal(answer.status, status);
    if (body)
        assert_string_equal(answer.body, body);
    answer_done(&answer);
}

static int count_entries(const char *folder) {
    DIR *entries = opendir(folder);
    int count = 0;
    assert_non_null(entries);
    while (readdir(entries))
        count++;
    (void)closedir(entries);
    return count;
}

/* All connections in one loop, as on a machine with one core. */
static void use_one_core(cpu_set_t *ret_before) {
    cpu_set_t one;
    CPU_ZERO(&one);
    assert_int_equal(sched_getaffinity(0, sizeof *ret_before, ret_before), 0);
    for (size_t core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; core++) {
        if (CPU_ISSET(core, ret_before))
            CPU_SET(core, &one);
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
}

static void requests_of_all_kinds_are_answered_in_the_order_they_came(void **state) {
    struct site *site = *state;
    struct client client;
    int deferred = atomic_load(&site->deferred);
    client_open(&client, site->address);
    for (int i = 0; i < 20; i++) {
        client_send(&client, REQUEST("/text") REQUEST("/later") REQUEST("/bytes/100000")
                                 REQUEST("/read/100000") "POST /echo HTTP/1.1\r\nHost: a\r\n"
                                                         "Content-Length: 3\r\n\r\nabc"
                                                         "GET /te");
        assert_next(&client, 200, "hello world");
        assert_next(&client, 204, NULL);
        assert_next(&client, 200, NULL);
        assert_next(&client, 200, NULL);
        assert_next(&client, 201, "abc");
        client_send(&client, "xt HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_next(&client, 200, "hello world");
    }
    assert_int_equal(atomic_load(&site->deferred), deferred + 20);
    client_close(&client);
}

/* Each byte finds the connection in another state: idle, in a head, with a worker, sending. */
static void requests_may_come_byte_by_byte_behind_each_other(void **state) {
    const struct site *site = *state;
    static const char bytes[] =
        REQUEST("/text") REQUEST("/later") REQUEST("/bytes/200000") REQUEST("/text");
    struct client client;
    client_open(&client, site->address);
    for (size_t i = 0; i < sizeof bytes - 1; i++)
        client_send_bytes(&client, bytes + i, 1);
    assert_next(&client, 200, "hello world");
    assert_next(&client, 204, NULL);
    assert_next(&client, 200, NULL);
    assert_next(&client, 200, "hello world");
    client_close(&client);
}

/* A loop reads 16 KiB at once: what is left must be read without more coming. */
static void more_requests_than_are_read_at_once_are_all_answered(void **state) {
    const struct site *site = *state;
    enum { REQUESTS = 2000 };
    struct client client;
    char *bytes = malloc(REQUESTS * sizeof REQUEST("/text"));
    char *at = bytes;
    assert_non_null(bytes);
    for (int i = 0; i < REQUESTS; i++)
        at = stpcpy(at, REQUEST("/text"));
    client_open(&client, site->address);
    client_send(&client, bytes);
    for (int i = 0; i < REQUESTS; i++)
        assert_next(&client, 200, "hello world");
    client_close(&client);
    free(bytes);
}

/* The end of the client's side comes with its last request. */
static void who_ends_its_side_gets_its_answers_and_the_end(void **state) {
    const struct site *site = *state;
    static const char *const last[] = {REQUEST("/text"), REQUEST("/later"),
                                       REQUEST("/text") "GET /", ""};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        struct client client;
        client_open(&client, site->address);
        client_send(&client, REQUEST("/text") REQUEST("/later"));
        client_send(&client, last[i]);
        client_end(&client);
        assert_next(&client, 200, "hello world");
        assert_next(&client, 204, NULL);
        if (*last[i])
            assert_next(&client, i == 1 ? 204 : 200, NULL);
        assert_true(client_is_ended(&client));
        client_close(&client);
    }
}

static void idle_connections_hold_no_threads(void **state) {
    (void)state;
    enum { IDLE = 1000 };
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client clients[IDLE];
    options.max_connections = IDLE + 8;
    options.keep_alive_timeout_ms = options.request_timeout_ms = 60000;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 4 * IDLE)
        skip();
    site_start(&site, &options);
    int before = count_entries("/proc/self/task");
    for (int i = 0; i < IDLE; i++) {
        client_open(&clients[i], site.address);
        if (i % 2) {
            client_send(&clients[i], REQUEST("/text"));
            assert_next(&clients[i], 200, "hello world");
        }
    }
    assert_int_equal(count_entries("/proc/self/task"), before);
    struct berth_load load;
    berth_listener_load(site.listener, &load);
    assert_int_equal(load.connections, IDLE);
    for (int i = 0; i < IDLE; i++) {
        client_send(&clients[i], REQUEST("/text"));
        assert_next(&clients[i], 200, "hello world");
        client_close(&clients[i]);
    }
    site_stop(&site);
}

/* A thread that has been made and one that is on its way to the next request are threads too. */
static void pipelines_make_no_more_threads_than_there_are_connections(void **state) {
    (void)state;
    enum { CLIENTS = 64, ROUNDS = 50, SPARE = 64 };
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client clients[CLIENTS];
    cpu_set_t cores;
    int most = 0;
    options.max_connections = CLIENTS;
    use_one_core(&cores);
    site_start(&site, &options);
    int before = count_entries("/proc/self/task");
    for (int i = 0; i < CLIENTS; i++) {
        client_open(&clients[i], site.address);
        for (int k = 0; k < ROUNDS; k++)
            client_send(&clients[i], REQUEST("/later") REQUEST("/text"));
    }
    for (int k = 0; k < ROUNDS; k++) {
        for (int i = 0; i < CLIENTS; i++) {
            assert_next(&clients[i], 204, NULL);
            assert_next(&clients[i], 200, "hello world");
        }
        int threads = count_entries("/proc/self/task") - before;
        most = threads > most ? threads : most;
    }
    assert_in_range(most, 1, CLIENTS + SPARE);
    assert_int_equal(sched_setaffinity(0, sizeof cores, &cores), 0);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    site_stop(&site);
}

/* Reads nothing yet: the large bodies are more than the buffers of both ends hold. */
static void open_slowly(const struct site *site, struct client *client, const char *request) {
    client_open(client, site->address);
    client_send(client, request);
}

static void assert_large_body(struct client *client) {
    struct answer answer;
    client_answer(client, true, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.length, LARGE_BYTES);
    for (int64_t i = 0; i < LARGE_BYTES; i++) {
        if (answer.body[i] != site_byte(i))
            fail_msg("byte %lld is wrong", (long long)i);
    }
    answer_done(&answer);
}

static void who_takes_a_large_body_slowly_delays_nobody_and_gets_it_whole(void **state) {
    (void)state;
    static const char *const requests[] = {REQUEST("/kept/8388608"), REQUEST("/bytes/8388608")};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct site site = {0};
        struct berth_listener_options options = site_options(&site);
        cpu_set_t cores;
        struct client slow, other;
        int patience = 0;
        use_one_core(&cores);
        site_start(&site, &options);
        assert_int_equal(sched_setaffinity(0, sizeof cores, &cores), 0);
        open_slowly(&site, &slow, requests[i]);
        while (berth_listener_busy(site.listener) == 0)
            site_wait(&patience);
        assert_int_equal(atomic_load(&site.kept), i == 0);
        int threads = count_entries("/proc/self/task");
        client_open(&other, site.address);
        for (int k = 0; k < 100; k++) {
            client_send(&other, REQUEST("/text"));
            assert_next(&other, 200, "hello world");
        }
        assert_int_equal(count_entries("/proc/self/task"), threads);
        assert_int_equal(berth_listener_busy(site.listener), 1);
        assert_large_body(&slow);
        client_send(&slow, REQUEST("/text")); /* and the connection goes on */
        assert_next(&slow, 200, "hello world");
        while (berth_listener_busy(site.listener) > 0)
            site_wait(&patience);
        assert_int_equal(atomic_load(&site.kept), 0);
        client_close(&slow);
        client_close(&other);
        site_stop(&site);
    }
}

static void a_body_is_let_go_when_its_client_is_gone(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    struct client gone, left;
    int patience = 0;
    site_start(&site, &options);
    open_slowly(&site, &gone, REQUEST("/kept/8388608"));
    open_slowly(&site, &left, REQUEST("/kept/8388608"));
    while (atomic_load(&site.kept) < 2)
        site_wait(&patience);
    client_close(&gone);
    while (atomic_load(&site.kept) > 1)
        site_wait(&patience);
    site_stop(&site);
    assert_int_equal(atomic_load(&site.kept), 0);
    client_close(&left);
}

static void few_connections_are_spread_over_the_loops(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    static struct client clients[8];
    site_start(&site, &options);
    for (int i = 0; i < 8; i++) {
        client_open(&clients[i], site.address);
        client_send(&clients[i], REQUEST("/text"));
        assert_next(&clients[i], 200, "hello world");
    }
    const struct berth_loops *loops = site.listener->engine_state;
    for (int i = 0; i < loops->count; i++) {
        int count = atomic_load(&loops->all[i]->count);
        assert_true(count == 8 / loops->count || count == 8 / loops->count + 1);
    }
    for (int i = 0; i < 8; i++)
        client_close(&clients[i]);
    site_stop(&site);
}

/* --- races: for the sanitizers --- */

struct visitor {
    const struct site *site;
    atomic_bool *over;
    unsigned random;
};

static unsigned next_random(struct visitor *visitor) {
    visitor->random = visitor->random * 1103515245 + 12345;
    return visitor->random >> 8;
}

/* Does what clients do: asks, waits or not, says half a word, and goes at any moment. */
static void *visit(void *argument) {
    static const char *const requests[] = {
        REQUEST("/text"),
        REQUEST("/later"),
        REQUEST("/kept/3000000"),
        REQUEST("/bytes/70000"),
        REQUEST("/read/300000"),
        REQUEST("/stream"),
        REQUEST("/missing"),
        "GET /text HTTP/1.1\r\nHo",
        " bad\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
        REQUEST("/later") "GET /",
        REQUEST("/text") REQUEST("/kept/100000") REQUEST("/later"),
    };
    struct visitor *visitor = argument;
    while (!atomic_load(visitor->over)) {
        struct client client;
        char bytes[512];
        client_open(&client, visitor->site->address);
        for (unsigned i = next_random(visitor) % 4; i > 0; i--) {
            client_send(&client,
                        requests[next_random(visitor) % (sizeof requests / sizeof *requests)]);
            if (next_random(visitor) % 2)
                (void)client_read(&client, bytes, sizeof bytes, false);
            if (next_random(visitor) % 4 == 0)
                client_end(&client);
            if (next_random(visitor) % 4 == 0)
                sched_yield();
        }
        client_close(&client);
    }
    return NULL;
}

static void clients_may_come_and_go_at_any_moment(void **state) {
    (void)state;
    enum { VISITORS = 4, CALM = 200 };
    for (int round = 0; round < 3; round++) {
        struct site site = {0};
        struct berth_listener_options options = site_options(&site);
        atomic_bool over = false;
        struct visitor visitors[VISITORS];
        pthread_t threads[VISITORS];
        options.max_connections = 32;
        options.request_timeout_ms = options.keep_alive_timeout_ms = 50;
        atomic_store(&site.release, true);
        site_start(&site, &options);
        for (int i = 0; i < VISITORS; i++) {
            visitors[i] = (struct visitor){&site, &over, (unsigned)(round * VISITORS + i)};
            assert_int_equal(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
        }
        for (int i = 0; i < CALM; i++) {
            struct berth_load load;
            struct answer answer;
            ask(site.address, REQUEST("/text"), &answer);
            assert_true(answer.status == 200 || answer.status == 503 || answer.status == 0);
            answer_done(&answer);
            berth_listener_load(site.listener, &load);
            (void)berth_listener_busy(site.listener);
        }
        atomic_store(&over, true);
        if (round > 0)
            berth_listener_drain(site.listener);
        for (int i = 0; i < VISITORS; i++)
            pthread_join(threads[i], NULL);
        site_stop(&site);
        assert_int_equal(atomic_load(&site.kept), 0);
        assert_int_equal(atomic_load(&site.streams), 0);
    }
}

static void a_stop_among_open_connections_of_all_kinds_ends_them_all(void **state) {
    (void)state;
    static const char *const requests[] = {
        "",
        "GET /te",
        REQUEST("/text"),
        REQUEST("/kept/8388608"),
        REQUEST("/read/8388608"),
        REQUEST("/stream"),
        REQUEST("/sleep"),
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    };
    enum { KINDS = sizeof requests / sizeof *requests };
    static struct client clients[KINDS];
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    int patience = 0;
    site_start(&site, &options);
    for (int i = 0; i < KINDS; i++)
        open_slowly(&site, &clients[i], requests[i]);
    while (berth_listener_busy(site.listener) < 5)
        site_wait(&patience);
    site_stop(&site);
    assert_int_equal(atomic_load(&site.streams), 0);
    assert_int_equal(atomic_load(&site.kept), 0);
    for (int i = 0; i < KINDS; i++)
        client_close(&clients[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_of_all_kinds_are_answered_in_the_order_they_came,
                                        site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(requests_may_come_byte_by_byte_behind_each_other,
                                        site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(more_requests_than_are_read_at_once_are_all_answered,
                                        site_setup, site_teardown),
        cmocka_unit_test_setup_teardown(who_ends_its_side_gets_its_answers_and_the_end, site_setup,
                                        site_teardown),
        cmocka_unit_test(idle_connections_hold_no_threads),
        cmocka_unit_test(pipelines_make_no_more_threads_than_there_are_connections),
        cmocka_unit_test(who_takes_a_large_body_slowly_delays_nobody_and_gets_it_whole),
        cmocka_unit_test(a_body_is_let_go_when_its_client_is_gone),
        cmocka_unit_test(few_connections_are_spread_over_the_loops),
        cmocka_unit_test(clients_may_come_and_go_at_any_moment),
        cmocka_unit_test(a_stop_among_open_connections_of_all_kinds_ends_them_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
