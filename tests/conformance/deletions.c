/* A version that is deleted is gone for every call, but its name stays taken and history has it. */
#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static enum berth_code try_delete(struct fixture *fixture, const char *module,
                                  const char *version) {
    struct berth_version_delete request = {.module = module,
                                           .version = version,
                                           .at_ms = 1700000002000,
                                           .by = fixture_actor,
                                           .reason = "leaks a key"};
    memset(&fixture->error, 0, sizeof fixture->error);
    return fixture->ops->version_delete(fixture->registry, &request, &fixture->error);
}

static void delete_it(struct fixture *fixture, const char *module, const char *version) {
    assert_int_equal(try_delete(fixture, module, version), BERTH_OK);
}

static const char *heads(struct fixture *fixture, const char *module) {
    static struct fixture_list list;
    list = (struct fixture_list){.left = 99};
    assert_int_equal(fixture->ops->heads_each(fixture->registry, module, fixture_list, &list, NULL),
                     BERTH_OK);
    return list.text;
}

static enum berth_code get(struct fixture *fixture, const char *module, const char *version) {
    struct fixture_list list = {.left = 99};
    memset(&fixture->error, 0, sizeof fixture->error);
    return fixture->ops->version_get(fixture->registry, module, version, fixture_list, &list,
                                     &fixture->error);
}

static void no_call_finds_a_deleted_version(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list all = {.left = 99}, one = {.left = 99}, plain = {.left = 99};
    struct berth_activated activated;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    fixture_add(fixture, "cart", "1.0.0");
    delete_it(fixture, "menu", "1.0.0");
    fixture_reopen(fixture);
    assert_string_equal(heads(fixture, NULL), "cart@1.0.0 menu@1.1.0");
    assert_string_equal(heads(fixture, "menu"), "menu@1.1.0");
    assert_int_equal(fixture->ops->versions_each(fixture->registry, NULL, fixture_list, &all, NULL),
                     0);
    assert_string_equal(all.text, "cart@1.0.0 menu@1.1.0");
    assert_int_equal(
        fixture->ops->versions_each(fixture->registry, "menu", fixture_list, &one, NULL), 0);
    assert_string_equal(one.text, "menu@1.1.0");
    assert_int_equal(fixture->ops->uncompressed_each(fixture->registry, BERTH_COMPRESSION_BEST,
                                                     fixture_list, &plain, NULL),
                     0);
    assert_string_equal(plain.text, "menu@1.1.0 cart@1.0.0");
    assert_int_equal(get(fixture, "menu", "1.0.0"), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "version-deleted");
    for (int rollback = 0; rollback < 2; rollback++) {
        assert_int_equal(
            fixture_try(fixture, "menu", "1.0.0", rollback, BERTH_ANY_GENERATION, &activated),
            BERTH_NOT_FOUND);
        assert_string_equal(fixture->error.rule, "version-deleted");
    }
    assert_int_equal(fixture->ops->variants_put(fixture->registry, "menu", "1.0.0",
                                                BERTH_COMPRESSION_BEST, NULL, 0, &fixture->error),
                     BERTH_NOT_FOUND);
    assert_int_equal(fixture_generation(fixture), 0);
}

static void the_name_of_a_deleted_version_stays_taken(void **state) {
    struct fixture *fixture = *state;
    bool created = false;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    delete_it(fixture, "menu", "1.0.0");
    for (int i = 0; i < 2; i++) { /* with the same contents, and with others */
        memset(&fixture->error, 0, sizeof fixture->error);
        assert_int_equal(fixture_upload(fixture, "menu", "1.0.0", i ? "new" : "1.0.0", &created),
                         BERTH_CONFLICT);
        assert_string_equal(fixture->error.rule, "version-deleted");
        assert_false(created);
        fixture_reopen(fixture);
    }
    assert_int_equal(try_delete(fixture, "menu", "1.0.0"), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "version-deleted");
    assert_string_equal(heads(fixture, NULL), "menu@1.1.0");
}

static void what_is_not_there_cannot_be_deleted(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(try_delete(fixture, "men", "1.0.0"), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "module-unknown");
    assert_int_equal(try_delete(fixture, "menu", "1.1.0"), BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "version-unknown");
}

static void what_is_live_cannot_be_deleted(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    fixture_activate(fixture, "menu", "1.0.0");
    assert_int_equal(try_delete(fixture, "menu", "1.0.0"), BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "version-live");
    fixture_activate(fixture, "menu", "1.1.0");
    delete_it(fixture, "menu", "1.0.0");
    assert_string_equal(fixture_live(fixture, "menu"), "1.1.0");
}

static const char *way_back(struct fixture *fixture) {
    static char text[32];
    char *found = NULL;
    assert_int_equal(fixture->ops->way_back(fixture->registry, "menu", &found, NULL), BERTH_OK);
    (void)snprintf(text, sizeof text, "%s", found ? found : "none");
    free(found);
    return text;
}

/* "+1" activates 1.0.0, "x1" deletes it, "-" rolls back; then where the way back leads. */
static const struct {
    const char *name;
    const char *steps;
    const char *live;
    const char *back;
} WAYS[] = {
    {"the next one back is deleted", "+1+2+3x2", "3.0.0", "1.0.0"},
    {"and is gone to", "+1+2+3x2-", "1.0.0", "none"},
    {"two are deleted", "+1+2+3+4x2x3", "4.0.0", "1.0.0"},
    {"all are deleted", "+1+2+3x1x2", "3.0.0", "none"},
    {"behind the deleted one stands what is live", "+1+2+3+2x3", "2.0.0", "1.0.0"},
    {"a rollback goes over both", "+1+2+3+2x3-", "1.0.0", "none"},
    {"only what is live is behind it", "+1+2+1x2", "1.0.0", "none"},
    {"a rollback stands on a deleted one", "+1+2+3-x1", "2.0.0", "none"},
    {"one that is not on the way is deleted", "+1+2x4", "2.0.0", "1.0.0"},
};

