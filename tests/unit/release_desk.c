#include "release_fixture.h"

#include <dirent.h>
#include <stdio.h>

static void assert_file(struct release_fixture *fixture, const char *module, const char *version,
                        const char *path, const char *expected) {
    char *text = release_file(fixture, module, version, path);
    if (!text || !expected)
        assert_true(!text && !expected);
    else
        assert_string_equal(text, expected);
    free(text);
}

static void an_upload_can_be_read_at_once_and_is_not_live(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    assert_file(fixture, "app", "1.0.0", "index.html", "app 1.0.0");
    assert_file(fixture, "app", "1.0.0", "none.html", NULL);
    assert_live(fixture, "app", NULL);
    assert_int_equal(release_generation(fixture), 0);
    release_upload(fixture, "app", "1.1.0", false);
    assert_file(fixture, "app", "1.0.0", "index.html", "app 1.0.0");
    assert_file(fixture, "app", "1.1.0", "index.html", "app 1.1.0");
}

static void an_activation_is_seen_by_readers_and_told_to_pages(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_upload(fixture, "app", "1.1.0", false);
    assert_int_equal(release_activate(fixture, "app", "1.0.0"), 1);
    assert_live(fixture, "app", "1.0.0");
    assert_int_equal(release_activate(fixture, "app", "1.1.0"), 2);
    assert_live(fixture, "app", "1.1.0");
    assert_int_equal(release_generation(fixture), 2);
    char *events = release_events(fixture, 0);
    assert_non_null(strstr(events, "id: 1\nevent: activated\ndata: {\"generation\":1,\"module\":"
                                   "\"app\",\"version\":\"1.0.0\",\"previous\":null,"
                                   "\"remote\":{\"module\":\"app\",\"version\":\"1.0.0\","));
    assert_non_null(strstr(events, "id: 2\nevent: activated\ndata: {\"generation\":2,\"module\":"
                                   "\"app\",\"version\":\"1.1.0\",\"previous\":\"1.0.0\","
                                   "\"remote\":{\"module\":\"app\",\"version\":\"1.1.0\","
                                   "\"generation\":2,"));
    free(events);
}

static void an_upload_may_activate_in_the_same_step(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "@shop/cart", "1.0.0-rc.1+b", true);
    assert_live(fixture, "@shop/cart", "1.0.0-rc.1+b");
    assert_int_equal(release_generation(fixture), 1);
}

static void a_rollback_goes_back_step_by_step_and_then_no_further(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", true);
    release_upload(fixture, "app", "3.0.0", true);
    assert_int_equal(release_activate(fixture, "app", NULL), 4);
    assert_live(fixture, "app", "2.0.0");
    assert_int_equal(release_activate(fixture, "app", NULL), 5);
    assert_live(fixture, "app", "1.0.0");
    struct berth_activated activated;
    assert_int_equal(release_try_activate(fixture, "app", NULL, BERTH_ANY_GENERATION, &activated),
                     BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "no-way-back");
    assert_live(fixture, "app", "1.0.0");
    assert_int_equal(release_generation(fixture), 5);
}

static void what_does_not_change_makes_no_generation_and_no_event(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_activated activated = {0};
    release_upload(fixture, "app", "1.0.0", true);
    assert_int_equal(
        release_try_activate(fixture, "app", "1.0.0", BERTH_ANY_GENERATION, &activated), BERTH_OK);
    assert_false(activated.changed);
    berth_activated_done(&activated);
    assert_int_equal(release_generation(fixture), 1);
    assert_int_equal(release_stored_generation(fixture), 1);
    char *events = release_events(fixture, 1);
    assert_null(strstr(events, "id:"));
    free(events);
}

static void a_refused_activation_changes_nothing(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_activated activated;
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", false);
    static const struct {
        const char *module, *version;
        int64_t expected;
        enum berth_code code;
    } cases[] = {{"app", "2.0.0", 7, BERTH_STALE},
                 {"app", "2.0.0", 0, BERTH_STALE},
                 {"app", "9.0.0", BERTH_ANY_GENERATION, BERTH_NOT_FOUND},
                 {"none", "1.0.0", BERTH_ANY_GENERATION, BERTH_NOT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(release_try_activate(fixture, cases[i].module, cases[i].version,
                                              cases[i].expected, &activated),
                         cases[i].code);
        assert_live(fixture, "app", "1.0.0");
        assert_int_equal(release_generation(fixture), 1);
        assert_int_equal(release_stored_generation(fixture), 1);
    }
    assert_int_not_equal(
        release_try_activate(fixture, "none", NULL, BERTH_ANY_GENERATION, &activated), BERTH_OK);
    assert_int_equal(release_try_activate(fixture, "app", "2.0.0", 1, &activated), BERTH_OK);
    berth_activated_done(&activated);
    assert_live(fixture, "app", "2.0.0");
}

static void the_same_contents_again_are_fine_and_others_are_not(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_uploaded uploaded = {0};
    struct archive same = release_archive("app 1.0.0", "app 1.0.0");
    struct archive other = release_archive("other", "other");
    release_upload(fixture, "app", "1.0.0", false);
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &same, true, &uploaded), BERTH_OK);
    assert_false(uploaded.created);
    assert_true(uploaded.activated);
    berth_uploaded_done(&uploaded);
    assert_live(fixture, "app", "1.0.0");
    struct berth_publisher *publisher = berth_desk_publisher(fixture->desk);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    assert_int_equal(berth_snapshot_module(snapshot, "app")->heads->count, 1);
    berth_snapshot_release(publisher);
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &other, true, &uploaded),
                     BERTH_CONFLICT);
    assert_string_equal(fixture->error.rule, "version-exists");
    assert_file(fixture, "app", "1.0.0", "index.html", "app 1.0.0");
    free(same.data);
    free(other.data);
}

