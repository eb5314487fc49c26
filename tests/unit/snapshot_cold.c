/* Cold editions over a registry whose pace the test decides. */
#include "snapshot_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { COLD_BYTES = 1 << 20, READERS = 8 };

/* Knows every version of "app" but "none": each has one file, whose digest is of its text. */
struct fake {
    struct berth_registry registry;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool closed; /* reads wait until it is open */
    bool broken;
    int reading;
    int most_reading;
    int reads;
    int64_t variant_bytes; /* what it knows of variants by now */
    bool has_manifests;    /* the one file of each version is its manifest */
};

static const char manifest_text[] = "{\"metaData\":{\"name\":\"app\",\"publicPath\":\"auto\"}}";

static void enter(struct fake *fake) {
    pthread_mutex_lock(&fake->lock);
    fake->reads++;
    if (++fake->reading > fake->most_reading)
        fake->most_reading = fake->reading;
    pthread_cond_broadcast(&fake->change);
    while (fake->closed)
        pthread_cond_wait(&fake->change, &fake->lock);
    fake->reading--;
    pthread_mutex_unlock(&fake->lock);
}

static enum berth_code version_get(struct berth_registry *registry, const char *module,
                                   const char *version, berth_version_fn fn, void *context,
                                   struct berth_error *error) {
    struct fake *fake = (struct fake *)registry;
    enter(fake);
    if (fake->broken)
        return berth_fail(error, BERTH_IO, "database-io", "as the test wants it");
    if (strcmp(version, "none") == 0)
        return berth_fail(error, BERTH_NOT_FOUND, "version-unknown", "there is none");
    struct berth_asset asset = {.path = (char *)(uintptr_t) "a.js",
                                .digest = berth_sha256(version, strlen(version)),
                                .bytes = (int64_t)strlen(version)};
    asset.variants[BERTH_GZIP].bytes = fake->variant_bytes;
    const char *description = "{}";
    if (fake->has_manifests) {
        asset.path = (char *)(uintptr_t) "mf-manifest.json";
        asset.digest = berth_sha256(manifest_text, strlen(manifest_text));
        asset.bytes = (int64_t)strlen(manifest_text);
        description = "{\"manifest\":\"mf-manifest.json\"}";
    }
    struct berth_version record = {.module = (char *)(uintptr_t)module,
                                   .version = (char *)(uintptr_t)version,
                                   .description = (char *)(uintptr_t)description,
                                   .assets = &asset,
                                   .asset_count = 1};
    fn(&record, context);
    return BERTH_OK;
}

static enum berth_code version_with(struct berth_registry *registry, const char *module,
                                    const char *path, char **ret, struct berth_error *error) {
    (void)module;
    (void)error;
    enter((struct fake *)registry);
    *ret = strcmp(path, "a.js") == 0 ? strdup("1.0.0") : NULL;
    return BERTH_OK;
}

static const struct berth_registry_ops fake_ops = {.version_get = version_get,
                                                   .version_with = version_with};

static void fake_open(struct fake *fake, struct snapshot_fixture *fixture) {
    *fake = (struct fake){.registry = {&fake_ops}};
    pthread_mutex_init(&fake->lock, NULL);
    pthread_cond_init(&fake->change, NULL);
    fixture->views.registry = &fake->registry;
}

static void set_closed(struct fake *fake, bool closed) {
    pthread_mutex_lock(&fake->lock);
    fake->closed = closed;
    pthread_cond_broadcast(&fake->change);
    pthread_mutex_unlock(&fake->lock);
}

static void wait_for_readers(struct fake *fake, int count) {
    pthread_mutex_lock(&fake->lock);
    while (fake->reading < count)
        pthread_cond_wait(&fake->change, &fake->lock);
    pthread_mutex_unlock(&fake->lock);
}

static bool take_and_give(struct berth_cold *cold, const char *version) {
    const struct berth_edition *edition = NULL;
    if (berth_cold_take(cold, "app", version, &edition, NULL) != BERTH_OK)
        return false;
    bool right = strcmp(edition->version, version) == 0 && edition->file_count == 1 &&
                 !edition->files[0].body && berth_edition_file(edition, "a.js");
    berth_cold_give(cold, edition);
    return right;
}

