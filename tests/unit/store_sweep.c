/* What may be removed and what must stay, damage that heals, and directories that are made or only
 * looked at. */
#include "berth/digests.h"
#include "store_fixture.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct berth_digest must_put(struct fixture *fixture, const char *text) {
    struct berth_digest digest;
    assert_int_equal(fixture_put(fixture->store, text, strlen(text), &digest, NULL), BERTH_OK);
    return digest;
}

/* Within a sweep. */
static bool remove_one(struct berth_store *store, const struct berth_digest *digest, bool dry) {
    bool removed = false;
    int64_t bytes = 0;
    assert_int_equal(berth_sweep_remove(store, digest, dry, &removed, &bytes, NULL), BERTH_OK);
    return removed;
}

static bool sweep(struct fixture *fixture, const struct berth_digest *digest) {
    assert_int_equal(berth_sweep_begin(fixture->store, &fixture->error), BERTH_OK);
    bool removed = remove_one(fixture->store, digest, false);
    berth_sweep_end(fixture->store);
    assert_int_equal(fixture_has(fixture->store, digest), !removed);
    return removed;
}

static void a_blob_that_nobody_holds_goes(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest = must_put(fixture, "orphan");
    bool removed = false;
    int64_t bytes = 0;
    assert_int_equal(berth_sweep_begin(fixture->store, NULL), BERTH_OK);
    assert_true(remove_one(fixture->store, &digest, true));
    assert_true(fixture_has(fixture->store, &digest));
    assert_int_equal(
        berth_sweep_remove(fixture->store, &digest, false, &removed, &bytes, &fixture->error), 0);
    assert_true(removed);
    assert_int_equal(bytes, strlen("orphan"));
    assert_false(fixture_has(fixture->store, &digest));
    assert_false(remove_one(fixture->store, &digest, false)); /* it is gone already */
    berth_sweep_end(fixture->store);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
}

static void a_blob_that_a_hold_wrote_or_found_stays_until_it_ends(void **state) {
    struct fixture *fixture = *state;
    struct berth_hold hold;
    struct berth_digest found = must_put(fixture, "found");
    berth_hold_begin(fixture->store, &hold);
    struct berth_digest written = must_put(fixture, "written");
    (void)must_put(fixture, "found");
    assert_false(sweep(fixture, &written));
    assert_false(sweep(fixture, &found));
    berth_hold_end(fixture->store, &hold);
    assert_true(sweep(fixture, &written));
    assert_true(sweep(fixture, &found));
}

/* The row of an upload that ends after the rows were read is not in the sweep's list. */
static void what_is_held_at_a_sweeps_begin_stays_for_all_of_it(void **state) {
    struct fixture *fixture = *state;
    struct berth_hold before;
    struct berth_hold during;
    berth_hold_begin(fixture->store, &before);
    struct berth_digest first = must_put(fixture, "first");
    assert_int_equal(berth_sweep_begin(fixture->store, NULL), BERTH_OK);
    berth_hold_end(fixture->store, &before);
    berth_hold_begin(fixture->store, &during);
    struct berth_digest second = must_put(fixture, "second");
    berth_hold_end(fixture->store, &during);
    assert_false(remove_one(fixture->store, &first, false));
    assert_false(remove_one(fixture->store, &second, false));
    berth_sweep_end(fixture->store);
    assert_true(sweep(fixture, &first));
    assert_true(sweep(fixture, &second));
}

/* Holds that overlap without end must not keep what was pinned long ago. */
static void pins_end_with_the_holds_of_their_time(void **state) {
    struct fixture *fixture = *state;
    struct berth_hold holds[3];
    berth_hold_begin(fixture->store, &holds[0]);
    struct berth_digest early = must_put(fixture, "early");
    berth_hold_begin(fixture->store, &holds[1]);
    struct berth_digest late = must_put(fixture, "late");
    berth_hold_end(fixture->store, &holds[0]);
    assert_false(sweep(fixture, &late));
    assert_true(sweep(fixture, &early));
    berth_hold_begin(fixture->store, &holds[2]);
    berth_hold_end(fixture->store, &holds[1]);
    assert_false(sweep(fixture, &late)); /* pinned when this one looked, at the latest */
    assert_true(sweep(fixture, &late));
    berth_hold_end(fixture->store, &holds[2]);
}

static void there_is_one_sweep_at_a_time(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(berth_sweep_begin(fixture->store, NULL), BERTH_OK);
    assert_int_equal(berth_sweep_begin(fixture->store, &fixture->error), BERTH_BUSY);
    assert_string_equal(fixture->error.rule, "sweep-running");
    berth_sweep_end(fixture->store);
    assert_int_equal(berth_sweep_begin(fixture->store, NULL), BERTH_OK);
    berth_sweep_end(fixture->store);
}

