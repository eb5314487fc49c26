/* Accept-Encoding, by RFC 9110, 12.5.3. */
#include "berth/coding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Sizes as they come: brotli the smallest. */
static const int64_t usual[BERTH_CODING_COUNT] = {30, 35, 40};

static const char *chosen(const char *header, const int64_t bytes[BERTH_CODING_COUNT]) {
    struct berth_accept accept = berth_accept_parse(header);
    int choice = berth_accept_choose(&accept, 100, bytes);
    return choice < 0 ? "identity" : berth_coding_name((enum berth_coding)choice);
}

static void codings_have_their_registered_names(void **state) {
    (void)state;
    assert_string_equal(berth_coding_name(BERTH_BROTLI), "br");
    assert_string_equal(berth_coding_name(BERTH_ZSTD), "zstd");
    assert_string_equal(berth_coding_name(BERTH_GZIP), "gzip");
}

static void headers_say_what_is_acceptable(void **state) {
    (void)state;
    /* Thousandths for br, zstd, gzip, identity. */
    static const struct {
        const char *header;
        int br, zstd, gzip, identity;
    } cases[] = {
        /* the examples of the RFC */
        {"compress, gzip", 0, 0, 1000, 1},
        {"", 0, 0, 0, 1},
        {"*", 1000, 1000, 1000, 1000},
        {"compress;q=0.5, gzip;q=1.0", 0, 0, 1000, 1},
        {"gzip;q=1.0, identity; q=0.5, *;q=0", 0, 0, 1000, 500},
        /* absent; browsers */
        {NULL, 0, 0, 0, 1},
        {"gzip, deflate, br", 1000, 0, 1000, 1},
        {"gzip, deflate, br, zstd", 1000, 1000, 1000, 1},
        /* weights */
        {"br;q=0.001,zstd;q=0.01,gzip;q=0.1", 1, 10, 100, 1},
        {"br;q=1.000,zstd;q=0.999,gzip;q=1.", 1000, 999, 1000, 1},
        {"br;q=0,zstd;q=0.0,gzip;q=0.000", 0, 0, 0, 1},
        {"gzip ; Q=0.25", 0, 0, 250, 1},
        {"gzip\t;\tq=0.25\t", 0, 0, 250, 1},
        /* identity and the star */
        {"identity", 0, 0, 0, 1000},
        {"identity;q=0", 0, 0, 0, 0},
        {"*;q=0", 0, 0, 0, 0},
        {"gzip, *;q=0", 0, 0, 1000, 0},
        {"gzip;q=0, *", 1000, 1000, 0, 1000},
        {"*;q=0.5, br, identity;q=0.1", 1000, 500, 500, 100},
        {"*;q=0, identity", 0, 0, 0, 1000},
        /* other spellings */
        {"GZIP, Br, ZsTd", 1000, 1000, 1000, 1},
        {"x-gzip", 0, 0, 1000, 1},
        {"X-GZip;q=0.5", 0, 0, 500, 1},
        {"gzip2, xgzip, b, brr, bro, zst, *gzip", 0, 0, 0, 1},
        /* said twice: the less */
        {"gzip, gzip;q=0", 0, 0, 0, 1},
        {"gzip;q=0.1, x-gzip", 0, 0, 100, 1},
        /* malformed members are ignored, the others are not */
        {"br;q=2, gzip", 0, 0, 1000, 1},
        {"br;q=1.001, gzip", 0, 0, 1000, 1},
        {"br;q=0.1234, gzip", 0, 0, 1000, 1},
        {"br;q=, gzip", 0, 0, 1000, 1},
        {"br;q=-1, gzip", 0, 0, 1000, 1},
        {"br;q=.5, gzip", 0, 0, 1000, 1},
        {"br;q, gzip", 0, 0, 1000, 1},
        {"br;, gzip", 0, 0, 1000, 1},
        {"br;q=1;q=0, gzip", 0, 0, 1000, 1},
        {"br;level=1, gzip", 0, 0, 1000, 1},
        {"br zstd, gzip", 0, 0, 1000, 1},
        {"br=1, gzip", 0, 0, 1000, 1},
        {"br;q =1, gzip", 0, 0, 1000, 1},
        {"\"br\", gzip", 0, 0, 1000, 1},
        {"identity;q=x", 0, 0, 0, 1},
        {";q=1, ;, =, gzip", 0, 0, 1000, 1},
        {", ,, gzip ,,", 0, 0, 1000, 1},
        {"\xff\xfe, gzip", 0, 0, 1000, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct berth_accept found = berth_accept_parse(cases[i].header);
        int good = found.codings[BERTH_BROTLI] == cases[i].br &&
                   found.codings[BERTH_ZSTD] == cases[i].zstd &&
                   found.codings[BERTH_GZIP] == cases[i].gzip &&
                   found.identity == cases[i].identity;
        if (!good)
            fail_msg("%s: br %d, zstd %d, gzip %d, identity %d",
                     cases[i].header ? cases[i].header : "(absent)", found.codings[BERTH_BROTLI],
                     found.codings[BERTH_ZSTD], found.codings[BERTH_GZIP], found.identity);
    }
}

static void what_comes_after_64_members_is_not_read(void **state) {
    (void)state;
    char header[256] = "";
    char *at = header;
    for (int i = 0; i < 63; i++)
        at = stpcpy(at, "a,");
    stpcpy(at, "br,gzip");
    struct berth_accept accept = berth_accept_parse(header);
    assert_int_equal(accept.codings[BERTH_BROTLI], 1000);
    assert_int_equal(accept.codings[BERTH_GZIP], 0);
    memset(header, ',', 64);
    stpcpy(header + 64, "gzip"); /* empty members count too */
    accept = berth_accept_parse(header);
    assert_int_equal(accept.codings[BERTH_GZIP], 0);
}

static void the_best_acceptable_one_is_sent(void **state) {
    (void)state;
    static const int64_t none[BERTH_CODING_COUNT] = {0, 0, 0};
    static const int64_t gzip_only[BERTH_CODING_COUNT] = {0, 0, 40};
    static const int64_t gzip_smallest[BERTH_CODING_COUNT] = {50, 45, 40};
    static const int64_t useless[BERTH_CODING_COUNT] = {100, 100, 101};
    static const struct {
        const char *header;
        const int64_t *bytes;
        const char *expected;
    } cases[] = {
        {NULL, usual, "identity"},
        {"", usual, "identity"},
        {"gzip", usual, "gzip"},
        {"gzip, br", usual, "br"},
        {"gzip, deflate, br, zstd", usual, "br"},
        {"gzip, deflate, zstd", usual, "zstd"},
        {"br, zstd, gzip", gzip_smallest, "gzip"},
        {"br, zstd, gzip", gzip_only, "gzip"},
        {"br, zstd", gzip_only, "identity"},
        {"br, gzip", none, "identity"},
        /* a higher q wins over fewer bytes */
        {"br;q=0.5, gzip", usual, "gzip"},
        {"br;q=0.5, gzip;q=0.6", usual, "gzip"},
        {"br;q=0.5, gzip;q=0.6, identity;q=0.7", usual, "identity"},
        {"br;q=0.5", usual, "br"},
        /* as good as identity: the smallest, and identity at the same size */
        {"br, identity", usual, "br"},
        {"*", usual, "br"},
        {"*", useless, "identity"},
        {"br;q=0.5, *;q=0.5", gzip_smallest, "gzip"},
        /* nothing that is there is acceptable: identity */
        {"identity;q=0", usual, "identity"},
        {"*;q=0", usual, "identity"},
        {"br, identity;q=0", none, "identity"},
        {"gzip, *;q=0", usual, "gzip"},
        {"br;q=0, *", usual, "zstd"},
        {"deflate, compress", usual, "identity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = chosen(cases[i].header, cases[i].bytes);
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu, %s: %s", i, cases[i].header ? cases[i].header : "(absent)", found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codings_have_their_registered_names),
        cmocka_unit_test(headers_say_what_is_acceptable),
        cmocka_unit_test(what_comes_after_64_members_is_not_read),
        cmocka_unit_test(the_best_acceptable_one_is_sent),
    };
    return cmocka_run_group_tests_name("base_coding", tests, NULL, NULL);
}
