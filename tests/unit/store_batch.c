/* Blobs that are synced together. */
#include "berth/store.h"
#include "temp_directory.h"
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// The headers above must come before it.
#include <cmocka.h>

/* More than one batch keeps open, and not a multiple of it. */
enum { BLOBS = 300 };

struct fixture {
    char directory[TEMP_PATH_BYTES];
    struct berth_store *store;
    struct berth_batch *batch;
    struct berth_error error;
};

/* fsync as the store sees it (--wrap): counted, failing on demand, and a look at the store. */
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static atomic_int fsync_count;
static atomic_int fsync_fails_at; /* which one, from 1 on; 0: none */
static atomic_int fsync_errno;
static struct fixture *watched; /* named blobs and open files are counted at each fsync */
static atomic_int named_too_early;
static atomic_int most_open;

static int entries_of(const char *path) {
    DIR *folder = opendir(path);
    int count = -2; /* "." and ".." */
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static bool is_named(struct berth_store *store, int number) {
    struct berth_digest digest = berth_sha256(&number, sizeof number);
    int fd = -1;
    int64_t bytes = 0;
    bool found = berth_blob_open(store, &digest, &fd, &bytes, NULL) == BERTH_OK;
    if (found)
        close(fd);
    return found;
}

int __wrap_fsync(int fd) {
    int number = atomic_fetch_add(&fsync_count, 1) + 1;
    if (watched) {
        int open = entries_of("/proc/self/fd");
        if (open > atomic_load(&most_open))
            atomic_store(&most_open, open);
        if (is_named(watched->store, 0))
            atomic_fetch_add(&named_too_early, 1);
    }
    if (number == atomic_load(&fsync_fails_at)) {
        errno = atomic_load(&fsync_errno);
        return -1;
    }
    return __real_fsync(fd);
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    atomic_store(&fsync_fails_at, 0);
    temp_directory_make(fixture->directory);
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, &fixture->error), 0);
    assert_int_equal(berth_batch_begin(fixture->store, &fixture->batch, NULL), BERTH_OK);
    atomic_store(&fsync_count, 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    watched = NULL;
    berth_store_close(fixture->store);
    temp_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

/* For the next row of a table. */
static struct fixture *start_again(void **state) {
    struct fixture *old = *state;
    if (old->batch)
        berth_batch_abort(old->batch);
    teardown(state);
    setup(state);
    return *state;
}

static enum berth_code put(struct berth_batch *batch, int number, struct berth_error *error) {
    struct berth_blob_writer *writer = NULL;
    struct berth_digest digest;
    int64_t bytes = 0;
    enum berth_code code = berth_blob_begin_in(batch, &writer, error);
    if (code)
        return code;
    code = berth_blob_add(writer, &number, sizeof number, error);
    if (!code)
        return berth_blob_finish(writer, &digest, &bytes, error);
    berth_blob_abort(writer);
    return code;
}

static enum berth_code finish(struct fixture *fixture, struct berth_error *error) {
    struct berth_batch *batch = fixture->batch;
    fixture->batch = NULL;
    return berth_batch_finish(batch, error);
}

static void put_many(struct fixture *fixture, int from, int count) {
    for (int i = from; i < from + count; i++)
        assert_int_equal(put(fixture->batch, i, &fixture->error), BERTH_OK);
}

static int count_named(struct fixture *fixture, int count) {
    int named = 0;
    for (int i = 0; i < count; i++)
        named += is_named(fixture->store, i);
    return named;
}

static int count_temps(const struct fixture *fixture) {
    char tmp[TEMP_PATH_BYTES + 8];
    (void)snprintf(tmp, sizeof tmp, "%s/tmp", fixture->directory);
    return entries_of(tmp);
}

static void a_batch_gives_all_its_blobs_their_names(void **state) {
    static const int COUNTS[] = {0, 1, 7, 8, 128, 129, BLOBS};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        struct fixture *fixture = start_again(state);
        put_many(fixture, 0, COUNTS[i]);
        assert_int_equal(finish(fixture, NULL), BERTH_OK);
        assert_int_equal(count_named(fixture, COUNTS[i]), COUNTS[i]);
        assert_int_equal(atomic_load(&fsync_count), COUNTS[i]);
        assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
        assert_int_equal(count_temps(fixture), 0);
    }
}

static void no_blob_has_a_name_before_all_are_synced(void **state) {
    enum { IN_ONE_GO = 100 };
    struct fixture *fixture = *state;
    put_many(fixture, 0, IN_ONE_GO);
    assert_int_equal(count_named(fixture, IN_ONE_GO), 0);
    atomic_store(&named_too_early, 0);
    watched = fixture;
    assert_int_equal(finish(fixture, NULL), BERTH_OK);
    watched = NULL;
    assert_int_equal(atomic_load(&named_too_early), 0);
    assert_int_equal(count_named(fixture, IN_ONE_GO), IN_ONE_GO);
}

static void a_large_batch_does_not_keep_all_its_files_open(void **state) {
    struct fixture *fixture = *state;
    atomic_store(&most_open, 0);
    int before = entries_of("/proc/self/fd");
    watched = fixture;
    put_many(fixture, 0, BLOBS);
    assert_int_equal(finish(fixture, NULL), BERTH_OK);
    watched = NULL;
    assert_in_range(atomic_load(&most_open), before + 100, before + 150);
}