static void walk(struct fixture *fixture, const char *steps) {
    for (const char *step = steps; *step; step++) {
        char version[16] = "";
        if (*step != '-')
            (void)snprintf(version, sizeof version, "%c.0.0", step[1]);
        if (*step == 'x')
            delete_it(fixture, "menu", version);
        if (*step == '+')
            fixture_activate(fixture, "menu", version);
        if (*step == '-') {
            struct berth_activated activated;
            assert_int_equal(
                fixture_try(fixture, "menu", NULL, true, BERTH_ANY_GENERATION, &activated),
                BERTH_OK);
            assert_true(activated.changed);
            berth_activated_done(&activated);
        } else {
            step++;
        }
    }
}

static void the_way_back_passes_over_deleted_versions(void **state) {
    for (size_t i = 0; i < sizeof WAYS / sizeof WAYS[0]; i++) {
        struct fixture *fixture;
        assert_int_equal(fixture_setup((void **)&fixture), 0);
        print_message("  %s\n", WAYS[i].name);
        for (int version = 1; version <= 4; version++) {
            char text[16];
            (void)snprintf(text, sizeof text, "%d.0.0", version);
            fixture_add(fixture, "menu", text);
        }
        walk(fixture, WAYS[i].steps);
        assert_string_equal(fixture_live(fixture, "menu"), WAYS[i].live);
        assert_string_equal(way_back(fixture), WAYS[i].back);
        if (strcmp(WAYS[i].back, "none") == 0) {
            struct berth_activated activated;
            assert_int_equal(
                fixture_try(fixture, "menu", NULL, true, BERTH_ANY_GENERATION, &activated),
                BERTH_CONFLICT);
            assert_string_equal(fixture->error.rule, "no-way-back");
        }
        fixture_teardown((void **)&fixture);
    }
    (void)state;
}

static bool list_changes(const struct berth_change *change, void *context) {
    char *text = context;
    size_t length = strlen(text);
    (void)snprintf(text + length, 256 - length, "%s<%s ", change->version,
                   change->previous ? change->previous : "");
    return true;
}

static void history_still_names_a_deleted_version(void **state) {
    struct fixture *fixture = *state;
    char text[256] = "";
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    fixture_activate(fixture, "menu", "1.0.0");
    fixture_activate(fixture, "menu", "1.1.0");
    delete_it(fixture, "menu", "1.0.0");
    assert_int_equal(
        fixture->ops->changes_each(fixture->registry, "menu", NULL, 0, 9, list_changes, text, NULL),
        BERTH_OK);
    assert_string_equal(text, "1.1.0<1.0.0 1.0.0< ");
    assert_int_equal(fixture_generation(fixture), 2);
}

/* Like the fixture's versions, with one file. */
static void add_with_file(struct fixture *fixture, const char *version, const char *path) {
    struct berth_version record;
    bool created = false;
    fixture_version("menu", version, version, &record);
    free(record.assets[0].path);
    record.assets[0].path = strdup(path);
    for (size_t i = 1; i < record.asset_count; i++)
        free(record.assets[i].path);
    record.asset_count = 1;
    assert_int_equal(
        fixture->ops->version_add(fixture->registry, &record, &fixture_actor, NULL, &created, NULL),
        BERTH_OK);
    berth_version_done(&record);
}

static const char *with(struct fixture *fixture, const char *path) {
    static char text[32];
    char *found = NULL;
    assert_int_equal(fixture->ops->version_with(fixture->registry, "menu", path, &found, NULL),
                     BERTH_OK);
    (void)snprintf(text, sizeof text, "%s", found ? found : "none");
    free(found);
    return text;
}

static void a_path_falls_back_to_the_newest_version_that_is_left(void **state) {
    struct fixture *fixture = *state;
    add_with_file(fixture, "1.0.0", "a.js");
    add_with_file(fixture, "2.0.0", "a.js");
    add_with_file(fixture, "3.0.0", "b.js");
    add_with_file(fixture, "4.0.0", "a.js");
    delete_it(fixture, "menu", "2.0.0");
    assert_string_equal(with(fixture, "a.js"), "4.0.0");
    delete_it(fixture, "menu", "4.0.0");
    assert_string_equal(with(fixture, "a.js"), "1.0.0");
    delete_it(fixture, "menu", "3.0.0");
    assert_string_equal(with(fixture, "b.js"), "none");
    delete_it(fixture, "menu", "1.0.0");
    assert_string_equal(with(fixture, "a.js"), "none");
    assert_string_equal(heads(fixture, "menu"), "");
    add_with_file(fixture, "5.0.0", "a.js");
    assert_string_equal(with(fixture, "a.js"), "5.0.0");
}

int run_deletions(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(no_call_finds_a_deleted_version),
        REGISTRY_TEST(the_name_of_a_deleted_version_stays_taken),
        REGISTRY_TEST(what_is_not_there_cannot_be_deleted),
        REGISTRY_TEST(what_is_live_cannot_be_deleted),
        cmocka_unit_test(the_way_back_passes_over_deleted_versions),
        REGISTRY_TEST(history_still_names_a_deleted_version),
        REGISTRY_TEST(a_path_falls_back_to_the_newest_version_that_is_left),
    };
    return cmocka_run_group_tests_name("deletions", tests, NULL, NULL);
}
