/* Versions are deleted while readers, activations and uploads go on. */
#include "release_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static enum berth_code try_delete(struct release_fixture *fixture, const char *module,
                                  const char *version) {
    struct berth_version_delete request = {
        .module = module, .version = version, .at_ms = 1, .by = {.name = "ops"}};
    fixture->error = (struct berth_error){0};
    return berth_desk_delete(fixture->desk, &request, &fixture->error);
}

static void delete_it(struct release_fixture *fixture, const char *module, const char *version) {
    enum berth_code code = try_delete(fixture, module, version);
    if (code != BERTH_OK)
        fail_msg("%s: %s", fixture->error.rule, fixture->error.text);
}

static const struct berth_snapshot *current(struct release_fixture *fixture) {
    struct berth_publisher *publisher = berth_desk_publisher(fixture->desk);
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    berth_snapshot_release(publisher); /* nobody else writes here */
    return snapshot;
}

static bool is_shown(struct release_fixture *fixture, const char *module, const char *version) {
    const struct berth_module *found = berth_snapshot_module(current(fixture), module);
    return found && berth_module_has(found, version);
}

static void assert_no_file(struct release_fixture *fixture, const char *module,
                           const char *version) {
    const struct berth_edition *edition = NULL;
    assert_false(is_shown(fixture, module, version));
    assert_int_equal(
        berth_cold_take(berth_desk_cold(fixture->desk), module, version, &edition, NULL),
        BERTH_NOT_FOUND);
}

static void a_deleted_version_is_gone_for_readers_and_after_a_restart(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_upload(fixture, "app", "1.1.0", true);
    /* So that it is in the cache of cold versions. */
    free(release_file(fixture, "app", "1.0.0", "index.html"));
    delete_it(fixture, "app", "1.0.0");
    for (int i = 0; i < 2; i++) {
        assert_no_file(fixture, "app", "1.0.0");
        assert_live(fixture, "app", "1.1.0");
        release_restart(fixture);
    }
}

static void what_is_refused_changes_nothing(void **state) {
    static const char *const CASES[][3] = {
        {"none", "1.0.0", "module-unknown"},
        {"app", "9.0.0", "version-unknown"},
        {"app", "1.0.0", "version-live"},
    };
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", true);
    const struct berth_snapshot *before = current(fixture);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_not_equal(try_delete(fixture, CASES[i][0], CASES[i][1]), BERTH_OK);
        assert_string_equal(fixture->error.rule, CASES[i][2]);
        assert_ptr_equal(current(fixture), before);
    }
    assert_live(fixture, "app", "1.0.0");
}

/* Most deletions are of old versions: they must not compose all pages. */
static void an_old_version_goes_without_any_page_being_composed(void **state) {
    struct release_fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        char version[16];
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        release_upload(fixture, "app", version, true);
    }
    const struct berth_snapshot_pages *pages = current(fixture)->pages;
    const struct berth_view *remotes =
        berth_snapshot_listing(current(fixture), BERTH_LISTING_REMOTES);
    delete_it(fixture, "app", "1.0.0");
    assert_ptr_equal(current(fixture)->pages, pages);
    assert_ptr_equal(berth_snapshot_listing(current(fixture), BERTH_LISTING_REMOTES), remotes);
    assert_true(release_in_memory(fixture, "app", "1.1.0"));
}

static const struct berth_edition *previous(struct release_fixture *fixture) {
    return berth_snapshot_module(current(fixture), "app")->previous;
}

static void the_previous_version_goes_from_pages_and_the_generation_stays(void **state) {
    struct release_fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        char version[16];
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        release_upload(fixture, "app", version, true);
    }
    int64_t generation = release_generation(fixture);
    assert_string_equal(previous(fixture)->version, "1.1.0");
    delete_it(fixture, "app", "1.1.0");
    assert_null(previous(fixture));
    assert_null(strstr(berth_snapshot_module(current(fixture), "app")->live_entry->body, "1.1.0"));
    assert_int_equal(release_generation(fixture), generation);
    assert_live(fixture, "app", "1.2.0");
    release_restart(fixture);
    assert_string_equal(previous(fixture)->version, "1.0.0");
    assert_int_equal(release_activate(fixture, "app", NULL), generation + 1);
    assert_live(fixture, "app", "1.0.0");
}

static void the_last_version_takes_its_module_along(void **state) {
    struct release_fixture *fixture = *state;
    release_upload(fixture, "app", "1.0.0", false);
    release_upload(fixture, "app", "1.1.0", false);
    release_upload(fixture, "other", "1.0.0", true);
    delete_it(fixture, "app", "1.1.0");
    assert_true(is_shown(fixture, "app", "1.0.0"));
    delete_it(fixture, "app", "1.0.0");
    assert_null(berth_snapshot_module(current(fixture), "app"));
    assert_live(fixture, "other", "1.0.0");
    release_upload(fixture, "app", "1.2.0", true);
    assert_live(fixture, "app", "1.2.0");
    release_upload(fixture, "other", "1.1.0", true);
    assert_live(fixture, "app", "1.2.0");
}

