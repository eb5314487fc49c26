/* A file that an older berth made (data/registry/schema-*.db) opens, keeps all that is in it, and
 * is of our schema then; whatever ends the server meanwhile, it is whole, old or new. */
#include "registry_fixture.h"
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OUR_SCHEMA = 5,
    PAGE_BYTES = 4096,
    STRIDE_BYTES = 3 * PAGE_BYTES,
    USER_VERSION = 60 /* offset in the header */
};

static const struct backend SQLITE = {"sqlite", berth_registry_sqlite_open};

static char *old_database(int schema, size_t *ret_bytes) {
    char name[32];
    (void)snprintf(name, sizeof name, "schema-%d.db", schema);
    return temp_file_read(BERTH_TEST_DATA "/registry", name, ret_bytes);
}

static void put_database(const char *directory, const char *data, size_t bytes) {
    char log[TEMP_PATH_BYTES + 8];
    (void)snprintf(log, sizeof log, "%s/db-wal", directory);
    (void)unlink(log);
    temp_file_write(directory, "db", data, bytes);
}

/* What the file itself says; the registry must be closed. */
static unsigned schema_of(const char *directory) {
    char *data = temp_file_read(directory, "db", NULL);
    unsigned schema = (unsigned char)data[USER_VERSION + 3];
    free(data);
    return schema;
}

static struct fixture *open_in(const char *directory) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    (void)snprintf(fixture->directory, sizeof fixture->directory, "%s", directory);
    enum berth_code code = SQLITE.open(directory, &fixture->registry, &fixture->error);
    if (code)
        print_error("%s: %s\n", fixture->error.rule, fixture->error.text);
    assert_int_equal(code, BERTH_OK);
    fixture->ops = fixture->registry->ops;
    return fixture;
}

static void close_it(struct fixture *fixture) {
    fixture->ops->close(fixture->registry);
    free(fixture);
}

struct found {
    size_t assets;
    int64_t bytes;
    size_t description;
    char name[96];
};

static bool note(const struct berth_version *version, void *context) {
    struct found *found = context;
    found->assets = version->asset_count;
    found->bytes = version->bytes;
    found->description = strlen(version->description);
    (void)snprintf(found->name, sizeof found->name, "%s@%s by %s", version->module,
                   version->version, version->created_by);
    return true;
}

static void assert_version(struct fixture *fixture, const char *module, const char *version,
                           const struct found *expected) {
    struct found found = {0};
    assert_int_equal(fixture->ops->version_get(fixture->registry, module, version, note, &found,
                                               &fixture->error),
                     BERTH_OK);
    assert_string_equal(found.name, expected->name);
    assert_int_equal(found.assets, expected->assets);
    assert_int_equal(found.bytes, expected->bytes);
    assert_int_equal(found.description, expected->description);
}

static bool count_change(const struct berth_change *change, void *context) {
    (void)change;
    ++*(int *)context;
    return true;
}

static bool is_home(const struct berth_page_record *page, void *context) {
    ++*(int *)context;
    assert_string_equal(page->name, "home");
    assert_string_equal(page->path, "/home");
    return true;
}

static bool count_token(const struct berth_token_record *token, void *context) {
    (void)token;
    ++*(int *)context;
    return true;
}

static void assert_the_rest(struct fixture *fixture) {
    int changes = 0;
    int pages = 0;
    int tokens = 0;
    char *back = NULL;
    assert_int_equal(fixture_generation(fixture), 6);
    assert_string_equal(fixture_live(fixture, "header-app"), "1.0.0");
    assert_string_equal(fixture_live(fixture, "@shop/cart"), "");
    assert_int_equal(fixture->ops->way_back(fixture->registry, "header-app", &back, NULL),
                     BERTH_OK);
    assert_null(back);
    assert_int_equal(fixture->ops->changes_each(fixture->registry, NULL, NULL, 0, 99, count_change,
                                                &changes, NULL),
                     BERTH_OK);
    assert_int_equal(changes, 6);
    assert_int_equal(fixture->ops->pages_each(fixture->registry, is_home, &pages, NULL), BERTH_OK);
    assert_int_equal(pages, 1);
    assert_int_equal(fixture->ops->tokens_each(fixture->registry, count_token, &tokens, NULL),
                     BERTH_OK);
    assert_int_equal(tokens, 2);
}

