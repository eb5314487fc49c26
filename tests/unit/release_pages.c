#include "release_fixture.h"

#include <stdio.h>

static const char one_slot[] =
    "{\"path\":\"/\",\"title\":\"One\",\"slots\":[{\"name\":\"a\",\"module\":\"app\","
    "\"expose\":\"./A\",\"fallback\":\"wait\"}]}";
static const char other_title[] =
    "{\"path\":\"/\",\"title\":\"Two\",\"slots\":[{\"name\":\"a\",\"module\":\"app\","
    "\"expose\":\"./A\"}]}";
static const char document[] = "{\"path\":\"/doc\",\"document\":{\"module\":\"app\"}}";
static const char broken[] = "{\"path\":\"/\",\"title\":\"\",\"slots\":[]}";

static void assert_page(struct release_fixture *fixture, const char *path, const char *part) {
    char *text = release_page_text(fixture, path);
    if (!text || !part)
        assert_true(!text && !part);
    else if (!strstr(text, part))
        fail_msg("%s lacks %s: %s", path, part, text);
    free(text);
}

static void a_page_is_there_once_it_was_put_and_told_to_open_pages(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_page_result result = {0};
    assert_int_equal(release_try_page(fixture, "front", one_slot, 0, &result), BERTH_OK);
    assert_true(result.created);
    assert_int_equal(result.revision, 1);
    assert_int_equal(result.generation, 1);
    assert_page(fixture, "/", "<title>One</title>");
    assert_int_equal(release_try_page(fixture, "front", other_title, 1, &result), BERTH_OK);
    assert_false(result.created);
    assert_int_equal(result.revision, 2);
    assert_page(fixture, "/", "<title>Two</title>");
    assert_int_equal(release_generation(fixture), 2);
    char *events = release_events(fixture, 0);
    assert_non_null(
        strstr(events, "id: 1\nevent: page\ndata: {\"generation\":1,\"page\":\"front\"}"));
    assert_non_null(strstr(events, "id: 2\nevent: page\n"));
    free(events);
}

static void a_page_follows_what_is_live(void **state) {
    struct release_fixture *fixture = *state;
    release_page(fixture, "front", one_slot);
    release_page(fixture, "doc", document);
    assert_page(fixture, "/", "\"modules\":{}");
    assert_page(fixture, "/doc", NULL);
    release_upload(fixture, "app", "1.0.0", true);
    assert_page(fixture, "/", "href=\"/m/app@1.0.0/remoteEntry.js\"");
    assert_page(fixture, "/doc", "<base href=\"/m/app@1.0.0/\">app 1.0.0");
    release_upload(fixture, "app", "2.0.0", true);
    assert_page(fixture, "/", "href=\"/m/app@2.0.0/remoteEntry.js\"");
    assert_page(fixture, "/doc", "<base href=\"/m/app@2.0.0/\">app 2.0.0");
    (void)release_activate(fixture, "app", NULL);
    assert_page(fixture, "/", "href=\"/m/app@1.0.0/remoteEntry.js\"");
    assert_page(fixture, "/doc", "app 1.0.0");
}

static void the_same_manifest_again_makes_no_generation(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_page_result result = {0};
    release_page(fixture, "front", one_slot);
    assert_int_equal(release_try_page(fixture, "front", one_slot, BERTH_ANY_GENERATION, &result),
                     BERTH_OK);
    assert_int_equal(result.revision, 1);
    assert_false(result.created);
    assert_int_equal(release_generation(fixture), 1);
    assert_page(fixture, "/", "<title>One</title>");
    release_page(fixture, "front", other_title);
    assert_int_equal(release_generation(fixture), 2);
}

static void assert_unchanged(struct release_fixture *fixture) {
    assert_page(fixture, "/", "<title>One</title>");
    assert_page(fixture, "/doc", NULL);
    assert_int_equal(release_generation(fixture), 1);
    assert_int_equal(release_stored_generation(fixture), 1);
    char *events = release_events(fixture, 1);
    assert_null(strstr(events, "id:"));
    free(events);
}

