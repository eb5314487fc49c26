#include "berth/digest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

/* FIPS 180-2, appendix B, and the empty message. */
static const char *const sha256_cases[][2] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void sha256_gives_the_known_digests(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sha256_cases / sizeof sha256_cases[0]; i++) {
        char hex[BERTH_HEX_BYTES];
        struct berth_digest digest = berth_sha256(sha256_cases[i][0], strlen(sha256_cases[i][0]));
        berth_digest_hex(&digest, hex);
        assert_string_equal(hex, sha256_cases[i][1]);
    }
}

static void a_hasher_takes_its_bytes_in_any_pieces(void **state) {
    (void)state;
    const char *text = sha256_cases[2][0];
    struct berth_digest whole = berth_sha256(text, strlen(text));
    for (size_t piece = 1; piece < strlen(text); piece += 5) {
        struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
        assert_non_null(hasher);
        for (size_t at = 0; at < strlen(text); at += piece)
            berth_hasher_add(hasher, text + at,
                             at + piece < strlen(text) ? piece : strlen(text) - at);
        struct berth_digest digest;
        berth_hasher_finish(hasher, digest.bytes);
        berth_hasher_destroy(hasher);
        assert_true(berth_digest_equal(&digest, &whole));
    }
    berth_hasher_destroy(NULL);
}

static void sha384_gives_the_known_integrity(void **state) {
    (void)state;
    char integrity[BERTH_INTEGRITY_BYTES];
    berth_integrity("abc", 3, integrity);
    assert_string_equal(integrity,
                        "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn");
    assert_true(strlen(integrity) < BERTH_INTEGRITY_BYTES);
    char in_pieces[BERTH_INTEGRITY_BYTES];
    struct berth_hasher *pieces = berth_hasher_create(BERTH_SHA384);
    assert_non_null(pieces);
    berth_hasher_add(pieces, "a", 1);
    berth_hasher_add(pieces, "bc", 2);
    berth_hasher_integrity(pieces, in_pieces);
    berth_hasher_destroy(pieces);
    assert_string_equal(in_pieces, integrity);
    unsigned char bytes[BERTH_SHA384_BYTES];
    char encoded[65];
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA384);
    berth_hasher_add(hasher, "abc", 3);
    berth_hasher_finish(hasher, bytes);
    berth_hasher_destroy(hasher);
    berth_base64(bytes, sizeof bytes, encoded);
    assert_string_equal(encoded, integrity + strlen("sha384-"));
}

static void hex_is_parsed_only_as_64_lower_case_digits(void **state) {
    (void)state;
    struct berth_digest expected = berth_sha256("abc", 3), digest;
    assert_true(berth_digest_parse(sha256_cases[1][1], &digest));
    assert_true(berth_digest_equal(&digest, &expected));
    static const char *const bad[] = {
        "",
        "ba7816bf",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a ",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a\xc3",
    };
    struct berth_digest untouched = digest;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(berth_digest_parse(bad[i], &digest));
    assert_true(berth_digest_equal(&digest, &untouched));
}

/* RFC 4648, section 10; and the two characters in which the alphabets differ. */
static void base64_gives_the_rfcs_examples(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/", "-_-_"},
        {"\xff\xff", "//8=", "__8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];
        const unsigned char *data = (const unsigned char *)cases[i][0];
        berth_base64(data, strlen(cases[i][0]), text);
        assert_string_equal(text, cases[i][1]);
        berth_base64url(data, strlen(cases[i][0]), text);
        assert_string_equal(text, cases[i][2]);
    }
}

static void a_digest_is_parsed_from_44_base64_digits(void **state) {
    (void)state;
    static const char good[] = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    struct berth_digest expected = berth_sha256("abc", 3), digest;
    assert_true(berth_digest_parse_base64(good, strlen(good), &digest));
    assert_true(berth_digest_equal(&digest, &expected));
    static const char *const bad[] = {
        "",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0",  /* no padding */
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa==", /* 31 bytes */
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa1=", /* bits set past the end */
        "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=", /* the URL alphabet */
        "ungW=48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", /* padding inside */
        " ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa=",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0\n",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfI\303\244a0=",
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=====",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(berth_digest_parse_base64(bad[i], strlen(bad[i]), &digest));
    assert_true(berth_digest_equal(&digest, &expected));
    assert_false(berth_digest_parse_base64(good, strlen(good) - 1, &digest));
}

static void bytes_are_compared_whole(void **state) {
    (void)state;
    unsigned char a[32] = {0}, b[32] = {0};
    assert_true(berth_equal_constant_time(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 1;
        assert_false(berth_equal_constant_time(a, b, sizeof a));
        b[i] = 0;
    }
    b[31] = 1;
    assert_true(berth_equal_constant_time(a, b, 31));
    struct berth_digest x = berth_sha256("a", 1), y = x;
    assert_true(berth_digest_equal(&x, &y));
    y.bytes[31] ^= 1;
    assert_false(berth_digest_equal(&x, &y));
}

static void random_bytes_fill_all_that_was_asked_for(void **state) {
    (void)state;
    enum { LENGTH = 1000, ROUNDS = 16 };
    unsigned char seen[LENGTH] = {0}, bytes[LENGTH + 1];
    for (int round = 0; round < ROUNDS; round++) {
        memset(bytes, 0, sizeof bytes);
        berth_random(bytes, LENGTH);
        assert_int_equal(bytes[LENGTH], 0);
        for (size_t i = 0; i < LENGTH; i++)
            seen[i] |= bytes[i];
    }
    for (size_t i = 0; i < LENGTH; i++) /* zero sixteen times: once in 2^128 */
        assert_int_not_equal(seen[i], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_known_digests),
        cmocka_unit_test(a_hasher_takes_its_bytes_in_any_pieces),
        cmocka_unit_test(sha384_gives_the_known_integrity),
        cmocka_unit_test(hex_is_parsed_only_as_64_lower_case_digits),
        cmocka_unit_test(base64_gives_the_rfcs_examples),
        cmocka_unit_test(a_digest_is_parsed_from_44_base64_digits),
        cmocka_unit_test(bytes_are_compared_whole),
        cmocka_unit_test(random_bytes_fill_all_that_was_asked_for),
    };
    return cmocka_run_group_tests_name("base_digest", tests, NULL, NULL);
}
