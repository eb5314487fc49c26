/* Bodies of requests: read exactly, refused early, cut when slow. */
#include "http_client.h"
#include "http_fixture.h"

#include "berth/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#define PUT_ECHO "PUT /echo HTTP/1.1\r\nHost: a\r\n"
#define GOOD     "GET /text HTTP/1.1\r\nHost: a\r\n\r\n"

static void assert_next(struct client *client, int status, const char *text_in_body) {
    struct answer answer;
    client_answer(client, true, &answer);
    assert_int_equal(answer.status, status);
    if (text_in_body && !strstr(answer.body, text_in_body))
        fail_msg("no %s in %s", text_in_body, answer.body);
    answer_done(&answer);
}

static void bodies_of_any_size_are_read_whole(void **state) {
    const struct site *site = *state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 16384, 65536, 100000, 1048576};
    char *body = malloc(1048576);
    struct client client;
    assert_non_null(body);
    for (size_t i = 0; i < 1048576; i++)
        body[i] = site_byte((int64_t)i);
    client_open(&client, site->address);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char head[128];
        struct answer answer;
        (void)snprintf(head, sizeof head, PUT_ECHO "Content-Length: %zu\r\n\r\n", sizes[i]);
        client_send(&client, head);
        client_send_bytes(&client, body, sizes[i]);
        client_answer(&client, true, &answer);
        assert_int_equal(answer.status, 201);
        assert_int_equal(answer.length, sizes[i]);
        assert_memory_equal(answer.body, body, sizes[i]);
        answer_done(&answer);
    }
    client_close(&client);
    free(body);
}

static void a_body_may_hold_anything(void **state) {
    const struct site *site = *state;
    struct client client;
    struct answer answer;
    client_open(&client, site->address);
    client_send_bytes(&client, PUT_ECHO "Content-Length: 8\r\n\r\n\0\r\n\r\n\0\xff ",
                      sizeof PUT_ECHO "Content-Length: 8\r\n\r\n\0\r\n\r\n\0\xff " - 1);
    client_answer(&client, true, &answer);
    assert_int_equal(answer.status, 201);
    assert_memory_equal(answer.body, "\0\r\n\r\n\0\xff ", 8);
    answer_done(&answer);
    client_send(&client, GOOD);
    assert_next(&client, 200, "hello");
    client_close(&client);
}

static void a_body_without_a_length_is_refused(void **state) {
    const struct site *site = *state;
    struct answer answer;
    ask(site->address, PUT_ECHO "\r\n", &answer);
    assert_int_equal(answer.status, 411);
    answer_done(&answer);
}

/* The client sends on: the answer must reach it all the same. */
static void a_body_over_the_limit_is_refused_unread(void **state) {
    const struct site *site = *state;
    char piece[1024];
    struct client client;
    struct answer answer;
    char value[256];
    memset(piece, 'x', sizeof piece);
    client_open(&client, site->address);
    client_send(&client, PUT_ECHO "Content-Length: 1048577\r\n\r\n");
    for (int i = 0; i < 400; i++)
        client_send_bytes(&client, piece, sizeof piece);
    client_answer(&client, true, &answer);
    assert_int_equal(answer.status, 413);
    assert_non_null(strstr(answer.body, "limit-body"));
    assert_string_equal(answer_header(&answer, "Connection", value), "close");
    answer_done(&answer);
    assert_true(client_is_ended(&client));
    assert_false(client.was_reset);
    client_close(&client);
}

static void an_unread_body_closes_the_connection(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *target;
        int status;
    } cases[] = {{"/nothing", 401}, {"/little", 422}, {"/missing", 404}, {"/bytes/1", 405}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[128];
        static char body[9000];
        struct client client;
        memset(body, 'x', sizeof body);
        (void)snprintf(head, sizeof head,
                       "PUT %s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", cases[i].target,
                       sizeof body);
        client_open(&client, site->address);
        client_send(&client, head);
        client_send_bytes(&client, body, sizeof body);
        client_send(&client, GOOD);
        assert_next(&client, cases[i].status, NULL);
        assert_true(client_is_ended(&client));
        client_close(&client);
    }
}

static void expectations_are_met_before_the_body_is_read(void **state) {
    const struct site *site = *state;
    struct client client;
    client_open(&client, site->address);
    for (int i = 0; i < 2; i++) {
        client_send(&client, PUT_ECHO "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        assert_next(&client, 100, NULL);
        client_send(&client, "abc");
        assert_next(&client, 201, "abc");
    }
    client_close(&client);
}

static void an_expectation_of_a_refused_body_is_not_met(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *target;
        const char *length;
        int status;
    } cases[] = {{"/nothing", "3", 401}, {"/echo", "1048577", 413}, {"/missing", "3", 404}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char head[160];
        struct client client;
        int64_t start_ms = berth_monotonic_ms();
        (void)snprintf(head, sizeof head,
                       "PUT %s HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n"
                       "Expect: 100-continue\r\n\r\n",
                       cases[i].target, cases[i].length);
        client_open(&client, site->address);
        client_send(&client, head);
        assert_next(&client, cases[i].status, NULL);
        assert_true(client_is_ended(&client));
        assert_true(berth_monotonic_ms() - start_ms < 900); /* no waiting for what is not sent */
        client_close(&client);
    }
}