static void a_version_is_read_once_and_kept(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    fake_open(&fake, fixture);
    struct berth_cold *cold = berth_cold_create(&fixture->views, COLD_BYTES);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 100; i++) {
            char version[32];
            (void)snprintf(version, sizeof version, "1.0.%d", i);
            assert_true(take_and_give(cold, version));
        }
    assert_int_equal(fake.reads, 100);
    berth_cold_destroy(cold);
    berth_cold_destroy(NULL);
}

static void without_room_the_longest_unused_goes_and_what_is_held_stays(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    fake_open(&fake, fixture);
    struct berth_cold *cold = berth_cold_create(&fixture->views, 0);
    const struct berth_edition *held = NULL, *again = NULL;
    assert_int_equal(berth_cold_take(cold, "app", "1.0.0", &held, NULL), BERTH_OK);
    assert_true(take_and_give(cold, "2.0.0"));
    assert_true(take_and_give(cold, "2.0.0"));
    assert_int_equal(fake.reads, 3);
    assert_int_equal(berth_cold_take(cold, "app", "1.0.0", &again, NULL), BERTH_OK);
    assert_ptr_equal(again, held);
    assert_int_equal(fake.reads, 3);
    berth_cold_give(cold, held);
    assert_string_equal(again->version, "1.0.0");
    berth_cold_give(cold, again);
    assert_true(take_and_give(cold, "1.0.0"));
    assert_int_equal(fake.reads, 4);
    berth_cold_destroy(cold);
}

/* So that who reads it slowly keeps no edition. */
static void a_manifest_outlives_its_edition_as_long_as_it_is_held(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    const struct fixture_file file = {"mf-manifest.json", manifest_text};
    fake_open(&fake, fixture);
    fake.has_manifests = true;
    berth_edition_unref(NULL, fixture_edition(fixture, "app", "1.0.0", "{}", &file, 1));
    struct berth_cold *cold = berth_cold_create(&fixture->views, 0); /* nothing is kept */
    const struct berth_edition *edition = NULL;
    assert_int_equal(berth_cold_take(cold, "app", "1.0.0", &edition, NULL), BERTH_OK);
    const struct berth_view *first = berth_cold_take_manifest(cold, edition);
    const struct berth_view *second = berth_cold_take_manifest(cold, edition);
    berth_cold_give(cold, edition);
    assert_int_equal(berth_cold_take(cold, "app", "1.0.0", &edition, NULL), BERTH_OK);
    assert_int_equal(fake.reads, 2); /* the first edition was gone */
    berth_cold_give(cold, edition);
    berth_cold_give_manifest(cold, first);
    assert_string_equal(second->body, manifest_text);
    berth_cold_give_manifest(cold, second);
    berth_cold_give_manifest(cold, NULL);
    berth_cold_destroy(cold);
}

static void what_cannot_be_read_is_told_and_asked_for_again(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    fake_open(&fake, fixture);
    struct berth_cold *cold = berth_cold_create(&fixture->views, COLD_BYTES);
    const struct berth_edition *edition = NULL;
    assert_int_equal(berth_cold_take(cold, "app", "none", &edition, NULL), BERTH_NOT_FOUND);
    fake.broken = true;
    assert_int_equal(berth_cold_take(cold, "app", "1.0.0", &edition, NULL), BERTH_IO);
    assert_null(edition);
    fake.broken = false;
    assert_true(take_and_give(cold, "1.0.0"));
    assert_int_equal(fake.reads, 3);
    berth_cold_destroy(cold);
}

static int64_t gzip_bytes(struct berth_cold *cold, const struct berth_edition **ret) {
    assert_int_equal(berth_cold_take(cold, "app", "1.0.0", ret, NULL), BERTH_OK);
    return (*ret)->files[0].variants[BERTH_GZIP].bytes;
}

static void who_asks_after_a_drop_gets_what_the_registry_knows_by_now(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    fake_open(&fake, fixture);
    struct berth_cold *cold = berth_cold_create(&fixture->views, COLD_BYTES);
    const struct berth_edition *old = NULL, *now = NULL;
    berth_cold_drop(cold, "app", "1.0.0"); /* not there: nothing */
    assert_int_equal(gzip_bytes(cold, &old), 0);
    fake.variant_bytes = 7;
    berth_cold_drop(cold, "app", "1.0.0");
    assert_int_equal(gzip_bytes(cold, &now), 7);
    assert_int_equal(old->files[0].variants[BERTH_GZIP].bytes, 0); /* its holder keeps it */
    berth_cold_give(cold, old);
    berth_cold_give(cold, now);
    assert_int_equal(gzip_bytes(cold, &now), 7);
    berth_cold_give(cold, now);
    assert_int_equal(fake.reads, 2);
    fake.variant_bytes = 8;
    berth_cold_drop(cold, "app", "1.0.0"); /* held by nobody */
    assert_int_equal(gzip_bytes(cold, &now), 8);
    berth_cold_give(cold, now);
    berth_cold_destroy(cold);
}

