/* What rows name, forgetting variants, checks, and a copy of a registry that is in use. */
#include "registry_fixture.h"
#include "suites.h"
#include "temp_directory.h"
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct berth_digest digest_of(const char *contents) {
    return berth_sha256(contents, strlen(contents));
}

static void add(struct fixture *fixture, const char *version, const char *contents) {
    bool created = false;
    assert_int_equal(fixture_upload(fixture, "menu", version, contents, &created), BERTH_OK);
}

static void note_variant(struct fixture *fixture, const char *version, const char *blob,
                         const char *contents) {
    struct berth_variant_record record = {
        digest_of(blob), BERTH_GZIP, {digest_of(contents), (int64_t)strlen(contents)}};
    assert_int_equal(fixture->ops->variants_put(fixture->registry, "menu", version,
                                                BERTH_COMPRESSION_BEST, &record, 1, NULL),
                     BERTH_OK);
}

static void remove_version(struct fixture *fixture, const char *version) {
    const struct berth_version_delete request = {
        .module = "menu", .version = version, .at_ms = 5, .by = fixture_actor};
    assert_int_equal(fixture->ops->version_delete(fixture->registry, &request, &fixture->error),
                     BERTH_OK);
}

struct listed {
    const char *version;        /* of which assets are counted; NULL: all */
    struct berth_digest digest; /* of which variants are counted */
    int assets;
    int variants;
};

static bool count_asset(const struct berth_asset_row *row, void *context) {
    struct listed *listed = context;
    assert_string_equal(row->module, "menu");
    assert_true(row->path[0] && row->bytes >= 0);
    listed->assets += !listed->version || strcmp(listed->version, row->version) == 0;
    return true;
}

static bool count_variant(const struct berth_variant_row *row, void *context) {
    struct listed *listed = context;
    assert_string_equal(row->coding, "gzip");
    listed->variants += berth_digest_equal(&row->digest, &listed->digest);
    return true;
}

static int assets_of(struct fixture *fixture, const char *version) {
    struct listed listed = {.version = version};
    assert_int_equal(
        fixture->ops->assets_each(fixture->registry, count_asset, &listed, &fixture->error), 0);
    return listed.assets;
}

static int variants_of(struct fixture *fixture, const char *contents) {
    struct listed listed = {.digest = digest_of(contents)};
    assert_int_equal(
        fixture->ops->variants_each(fixture->registry, count_variant, &listed, &fixture->error), 0);
    return listed.variants;
}

static void what_a_deleted_version_named_is_named_no_more(void **state) {
    struct fixture *fixture = *state;
    add(fixture, "1.0.0", "one");
    add(fixture, "1.1.0", "two");
    int each = assets_of(fixture, "1.0.0");
    assert_true(each > 0);
    assert_int_equal(assets_of(fixture, NULL), 2 * each);
    remove_version(fixture, "1.0.0");
    assert_int_equal(assets_of(fixture, "1.0.0"), 0);
    assert_int_equal(assets_of(fixture, NULL), each);
}

static void variants_of_blobs_that_no_version_has_are_forgotten(void **state) {
    struct fixture *fixture = *state;
    add(fixture, "1.0.0", "one");
    add(fixture, "1.1.0", "one");
    add(fixture, "1.2.0", "two");
    note_variant(fixture, "1.0.0", "one", "one.gz");
    note_variant(fixture, "1.2.0", "two", "two.gz");
    remove_version(fixture, "1.0.0");
    assert_int_equal(fixture->ops->variants_prune(fixture->registry, NULL), BERTH_OK);
    assert_int_equal(variants_of(fixture, "one.gz"), 1); /* another version has the blob */
    remove_version(fixture, "1.1.0");
    assert_int_equal(variants_of(fixture, "one.gz"), 1);
    assert_int_equal(fixture->ops->variants_prune(fixture->registry, NULL), BERTH_OK);
    assert_int_equal(variants_of(fixture, "one.gz"), 0);
    assert_int_equal(variants_of(fixture, "two.gz"), 1);
}

static bool count_head(const struct berth_version *head, void *context) {
    (void)head;
    ++*(int *)context;
    return true;
}

static void a_variant_that_is_forgotten_is_to_be_made_again(void **state) {
    struct fixture *fixture = *state;
    struct berth_digest digest = digest_of("one.gz");
    int unfinished = 0;
    add(fixture, "1.0.0", "one");
    add(fixture, "1.1.0", "two");
    note_variant(fixture, "1.0.0", "one", "one.gz");
    note_variant(fixture, "1.1.0", "two", "two.gz");
    assert_int_equal(fixture->ops->variant_forget(fixture->registry, &digest, NULL), BERTH_OK);
    assert_int_equal(variants_of(fixture, "one.gz"), 0);
    assert_int_equal(variants_of(fixture, "two.gz"), 1);
    assert_int_equal(fixture->ops->uncompressed_each(fixture->registry, BERTH_COMPRESSION_QUICK,
                                                     count_head, &unfinished, NULL),
                     BERTH_OK);
    assert_int_equal(unfinished, 1);
}

