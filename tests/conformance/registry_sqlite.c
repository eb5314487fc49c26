/* What only the SQLite backend promises: its file is private, outlives a kill, and is left as it is
 * when it is not in order. */
#include "registry_fixture.h"
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct backend SQLITE = {"sqlite", berth_registry_sqlite_open};

static int fill(void *context) {
    struct fixture fixture = {0};
    (void)snprintf(fixture.directory, sizeof fixture.directory, "%s", (const char *)context);
    if (SQLITE.open(fixture.directory, &fixture.registry, NULL))
        return 1;
    fixture.ops = fixture.registry->ops;
    for (int i = 0; i < 40; i++) {
        char version[16];
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        fixture_add(&fixture, "menu", version);
        fixture_activate(&fixture, "menu", version);
    }
    return 0; /* and the child ends with the registry open */
}

static void the_database_and_its_log_are_private(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(temp_file_mode(fixture->directory, "db"), 0600);
    assert_int_equal(temp_file_mode(fixture->directory, "db-wal"), 0600);
    assert_false(temp_file_exists(fixture->directory, "db-shm"));
    assert_false(temp_file_exists(fixture->directory, "db.new"));
}

static void a_clean_close_leaves_one_file(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    fixture->ops->close(fixture->registry);
    assert_false(temp_file_exists(fixture->directory, "db-wal"));
    assert_false(temp_file_exists(fixture->directory, "db-journal"));
    assert_int_equal(SQLITE.open(fixture->directory, &fixture->registry, NULL), BERTH_OK);
}

static void all_that_was_acknowledged_is_there_after_a_kill(void **state) {
    struct fixture *fixture = *state;
    fixture->ops->close(fixture->registry);
    assert_int_equal(temp_in_child(fill, fixture->directory), 0);
    assert_true(temp_file_exists(fixture->directory, "db-wal"));
    assert_int_equal(SQLITE.open(fixture->directory, &fixture->registry, NULL), BERTH_OK);
    assert_int_equal(fixture_generation(fixture), 40);
    assert_string_equal(fixture_live(fixture, "menu"), "1.39.0");
}

static int open_again(void *context) {
    struct berth_registry *registry = NULL;
    return (int)SQLITE.open(context, &registry, NULL);
}

static void another_process_cannot_open_it(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(temp_in_child(open_again, fixture->directory), BERTH_BUSY);
    fixture_add(fixture, "menu", "1.0.0");
}

static void what_a_kill_during_creation_left_is_no_obstacle(void **state) {
    struct fixture *fixture = *state;
    char path[TEMP_PATH_BYTES + 8];
    fixture->ops->close(fixture->registry);
    (void)snprintf(path, sizeof path, "%s/db", fixture->directory);
    assert_int_equal(unlink(path), 0);
    temp_file_write(fixture->directory, "db.new", "half", 4);
    temp_file_write(fixture->directory, "db.new-journal", "half", 4);
    assert_int_equal(SQLITE.open(fixture->directory, &fixture->registry, &fixture->error),
                     BERTH_OK);
    fixture_add(fixture, "menu", "1.0.0");
    assert_false(temp_file_exists(fixture->directory, "db.new"));
    assert_false(temp_file_exists(fixture->directory, "db.new-journal"));
}

/* The database has its name, but what was removed before that is there again. */
static void what_a_power_cut_during_creation_left_goes_with_the_next_start(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    fixture->ops->close(fixture->registry);
    temp_file_write(fixture->directory, "db.new-journal", "half", 4);
    assert_int_equal(SQLITE.open(fixture->directory, &fixture->registry, &fixture->error),
                     BERTH_OK);
    assert_false(temp_file_exists(fixture->directory, "db.new-journal"));
    fixture_add(fixture, "menu", "1.1.0");
}

/* Puts `bytes` in the place of the database and expects the rule, the same bytes after, no new
 * files, and one line of text. */
static void assert_refused(const char *directory, const char *data, size_t bytes,
                           const char *rule) {
    struct berth_registry *registry = NULL;
    struct berth_error error = {0};
    size_t after_bytes = 0;
    temp_file_write(directory, "db", data, bytes);
    assert_int_equal(SQLITE.open(directory, &registry, &error), BERTH_IO);
    assert_null(registry);
    assert_string_equal(error.rule, rule);
    assert_true(error.text[0] != '\0' && error.hint[0] != '\0');
    assert_null(strchr(error.text, '\n'));
    assert_non_null(strstr(error.where, "/db"));
    char *after = temp_file_read(directory, "db", &after_bytes);
    assert_int_equal(after_bytes, bytes);
    assert_memory_equal(after, data, bytes);
    free(after);
    assert_false(temp_file_exists(directory, "db-wal"));
    assert_false(temp_file_exists(directory, "db-journal"));
    assert_false(temp_file_exists(directory, "db.new"));
}