struct reader {
    struct berth_cold *cold;
    char version[32];
    bool right;
};

static void *read_one(void *context) {
    struct reader *reader = context;
    reader->right = take_and_give(reader->cold, reader->version);
    return NULL;
}

static void who_asks_for_the_same_version_waits_for_one_read(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    fake_open(&fake, fixture);
    struct berth_cold *cold = berth_cold_create(&fixture->views, COLD_BYTES);
    struct reader readers[READERS];
    pthread_t threads[READERS];
    set_closed(&fake, true);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.cold = cold, .version = "1.0.0"};
        assert_int_equal(pthread_create(&threads[i], NULL, read_one, &readers[i]), 0);
    }
    wait_for_readers(&fake, 1);
    set_closed(&fake, false);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(readers[i].right);
    }
    assert_int_equal(fake.reads, 1);
    berth_cold_destroy(cold);
}

/* Of those who ask while nothing can be read, so many are refused at once: the others wait. */
struct storm {
    struct berth_cold *cold;
    atomic_int refused;
    atomic_int found;
};

static void *find_or_be_refused(void *context) {
    struct storm *storm = context;
    struct berth_error error = {0};
    char *version = NULL;
    enum berth_code code = berth_cold_find(storm->cold, "app", "a.js", &version, &error);
    if (code == BERTH_OK && strcmp(version, "1.0.0") == 0)
        atomic_fetch_add(&storm->found, 1);
    if (code == BERTH_BUSY && strcmp(error.rule, "cold-busy") == 0)
        atomic_fetch_add(&storm->refused, 1);
    free(version);
    return NULL;
}

/* A storm on what is not in memory must not hold up what is published. */
static void few_read_at_once_some_wait_and_more_are_refused(void **state) {
    struct snapshot_fixture *fixture = *state;
    enum { ASKERS = 100, READS = 4, WAITING = 64 };
    struct fake fake;
    fake_open(&fake, fixture);
    struct storm storm = {.cold = berth_cold_create(&fixture->views, COLD_BYTES)};
    pthread_t threads[ASKERS];
    set_closed(&fake, true);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_or_be_refused, &storm), 0);
    while (atomic_load(&storm.refused) < ASKERS - READS - WAITING)
        sched_yield(); /* the test's own limit of time is the deadline */
    wait_for_readers(&fake, READS);
    set_closed(&fake, false);
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&storm.found), READS + WAITING);
    assert_int_equal(fake.most_reading, READS);
    berth_cold_destroy(storm.cold);
}

static void an_alias_is_asked_of_the_registry(void **state) {
    struct snapshot_fixture *fixture = *state;
    struct fake fake;
    fake_open(&fake, fixture);
    struct berth_cold *cold = berth_cold_create(&fixture->views, COLD_BYTES);
    char *version = NULL;
    assert_int_equal(berth_cold_find(cold, "app", "a.js", &version, NULL), BERTH_OK);
    assert_string_equal(version, "1.0.0");
    free(version);
    version = NULL;
    assert_int_equal(berth_cold_find(cold, "app", "b.js", &version, NULL), BERTH_OK);
    assert_null(version);
    berth_cold_destroy(cold);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(a_version_is_read_once_and_kept),
        SNAPSHOT_TEST(without_room_the_longest_unused_goes_and_what_is_held_stays),
        SNAPSHOT_TEST(a_manifest_outlives_its_edition_as_long_as_it_is_held),
        SNAPSHOT_TEST(what_cannot_be_read_is_told_and_asked_for_again),
        SNAPSHOT_TEST(who_asks_after_a_drop_gets_what_the_registry_knows_by_now),
        SNAPSHOT_TEST(who_asks_for_the_same_version_waits_for_one_read),
        SNAPSHOT_TEST(few_read_at_once_some_wait_and_more_are_refused),
        SNAPSHOT_TEST(an_alias_is_asked_of_the_registry),
    };
    return cmocka_run_group_tests_name("snapshot_cold", tests, NULL, NULL);
}