static void blob_path(const struct fixture *fixture, const struct berth_digest *digest, char *ret,
                      size_t size) {
    char name[FIXTURE_BLOB_NAME_BYTES];
    fixture_blob_name(digest, name);
    (void)snprintf(ret, size, "%s/%s", fixture->directory, name);
}

static void assert_reads(struct fixture *fixture, const struct berth_digest *digest,
                         const char *text) {
    char *data = NULL;
    size_t bytes = 0;
    assert_int_equal(berth_blob_read(fixture->store, digest, 100, &data, &bytes, &fixture->error),
                     BERTH_OK);
    assert_string_equal(data, text);
    free(data);
}

static void writing_it_again_heals_a_blob_that_was_found_damaged(void **state) {
    struct fixture *fixture = *state;
    char path[600];
    char *data = NULL;
    size_t bytes = 0;
    struct berth_digest digest = must_put(fixture, "contents");
    blob_path(fixture, &digest, path, sizeof path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    close(fd);
    (void)must_put(fixture, "contents"); /* nobody has looked at its bytes yet */
    assert_int_equal(berth_blob_read(fixture->store, &digest, 100, &data, &bytes, &fixture->error),
                     BERTH_IO);
    (void)must_put(fixture, "contents");
    assert_reads(fixture, &digest, "contents");
}

static void writing_it_again_heals_a_blob_of_a_wrong_size(void **state) {
    static const off_t SIZES[] = {0, 3, 100};
    struct fixture *fixture = *state;
    char path[600];
    struct berth_digest digest = must_put(fixture, "contents");
    blob_path(fixture, &digest, path, sizeof path);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        assert_int_equal(truncate(path, SIZES[i]), 0);
        (void)must_put(fixture, "contents");
        assert_reads(fixture, &digest, "contents");
    }
}

/* However many were found damaged before, and whatever became of them. */
static void so_many_may_be_found_damaged_that_healed_or_went_again(void **state) {
    enum { ROUNDS = 5000 }; /* more than are remembered at once */
    struct fixture *fixture = *state;
    char path[600];
    char text[32];
    for (int i = 0; i < ROUNDS; i++) {
        (void)snprintf(text, sizeof text, "contents %d", i);
        struct berth_digest digest = berth_sha256(text, strlen(text));
        (void)must_put(fixture, text);
        berth_blob_suspect(fixture->store, &digest);
        if (i % 2)
            (void)must_put(fixture, text); /* this heals it */
        assert_true(sweep(fixture, &digest));
    }
    struct berth_digest digest = must_put(fixture, "contents");
    blob_path(fixture, &digest, path, sizeof path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 3), 1);
    close(fd);
    berth_blob_suspect(fixture->store, &digest);
    (void)must_put(fixture, "contents");
    assert_reads(fixture, &digest, "contents");
}

static void a_wrong_size_heals_though_no_more_damage_can_be_remembered(void **state) {
    enum { ROUNDS = 5000 };
    struct fixture *fixture = *state;
    char path[600];
    struct berth_digest digest = must_put(fixture, "contents");
    blob_path(fixture, &digest, path, sizeof path);
    for (int i = 0; i < ROUNDS; i++) {
        struct berth_digest other = berth_sha256(&i, sizeof i);
        berth_blob_suspect(fixture->store, &other);
    }
    assert_int_equal(truncate(path, 3), 0);
    (void)must_put(fixture, "contents");
    assert_reads(fixture, &digest, "contents");
}

static void a_blob_that_is_set_aside_can_be_written_again(void **state) {
    struct fixture *fixture = *state;
    char path[600];
    char hex[BERTH_HEX_BYTES];
    struct stat status;
    struct berth_digest digest = must_put(fixture, "contents");
    berth_digest_hex(&digest, hex);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(berth_blob_set_aside(fixture->store, &digest, NULL), BERTH_OK);
        assert_false(fixture_has(fixture->store, &digest));
        (void)snprintf(path, sizeof path, i ? "%s/damaged/%s.%d" : "%s/damaged/%s",
                       fixture->directory, hex, i);
        assert_int_equal(stat(path, &status), 0);
        (void)must_put(fixture, "contents");
        assert_true(fixture_has(fixture->store, &digest));
    }
}

struct seen {
    int blobs;
    int strangers;
    char stranger[200];
};