/* A good database's bytes, closed cleanly; free() them. The fixture's registry is open on an empty
 * one meanwhile, in a directory of its own. */
static char *good_database(char directory[TEMP_PATH_BYTES], size_t *ret_bytes) {
    struct berth_registry *registry = NULL;
    temp_directory_make(directory);
    assert_int_equal(temp_in_child(fill, directory), 0);
    assert_int_equal(SQLITE.open(directory, &registry, NULL), BERTH_OK); /* takes the log in */
    registry->ops->close(registry);
    return temp_file_read(directory, "db", ret_bytes);
}

static void a_cut_database_is_refused_and_left_as_it_is(void **state) {
    char directory[TEMP_PATH_BYTES];
    size_t bytes = 0;
    (void)state;
    char *data = good_database(directory, &bytes);
    const size_t lengths[] = {0,         1,         16,           99,
                              100,       512,       4095,         4096,
                              4097,      8192,      bytes / 2,    bytes / 2 + 1,
                              bytes - 1, bytes - 7, bytes - 4096, bytes - 512};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        assert_refused(directory, data, lengths[i], "database-damaged");
    temp_file_write(directory, "db", data, bytes);
    assert_int_equal(temp_in_child(open_again, directory), BERTH_OK);
    free(data);
    temp_directory_remove(directory);
}

static void a_page_of_zeros_is_found_wherever_it_is(void **state) {
    enum { PAGE_BYTES = 4096 };
    char directory[TEMP_PATH_BYTES];
    size_t bytes = 0;
    (void)state;
    char *data = good_database(directory, &bytes);
    for (size_t offset = 0; offset < bytes; offset += PAGE_BYTES) {
        char saved[PAGE_BYTES];
        memcpy(saved, data + offset, sizeof saved);
        memset(data + offset, 0, PAGE_BYTES);
        assert_refused(directory, data, bytes, "database-damaged");
        memcpy(data + offset, saved, sizeof saved);
    }
    free(data);
    temp_directory_remove(directory);
}

static void what_is_not_our_database_is_refused(void **state) {
    static const char HTML[] = "<!doctype html><title>an error page, much longer than a header, "
                               "since it goes on and on, for more than a hundred bytes</title>";
    enum { USER_VERSION = 60, APPLICATION_ID = 68 }; /* offsets in the header */
    char directory[TEMP_PATH_BYTES];
    size_t bytes = 0;
    (void)state;
    char *data = good_database(directory, &bytes);
    assert_refused(directory, HTML, sizeof HTML, "database-damaged");
    data[APPLICATION_ID] ^= 1;
    assert_refused(directory, data, bytes, "database-damaged");
    data[APPLICATION_ID] ^= 1;
    data[USER_VERSION + 3]++;
    assert_refused(directory, data, bytes, "database-newer");
    data[USER_VERSION + 3] = 0;
    assert_refused(directory, data, bytes, "database-damaged");
    free(data);
    temp_directory_remove(directory);
}

static void a_log_without_its_database_is_refused(void **state) {
    struct fixture *fixture = *state;
    struct berth_registry *registry = NULL;
    char from[TEMP_PATH_BYTES + 8];
    char to[TEMP_PATH_BYTES + 8];
    fixture_add(fixture, "menu", "1.0.0");
    (void)snprintf(from, sizeof from, "%s/db", fixture->directory);
    (void)snprintf(to, sizeof to, "%s/moved", fixture->directory);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(SQLITE.open(fixture->directory, &registry, &fixture->error), BERTH_IO);
    assert_string_equal(fixture->error.rule, "database-damaged");
    assert_false(temp_file_exists(fixture->directory, "db"));
}

