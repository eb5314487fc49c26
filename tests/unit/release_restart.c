#include "release_fixture.h"

#include <stdio.h>

static const char page[] =
    "{\"path\":\"/\",\"title\":\"T\",\"slots\":[{\"name\":\"a\",\"module\":\"app\","
    "\"expose\":\"./A\"}]}";
static const char document[] = "{\"path\":\"/doc\",\"document\":{\"module\":\"app\"}}";

static void an_empty_registry_opens_at_generation_0(void **state) {
    struct release_fixture *fixture = *state;
    assert_int_equal(release_generation(fixture), 0);
    release_restart(fixture);
    assert_int_equal(release_generation(fixture), 0);
    char *events = release_events(fixture, 0);
    assert_string_equal(events, "retry: 2000\n\n");
    free(events);
}

static void all_that_was_there_is_there_after_a_restart(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", true);
    release_upload(fixture, "app", "3.0.0", false);
    release_upload(fixture, "@shop/cart", "1.0.0", false);
    release_page(fixture, "front", page);
    (void)release_activate(fixture, "app", NULL);
    char *before = release_page_text(fixture, "/");
    release_restart(fixture);
    assert_int_equal(release_generation(fixture), 4);
    assert_live(fixture, "app", "1.0.0");
    assert_live(fixture, "@shop/cart", NULL);
    char *after = release_page_text(fixture, "/");
    assert_string_equal(after, before);
    free(before);
    free(after);
    static const char *const kept[][2] = {
        {"app", "1.0.0"}, {"app", "2.0.0"}, {"app", "3.0.0"}, {"@shop/cart", "1.0.0"}};
    for (size_t i = 0; i < 4; i++) {
        char expected[64];
        char *text = release_file(fixture, kept[i][0], kept[i][1], "index.html");
        (void)snprintf(expected, sizeof expected, "%s %s", kept[i][0], kept[i][1]);
        assert_string_equal(text, expected);
        free(text);
    }
    assert_int_equal(release_activate(fixture, "app", "3.0.0"), 5);
    assert_live(fixture, "app", "3.0.0");
}

/* The shell shows it where the live one cannot be loaded: but never what was rolled back from. */
static void the_version_before_is_named_until_a_rollback_and_after_a_restart(void **state) {
    struct release_fixture *fixture = *state;
    static const char before[] = "\"previous\":{\"module\":\"app\",\"version\":\"1.0.0\"";
    release_page(fixture, "front", page);
    release_upload(fixture, "app", "1.0.0", true);
    char *text = release_page_text(fixture, "/");
    assert_null(strstr(text, "\"previous\""));
    free(text);
    release_upload(fixture, "app", "2.0.0", true);
    release_upload(fixture, "app", "3.0.0", false); /* does not make it forgotten */
    for (int round = 0; round < 2; round++) {
        text = release_page_text(fixture, "/");
        assert_non_null(strstr(text, before));
        free(text);
        release_restart(fixture);
    }
    (void)release_activate(fixture, "app", NULL);
    for (int round = 0; round < 2; round++) {
        assert_live(fixture, "app", "1.0.0");
        text = release_page_text(fixture, "/");
        assert_null(strstr(text, "\"previous\""));
        free(text);
        release_restart(fixture);
    }
}

static void a_stream_gets_after_a_restart_what_it_missed_before(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", true);
    release_page(fixture, "front", page);
    release_upload(fixture, "app", "2.0.0", true);
    char *before = release_events(fixture, 1);
    release_restart(fixture);
    char *after = release_events(fixture, 1);
    assert_string_equal(after, before);
    assert_non_null(strstr(after, "id: 2\nevent: page\n"));
    assert_non_null(strstr(after, "id: 3\nevent: activated\n"));
    free(before);
    free(after);
    after = release_events(fixture, 3);
    assert_string_equal(after, "retry: 2000\n\n");
    free(after);
    after = release_events(fixture, 4); /* from a registry that was set back */
    assert_non_null(strstr(after, "id: 3\nevent: reset\n"));
    free(after);
}

static void only_the_newest_256_changes_are_told_again(void **state) {
    struct release_fixture *fixture = *state;
    enum { CHANGES = 300, KEPT = 256 };
    release_upload(fixture, "app", "0.0.0", false);
    release_upload(fixture, "app", "0.0.1", false);
    for (int i = 0; i < CHANGES; i++)
        assert_int_equal(release_activate(fixture, "app", i % 2 ? "0.0.1" : "0.0.0"), i + 1);
    release_restart(fixture);
    char *events = release_events(fixture, CHANGES - KEPT);
    assert_null(strstr(events, "reset"));
    assert_non_null(strstr(events, "id: 45\n"));
    assert_non_null(strstr(events, "id: 300\n"));
    free(events);
    events = release_events(fixture, CHANGES - KEPT - 1);
    assert_non_null(strstr(events, "id: 300\nevent: reset\n"));
    free(events);
}