static void assert_with(struct fixture *fixture, const char *path, const char *expected) {
    char *found = NULL;
    assert_int_equal(
        fixture->ops->version_with(fixture->registry, "header-app", path, &found, NULL), BERTH_OK);
    assert_string_equal(found ? found : "", expected);
    free(found);
}

/* All that the old file has, through our operations. */
static void assert_all_is_there(struct fixture *fixture) {
    struct fixture_list list = {.left = 99};
    assert_int_equal(fixture->ops->heads_each(fixture->registry, NULL, fixture_list, &list, NULL),
                     BERTH_OK);
    assert_string_equal(list.text,
                        "@shop/cart@1.0.0-rc.1+build.5 header-app@1.0.0 header-app@1.1.0");
    list = (struct fixture_list){.left = 99};
    assert_int_equal(fixture->ops->uncompressed_each(fixture->registry, BERTH_COMPRESSION_BEST,
                                                     fixture_list, &list, NULL),
                     BERTH_OK);
    assert_string_equal(list.text,
                        "header-app@1.0.0 header-app@1.1.0 @shop/cart@1.0.0-rc.1+build.5");
    assert_version(fixture, "header-app", "1.0.0",
                   &(struct found){21, 592742, 1242, "header-app@1.0.0 by admin"});
    assert_version(fixture, "header-app", "1.1.0",
                   &(struct found){25, 604156, 1435, "header-app@1.1.0 by admin"});
    assert_version(fixture, "@shop/cart", "1.0.0-rc.1+build.5",
                   &(struct found){62, 4631, 9085, "@shop/cart@1.0.0-rc.1+build.5 by admin"});
    assert_with(fixture, "remoteEntry.js", "1.1.0");
    assert_with(fixture, "chunk00.js", "");
    assert_the_rest(fixture);
}

/* Of a schema that knew variants. */
static bool has_variants(const struct berth_version *version, void *context) {
    int *count = context;
    for (size_t i = 0; i < version->asset_count; i++)
        for (int coding = 0; coding < BERTH_CODING_COUNT; coding++)
            *count += version->assets[i].variants[coding].bytes == 100 + coding;
    return true;
}

static void assert_variants(struct fixture *fixture, int expected) {
    int count = 0;
    assert_int_equal(fixture->ops->version_get(fixture->registry, "header-app", "1.0.0",
                                               has_variants, &count, NULL),
                     BERTH_OK);
    assert_int_equal(count, expected);
}

static void assert_audit(struct fixture *fixture, int64_t expected) {
    int64_t count = -1;
    struct berth_digest last;
    assert_int_equal(fixture->ops->audit_check(fixture->registry, &count, &last, &fixture->error),
                     BERTH_OK);
    assert_int_equal(count, expected);
}

static bool no_fault(const char *text, void *context) {
    (void)context;
    fail_msg("%s", text);
    return false;
}

/* What older files could not hold, in tables that were made anew. */
static void assert_takes_externals(struct fixture *fixture) {
    const struct berth_external item = {BERTH_EXTERNAL_IMPORT, "react", "https://cdn/react.js"};
    const struct berth_externals_put put = {.items = &item, .count = 1, .by = fixture_actor};
    int64_t generation = 0;
    bool changed = false;
    assert_int_equal(fixture->ops->externals_put(fixture->registry, &put, &generation, &changed,
                                                 &fixture->error),
                     BERTH_OK);
    assert_true(changed);
    assert_int_equal(generation, 8);
    assert_int_equal(fixture->ops->check(fixture->registry, no_fault, NULL, NULL), BERTH_OK);
}

static struct berth_schema look(const char *directory, struct fixture *ret) {
    struct berth_schema schema;
    assert_int_equal(berth_registry_sqlite_look(directory, &ret->registry, &schema, &ret->error),
                     BERTH_OK);
    ret->ops = ret->registry->ops;
    return schema;
}

/* What is kept of an upgrade: the same once more, of the older schema still, and nobody else's. */
static void assert_kept(const char *directory, int schema) {
    char other[TEMP_PATH_BYTES];
    char name[32];
    size_t bytes = 0;
    struct fixture fixture = {0};
    for (int i = 1; i < OUR_SCHEMA; i++) {
        (void)snprintf(name, sizeof name, "db.schema-%d", i);
        assert_int_equal(temp_file_exists(directory, name), i == schema);
    }
    (void)snprintf(name, sizeof name, "db.schema-%d", schema);
    assert_int_equal(temp_file_mode(directory, name), 0600);
    assert_false(temp_file_exists(directory, "db.new"));
    char *data = temp_file_read(directory, name, &bytes);
    temp_directory_make(other);
    put_database(other, data, bytes);
    assert_int_equal(look(other, &fixture).found, schema);
    assert_all_is_there(&fixture);
    assert_int_equal(fixture.ops->check(fixture.registry, no_fault, NULL, NULL), BERTH_OK);
    fixture.ops->close(fixture.registry);
    free(data);
    temp_directory_remove(other);
}

