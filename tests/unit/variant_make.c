#include "variant/variant.h"
#include "variant_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

#include <openssl/rand.h>

enum { PIECE = 256 * 1024, LARGE = 9 * 1024 * 1024 };

struct made {
    char *data;
    size_t length;
};

static struct made make(enum berth_coding coding, bool best, const void *data, size_t length) {
    struct made made;
    struct berth_error error = {0};
    if (berth_variant_make(coding, best, data, length, &made.data, &made.length, &error))
        fail_msg("%s", error.text);
    return made;
}

/* Calls fn for each coding at each level. */
static void each(void (*fn)(enum berth_coding coding, bool best)) {
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
        for (int best = 0; best <= 1; best++)
            fn((enum berth_coding)coding, best);
}

static void expect_text(enum berth_coding coding, bool best) {
    static const size_t lengths[] = {256, 1000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *text = variant_text(lengths[i], (unsigned)i);
        struct made made = make(coding, best, text, lengths[i]);
        assert_non_null(made.data);
        assert_true(made.length < lengths[i]);
        variant_expect(coding, made.data, made.length, text, lengths[i]);
        free(made.data);
        free(text);
    }
}

static void test_a_text_comes_back_as_it_was(void **state) {
    (void)state;
    each(expect_text);
}

static void test_the_best_is_smaller_than_the_quick(void **state) {
    (void)state;
    char *text = variant_text(PIECE, 1);
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++) {
        struct made quick = make((enum berth_coding)coding, false, text, PIECE);
        struct made best = make((enum berth_coding)coding, true, text, PIECE);
        assert_true(best.length < quick.length);
        free(quick.data);
        free(best.data);
    }
    free(text);
}

static void expect_none(enum berth_coding coding, bool best) {
    static const size_t lengths[] = {0, 1, 2, 3, 20, 1000, 2 * PIECE};
    unsigned char *noise = malloc(2 * PIECE);
    assert_int_equal(RAND_bytes(noise, 2 * PIECE), 1);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct made made = make(coding, best, noise, lengths[i]);
        assert_null(made.data);
        assert_int_equal(made.length, 0);
    }
    free(noise);
}

static void test_what_would_not_be_smaller_is_not_made(void **state) {
    (void)state;
    each(expect_none);
}

/* Noise, with just enough zeros behind it to save a few bytes. */
static void expect_never_larger(enum berth_coding coding, bool best) {
    unsigned char data[400];
    assert_int_equal(RAND_bytes(data, sizeof data), 1);
    for (size_t zeros = 0; zeros < 100; zeros++) {
        memset(data + sizeof data - zeros, 0, zeros);
        struct made made = make(coding, best, data, sizeof data);
        if (made.data) {
            assert_true(made.length < sizeof data);
            variant_expect(coding, made.data, made.length, data, sizeof data);
        }
        free(made.data);
    }
}

static void test_a_variant_is_never_larger(void **state) {
    (void)state;
    each(expect_never_larger);
}

static void expect_same(enum berth_coding coding, bool best) {
    char *text = variant_text(PIECE + 1, 3);
    struct made first = make(coding, best, text, PIECE + 1);
    struct made second = make(coding, best, text, PIECE + 1);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    free(first.data);
    free(second.data);
    free(text);
}

static void test_the_same_input_gives_the_same_bytes(void **state) {
    (void)state;
    each(expect_same);
}

/* The head names flags, time, XFL and the system (RFC 1952, 2.3). */
static void
test_a_gzip_file_has_no_name_and_no_time_and_tells_whether_it_is_the_best(void **state) {
    static const unsigned char heads[2][10] = {{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3},
                                               {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3}};
    char *text = variant_text(1000, 4);
    (void)state;
    for (int best = 0; best <= 1; best++) {
        struct made made = make(BERTH_GZIP, best, text, 1000);
        assert_memory_equal(made.data, heads[best], sizeof heads[best]);
        free(made.data);
    }
    free(text);
}