static bool note_found(const struct berth_blob_found *found, void *context) {
    struct seen *seen = context;
    seen->blobs += found->is_blob;
    seen->strangers += !found->is_blob;
    if (!found->is_blob)
        (void)snprintf(seen->stranger, sizeof seen->stranger, "%s", found->name);
    return true;
}

static void a_walk_tells_blobs_from_what_is_foreign(void **state) {
    static const char *const STRANGERS[] = {
        "note.txt", "ab/note.txt", "zz", "abc",
        "ab/0000000000000000000000000000000000000000000000000000000000000000"};
    struct fixture *fixture = *state;
    char path[600];
    (void)must_put(fixture, "one");
    (void)must_put(fixture, "two");
    (void)snprintf(path, sizeof path, "%s/blobs/ab", fixture->directory);
    (void)mkdir(path, 0700);
    for (size_t i = 0; i < sizeof STRANGERS / sizeof STRANGERS[0]; i++) {
        struct seen seen = {0};
        (void)snprintf(path, sizeof path, "%s/blobs/%s", fixture->directory, STRANGERS[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
        assert_int_equal(berth_blobs_each(fixture->store, note_found, &seen, &fixture->error), 0);
        assert_int_equal(seen.blobs, 2);
        assert_int_equal(seen.strangers, 1);
        assert_string_equal(seen.stranger, STRANGERS[i]);
        unlink(path);
    }
}

static void a_new_store_is_refused_until_it_is_complete(void **state) {
    struct fixture *fixture = *state;
    struct berth_store *store = NULL;
    char path[600];
    (void)snprintf(path, sizeof path, "%s/new", fixture->directory);
    assert_int_equal(berth_store_create(path, &store, &fixture->error), BERTH_OK);
    struct berth_digest digest;
    assert_int_equal(fixture_put(store, "contents", 8, &digest, NULL), BERTH_OK);
    berth_store_close(store);
    assert_int_equal(berth_store_open(path, &store, &fixture->error), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "restore-unfinished");
    fixture->error = (struct berth_error){0};
    assert_int_equal(berth_store_create(path, &store, &fixture->error), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "data-not-empty");
    (void)snprintf(path, sizeof path, "%s/other", fixture->directory);
    assert_int_equal(mkdir(path, 0700), 0); /* an empty one will do */
    assert_int_equal(berth_store_create(path, &store, NULL), BERTH_OK);
    assert_int_equal(berth_store_complete(store, NULL), BERTH_OK);
    berth_store_close(store);
    assert_int_equal(berth_store_open(path, &store, NULL), BERTH_OK);
    berth_store_close(store);
}

static void looking_at_a_store_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    struct berth_store *store = NULL;
    struct stat status;
    char path[600];
    assert_int_equal(berth_store_open_found(fixture->directory, &store, &fixture->error),
                     BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "data-locked");
    berth_store_close(fixture->store);
    (void)snprintf(path, sizeof path, "%s/tmp/7", fixture->directory);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(berth_store_open_found(fixture->directory, &store, NULL), BERTH_OK);
    berth_store_close(store);
    assert_int_equal(stat(path, &status), 0);
    (void)snprintf(path, sizeof path, "%s/nowhere", fixture->directory);
    assert_int_equal(berth_store_open_found(path, &store, NULL), BERTH_IO);
    assert_int_equal(stat(path, &status), -1);
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
}

static bool is_odd(uint64_t value, void *context) {
    (void)context;
    return value % 2 == 1;
}

static void a_map_keeps_what_was_put_into_it(void **state) {
    enum { MANY = 5000 };
    struct berth_digests map = {0};
    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        struct berth_digest digest = berth_sha256(&i, sizeof i);
        assert_null(berth_digests_find(&map, &digest));
        *berth_digests_add(&map, &digest) = i;
        *berth_digests_add(&map, &digest) += 0;
    }
    assert_int_equal(map.count, MANY);
    berth_digests_filter(&map, is_odd, NULL);
    assert_int_equal(map.count, MANY / 2);
    for (uint64_t i = 0; i < MANY; i++) {
        struct berth_digest digest = berth_sha256(&i, sizeof i);
        const uint64_t *value = berth_digests_find(&map, &digest);
        assert_int_equal(value != NULL, i % 2);
        assert_true(!value || *value == i);
    }
    berth_digests_done(&map);
}

/* Uploads of the same contents against sweeps without a pause: rows are a table here. */
enum { UPLOADERS = 4, ROUNDS = 60, CONTENTS = 24, EACH = 8, SWEEPERS = 2 };

struct race {
    struct berth_store *store;
    pthread_mutex_t lock;
    bool rows[CONTENTS]; /* which contents have a row */
    atomic_int uploading;
    atomic_int failures;
    atomic_int removed;
};