static void assert_no_scratch(const struct release_fixture *fixture) {
    char path[TEMP_PATH_BYTES + 16];
    (void)snprintf(path, sizeof path, "%s/tmp", fixture->data);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    int entries = 0;
    while (readdir(folder))
        entries++;
    closedir(folder);
    assert_int_equal(entries, 2); /* "." and ".." */
}

static void a_refused_upload_leaves_no_version_and_gives_its_place_back(void **state) {
    struct release_fixture *fixture = *state;
    struct archive good = release_archive("x", "x"), text = {strdup("<!doctype html>"), 15};
    struct archive empty = {NULL, 0}, cut = {good.data, good.length - 9};
    static const struct {
        const char *module, *version;
        int archive;
        enum berth_code code;
    } cases[] = {{"App", "1.0.0", 0, BERTH_INVALID},
                 {"app", "v1.0.0", 0, BERTH_INVALID},
                 {"app", "1.0.0", 1, BERTH_UNSUPPORTED},
                 {"app", "1.0.0", 2, BERTH_INVALID},
                 {"app", "1.0.0", 3, BERTH_REFUSED}};
    const struct archive *archives[] = {&good, &text, &empty, &cut};
    for (int round = 0; round < RELEASE_UPLOADS + 1; round++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            struct berth_uploaded uploaded;
            assert_int_equal(release_try_upload(fixture, cases[i].module, cases[i].version,
                                                archives[cases[i].archive], true, &uploaded),
                             cases[i].code);
            assert_no_scratch(fixture);
        }
    assert_file(fixture, "app", "1.0.0", "index.html", NULL);
    assert_int_equal(release_stored_generation(fixture), 0);
    free(good.data);
    free(text.data);
}

static void an_archive_with_another_digest_than_promised_is_refused(void **state) {
    struct release_fixture *fixture = *state;
    struct archive archive = release_archive("x", "x");
    struct berth_digest digest = berth_sha256(archive.data, archive.length);
    for (int right = 0; right < 2; right++) {
        struct berth_upload *upload = NULL;
        struct berth_uploaded uploaded = {0};
        struct berth_error error = {0};
        struct berth_digest expected = digest;
        expected.bytes[31] ^= !right;
        struct berth_upload_request request = {
            .module = "app", .version = "1.0.0", .expected = &expected, .by = {.name = "ci"}};
        assert_int_equal(berth_upload_begin(fixture->desk, &upload, NULL), BERTH_OK);
        for (size_t i = 0; i < archive.length; i++) /* in the smallest pieces */
            assert_int_equal(berth_upload_add(upload, archive.data + i, 1, NULL), BERTH_OK);
        enum berth_code code = berth_upload_finish(upload, &request, &uploaded, &error);
        assert_int_equal(code, right ? BERTH_OK : BERTH_INVALID);
        assert_string_equal(error.rule, right ? "" : "digest-mismatch");
        if (right) {
            assert_true(berth_digest_equal(&uploaded.version.archive_digest, &digest));
            assert_int_equal(uploaded.version.archive_bytes, archive.length);
            berth_uploaded_done(&uploaded);
        }
    }
    free(archive.data);
}

static void an_archive_over_its_limit_is_cut_off_while_it_comes(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_upload *upload = NULL;
    struct berth_error error = {0};
    char piece[1000] = "";
    fixture->options.limits.archive.archive_bytes = 2500;
    release_restart(fixture);
    assert_int_equal(berth_upload_begin(fixture->desk, &upload, NULL), BERTH_OK);
    assert_int_equal(berth_upload_add(upload, piece, sizeof piece, &error), BERTH_OK);
    assert_int_equal(berth_upload_add(upload, piece, sizeof piece, &error), BERTH_OK);
    assert_int_equal(berth_upload_add(upload, piece, sizeof piece, &error), BERTH_TOO_LARGE);
    assert_string_equal(error.rule, "limit-archive-bytes");
    berth_upload_abort(upload);
    berth_upload_abort(NULL);
}

