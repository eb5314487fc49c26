/* Request heads, taken apart. What is refused on the wire is in http_framing.c. */
#include "http/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char head[] = "POST /a/b?c=d?e HTTP/1.1\r\n"
                           "Host: example.org:8080\r\n"
                           "X-Empty:\r\n"
                           "X-Spaces:   a  b   \r\n"
                           "content-length:7\r\n"
                           "Expect: 100-Continue\r\n"
                           "\r\n";

static enum berth_code parse(char *text, size_t length, struct berth_request *ret) {
    struct berth_error error = {0};
    size_t line = 0, head_length = 0;
    assert_int_equal(berth_scan_head(text, length, &line, &head_length), BERTH_SCAN_WHOLE);
    assert_int_equal(head_length, length);
    return berth_parse_head(text, length, ret, &error);
}

static const char *field(const struct berth_request *request, const char *name) {
    for (size_t i = 0; i < request->field_count; i++) {
        if (strcmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    }
    return NULL;
}

static void assert_taken_apart(const struct berth_request *request) {
    assert_string_equal(request->method, "POST");
    assert_string_equal(request->target, "/a/b");
    assert_string_equal(request->query, "c=d?e");
    assert_string_equal(request->version, "1.1");
    assert_int_equal(request->field_count, 5);
    assert_string_equal(field(request, "Host"), "example.org:8080");
    assert_string_equal(field(request, "X-Empty"), "");
    assert_string_equal(field(request, "X-Spaces"), "a  b");
    assert_string_equal(request->framing.fields[BERTH_FIELD_HOST], "example.org:8080");
    assert_string_equal(request->framing.fields[BERTH_FIELD_LENGTH], "7");
    assert_null(request->framing.fields[BERTH_FIELD_RANGE]);
    assert_int_equal(request->framing.body_bytes, 7);
    assert_true(request->framing.expects_continue);
    assert_true(request->framing.keeps_alive);
}

static void a_head_is_taken_apart(void **state) {
    (void)state;
    char *text = strdup(head);
    struct berth_request request;
    assert_int_equal(parse(text, sizeof head - 1, &request), BERTH_OK);
    assert_taken_apart(&request);
    free(text);
}

static void a_request_can_be_moved(void **state) {
    (void)state;
    char *text = strdup(head);
    char *elsewhere = malloc(sizeof head);
    struct berth_request request;
    assert_non_null(elsewhere);
    assert_int_equal(parse(text, sizeof head - 1, &request), BERTH_OK);
    memcpy(elsewhere, text, sizeof head);
    berth_request_move(&request, text, elsewhere);
    memset(text, 'x', sizeof head);
    free(text);
    assert_taken_apart(&request);
    free(elsewhere);
}

/* Whatever the pieces that it comes in, the end is found where it is. */
static void the_end_is_found_in_any_pieces(void **state) {
    (void)state;
    static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n";
    const size_t end = strlen("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (size_t step = 1; step < sizeof bytes; step++) {
        size_t line = 0, found = 0, length = 0;
        enum berth_scan scan = BERTH_SCAN_MORE;
        while (scan == BERTH_SCAN_MORE) {
            length += step;
            if (length > sizeof bytes - 1)
                length = sizeof bytes - 1;
            scan = berth_scan_head(bytes, length, &line, &found);
            assert_true(scan == (length >= end ? BERTH_SCAN_WHOLE : BERTH_SCAN_MORE));
        }
        assert_int_equal(found, end);
    }
}

static void what_can_be_no_head_is_told_before_its_end(void **state) {
    (void)state;
    static const char *const cases[] = {
        "\r", "\n", " ", "\x16\x03\x01", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: a\n"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t line = 0, found = 0;
        assert_int_equal(berth_scan_head(cases[i], strlen(cases[i]), &line, &found),
                         BERTH_SCAN_BAD);
    }
}

static void versions_and_connection_say_whether_it_is_kept(void **state) {
    (void)state;
    static const struct {
        const char *version;
        const char *connection;
        bool keeps;
    } cases[] = {
        {"1.1", "", true},
        {"1.1", "Connection: close\r\n", false},
        {"1.1", "Connection: x, CLOSE\r\n", false},
        {"1.1", "Connection: keep-alive\r\n", true},
        {"1.1", "Connection: TE\r\n", true},
        {"1.0", "", false},
        {"1.0", "Connection: keep-alive\r\n", true},
        {"1.0", "Connection: keep-alive, close\r\n", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct berth_request request;
        int length = snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n",
                              cases[i].version, cases[i].connection);
        assert_int_equal(parse(text, (size_t)length, &request), BERTH_OK);
        assert_int_equal(request.framing.keeps_alive, cases[i].keeps);
    }
}

static void every_field_is_found_by_its_name_and_by_no_other(void **state) {
    static const char *const names[BERTH_FIELD_COUNT] = {
        [BERTH_FIELD_HOST] = "Host",
        [BERTH_FIELD_LENGTH] = "Content-Length",
        [BERTH_FIELD_CODING] = "TRANSFER-ENCODING",
        [BERTH_FIELD_UPGRADE] = "upgrade",
        [BERTH_FIELD_EXPECT] = "Expect",
        [BERTH_FIELD_CONNECTION] = "Connection",
        [BERTH_FIELD_TYPE] = "content-Type",
        [BERTH_FIELD_ORIGIN] = "Origin",
        [BERTH_FIELD_AUTHORIZATION] = "Authorization",
        [BERTH_FIELD_RANGE] = "Range",
        [BERTH_FIELD_IF_RANGE] = "If-Range",
        [BERTH_FIELD_IF_NONE_MATCH] = "If-None-Match",
        [BERTH_FIELD_IF_MATCH] = "If-Match",
        [BERTH_FIELD_ACCEPT_ENCODING] = "Accept-Encoding",
        [BERTH_FIELD_TRACEPARENT] = "Traceparent",
    };
    (void)state;
    for (int field = BERTH_FIELD_OTHER + 1; field < BERTH_FIELD_COUNT; field++) {
        char name[64];
        size_t length = strlen(names[field]);
        (void)snprintf(name, sizeof name, "%sx", names[field]);
        assert_int_equal(berth_field_find(name, length), field);
        assert_int_equal(berth_field_find(name, length + 1), BERTH_FIELD_OTHER);
        assert_int_equal(berth_field_find(name, length - 1), BERTH_FIELD_OTHER);
        name[length - 1] ^= 1;
        assert_int_equal(berth_field_find(name, length), BERTH_FIELD_OTHER);
    }
    assert_int_equal(berth_field_find("a-name-that-is-longer-than-all-of-them", 38), 0);
    assert_int_equal(berth_field_find("", 0), BERTH_FIELD_OTHER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_found_by_its_name_and_by_no_other),
        cmocka_unit_test(a_head_is_taken_apart),
        cmocka_unit_test(a_request_can_be_moved),
        cmocka_unit_test(the_end_is_found_in_any_pieces),
        cmocka_unit_test(what_can_be_no_head_is_told_before_its_end),
        cmocka_unit_test(versions_and_connection_say_whether_it_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