static struct berth_digest content(int number, char text[32]) {
    int length = snprintf(text, 32, "content %d", number);
    return berth_sha256(text, (size_t)length);
}

/* Takes a few contents, then gives them a row, and at times takes rows away as a deletion does. */
static void *upload_often(void *context) {
    struct race *race = context;
    unsigned seed = (unsigned)(uintptr_t)&seed;
    for (int round = 0; round < ROUNDS; round++) {
        struct berth_hold hold;
        struct berth_digest digest;
        int numbers[EACH];
        char text[32];
        berth_hold_begin(race->store, &hold);
        for (int i = 0; i < EACH; i++) {
            numbers[i] = rand_r(&seed) % CONTENTS;
            (void)content(numbers[i], text);
            if (fixture_put(race->store, text, strlen(text), &digest, NULL))
                atomic_fetch_add(&race->failures, 1);
        }
        pthread_mutex_lock(&race->lock);
        for (int i = 0; i < EACH; i++) {
            digest = content(numbers[i], text);
            race->rows[numbers[i]] = true;
            if (!fixture_has(race->store, &digest))
                atomic_fetch_add(&race->failures, 1);
        }
        pthread_mutex_unlock(&race->lock);
        berth_hold_end(race->store, &hold);
        pthread_mutex_lock(&race->lock);
        race->rows[rand_r(&seed) % CONTENTS] = false;
        race->rows[rand_r(&seed) % CONTENTS] = false;
        pthread_mutex_unlock(&race->lock);
    }
    atomic_fetch_sub(&race->uploading, 1);
    return NULL;
}

static void *sweep_often(void *context) {
    struct race *race = context;
    for (bool last = false; !last;) {
        bool rows[CONTENTS];
        last = atomic_load(&race->uploading) == 0; /* then nothing is held, and something goes */
        if (berth_sweep_begin(race->store, NULL) != BERTH_OK) {
            last = false;
            continue;
        }
        pthread_mutex_lock(&race->lock);
        memcpy(rows, race->rows, sizeof rows);
        pthread_mutex_unlock(&race->lock);
        for (int i = 0; i < CONTENTS; i++) {
            char text[32];
            bool removed = false;
            int64_t bytes = 0;
            struct berth_digest digest = content(i, text);
            if (!rows[i] && berth_sweep_remove(race->store, &digest, false, &removed, &bytes, NULL))
                atomic_fetch_add(&race->failures, 1);
            atomic_fetch_add(&race->removed, removed);
        }
        berth_sweep_end(race->store);
    }
    return NULL;
}

static void sweeps_and_uploads_at_once_lose_nothing(void **state) {
    struct fixture *fixture = *state;
    struct race race = {.store = fixture->store};
    pthread_t threads[UPLOADERS + SWEEPERS];
    pthread_mutex_init(&race.lock, NULL);
    atomic_store(&race.uploading, UPLOADERS);
    for (int i = 0; i < UPLOADERS + SWEEPERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < UPLOADERS ? upload_often : sweep_often, &race),
            0);
    for (int i = 0; i < UPLOADERS + SWEEPERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < CONTENTS; i++) {
        char text[32];
        struct berth_digest digest = content(i, text);
        assert_true(!race.rows[i] || fixture_has(fixture->store, &digest));
    }
    assert_int_equal(atomic_load(&race.failures), 0);
    assert_true(atomic_load(&race.removed) > 0);
    pthread_mutex_destroy(&race.lock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_blob_that_nobody_holds_goes),
        TEST(a_blob_that_a_hold_wrote_or_found_stays_until_it_ends),
        TEST(what_is_held_at_a_sweeps_begin_stays_for_all_of_it),
        TEST(pins_end_with_the_holds_of_their_time),
        TEST(there_is_one_sweep_at_a_time),
        TEST(writing_it_again_heals_a_blob_that_was_found_damaged),
        TEST(writing_it_again_heals_a_blob_of_a_wrong_size),
        TEST(so_many_may_be_found_damaged_that_healed_or_went_again),
        TEST(a_wrong_size_heals_though_no_more_damage_can_be_remembered),
        TEST(a_blob_that_is_set_aside_can_be_written_again),
        TEST(a_walk_tells_blobs_from_what_is_foreign),
        TEST(a_new_store_is_refused_until_it_is_complete),
        TEST(looking_at_a_store_changes_nothing),
        TEST(a_map_keeps_what_was_put_into_it),
        TEST(sweeps_and_uploads_at_once_lose_nothing),
    };
    return cmocka_run_group_tests_name("store_sweep", tests, NULL, NULL);
}
