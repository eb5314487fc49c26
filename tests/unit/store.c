#include "store_fixture.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* fsync as the store sees it (--wrap): counted, and failing on demand. */
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static atomic_int fsync_count;
static atomic_int fsync_errno; /* 0: works */

int __wrap_fsync(int fd) {
    atomic_fetch_add(&fsync_count, 1);
    if (atomic_load(&fsync_errno) != 0) {
        errno = atomic_load(&fsync_errno);
        return -1;
    }
    return __real_fsync(fd);
}

/* pread likewise. */
ssize_t __real_pread(int fd, void *data, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t length, off_t offset);

static int pread_errno; /* 0: works */

ssize_t __wrap_pread(int fd, void *data, size_t length, off_t offset) {
    errno = pread_errno;
    return pread_errno ? -1 : __real_pread(fd, data, length, offset);
}

static int setup(void **state) {
    atomic_store(&fsync_errno, 0);
    pread_errno = 0;
    return fixture_setup(state);
}

static int teardown(void **state) {
    atomic_store(&fsync_errno, 0);
    return fixture_teardown(state);
}

static void assert_no_temp(const struct fixture *fixture) {
    char tmp[TEMP_PATH_BYTES + 8];
    (void)snprintf(tmp, sizeof tmp, "%s/tmp", fixture->directory);
    DIR *folder = opendir(tmp);
    assert_non_null(folder);
    int entries = 0;
    while (readdir(folder))
        entries++;
    closedir(folder);
    assert_int_equal(entries, 2); /* "." and ".." */
}

static void a_blob_is_found_under_its_digest(void **state) {
    static const char *const TEXTS[] = {"", "a", "remoteEntry.js and more"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        size_t length = strlen(TEXTS[i]);
        struct berth_digest expected = berth_sha256(TEXTS[i], length);
        struct berth_digest digest;
        char *data = NULL;
        size_t bytes = 99;
        assert_int_equal(fixture_put(fixture->store, TEXTS[i], length, &digest, NULL), BERTH_OK);
        assert_true(berth_digest_equal(&digest, &expected));
        assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
        assert_int_equal(
            berth_blob_read(fixture->store, &digest, (int64_t)length, &data, &bytes, NULL),
            BERTH_OK);
        assert_int_equal(bytes, length);
        assert_memory_equal(data, TEXTS[i], length);
        free(data);
    }
    assert_no_temp(fixture);
}

static void an_opened_blob_tells_its_size(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    int fd = -1;
    int64_t bytes = 0;
    char data[8] = "";
    assert_int_equal(fixture_put(fixture->store, "entry", 5, &digest, NULL), BERTH_OK);
    assert_int_equal(berth_blob_open(fixture->store, &digest, &fd, &bytes, NULL), BERTH_OK);
    assert_int_equal(bytes, 5);
    assert_int_equal(read(fd, data, sizeof data), 5);
    assert_string_equal(data, "entry");
    assert_int_equal(write(fd, "x", 1), -1);
    close(fd);
}

static void a_missing_blob_is_not_found(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest = berth_sha256("nobody wrote this", 17);
    int fd = -7;
    int64_t bytes = -7;
    assert_int_equal(berth_blob_open(fixture->store, &digest, &fd, &bytes, &fixture->error),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "blob-unknown");
    assert_int_equal(fd, -7);
    assert_int_equal(bytes, -7);
}

static void a_blob_that_is_there_is_left_as_it_is(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    char name[128];
    char path[512];
    struct stat before;
    struct stat after;
    assert_int_equal(fixture_put(fixture->store, "same", 4, &digest, NULL), BERTH_OK);
    fixture_blob_name(&digest, name);
    (void)snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(fixture_put(fixture->store, "same", 4, &digest, NULL), BERTH_OK);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_no_temp(fixture);
}

static void an_aborted_blob_leaves_nothing(void **state) {
    struct fixture *fixture = *state;
    struct berth_blob_writer *writer = NULL;
    struct berth_digest digest = berth_sha256("half", 4);
    int fd = -1;
    int64_t bytes = 0;
    assert_int_equal(berth_blob_begin(fixture->store, &writer, NULL), BERTH_OK);
    assert_int_equal(berth_blob_add(writer, "half", 4, NULL), BERTH_OK);
    berth_blob_abort(writer);
    berth_blob_abort(NULL);
    assert_no_temp(fixture);
    assert_int_equal(berth_blob_open(fixture->store, &digest, &fd, &bytes, NULL), BERTH_NOT_FOUND);
}

