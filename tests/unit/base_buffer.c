#include "berth/buffer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static void bytes_are_added_in_order_with_zeros_inside(void **state) {
    (void)state;
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 1000);
    berth_buffer_add(&buffer, "a\0b", 3);
    berth_buffer_text(&buffer, "cd");
    berth_buffer_printf(&buffer, "%s-%d", "e", 7);
    assert_int_equal(buffer.length, 8);
    assert_memory_equal(buffer.data, "a\0bcde-7", 9); /* with the NUL */
    assert_false(buffer.failed);
    berth_buffer_done(&buffer);
}

static void it_grows_to_its_maximum_and_not_a_byte_further(void **state) {
    (void)state;
    for (size_t max = 0; max < 600; max += 37) {
        struct berth_buffer buffer;
        berth_buffer_init(&buffer, max);
        for (size_t i = 0; i < max; i++)
            berth_buffer_add(&buffer, "x", 1);
        assert_false(buffer.failed);
        assert_int_equal(buffer.length, max);
        berth_buffer_add(&buffer, "x", 1);
        assert_true(buffer.failed);
        assert_int_equal(buffer.length, max);
        berth_buffer_done(&buffer);
    }
}

static void a_failed_buffer_takes_nothing_more(void **state) {
    (void)state;
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 4);
    berth_buffer_text(&buffer, "abc");
    berth_buffer_text(&buffer, "too long");
    berth_buffer_text(&buffer, "d"); /* would fit */
    berth_buffer_printf(&buffer, "%s", "d");
    berth_buffer_html(&buffer, "&");
    assert_true(buffer.failed);
    assert_int_equal(buffer.length, 3);
    assert_string_equal(buffer.data, "abc");
    assert_null(berth_buffer_take(&buffer));
    assert_false(buffer.failed); /* empty again, and of the same maximum */
    berth_buffer_text(&buffer, "wxyz");
    assert_false(buffer.failed);
    berth_buffer_text(&buffer, "!");
    assert_true(buffer.failed);
    berth_buffer_done(&buffer);
}

static void a_length_near_the_largest_does_not_wrap_around(void **state) {
    (void)state;
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 16);
    berth_buffer_text(&buffer, "abc");
    berth_buffer_add(&buffer, "x", SIZE_MAX);
    assert_true(buffer.failed);
    berth_buffer_done(&buffer);
}

static void printf_writes_what_just_fits(void **state) {
    (void)state;
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 8);
    berth_buffer_printf(&buffer, "%08d", 42);
    assert_false(buffer.failed);
    assert_string_equal(buffer.data, "00000042");
    berth_buffer_done(&buffer);
    berth_buffer_printf(&buffer, "%09d", 42);
    assert_true(buffer.failed);
    berth_buffer_done(&buffer);
}

static void html_is_escaped_for_text_and_attributes(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"plain text, ünïcode 🚢", "plain text, ünïcode 🚢"},
        {"<script>", "&lt;script&gt;"},
        {"a&b;", "a&amp;b;"},
        {"\"it's\"", "&quot;it&#39;s&quot;"},
        {"&&", "&amp;&amp;"},
        {"&lt;", "&amp;lt;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_buffer buffer;
        berth_buffer_init(&buffer, 100);
        berth_buffer_html(&buffer, cases[i][0]);
        char *text = berth_buffer_take(&buffer);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

static void taking_gives_the_bytes_away(void **state) {
    (void)state;
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 100);
    char *empty = berth_buffer_take(&buffer);
    assert_string_equal(empty, "");
    free(empty);
    berth_buffer_text(&buffer, "one");
    char *one = berth_buffer_take(&buffer);
    berth_buffer_text(&buffer, "two");
    assert_string_equal(one, "one");
    assert_string_equal(buffer.data, "two");
    free(one);
    berth_buffer_done(&buffer);
}

static void a_zeroed_buffer_may_be_done(void **state) {
    (void)state;
    struct berth_buffer buffer = {0};
    berth_buffer_done(&buffer);
    berth_buffer_done(&buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_added_in_order_with_zeros_inside),
        cmocka_unit_test(it_grows_to_its_maximum_and_not_a_byte_further),
        cmocka_unit_test(a_failed_buffer_takes_nothing_more),
        cmocka_unit_test(a_length_near_the_largest_does_not_wrap_around),
        cmocka_unit_test(printf_writes_what_just_fits),
        cmocka_unit_test(html_is_escaped_for_text_and_attributes),
        cmocka_unit_test(taking_gives_the_bytes_away),
        cmocka_unit_test(a_zeroed_buffer_may_be_done),
    };
    return cmocka_run_group_tests_name("base_buffer", tests, NULL, NULL);
}
