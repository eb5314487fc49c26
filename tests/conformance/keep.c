/* What rows name, forgetting variants, checks, and a copy of a registry that is in use. */
#include "registry_fixture.h"
#include "suites.h"
#include "temp_directory.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
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
        REGISTRY_TEST(nothing_is_said_of_what_is_in_order),
        REGISTRY_TEST(a_copy_that_is_made_beside_writes_is_whole),
        REGISTRY_TEST(a_copy_replaces_nothing),
    };
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
