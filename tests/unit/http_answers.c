/* What answers look like on the wire. */
#include "http_client.h"
#include "http_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define HOST " HTTP/1.1\r\nHost: a\r\n"

/* "METHOD TARGET" and header lines; a status the caller wants. */
static void fetch(const struct site *site, const char *line, const char *headers, int status,
                  struct answer *ret) {
    char request[2048];
    struct client client;
    (void)snprintf(request, sizeof request, "%s" HOST "%s\r\n", line, headers);
    client_open(&client, site->address);
    client_send(&client, request);
    client_answer(&client, strncmp(line, "HEAD", 4) != 0, ret);
    if (ret->status != status)
        fail_msg("%s: %d instead of %d", line, ret->status, status);
    client_close(&client);
}

static void assert_header(const struct answer *answer, const char *name, const char *expected) {
    char value[256];
    const char *found = answer_header(answer, name, value);
    if (!expected && found)
        fail_msg("%s: %s", name, found);
    if (expected && !found)
        fail_msg("no %s", name);
    if (expected)
        assert_string_equal(found, expected);
}

/* One member of a problem or another JSON object. */
static void assert_member(const struct answer *answer, const char *key, const char *expected) {
    json_t *object = json_loads(answer->body, 0, NULL);
    assert_non_null(object);
    const char *value = json_string_value(json_object_get(object, key));
    if (expected)
        assert_string_equal(value, expected);
    else
        assert_null(value);
    json_decref(object);
}

static void content_carries_its_headers(void **state) {
    struct answer answer;
    fetch(*state, "GET /text", "", 200, &answer);
    assert_string_equal(answer.body, "hello world");
    assert_header(&answer, "Content-Type", "text/plain; charset=utf-8");
    assert_header(&answer, "Content-Length", "11");
    assert_header(&answer, "Cache-Control", "public, max-age=60");
    assert_header(&answer, "ETag", "\"abc\"");
    assert_header(&answer, "Accept-Ranges", "bytes");
    assert_header(&answer, "Vary", "Accept-Encoding");
    assert_header(&answer, "X-Extra", "1");
    assert_header(&answer, "X-Content-Type-Options", "nosniff");
    assert_header(&answer, "Connection", NULL);
    char value[256];
    assert_int_equal(strlen(answer_header(&answer, "Date", value)),
                     strlen("Fri, 20 Nov 2026 18:34:07 GMT"));
    const char *id = answer_header(&answer, "X-Request-Id", value);
    assert_int_equal(strspn(id, "0123456789abcdef"), 16);
    assert_int_equal(strlen(id), 16);
    answer_done(&answer);
}

static void ids_differ(void **state) {
    char previous[256] = "";
    for (int i = 0; i < 5; i++) {
        struct answer answer;
        char value[256];
        fetch(*state, "GET /text", "", 200, &answer);
        assert_string_not_equal(answer_header(&answer, "X-Request-Id", value), previous);
        (void)snprintf(previous, sizeof previous, "%s", value);
        answer_done(&answer);
    }
}

/* Cuts the lines that differ from request to request out of a head. */
static void drop_line(char *head, const char *name) {
    char *line = strstr(head, name);
    assert_non_null(line);
    char *next = strstr(line, "\r\n") + 2;
    memmove(line, next, strlen(next) + 1);
}

static void head_is_get_without_the_body(void **state) {
    static const char *const targets[] = {"/text", "/bytes/200000", "/read/200000", "/missing",
                                          "/json", "/away",         "/echo"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char line[64];
        struct answer get, head;
        const struct site *site = *state;
        struct client client;
        client_open(&client, site->address);
        (void)snprintf(line, sizeof line, "HEAD %s" HOST "\r\n", targets[i]);
        client_send(&client, line);
        client_answer(&client, false, &head);
        (void)snprintf(line, sizeof line, "GET %s" HOST "\r\n", targets[i]);
        client_send(&client, line); /* on the same connection: not one byte of a body came */
        client_answer(&client, true, &get);
        drop_line(head.head, "Date:");
        drop_line(head.head, "X-Request-Id:");
        drop_line(get.head, "Date:");
        drop_line(get.head, "X-Request-Id:");
        assert_string_equal(head.head, get.head);
        answer_done(&get);
        answer_done(&head);
        client_close(&client);
    }
}