enum { VERSIONS = 24 };

struct racer {
    pthread_t thread;
    struct release_fixture *fixture;
    atomic_int *done;
    int mistakes;
};

static void version_text(int i, char ret[16]) {
    (void)snprintf(ret, 16, "1.%d.0", i);
}

/* Reads what there is by the snapshot; the registry may know better by then. */
static void *read_all(void *context) {
    struct racer *racer = context;
    struct berth_publisher *publisher = berth_desk_publisher(racer->fixture->desk);
    struct berth_cold *cold = berth_desk_cold(racer->fixture->desk);
    while (atomic_load(racer->done) < 2) {
        for (int i = 0; i < VERSIONS; i++) {
            char version[16];
            version_text(i, version);
            const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
            const struct berth_module *module = berth_snapshot_module(snapshot, "app");
            bool has = module && berth_module_has(module, version);
            if (!module || !module->live || !module->live->loaded)
                racer->mistakes++;
            berth_snapshot_release(publisher);
            const struct berth_edition *edition = NULL;
            enum berth_code code =
                has ? berth_cold_take(cold, "app", version, &edition, NULL) : BERTH_NOT_FOUND;
            if (code == BERTH_OK)
                berth_cold_give(cold, edition);
            else if (code != BERTH_NOT_FOUND && code != BERTH_BUSY)
                racer->mistakes++;
        }
    }
    return NULL;
}

static void *delete_all(void *context) {
    struct racer *racer = context;
    for (int i = 0; i < VERSIONS; i++) {
        struct berth_version_delete request = {.module = "app", .at_ms = 1, .by = {.name = "ops"}};
        char version[16];
        version_text(i, version);
        request.version = version;
        enum berth_code code = berth_desk_delete(racer->fixture->desk, &request, NULL);
        if (code != BERTH_OK && code != BERTH_CONFLICT)
            racer->mistakes++;
    }
    atomic_fetch_add(racer->done, 1);
    return NULL;
}

static void *activate_all(void *context) {
    struct racer *racer = context;
    for (int i = VERSIONS - 1; i >= 0; i--) {
        char version[16];
        version_text(i, version);
        struct berth_activate request = {.module = "app",
                                         .version = version,
                                         .expected = BERTH_ANY_GENERATION,
                                         .at_ms = 1,
                                         .by = {.name = "ops"}};
        struct berth_activated activated = {0};
        enum berth_code code =
            berth_desk_activate(racer->fixture->desk, &request, &activated, NULL);
        if (code == BERTH_OK)
            berth_activated_done(&activated);
        else if (code != BERTH_NOT_FOUND)
            racer->mistakes++;
    }
    atomic_fetch_add(racer->done, 1);
    return NULL;
}

static void deletions_activations_and_readers_do_not_harm_each_other(void **state) {
    void *(*const BODIES[])(void *) = {delete_all, activate_all, read_all, read_all, read_all};
    enum { COUNT = sizeof BODIES / sizeof BODIES[0] };
    struct release_fixture *fixture = *state;
    struct racer racers[COUNT];
    atomic_int done = 0;
    memset(racers, 0, sizeof racers);
    for (int i = 0; i < VERSIONS; i++) {
        char version[16];
        version_text(i, version);
        release_upload(fixture, "app", version, i == 0);
    }
    for (int i = 0; i < COUNT; i++) {
        racers[i].fixture = fixture;
        racers[i].done = &done;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, BODIES[i], &racers[i]), 0);
    }
    for (int i = 0; i < COUNT; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_int_equal(racers[i].mistakes, 0);
    }
    char *live = release_live(fixture, "app");
    char version[64];
    (void)snprintf(version, sizeof version, "%s",
                   berth_snapshot_module(current(fixture), "app")->live->version);
    assert_non_null(live);
    free(live);
    assert_int_equal(release_generation(fixture), release_stored_generation(fixture));
    release_restart(fixture);
    assert_live(fixture, "app", version);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(a_deleted_version_is_gone_for_readers_and_after_a_restart),
        RELEASE_TEST(what_is_refused_changes_nothing),
        RELEASE_TEST(an_old_version_goes_without_any_page_being_composed),
        RELEASE_TEST(the_previous_version_goes_from_pages_and_the_generation_stays),
        RELEASE_TEST(the_last_version_takes_its_module_along),
        RELEASE_TEST(deletions_activations_and_readers_do_not_harm_each_other),
    };
    return cmocka_run_group_tests_name("release_removals", tests, NULL, NULL);
}
