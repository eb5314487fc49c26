#include "variant_fixture.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL = 2000, THREADS = 8, ADDERS = 4, EACH = 8 };

static void expect_puts(struct variant_fixture *fixture, const char *wanted) {
    char *found = variant_puts(fixture);
    assert_string_equal(found, wanted);
    free(found);
}

static struct berth_digest add_text(struct variant_fixture *fixture, const char *version,
                                    const char *path, unsigned seed) {
    char *text = variant_text(SMALL, seed);
    struct berth_digest digest = variant_add_file(fixture, version, path, text, SMALL);
    free(text);
    return digest;
}

/* The blob has all variants, and each is what it should be. */
static void expect_variants(struct variant_fixture *fixture, const struct berth_digest *blob,
                            unsigned seed) {
    char *text = variant_text(SMALL, seed);
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++) {
        struct berth_variant variant = variant_of(fixture, blob, (enum berth_coding)coding);
        char *made;
        size_t length;
        assert_true(variant.bytes > 0 && variant.bytes < SMALL);
        assert_int_equal(
            berth_blob_read(fixture->store, &variant.digest, SMALL, &made, &length, NULL),
            BERTH_OK);
        assert_int_equal(length, variant.bytes);
        variant_expect((enum berth_coding)coding, made, length, text, SMALL);
        free(made);
    }
    free(text);
}

static struct berth_compressor_state state_of(struct variant_fixture *fixture) {
    struct berth_compressor_state state;
    berth_compressor_state(fixture->compressor, &state);
    return state;
}

static void test_all_that_is_there_gets_quick_variants_before_any_gets_the_best(void **state) {
    struct variant_fixture *fixture = *state;
    struct berth_digest first = add_text(fixture, "1.0.0", "a.js", 1);
    add_text(fixture, "2.0.0", "a.js", 2);
    add_text(fixture, "3.0.0", "a.js", 3);
    add_text(fixture, "3.0.0", "b.js", 4);
    variant_start(fixture, 1);
    variant_wait(fixture, "3.0.0", BERTH_COMPRESSION_BEST);
    variant_stop(fixture);
    expect_puts(fixture, "1.0.0 quick 3, 2.0.0 quick 3, 3.0.0 quick 6, "
                         "1.0.0 best 3, 2.0.0 best 3, 3.0.0 best 6");
    expect_variants(fixture, &first, 1);
    assert_true(fixture->fake.made >= 5); /* the last may have come after the stop */
}

static bool has_finished_one(struct variant_fixture *fixture) {
    return state_of(fixture).finished == 1;
}

static bool has_finished_three(struct variant_fixture *fixture) {
    return state_of(fixture).finished == 3;
}

static void test_new_versions_are_taken_and_counted(void **state) {
    struct variant_fixture *fixture = *state;
    static const char *const versions[] = {"1.0.0", "1.1.0", "1.2.0"};
    variant_start(fixture, 2);
    for (unsigned i = 0; i < 3; i++) {
        add_text(fixture, versions[i], "a.css", i);
        berth_compressor_add(fixture->compressor, "app", versions[i]);
    }
    variant_until(has_finished_three, fixture);
    struct berth_compressor_state counts = state_of(fixture);
    assert_int_equal(counts.waiting + counts.improving + counts.failed, 0);
    assert_int_equal(fixture->fake.made, 6);
}

static void test_a_blob_is_compressed_once_whichever_versions_have_it(void **state) {
    struct variant_fixture *fixture = *state;
    add_text(fixture, "1.0.0", "a.js", 1);
    add_text(fixture, "1.0.0", "copy.js", 1);
    variant_start(fixture, 2);
    variant_wait(fixture, "1.0.0", BERTH_COMPRESSION_BEST);
    variant_stop(fixture);
    assert_int_equal(variant_reads(), 2);
    add_text(fixture, "1.1.0", "a.js", 1);
    variant_start(fixture, 2);
    variant_wait(fixture, "1.1.0", BERTH_COMPRESSION_BEST);
    assert_int_equal(variant_reads(), 2);
    expect_puts(fixture, "1.0.0 quick 3, 1.0.0 best 3, 1.1.0 quick 0, 1.1.0 best 0");
}