/* --- more than a backend may do at once --- */

enum { MANY_FILES = 1500, MANY_VERSIONS = 5, MANY_BLOBS = 5000 };
enum { MANY_VARIANTS = 2 * MANY_BLOBS };

static void add_many_files(struct fixture *fixture, const char *version) {
    static struct berth_asset assets[MANY_FILES];
    static char paths[MANY_FILES][40];
    bool created = false;
    struct berth_version record;
    fixture_version("menu", version, version, &record);
    struct berth_version many = record;
    for (int i = 0; i < MANY_FILES; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%05d.js", version, i);
        assets[i] = (struct berth_asset){
            .path = paths[i], .bytes = (int64_t)strlen(paths[i]), .digest = digest_of(paths[i])};
    }
    many.assets = assets;
    many.asset_count = MANY_FILES;
    assert_int_equal(fixture->ops->version_add(fixture->registry, &many, &fixture_actor, NULL,
                                               &created, &fixture->error),
                     BERTH_OK);
    berth_version_done(&record);
}

static void add_many(struct fixture *fixture) {
    for (int i = 0; i < MANY_VERSIONS; i++) {
        char version[24];
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        add_many_files(fixture, version);
    }
}

struct long_walk {
    pthread_t thread;
    struct fixture *fixture;
    atomic_int runs; /* the number of the walk; 0: none */
    atomic_bool ends;
    atomic_bool got; /* an answer, while a walk ran */
    int walks;
    char last[64];
    int rows;
    int until;
};

static void *ask_often(void *context) {
    struct long_walk *walk = context;
    while (!atomic_load(&walk->ends)) {
        int ran = atomic_load(&walk->runs);
        (void)fixture_generation(walk->fixture);
        if (ran && atomic_load(&walk->runs) == ran)
            atomic_store(&walk->got, true);
    }
    return NULL;
}

static bool walk_on(const struct berth_asset_row *row, void *context) {
    struct long_walk *walk = context;
    atomic_store(&walk->runs, walk->walks);
    assert_true(strcmp(walk->last, row->path) < 0); /* each once, in their order */
    (void)snprintf(walk->last, sizeof walk->last, "%s", row->path);
    if (++walk->rows == walk->until)
        atomic_store(&walk->runs, 0);
    return walk->rows < walk->until;
}

static int walk_assets(struct long_walk *walk, int until) {
    walk->walks++;
    walk->rows = 0;
    walk->last[0] = '\0';
    walk->until = until;
    assert_int_equal(walk->fixture->ops->assets_each(walk->fixture->registry, walk_on, walk, NULL),
                     BERTH_OK);
    return walk->rows;
}

static void others_get_their_turn_while_all_assets_are_told(void **state) {
    struct long_walk walk = {.fixture = *state};
    add_many(walk.fixture);
    assert_int_equal(walk_assets(&walk, MANY_FILES * MANY_VERSIONS), MANY_FILES * MANY_VERSIONS);
    assert_int_equal(walk_assets(&walk, INT_MAX), MANY_FILES * MANY_VERSIONS);
    for (int until = 1; until < MANY_FILES * MANY_VERSIONS; until += MANY_FILES)
        assert_int_equal(walk_assets(&walk, until), until);
    time_t deadline = time(NULL) + 60;
    assert_int_equal(pthread_create(&walk.thread, NULL, ask_often, &walk), 0);
    while (!atomic_load(&walk.got) && time(NULL) < deadline)
        walk_assets(&walk, MANY_FILES * MANY_VERSIONS);
    atomic_store(&walk.ends, true);
    pthread_join(walk.thread, NULL);
    assert_true(atomic_load(&walk.got));
}

static bool count_each(const struct berth_variant_row *row, void *context) {
    (void)row;
    ++*(int *)context;
    return true;
}

static int all_variants(struct fixture *fixture) {
    int count = 0;
    assert_int_equal(fixture->ops->variants_each(fixture->registry, count_each, &count, NULL),
                     BERTH_OK);
    return count;
}

/* Each blob has two, so that a portion may end between them. */
static void note_many_variants(struct fixture *fixture) {
    static struct berth_variant_record records[MANY_VARIANTS];
    for (int i = 0; i < MANY_VARIANTS; i++) {
        char contents[32];
        (void)snprintf(contents, sizeof contents, "unnamed %d", i / 2);
        records[i] = (struct berth_variant_record){
            digest_of(contents), i % 2 ? BERTH_GZIP : BERTH_BROTLI, {digest_of(contents), 1}};
    }
    assert_int_equal(fixture->ops->variants_put(fixture->registry, "menu", "1.0.0",
                                                BERTH_COMPRESSION_BEST, records, MANY_VARIANTS,
                                                NULL),
                     BERTH_OK);
}

