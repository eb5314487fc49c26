/* The table of bodies against a plain array of counts, with digests that collide. */
#include "nodes.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { DIGESTS = 3000, HOMES = 97, BODY_BYTES = 16 };

static atomic_int blobs_read;
static bool blobs_fail;
static atomic_int readers_coming; /* a read ends when they wait for it, or read for themselves */
static size_t blob_bytes = BODY_BYTES;

enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error);
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock) {
    readers_coming--;
    return __real_pthread_cond_wait(cond, lock);
}

/* A blob's bytes are the end of its digest. */
enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error) {
    assert_null(store);
    assert_true(max_bytes >= (int64_t)blob_bytes);
    blobs_read++;
    while (atomic_load(&readers_coming) > 0)
        (void)sched_yield();
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
    assert_int_equal(berth_body_pin(bodies, NULL, &digest, BODY_BYTES, &body, NULL), BERTH_OK);
    assert_memory_equal(body, digest.bytes + BERTH_SHA256_BYTES - BODY_BYTES, BODY_BYTES);
}

static void give(struct berth_bodies *bodies, uint64_t number) {
    struct berth_digest digest = digest_of(number);
    berth_body_unpin(bodies, &digest);
}

static void a_body_is_read_once_and_freed_with_its_last_user(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(0);
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
    assert_int_equal(berth_body_pin(bodies, NULL, &digest, BODY_BYTES, &body, &error), BERTH_IO);
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
    assert_int_equal(berth_body_pin(bodies, NULL, &digest, BODY_BYTES + 1, &body, NULL), BERTH_IO);
    take(bodies, 7);
    struct berth_error error = {0}; /* another row of the same blob */
    assert_int_equal(berth_body_pin(bodies, NULL, &digest, BODY_BYTES + 1, &body, &error),
                     BERTH_IO);
    assert_string_equal(error.rule, "blob-damaged");
    assert_null(body);
    give(bodies, 7);
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    berth_bodies_destroy(bodies);
}

/* --- what nobody pins --- */

static enum berth_code borrow(struct berth_bodies *bodies, uint64_t number) {
    struct berth_digest digest = digest_of(number);
    struct berth_error error = {0};
    const void *body = NULL;
    enum berth_code code = berth_body_borrow(bodies, NULL, &digest, BODY_BYTES, &body, &error);
    if (code == BERTH_OK)
        assert_memory_equal(body, digest.bytes + BERTH_SHA256_BYTES - BODY_BYTES, BODY_BYTES);
    else
        assert_string_equal(error.rule, "cache-room");
    return code;
}

static void give_back(struct berth_bodies *bodies, uint64_t number) {
    struct berth_digest digest = digest_of(number);
    berth_body_return(bodies, &digest);
}

static bool is_kept(struct berth_bodies *bodies, uint64_t number) {
    int before = blobs_read;
    assert_int_equal(borrow(bodies, number), BERTH_OK);
    give_back(bodies, number);
    return blobs_read == before;
}

enum { ROOM = 10, MANY = 30 }; /* bodies that the budget has room for */

static const int64_t room_bytes = (int64_t)ROOM * BODY_BYTES;

static void
what_nobody_holds_is_kept_until_the_budget_is_full_the_longest_unused_goes(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(room_bytes);
    for (uint64_t i = 0; i < ROOM; i++)
        assert_false(is_kept(bodies, i));
    for (uint64_t i = 0; i < ROOM; i++)
        assert_true(is_kept(bodies, i));
    assert_true(is_kept(bodies, 0)); /* now 1 is the longest unused */
    assert_false(is_kept(bodies, ROOM));
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), room_bytes);
    assert_true(is_kept(bodies, 0));
    assert_false(is_kept(bodies, 1));
    assert_int_equal(berth_bodies_bytes(bodies), room_bytes);
    berth_bodies_destroy(bodies);
}

static void what_is_pinned_stays_and_does_not_count(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(room_bytes);
    for (uint64_t i = 0; i < MANY; i++)
        take(bodies, i);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    assert_int_equal(berth_bodies_bytes(bodies), 3 * room_bytes);
    assert_int_equal(borrow(bodies, 0), BERTH_OK);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    give(bodies, 0); /* still borrowed */
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), BODY_BYTES);
    take(bodies, 0);
    give_back(bodies, 0);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    for (uint64_t i = 0; i < MANY; i++)
        give(bodies, i);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), room_bytes);
    assert_true(is_kept(bodies, MANY - 1));
    assert_false(is_kept(bodies, 0));
    berth_bodies_destroy(bodies);
}

/* Many slow readers of different files must not fill the memory. */
static void loans_are_within_the_budget_too(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(room_bytes);
    for (uint64_t i = 0; i < ROOM; i++)
        assert_int_equal(borrow(bodies, i), BERTH_OK);
    blobs_read = 0;
    assert_int_equal(borrow(bodies, ROOM), BERTH_BUSY);
    assert_int_equal(blobs_read, 0);
    assert_int_equal(borrow(bodies, 3), BERTH_OK); /* it is there already */
    give_back(bodies, 3);
    assert_int_equal(borrow(bodies, ROOM), BERTH_BUSY);
    give_back(bodies, 3);
    assert_int_equal(borrow(bodies, ROOM), BERTH_OK);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), room_bytes);
    berth_bodies_destroy(bodies);
}

