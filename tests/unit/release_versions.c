/* Many versions, and what is known of them later. */
#include "release_fixture.h"

#include <stdio.h>

static const char page[] =
    "{\"path\":\"/\",\"title\":\"T\",\"slots\":[{\"name\":\"a\",\"module\":\"app\","
    "\"expose\":\"./A\"}]}";

static void assert_form(struct release_fixture *fixture, const char *version, const char *accept,
                        const char *expected) {
    char *text = release_form(fixture, "app", version, accept);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static const struct berth_snapshot *current(struct release_fixture *fixture) {
    const struct berth_snapshot *snapshot =
        berth_snapshot_acquire(berth_desk_publisher(fixture->desk));
    berth_snapshot_release(berth_desk_publisher(fixture->desk));
    return snapshot; /* nothing is published while the test looks at it */
}

static void a_refresh_shows_variants_and_changes_nothing_else(void **state) {
    struct release_fixture *fixture = *state;
    release_page(fixture, "front", page);
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", true);
    int64_t generation = release_generation(fixture);
    const struct berth_snapshot_pages *pages = current(fixture)->pages;
    const struct berth_view *entry = berth_snapshot_module(current(fixture), "app")->live_entry;
    static const char *const versions[] = {"2.0.0", "1.0.0"}; /* live, previous */
    for (size_t i = 0; i < 2; i++) {
        char plain[64];
        (void)snprintf(plain, sizeof plain, "app %s", versions[i]);
        release_note_variant(fixture, "app", versions[i], BERTH_GZIP, "as gzip");
        assert_form(fixture, versions[i], "gzip", plain);
        assert_int_equal(berth_desk_refresh(fixture->desk, "app", versions[i], NULL), BERTH_OK);
        assert_form(fixture, versions[i], "gzip", "as gzip");
        assert_form(fixture, versions[i], "br", plain);
        release_note_variant(fixture, "app", versions[i], BERTH_BROTLI, "as br");
        assert_int_equal(berth_desk_refresh(fixture->desk, "app", versions[i], NULL), BERTH_OK);
        assert_form(fixture, versions[i], "gzip, br", "as br");
    }
    assert_live(fixture, "app", "2.0.0");
    assert_int_equal(release_generation(fixture), generation);
    assert_int_equal(release_stored_generation(fixture), generation);
    assert_ptr_equal(current(fixture)->pages, pages);
    assert_ptr_equal(berth_snapshot_module(current(fixture), "app")->live_entry, entry);
    char *events = release_events(fixture, generation);
    assert_null(strstr(events, "id:"));
    free(events);
    release_restart(fixture);
    assert_form(fixture, "2.0.0", "gzip, br", "as br");
    assert_form(fixture, "1.0.0", "gzip", "as gzip");
}

static void a_version_that_is_not_live_shows_its_variants_after_a_refresh(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    assert_form(fixture, "1.0.0", "gzip", "app 1.0.0");
    release_note_variant(fixture, "app", "1.0.0", BERTH_GZIP, "as gzip");
    assert_form(fixture, "1.0.0", "gzip", "app 1.0.0"); /* it is in the cache as it was */
    assert_int_equal(berth_desk_refresh(fixture->desk, "app", "1.0.0", NULL), BERTH_OK);
    assert_form(fixture, "1.0.0", "gzip", "as gzip");
    (void)release_activate(fixture, "app", "1.0.0");
    assert_form(fixture, "1.0.0", "gzip", "as gzip");
}

static void a_refresh_of_what_is_not_there_does_nothing(void **state) {
    struct release_fixture *fixture = *state;
    assert_int_equal(berth_desk_refresh(fixture->desk, "none", "1.0.0", NULL), BERTH_OK);
    release_upload(fixture, "app", "1.0.0", true);
    assert_int_equal(berth_desk_refresh(fixture->desk, "app", "2.0.0", NULL), BERTH_OK);
    assert_form(fixture, "1.0.0", "gzip", "app 1.0.0");
}

static void a_damaged_variant_neither_refuses_an_activation_nor_a_start(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_note_variant(fixture, "app", "1.0.0", BERTH_GZIP, "as gzip");
    release_damage(fixture, "as gzip");
    (void)release_activate(fixture, "app", "1.0.0");
    for (int round = 0; round < 2; round++) {
        assert_form(fixture, "1.0.0", "gzip", "app 1.0.0");
        assert_true(release_in_memory(fixture, "app", "1.0.0"));
        release_restart(fixture);
    }
}

/* Fifty uploads a second must not compose all pages fifty times. */
static void an_upload_composes_nothing(void **state) {
    struct release_fixture *fixture = *state;
    release_page(fixture, "front", page);
    release_upload(fixture, "app", "1.0.0", true);
    const struct berth_snapshot *before = current(fixture);
    const struct berth_snapshot_pages *pages = before->pages;
    const struct berth_view *remotes = berth_snapshot_listing(before, BERTH_LISTING_REMOTES);
    const struct berth_view *entry = berth_snapshot_module(before, "app")->live_entry;
    release_upload(fixture, "app", "2.0.0", false);
    release_upload(fixture, "other", "1.0.0", false);
    const struct berth_snapshot *after = current(fixture);
    assert_ptr_equal(after->pages, pages);
    assert_ptr_equal(berth_snapshot_listing(after, BERTH_LISTING_REMOTES), remotes);
    assert_ptr_equal(berth_snapshot_module(after, "app")->live_entry, entry);
    assert_true(berth_module_has(berth_snapshot_module(after, "app"), "2.0.0"));
}

struct told {
    int count;
    char last[64];
};

static void note_upload(void *context, const char *module, const char *version) {
    struct told *told = context;
    told->count++;
    (void)snprintf(told->last, sizeof told->last, "%s@%s", module, version);
}

static void each_new_version_is_told_once(void **state) {
    struct release_fixture *fixture = *state;
    struct told told = {0};
    struct berth_uploaded uploaded = {0};
    fixture->options.uploaded = note_upload;
    fixture->options.uploaded_context = &told;
    release_restart(fixture);
    release_upload(fixture, "app", "1.0.0", false);
    assert_string_equal(told.last, "app@1.0.0");
    release_upload(fixture, "app", "1.1.0", true);
    assert_string_equal(told.last, "app@1.1.0");
    struct archive same = release_archive("app 1.0.0", "app 1.0.0");
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &same, false, &uploaded),
                     BERTH_OK);
    berth_uploaded_done(&uploaded);
    struct archive other = release_archive("other", "other");
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &other, false, &uploaded),
                     BERTH_CONFLICT);
    assert_int_equal(told.count, 2);
    free(same.data);
    free(other.data);
}

