#include "berth/json.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { MAX_BYTES = 4 * 1024 * 1024, DEEPEST = BERTH_JSON_MAX_DEPTH, STACK_BYTES = 100 * 1024 };

static enum berth_code parse(const char *text, struct berth_error *error) {
    json_t *value = NULL;
    enum berth_code code = berth_json_parse(text, strlen(text), MAX_BYTES, &value, error);
    assert_int_equal(code == BERTH_OK, value != NULL);
    json_decref(value);
    return code;
}

/* `depth` opened and closed pairs, of arrays or of objects. */
static char *nested(size_t depth, bool objects) {
    size_t width = objects ? 5 : 1;
    char *text = malloc(depth * (width + 1) + 3);
    assert_non_null(text);
    char *to = text;
    for (size_t i = 0; i < depth; i++, to += width)
        memcpy(to, objects ? "{\"a\":" : "[", width);
    if (objects)
        memcpy(to, "{}", 2), to += 2;
    for (size_t i = 0; i < depth; i++)
        *to++ = objects ? '}' : ']';
    *to = '\0';
    return text;
}

static void objects_and_arrays_are_parsed(void **state) {
    (void)state;
    static const char text[] = "{\"name\": \"ü\", \"count\": 7, \"list\": [1, true, null]}";
    json_t *value = NULL;
    assert_int_equal(berth_json_parse(text, strlen(text), MAX_BYTES, &value, NULL), BERTH_OK);
    assert_string_equal(berth_json_string(value, "name"), "ü");
    assert_int_equal(berth_json_integer(value, "count", 0), 7);
    json_decref(value);
    assert_int_equal(parse("[]", NULL), BERTH_OK);
}

static void what_is_not_json_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *where;
    } cases[] = {
        {"", "line 1 column 0"},           {"7", "line 1 column 1"}, /* only objects and arrays */
        {"{\"a\":1,}", "line 1 column 8"}, {"{\n  'a': 1}", "line 2 column 3"},
        {"[1] x", "line 1 column 5"},      {"[1][2]", "line 1 column 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_error error = {0};
        assert_int_equal(parse(cases[i].text, &error), BERTH_INVALID);
        assert_string_equal(error.rule, "json-syntax");
        assert_string_equal(error.where, cases[i].where);
    }
}

static void what_two_readers_could_read_differently_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "{\"a\":1,\"\\u0061\":1}",
        "[\"\\u0000\"]",
        "{\"\\u0000\":1}",
        "[\"\\ud800\"]",
        "[\"\xff\"]",
        "[\"\xc0\x80\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"a\nb\"]",
        "[01]",
        "[NaN]",
        "[99999999999999999999999]",
        "[1e999]",
        "\xef\xbb\xbf{}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_error error = {0};
        assert_int_equal(parse(cases[i], &error), BERTH_INVALID);
        /* The answer is JSON itself, so the message must be UTF-8 whatever the input was. */
        json_t *message = json_string(error.text);
        assert_non_null(message);
        json_decref(message);
    }
    json_t *value = NULL;
    assert_int_equal(berth_json_parse("[\"\0\"]", 5, MAX_BYTES, &value, NULL), BERTH_INVALID);
    assert_null(value);
}

static void depth_32_is_taken_and_33_is_not(void **state) {
    (void)state;
    for (int objects = 0; objects < 2; objects++) {
        struct berth_error error = {0};
        char *good = nested((size_t)(DEEPEST - objects), objects);
        char *bad = nested((size_t)(DEEPEST + 1 - objects), objects);
        assert_int_equal(parse(good, &error), BERTH_OK);
        assert_int_equal(parse(bad, &error), BERTH_TOO_LARGE);
        assert_string_equal(error.rule, "json-depth");
        free(good);
        free(bad);
    }
}

static void brackets_in_strings_do_not_count_as_depth(void **state) {
    (void)state;
    char text[200] = "[\"\\\"";
    memset(text + strlen(text), '[', 100);
    memcpy(text + strlen(text), "\\\\\"]", 5);
    assert_int_equal(parse(text, NULL), BERTH_OK);
    /* A quote after an escaped backslash does end the string: what follows counts. */
    char deep[200] = "[\"\\\\\",";
    memset(deep + strlen(deep), '[', 100);
    assert_int_equal(parse(deep, NULL), BERTH_TOO_LARGE);
}

