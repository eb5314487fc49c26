#include "release_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { WRITERS = 6, ROUNDS = 30, READERS = 4, MODULES = 3 };

static const char *const modules[MODULES] = {"a", "b", "c"};

struct race {
    struct release_fixture *fixture;
    int number;
    atomic_bool *over;
    atomic_int *failures;
    int64_t generations[ROUNDS]; /* of this writer's changes; 0: it changed nothing */
};

/* Each writer changes each module in turn, to what may be live already; every other one stages it
 * first, and the rest have it read again. */
static void *activate_in_turn(void *context) {
    struct race *race = context;
    for (int i = 0; i < ROUNDS; i++) {
        struct berth_activated activated = {0};
        struct berth_activate request = {.module = modules[(i + race->number) % MODULES],
                                         .version =
                                             (i / MODULES + race->number) % 2 ? "1.0.0" : "2.0.0",
                                         .expected = BERTH_ANY_GENERATION,
                                         .at_ms = 1,
                                         .by = {.name = "race"}};
        int streams;
        struct berth_desk *desk = race->fixture->desk;
        enum berth_code code =
            race->number % 2
                ? berth_desk_stage(desk, request.module, request.version, &streams, NULL)
                : berth_desk_refresh(desk, request.module, request.version, NULL);
        if (code != BERTH_OK || berth_desk_activate(desk, &request, &activated, NULL) != BERTH_OK) {
            atomic_fetch_add(race->failures, 1);
            continue;
        }
        race->generations[i] = activated.changed ? activated.generation : 0;
        berth_activated_done(&activated);
    }
    return NULL;
}

static bool is_whole(const struct berth_snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->module_count; i++) {
        const struct berth_module *module = snapshot->modules[i];
        if (module->live_generation > snapshot->generation ||
            (module->live &&
             (!module->live->loaded || !strstr(module->live_entry->body, module->live->version))))
            return false;
    }
    return true;
}

static void *read_until_over(void *context) {
    struct race *race = context;
    struct berth_publisher *publisher = berth_desk_publisher(race->fixture->desk);
    int64_t last = 0;
    while (!atomic_load(race->over)) {
        const struct berth_snapshot *snapshot = berth_snapshot_acquire(publisher);
        if (!is_whole(snapshot) || snapshot->generation < last)
            atomic_fetch_add(race->failures, 1);
        last = snapshot->generation;
        berth_snapshot_release(publisher);
    }
    return NULL;
}

static void run(pthread_t *threads, struct race *races, int count, void *(*body)(void *)) {
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, &races[i]), 0);
}