/* A new one would be empty, and look like a registry that lost all its rows. */
static void where_a_database_was_none_is_made(void **state) {
    static const char *const LEFT[] = {"db.schema-4", "blobs/ab"};
    (void)state;
    for (size_t i = 0; i < sizeof LEFT / sizeof LEFT[0]; i++) {
        struct berth_registry *registry = NULL;
        struct berth_error error = {0};
        char directory[TEMP_PATH_BYTES];
        char path[TEMP_PATH_BYTES + 16];
        temp_directory_make(directory);
        (void)snprintf(path, sizeof path, "%s/blobs", directory);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(SQLITE.open(directory, &registry, NULL), BERTH_OK); /* none there yet */
        registry->ops->close(registry);
        (void)snprintf(path, sizeof path, "%s/db", directory);
        assert_int_equal(unlink(path), 0);
        (void)snprintf(path, sizeof path, "%s/%s", directory, LEFT[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(SQLITE.open(directory, &registry, &error), BERTH_IO);
        assert_string_equal(error.rule, "database-missing");
        assert_non_null(strstr(error.where, "/db"));
        assert_true(error.hint[0] != '\0');
        assert_false(temp_file_exists(directory, "db"));
        assert_false(temp_file_exists(directory, "db.new"));
        assert_int_equal(rmdir(path), 0);
        assert_int_equal(SQLITE.open(directory, &registry, NULL), BERTH_OK);
        registry->ops->close(registry);
        temp_directory_remove(directory);
    }
}

static void what_is_not_a_file_is_refused(void **state) {
    struct fixture *fixture = *state;
    for (int kind = 0; kind < 3; kind++) {
        struct berth_registry *registry = NULL;
        char directory[TEMP_PATH_BYTES];
        char path[TEMP_PATH_BYTES + 8];
        char target[TEMP_PATH_BYTES + 8];
        temp_directory_make(directory);
        (void)snprintf(path, sizeof path, "%s/db", directory);
        (void)snprintf(target, sizeof target, "%s/db", fixture->directory);
        int result = kind == 0   ? mkdir(path, 0700)
                     : kind == 1 ? mkfifo(path, 0600)
                                 : symlink(target, path);
        assert_int_equal(result, 0);
        assert_int_equal(SQLITE.open(directory, &registry, NULL), BERTH_IO);
        assert_null(registry);
        temp_directory_remove(directory);
    }
}

static bool call_back(const struct berth_version *version, void *context) {
    struct fixture *fixture = context;
    int64_t generation = 0;
    (void)version;
    (void)fixture->ops->generation(fixture->registry, &generation, NULL);
    return true;
}

static int walk_and_call_back(void *context) {
    struct fixture *fixture = context;
    return (int)fixture->ops->versions_each(fixture->registry, NULL, call_back, fixture, NULL);
}

static void a_callback_that_calls_the_registry_aborts(void **state) {
    enum { ABORTED = 128 + 6 };
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(temp_in_child(walk_and_call_back, fixture), ABORTED);
}

/* A letter of a record's reason is changed where it lies in the file, which SQLite does not see. */
static void a_record_that_was_changed_in_the_file_is_found(void **state) {
    static const char REASON[] = "because of the third";
    struct fixture *fixture = *state;
    int64_t count = 0;
    struct berth_digest last;
    size_t bytes = 0;
    for (int i = 0; i < 5; i++) {
        struct berth_page_put put = {.name = "home",
                                     .path = "/",
                                     .manifest = i % 2 ? "{}" : "[]",
                                     .expected = BERTH_ANY_GENERATION,
                                     .by = fixture_actor,
                                     .reason = i == 2 ? REASON : NULL};
        int64_t generation, revision;
        assert_int_equal(
            fixture->ops->page_put(fixture->registry, &put, &generation, &revision, NULL), 0);
    }
    assert_int_equal(fixture->ops->audit_check(fixture->registry, &count, &last, NULL), BERTH_OK);
    assert_int_equal(count, 5);
    fixture->ops->close(fixture->registry);
    char *data = temp_file_read(fixture->directory, "db", &bytes);
    int changed = 0;
    for (char *at = data;
         (at = memmem(at, bytes - (size_t)(at - data), REASON, sizeof REASON - 1)) != NULL;
         at++, changed++)
        at[sizeof REASON - 2] = 'D';
    assert_true(changed > 1); /* history has it too */
    temp_file_write(fixture->directory, "db", data, bytes);
    free(data);
    assert_int_equal(SQLITE.open(fixture->directory, &fixture->registry, NULL), BERTH_OK);
    assert_int_equal(fixture->ops->audit_check(fixture->registry, &count, &last, &fixture->error),
                     BERTH_IO);
    assert_string_equal(fixture->error.rule, "audit-broken");
    assert_non_null(strstr(fixture->error.text, "record 3 "));
}

struct worker {
    const char *directory;
    size_t bytes; /* no file may grow over this */
};

static bool count_it(const struct berth_token_record *token, void *context) {
    (void)token;
    ++*(int64_t *)context;
    return true;
}

static bool count_head(const struct berth_version *version, void *context) {
    (void)version;
    ++*(int64_t *)context;
    return true;
}

static bool count_change(const struct berth_audit_record *record, void *context) {
    int64_t *counts = context;
    bool version = strcmp(record->action, "upload") == 0;
    bool token = strcmp(record->action, "token-issue") == 0;
    ++counts[strcmp(record->action, "delete") == 0 ? 0 : version ? 1 : token ? 2 : 3];
    return true;
}

/* Changes of every kind until the file is full and the process is killed. */
static int change_until_killed(void *context) {
    const struct worker *worker = context;
    const struct rlimit limit = {worker->bytes, worker->bytes};
    struct fixture fixture = {0};
    if (SQLITE.open(worker->directory, &fixture.registry, NULL))
        return 1;
    fixture.ops = fixture.registry->ops;
    (void)signal(SIGXFSZ, SIG_DFL);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    for (int i = 1;; i++) {
        char version[16], before[16], id[16];
        (void)snprintf(version, sizeof version, "%d.0.0", i);
        (void)snprintf(before, sizeof before, "%d.0.0", i - 1);
        (void)snprintf(id, sizeof id, "%012d", i);
        struct berth_version_delete delete = {
            .module = "menu", .version = before, .at_ms = 1, .by = fixture_actor};
        struct berth_token_record token = {
            .id = id, .name = "ci", .secret = berth_sha256(id, 12), .module = "*", .scopes = 1};
        fixture_add(&fixture, "menu", version);
        fixture_activate(&fixture, "menu", version);
        if (i > 1)
            assert_int_equal(fixture.ops->version_delete(fixture.registry, &delete, NULL), 0);
        assert_int_equal(fixture.ops->token_add(fixture.registry, &token, &fixture_actor, NULL), 0);
    }
    return 3;
}

static void a_kill_at_any_write_leaves_no_change_without_its_record(void **state) {
    enum { STEP_BYTES = 5000, CUTS = 24 };
    (void)state;
    for (size_t i = 1; i <= CUTS; i++) {
        struct fixture *fixture;
        int64_t counts[4] = {0}, heads = 0, tokens = 0, records = 0;
        struct berth_digest last;
        assert_int_equal(fixture_setup((void **)&fixture), 0);
        fixture->ops->close(fixture->registry);
        struct worker worker = {fixture->directory, 110000 + i * STEP_BYTES};
        assert_int_equal(temp_in_child(change_until_killed, &worker), 128 + SIGXFSZ);
        assert_int_equal(SQLITE.open(fixture->directory, &fixture->registry, NULL), BERTH_OK);
        struct berth_audit_filter filter = {.limit = 10000};
        assert_int_equal(
            fixture->ops->audit_each(fixture->registry, &filter, count_change, counts, NULL), 0);
        assert_int_equal(
            fixture->ops->heads_each(fixture->registry, NULL, count_head, &heads, NULL), 0);
        assert_int_equal(fixture->ops->tokens_each(fixture->registry, count_it, &tokens, NULL), 0);
        assert_int_equal(fixture->ops->audit_check(fixture->registry, &records, &last, NULL), 0);
        assert_int_equal(counts[1] - counts[0], heads);
        assert_int_equal(counts[2], tokens);
        assert_int_equal(counts[3], fixture_generation(fixture));
        assert_int_equal(records, counts[0] + counts[1] + counts[2] + counts[3]);
        fixture_teardown((void **)&fixture);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(the_database_and_its_log_are_private),
        REGISTRY_TEST(a_clean_close_leaves_one_file),
        REGISTRY_TEST(all_that_was_acknowledged_is_there_after_a_kill),
        REGISTRY_TEST(another_process_cannot_open_it),
        REGISTRY_TEST(what_a_kill_during_creation_left_is_no_obstacle),
        REGISTRY_TEST(what_a_power_cut_during_creation_left_goes_with_the_next_start),
        REGISTRY_TEST(a_cut_database_is_refused_and_left_as_it_is),
        REGISTRY_TEST(a_page_of_zeros_is_found_wherever_it_is),
        REGISTRY_TEST(what_is_not_our_database_is_refused),
        REGISTRY_TEST(a_log_without_its_database_is_refused),
        REGISTRY_TEST(where_a_database_was_none_is_made),
        REGISTRY_TEST(what_is_not_a_file_is_refused),
        REGISTRY_TEST(a_callback_that_calls_the_registry_aborts),
        REGISTRY_TEST(a_record_that_was_changed_in_the_file_is_found),
        cmocka_unit_test(a_kill_at_any_write_leaves_no_change_without_its_record),
    };
    fixture_backend = &SQLITE;
    return cmocka_run_group_tests_name("registry_sqlite", tests, NULL, NULL);
}