/* A repeat farther away than any window that a browser would take. */
static void test_a_large_file_keeps_to_the_windows_of_browsers(void **state) {
    char *text = calloc(1, LARGE);
    unsigned char noise[512];
    (void)state;
    assert_int_equal(RAND_bytes(noise, sizeof noise), 1);
    memcpy(text, noise, sizeof noise);
    memcpy(text + LARGE - sizeof noise, noise, sizeof noise);
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++) {
        struct made made = make((enum berth_coding)coding, true, text, LARGE);
        variant_expect((enum berth_coding)coding, made.data, made.length, text, LARGE);
        free(made.data);
    }
    free(text);
}

static void test_a_stop_is_seen_and_a_file_over_the_limit_is_refused(void **state) {
    const atomic_bool stop = true;
    struct berth_error error = {0};
    char *text = variant_text(PIECE, 5), *made;
    size_t length;
    (void)state;
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++) {
        assert_int_equal(variant_make((enum berth_coding)coding, true, text, PIECE, &stop, &made,
                                      &length, &error),
                         BERTH_BUSY);
        assert_string_equal(error.rule, "variant-stopped");
        assert_null(made);
    }
    assert_int_equal(berth_variant_make(BERTH_GZIP, false, text, BERTH_VARIANT_MAX_BYTES + 1, &made,
                                        &length, NULL),
                     BERTH_TOO_LARGE);
    free(text);
}

static void test_what_is_compressed_inside_or_too_small_or_too_large_is_not_wanted(void **state) {
    static const struct {
        const char *type;
        int64_t bytes;
        bool wanted;
    } cases[] = {
        {"text/javascript; charset=utf-8", 1000, true},
        {"text/css", 1000, true},
        {"TEXT/HTML;charset=utf-8", 1000, true},
        {"application/json", 1000, true},
        {"Application/JSON ; charset=utf-8", 1000, true},
        {"application/manifest+json", 1000, true},
        {"model/gltf+json", 1000, true},
        {"image/svg+xml", 1000, true},
        {"application/rss+xml", 1000, true},
        {"application/wasm", 1000, true},
        {"font/ttf", 1000, true},
        {"font/otf", 1000, true},
        {"image/vnd.microsoft.icon", 1000, true},
        {"font/woff2", 1000, false},
        {"font/woff", 1000, false},
        {"image/png", 1000, false},
        {"image/jpeg", 1000, false},
        {"video/mp4", 1000, false},
        {"application/zip", 1000, false},
        {"application/gzip", 1000, false},
        {"application/pdf", 1000, false},
        {"application/octet-stream", 1000, false},
        {"application/jsonx", 1000, false},
        {"+json", 1000, false},
        {"", 1000, false},
        {"text/css", 0, false},
        {"text/css", BERTH_VARIANT_MIN_BYTES - 1, false},
        {"text/css", BERTH_VARIANT_MIN_BYTES, true},
        {"text/css", BERTH_VARIANT_MAX_BYTES, true},
        {"text/css", BERTH_VARIANT_MAX_BYTES + INT64_C(1), false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (berth_variant_wanted(cases[i].type, cases[i].bytes) != cases[i].wanted)
            fail_msg("%s of %lld bytes", cases[i].type, (long long)cases[i].bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_text_comes_back_as_it_was),
        cmocka_unit_test(test_the_best_is_smaller_than_the_quick),
        cmocka_unit_test(test_what_would_not_be_smaller_is_not_made),
        cmocka_unit_test(test_a_variant_is_never_larger),
        cmocka_unit_test(test_the_same_input_gives_the_same_bytes),
        cmocka_unit_test(test_a_gzip_file_has_no_name_and_no_time_and_tells_whether_it_is_the_best),
        cmocka_unit_test(test_a_large_file_keeps_to_the_windows_of_browsers),
        cmocka_unit_test(test_a_stop_is_seen_and_a_file_over_the_limit_is_refused),
        cmocka_unit_test(test_what_is_compressed_inside_or_too_small_or_too_large_is_not_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