static void test_what_needs_no_variants_is_finished_at_once(void **state) {
    struct variant_fixture *fixture = *state;
    char noise[SMALL];
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, noise, sizeof noise), sizeof noise);
    close(fd);
    add_text(fixture, "1.0.0", "photo.png", 1);
    variant_add_file(fixture, "1.0.0", "tiny.js", "1", 1);
    struct berth_digest digest = variant_add_file(fixture, "2.0.0", "a.js", noise, sizeof noise);
    variant_start(fixture, 1);
    variant_wait(fixture, "2.0.0", BERTH_COMPRESSION_BEST);
    expect_puts(fixture, "1.0.0 best 0, 2.0.0 quick 3, 2.0.0 best 3");
    for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
        assert_int_equal(variant_of(fixture, &digest, (enum berth_coding)coding).bytes, 0);
}

/* Showing them costs as much as the version has files. */
static void test_many_files_are_shown_a_few_times(void **state) {
    enum { PORTIONS = 9, FILES = PORTIONS * 256, BYTES = 256, PASSES = 2 };
    struct variant_fixture *fixture = *state;
    char noise[BYTES], path[32];
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    assert_int_equal(berth_batch_begin(fixture->store, &fixture->batch, NULL), BERTH_OK);
    for (int i = 0; i < FILES; i++) {
        assert_int_equal(read(fd, noise, sizeof noise), sizeof noise);
        (void)snprintf(path, sizeof path, "%d.js", i);
        variant_add_file(fixture, "1.0.0", path, noise, sizeof noise);
    }
    close(fd);
    assert_int_equal(berth_batch_finish(fixture->batch, NULL), BERTH_OK);
    fixture->batch = NULL;
    variant_start(fixture, 2);
    variant_until(has_finished_one, fixture);
    assert_int_equal(fixture->fake.put_count, PASSES * (PORTIONS + 1));
    /* After 1, 2, 4 and 8 portions, and at the end. */
    assert_int_equal(fixture->fake.made, PASSES * 5);
}

static void test_a_start_goes_on_with_what_is_unfinished_alone(void **state) {
    struct variant_fixture *fixture = *state;
    add_text(fixture, "1.0.0", "a.js", 1);
    add_text(fixture, "2.0.0", "a.js", 2);
    add_text(fixture, "3.0.0", "a.js", 3);
    fixture->fake.versions[0].compression = BERTH_COMPRESSION_BEST;
    fixture->fake.versions[1].compression = BERTH_COMPRESSION_QUICK;
    variant_start(fixture, 1);
    variant_wait(fixture, "3.0.0", BERTH_COMPRESSION_BEST);
    expect_puts(fixture, "3.0.0 quick 3, 2.0.0 best 3, 3.0.0 best 3");
}

static bool has_failed(struct variant_fixture *fixture) {
    return state_of(fixture).failed == 1;
}

static void damage(const struct variant_fixture *fixture, const struct berth_digest *digest,
                   const void *data, size_t length) {
    char hex[BERTH_HEX_BYTES], path[TEMP_PATH_BYTES + 100];
    berth_digest_hex(digest, hex);
    (void)snprintf(path, sizeof path, "%s/blobs/%.2s/%s", fixture->directory, hex, hex);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, length, 0), length);
    close(fd);
}