static void what_is_over_its_share_is_not_kept_at_all(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(8 * BODY_BYTES - 1);
    assert_int_equal(borrow(bodies, 1), BERTH_BUSY);
    take(bodies, 1);
    assert_int_equal(borrow(bodies, 1), BERTH_OK); /* since it is there */
    give_back(bodies, 1);
    give(bodies, 1);
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    berth_bodies_destroy(bodies);
}

/* --- from many threads --- */

enum { THREADS = 6, TURNS = 4000, SHARED = 40 };

struct crowd {
    struct berth_bodies *bodies;
    uint32_t seed;
    atomic_int *failures;
};

static bool use(struct crowd *crowd, uint64_t number, bool pin) {
    struct berth_digest digest = digest_of(number);
    const void *body = NULL;
    enum berth_code code = (pin ? berth_body_pin : berth_body_borrow)(crowd->bodies, NULL, &digest,
                                                                      BODY_BYTES, &body, NULL);
    if (code != BERTH_OK)
        return code == BERTH_BUSY && !pin;
    bool good = memcmp(body, digest.bytes + BERTH_SHA256_BYTES - BODY_BYTES, BODY_BYTES) == 0;
    (pin ? berth_body_unpin : berth_body_return)(crowd->bodies, &digest);
    return good;
}

static void *take_turns(void *context) {
    struct crowd *crowd = context;
    for (int i = 0; i < TURNS; i++) {
        uint32_t number = next_random(&crowd->seed) % SHARED;
        if (!use(crowd, number, next_random(&crowd->seed) % 4 == 0))
            atomic_fetch_add(crowd->failures, 1);
    }
    return NULL;
}

static void *take_once(void *context) {
    struct crowd *crowd = context;
    if (!use(crowd, 7, true))
        atomic_fetch_add(crowd->failures, 1);
    return NULL;
}

static void many_threads_may_hold_and_let_go(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(room_bytes);
    struct crowd crowds[THREADS];
    pthread_t threads[THREADS];
    atomic_int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){bodies, (uint32_t)(i + 1) * 2654435761U, &failures};
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &crowds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&failures), 0);
    assert_true(berth_bodies_unpinned_bytes(bodies) <= room_bytes);
    assert_int_equal(berth_bodies_bytes(bodies), berth_bodies_unpinned_bytes(bodies));
    berth_bodies_destroy(bodies);
}

enum { WAITING = 5 };

static void *take_damaged(void *context) {
    struct berth_digest digest = digest_of(7);
    struct berth_error error = {0};
    const void *body = NULL;
    enum berth_code code = berth_body_pin(context, NULL, &digest, BODY_BYTES, &body, &error);
    bool told = code == BERTH_IO && error.code == BERTH_IO && !body &&
                strcmp(error.rule, "blob-damaged") == 0;
    return told ? context : NULL;
}

static void *borrow_damaged(void *context) {
    struct berth_digest digest = digest_of(7);
    const void *body = NULL;
    enum berth_code code = berth_body_borrow(context, NULL, &digest, BODY_BYTES, &body, NULL);
    return code == BERTH_IO && !body ? context : NULL;
}

static void who_waits_for_a_blob_that_cannot_be_read_is_told_without_another_read(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(room_bytes);
    pthread_t threads[WAITING + 1];
    void *told = NULL;
    blobs_read = 0;
    blobs_fail = true;
    atomic_store(&readers_coming, WAITING);
    for (int i = 0; i <= WAITING; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i % 2 ? borrow_damaged : take_damaged, bodies), 0);
    for (int i = 0; i <= WAITING; i++) {
        assert_int_equal(pthread_join(threads[i], &told), 0);
        assert_ptr_equal(told, bodies);
    }
    blobs_fail = false;
    assert_int_equal(blobs_read, 1);
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
    take(bodies, 7); /* who comes later reads again */
    assert_int_equal(blobs_read, 2);
    berth_bodies_destroy(bodies);
}

static void who_waits_for_a_body_holds_it_when_it_comes(void **state) {
    (void)state;
    struct berth_bodies *bodies = berth_bodies_create(0); /* goes with its last holder */
    struct crowd crowds[WAITING + 1];
    pthread_t threads[WAITING + 1];
    atomic_int failures = 0;
    blobs_read = 0;
    atomic_store(&readers_coming, WAITING);
    for (int i = 0; i <= WAITING; i++) {
        crowds[i] = (struct crowd){bodies, 0, &failures};
        assert_int_equal(pthread_create(&threads[i], NULL, take_once, &crowds[i]), 0);
    }
    for (int i = 0; i <= WAITING; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&failures), 0);
    assert_int_equal(blobs_read, 1);
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
        cmocka_unit_test(
            what_nobody_holds_is_kept_until_the_budget_is_full_the_longest_unused_goes),
        cmocka_unit_test(what_is_pinned_stays_and_does_not_count),
        cmocka_unit_test(loans_are_within_the_budget_too),
        cmocka_unit_test(what_is_over_its_share_is_not_kept_at_all),
        cmocka_unit_test(many_threads_may_hold_and_let_go),
        cmocka_unit_test(who_waits_for_a_blob_that_cannot_be_read_is_told_without_another_read),
        cmocka_unit_test(who_waits_for_a_body_holds_it_when_it_comes),
    };
    return cmocka_run_group_tests_name("snapshot_bodies", tests, NULL, NULL);
}