static void a_blob_that_is_there_is_not_written_again(void **state) {
    struct fixture *fixture = *state;
    put_many(fixture, 0, 20);
    assert_int_equal(finish(fixture, NULL), BERTH_OK);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    assert_int_equal(berth_batch_begin(fixture->store, &fixture->batch, NULL), BERTH_OK);
    atomic_store(&fsync_count, 0);
    put_many(fixture, 0, 20);
    assert_int_equal(count_temps(fixture), 0);
    assert_int_equal(finish(fixture, NULL), BERTH_OK);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    assert_int_equal(atomic_load(&fsync_count), 0);
}

static void the_same_blob_twice_in_a_batch_is_one(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++)
        put_many(fixture, 0, 10);
    assert_int_equal(finish(fixture, NULL), BERTH_OK);
    assert_int_equal(count_named(fixture, 10), 10);
    assert_int_equal(count_temps(fixture), 0);
}

static void an_aborted_batch_leaves_nothing(void **state) {
    struct fixture *fixture = *state;
    put_many(fixture, 0, 10);
    berth_batch_abort(fixture->batch);
    berth_batch_abort(NULL);
    assert_int_equal(count_named(fixture, 10), 0);
    assert_int_equal(count_temps(fixture), 0);
}

static void a_failed_fsync_is_final_whichever_of_the_batch_it_was(void **state) {
    static const int WHICH[] = {1, 2, 31, 64};
    for (size_t i = 0; i < sizeof WHICH / sizeof WHICH[0]; i++) {
        struct berth_error error = {0};
        struct fixture *fixture = start_again(state);
        put_many(fixture, 0, 64);
        atomic_store(&fsync_errno, EIO);
        atomic_store(&fsync_fails_at, WHICH[i]);
        assert_int_equal(finish(fixture, &error), BERTH_IO);
        assert_string_equal(error.rule, "store-broken");
        assert_int_equal(count_named(fixture, 64), 0);
        assert_int_equal(count_temps(fixture), 0);
        assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_IO);
        struct berth_blob_writer *writer = NULL;
        assert_int_equal(berth_blob_begin(fixture->store, &writer, NULL), BERTH_IO);
    }
}

static void a_full_disk_costs_the_batch_and_no_more(void **state) {
    struct fixture *fixture = *state;
    put_many(fixture, 0, 64);
    atomic_store(&fsync_errno, ENOSPC);
    atomic_store(&fsync_fails_at, 40);
    assert_int_equal(finish(fixture, NULL), BERTH_NO_SPACE);
    assert_int_equal(count_named(fixture, 64), 0);
    assert_int_equal(count_temps(fixture), 0);
    assert_int_equal(berth_batch_begin(fixture->store, &fixture->batch, NULL), BERTH_OK);
    put_many(fixture, 0, 64);
    assert_int_equal(finish(fixture, NULL), BERTH_OK);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    assert_int_equal(count_named(fixture, 64), 64);
}

/* The store breaks between two batches' fsyncs: what was written before must not get its name. */
static void a_batch_that_waits_while_the_store_breaks_fails(void **state) {
    struct fixture *fixture = *state;
    struct berth_batch *other = NULL;
    put_many(fixture, 0, 10);
    assert_int_equal(berth_batch_begin(fixture->store, &other, NULL), BERTH_OK);
    assert_int_equal(put(other, 99, NULL), BERTH_OK);
    atomic_store(&fsync_errno, EIO);
    atomic_store(&fsync_fails_at, 1);
    assert_int_equal(berth_batch_finish(other, NULL), BERTH_IO);
    assert_int_equal(finish(fixture, NULL), BERTH_IO);
    assert_int_equal(count_named(fixture, 10), 0);
    assert_int_equal(count_temps(fixture), 0);
}

enum { THREADS = 8, EACH = 150 };

struct writer {
    pthread_t thread;
    struct berth_store *store;
    int failures;
};

static void *write_batch(void *context) {
    struct writer *writer = context;
    struct berth_batch *batch = NULL;
    if (berth_batch_begin(writer->store, &batch, NULL)) {
        writer->failures++;
        return NULL;
    }
    for (int i = 0; i < EACH; i++)
        if (put(batch, i, NULL))
            writer->failures++;
    if (berth_batch_finish(batch, NULL) || berth_store_sync(writer->store, NULL))
        writer->failures++;
    for (int i = 0; i < EACH; i++)
        if (!is_named(writer->store, i))
            writer->failures++;
    return NULL;
}

static void batches_of_the_same_blobs_at_once_agree(void **state) {
    struct fixture *fixture = *state;
    struct writer writers[THREADS];
    berth_batch_abort(fixture->batch);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.store = fixture->store};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_batch, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].failures, 0);
    }
    assert_int_equal(count_temps(fixture), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_batch_gives_all_its_blobs_their_names),
        TEST(no_blob_has_a_name_before_all_are_synced),
        TEST(a_large_batch_does_not_keep_all_its_files_open),
        TEST(a_blob_that_is_there_is_not_written_again),
        TEST(the_same_blob_twice_in_a_batch_is_one),
        TEST(an_aborted_batch_leaves_nothing),
        TEST(a_failed_fsync_is_final_whichever_of_the_batch_it_was),
        TEST(a_full_disk_costs_the_batch_and_no_more),
        TEST(a_batch_that_waits_while_the_store_breaks_fails),
        TEST(batches_of_the_same_blobs_at_once_agree),
    };
    return cmocka_run_group_tests_name("store_batch", tests, NULL, NULL);
}
