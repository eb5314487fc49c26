/* The table of bodies against a plain array of counts, with digests that collide. */
#include "nodes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { DIGESTS = 3000, HOMES = 97, BODY_BYTES = 16 };

static int blobs_read;
static bool blobs_fail;
static size_t blob_bytes = BODY_BYTES;

enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error);

/* A blob's bytes are the end of its digest. */
enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error) {
    assert_null(store);
    assert_true(max_bytes >= (int64_t)blob_bytes);
    blobs_read++;
    if (blobs_fail)
        return berth_fail(error, BERTH_IO, "blob-damaged", "as the test wants it");
    *ret = malloc(BODY_BYTES + 1);
    assert_non_null(*ret);
    memcpy(*ret, digest->bytes + BERTH_SHA256_BYTES - BODY_BYTES, BODY_BYTES);
    *ret_bytes = blob_bytes;
    return BERTH_OK;
}

/* Few homes, so that long runs form and wrap around; the rest of the digest tells them apart. */
static struct berth_digest digest_of(uint64_t number) {
    struct berth_digest digest = {0};
    uint64_t home = UINT64_MAX - number % HOMES;
    memcpy(digest.bytes, &home, sizeof home);
    memcpy(digest.bytes + BERTH_SHA256_BYTES - sizeof number, &number, sizeof number);
    return digest;
}

static void take(struct berth_bodies *bodies, uint64_t number) {
    struct berth_digest digest = digest_of(number);
    const void *body = NULL;
    assert_int_equal(berth_body_take(bodies, NULL, &digest, BODY_BYTES, &body, NULL), BERTH_OK);
    assert_memory_equal(body, digest.bytes + BERTH_SHA256_BYTES - BODY_BYTES, BODY_BYTES);
}

static void give(struct berth_bodies *bodies, uint64_t number) {
    struct berth_digest digest = digest_of(number);
    berth_body_give(bodies, &digest);
}

static void a_body_is_read_once_and_freed_with_its_last_user(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(12345);
    assert_int_equal(berth_bodies_budget(bodies), 12345);
    blobs_read = 0;
    take(bodies, 1);
    take(bodies, 1);
    take(bodies, 1 + HOMES); /* the same home */
    assert_int_equal(blobs_read, 2);
    assert_int_equal(berth_bodies_bytes(bodies), 2 * BODY_BYTES);
    give(bodies, 1);
    assert_int_equal(berth_bodies_bytes(bodies), 2 * BODY_BYTES);
    give(bodies, 1);
    assert_int_equal(berth_bodies_bytes(bodies), BODY_BYTES);
    take(bodies, 1 + HOMES);
    assert_int_equal(blobs_read, 2);
    take(bodies, 1);
    assert_int_equal(blobs_read, 3);
    berth_bodies_destroy(bodies); /* with what is in it */
}

static void giving_what_was_not_taken_changes_nothing(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(0);
    give(bodies, 1);
    take(bodies, 2);
    give(bodies, 2 + HOMES);
    assert_int_equal(berth_bodies_bytes(bodies), BODY_BYTES);
    berth_bodies_destroy(bodies);
    berth_bodies_destroy(NULL);
}

static void the_table_grows_and_keeps_every_body(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(0);
    blobs_read = 0;
    for (uint64_t i = 0; i < DIGESTS; i++)
        take(bodies, i);
    for (uint64_t i = 0; i < DIGESTS; i++)
        take(bodies, i);
    assert_int_equal(blobs_read, DIGESTS);
    assert_int_equal(berth_bodies_bytes(bodies), DIGESTS * BODY_BYTES);
    for (int round = 0; round < 2; round++)
        for (uint64_t i = DIGESTS; i-- > 0;)
            give(bodies, i);
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    berth_bodies_destroy(bodies);
}

static uint32_t next_random(uint32_t *seed) { /* xorshift32, Marsaglia 2003 */
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void deleting_in_the_middle_of_a_run_loses_none(void **state) {
    (void)state;
    enum { NUMBERS = 400, STEPS = 20000 };
    for (uint32_t run = 1; run <= 4; run++) {
        struct berth_bodies *bodies = berth_bodies_create(0);
        int counts[NUMBERS] = {0}, held = 0, expected_reads = 0;
        uint32_t seed = run * 2654435761U;
        blobs_read = 0;
        for (int step = 0; step < STEPS; step++) {
            uint32_t number = next_random(&seed) % NUMBERS;
            if (counts[number] && next_random(&seed) % 2) {
                give(bodies, number);
                held -= --counts[number] == 0;
            } else {
                expected_reads += counts[number] == 0;
                held += counts[number]++ == 0;
                take(bodies, number);
            }
            assert_int_equal(blobs_read, expected_reads);
            assert_int_equal(berth_bodies_bytes(bodies), held * BODY_BYTES);
        }
        for (uint32_t i = 0; i < NUMBERS; i++)
            while (counts[i]--)
                give(bodies, i);
        assert_int_equal(berth_bodies_bytes(bodies), 0);
        berth_bodies_destroy(bodies);
    }
}

static void a_blob_that_cannot_be_read_leaves_no_trace(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(0);
    struct berth_digest digest = digest_of(7);
    struct berth_error error = {0};
    const void *body = "untouched";
    blobs_fail = true;
    assert_int_equal(berth_body_take(bodies, NULL, &digest, BODY_BYTES, &body, &error), BERTH_IO);
    blobs_fail = false;
    assert_string_equal(body, "untouched");
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    take(bodies, 7);
    berth_bodies_destroy(bodies);
}

/* Readers copy as many bytes as the row says. */
static void a_row_that_lies_about_the_size_is_refused(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(0);
    struct berth_digest digest = digest_of(7);
    const void *body = NULL;
    assert_int_equal(berth_body_take(bodies, NULL, &digest, BODY_BYTES + 1, &body, NULL), BERTH_IO);
    take(bodies, 7);
    struct berth_error error = {0}; /* another row of the same blob */
    assert_int_equal(berth_body_take(bodies, NULL, &digest, BODY_BYTES + 1, &body, &error),
                     BERTH_IO);
    assert_string_equal(error.rule, "blob-damaged");
    assert_null(body);
    give(bodies, 7);
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    berth_bodies_destroy(bodies);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_read_once_and_freed_with_its_last_user),
        cmocka_unit_test(giving_what_was_not_taken_changes_nothing),
        cmocka_unit_test(the_table_grows_and_keeps_every_body),
        cmocka_unit_test(deleting_in_the_middle_of_a_run_loses_none),
        cmocka_unit_test(a_blob_that_cannot_be_read_leaves_no_trace),
        cmocka_unit_test(a_row_that_lies_about_the_size_is_refused),
    };
    return cmocka_run_group_tests_name("snapshot_bodies", tests, NULL, NULL);
}