/* One flipped bit must not keep all the others from being served; the damaged file is not. */
static void a_damaged_live_file_costs_itself_and_not_the_start(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "other", "1.0.0", true);
    release_page(fixture, "front", page);
    release_page(fixture, "doc", document);
    release_damage(fixture, "app 1.0.0");
    release_restart(fixture);
    assert_live(fixture, "app", "1.0.0");
    assert_live(fixture, "other", "1.0.0");
    assert_false(release_in_memory(fixture, "app", "1.0.0"));
    assert_true(release_in_memory(fixture, "other", "1.0.0"));
    assert_null(release_file(fixture, "app", "1.0.0", "index.html"));
    assert_null(release_page_text(fixture, "/doc"));
    char *text = release_page_text(fixture, "/");
    assert_non_null(strstr(text, "/m/app@1.0.0/remoteEntry.js"));
    free(text);
    /* Others go on, and the module can be mended. */
    release_upload(fixture, "other", "2.0.0", true);
    assert_live(fixture, "other", "2.0.0");
    release_upload(fixture, "app", "1.0.1", false);
    (void)release_activate(fixture, "app", "1.0.1");
    assert_live(fixture, "app", "1.0.1");
    text = release_page_text(fixture, "/doc");
    assert_non_null(strstr(text, "app 1.0.1"));
    free(text);
    struct berth_activated activated; /* but not go back to what is damaged */
    assert_int_equal(release_try_activate(fixture, "app", NULL, BERTH_ANY_GENERATION, &activated),
                     BERTH_IO);
    assert_live(fixture, "app", "1.0.1");
}

static void push_again(struct release_fixture *fixture, const char *module, const char *version) {
    char text[64];
    struct berth_uploaded uploaded = {0};
    (void)snprintf(text, sizeof text, "%s %s", module, version);
    struct archive archive = release_archive(text, text);
    assert_int_equal(release_try_upload(fixture, module, version, &archive, false, &uploaded),
                     BERTH_OK);
    assert_false(uploaded.created);
    berth_uploaded_done(&uploaded);
    free(archive.data);
}

static bool has_live_manifest(struct release_fixture *fixture) {
    struct berth_publisher *publisher = berth_desk_publisher(fixture->desk);
    const struct berth_module *module =
        berth_snapshot_module(berth_snapshot_acquire(publisher), "app");
    bool has = module->live_manifest && module->live->manifest;
    berth_snapshot_release(publisher);
    return has;
}

static void what_heals_is_shown_everywhere_again(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", true);
    release_page(fixture, "doc", document);
    char *manifest = release_file(fixture, "app", "1.0.0", "mf-manifest.json");
    release_damage(fixture, "app 1.0.0");
    release_damage(fixture, manifest);
    free(manifest);
    release_restart(fixture);
    int64_t generation = release_generation(fixture);
    assert_false(has_live_manifest(fixture));
    assert_null(release_page_text(fixture, "/doc"));
    push_again(fixture, "app", "1.0.0");
    assert_true(release_in_memory(fixture, "app", "1.0.0"));
    assert_true(has_live_manifest(fixture));
    char *text = release_page_text(fixture, "/doc");
    assert_non_null(text);
    assert_non_null(strstr(text, "app 1.0.0"));
    free(text);
    assert_int_equal(release_generation(fixture), generation);
    assert_int_equal(release_stored_generation(fixture), generation);
}

static void a_file_that_another_upload_brings_heals_what_is_shown_without_it(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_uploaded uploaded = {0};
    release_upload(fixture, "app", "1.0.0", true);
    release_page(fixture, "doc", document);
    release_damage(fixture, "app 1.0.0");
    release_restart(fixture);
    int64_t generation = release_generation(fixture);
    assert_null(release_page_text(fixture, "/doc"));
    release_upload(fixture, "other", "1.0.0", false); /* has nothing of it */
    assert_null(release_page_text(fixture, "/doc"));
    assert_false(release_in_memory(fixture, "app", "1.0.0"));
    struct archive archive = release_archive("another entry", "app 1.0.0"); /* the same document */
    assert_int_equal(release_try_upload(fixture, "other", "2.0.0", &archive, false, &uploaded),
                     BERTH_OK);
    assert_true(uploaded.created);
    berth_uploaded_done(&uploaded);
    free(archive.data);
    char *text = release_page_text(fixture, "/doc");
    assert_non_null(text);
    assert_non_null(strstr(text, "app 1.0.0"));
    free(text);
    assert_true(release_in_memory(fixture, "app", "1.0.0"));
    assert_int_equal(release_generation(fixture), generation);
}

static bool has_cold_manifest(struct release_fixture *fixture, const char *version) {
    struct berth_cold *cold = berth_desk_cold(fixture->desk);
    const struct berth_edition *edition = NULL;
    assert_int_equal(berth_cold_take(cold, "app", version, &edition, NULL), BERTH_OK);
    bool has = edition->manifest;
    berth_cold_give(cold, edition);
    return has;
}

static void a_version_that_is_not_live_heals_with_its_manifest(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    char *manifest = release_file(fixture, "app", "1.0.0", "mf-manifest.json");
    release_damage(fixture, manifest);
    free(manifest);
    release_restart(fixture);
    assert_false(has_cold_manifest(fixture, "1.0.0"));
    push_again(fixture, "app", "1.0.0");
    assert_true(has_cold_manifest(fixture, "1.0.0"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(an_empty_registry_opens_at_generation_0),
        RELEASE_TEST(all_that_was_there_is_there_after_a_restart),
        RELEASE_TEST(the_version_before_is_named_until_a_rollback_and_after_a_restart),
        RELEASE_TEST(a_stream_gets_after_a_restart_what_it_missed_before),
        RELEASE_TEST(only_the_newest_256_changes_are_told_again),
        RELEASE_TEST(a_damaged_live_file_costs_itself_and_not_the_start),
        RELEASE_TEST(what_heals_is_shown_everywhere_again),
        RELEASE_TEST(a_file_that_another_upload_brings_heals_what_is_shown_without_it),
        RELEASE_TEST(a_version_that_is_not_live_heals_with_its_manifest),
    };
    return cmocka_run_group_tests_name("release_restart", tests, NULL, NULL);
}
