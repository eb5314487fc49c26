/* What a listener does with requests that are malformed, or that follow each other. */
#include "http_client.h"
#include "http_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINE "GET /text HTTP/1.1\r\n"
#define POST "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define GOOD "GET /text HTTP/1.1\r\nHost: a\r\n\r\n"

/* Without an answer, and what the loop says: civetweb leaves us no chance. */
enum { CLOSED = -1, CLOSED_OR = 400 };

struct malformed {
    const char *request;
    int status;
};

/* Each is answered and closed, and what follows on the connection is not looked at. */
static void assert_closed(const struct site *site, const struct malformed *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct client client;
        struct answer answer;
        client_open(&client, site->address);
        client_send(&client, cases[i].request);
        client_send(&client, GOOD);
        client_answer(&client, true, &answer);
        int status = cases[i].status;
        if (status == CLOSED)
            status = site_engine() == BERTH_ENGINE_THREADS ? 0 : CLOSED_OR;
        if (answer.status != status)
            fail_msg("%d instead of %d for: %s", answer.status, status, cases[i].request);
        if (!client_is_ended(&client))
            fail_msg("not closed after: %s", cases[i].request);
        char value[256];
        if (answer.status) {
            assert_string_equal(answer_header(&answer, "Connection", value), "close");
            assert_string_equal(answer_header(&answer, "Content-Type", value),
                                "application/problem+json");
            assert_string_equal(answer_header(&answer, "Cache-Control", value), "no-store");
        }
        answer_done(&answer);
        client_close(&client);
    }
}

#define ASSERT_CLOSED(cases) assert_closed(*state, cases, sizeof(cases) / sizeof *(cases))