static void keep_all(int schema) {
    char directory[TEMP_PATH_BYTES];
    size_t bytes = 0;
    char *data = old_database(schema, &bytes);
    assert_int_equal(data[USER_VERSION + 3], schema);
    temp_directory_make(directory);
    put_database(directory, data, bytes);
    for (int i = 1; i < OUR_SCHEMA; i++) { /* as earlier upgrades left them */
        char name[32];
        (void)snprintf(name, sizeof name, "db.schema-%d", i);
        temp_file_write(directory, name, "old", 3);
    }
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = open_in(directory);
        assert_all_is_there(fixture);
        assert_variants(fixture, schema > 1 ? 2 : 0);
        assert_audit(fixture, schema > 2 ? 2 : 0); /* it begins with schema 3 */
        close_it(fixture);
        assert_int_equal(schema_of(directory), OUR_SCHEMA);
        assert_kept(directory, schema);
    }
    struct fixture *fixture = open_in(directory);
    fixture_add(fixture, "header-app", "1.2.0");
    assert_int_equal(fixture_activate(fixture, "header-app", "1.2.0"), 7);
    assert_with(fixture, "remoteEntry.js", "1.2.0");
    assert_audit(fixture, schema > 2 ? 4 : 2);
    assert_takes_externals(fixture);
    close_it(fixture);
    assert_kept(directory, schema);
    free(data);
    temp_directory_remove(directory);
}

static void an_older_file_keeps_all_and_becomes_ours(void **state) {
    (void)state;
    for (int schema = 1; schema < OUR_SCHEMA; schema++)
        keep_all(schema);
}

static void a_new_file_is_ours_at_once(void **state) {
    char directory[TEMP_PATH_BYTES];
    (void)state;
    temp_directory_make(directory);
    close_it(open_in(directory));
    assert_int_equal(schema_of(directory), OUR_SCHEMA);
    temp_directory_remove(directory);
}

/* With nothing left beside it. */
static void assert_same(const char *directory, const char *data, size_t bytes) {
    size_t found = 0;
    char *now = temp_file_read(directory, "db", &found);
    assert_int_equal(found, bytes);
    assert_memory_equal(now, data, bytes);
    free(now);
    assert_false(temp_file_exists(directory, "db-wal"));
    assert_false(temp_file_exists(directory, "db-shm"));
}

static void an_older_file_can_be_looked_at_and_stays_as_it_is(void **state) {
    (void)state;
    for (int schema = 1; schema < OUR_SCHEMA; schema++) {
        char directory[TEMP_PATH_BYTES];
        size_t bytes = 0;
        struct fixture fixture = {0};
        bool created = false;
        char *data = old_database(schema, &bytes);
        temp_directory_make(directory);
        put_database(directory, data, bytes);
        struct berth_schema found = look(directory, &fixture);
        assert_int_equal(found.found, schema);
        assert_int_equal(found.ours, OUR_SCHEMA);
        assert_all_is_there(&fixture);
        assert_variants(&fixture, schema > 1 ? 2 : 0);
        assert_int_equal(fixture_upload(&fixture, "header-app", "3.0.0", "x", &created), BERTH_IO);
        fixture.ops->close(fixture.registry);
        assert_same(directory, data, bytes);
        free(data);
        temp_directory_remove(directory);
    }
}

static int add_and_die(void *context) {
    struct fixture *fixture = open_in(context);
    fixture_add(fixture, "menu", "1.0.0");
    return 0;
}