static void test_a_damaged_blob_costs_itself_alone_until_the_next_start(void **state) {
    struct variant_fixture *fixture = *state;
    char *text = variant_text(SMALL, 1);
    struct berth_digest bad = add_text(fixture, "1.0.0", "bad.js", 1);
    struct berth_digest good = add_text(fixture, "1.0.0", "good.js", 2);
    damage(fixture, &bad, "!!!!", 4);
    variant_start(fixture, 1);
    variant_until(has_failed, fixture);
    expect_puts(fixture, "1.0.0 none 3");
    expect_variants(fixture, &good, 2);
    assert_int_equal(variant_of(fixture, &bad, BERTH_GZIP).bytes, 0);
    variant_stop(fixture);
    damage(fixture, &bad, text, 4);
    variant_start(fixture, 1);
    variant_wait(fixture, "1.0.0", BERTH_COMPRESSION_BEST);
    expect_variants(fixture, &bad, 1);
    expect_puts(fixture, "1.0.0 none 3, 1.0.0 quick 3, 1.0.0 best 6");
    free(text);
}

static void test_a_full_disk_fails_the_version_and_notes_nothing(void **state) {
    struct variant_fixture *fixture = *state;
    add_text(fixture, "1.0.0", "a.js", 1);
    add_text(fixture, "1.0.0", "b.js", 2);
    atomic_store(&variant_disk_full, true);
    variant_start(fixture, 2);
    variant_until(has_failed, fixture);
    expect_puts(fixture, "");
    variant_stop(fixture);
    atomic_store(&variant_disk_full, false);
    variant_start(fixture, 2);
    variant_wait(fixture, "1.0.0", BERTH_COMPRESSION_BEST);
}

/* A gate in a read of a blob, which a worker waits at. */
static int gate_at;
static atomic_bool at_gate, gate_open;
static atomic_bool *_Atomic gate_stop;

static void wait_at_gate(int number) {
    if (number != gate_at)
        return;
    atomic_store(&at_gate, true);
    const atomic_bool *stop;
    while (!atomic_load(&gate_open) && !((stop = atomic_load(&gate_stop)) && atomic_load(stop)))
        sched_yield();
}

static bool is_at_gate(struct variant_fixture *fixture) {
    (void)fixture;
    return atomic_load(&at_gate);
}

static void set_gate(int number) {
    gate_at = number;
    atomic_store(&gate_stop, NULL);
    atomic_store(&at_gate, false);
    atomic_store(&gate_open, false);
    variant_on_read = wait_at_gate;
}

static void test_a_new_version_goes_before_the_best_of_an_older_one(void **state) {
    struct variant_fixture *fixture = *state;
    add_text(fixture, "1.0.0", "a.js", 1);
    add_text(fixture, "1.0.0", "b.js", 2);
    set_gate(3); /* two quick ones, then the first of the best */
    variant_start(fixture, 1);
    variant_until(is_at_gate, fixture);
    add_text(fixture, "2.0.0", "a.js", 3);
    berth_compressor_add(fixture->compressor, "app", "2.0.0");
    struct berth_compressor_state counts = state_of(fixture);
    assert_int_equal(counts.waiting, 1);
    assert_int_equal(counts.improving, 1);
    atomic_store(&gate_open, true);
    variant_wait(fixture, "2.0.0", BERTH_COMPRESSION_BEST);
    expect_puts(fixture, "1.0.0 quick 6, 2.0.0 quick 3, 1.0.0 best 6, 2.0.0 best 3");
}

/* One is deleted before its turn comes, the other while its file is read. */
static void test_versions_that_are_deleted_meanwhile_are_no_failures(void **state) {
    struct variant_fixture *fixture = *state;
    add_text(fixture, "1.0.0", "a.js", 1);
    add_text(fixture, "2.0.0", "a.js", 2);
    add_text(fixture, "3.0.0", "a.js", 3);
    set_gate(1);
    variant_start(fixture, 1);
    variant_until(is_at_gate, fixture);
    pthread_mutex_lock(&fixture->fake.lock);
    fixture->fake.versions[0].deleted = true;
    fixture->fake.versions[1].deleted = true;
    pthread_mutex_unlock(&fixture->fake.lock);
    atomic_store(&gate_open, true);
    variant_wait(fixture, "3.0.0", BERTH_COMPRESSION_BEST);
    variant_until(has_finished_three, fixture);
    assert_int_equal(state_of(fixture).failed, 0);
    expect_puts(fixture, "3.0.0 quick 3, 3.0.0 best 3");
}

