/* Threads on one registry. A thread never asserts (cmocka jumps out of the test): it keeps what it
 * saw, and the test looks at it after the join. */
#include "registry_fixture.h"
#include "suites.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { ACTIVATORS = 16, ROUNDS = 8, UPLOADERS = 32, OTHERS = 8 };

struct racer {
    pthread_t thread;
    struct berth_registry *registry;
    pthread_barrier_t *barrier;
    const char *version;
    struct berth_version upload;
    int64_t expected;
    enum berth_code code;
    bool created;
    int64_t generation;
    atomic_bool *stop;
    int mistakes;
};

static void *activate(void *context) {
    struct racer *racer = context;
    struct berth_activate request = {.module = "menu",
                                     .version = racer->version,
                                     .expected = racer->expected,
                                     .by = fixture_actor};
    struct berth_activated activated = {0};
    pthread_barrier_wait(racer->barrier);
    racer->code = racer->registry->ops->activate(racer->registry, &request, &activated, NULL);
    racer->generation = activated.generation;
    berth_activated_done(&activated);
    return NULL;
}

static void run(struct racer *racers, int count, void *(*body)(void *)) {
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        racers[i].barrier = &barrier;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, body, &racers[i]), 0);
    }
    for (int i = 0; i < count; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
}

static void of_many_who_expect_one_generation_one_activates(void **state) {
    struct fixture *fixture = *state;
    char versions[ACTIVATORS][ROUNDS][16];
    for (int i = 0; i < ACTIVATORS; i++)
        for (int round = 0; round < ROUNDS; round++) {
            (void)snprintf(versions[i][round], sizeof versions[i][round], "%d.%d.0", round, i);
            fixture_add(fixture, "menu", versions[i][round]);
        }
    for (int round = 0; round < ROUNDS; round++) {
        struct racer racers[ACTIVATORS];
        memset(racers, 0, sizeof racers);
        for (int i = 0; i < ACTIVATORS; i++) {
            racers[i].registry = fixture->registry;
            racers[i].version = versions[i][round];
            racers[i].expected = round;
        }
        run(racers, ACTIVATORS, activate);
        const struct racer *winner = NULL;
        for (int i = 0; i < ACTIVATORS; i++) {
            if (racers[i].code == BERTH_OK) {
                assert_null(winner);
                winner = &racers[i];
            } else {
                assert_int_equal(racers[i].code, BERTH_STALE);
            }
        }
        assert_non_null(winner);
        assert_int_equal(winner->generation, round + 1);
        assert_string_equal(fixture_live(fixture, "menu"), winner->version);
        assert_int_equal(fixture_generation(fixture), round + 1);
    }
}

static void *upload(void *context) {
    struct racer *racer = context;
    pthread_barrier_wait(racer->barrier);
    racer->code = racer->registry->ops->version_add(racer->registry, &racer->upload, &fixture_actor,
                                                    NULL, &racer->created, NULL);
    return NULL;
}

static void of_many_uploads_of_a_version_one_is_created(void **state) {
    struct fixture *fixture = *state;
    struct racer racers[UPLOADERS];
    memset(racers, 0, sizeof racers);
    for (int i = 0; i < UPLOADERS; i++) {
        racers[i].registry = fixture->registry;
        fixture_version("menu", "1.0.0", "the same", &racers[i].upload);
    }
    run(racers, UPLOADERS, upload);
    int created = 0;
    for (int i = 0; i < UPLOADERS; i++) {
        assert_int_equal(racers[i].code, BERTH_OK);
        created += racers[i].created;
        berth_version_done(&racers[i].upload);
    }
    assert_int_equal(created, 1);
}

static void of_uploads_with_different_contents_one_kind_wins(void **state) {
    struct fixture *fixture = *state;
    struct racer racers[UPLOADERS];
    memset(racers, 0, sizeof racers);
    for (int i = 0; i < UPLOADERS; i++) {
        char contents[32];
        (void)snprintf(contents, sizeof contents, "kind %d", i % OTHERS);
        racers[i].registry = fixture->registry;
        fixture_version("menu", "1.0.0", contents, &racers[i].upload);
    }
    run(racers, UPLOADERS, upload);
    int winner = -1;
    for (int i = 0; i < UPLOADERS; i++)
        if (racers[i].created) {
            assert_int_equal(winner, -1);
            winner = i;
        }
    assert_true(winner >= 0);
    for (int i = 0; i < UPLOADERS; i++) {
        bool same = i % OTHERS == winner % OTHERS;
        assert_int_equal(racers[i].code, same ? BERTH_OK : BERTH_CONFLICT);
        berth_version_done(&racers[i].upload);
    }
}

/* A reader's view of one walk over what is live: generations must never go back. */
static bool see(const struct berth_change *change, void *context) {
    struct racer *racer = context;
    if (change->generation < racer->generation || !change->version)
        racer->mistakes++;
    racer->generation = change->generation;
    return true;
}

static void *read_live(void *context) {
    struct racer *racer = context;
    pthread_barrier_wait(racer->barrier);
    while (!atomic_load(racer->stop))
        if (racer->registry->ops->live_each(racer->registry, see, racer, NULL))
            racer->mistakes++;
    return NULL;
}

static void *swap_often(void *context) {
    static const char *const VERSIONS[] = {"1.0.0", "1.1.0"};
    enum { SWAPS = 200 };
    struct racer *racer = context;
    pthread_barrier_wait(racer->barrier);
    for (int i = 0; i < SWAPS; i++) {
        struct berth_activate request = {
            .module = "menu", .version = VERSIONS[i % 2], .expected = i, .by = fixture_actor};
        struct berth_activated activated = {0};
        if (racer->registry->ops->activate(racer->registry, &request, &activated, NULL) ||
            activated.generation != i + 1)
            racer->mistakes++;
        berth_activated_done(&activated);
    }
    atomic_store(racer->stop, true);
    return NULL;
}

static void *swap_or_read(void *context) {
    struct racer *racer = context;
    return racer->version ? swap_often(racer) : read_live(racer);
}

static void readers_see_generations_grow_while_one_swaps(void **state) {
    enum { COUNT = 5 };
    struct fixture *fixture = *state;
    struct racer racers[COUNT];
    atomic_bool stop = false;
    fixture_add(fixture, "menu", "1.0.0");
    fixture_add(fixture, "menu", "1.1.0");
    memset(racers, 0, sizeof racers);
    for (int i = 0; i < COUNT; i++) {
        racers[i].registry = fixture->registry;
        racers[i].stop = &stop;
    }
    racers[0].version = "the writer";
    run(racers, COUNT, swap_or_read);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(racers[i].mistakes, 0);
    assert_int_equal(fixture_generation(fixture), 200);
}

int run_races(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(of_many_who_expect_one_generation_one_activates),
        REGISTRY_TEST(of_many_uploads_of_a_version_one_is_created),
        REGISTRY_TEST(of_uploads_with_different_contents_one_kind_wins),
        REGISTRY_TEST(readers_see_generations_grow_while_one_swaps),
    };
    return cmocka_run_group_tests_name("races", tests, NULL, NULL);
}
