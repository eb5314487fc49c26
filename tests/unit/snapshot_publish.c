#include "snapshot_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

enum { READERS = 8, SWAPS = 2000 };

/* A snapshot in which all that can differ by generation does, its body in memory included. */
static struct berth_snapshot *snapshot_of(struct snapshot_fixture *fixture, int64_t generation,
                                          const char *contents) {
    struct berth_bodies *bodies = fixture->views.bodies;
    char version[64];
    (void)snprintf(version, sizeof version, "1.0.%lld", (long long)generation);
    const struct fixture_file file = {"a.js", contents};
    struct berth_edition *edition = fixture_edition(fixture, "app", version, "{}", &file, 1);
    struct berth_snapshot *snapshot = NULL;
    assert_int_equal(berth_edition_load(edition, &fixture->views, true, NULL), BERTH_OK);
    struct berth_module *module = fixture_module(fixture, edition, generation);
    assert_int_equal(berth_snapshot_create(generation, NULL, &module, 1, NULL, 0, &fixture->views,
                                           &snapshot, NULL),
                     BERTH_OK);
    berth_module_unref(bodies, module);
    return snapshot;
}

static bool is_consistent(const struct berth_snapshot *snapshot) {
    char version[64], remotes[64];
    const struct berth_module *module = berth_snapshot_module(snapshot, "app");
    (void)snprintf(version, sizeof version, "1.0.%lld", (long long)snapshot->generation);
    (void)snprintf(remotes, sizeof remotes, "{\"generation\":%lld,",
                   (long long)snapshot->generation);
    const struct berth_edition *edition = module ? berth_module_resident(module, version) : NULL;
    const struct berth_file *file = edition ? berth_edition_file(edition, "a.js") : NULL;
    return file && module->live == edition && module->live_generation == snapshot->generation &&
           file->body && memcmp(file->body, "body", 4) == 0 &&
           file->forms->identity.body == file->body && strstr(module->live_entry->body, version) &&
           strncmp(berth_snapshot_listing(snapshot, BERTH_LISTING_REMOTES)->body, remotes,
                   strlen(remotes)) == 0;
}

struct race {
    struct berth_publisher *publisher;
    atomic_int broken;
    atomic_int seen_last;
};

static void *read_until_over(void *context) {
    struct race *race = context;
    int64_t last = 0;
    while (last < SWAPS) {
        const struct berth_snapshot *snapshot = berth_snapshot_acquire(race->publisher);
        if (!is_consistent(snapshot) || snapshot->generation < last) {
            atomic_fetch_add(&race->broken, 1);
            last = SWAPS;
        } else {
            last = snapshot->generation;
        }
        berth_snapshot_release(race->publisher);
    }
    atomic_fetch_add(&race->seen_last, 1);
    return NULL;
}

/* As an answer does that goes on after its handler. */
static void *keep_until_over(void *context) {
    struct race *race = context;
    struct berth_keeper keeper = berth_snapshot_keeper(race->publisher);
    for (int64_t last = 0; last < SWAPS;) {
        const struct berth_snapshot *snapshot = berth_snapshot_acquire(race->publisher);
        void *kept = keeper.keep(keeper.context);
        berth_snapshot_release(race->publisher);
        if (!kept || !is_consistent(snapshot))
            atomic_fetch_add(&race->broken, 1);
        last = snapshot->generation;
        if (kept)
            keeper.let_go(keeper.context, kept);
    }
    atomic_fetch_add(&race->seen_last, 1);
    return NULL;
}

static void readers_see_only_whole_snapshots_and_never_an_older_one(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct race race = {.publisher = berth_publisher_create(READERS, fixture->views.bodies)};
    pthread_t readers[READERS];
    assert_non_null(race.publisher);
    berth_publish(race.publisher, snapshot_of(fixture, 1, "body"));
    for (int i = 0; i < READERS; i++)
        assert_int_equal(
            pthread_create(&readers[i], NULL, i % 2 ? keep_until_over : read_until_over, &race), 0);
    for (int64_t generation = 2; generation <= SWAPS; generation++)
        berth_publish(race.publisher,
                      snapshot_of(fixture, generation, generation % 2 ? "body" : "body 2"));
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    assert_int_equal(atomic_load(&race.broken), 0);
    assert_int_equal(atomic_load(&race.seen_last), READERS);
    berth_publisher_destroy(race.publisher);
}

static int64_t pinned_bytes(struct berth_bodies *bodies) {
    return berth_bodies_bytes(bodies) - berth_bodies_unpinned_bytes(bodies);
}

