#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static void a_fresh_registry_is_empty(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(fixture_generation(fixture), 0);
    assert_string_equal(fixture_live(fixture, "header-app"), "");
}

static const char *listed(struct fixture *fixture, const char *module, int count,
                          struct fixture_list *list) {
    *list = (struct fixture_list){.left = count};
    assert_int_equal(
        fixture->ops->versions_each(fixture->registry, module, fixture_list, list, NULL), BERTH_OK);
    return list->text;
}

static void versions_come_by_module_then_in_order_of_upload(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    fixture_add(fixture, "menu", "2.0.0");
    fixture_add(fixture, "@shop/cart", "1.0.0");
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "@shop/cart", "0.9.0");
    assert_string_equal(listed(fixture, NULL, 99, &list),
                        "@shop/cart@1.0.0 @shop/cart@0.9.0 menu@2.0.0 menu@1.0.0");
    assert_string_equal(listed(fixture, "menu", 99, &list), "menu@2.0.0 menu@1.0.0");
    assert_string_equal(listed(fixture, "men", 99, &list), "");
}

static void a_callback_can_stop_the_walk(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    assert_string_equal(listed(fixture, NULL, 1, &list), "menu@1.0.0");
    assert_string_equal(listed(fixture, NULL, 99, &list), "menu@1.0.0 menu@1.1.0");
}

static void a_version_comes_back_as_it_was_given_also_after_a_restart(void **state) {
    struct fixture *fixture = *state;
    struct berth_version version;
    bool created = false;
    fixture_version("@shop/cart", "1.0.0-rc.1+build.5", "contents", &version);
    assert_int_equal(fixture->ops->version_add(fixture->registry, &version, &fixture_actor, NULL,
                                               &created, NULL),
                     BERTH_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            fixture->ops->versions_each(fixture->registry, NULL, fixture_compare, &version, NULL),
            BERTH_OK);
        fixture_reopen(fixture);
    }
    berth_version_done(&version);
}

static void make_wide(struct berth_version *version, size_t count) {
    *version = (struct berth_version){
        .module = strdup("wide"),
        .version = strdup("1.0.0"),
        .description = strdup("{}"),
        .created_by = strdup("ci"),
        .assets = calloc(count + 1, sizeof *version->assets),
        .asset_count = count,
    };
    for (size_t i = 0; i < count; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "chunks/%06zu.js", i);
        version->assets[i].path = strdup(path);
        version->assets[i].digest = berth_sha256(path, strlen(path));
        version->assets[i].bytes = (int64_t)i;
    }
}

static void a_version_may_have_many_assets_or_none(void **state) {
    static const size_t COUNTS[] = {0, 1, 64, 65, 5000};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        struct berth_version version;
        bool created = false;
        fixture_teardown(state);
        fixture_setup(state);
        struct fixture *fixture = *state;
        make_wide(&version, COUNTS[i]);
        assert_int_equal(fixture->ops->version_add(fixture->registry, &version, &fixture_actor,
                                                   NULL, &created, NULL),
                         BERTH_OK);
        assert_int_equal(
            fixture->ops->versions_each(fixture->registry, "wide", fixture_compare, &version, NULL),
            BERTH_OK);
        berth_version_done(&version);
    }
}

static void the_same_contents_again_are_fine_and_not_created(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    bool created = false;
    assert_int_equal(fixture_upload(fixture, "menu", "1.0.0", "bytes", &created), BERTH_OK);
    assert_true(created);
    assert_int_equal(fixture_upload(fixture, "menu", "1.0.0", "bytes", &created), BERTH_OK);
    assert_false(created);
    assert_string_equal(listed(fixture, NULL, 99, &list), "menu@1.0.0");
}

static void other_contents_under_a_version_are_a_conflict(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    bool created = true;
    fixture_add(fixture, "menu", "1.0.0");
    assert_int_equal(fixture_upload(fixture, "menu", "1.0.0", "other bytes", &created),
                     BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "version-exists");
    assert_true(created); /* outputs are written on success only */
    assert_string_equal(listed(fixture, NULL, 99, &list), "menu@1.0.0");
}

static void one_version_may_exist_in_two_modules(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "cart", "1.0.0");
    assert_string_equal(listed(fixture, NULL, 99, &list), "cart@1.0.0 menu@1.0.0");
}

/* Two assets under one path break a rule of the table behind it, after rows were written. */
static void a_version_that_fails_half_way_leaves_nothing(void **state) {
    struct fixture *fixture = *state;
    struct berth_version version;
    struct fixture_list list;
    bool created = false;
    fixture_version("menu", "1.0.0", "bytes", &version);
    free(version.assets[2].path);
    version.assets[2].path = strdup(version.assets[0].path);
    assert_int_not_equal(fixture->ops->version_add(fixture->registry, &version, &fixture_actor,
                                                   NULL, &created, NULL),
                         BERTH_OK);
    berth_version_done(&version);
    assert_string_equal(listed(fixture, NULL, 99, &list), "");
    struct berth_activated activated = {0};
    assert_int_equal(fixture_try(fixture, "menu", "1.0.0", false, BERTH_ANY_GENERATION, &activated),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "module-unknown");
    fixture_add(fixture, "menu", "1.0.0");
}

int run_versions(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(a_fresh_registry_is_empty),
        REGISTRY_TEST(versions_come_by_module_then_in_order_of_upload),
        REGISTRY_TEST(a_callback_can_stop_the_walk),
        REGISTRY_TEST(a_version_comes_back_as_it_was_given_also_after_a_restart),
        REGISTRY_TEST(a_version_may_have_many_assets_or_none),
        REGISTRY_TEST(the_same_contents_again_are_fine_and_not_created),
        REGISTRY_TEST(other_contents_under_a_version_are_a_conflict),
        REGISTRY_TEST(one_version_may_exist_in_two_modules),
        REGISTRY_TEST(a_version_that_fails_half_way_leaves_nothing),
    };
    return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