static void only_so_many_uploads_run_at_once(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_upload *uploads[RELEASE_UPLOADS + 1] = {NULL};
    struct berth_error error = {0};
    for (int i = 0; i < RELEASE_UPLOADS; i++)
        assert_int_equal(berth_upload_begin(fixture->desk, &uploads[i], NULL), BERTH_OK);
    assert_int_equal(berth_upload_begin(fixture->desk, &uploads[RELEASE_UPLOADS], &error),
                     BERTH_BUSY);
    assert_string_equal(error.rule, "limit-uploads");
    assert_null(uploads[RELEASE_UPLOADS]);
    berth_upload_abort(uploads[0]);
    assert_int_equal(berth_upload_begin(fixture->desk, &uploads[0], NULL), BERTH_OK);
    for (int i = 0; i < RELEASE_UPLOADS; i++)
        berth_upload_abort(uploads[i]);
}

/* A row without a node could neither be activated nor loaded at the next start. */
static void a_version_that_cannot_be_shown_gets_no_row(void **state) {
    struct release_fixture *fixture = *state;
    struct archive archive = release_archive("app 1.0.0", "x");
    struct berth_uploaded uploaded = {0};
    struct berth_activated activated;
    release_editions_fail = true;
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &archive, true, &uploaded),
                     BERTH_NO_MEMORY);
    assert_int_equal(
        release_try_activate(fixture, "app", "1.0.0", BERTH_ANY_GENERATION, &activated),
        BERTH_NOT_FOUND);
    release_editions_fail = false;
    assert_int_equal(release_try_upload(fixture, "app", "1.0.0", &archive, true, &uploaded),
                     BERTH_OK);
    assert_true(uploaded.created);
    berth_uploaded_done(&uploaded);
    assert_live(fixture, "app", "1.0.0");
    free(archive.data);
}

static void a_damaged_version_does_not_become_live(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_activated activated;
    fixture->options.limits.cache_bytes = 0; /* so that it is not in memory already */
    release_restart(fixture);
    release_upload(fixture, "app", "1.0.0", true);
    release_upload(fixture, "app", "2.0.0", false);
    release_damage(fixture, "app 2.0.0");
    assert_int_equal(
        release_try_activate(fixture, "app", "2.0.0", BERTH_ANY_GENERATION, &activated), BERTH_IO);
    assert_string_equal(fixture->error.rule, "blob-damaged");
    assert_string_equal(fixture->error.where, "app@2.0.0/index.html");
    assert_live(fixture, "app", "1.0.0");
    assert_int_equal(release_generation(fixture), 1);
    assert_int_equal(release_stored_generation(fixture), 1);
    assert_file(fixture, "app", "2.0.0", "index.html", NULL);
    assert_file(fixture, "app", "2.0.0", "remoteEntry.js",
                "var app;/* app 2.0.0 */app={get:()=>0,init:()=>0};\n");
}

static void the_live_version_and_the_one_before_are_in_memory(void **state) {
    struct release_fixture *fixture = *state;
    static const char *const versions[] = {"1.0.0", "2.0.0", "3.0.0", "4.0.0"};
    for (size_t i = 0; i < 4; i++)
        release_upload(fixture, "app", versions[i], i < 3);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4; i++) {
            char expected[64];
            (void)snprintf(expected, sizeof expected, "app %s", versions[i]);
            assert_int_equal(release_in_memory(fixture, "app", versions[i]), i == 1 || i == 2);
            assert_file(fixture, "app", versions[i], "index.html", expected);
        }
        fixture->options.limits.cache_bytes = 0;
        release_restart(fixture);
    }
    (void)release_activate(fixture, "app", NULL); /* and nothing goes back to what was left */
    assert_true(release_in_memory(fixture, "app", "2.0.0"));
    assert_false(release_in_memory(fixture, "app", "3.0.0"));
    assert_file(fixture, "app", "3.0.0", "index.html", "app 3.0.0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(an_upload_can_be_read_at_once_and_is_not_live),
        RELEASE_TEST(an_activation_is_seen_by_readers_and_told_to_pages),
        RELEASE_TEST(an_upload_may_activate_in_the_same_step),
        RELEASE_TEST(a_rollback_goes_back_step_by_step_and_then_no_further),
        RELEASE_TEST(what_does_not_change_makes_no_generation_and_no_event),
        RELEASE_TEST(a_refused_activation_changes_nothing),
        RELEASE_TEST(the_same_contents_again_are_fine_and_others_are_not),
        RELEASE_TEST(a_refused_upload_leaves_no_version_and_gives_its_place_back),
        RELEASE_TEST(an_archive_with_another_digest_than_promised_is_refused),
        RELEASE_TEST(an_archive_over_its_limit_is_cut_off_while_it_comes),
        RELEASE_TEST(only_so_many_uploads_run_at_once),
        RELEASE_TEST(a_version_that_cannot_be_shown_gets_no_row),
        RELEASE_TEST(a_damaged_version_does_not_become_live),
        RELEASE_TEST(the_live_version_and_the_one_before_are_in_memory),
    };
    return cmocka_run_group_tests_name("release_desk", tests, NULL, NULL);
}