static void a_scratch_file_has_no_name(void **state) {
    struct fixture *fixture = *state;
    int fd = -1;
    char data[8] = "";
    assert_int_equal(berth_store_scratch(fixture->store, &fd, NULL), BERTH_OK);
    assert_no_temp(fixture);
    assert_int_equal(write(fd, "spool", 5), 5);
    assert_int_equal(pread(fd, data, 5, 0), 5);
    assert_string_equal(data, "spool");
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
}

static void a_blob_over_the_limit_is_not_read(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    char *data = NULL;
    size_t bytes = 0;
    assert_int_equal(fixture_put(fixture->store, "12345", 5, &digest, NULL), BERTH_OK);
    assert_int_equal(berth_blob_read(fixture->store, &digest, 4, &data, &bytes, &fixture->error),
                     BERTH_TOO_LARGE);
    assert_null(data);
}

static void changed_bytes_are_never_given_out(void **state) {
    static const struct {
        const char *bytes;
        size_t length;
    } DAMAGES[] = {{"remoteentry", 11}, {"remoteEntr", 10}, {"remoteEntry!", 12}, {"", 0}};
    struct fixture *fixture = *state;
    struct berth_digest digest;
    char name[128];
    assert_int_equal(fixture_put(fixture->store, "remoteEntry", 11, &digest, NULL), BERTH_OK);
    fixture_blob_name(&digest, name);
    for (size_t i = 0; i < sizeof DAMAGES / sizeof DAMAGES[0]; i++) {
        struct berth_error error = {0};
        char *data = NULL;
        size_t bytes = 0;
        temp_file_write(fixture->directory, name, DAMAGES[i].bytes, DAMAGES[i].length);
        assert_int_equal(berth_blob_read(fixture->store, &digest, 1000, &data, &bytes, &error),
                         BERTH_IO);
        assert_string_equal(error.rule, "blob-damaged");
        assert_null(data);
    }
}

static void what_the_disk_cannot_read_is_damaged_and_heals(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    char *data = NULL;
    size_t bytes = 0;
    struct stat before, after;
    char name[FIXTURE_BLOB_NAME_BYTES], path[TEMP_PATH_BYTES + FIXTURE_BLOB_NAME_BYTES];
    assert_int_equal(fixture_put(fixture->store, "entry", 5, &digest, NULL), BERTH_OK);
    fixture_blob_name(&digest, name);
    (void)snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    assert_int_equal(stat(path, &before), 0);
    pread_errno = EIO;
    assert_int_equal(berth_blob_read(fixture->store, &digest, 99, &data, &bytes, &fixture->error),
                     BERTH_IO);
    assert_string_equal(fixture->error.rule, "blob-damaged");
    pread_errno = 0;
    assert_int_equal(fixture_put(fixture->store, "entry", 5, &digest, NULL), BERTH_OK);
    assert_int_equal(stat(path, &after), 0);
    assert_int_not_equal(after.st_ino, before.st_ino);
}

static void files_and_folders_are_private(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    char name[128];
    assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_OK);
    fixture_blob_name(&digest, name);
    assert_int_equal(temp_file_mode(fixture->directory, name), 0600);
    name[strlen("blobs/ab")] = '\0';
    assert_int_equal(temp_file_mode(fixture->directory, name), 0700);
    assert_int_equal(temp_file_mode(fixture->directory, "blobs"), 0700);
    assert_int_equal(temp_file_mode(fixture->directory, "tmp"), 0700);
    assert_int_equal(temp_file_mode(fixture->directory, "lock"), 0600);
}

static void a_missing_directory_is_made(void **state) {
    struct fixture *fixture = *state;
    char path[TEMP_PATH_BYTES + 8];
    struct berth_store *store = NULL;
    (void)snprintf(path, sizeof path, "%s/new", fixture->directory);
    assert_int_equal(berth_store_open(path, &store, &fixture->error), BERTH_OK);
    assert_string_equal(berth_store_directory(store), path);
    berth_store_close(store);
    assert_int_equal(temp_file_mode(fixture->directory, "new"), 0700);
}

static void a_second_open_is_refused_and_names_the_first(void **state) {
    struct fixture *fixture = *state;
    struct berth_store *second = NULL;
    char pid[32];
    assert_int_equal(berth_store_open(fixture->directory, &second, &fixture->error),
                     BERTH_CONFLICT);
    assert_null(second);
    assert_string_equal(fixture->error.rule, "data-locked");
    (void)snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(fixture->error.text, pid));
    assert_string_equal(fixture->error.where, fixture->directory);
}

static int open_again(void *context) {
    struct berth_store *store = NULL;
    return (int)berth_store_open(context, &store, NULL);
}

static void another_process_is_refused_until_the_first_closes(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(temp_in_child(open_again, fixture->directory), BERTH_CONFLICT);
    berth_store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(temp_in_child(open_again, fixture->directory), BERTH_OK);
    /* The child did not close it: the lock went with the process. */
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
}