static void many_versions_are_all_there_and_two_are_in_memory(void **state) {
    struct release_fixture *fixture = *state;
    enum { VERSIONS = 120 };
    char version[32], expected[64];
    fixture->options.limits.cache_bytes = 0;
    release_restart(fixture);
    for (int i = 0; i < VERSIONS; i++) {
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        release_upload(fixture, "app", version, i == 50 || i == 7);
    }
    for (int round = 0; round < 2; round++) {
        const struct berth_module *module = berth_snapshot_module(current(fixture), "app");
        assert_int_equal(module->heads->count, VERSIONS);
        assert_string_equal(module->live->version, "1.50.0");
        assert_string_equal(module->previous->version, "1.7.0");
        struct berth_bodies *bodies = berth_desk_bodies(fixture->desk);
        assert_true(berth_bodies_bytes(bodies) <= module->live->bytes + module->previous->bytes);
        for (int i = 0; i < VERSIONS; i++) {
            (void)snprintf(version, sizeof version, "1.%d.0", i);
            (void)snprintf(expected, sizeof expected, "app 1.%d.0", i);
            assert_string_equal(module->heads->by_upload[i]->version, version);
            char *text = release_file(fixture, "app", version, "index.html");
            assert_string_equal(text, expected);
            free(text);
        }
        assert_int_equal(berth_bodies_unpinned_bytes(bodies), 0);
        release_restart(fixture);
    }
}

/* The files of what is announced are in memory when it becomes live. */
static void a_staged_version_is_warm(void **state) {
    struct release_fixture *fixture = *state;
    int streams;
    release_upload(fixture, "app", "1.0.0", false);
    release_restart(fixture);
    struct berth_bodies *bodies = berth_desk_bodies(fixture->desk);
    assert_int_equal(berth_bodies_bytes(bodies), 0);
    assert_int_equal(berth_desk_stage(fixture->desk, "app", "1.0.0", &streams, NULL), BERTH_OK);
    int64_t bytes = berth_bodies_bytes(bodies);
    assert_true(bytes > 0);
    (void)release_activate(fixture, "app", "1.0.0");
    assert_int_equal(berth_bodies_bytes(bodies), bytes);
    assert_int_equal(berth_desk_stage(fixture->desk, "none", "1.0.0", &streams, &fixture->error),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "module-unknown");
    fixture->error = (struct berth_error){0};
    assert_int_equal(berth_desk_stage(fixture->desk, "app", "9.0.0", &streams, &fixture->error),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "version-unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(a_refresh_shows_variants_and_changes_nothing_else),
        RELEASE_TEST(a_version_that_is_not_live_shows_its_variants_after_a_refresh),
        RELEASE_TEST(a_refresh_of_what_is_not_there_does_nothing),
        RELEASE_TEST(a_damaged_variant_neither_refuses_an_activation_nor_a_start),
        RELEASE_TEST(an_upload_composes_nothing),
        RELEASE_TEST(each_new_version_is_told_once),
        RELEASE_TEST(many_versions_are_all_there_and_two_are_in_memory),
        RELEASE_TEST(a_staged_version_is_warm),
    };
    return cmocka_run_group_tests_name("release_versions", tests, NULL, NULL);
}