static void a_log_is_read_where_it_lies_by_those_who_look(void **state) {
    char directory[TEMP_PATH_BYTES];
    size_t bytes[4] = {0};
    struct fixture fixture = {0};
    struct fixture_list list = {.left = 9};
    (void)state;
    temp_directory_make(directory);
    close_it(open_in(directory));
    assert_int_equal(temp_in_child(add_and_die, directory), 0);
    char *data = temp_file_read(directory, "db", &bytes[0]);
    char *log = temp_file_read(directory, "db-wal", &bytes[1]);
    assert_true(bytes[1] > 0);
    assert_int_equal(look(directory, &fixture).found, OUR_SCHEMA);
    assert_int_equal(fixture.ops->heads_each(fixture.registry, NULL, fixture_list, &list, NULL),
                     BERTH_OK);
    assert_string_equal(list.text, "menu@1.0.0");
    fixture.ops->close(fixture.registry);
    char *data_after = temp_file_read(directory, "db", &bytes[2]);
    char *log_after = temp_file_read(directory, "db-wal", &bytes[3]);
    assert_int_equal(bytes[0], bytes[2]);
    assert_memory_equal(data, data_after, bytes[0]);
    assert_int_equal(bytes[1], bytes[3]);
    assert_memory_equal(log, log_after, bytes[1]);
    char *const all[] = {data, log, data_after, log_after};
    for (size_t i = 0; i < 4; i++)
        free(all[i]);
    temp_directory_remove(directory);
}

static void where_there_is_none_a_look_makes_none(void **state) {
    char directory[TEMP_PATH_BYTES];
    struct fixture fixture = {0};
    struct berth_schema schema;
    (void)state;
    temp_directory_make(directory);
    assert_int_equal(
        berth_registry_sqlite_look(directory, &fixture.registry, &schema, &fixture.error),
        BERTH_NOT_FOUND);
    assert_string_equal(fixture.error.rule, "database-missing");
    assert_false(temp_file_exists(directory, "db"));
    temp_directory_remove(directory);
}

struct limited {
    const char *directory;
    size_t bytes; /* no file may grow over this */
    bool killed;  /* else the write fails, as on a full disk */
};

static int open_limited(void *context) {
    const struct limited *limited = context;
    const struct rlimit limit = {limited->bytes, limited->bytes};
    struct berth_registry *registry = NULL;
    (void)signal(SIGXFSZ, limited->killed ? SIG_DFL : SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 99;
    enum berth_code code = SQLITE.open(limited->directory, &registry, NULL);
    return code ? 1 : 0;
}

/* The copy, or the log with the migration, is cut off until both are whole (crash/ does it at every
 * call). What a child could not write, the next open does from the start. */
static void cut_off_everywhere(int schema, bool killed, int status) {
    char directory[TEMP_PATH_BYTES];
    size_t bytes = 0;
    int cuts = 0;
    int result = status;
    char *data = old_database(schema, &bytes);
    temp_directory_make(directory);
    for (size_t limit = PAGE_BYTES / 2; result != 0; limit += STRIDE_BYTES) {
        put_database(directory, data, bytes);
        struct limited limited = {directory, limit, killed};
        result = temp_in_child(open_limited, &limited);
        if (result != 0) {
            assert_int_equal(result, status);
            assert_int_equal(schema_of(directory), schema);
            assert_true(killed || !temp_file_exists(directory, "db.new"));
            cuts++;
        }
        struct fixture *fixture = open_in(directory);
        assert_all_is_there(fixture);
        close_it(fixture);
        assert_kept(directory, schema);
    }
    assert_true(cuts > 2);
    free(data);
    temp_directory_remove(directory);
}

static void a_kill_at_any_write_leaves_the_older_file(void **state) {
    (void)state;
    for (int schema = 1; schema < OUR_SCHEMA; schema++)
        cut_off_everywhere(schema, true, 128 + SIGXFSZ);
}

static void a_disk_that_fills_up_at_any_write_leaves_the_older_file(void **state) {
    (void)state;
    for (int schema = 1; schema < OUR_SCHEMA; schema++)
        cut_off_everywhere(schema, false, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_file_keeps_all_and_becomes_ours),
        cmocka_unit_test(a_new_file_is_ours_at_once),
        cmocka_unit_test(an_older_file_can_be_looked_at_and_stays_as_it_is),
        cmocka_unit_test(a_log_is_read_where_it_lies_by_those_who_look),
        cmocka_unit_test(where_there_is_none_a_look_makes_none),
        cmocka_unit_test(a_kill_at_any_write_leaves_the_older_file),
        cmocka_unit_test(a_disk_that_fills_up_at_any_write_leaves_the_older_file),
    };
    fixture_backend = &SQLITE;
    return cmocka_run_group_tests_name("registry_schema", tests, NULL, NULL);
}