static int die_while_writing(void *context) {
    struct berth_store *store = NULL;
    struct berth_blob_writer *writer = NULL;
    int code = (int)berth_store_open(context, &store, NULL);
    code = code ? code : (int)berth_blob_begin(store, &writer, NULL);
    static const char LARGE[1 << 20]; /* a small one has no file yet */
    return code ? code : (int)berth_blob_add(writer, LARGE, sizeof LARGE, NULL);
}

static void what_a_killed_server_left_in_tmp_is_removed(void **state) {
    struct fixture *fixture = *state;
    berth_store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(temp_in_child(die_while_writing, fixture->directory), BERTH_OK);
    assert_true(temp_file_exists(fixture->directory, "tmp/0"));
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
    assert_no_temp(fixture);
}

static void blobs_are_there_after_a_restart(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    char *data = NULL;
    size_t bytes = 0;
    assert_int_equal(fixture_put(fixture->store, "kept", 4, &digest, NULL), BERTH_OK);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    berth_store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
    assert_int_equal(berth_blob_read(fixture->store, &digest, 4, &data, &bytes, NULL), BERTH_OK);
    assert_string_equal(data, "kept");
    free(data);
}

static void a_folder_that_is_a_link_is_refused(void **state) {
    static const char *const NAMES[] = {"blobs", "tmp", "lock"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char directory[TEMP_PATH_BYTES];
        char link[TEMP_PATH_BYTES + 16];
        struct berth_store *store = NULL;
        temp_directory_make(directory);
        (void)snprintf(link, sizeof link, "%s/%s", directory, NAMES[i]);
        assert_int_equal(symlink(fixture->directory, link), 0);
        assert_int_equal(berth_store_open(directory, &store, NULL), BERTH_IO);
        assert_null(store);
        temp_directory_remove(directory);
    }
}

static void only_changed_folders_are_synced(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_OK);
    atomic_store(&fsync_count, 0);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    assert_int_equal(atomic_load(&fsync_count), 2); /* blobs/2d and, as that is new, blobs */
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    assert_int_equal(atomic_load(&fsync_count), 2);
    /* Found, and its name is durable since the sync above. */
    assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_OK);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
    assert_int_equal(atomic_load(&fsync_count), 2);
}

static void a_blob_that_was_found_is_synced_once_after_a_restart(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_OK);
    berth_store_close(fixture->store); /* and whoever made it has died before the sync */
    fixture->store = NULL;
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
    atomic_store(&fsync_count, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_OK);
        assert_int_equal(atomic_load(&fsync_count), i); /* nothing was written */
        assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
        assert_int_equal(atomic_load(&fsync_count), 1);
    }
}

/* Around the size up to which a blob waits in memory. */
static void a_blob_of_any_size_is_whole(void **state) {
    enum { MEMORY_BYTES = 256 * 1024 };
    static const size_t LENGTHS[] = {1,
                                     16 * 1024,
                                     16 * 1024 + 1,
                                     MEMORY_BYTES - 1,
                                     MEMORY_BYTES,
                                     MEMORY_BYTES + 1,
                                     2 * MEMORY_BYTES,
                                     2 * MEMORY_BYTES + 2,
                                     5 * MEMORY_BYTES};
    struct fixture *fixture = *state;
    char *text = malloc(5 * MEMORY_BYTES);
    assert_non_null(text);
    for (size_t i = 0; i < 5 * MEMORY_BYTES; i++)
        text[i] = (char)(i * 2654435761U >> 13);
    for (size_t i = 0; i < sizeof LENGTHS / sizeof LENGTHS[0]; i++) {
        struct berth_digest expected = berth_sha256(text, LENGTHS[i]);
        struct berth_digest digest;
        char *data = NULL;
        size_t bytes = 0;
        for (int twice = 0; twice < 2; twice++) {
            assert_int_equal(fixture_put(fixture->store, text, LENGTHS[i], &digest, NULL),
                             BERTH_OK);
            assert_true(berth_digest_equal(&digest, &expected));
        }
        assert_int_equal(
            berth_blob_read(fixture->store, &digest, (int64_t)LENGTHS[i], &data, &bytes, NULL),
            BERTH_OK);
        assert_int_equal(bytes, LENGTHS[i]);
        free(data);
    }
    free(text);
    assert_no_temp(fixture);
}

