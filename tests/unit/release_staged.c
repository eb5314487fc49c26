/* What is staged is kept in memory until it is activated, and not for ever. */
#include "release_fixture.h"

#include <stdio.h>

enum { KEPT = 8 };

static void stage(struct release_fixture *fixture, const char *module, const char *version) {
    int streams;
    enum berth_code code =
        berth_desk_stage(fixture->desk, module, version, &streams, &fixture->error);
    if (code != BERTH_OK)
        fail_msg("%s: %s", fixture->error.rule, fixture->error.text);
}

static int64_t pinned_bytes(struct release_fixture *fixture) {
    struct berth_bodies *bodies = berth_desk_bodies(fixture->desk);
    return berth_bodies_bytes(bodies) - berth_bodies_unpinned_bytes(bodies);
}

/* Its file is damaged on the disk after it was staged: whoever read it again would be refused. */
static void what_is_staged_becomes_live_without_being_read_again(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_restart(fixture);
    stage(fixture, "app", "1.0.0");
    assert_int_equal(berth_bodies_unpinned_bytes(berth_desk_bodies(fixture->desk)), 0);
    int64_t bytes = pinned_bytes(fixture);
    assert_true(bytes > 0);
    release_damage(fixture, "app 1.0.0");
    (void)release_activate(fixture, "app", "1.0.0");
    assert_live(fixture, "app", "1.0.0");
    assert_int_equal(pinned_bytes(fixture), bytes);
}

static void another_version_of_the_module_takes_its_place(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_upload(fixture, "app", "2.0.0", false);
    release_restart(fixture);
    stage(fixture, "app", "1.0.0");
    int64_t bytes = pinned_bytes(fixture);
    stage(fixture, "app", "2.0.0");
    stage(fixture, "app", "2.0.0");
    assert_int_equal(pinned_bytes(fixture), bytes);
}

static void what_is_deleted_is_not_kept(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_version_delete request = {
        .module = "app", .version = "2.0.0", .by = {.name = "ops"}, .at_ms = 1};
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", false);
    release_restart(fixture);
    int64_t bytes = pinned_bytes(fixture);
    stage(fixture, "app", "2.0.0");
    assert_true(pinned_bytes(fixture) > bytes);
    assert_int_equal(berth_desk_delete(fixture->desk, &request, &fixture->error), BERTH_OK);
    assert_int_equal(pinned_bytes(fixture), bytes);
}

static void few_are_kept_the_newest(void **state) {
    struct release_fixture *fixture = *state;
    char module[16];
    for (int i = 0; i < 2 * KEPT; i++) {
        (void)snprintf(module, sizeof module, "app-%02d", i);
        release_upload(fixture, module, "1.0.0", false);
    }
    release_restart(fixture);
    stage(fixture, "app-00", "1.0.0");
    int64_t one = pinned_bytes(fixture);
    for (int i = 1; i < 2 * KEPT; i++) {
        (void)snprintf(module, sizeof module, "app-%02d", i);
        stage(fixture, module, "1.0.0");
        assert_true(pinned_bytes(fixture) <= KEPT * one);
    }
    release_damage(fixture, "app-15 1.0.0");
    (void)release_activate(fixture, "app-15", "1.0.0");
}

/* The cache has room for some, of which an eighth may be staged. */
static void no_more_is_kept_than_an_eighth_of_the_cache(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_upload(fixture, "map", "1.0.0", false);
    release_restart(fixture);
    stage(fixture, "app", "1.0.0");
    int64_t one = pinned_bytes(fixture);
    fixture->options.limits.cache_bytes = 8 * one + 8;
    release_restart(fixture);
    stage(fixture, "app", "1.0.0");
    assert_int_equal(pinned_bytes(fixture), one);
    stage(fixture, "map", "1.0.0");
    assert_int_equal(pinned_bytes(fixture), one);
    fixture->options.limits.cache_bytes = 4 * one;
    release_restart(fixture);
    stage(fixture, "app", "1.0.0");
    assert_int_equal(pinned_bytes(fixture), 0);
    (void)release_activate(fixture, "app", "1.0.0");
}

static void a_smaller_cache_lets_go_of_what_is_staged(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_limits limits;
    release_upload(fixture, "app", "1.0.0", false);
    release_upload(fixture, "map", "1.0.0", false);
    release_restart(fixture);
    stage(fixture, "app", "1.0.0");
    int64_t one = pinned_bytes(fixture);
    stage(fixture, "map", "1.0.0");
    assert_true(pinned_bytes(fixture) > one); /* they share some */
    berth_desk_limits(fixture->desk, &limits);
    limits.cache_bytes = 8 * one + 8;
    berth_desk_set_limits(fixture->desk, &limits);
    assert_int_equal(pinned_bytes(fixture), one);
    limits.cache_bytes = 0;
    berth_desk_set_limits(fixture->desk, &limits);
    assert_int_equal(pinned_bytes(fixture), 0);
    assert_int_equal(berth_bodies_bytes(berth_desk_bodies(fixture->desk)), 0);
}

static void variants_that_came_later_are_shown(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    stage(fixture, "app", "1.0.0");
    release_note_variant(fixture, "app", "1.0.0", BERTH_GZIP, "as gzip");
    assert_int_equal(berth_desk_refresh(fixture->desk, "app", "1.0.0", NULL), BERTH_OK);
    (void)release_activate(fixture, "app", "1.0.0");
    char *text = release_form(fixture, "app", "1.0.0", "gzip");
    assert_string_equal(text, "as gzip");
    free(text);
}

static void a_damaged_version_is_told_but_not_kept(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_restart(fixture);
    release_damage(fixture, "app 1.0.0");
    stage(fixture, "app", "1.0.0");
    assert_int_equal(pinned_bytes(fixture), 0);
    assert_int_equal(release_try_activate(fixture, "app", "1.0.0", BERTH_ANY_GENERATION,
                                          &(struct berth_activated){0}),
                     BERTH_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(what_is_staged_becomes_live_without_being_read_again),
        RELEASE_TEST(another_version_of_the_module_takes_its_place),
        RELEASE_TEST(what_is_deleted_is_not_kept),
        RELEASE_TEST(few_are_kept_the_newest),
        RELEASE_TEST(no_more_is_kept_than_an_eighth_of_the_cache),
        RELEASE_TEST(a_smaller_cache_lets_go_of_what_is_staged),
        RELEASE_TEST(variants_that_came_later_are_shown),
        RELEASE_TEST(a_damaged_version_is_told_but_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