static void assert_bytes(const struct answer *answer, int64_t first, size_t length) {
    assert_int_equal(answer->length, length);
    for (size_t i = 0; i < length; i++) {
        if (answer->body[i] != site_byte(first + (int64_t)i))
            fail_msg("byte %zu is wrong", i);
    }
}

static void bodies_of_any_size_arrive_whole(void **state) {
    static const int sizes[] = {0,     1,     10240, 65000,  65236,  65237,  65535,  65536,
                                65537, 69000, 69632, 131072, 135000, 135168, 200000, 1048576};
    static const char *const folders[] = {"bytes", "read"};
    for (size_t f = 0; f < 2; f++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char line[64];
            struct answer answer;
            (void)snprintf(line, sizeof line, "GET /%s/%d", folders[f], sizes[i]);
            fetch(*state, line, "", 200, &answer);
            assert_bytes(&answer, 0, (size_t)sizes[i]);
            answer_done(&answer);
        }
    }
}

static void ranges_are_parts(void **state) {
    static const struct {
        const char *range;
        const char *content_range;
        int64_t first;
        size_t length;
    } cases[] = {
        {"bytes=0-0", "bytes 0-0/200000", 0, 1},
        {"bytes=-1", "bytes 199999-199999/200000", 199999, 1},
        {"bytes=100-", "bytes 100-199999/200000", 100, 199900},
        {"bytes=65536-131071", "bytes 65536-131071/200000", 65536, 65536},
        {"bytes=7-999999", "bytes 7-199999/200000", 7, 199993},
    };
    static const char *const targets[] = {"GET /bytes/200000", "GET /read/200000"};
    for (size_t t = 0; t < 2; t++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char header[64];
            struct answer answer;
            (void)snprintf(header, sizeof header, "Range: %s\r\n", cases[i].range);
            fetch(*state, targets[t], header, 206, &answer);
            assert_header(&answer, "Content-Range", cases[i].content_range);
            assert_bytes(&answer, cases[i].first, cases[i].length);
            answer_done(&answer);
        }
    }
}

static void a_range_past_the_end_tells_the_size(void **state) {
    struct answer answer;
    fetch(*state, "GET /bytes/100", "Range: bytes=100-\r\n", 416, &answer);
    assert_header(&answer, "Content-Range", "bytes */100");
    assert_header(&answer, "Content-Type", "application/problem+json");
    assert_header(&answer, "Cache-Control", "no-store");
    answer_done(&answer);
}

static void many_ranges_and_other_methods_give_the_whole(void **state) {
    struct answer answer;
    fetch(*state, "GET /bytes/100", "Range: bytes=0-0,50-\r\n", 200, &answer);
    assert_header(&answer, "Content-Range", NULL);
    assert_bytes(&answer, 0, 100);
    answer_done(&answer);
    fetch(*state, "HEAD /bytes/100", "Range: bytes=0-0\r\n", 200, &answer);
    assert_header(&answer, "Content-Length", "100");
    answer_done(&answer);
}

static void if_range_guards_a_range(void **state) {
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"Range: bytes=0-0\r\nIf-Range: \"abc\"\r\n", 206},
        {"Range: bytes=0-0\r\nIf-Range: \"old\"\r\n", 200},
        {"Range: bytes=0-0\r\nIf-Range: W/\"abc\"\r\n", 200},
        {"Range: bytes=0-0\r\nIf-Range: Sat, 29 Oct 1994 19:43:31 GMT\r\n", 200},
        {"Range: bytes=99-\r\nIf-Range: \"old\"\r\n", 200},
        {"If-Range: \"abc\"\r\n", 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        fetch(*state, "GET /text", cases[i].headers, cases[i].status, &answer);
        answer_done(&answer);
    }
}