static void join(pthread_t *threads, int count) {
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* Every generation was somebody's, and was told once, in order. */
static void check_generations(struct release_fixture *fixture, const struct race *races) {
    bool seen[WRITERS * ROUNDS + 1] = {false};
    int64_t newest = release_generation(fixture);
    assert_in_range(newest, 1, WRITERS * ROUNDS);
    assert_int_equal(newest, release_stored_generation(fixture));
    for (int i = 0; i < WRITERS; i++) {
        int64_t last = 0;
        for (int j = 0; j < ROUNDS; j++) {
            int64_t generation = races[i].generations[j];
            if (!generation)
                continue;
            assert_true(generation > last && generation <= newest);
            assert_false(seen[generation]);
            seen[generation] = true;
            last = generation;
        }
    }
    for (int64_t i = 1; i <= newest; i++)
        assert_true(seen[i]);
    char *events = release_events(fixture, 0);
    long long id = 0;
    for (const char *at = events; (at = strstr(at, "id: ")); at += 4)
        assert_int_equal(strtoll(at + 4, NULL, 10), ++id);
    assert_int_equal(id, newest);
    free(events);
}

static void concurrent_activations_make_one_row_of_generations(void **state) {
    struct release_fixture *fixture = *state;
    struct race writers[WRITERS] = {0}, readers[READERS] = {0};
    pthread_t writing[WRITERS], reading[READERS];
    atomic_bool over = false;
    atomic_int failures = 0;
    for (int i = 0; i < MODULES; i++) {
        release_upload(fixture, modules[i], "1.0.0", false);
        release_upload(fixture, modules[i], "2.0.0", false);
    }
    for (int i = 0; i < WRITERS; i++)
        writers[i] =
            (struct race){.fixture = fixture, .number = i, .over = &over, .failures = &failures};
    for (int i = 0; i < READERS; i++)
        readers[i] = writers[0];
    run(reading, readers, READERS, read_until_over);
    run(writing, writers, WRITERS, activate_in_turn);
    join(writing, WRITERS);
    atomic_store(&over, true);
    join(reading, READERS);
    assert_int_equal(atomic_load(&failures), 0);
    check_generations(fixture, writers);
    char *live[MODULES];
    for (int i = 0; i < MODULES; i++)
        live[i] = release_live(fixture, modules[i]);
    release_restart(fixture); /* what readers saw is what was stored */
    for (int i = 0; i < MODULES; i++) {
        assert_live(fixture, modules[i], live[i]);
        free(live[i]);
    }
}

struct client {
    struct release_fixture *fixture;
    const struct archive *archive;
    enum berth_code code;
    bool created;
};

static void *upload(void *context) {
    struct client *client = context;
    struct berth_upload *upload = NULL;
    struct berth_uploaded uploaded;
    struct berth_upload_request request = {
        .module = "app", .version = "1.0.0", .by = {.name = "ci"}};
    client->code = berth_upload_begin(client->fixture->desk, &upload, NULL);
    if (client->code != BERTH_OK)
        return NULL;
    client->code = berth_upload_add(upload, client->archive->data, client->archive->length, NULL);
    if (client->code != BERTH_OK) {
        berth_upload_abort(upload);
        return NULL;
    }
    client->code = berth_upload_finish(upload, &request, &uploaded, NULL);
    if (client->code == BERTH_OK) {
        client->created = uploaded.created;
        berth_uploaded_done(&uploaded);
    }
    return NULL;
}

/* Half of them bring other bytes under the same version. */
static void of_many_uploads_of_one_version_one_wins(void **state) {
    struct release_fixture *fixture = *state;
    enum { CLIENTS = 8 };
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    struct archive archives[2] = {release_archive("one", "one"), release_archive("two", "two")};
    fixture->options.limits.max_uploads = CLIENTS;
    release_restart(fixture);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.fixture = fixture, .archive = &archives[i % 2]};
        assert_int_equal(pthread_create(&threads[i], NULL, upload, &clients[i]), 0);
    }
    join(threads, CLIENTS);
    int created = 0, winner = -1;
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].code == BERTH_OK && clients[i].created) {
            created++;
            winner = i % 2;
        }
    assert_int_equal(created, 1);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(clients[i].code, i % 2 == winner ? BERTH_OK : BERTH_CONFLICT);
    char *text = release_file(fixture, "app", "1.0.0", "index.html");
    assert_string_equal(text, winner ? "two" : "one");
    free(text);
    free(archives[0].data);
    free(archives[1].data);
}

/* --- versions that are not live, while all else goes on --- */

enum { VERSIONS = 40, KEPT_VERSIONS = 6, CHANGERS = 4 };

struct traffic {
    struct release_fixture *fixture;
    atomic_int *uploaded; /* 0.0.0 to 0.0.N - 1 are there */
    atomic_bool *over;
    atomic_int *failures;
    void (*change)(struct traffic *traffic, int round);
    uint32_t seed;
};

static void name_version(int number, char ret[32]) {
    (void)snprintf(ret, 32, "0.0.%d", number);
}

static void upload_next(struct traffic *traffic, int round) {
    char version[32];
    (void)round;
    name_version(atomic_load(traffic->uploaded), version);
    release_upload(traffic->fixture, "app", version, false);
    atomic_fetch_add(traffic->uploaded, 1);
}

static void activate_some(struct traffic *traffic, int round) {
    char version[32];
    struct berth_activated activated = {0};
    struct berth_activate request = {.module = "app",
                                     .version = version,
                                     .expected = BERTH_ANY_GENERATION,
                                     .at_ms = 1,
                                     .by = {.name = "race"}};
    name_version(round % atomic_load(traffic->uploaded), version);
    if (berth_desk_activate(traffic->fixture->desk, &request, &activated, NULL) != BERTH_OK)
        atomic_fetch_add(traffic->failures, 1);
    else
        berth_activated_done(&activated);
}