/* Closing brackets ahead must not make room for opening ones. */
static void *parse_hostile_text(void *unused) {
    (void)unused;
    enum { LENGTH = 1024 * 1024 };
    static const char *const heads[] = {"", "{\"a\":", "[1,", "]]]]", "[]]]", "{}}", "[\"\\\""};
    char *text = malloc(LENGTH);
    if (!text)
        return NULL;
    size_t refused = 0;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        size_t head = strlen(heads[i]);
        for (size_t fill = 0; fill < 2; fill++) {
            memset(text, ']', LENGTH);
            memcpy(text, heads[i], head);
            memset(text + (fill ? LENGTH / 2 : head), '[', fill ? LENGTH / 2 : LENGTH - head);
            json_t *value = NULL;
            refused += berth_json_parse(text, LENGTH, MAX_BYTES, &value, NULL) != BERTH_OK;
        }
    }
    free(text);
    return (void *)(uintptr_t)refused;
}

static void a_megabyte_of_brackets_does_not_break_a_small_stack(void **state) {
    (void)state;
    pthread_attr_t attributes;
    pthread_t thread;
    void *refused = NULL;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attributes, parse_hostile_text, NULL), 0);
    pthread_attr_destroy(&attributes);
    assert_int_equal(pthread_join(thread, &refused), 0);
    assert_int_equal((uintptr_t)refused, 14);
}

static void text_over_the_limit_is_not_even_looked_at(void **state) {
    (void)state;
    struct berth_error error = {0};
    json_t *value = NULL;
    assert_int_equal(berth_json_parse("[12345]", 7, 7, &value, &error), BERTH_OK);
    json_decref(value);
    assert_int_equal(berth_json_parse("[123456]", 8, 7, &value, &error), BERTH_TOO_LARGE);
    assert_string_equal(error.rule, "json-size");
}

static void text_is_compact_in_the_order_of_insertion(void **state) {
    (void)state;
    json_t *value = json_pack("{si s[ib] ss}", "z", 1, "a", 2, 1, "m", "ü\n");
    char *text = berth_json_text(value);
    assert_string_equal(text, "{\"z\":1,\"a\":[2,true],\"m\":\"ü\\n\"}");
    free(text);
    char *pretty = berth_json_pretty(value);
    assert_non_null(strstr(pretty, "{\n  \"z\": 1,\n"));
    free(pretty);
    json_decref(value);
    json_t *word = json_string("word");
    text = berth_json_text(word);
    assert_string_equal(text, "\"word\"");
    free(text);
    json_decref(word);
}

static void member_reads_take_any_value(void **state) {
    (void)state;
    json_t *object = json_pack("{si ss}", "number", 7, "text", "x");
    json_t *array = json_array();
    const json_t *none[] = {NULL, array};
    for (size_t i = 0; i < 2; i++) {
        assert_null(berth_json_string(none[i], "text"));
        assert_int_equal(berth_json_integer(none[i], "number", -1), -1);
    }
    assert_null(berth_json_string(object, "number"));
    assert_null(berth_json_string(object, "missing"));
    assert_int_equal(berth_json_integer(object, "text", -1), -1);
    assert_int_equal(berth_json_integer(object, "missing", -1), -1);
    json_decref(object);
    json_decref(array);
}

static void strings_are_written_as_json_reads_them(void **state) {
    (void)state;
    static const char *const texts[] = {"",     "plain", "/a?b=c", "\"\\/", "\x01\b\f\n\r\t\x1f",
                                        "\x7f", "ü€😀",   "a\"ü",   NULL};
    for (int i = 0; texts[i]; i++) {
        char text[128] = "[";
        char *end = berth_json_put_string(text + 1, texts[i]);
        assert_true((size_t)(end - text - 1) <= 6 * strlen(texts[i]) + 2);
        stpcpy(end, "]");
        json_t *value = NULL;
        assert_int_equal(berth_json_parse(text, strlen(text), sizeof text, &value, NULL), BERTH_OK);
        assert_string_equal(json_string_value(json_array_get(value, 0)), texts[i]);
        json_decref(value);
    }
    char text[64];
    *berth_json_put_string(text, "a\xffü\n") = '\0';
    assert_string_equal(text, "\"a???\\u000a\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays_are_parsed),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
        cmocka_unit_test(depth_32_is_taken_and_33_is_not),
        cmocka_unit_test(brackets_in_strings_do_not_count_as_depth),
        cmocka_unit_test(a_megabyte_of_brackets_does_not_break_a_small_stack),
        cmocka_unit_test(text_over_the_limit_is_not_even_looked_at),
        cmocka_unit_test(text_is_compact_in_the_order_of_insertion),
        cmocka_unit_test(member_reads_take_any_value),
        cmocka_unit_test(strings_are_written_as_json_reads_them),
    };
    return cmocka_run_group_tests_name("base_json", tests, NULL, NULL);
}