static void lengths_that_two_readers_could_read_differently_are_refused(void **state) {
    static const struct malformed cases[] = {
        {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 400},
        {POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {POST "Transfer-Encoding: identity\r\n\r\n", 411},
        {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
        {POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
        {POST "Content-Length: 3, 3\r\n\r\nabc", 400},
        {POST "Content-Length: +3\r\n\r\nabc", 400},
        {POST "Content-Length: -3\r\n\r\nabc", 400},
        {POST "Content-Length: 3x\r\n\r\nabc", 400},
        {POST "Content-Length: 0x3\r\n\r\nabc", 400},
        {POST "Content-Length: 3 3\r\n\r\nabc", 400},
        {POST "Content-Length: three\r\n\r\nabc", 400},
        {POST "Content-Length:\r\n\r\nabc", 400},
        {POST "Content-Length: 1000000000000000\r\n\r\nabc", 400},
        {POST "Content-Length: 18446744073709551619\r\n\r\nabc", 400},
        {"GET /text HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 400},
    };
    ASSERT_CLOSED(cases);
}

static void a_request_has_one_host(void **state) {
    static const struct malformed cases[] = {
        {LINE "\r\n", 400},
        {LINE "Accept: */*\r\n\r\n", 400},
        {"GET /text HTTP/1.0\r\n\r\n", 400},
        {LINE "Host: a\r\nHost: a\r\n\r\n", 400},
        {LINE "Host: a\r\nhOST: b\r\n\r\n", 400},
        {LINE "Host:\r\n\r\n", 400},
        {LINE "Host: a b\r\n\r\n", 400},
        {LINE "Host: a/b\r\n\r\n", 400},
        {LINE "Host: a@b\r\n\r\n", 400},
    };
    ASSERT_CLOSED(cases);
}

static void lines_end_in_cr_lf_and_are_not_folded(void **state) {
    static const struct malformed cases[] = {
        {LINE "Host: a\nAccept: b\r\n\r\n", 400},
        {LINE "Host: a\r\nAccept: b\n\r\n", 400},
        {LINE "Host: a\r\nAccept: b\r\n\n", 400},
        {LINE "Host: a\n\n", 400},
        {"GET /text HTTP/1.1\nHost: a\r\n\r\n", 400},
        {LINE "Host: a\r\nAccept: b\r\n c\r\n\r\n", 400},
        {LINE "Host: a\r\nAccept: b\r\n\tc\r\n\r\n", 400},
        {LINE "Host: a\r\n folded\r\nContent-Length: 3\r\n\r\nabc", 400},
        {LINE "Host: a\r\nAccept: b\rc\r\n\r\n", 400},
        {LINE "Host: a\r\nAccept: b\r\r\n\r\n", 400},
        {LINE " Host: a\r\n\r\n", 400},
        {LINE " X: b\r\nHost: a\r\n\r\n", 400},
        {LINE "\r\nHost: a\r\n\r\n", 400},
        {LINE "\n Host: a\r\n\r\n", 400},
    };
    ASSERT_CLOSED(cases);
}

static void names_are_tokens_and_values_hold_no_controls(void **state) {
    static const struct malformed cases[] = {
        {LINE "Host : a\r\n\r\n", 400},
        {LINE "Host: a\r\nName : v\r\n\r\n", 400},
        {LINE "Host: a\r\nName  : v\r\n\r\n", 400},
        {LINE "Host: a\r\nNa me: v\r\n\r\n", 400},
        {LINE "Host: a\r\nName\t: v\r\n\r\n", 400},
        {LINE "Host: a\r\n: v\r\n\r\n", 400},
        {LINE "Host: a\r\nName\r\n\r\n", 400},
        {LINE "Host: a\r\nNa(me: v\r\n\r\n", 400},
        {LINE "Host: a\r\nNa\xc3\xa9: v\r\n\r\n", 400},
        {LINE "Host: a\r\nName: a\x01z\r\n\r\n", 400},
        {LINE "Host: a\r\nName: a\x7fz\r\n\r\n", 400},
        {LINE "Host: a\r\nName: a\tz\r\n\r\n", 400},
    };
    ASSERT_CLOSED(cases);
}

/* Every byte but those that end a name or a line. */
static void what_a_name_may_hold_is_what_a_token_may(void **state) {
    const struct site *site = *state;
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (int c = 1; c < 256; c++) {
        if (c == ':' || c == '\r' || c == '\n')
            continue;
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c < 128;
        bool good = letter || (c >= '0' && c <= '9') || strchr(marks, c);
        char request[64];
        struct answer answer;
        (void)snprintf(request, sizeof request, LINE "Host: a\r\nX%cy: v\r\n\r\n", c);
        ask(site->address, request, &answer);
        if (answer.status != (good ? 200 : 400))
            fail_msg("a name with the byte %d: %d", c, answer.status);
        answer_done(&answer);
    }
}

static void of_conditions_that_are_given_twice_the_first_counts(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {LINE "Host: a\r\nIf-None-Match: \"abc\"\r\nIf-None-Match: \"x\"\r\n\r\n", 304},
        {LINE "Host: a\r\nif-none-match: \"x\"\r\nIf-None-Match: \"abc\"\r\n\r\n", 200},
        {LINE "Host: a\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n", 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        ask(site->address, cases[i].request, &answer);
        assert_int_equal(answer.status, cases[i].status);
        answer_done(&answer);
    }
}

static void a_nul_is_refused_anywhere(void **state) {
    const struct site *site = *state;
    static const char request[] = "GET /te\0xt HTTP/1.1\r\nHost: a\r\n\r\n"
                                  "GET /text HTTP/1.1\r\nHost: \0a\r\n\r\n";
    size_t half = sizeof "GET /te\0xt HTTP/1.1\r\nHost: a\r\n\r\n" - 1;
    struct client client;
    struct answer answer;
    for (size_t start = 0; start <= half; start += half) {
        client_open(&client, site->address);
        client_send_bytes(&client, request + start, sizeof request - 1 - half);
        client_answer(&client, true, &answer);
        assert_int_equal(answer.status, 400);
        assert_true(client_is_ended(&client));
        answer_done(&answer);
        client_close(&client);
    }
}

static void the_request_line_has_one_space_twice(void **state) {
    static const struct malformed cases[] = {
        {"GET  /text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /text  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /text?a=b  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET   /text   HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET\t/text\tHTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /text HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /text\r\nHost: a\r\n\r\n", 400},
        {"GET\r\n\r\n", 400},
        {"GET /text HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET /text HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"GET /text HTTP/1\r\nHost: a\r\n\r\n", 505},
        {"GET /text HTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /text http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET \xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    };
    ASSERT_CLOSED(cases);
}

static void nothing_stands_before_the_method(void **state) {
    static const struct malformed cases[] = {
        {" GET /text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"\r\n\r\n                GET /text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
    };
    /* Twice over all workers, so that each has its base from an honest request first. */
    for (int i = 0; i < 40; i++) {
        struct answer answer;
        ask(((struct site *)*state)->address, GOOD, &answer);
        assert_int_equal(answer.status, 200);
        answer_done(&answer);
    }
    ASSERT_CLOSED(cases);
}

/* A worker that has served nothing yet has no start of its buffer to compare with. */
static void nor_before_the_first_method_of_a_worker(void **state) {
    (void)state;
    static const char *const requests[] = {
        "\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET /text HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct site site = {0};
        struct berth_listener_options options = site_options(&site);
        struct answer answer;
        site_start(&site, &options);
        ask(site.address, requests[i], &answer);
        assert_int_equal(answer.status, 400);
        answer_done(&answer);
        site_stop(&site);
    }
}

static void targets_are_paths(void **state) {
    static const struct malformed cases[] = {
        {"GET text HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://other.example/text HTTP/1.1\r\nHost: a\r\n\r\n", CLOSED},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", CLOSED},
    };
    ASSERT_CLOSED(cases);
    const struct site *site = *state;
    char request[128];
    (void)snprintf(request, sizeof request, "GET http://%s/text HTTP/1.1\r\nHost: %s\r\n\r\n",
                   site->address, site->address);
    struct answer answer;
    ask(site->address, request, &answer);
    assert_int_equal(answer.status, 400);
    answer_done(&answer);
}

static void unknown_methods_are_not_implemented(void **state) {
    static const struct malformed cases[] = {
        {"TRACE /text HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"FETCH /text HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"get /text HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"PROPFIND /text HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"CONNECT /text HTTP/1.1\r\nHost: a\r\n\r\n", 501},
    };
    ASSERT_CLOSED(cases);
}

static void what_cannot_be_met_is_refused(void **state) {
    static const struct malformed cases[] = {
        {LINE "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 400},
        {LINE "Host: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
              "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
         400},
        {POST "Expect: 200-ok\r\nContent-Length: 3\r\n\r\nabc", 417},
        {LINE "Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400},
        {LINE "Host: a\r\nOrigin: http://a\r\nOrigin: http://b\r\n\r\n", 400},
    };
    ASSERT_CLOSED(cases);
}

/* A request with `count` headers, Host among them. */
static void ask_with_headers(const struct site *site, int count, struct answer *ret) {
    char request[4096] = LINE "Host: a\r\n";
    char *at = request + strlen(request);
    for (int i = 1; i < count; i++)
        at += sprintf(at, "X-%d: %d\r\n", i, i);
    (void)sprintf(at, "\r\n");
    ask(site->address, request, ret);
}

static void civetweb_drops_the_65th_header_so_64_are_refused(void **state) {
    static const struct {
        int count;
        int status;
    } cases[] = {{63, 200}, {64, 431}, {65, 431}, {100, 431}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        ask_with_headers(*state, cases[i].count, &answer);
        assert_int_equal(answer.status, cases[i].status);
        answer_done(&answer);
    }
}

static void a_head_has_a_largest_size(void **state) {
    const struct site *site = *state;
    char *request = malloc(65536);
    struct answer answer;
    assert_non_null(request);
    (void)sprintf(request, LINE "Host: a\r\nX-Long: %015000d\r\n\r\n", 1);
    ask(site->address, request, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    (void)sprintf(request, LINE "Host: a\r\nX-Long: %020000d\r\n\r\n", 1);
    ask(site->address, request, &answer);
    assert_int_equal(answer.status, 431);
    answer_done(&answer);
    (void)sprintf(request, LINE "Host: a\r\nX-Long: %040000d\r\n\r\n", 1);
    ask(site->address, request, &answer);
    /* civetweb does not tell this from other mistakes */
    assert_int_equal(answer.status, site_engine() == BERTH_ENGINE_THREADS ? 400 : 431);
    answer_done(&answer);
    free(request);
}

static void latin_1_in_a_value_is_taken(void **state) {
    const struct site *site = *state;
    struct answer answer;
    ask(site->address, LINE "Host: a\r\nX-Name: caf\xe9\r\n\r\n", &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
}

static void assert_next(struct client *client, int status, const char *body) {
    struct answer answer;
    client_answer(client, true, &answer);
    assert_int_equal(answer.status, status);
    if (body)
        assert_string_equal(answer.body, body);
    answer_done(&answer);
}

static void a_connection_serves_many_requests(void **state) {
    const struct site *site = *state;
    struct client client;
    client_open(&client, site->address);
    for (int i = 0; i < 5; i++) {
        client_send(&client, GOOD);
        assert_next(&client, 200, "hello world");
    }
    client_send(&client, "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_next(&client, 404, NULL);
    client_send(&client, POST "Content-Length: 3\r\n\r\nabc");
    assert_next(&client, 201, "abc");
    client_send(&client, GOOD);
    assert_next(&client, 200, "hello world");
    client_close(&client);
}

static void pipelined_requests_are_answered_in_order(void **state) {
    const struct site *site = *state;
    struct client client;
    client_open(&client, site->address);
    client_send(&client, GOOD POST "Content-Length: 3\r\n\r\nabc" GOOD
                                   "GET /bytes/3 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_next(&client, 200, "hello world");
    assert_next(&client, 201, "abc");
    assert_next(&client, 200, "hello world");
    assert_next(&client, 200, "abc");
    client_close(&client);
}

static void a_head_may_come_byte_by_byte(void **state) {
    const struct site *site = *state;
    struct client client;
    client_open(&client, site->address);
    for (const char *at = GOOD; *at; at++)
        client_send_bytes(&client, at, 1);
    assert_next(&client, 200, "hello world");
    client_close(&client);
}

/* civetweb parses on from the method, past what it received, through what is left in the worker's
 * buffer. A pipelined second request that was no longer than the first is left there whole, and
 * white space up to it would replay it. */
static void a_stale_buffer_is_never_replayed(void **state) {
    const struct site *site = *state;
    static const char second[] = "GET /show/secret@1/x HTTP/1.1\r\nHost: a\r\n\r\n";
    char both[256], attack[128];
    int first = snprintf(both, sizeof both, LINE "Host: a\r\nX-Padding: %032d\r\n\r\n", 0);
    (void)snprintf(both + first, sizeof both - (size_t)first, "%s", second);
    (void)snprintf(attack, sizeof attack, "\r\n\r\n%*s", first - 4, "");
    for (int round = 0; round < 40; round++) {
        struct client client;
        struct answer answer;
        client_open(&client, site->address);
        client_send(&client, both);
        assert_next(&client, 200, "hello world");
        assert_next(&client, 200, NULL);
        client_close(&client);
        client_open(&client, site->address);
        client_send(&client, attack);
        client_answer(&client, true, &answer);
        assert_int_equal(answer.status, 400);
        assert_null(strstr(answer.body, "secret"));
        assert_true(client_is_ended(&client));
        answer_done(&answer);
        client_close(&client);
    }
}

static void connection_close_is_kept(void **state) {
    const struct site *site = *state;
    static const struct {
        const char *request;
        const char *connection; /* of the answer */
    } cases[] = {
        {LINE "Host: a\r\nConnection: close\r\n\r\n", "close"},
        {LINE "Host: a\r\nConnection: Keep-Alive, Close\r\n\r\n", "close"},
        {LINE "Host: a\r\nConnection: keep-alive\r\n\r\n", NULL},
        {LINE "Host: a\r\n\r\n", NULL},
        {"GET /text HTTP/1.0\r\nHost: a\r\n\r\n", "close"},
        {"GET /text HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "keep-alive"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client client;
        struct answer answer;
        char value[256];
        client_open(&client, site->address);
        client_send(&client, cases[i].request);
        client_answer(&client, true, &answer);
        const char *connection = answer_header(&answer, "Connection", value);
        if (cases[i].connection)
            assert_string_equal(connection, cases[i].connection);
        else
            assert_null(connection);
        if (connection && strcmp(connection, "close") == 0) {
            assert_true(client_is_ended(&client));
        } else {
            client_send(&client, GOOD);
            assert_next(&client, 200, "hello world");
        }
        answer_done(&answer);
        client_close(&client);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_that_two_readers_could_read_differently_are_refused),
        cmocka_unit_test(a_request_has_one_host),
        cmocka_unit_test(lines_end_in_cr_lf_and_are_not_folded),
        cmocka_unit_test(names_are_tokens_and_values_hold_no_controls),
        cmocka_unit_test(what_a_name_may_hold_is_what_a_token_may),
        cmocka_unit_test(of_conditions_that_are_given_twice_the_first_counts),
        cmocka_unit_test(a_nul_is_refused_anywhere),
        cmocka_unit_test(the_request_line_has_one_space_twice),
        cmocka_unit_test(nothing_stands_before_the_method),
        cmocka_unit_test(nor_before_the_first_method_of_a_worker),
        cmocka_unit_test(targets_are_paths),
        cmocka_unit_test(unknown_methods_are_not_implemented),
        cmocka_unit_test(what_cannot_be_met_is_refused),
        cmocka_unit_test(civetweb_drops_the_65th_header_so_64_are_refused),
        cmocka_unit_test(a_head_has_a_largest_size),
        cmocka_unit_test(latin_1_in_a_value_is_taken),
        cmocka_unit_test(a_connection_serves_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_head_may_come_byte_by_byte),
        cmocka_unit_test(a_stale_buffer_is_never_replayed),
        cmocka_unit_test(connection_close_is_kept),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