static void a_refused_page_keeps_the_old_one(void **state) {
    struct release_fixture *fixture = *state;
    static const struct {
        const char *name, *manifest;
        int64_t expected;
        enum berth_code code;
        const char *rule;
    } cases[] = {
        {"front", broken, BERTH_ANY_GENERATION, BERTH_REFUSED, "page-text"},
        {"front", other_title, 0, BERTH_STALE, NULL},
        {"front", other_title, 2, BERTH_STALE, NULL},
        {"other", other_title, BERTH_ANY_GENERATION, BERTH_CONFLICT, "page-path"},
        {"Front", one_slot, BERTH_ANY_GENERATION, BERTH_INVALID, "name"},
        {"other", NULL, BERTH_ANY_GENERATION, BERTH_NOT_FOUND, "page-unknown"},
        {"front", NULL, 7, BERTH_STALE, NULL},
    };
    release_page(fixture, "front", one_slot);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct berth_desk_page_result result = {0};
        assert_int_equal(
            release_try_page(fixture, cases[i].name, cases[i].manifest, cases[i].expected, &result),
            cases[i].code);
        if (cases[i].rule)
            assert_string_equal(fixture->error.rule, cases[i].rule);
        assert_unchanged(fixture);
    }
    release_upload(fixture, "x", "1.0.0", true); /* the next snapshot is made of the old page too */
    assert_page(fixture, "/", "<title>One</title>");
}

/* It breaks no rule, but cannot be composed. */
static void a_page_that_fails_keeps_the_old_one(void **state) {
    struct release_fixture *fixture = *state;
    enum { LENGTH = 5 << 20 };
    char *text = malloc(LENGTH + 1);
    assert_non_null(text);
    memset(text, 'x', LENGTH);
    text[LENGTH] = '\0';
    struct archive archive = release_archive("large", text);
    struct berth_uploaded uploaded = {0};
    struct berth_desk_page_result result;
    fixture->options.limits.archive.ratio = 1 << 20;
    release_restart(fixture);
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &archive, true, &uploaded),
                     BERTH_OK);
    berth_uploaded_done(&uploaded);
    release_page(fixture, "front",
                 "{\"path\":\"/doc\",\"title\":\"Old\",\"slots\":[{\"name\":"
                 "\"a\",\"module\":\"app\",\"expose\":\"./A\"}]}");
    assert_int_equal(release_try_page(fixture, "front", document, BERTH_ANY_GENERATION, &result),
                     BERTH_TOO_LARGE);
    assert_page(fixture, "/doc", "<title>Old</title>");
    assert_int_equal(release_generation(fixture), 2);
    assert_int_equal(release_stored_generation(fixture), 2);
    release_upload(fixture, "app", "2.0.0", true);
    assert_page(fixture, "/doc", "<title>Old</title>");
    /* And the other way round: what a page could not show does not become live. */
    release_page(fixture, "front", document);
    struct berth_activated activated;
    assert_int_equal(
        release_try_activate(fixture, "app", "1.0.0", BERTH_ANY_GENERATION, &activated),
        BERTH_TOO_LARGE);
    assert_live(fixture, "app", "2.0.0");
    assert_page(fixture, "/doc", "app 2.0.0");
    free(archive.data);
    free(text);
}

static void a_deleted_page_is_gone_and_may_come_back(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_desk_page_result result = {0};
    release_page(fixture, "front", one_slot);
    release_page(fixture, "doc", document);
    assert_int_equal(release_try_page(fixture, "front", NULL, 1, &result), BERTH_OK);
    assert_page(fixture, "/", NULL);
    assert_int_equal(release_generation(fixture), 3);
    release_page(fixture, "other", other_title); /* its path is free */
    assert_page(fixture, "/", "<title>Two</title>");
    assert_int_equal(release_try_page(fixture, "other", NULL, BERTH_ANY_GENERATION, &result),
                     BERTH_OK);
    assert_int_equal(release_try_page(fixture, "front", one_slot, 0, &result), BERTH_OK);
    assert_true(result.created);
    assert_page(fixture, "/", "<title>One</title>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(a_page_is_there_once_it_was_put_and_told_to_open_pages),
        RELEASE_TEST(a_page_follows_what_is_live),
        RELEASE_TEST(the_same_manifest_again_makes_no_generation),
        RELEASE_TEST(a_refused_page_keeps_the_old_one),
        RELEASE_TEST(a_page_that_fails_keeps_the_old_one),
        RELEASE_TEST(a_deleted_page_is_gone_and_may_come_back),
    };
    return cmocka_run_group_tests_name("release_pages", tests, NULL, NULL);
}