static void however_many_variants_there_are_those_of_no_version_are_forgotten(void **state) {
    struct fixture *fixture = *state;
    add(fixture, "1.0.0", "one");
    note_variant(fixture, "1.0.0", "one", "one.gz");
    note_many_variants(fixture);
    assert_int_equal(all_variants(fixture), MANY_VARIANTS + 1);
    assert_int_equal(fixture->ops->variants_prune(fixture->registry, &fixture->error), BERTH_OK);
    assert_int_equal(all_variants(fixture), 1);
    assert_int_equal(variants_of(fixture, "one.gz"), 1);
    assert_int_equal(fixture->ops->variants_prune(fixture->registry, &fixture->error), BERTH_OK);
}

static bool count_text(const char *text, void *context) {
    (void)text;
    ++*(int *)context;
    return true;
}

static void nothing_is_said_of_what_is_in_order(void **state) {
    struct fixture *fixture = *state;
    int texts = 0;
    add(fixture, "1.0.0", "one");
    fixture_activate(fixture, "menu", "1.0.0");
    assert_int_equal(fixture->ops->check(fixture->registry, count_text, &texts, &fixture->error),
                     BERTH_OK);
    assert_int_equal(texts, 0);
}

/* --- a copy --- */

enum { BEFORE = 40, WRITTEN_MOST = 2000 };

struct writer {
    pthread_t thread;
    struct fixture *fixture;
    atomic_bool stop;
    atomic_int written;
};

static void *write_often(void *context) {
    struct writer *writer = context;
    for (int i = 0; i < WRITTEN_MOST && !atomic_load(&writer->stop); i++) {
        char version[24];
        bool created = false;
        (void)snprintf(version, sizeof version, "2.%d.0", i);
        if (fixture_upload(writer->fixture, "menu", version, version, &created) == BERTH_OK)
            atomic_fetch_add(&writer->written, 1);
    }
    return NULL;
}

static bool note_named(const struct berth_digest *digest, int64_t bytes, void *context) {
    struct listed *listed = context;
    assert_true(bytes > 0);
    assert_true(memcmp(listed->digest.bytes, digest->bytes, sizeof digest->bytes) < 0);
    listed->digest = *digest; /* they come once each, sorted */
    listed->assets++;
    return true;
}

static void a_copy_that_is_made_beside_writes_is_whole(void **state) {
    struct fixture *fixture = *state;
    struct writer writer = {.fixture = fixture};
    struct listed listed = {0};
    char directory[TEMP_PATH_BYTES];
    char path[TEMP_PATH_BYTES + 8];
    for (int i = 0; i < BEFORE; i++) {
        char version[24];
        (void)snprintf(version, sizeof version, "1.%d.0", i);
        add(fixture, version, version);
        fixture_activate(fixture, "menu", version);
    }
    temp_directory_make(directory);
    (void)snprintf(path, sizeof path, "%s/db", directory);
    assert_int_equal(pthread_create(&writer.thread, NULL, write_often, &writer), 0);
    while (atomic_load(&writer.written) < 3)
        (void)sched_yield();
    assert_int_equal(
        fixture->ops->copy(fixture->registry, path, note_named, &listed, &fixture->error),
        BERTH_OK);
    atomic_store(&writer.stop, true);
    pthread_join(writer.thread, NULL);
    struct fixture copy = {.ops = fixture->ops};
    int heads = 0;
    assert_int_equal(fixture_backend->open(directory, &copy.registry, &fixture->error), BERTH_OK);
    assert_int_equal(copy.ops->heads_each(copy.registry, NULL, count_head, &heads, NULL), BERTH_OK);
    assert_in_range(heads, BEFORE + 3, BEFORE + WRITTEN_MOST);
    assert_int_equal(listed.assets, heads); /* the files of a version have one contents here */
    assert_int_equal(fixture_generation(&copy), BEFORE);
    assert_string_equal(fixture_live(&copy, "menu"), "1.39.0");
    assert_int_equal(copy.ops->check(copy.registry, count_text, &heads, NULL), BERTH_OK);
    copy.ops->close(copy.registry);
    temp_directory_remove(directory);
}

static void a_copy_replaces_nothing(void **state) {
    struct fixture *fixture = *state;
    struct listed listed = {0};
    char path[TEMP_PATH_BYTES + 8];
    temp_file_write(fixture->directory, "taken", "x", 1);
    (void)snprintf(path, sizeof path, "%s/taken", fixture->directory);
    assert_int_equal(fixture->ops->copy(fixture->registry, path, note_named, &listed, NULL),
                     BERTH_IO);
    add(fixture, "1.0.0", "one");
}

int run_keep(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(what_a_deleted_version_named_is_named_no_more),
        REGISTRY_TEST(variants_of_blobs_that_no_version_has_are_forgotten),
        REGISTRY_TEST(a_variant_that_is_forgotten_is_to_be_made_again),
        REGISTRY_TEST(others_get_their_turn_while_all_assets_are_told),
        REGISTRY_TEST(however_many_variants_there_are_those_of_no_version_are_forgotten),
        REGISTRY_TEST(nothing_is_said_of_what_is_in_order),
        REGISTRY_TEST(a_copy_that_is_made_beside_writes_is_whole),
        REGISTRY_TEST(a_copy_replaces_nothing),
    };
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