static void assert_broken(struct fixture *fixture, const struct berth_digest *kept) {
    struct berth_error error = {0};
    struct berth_blob_writer *writer = NULL;
    char *data = NULL;
    size_t bytes = 0;
    int fd = -1;
    assert_int_equal(berth_blob_begin(fixture->store, &writer, &error), BERTH_IO);
    assert_string_equal(error.rule, "store-broken");
    assert_int_equal(berth_store_scratch(fixture->store, &fd, NULL), BERTH_IO);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_IO);
    assert_int_equal(berth_blob_read(fixture->store, kept, 100, &data, &bytes, NULL), BERTH_OK);
    free(data);
}

static void a_failed_fsync_of_a_blob_is_final_for_writes(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest kept;
    struct berth_digest lost;
    struct berth_digest expected = berth_sha256("lost", 4);
    int fd = -1;
    int64_t bytes = 0;
    assert_int_equal(fixture_put(fixture->store, "kept", 4, &kept, NULL), BERTH_OK);
    atomic_store(&fsync_errno, EIO);
    assert_int_equal(fixture_put(fixture->store, "lost", 4, &lost, &fixture->error), BERTH_IO);
    assert_string_equal(fixture->error.rule, "store-broken");
    atomic_store(&fsync_errno, 0);
    assert_broken(fixture, &kept);
    assert_int_equal(berth_blob_open(fixture->store, &expected, &fd, &bytes, NULL),
                     BERTH_NOT_FOUND);
    assert_no_temp(fixture);
}

static void a_failed_fsync_of_a_folder_is_final_for_writes(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest kept;
    assert_int_equal(fixture_put(fixture->store, "kept", 4, &kept, NULL), BERTH_OK);
    atomic_store(&fsync_errno, EIO);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_IO);
    atomic_store(&fsync_errno, 0);
    assert_broken(fixture, &kept);
}

static void a_disk_that_is_full_at_fsync_is_not_final(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest;
    atomic_store(&fsync_errno, ENOSPC);
    assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_NO_SPACE);
    assert_no_temp(fixture);
    atomic_store(&fsync_errno, 0);
    assert_int_equal(fixture_put(fixture->store, "x", 1, &digest, NULL), BERTH_OK);
    assert_int_equal(berth_store_sync(fixture->store, NULL), BERTH_OK);
}

/* Threads that write the same blobs at once: each finds all of them, whoever named them. */
enum { THREADS = 16, BLOBS = 24 };

struct writer {
    pthread_t thread;
    struct berth_store *store;
    pthread_barrier_t *barrier;
    int failures;
};

static void *write_blobs(void *context) {
    struct writer *writer = context;
    pthread_barrier_wait(writer->barrier);
    for (int i = 0; i < BLOBS; i++) {
        char text[32];
        struct berth_digest digest;
        char *data = NULL;
        size_t bytes = 0;
        int length = snprintf(text, sizeof text, "blob %d", i);
        if (fixture_put(writer->store, text, (size_t)length, &digest, NULL) ||
            berth_store_sync(writer->store, NULL) ||
            berth_blob_read(writer->store, &digest, 32, &data, &bytes, NULL) ||
            strcmp(data, text) != 0)
            writer->failures++;
        free(data);
    }
    return NULL;
}

static void threads_writing_the_same_blobs_agree(void **state) {
    struct fixture *fixture = *state;
    struct writer writers[THREADS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.store = fixture->store, .barrier = &barrier};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_blobs, &writers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].failures, 0);
    }
    pthread_barrier_destroy(&barrier);
    assert_no_temp(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_blob_is_found_under_its_digest),
        TEST(an_opened_blob_tells_its_size),
        TEST(a_missing_blob_is_not_found),
        TEST(a_blob_that_is_there_is_left_as_it_is),
        TEST(an_aborted_blob_leaves_nothing),
        TEST(a_scratch_file_has_no_name),
        TEST(a_blob_over_the_limit_is_not_read),
        TEST(changed_bytes_are_never_given_out),
        TEST(what_the_disk_cannot_read_is_damaged_and_heals),
        TEST(files_and_folders_are_private),
        TEST(a_missing_directory_is_made),
        TEST(a_second_open_is_refused_and_names_the_first),
        TEST(another_process_is_refused_until_the_first_closes),
        TEST(what_a_killed_server_left_in_tmp_is_removed),
        TEST(blobs_are_there_after_a_restart),
        TEST(a_folder_that_is_a_link_is_refused),
        TEST(only_changed_folders_are_synced),
        TEST(a_blob_that_was_found_is_synced_once_after_a_restart),
        TEST(a_blob_of_any_size_is_whole),
        TEST(a_failed_fsync_of_a_blob_is_final_for_writes),
        TEST(a_failed_fsync_of_a_folder_is_final_for_writes),
        TEST(a_disk_that_is_full_at_fsync_is_not_final),
        TEST(threads_writing_the_same_blobs_agree),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