static void a_snapshot_that_is_read_outlives_its_successors(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_bodies *bodies = fixture->views.bodies;
    struct berth_publisher *publisher = berth_publisher_create(1, bodies);
    berth_publish(publisher, snapshot_of(fixture, 1, "body held"));
    const struct berth_snapshot *held = berth_snapshot_acquire(publisher);
    for (int64_t generation = 2; generation < 6; generation++)
        berth_publish(publisher, snapshot_of(fixture, generation, "body"));
    assert_int_equal(held->generation, 1);
    assert_true(is_consistent(held));
    assert_int_equal(pinned_bytes(bodies), strlen("body held") + strlen("body"));
    berth_snapshot_release(publisher);
    berth_publish(publisher, snapshot_of(fixture, 6, "body"));
    assert_int_equal(pinned_bytes(bodies), strlen("body"));
    held = berth_snapshot_acquire(publisher);
    assert_int_equal(held->generation, 6);
    berth_snapshot_release(publisher);
    berth_publisher_destroy(publisher);
}

static void a_snapshot_that_is_kept_outlives_its_reader(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_bodies *bodies = fixture->views.bodies;
    struct berth_publisher *publisher = berth_publisher_create(1, bodies);
    struct berth_keeper keeper = berth_snapshot_keeper(publisher);
    assert_null(keeper.keep(keeper.context)); /* nothing is read */
    berth_publish(publisher, snapshot_of(fixture, 1, "body kept"));
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    void *first = keeper.keep(keeper.context);
    void *second = keeper.keep(keeper.context);
    berth_snapshot_release(publisher);
    berth_publish(publisher, snapshot_of(fixture, 2, "body"));
    keeper.let_go(keeper.context, first);
    berth_publish(publisher, snapshot_of(fixture, 3, "body"));
    assert_true(is_consistent(snapshot));
    assert_int_equal(pinned_bytes(bodies), strlen("body kept") + strlen("body"));
    keeper.let_go(keeper.context, second);
    berth_publish(publisher, snapshot_of(fixture, 4, "body"));
    assert_int_equal(pinned_bytes(bodies), strlen("body"));
    berth_publisher_destroy(publisher);
}

static void nothing_is_there_before_the_first_snapshot(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_publisher *publisher = berth_publisher_create(1, fixture->views.bodies);
    assert_null(berth_snapshot_acquire(publisher));
    berth_snapshot_release(publisher);
    berth_publisher_destroy(publisher);
    berth_publisher_destroy(NULL);
}

static void *read_once(void *publisher) {
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
    bool consistent = is_consistent(snapshot);
    berth_snapshot_release(publisher);
    return consistent ? publisher : NULL;
}

static void a_thread_that_ends_gives_its_place_back(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_publisher *publisher = berth_publisher_create(2, fixture->views.bodies);
    berth_publish(publisher, snapshot_of(fixture, 1, "body"));
    assert_ptr_equal(read_once(publisher), publisher); /* this thread keeps one */
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        void *result = NULL;
        assert_int_equal(pthread_create(&thread, NULL, read_once, publisher), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_ptr_equal(result, publisher);
    }
    berth_publisher_destroy(publisher);
}

static int read_with_one_thread_too_many(void *publisher) {
    pthread_t thread;
    (void)berth_snapshot_acquire(publisher);
    return pthread_create(&thread, NULL, read_once, publisher) == 0 ? pthread_join(thread, NULL)
                                                                    : 1;
}

static void more_threads_than_were_promised_abort(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct berth_publisher *publisher = berth_publisher_create(1, fixture->views.bodies);
    berth_publish(publisher, snapshot_of(fixture, 1, "body"));
    assert_int_equal(temp_in_child(read_with_one_thread_too_many, publisher), 128 + SIGABRT);
    berth_publisher_destroy(publisher);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(readers_see_only_whole_snapshots_and_never_an_older_one),
        SNAPSHOT_TEST(a_snapshot_that_is_read_outlives_its_successors),
        SNAPSHOT_TEST(a_snapshot_that_is_kept_outlives_its_reader),
        SNAPSHOT_TEST(nothing_is_there_before_the_first_snapshot),
        SNAPSHOT_TEST(a_thread_that_ends_gives_its_place_back),
        SNAPSHOT_TEST(more_threads_than_were_promised_abort),
    };
    return cmocka_run_group_tests_name("snapshot_publish", tests, NULL, NULL);
}
