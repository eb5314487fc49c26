/* Heads, one version, and the version that has a path. */
#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static const char *heads(struct fixture *fixture, const char *module, int count,
                         struct fixture_list *list) {
    *list = (struct fixture_list){.left = count};
    assert_int_equal(fixture->ops->heads_each(fixture->registry, module, fixture_list, list, NULL),
                     BERTH_OK);
    return list->text;
}

static void heads_come_by_module_then_in_order_of_upload(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    assert_string_equal(heads(fixture, NULL, 99, &list), "");
    fixture_add(fixture, "menu", "2.0.0");
    fixture_add(fixture, "@shop/cart", "1.0.0");
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "@shop/cart", "0.9.0");
    assert_string_equal(heads(fixture, NULL, 99, &list),
                        "@shop/cart@1.0.0 @shop/cart@0.9.0 menu@2.0.0 menu@1.0.0");
    assert_string_equal(heads(fixture, "menu", 99, &list), "menu@2.0.0 menu@1.0.0");
    assert_string_equal(heads(fixture, "men", 99, &list), "");
    assert_string_equal(heads(fixture, NULL, 1, &list), "@shop/cart@1.0.0");
}

static bool compare_head(const struct berth_version *found, void *context) {
    const struct berth_version *whole = context;
    struct berth_version expected = *whole;
    assert_null(found->description);
    assert_null(found->assets);
    assert_int_equal(found->asset_count, 0);
    struct berth_version same = *found;
    same.description = expected.description;
    expected.asset_count = 0;
    return fixture_compare(&same, &expected);
}

static void a_head_has_all_but_the_description_and_the_assets(void **state) {
    struct fixture *fixture = *state;
    struct berth_version version;
    bool created = false;
    fixture_version("@shop/cart", "1.0.0-rc.1+build.5", "contents", &version);
    version.compression = BERTH_COMPRESSION_QUICK;
    assert_int_equal(fixture->ops->version_add(fixture->registry, &version, &fixture_actor, NULL,
                                               &created, NULL),
                     BERTH_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            fixture->ops->heads_each(fixture->registry, NULL, compare_head, &version, NULL),
            BERTH_OK);
        fixture_reopen(fixture);
    }
    berth_version_done(&version);
}

static void one_version_comes_whole(void **state) {
    struct fixture *fixture = *state;
    struct berth_version version;
    bool created = false;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "cart", "2.0.0");
    fixture_version("menu", "2.0.0", "contents", &version);
    assert_int_equal(fixture->ops->version_add(fixture->registry, &version, &fixture_actor, NULL,
                                               &created, NULL),
                     BERTH_OK);
    fixture_add(fixture, "menu", "3.0.0");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture->ops->version_get(fixture->registry, "menu", "2.0.0",
                                                   fixture_compare, &version, NULL),
                         BERTH_OK);
        fixture_reopen(fixture);
    }
    berth_version_done(&version);
}

static bool must_not_be_called(const struct berth_version *version, void *context) {
    (void)context;
    fail_msg("was told of %s@%s", version->module, version->version);
    return false;
}

static void one_version_that_is_not_there_is_not_found(void **state) {
    struct fixture *fixture = *state;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "cart", "2.0.0");
    assert_int_equal(fixture->ops->version_get(fixture->registry, "men", "1.0.0",
                                               must_not_be_called, NULL, &fixture->error),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "module-unknown");
    memset(&fixture->error, 0, sizeof fixture->error);
    assert_int_equal(fixture->ops->version_get(fixture->registry, "menu", "2.0.0",
                                               must_not_be_called, NULL, &fixture->error),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "version-unknown");
}

static bool count_and_go_on(const struct berth_version *version, void *context) {
    (void)version;
    ++*(int *)context;
    return true;
}

static bool count_and_stop(const struct berth_version *version, void *context) {
    (void)version;
    ++*(int *)context;
    return false;
}

static void one_version_is_told_once_whatever_the_callback_says(void **state) {
    struct fixture *fixture = *state;
    static const berth_version_fn FUNCTIONS[] = {count_and_go_on, count_and_stop};
    fixture_add(fixture, "menu", "1.0.0");
    for (size_t i = 0; i < 2; i++) {
        int calls = 0;
        assert_int_equal(fixture->ops->version_get(fixture->registry, "menu", "1.0.0", FUNCTIONS[i],
                                                   &calls, NULL),
                         BERTH_OK);
        assert_int_equal(calls, 1);
    }
}

/* A version with one asset. */
static void add_with(struct fixture *fixture, const char *module, const char *version,
                     const char *path) {
    struct berth_version record;
    bool created = false;
    fixture_version(module, version, path, &record);
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

static void assert_with(struct fixture *fixture, const char *module, const char *path,
                        const char *version) {
    char *found = NULL;
    assert_int_equal(
        fixture->ops->version_with(fixture->registry, module, path, &found, &fixture->error),
        BERTH_OK);
    if (version)
        assert_string_equal(found, version);
    else
        assert_null(found);
    free(found);
}

static void the_newest_version_with_a_path_is_found(void **state) {
    struct fixture *fixture = *state;
    add_with(fixture, "menu", "2.0.0", "a.js");
    add_with(fixture, "menu", "1.0.0", "a.js"); /* later, so newer */
    add_with(fixture, "menu", "3.0.0", "b.js");
    add_with(fixture, "cart", "9.0.0", "a.js");
    add_with(fixture, "cart", "9.1.0", "c.js");
    for (int i = 0; i < 2; i++) {
        assert_with(fixture, "menu", "a.js", "1.0.0");
        assert_with(fixture, "menu", "b.js", "3.0.0");
        assert_with(fixture, "cart", "a.js", "9.0.0");
        assert_with(fixture, "menu", "c.js", NULL);
        assert_with(fixture, "menu", "a.j", NULL);
        assert_with(fixture, "menu", "A.js", NULL);
        assert_with(fixture, "none", "a.js", NULL);
        fixture_reopen(fixture);
    }
}

static void an_upload_that_fails_is_no_version_with_its_paths(void **state) {
    struct fixture *fixture = *state;
    struct berth_version version;
    bool created = false;
    add_with(fixture, "menu", "1.0.0", "Z.js");
    fixture_version("menu", "2.0.0", "bytes", &version); /* has Z.js, and then one path twice */
    free(version.assets[2].path);
    version.assets[2].path = strdup(version.assets[1].path);
    assert_int_not_equal(fixture->ops->version_add(fixture->registry, &version, &fixture_actor,
                                                   NULL, &created, NULL),
                         BERTH_OK);
    berth_version_done(&version);
    assert_with(fixture, "menu", "Z.js", "1.0.0");
    assert_with(fixture, "menu", "a/b.css", NULL);
}

int run_lookups(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(heads_come_by_module_then_in_order_of_upload),
        REGISTRY_TEST(a_head_has_all_but_the_description_and_the_assets),
        REGISTRY_TEST(one_version_comes_whole),
        REGISTRY_TEST(one_version_that_is_not_there_is_not_found),
        REGISTRY_TEST(one_version_is_told_once_whatever_the_callback_says),
        REGISTRY_TEST(the_newest_version_with_a_path_is_found),
        REGISTRY_TEST(an_upload_that_fails_is_no_version_with_its_paths),
    };
    return cmocka_run_group_tests_name("lookups", tests, NULL, NULL);
}
