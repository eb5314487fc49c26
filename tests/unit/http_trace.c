#include "http/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ID      "0af7651916cd43dd8448eb211c80319c"
#define PARENT  "b7ad6b7169203331"
#define ZERO_ID "00000000000000000000000000000000"

static void what_the_recommendation_writes_is_taken(void **state) {
    static const char *const good[] = {
        "00-" ID "-" PARENT "-01",
        "00-" ID "-" PARENT "-00",
        "00-" ID "-" PARENT "-ff", /* flags that nobody knows yet */
        "01-" ID "-" PARENT "-01", /* a later version of the same length */
        "cc-" ID "-" PARENT "-01-what-the-future-will-be-like",
        "fe-" ID "-" PARENT "-01-",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct berth_trace trace;
        assert_true(berth_trace_parse(good[i], &trace));
        assert_string_equal(trace.id, ID);
        assert_string_equal(trace.parent, PARENT);
    }
}

static void what_it_does_not_write_is_no_trace(void **state) {
    static const char *const bad[] = {
        "",
        "00",
        "00-",
        "00-" ID,
        "00-" ID "-" PARENT,
        "00-" ID "-" PARENT "-",
        "00-" ID "-" PARENT "-0",
        "00-" ID "-" PARENT "-011",
        "00-" ID "-" PARENT "-01-",
        "00-" ID "-" PARENT "-01-more", /* version 00 has no more */
        "00-" ID "-" PARENT "-01 ",
        " 00-" ID "-" PARENT "-01",
        "ff-" ID "-" PARENT "-01",
        "0-" ID "-" PARENT "-01",
        "000-" ID "-" PARENT "-01",
        "0x-" ID "-" PARENT "-01",
        "0A-" ID "-" PARENT "-01",
        "cc-" ID "-" PARENT "-01.what",
        "cc-" ID "-" PARENT "-012",
        "00-" ZERO_ID "-" PARENT "-01",
        "00-" ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
        "00-" ID "-B7AD6B7169203331-01",
        "00-" ID "-" PARENT "-0F",
        "00-" ID "-" PARENT "-0g",
        "00-" ID "-" PARENT "-1-",
        "00-0af7651916cd43dd8448eb211c80319-" PARENT "-01",
        "00-0af7651916cd43dd8448eb211c80319cc-" PARENT "-01",
        "00-" ID "-b7ad6b716920333-01",
        "00-" ID "-b7ad6b71692033311-01",
        "00_" ID "-" PARENT "-01",
        "00-" ID "_" PARENT "-01",
        "00-" ID "-" PARENT "_01",
        "00-.af7651916cd43dd8448eb211c80319c-" PARENT "-01",
        "00-" ID "-.7ad6b7169203331-01",
        "00-" ID "-" PARENT "-01,00-" ID "-" PARENT "-01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct berth_trace trace = {.id = "x", .parent = "y"};
        if (berth_trace_parse(bad[i], &trace))
            fail_msg("taken: \"%s\"", bad[i]);
        assert_string_equal(trace.id, "");
        assert_string_equal(trace.parent, "");
    }
}

/* Every place of it is looked at. */
static void no_byte_may_be_another_one(void **state) {
    static const char text[] = "00-" ID "-" PARENT "-01";
    static const char others[] = "G-/ .\x7f\x80";
    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (size_t i = 0; i < sizeof others - 1; i++) {
            char changed[sizeof text];
            struct berth_trace trace;
            memcpy(changed, text, sizeof text);
            changed[at] = others[i];
            assert_int_equal(berth_trace_parse(changed, &trace), text[at] == others[i]);
        }
}

static struct berth_request with(const char *first, const char *second) {
    struct berth_request request = {0};
    request.framing.fields[BERTH_FIELD_TRACEPARENT] = first;
    if (first) {
        request.fields[0].name = "TraceParent";
        request.fields[0].value = first;
        request.field_count = 1;
    }
    if (second) {
        request.fields[1].name = "traceparent";
        request.fields[1].value = second;
        request.field_count = 2;
    }
    return request;
}

static void two_of_them_are_none(void **state) {
    static const char good[] = "00-" ID "-" PARENT "-01";
    struct berth_trace trace;
    (void)state;
    struct berth_request request = with(good, NULL);
    berth_trace_read(&request, &trace);
    assert_string_equal(trace.id, ID);
    request = with(good, good);
    berth_trace_read(&request, &trace);
    assert_string_equal(trace.id, "");
    request = with(NULL, NULL);
    berth_trace_read(&request, &trace);
    assert_string_equal(trace.id, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_recommendation_writes_is_taken),
        cmocka_unit_test(what_it_does_not_write_is_no_trace),
        cmocka_unit_test(no_byte_may_be_another_one),
        cmocka_unit_test(two_of_them_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