static void what_the_client_has_is_not_sent_again(void **state) {
    static const struct {
        const char *line;
        const char *headers;
        int status;
    } cases[] = {
        {"GET /text", "If-None-Match: \"abc\"\r\n", 304},
        {"GET /text", "If-None-Match: \"abc\" \r\n", 304},
        {"GET /text", "If-None-Match: \"x\", W/\"abc\"\r\n", 304},
        {"GET /text", "If-None-Match: *\r\n", 304},
        {"GET /text", "If-None-Match: \"abc\"\r\nRange: bytes=0-0\r\n", 304},
        {"HEAD /text", "If-None-Match: \"abc\"\r\n", 304},
        {"GET /text", "If-None-Match: \"x\"\r\n", 200},
        {"GET /json", "If-None-Match: \"7\"\r\n", 304},
        {"PUT /json", "If-None-Match: \"7\"\r\n", 200},
        {"GET /bytes/5", "If-None-Match: *\r\n", 200},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        fetch(*state, cases[i].line, cases[i].headers, cases[i].status, &answer);
        answer_done(&answer);
    }
    struct answer answer;
    fetch(*state, "GET /text", "If-None-Match: \"abc\"\r\n", 304, &answer);
    assert_header(&answer, "ETag", "\"abc\"");
    assert_header(&answer, "Cache-Control", "public, max-age=60");
    assert_header(&answer, "Vary", "Accept-Encoding");
    assert_header(&answer, "X-Extra", NULL);
    assert_header(&answer, "Content-Type", NULL);
    assert_header(&answer, "Content-Length", NULL);
    answer_done(&answer);
}

/* Ids and dates differ from request to request; all else of a head must be the same. */
static void assert_same_answer(const struct site *site, const char *method, const char *path,
                               const char *headers, int status) {
    static const char *const kinds[] = {"content", "prepared"};
    struct answer answers[2];
    for (int i = 0; i < 2; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "%s /%s/%s", method, kinds[i], path);
        fetch(site, line, headers, status, &answers[i]);
        drop_line(answers[i].head, "Date:");
        drop_line(answers[i].head, "X-Request-Id:");
    }
    if (status != 416) { /* a problem holds its request's id */
        assert_string_equal(answers[0].head, answers[1].head);
        assert_int_equal(answers[0].length, answers[1].length);
        assert_memory_equal(answers[0].body, answers[1].body, answers[0].length);
    }
    answer_done(&answers[0]);
    answer_done(&answers[1]);
}