static void a_body_that_ends_early_is_malformed(void **state) {
    const struct site *site = *state;
    struct client client;
    client_open(&client, site->address);
    client_send(&client, PUT_ECHO "Content-Length: 10\r\n\r\nabc");
    client_end(&client);
    assert_next(&client, 400, "body-cut");
    assert_true(client_is_ended(&client));
    client_close(&client);
}

static void json_is_taken_with_its_type_only(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *headers;
        const char *body;
        int status;
        const char *text;
    } cases[] = {
        {"Content-Type: application/json\r\n", "{\"b\":2}", 200, "{\"b\":2}"},
        {"Content-Type: Application/JSON; charset=utf-8\r\n", "[1]", 200, "[1]"},
        {"Content-Type: application/json;charset=utf-8\r\n", "{}", 200, "{}"},
        {"", "", 200, "{}"},
        {"", "{}", 415, "media-type"},
        {"Content-Type: text/plain\r\n", "{}", 415, "media-type"},
        {"Content-Type: application/x-www-form-urlencoded\r\n", "a=b", 415, "media-type"},
        {"Content-Type: application/jsonx\r\n", "{}", 415, "media-type"},
        {"Content-Type: application/json\r\n", "{", 400, "json-syntax"},
        {"Content-Type: application/json\r\n", "{\"a\":1,\"a\":2}", 400, "json-syntax"},
        {"Content-Type: application/json\r\n", "\"\\u0000", 400, "json-syntax"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char request[512];
        struct client client;
        (void)snprintf(request, sizeof request,
                       "PUT /json HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n%s",
                       cases[i].headers, strlen(cases[i].body), cases[i].body);
        client_open(&client, site->address);
        client_send(&client, request);
        assert_next(&client, cases[i].status, cases[i].text);
        client_close(&client);
    }
}

static void json_has_a_largest_size(void **state) {
    const struct site *site = *state;
    static char request[8192];
    struct answer answer;
    (void)snprintf(request, sizeof request,
                   "PUT /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                   "Content-Length: 5000\r\n\r\n\"%04998d\"",
                   1);
    ask(site->address, request, &answer);
    assert_int_equal(answer.status, 413);
    answer_done(&answer);
}

static void pause_ms(int duration) {
    struct timespec time = {duration / 1000, (long)(duration % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* One byte every 50 ms is 20 a second, and each byte alone would hold civetweb's time-out off. */
static void a_slow_body_is_cut(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.body_grace_ms = 300;
    options.min_body_rate_bytes = 100000;
    site_start(&site, &options);
    struct client client;
    int64_t start_ms = berth_monotonic_ms();
    client_open(&client, site.address);
    client_send(&client, PUT_ECHO "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 200; i++) {
        char byte;
        client_send(&client, "x");
        pause_ms(50);
        if (client_peek(&client, &byte, 1) > 0)
            break;
    }
    assert_next(&client, 408, "body-slow");
    assert_true(client_is_ended(&client));
    assert_true(berth_monotonic_ms() - start_ms < 5000);
    client_close(&client);
    site_stop(&site);
}

static void a_body_that_keeps_the_rate_may_take_long(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.body_grace_ms = 500;
    options.min_body_rate_bytes = 1000;
    site_start(&site, &options);
    char piece[200];
    struct client client;
    memset(piece, 'x', sizeof piece);
    client_open(&client, site.address);
    client_send(&client, PUT_ECHO "Content-Length: 4000\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        client_send_bytes(&client, piece, sizeof piece);
        pause_ms(100);
    }
    assert_next(&client, 201, "xxx");
    client_close(&client);
    site_stop(&site);
}

static void a_silent_client_is_cut_by_the_request_timeout(void **state) {
    (void)state;
    struct site site = {0};
    struct berth_listener_options options = site_options(&site);
    options.request_timeout_ms = 300;
    options.min_body_rate_bytes = 0;
    site_start(&site, &options);
    struct client client;
    client_open(&client, site.address);
    client_send(&client, PUT_ECHO "Content-Length: 10\r\n\r\nabc");
    assert_next(&client, 408, "body-slow");
    assert_true(client_is_ended(&client));
    client_close(&client);
    site_stop(&site);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_any_size_are_read_whole),
        cmocka_unit_test(a_body_may_hold_anything),
        cmocka_unit_test(a_body_without_a_length_is_refused),
        cmocka_unit_test(a_body_over_the_limit_is_refused_unread),
        cmocka_unit_test(an_unread_body_closes_the_connection),
        cmocka_unit_test(expectations_are_met_before_the_body_is_read),
        cmocka_unit_test(an_expectation_of_a_refused_body_is_not_met),
        cmocka_unit_test(a_body_that_ends_early_is_malformed),
        cmocka_unit_test(json_is_taken_with_its_type_only),
        cmocka_unit_test(json_has_a_largest_size),
        cmocka_unit_test(a_slow_body_is_cut),
        cmocka_unit_test(a_body_that_keeps_the_rate_may_take_long),
        cmocka_unit_test(a_silent_client_is_cut_by_the_request_timeout),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