static void note_and_refresh(struct traffic *traffic, int round) {
    char version[32], text[64];
    name_version(round % atomic_load(traffic->uploaded), version);
    (void)snprintf(text, sizeof text, "gz of %s", version);
    release_note_variant(traffic->fixture, "app", version, BERTH_GZIP, text);
    if (berth_desk_refresh(traffic->fixture->desk, "app", version, NULL) != BERTH_OK)
        atomic_fetch_add(traffic->failures, 1);
}

static void *keep_changing(void *context) {
    struct traffic *traffic = context;
    for (int round = 0; round < VERSIONS - KEPT_VERSIONS; round++)
        traffic->change(traffic, round);
    return NULL;
}

/* Either form is right, the other version's is not. */
static bool reads_right(struct traffic *traffic, int number) {
    char version[32], plain[64], coded[64];
    name_version(number, version);
    (void)snprintf(plain, sizeof plain, "app %s", version);
    (void)snprintf(coded, sizeof coded, "gz of %s", version);
    char *text = release_form(traffic->fixture, "app", version, "gzip");
    bool right = text && (strcmp(text, plain) == 0 || strcmp(text, coded) == 0);
    free(text);
    return right;
}

static void *keep_reading(void *context) {
    struct traffic *traffic = context;
    while (!atomic_load(traffic->over)) {
        traffic->seed =
            traffic->seed * 1664525U + 1013904223U; /* Knuth's, from Numerical Recipes */
        int number = (int)(traffic->seed >> 8) % atomic_load(traffic->uploaded);
        if (!reads_right(traffic, number))
            atomic_fetch_add(traffic->failures, 1);
    }
    return NULL;
}

/* Limits that do not forbid what the others do. */
static void change_limits(struct traffic *traffic, int round) {
    struct berth_desk *desk = traffic->fixture->desk;
    struct berth_desk_limits limits;
    berth_desk_limits(desk, &limits);
    limits.cache_bytes = (int64_t[]){512, 4096, 1 << 20}[round % 3];
    limits.max_uploads = RELEASE_UPLOADS + round % 2;
    limits.archive.ratio = 1000 + round % 2;
    berth_desk_set_limits(desk, &limits);
    berth_events_set_limits(berth_desk_events(desk), 1 + round % 4, 1000 + round);
}

static void
old_versions_are_read_while_others_are_uploaded_activated_and_compressed_and_limits_change(
    void **state) {
    struct release_fixture *fixture = *state;
    void (*const changes[CHANGERS])(struct traffic *, int) = {upload_next, activate_some,
                                                              note_and_refresh, change_limits};
    struct traffic all[CHANGERS + READERS];
    pthread_t threads[CHANGERS + READERS];
    atomic_int uploaded = 0, failures = 0;
    atomic_bool over = false;
    fixture->options.limits.cache_bytes = 512; /* a few files; they must come and go */
    release_restart(fixture);
    for (int i = 0; i < CHANGERS + READERS; i++)
        all[i] = (struct traffic){.fixture = fixture,
                                  .uploaded = &uploaded,
                                  .over = &over,
                                  .failures = &failures,
                                  .change = i < CHANGERS ? changes[i] : NULL,
                                  .seed = (uint32_t)i};
    for (int i = 0; i < KEPT_VERSIONS; i++)
        upload_next(&all[0], i);
    for (int i = 0; i < CHANGERS + READERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < CHANGERS ? keep_changing : keep_reading, &all[i]),
            0);
    join(threads, CHANGERS);
    atomic_store(&over, true);
    join(threads + CHANGERS, READERS);
    assert_int_equal(atomic_load(&failures), 0);
    for (int i = 0; i < VERSIONS; i++)
        assert_true(reads_right(&all[0], i));
    char *text = release_form(fixture, "app", "0.0.0", "gzip");
    assert_string_equal(text, "gz of 0.0.0");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(concurrent_activations_make_one_row_of_generations),
        RELEASE_TEST(of_many_uploads_of_one_version_one_wins),
        RELEASE_TEST(
            old_versions_are_read_while_others_are_uploaded_activated_and_compressed_and_limits_change),
    };
    return cmocka_run_group_tests_name("release_races", tests, NULL, NULL);
}
