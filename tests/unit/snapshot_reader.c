/* Large blobs, part by part. */
#include "nodes.h"
#include "snapshot_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, AT = 3 * PIECE, LARGE = 10 * PIECE + 1234 };

/* What is read of files is counted. */
ssize_t __real_pread(int fd, void *data, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t length, off_t offset);

static atomic_llong read_bytes;

ssize_t __wrap_pread(int fd, void *data, size_t length, off_t offset) {
    atomic_fetch_add(&read_bytes, (long long)length);
    return __real_pread(fd, data, length, offset);
}

static char *text_of(size_t length) {
    char *text = malloc(length + 1);
    assert_non_null(text);
    for (size_t i = 0; i < length; i++)
        text[i] = (char)('a' + (i * 7 + i / 251) % 26);
    text[length] = '\0';
    return text;
}

static struct berth_digest put(struct snapshot_fixture *fixture, const char *text, size_t length) {
    struct berth_blob_writer *writer = NULL;
    struct berth_digest digest;
    int64_t bytes;
    assert_int_equal(berth_blob_begin(fixture->store, &writer, NULL), BERTH_OK);
    assert_int_equal(berth_blob_add(writer, text, length, NULL), BERTH_OK);
    assert_int_equal(berth_blob_finish(writer, &digest, &bytes, NULL), BERTH_OK);
    return digest;
}

static struct berth_reader *open_reader(struct snapshot_fixture *fixture,
                                        const struct berth_digest *digest, size_t length) {
    struct berth_reader *reader = NULL;
    assert_int_equal(berth_reader_open(fixture->views.bodies, fixture->store, digest,
                                       (int64_t)length, &reader, &fixture->error),
                     BERTH_OK);
    return reader;
}

static void assert_part(struct berth_reader *reader, const char *text, size_t offset,
                        size_t length) {
    char *part = malloc(length + 1);
    assert_non_null(part);
    assert_true(berth_reader_read(reader, (int64_t)offset, part, length));
    assert_memory_equal(part, text + offset, length);
    free(part);
}