static void test_a_stop_in_the_middle_keeps_what_was_made_and_a_start_goes_on(void **state) {
    struct variant_fixture *fixture = *state;
    struct berth_digest first = add_text(fixture, "1.0.0", "a.js", 1);
    struct berth_digest second = add_text(fixture, "1.0.0", "b.js", 2);
    set_gate(4); /* two quick ones, the best of one, and this: it ends with the stop */
    variant_start(fixture, 1);
    atomic_store(&gate_stop, &fixture->compressor->stop);
    variant_until(is_at_gate, fixture);
    variant_stop(fixture);
    expect_puts(fixture, "1.0.0 quick 6, 1.0.0 quick 3");
    variant_on_read = NULL;
    variant_start(fixture, 1);
    variant_wait(fixture, "1.0.0", BERTH_COMPRESSION_BEST);
    assert_int_equal(variant_reads(), 5);
    expect_puts(fixture, "1.0.0 quick 6, 1.0.0 quick 3, 1.0.0 best 3");
    expect_variants(fixture, &first, 1);
    expect_variants(fixture, &second, 2);
}

static void test_without_threads_nothing_is_compressed(void **state) {
    struct variant_fixture *fixture = *state;
    add_text(fixture, "1.0.0", "a.js", 1);
    variant_start(fixture, 0);
    berth_compressor_add(fixture->compressor, "app", "1.0.0");
    variant_stop(fixture);
    expect_puts(fixture, "");
    berth_compressor_stop(NULL);
}

struct adder {
    struct variant_fixture *fixture;
    unsigned number;
    pthread_t thread;
};

static void *add_versions(void *context) {
    const struct adder *adder = context;
    for (unsigned i = 0; i < EACH; i++) {
        char version[FAKE_NAME];
        (void)snprintf(version, sizeof version, "%u.%u.0", adder->number, i);
        add_text(adder->fixture, version, "a.js", adder->number * EACH + i);
        add_text(adder->fixture, version, "shared.js", i);
        berth_compressor_add(adder->fixture->compressor, "app", version);
    }
    return NULL;
}

static bool has_finished_all(struct variant_fixture *fixture) {
    return state_of(fixture).finished == ADDERS * EACH;
}

static void test_many_threads_add_while_many_compress(void **state) {
    struct variant_fixture *fixture = *state;
    struct adder adders[ADDERS];
    variant_start(fixture, THREADS);
    for (unsigned i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){.fixture = fixture, .number = i};
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_versions, &adders[i]), 0);
    }
    for (unsigned i = 0; i < ADDERS; i++)
        pthread_join(adders[i].thread, NULL);
    variant_until(has_finished_all, fixture);
    variant_stop(fixture);
    for (size_t i = 0; i < fixture->fake.version_count; i++)
        assert_int_equal(fixture->fake.versions[i].compression, BERTH_COMPRESSION_BEST);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, variant_setup, variant_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_all_that_is_there_gets_quick_variants_before_any_gets_the_best),
        TEST(test_new_versions_are_taken_and_counted),
        TEST(test_a_blob_is_compressed_once_whichever_versions_have_it),
        TEST(test_what_needs_no_variants_is_finished_at_once),
        TEST(test_many_files_are_shown_a_few_times),
        TEST(test_a_start_goes_on_with_what_is_unfinished_alone),
        TEST(test_a_damaged_blob_costs_itself_alone_until_the_next_start),
        TEST(test_a_full_disk_fails_the_version_and_notes_nothing),
        TEST(test_a_new_version_goes_before_the_best_of_an_older_one),
        TEST(test_versions_that_are_deleted_meanwhile_are_no_failures),
        TEST(test_a_stop_in_the_middle_keeps_what_was_made_and_a_start_goes_on),
        TEST(test_without_threads_nothing_is_compressed),
        TEST(test_many_threads_add_while_many_compress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