static void a_prepared_answer_is_what_its_content_answers(void **state) {
    static const struct {
        const char *method, *path, *headers;
        int status;
    } cases[] = {
        {"GET", "text", "", 200},
        {"HEAD", "text", "", 200},
        {"POST", "text", "Content-Length: 0\r\n", 200},
        {"POST", "text", "Content-Length: 0\r\nIf-None-Match: *\r\n", 200},
        {"GET", "text", "If-None-Match: \"abc\"\r\n", 304},
        {"HEAD", "text", "If-None-Match: \"x\", W/\"abc\"\r\n", 304},
        {"GET", "text", "If-None-Match: \"abcd\"\r\n", 200},
        {"GET", "text", "If-None-Match: \"abc\"\r\nRange: bytes=0-0\r\n", 304},
        {"GET", "text", "Range: bytes=1-3\r\n", 206},
        {"GET", "text", "Range: bytes=-1\r\nIf-Range: \"abc\"\r\n", 206},
        {"GET", "text", "Range: bytes=-1\r\nIf-Range: \"old\"\r\n", 200},
        {"GET", "text", "Range: bytes=11-\r\n", 416},
        {"HEAD", "text", "Range: bytes=1-3\r\n", 200},
        {"POST", "text", "Content-Length: 0\r\nRange: bytes=1-3\r\n", 200},
        {"GET", "0", "", 200},
        {"GET", "10000", "", 200},
        {"GET", "65000", "", 200},
        {"GET", "65536", "", 200},
        {"GET", "131072", "", 200},
        {"GET", "1000000", "", 200},
        {"HEAD", "1000000", "", 200},
        {"GET", "1000000", "If-None-Match: \"bytes\"\r\n", 304},
        {"GET", "1000000", "Range: bytes=100000-899999\r\n", 206},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_same_answer(*state, cases[i].method, cases[i].path, cases[i].headers,
                           cases[i].status);
}

static void what_cannot_be_prepared_is_refused(void **state) {
    (void)state;
    char etag[80] = "";
    struct berth_prepared prepared;
    struct berth_content content = {
        .content_type = "text/plain", .etag = etag, .body = "", .length = 0};
    memset(etag, 'x', 71);
    assert_true(berth_prepare(&content, &prepared));
    assert_string_equal(prepared.etag, etag);
    berth_prepared_done(&prepared);
    memset(etag, 'x', 72);
    assert_false(berth_prepare(&content, &prepared));
    berth_prepared_done(&prepared);
}

static void problems_say_what_and_whether_to_retry(void **state) {
    struct answer answer;
    char id[256];
    fetch(*state, "GET /missing/secret-name", "", 404, &answer);
    assert_header(&answer, "Content-Type", "application/problem+json");
    assert_header(&answer, "Cache-Control", "no-store");
    assert_member(&answer, "type", "urn:berth:problem:no-route");
    assert_member(&answer, "title", "Not found");
    assert_member(&answer, "requestId", answer_header(&answer, "X-Request-Id", id));
    assert_null(strstr(answer.body, "secret"));
    assert_non_null(strstr(answer.body, "\"status\":404"));
    assert_non_null(strstr(answer.body, "\"retryable\":false"));
    answer_done(&answer);
    fetch(*state, "DELETE /nothing", "", 401, &answer);
    assert_header(&answer, "WWW-Authenticate", "Bearer realm=\"berth\"");
    assert_member(&answer, "type", "urn:berth:problem:token-missing");
    answer_done(&answer);
}

static void bad_paths_and_queries_are_refused_before_the_handler(void **state) {
    static const struct {
        const char *line;
        int status;
    } cases[] = {
        {"GET /te%78t", 200},     {"GET /text?a=b&c", 200}, {"GET /text?", 200},
        {"GET /te%00xt", 400},    {"GET /a%2ftext", 400},   {"GET /a%5ctext", 400},
        {"GET /a\\text", 400},    {"GET /../text", 400},    {"GET /%2e%2e/text", 400},
        {"GET /./text", 400},     {"GET //text", 400},      {"GET /text%", 400},
        {"GET /text%zz", 400},    {"GET /%ff", 400},        {"GET /text#a", 400},
        {"GET /text?a=%zz", 400}, {"GET /text?a=%00", 400}, {"GET /text?a=%ff", 400},
        {"GET /text/", 404},      {"GET /textX", 404},      {"GET /Text", 404},
        {"GET /", 404},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        fetch(*state, cases[i].line, "", cases[i].status, &answer);
        answer_done(&answer);
    }
}

static void a_handler_sees_the_request_decoded(void **state) {
    struct answer answer;
    fetch(*state, "GET /show/%40shop/cart@1.0.0/a%20b/c.js?x=1&q=caf%C3%A9+%26",
          "X-TEST: trailing  \r\n", 200, &answer);
    assert_header(&answer, "Content-Type", "application/json");
    assert_header(&answer, "Cache-Control", "no-store");
    assert_header(&answer, "X-Shown", "1");
    assert_member(&answer, "path", "/show/@shop/cart@1.0.0/a b/c.js");
    assert_member(&answer, "module", "@shop/cart");
    assert_member(&answer, "version", "1.0.0");
    assert_member(&answer, "file", "a b/c.js");
    assert_member(&answer, "query", "caf\xc3\xa9 &");
    assert_member(&answer, "header", "trailing");
    assert_member(&answer, "remote", "127.0.0.1");
    char id[256];
    assert_member(&answer, "id", answer_header(&answer, "X-Request-Id", id));
    answer_done(&answer);
    fetch(*state, "GET /show/a@1/b", "", 200, &answer);
    assert_member(&answer, "query", NULL);
    assert_member(&answer, "header", NULL);
    answer_done(&answer);
}

static void other_methods_are_told_which_are_allowed(void **state) {
    static const struct {
        const char *line;
        const char *allow;
    } cases[] = {
        {"DELETE /text", "GET, HEAD, POST, OPTIONS"},
        {"PATCH /text", "GET, HEAD, POST, OPTIONS"},
        {"GET /gone", "DELETE, OPTIONS"},
        {"HEAD /gone", "DELETE, OPTIONS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        fetch(*state, cases[i].line, "", 405, &answer);
        assert_header(&answer, "Allow", cases[i].allow);
        answer_done(&answer);
    }
}

static void options_answers_a_preflight_only_where_the_route_says_so(void **state) {
    struct answer answer;
    fetch(*state, "OPTIONS /text", "Origin: http://b\r\nAccess-Control-Request-Method: GET\r\n",
          204, &answer);
    assert_header(&answer, "Allow", "GET, HEAD, POST, OPTIONS");
    assert_header(&answer, "Access-Control-Allow-Origin", "*");
    assert_header(&answer, "Access-Control-Allow-Methods", "GET, HEAD, POST");
    assert_header(&answer, "Access-Control-Allow-Headers", "*");
    assert_header(&answer, "Access-Control-Max-Age", "86400");
    assert_header(&answer, "Content-Length", NULL);
    answer_done(&answer);
    fetch(*state, "OPTIONS /json", "Origin: http://b\r\nAccess-Control-Request-Method: GET\r\n",
          204, &answer);
    assert_header(&answer, "Allow", "GET, HEAD, PUT, OPTIONS");
    assert_header(&answer, "Access-Control-Allow-Origin", NULL);
    assert_header(&answer, "Access-Control-Allow-Methods", NULL);
    answer_done(&answer);
    fetch(*state, "OPTIONS /missing", "", 404, &answer);
    answer_done(&answer);
}

static void a_cors_route_says_so_on_every_answer(void **state) {
    static const struct {
        const char *line;
        const char *headers;
        int status;
        const char *origin;
    } cases[] = {
        {"GET /text", "", 200, "*"},
        {"GET /text", "If-None-Match: *\r\n", 304, "*"},
        {"GET /text", "Range: bytes=99-\r\n", 416, "*"},
        {"PUT /text", "", 405, "*"},
        {"GET /text?%", "", 400, "*"},
        {"DELETE /nothing", "", 401, "*"},
        {"GET /json", "", 200, NULL},
        {"GET /missing", "", 404, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        fetch(*state, cases[i].line, cases[i].headers, cases[i].status, &answer);
        assert_header(&answer, "Access-Control-Allow-Origin", cases[i].origin);
        assert_header(&answer, "Cross-Origin-Resource-Policy",
                      cases[i].origin ? "cross-origin" : NULL);
        answer_done(&answer);
    }
}

static void a_redirect_cannot_be_split(void **state) {
    struct answer answer;
    fetch(*state, "GET /away", "", 302, &answer);
    assert_header(&answer, "Location", "/m/a@1.0.0/x.js");
    assert_header(&answer, "Cache-Control", "no-cache");
    assert_header(&answer, "Content-Length", "0");
    answer_done(&answer);
    fetch(*state, "GET /split", "", 500, &answer);
    assert_header(&answer, "Set-Cookie", NULL);
    answer_done(&answer);
}

static void an_etag_with_json_makes_it_cacheable(void **state) {
    struct answer answer;
    fetch(*state, "GET /json", "", 200, &answer);
    assert_string_equal(answer.body, "{\"a\":1}");
    assert_header(&answer, "ETag", "\"7\"");
    assert_header(&answer, "Cache-Control", "no-cache");
    answer_done(&answer);
}

static void an_empty_answer_has_no_body(void **state) {
    struct answer answer;
    fetch(*state, "DELETE /gone", "", 204, &answer);
    assert_header(&answer, "Content-Length", NULL);
    assert_header(&answer, "Cache-Control", "no-store");
    answer_done(&answer);
}

static void content_that_cannot_be_read_is_an_error_or_a_cut(void **state) {
    const struct site *site = *state;
    struct answer answer;
    struct client client;
    char bytes[1024];
    fetch(site, "GET /broken/200000", "Range: bytes=150000-\r\n", 500, &answer);
    assert_member(&answer, "type", "urn:berth:problem:content-unreadable");
    answer_done(&answer);
    client_open(&client, site->address);
    client_send(&client, "GET /broken/200000" HOST "\r\n");
    size_t total = 0;
    for (ssize_t count; (count = client_read(&client, bytes, sizeof bytes, true)) > 0;)
        total += (size_t)count;
    assert_true(total >= 65536 && total < 200000);
    client_close(&client);
}

static void a_handler_that_says_nothing_is_an_error(void **state) {
    struct answer answer;
    fetch(*state, "GET /silent", "", 500, &answer);
    assert_member(&answer, "type", "urn:berth:problem:internal");
    answer_done(&answer);
}

static void preconditions_are_read_as_numbers(void **state) {
    static const struct {
        const char *headers;
        int status;
        const char *body;
    } cases[] = {
        {"", 200, "{\"expected\":-1}"},
        {"If-Match: \"17\"\r\n", 200, "{\"expected\":17}"},
        {"If-None-Match: *\r\n", 200, "{\"expected\":0}"},
        {"If-Match: *\r\n", 400, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        fetch(*state, "PUT /expected", cases[i].headers, cases[i].status, &answer);
        if (cases[i].body)
            assert_string_equal(answer.body, cases[i].body);
        answer_done(&answer);
    }
}

static void a_stream_ends_when_the_client_is_gone(void **state) {
    struct site *site = *state;
    struct client client;
    struct answer answer;
    int patience = 0;
    client_open(&client, site->address);
    client_send(&client, "GET /stream" HOST "\r\n");
    client_answer(&client, false, &answer);
    assert_int_equal(answer.status, 200);
    assert_header(&answer, "Content-Type", "text/event-stream");
    assert_header(&answer, "Connection", "close");
    assert_header(&answer, "Content-Length", NULL);
    assert_header(&answer, "X-Accel-Buffering", "no");
    answer_done(&answer);
    assert_int_equal(atomic_load(&site->streams), 1);
    assert_int_equal(berth_listener_busy(site->listener), 1);
    client_close(&client);
    while (atomic_load(&site->streams) > 0)
        site_wait(&patience);
    fetch(site, "HEAD /stream", "", 200, &answer);
    answer_done(&answer);
}

static void a_sleeping_stream_ends_when_the_client_is_gone(void **state) {
    struct site *site = *state;
    struct client clients[2];
    struct answer answer;
    int patience = 0;
    for (int i = 0; i < 2; i++) {
        client_open(&clients[i], site->address);
        client_send(&clients[i], "GET /sleep" HOST "\r\n");
        client_answer(&clients[i], false, &answer);
        assert_int_equal(answer.status, 200);
        answer_done(&answer);
    }
    client_close(&clients[0]);
    while (atomic_load(&site->streams) > 1)
        site_wait(&patience);
    client_close(&clients[1]);
    while (atomic_load(&site->streams) > 0)
        site_wait(&patience);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_carries_its_headers),
        cmocka_unit_test(ids_differ),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(bodies_of_any_size_arrive_whole),
        cmocka_unit_test(ranges_are_parts),
        cmocka_unit_test(a_range_past_the_end_tells_the_size),
        cmocka_unit_test(many_ranges_and_other_methods_give_the_whole),
        cmocka_unit_test(if_range_guards_a_range),
        cmocka_unit_test(what_the_client_has_is_not_sent_again),
        cmocka_unit_test(a_prepared_answer_is_what_its_content_answers),
        cmocka_unit_test(what_cannot_be_prepared_is_refused),
        cmocka_unit_test(problems_say_what_and_whether_to_retry),
        cmocka_unit_test(bad_paths_and_queries_are_refused_before_the_handler),
        cmocka_unit_test(a_handler_sees_the_request_decoded),
        cmocka_unit_test(other_methods_are_told_which_are_allowed),
        cmocka_unit_test(options_answers_a_preflight_only_where_the_route_says_so),
        cmocka_unit_test(a_cors_route_says_so_on_every_answer),
        cmocka_unit_test(a_redirect_cannot_be_split),
        cmocka_unit_test(an_etag_with_json_makes_it_cacheable),
        cmocka_unit_test(an_empty_answer_has_no_body),
        cmocka_unit_test(content_that_cannot_be_read_is_an_error_or_a_cut),
        cmocka_unit_test(a_handler_that_says_nothing_is_an_error),
        cmocka_unit_test(preconditions_are_read_as_numbers),
        cmocka_unit_test(a_stream_ends_when_the_client_is_gone),
        cmocka_unit_test(a_sleeping_stream_ends_when_the_client_is_gone),
    };
    return cmocka_run_group_tests(tests, site_setup, site_teardown);
}