static void flip(struct snapshot_fixture *fixture, const struct berth_digest *digest,
                 size_t offset) {
    char hex[BERTH_HEX_BYTES], path[TEMP_PATH_BYTES + 100], byte;
    berth_digest_hex(digest, hex);
    (void)snprintf(path, sizeof path, "%s/blobs/%.2s/%s", fixture->directory, hex, hex);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(__real_pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

static void any_part_of_a_blob_of_any_size_is_what_it_should_be(void **state) {
    static const size_t LENGTHS[] = {0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * (size_t)PIECE, LARGE};
    struct snapshot_fixture *fixture = *state;
    unsigned seed = 1;
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
        size_t length = LENGTHS[i];
        char *text = text_of(length);
        struct berth_digest digest = put(fixture, text, length);
        for (int round = 0; round < 3; round++) {
            struct berth_reader *reader = open_reader(fixture, &digest, length);
            assert_true(berth_reader_check(reader));
            assert_part(reader, text, 0, length);
            for (int part = 0; part < 20; part++) {
                size_t offset = (size_t)rand_r(&seed) % (length + 1);
                assert_part(reader, text, offset, (size_t)rand_r(&seed) % (length - offset + 1));
            }
            char more;
            assert_false(berth_reader_read(reader, (int64_t)length, &more, 1));
            berth_reader_close(reader);
        }
        free(text);
    }
}

static void a_part_costs_its_pieces_once_the_whole_was_read(void **state) {
    struct snapshot_fixture *fixture = *state;
    char *text = text_of(LARGE);
    struct berth_digest digest = put(fixture, text, LARGE);
    atomic_store(&read_bytes, 0);
    struct berth_reader *reader = open_reader(fixture, &digest, LARGE);
    assert_part(reader, text, 100, 10);
    berth_reader_close(reader);
    assert_in_range(atomic_load(&read_bytes), LARGE, LARGE + PIECE);
    for (size_t at = 0; at < 10; at++) {
        atomic_store(&read_bytes, 0);
        reader = open_reader(fixture, &digest, LARGE);
        assert_part(reader, text, at * PIECE + 5, 100);
        berth_reader_close(reader);
        assert_int_equal(atomic_load(&read_bytes), PIECE);
    }
    free(text);
}

static void damage_that_comes_later_is_found_where_it_is(void **state) {
    struct snapshot_fixture *fixture = *state;
    char *text = text_of(LARGE), part[100];
    struct berth_digest digest = put(fixture, text, LARGE);
    struct berth_reader *before = open_reader(fixture, &digest, LARGE);
    assert_true(berth_reader_check(before));
    flip(fixture, &digest, AT + 777);
    struct berth_reader *reader = open_reader(fixture, &digest, LARGE);
    assert_part(reader, text, AT - PIECE, PIECE);
    assert_part(reader, text, AT + PIECE, PIECE);
    /* Far from what changed, and in its piece. */
    assert_false(berth_reader_read(reader, AT + PIECE - 50, part, 20));
    assert_false(berth_reader_read(before, AT, part, 20));
    berth_reader_close(reader);
    berth_reader_close(before);
    reader = open_reader(fixture, &digest, LARGE); /* from now on, all of it is looked at first */
    assert_false(berth_reader_check(reader));
    assert_false(berth_reader_read(reader, 0, part, 20));
    berth_reader_close(reader);
    (void)put(fixture, text, LARGE); /* the store was told, so this heals it */
    reader = open_reader(fixture, &digest, LARGE);
    assert_part(reader, text, 0, LARGE);
    berth_reader_close(reader);
    free(text);
}

static void a_blob_that_is_damaged_at_first_is_not_read(void **state) {
    static const size_t LENGTHS[] = {10, LARGE};
    struct snapshot_fixture *fixture = *state;
    struct berth_reader *reader = NULL;
    char part;
    for (size_t i = 0; i < 2; i++) {
        char *text = text_of(LENGTHS[i]);
        struct berth_digest digest = put(fixture, text, LENGTHS[i]);
        flip(fixture, &digest, LENGTHS[i] - 1);
        reader = open_reader(fixture, &digest, LENGTHS[i]);
        assert_false(berth_reader_check(reader));
        assert_false(berth_reader_read(reader, 0, &part, 1));
        berth_reader_close(reader);
        assert_int_equal(berth_reader_open(fixture->views.bodies, fixture->store, &digest, 1,
                                           &reader, &fixture->error),
                         BERTH_IO);
        assert_string_equal(fixture->error.rule, "blob-damaged");
        fixture->error = (struct berth_error){0};
        free(text);
    }
    struct berth_digest none = berth_sha256("none", 4);
    assert_int_equal(berth_reader_open(fixture->views.bodies, fixture->store, &none, 4, &reader,
                                       &fixture->error),
                     BERTH_NOT_FOUND);
}

static void what_is_noted_takes_no_more_memory_than_its_share(void **state) {
    enum { BLOBS = 100, COUNT = 4096 };
    struct berth_pieces *pieces = berth_pieces_create();
    int kept = 0;
    (void)state;
    for (int i = 0; i < BLOBS; i++) {
        struct piece_sums *sums = calloc(1, sizeof *sums + COUNT * sizeof sums->of[0]);
        assert_non_null(sums);
        sums->digest = berth_sha256(&i, sizeof i);
        sums->count = COUNT;
        berth_pieces_give(pieces, berth_pieces_put(pieces, sums));
    }
    for (int i = 0; i < BLOBS; i++) {
        struct berth_digest digest = berth_sha256(&i, sizeof i);
        const struct piece_sums *sums = berth_pieces_take(pieces, &digest);
        assert_true(sums || kept == 0); /* the newest stay */
        kept += sums != NULL;
        berth_pieces_give(pieces, sums);
    }
    assert_in_range(kept, 20, 40);
    berth_pieces_destroy(pieces);
}

struct crowd {
    struct snapshot_fixture *fixture;
    struct berth_digest digest;
    const char *text;
};

static void *read_often(void *context) {
    const struct crowd *crowd = context;
    unsigned seed = (unsigned)(uintptr_t)&seed;
    for (int i = 0; i < 100; i++) {
        struct berth_reader *reader = open_reader(crowd->fixture, &crowd->digest, LARGE);
        size_t offset = (size_t)rand_r(&seed) % (LARGE - 1000);
        assert_part(reader, crowd->text, offset, 1000);
        berth_reader_close(reader);
    }
    return NULL;
}

static void many_threads_read_one_blob(void **state) {
    char *text = text_of(LARGE);
    struct crowd crowd = {.fixture = *state, .digest = put(*state, text, LARGE), .text = text};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &crowd), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(any_part_of_a_blob_of_any_size_is_what_it_should_be),
        SNAPSHOT_TEST(a_part_costs_its_pieces_once_the_whole_was_read),
        SNAPSHOT_TEST(damage_that_comes_later_is_found_where_it_is),
        SNAPSHOT_TEST(a_blob_that_is_damaged_at_first_is_not_read),
        cmocka_unit_test(what_is_noted_takes_no_more_memory_than_its_share),
        SNAPSHOT_TEST(many_threads_read_one_blob),
    };
    return cmocka_run_group_tests_name("snapshot_reader", tests, NULL, NULL);
}
