/* Compressed variants of blobs, and how far each version is. */
#include "registry_fixture.h"
#include "suites.h"
#include <stdio.h>

static struct berth_variant variant(const char *contents) {
    return (struct berth_variant){berth_sha256(contents, strlen(contents)),
                                  (int64_t)strlen(contents)};
}

static struct berth_variant_record record(const char *blob, enum berth_coding coding,
                                          const char *contents) {
    return (struct berth_variant_record){berth_sha256(blob, strlen(blob)), coding,
                                         variant(contents)};
}

static enum berth_code put(struct fixture *fixture, const char *module, const char *version,
                           enum berth_compression compression,
                           const struct berth_variant_record *records, size_t count) {
    return fixture->ops->variants_put(fixture->registry, module, version, compression, records,
                                      count, &fixture->error);
}

/* All assets of the fixture's versions have the same contents, so the same variants. */
static void expect(struct fixture *fixture, const char *module, const char *name,
                   const char *contents, enum berth_compression compression,
                   const struct berth_variant variants[BERTH_CODING_COUNT]) {
    struct berth_version version;
    fixture_version(module, name, contents, &version);
    version.compression = compression;
    for (size_t i = 0; i < version.asset_count; i++)
        memcpy(version.assets[i].variants, variants, sizeof version.assets[i].variants);
    assert_int_equal(fixture->ops->version_get(fixture->registry, module, name, fixture_compare,
                                               &version, &fixture->error),
                     BERTH_OK);
    berth_version_done(&version);
}

static void add(struct fixture *fixture, const char *module, const char *version,
                const char *contents) {
    bool created = false;
    assert_int_equal(fixture_upload(fixture, module, version, contents, &created), BERTH_OK);
}

static void variants_come_with_every_version_that_has_the_blob(void **state) {
    struct fixture *fixture = *state;
    const struct berth_variant none[BERTH_CODING_COUNT] = {{{{0}}, 0}};
    struct berth_variant all[BERTH_CODING_COUNT] = {{{{0}}, 0}};
    const struct berth_variant_record records[] = {record("one", BERTH_GZIP, "g"),
                                                   record("one", BERTH_BROTLI, "br")};
    all[BERTH_GZIP] = variant("g");
    all[BERTH_BROTLI] = variant("br");
    add(fixture, "menu", "1.0.0", "one");
    add(fixture, "menu", "1.1.0", "two");
    expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_NONE, none);
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_QUICK, records, 2), BERTH_OK);
    add(fixture, "cart", "1.0.0", "one"); /* after they were made */
    for (int i = 0; i < 2; i++) {
        expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_QUICK, all);
        expect(fixture, "menu", "1.1.0", "two", BERTH_COMPRESSION_NONE, none);
        expect(fixture, "cart", "1.0.0", "one", BERTH_COMPRESSION_NONE, all);
        fixture_reopen(fixture);
    }
}

static void a_variant_replaces_an_older_one_of_the_same_coding(void **state) {
    struct fixture *fixture = *state;
    struct berth_variant expected[BERTH_CODING_COUNT] = {{{{0}}, 0}};
    const struct berth_variant_record quick[] = {record("one", BERTH_ZSTD, "quick zstd"),
                                                 record("one", BERTH_GZIP, "quick gzip")};
    const struct berth_variant_record best[] = {record("one", BERTH_ZSTD, "best")};
    expected[BERTH_ZSTD] = variant("best");
    expected[BERTH_GZIP] = variant("quick gzip");
    add(fixture, "menu", "1.0.0", "one");
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_QUICK, quick, 2), BERTH_OK);
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_BEST, best, 1), BERTH_OK);
    expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_BEST, expected);
}

static void one_of_no_bytes_says_that_there_is_none(void **state) {
    struct fixture *fixture = *state;
    struct berth_variant expected[BERTH_CODING_COUNT] = {{{{0}}, 0}};
    struct berth_variant_record quick = record("one", BERTH_BROTLI, "quick");
    struct berth_variant_record none = {.blob = quick.blob, .coding = BERTH_BROTLI};
    add(fixture, "menu", "1.0.0", "one");
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_QUICK, &none, 1), BERTH_OK);
    expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_QUICK, expected);
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_QUICK, &quick, 1), BERTH_OK);
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_BEST, &none, 1), BERTH_OK);
    expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_BEST, expected);
}

static void variants_of_what_is_not_there_are_not_noted(void **state) {
    struct fixture *fixture = *state;
    const struct berth_variant none[BERTH_CODING_COUNT] = {{{{0}}, 0}};
    struct berth_variant_record quick = record("one", BERTH_BROTLI, "quick");
    add(fixture, "menu", "1.0.0", "one");
    assert_int_equal(put(fixture, "men", "1.0.0", BERTH_COMPRESSION_QUICK, &quick, 1),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "module-unknown");
    memset(&fixture->error, 0, sizeof fixture->error);
    assert_int_equal(put(fixture, "menu", "2.0.0", BERTH_COMPRESSION_QUICK, &quick, 1),
                     BERTH_NOT_FOUND);
    assert_string_equal(fixture->error.rule, "version-unknown");
    expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_NONE, none);
}

static void no_variant_is_no_change_to_readers(void **state) {
    struct fixture *fixture = *state;
    struct berth_variant_record quick = record("1.0.0", BERTH_BROTLI, "quick");
    fixture_add(fixture, "menu", "1.0.0");
    int64_t generation = fixture_activate(fixture, "menu", "1.0.0");
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_QUICK, &quick, 1), BERTH_OK);
    assert_int_equal(fixture_generation(fixture), generation);
}

/* Pointers to records are at hand only where there are records. */
static void a_version_is_finished_without_any_variant(void **state) {
    struct fixture *fixture = *state;
    const struct berth_variant none[BERTH_CODING_COUNT] = {{{{0}}, 0}};
    add(fixture, "menu", "1.0.0", "one");
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_BEST, NULL, 0), BERTH_OK);
    expect(fixture, "menu", "1.0.0", "one", BERTH_COMPRESSION_BEST, none);
}

static const char *below(struct fixture *fixture, enum berth_compression compression, int count,
                         struct fixture_list *list) {
    *list = (struct fixture_list){.left = count};
    assert_int_equal(
        fixture->ops->uncompressed_each(fixture->registry, compression, fixture_list, list, NULL),
        BERTH_OK);
    return list->text;
}

static void unfinished_versions_come_in_order_of_upload(void **state) {
    struct fixture *fixture = *state;
    struct fixture_list list;
    add(fixture, "menu", "1.0.0", "one");
    add(fixture, "cart", "1.0.0", "two");
    add(fixture, "menu", "0.9.0", "three");
    add(fixture, "cart", "0.8.0", "four");
    assert_int_equal(put(fixture, "menu", "1.0.0", BERTH_COMPRESSION_BEST, NULL, 0), BERTH_OK);
    assert_int_equal(put(fixture, "menu", "0.9.0", BERTH_COMPRESSION_QUICK, NULL, 0), BERTH_OK);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(below(fixture, BERTH_COMPRESSION_BEST, 99, &list),
                            "cart@1.0.0 menu@0.9.0 cart@0.8.0");
        assert_string_equal(below(fixture, BERTH_COMPRESSION_QUICK, 99, &list),
                            "cart@1.0.0 cart@0.8.0");
        assert_string_equal(below(fixture, BERTH_COMPRESSION_NONE, 99, &list), "");
        assert_string_equal(below(fixture, BERTH_COMPRESSION_BEST, 2, &list),
                            "cart@1.0.0 menu@0.9.0");
        fixture_reopen(fixture);
    }
}

static bool is_a_head(const struct berth_version *version, void *context) {
    (void)context;
    assert_null(version->description);
    assert_null(version->assets);
    assert_int_equal(version->asset_count, 0);
    return true;
}

static void unfinished_versions_come_as_heads(void **state) {
    struct fixture *fixture = *state;
    add(fixture, "menu", "1.0.0", "one");
    assert_int_equal(fixture->ops->uncompressed_each(fixture->registry, BERTH_COMPRESSION_BEST,
                                                     is_a_head, NULL, NULL),
                     BERTH_OK);
}

int run_variants(void) {
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(variants_come_with_every_version_that_has_the_blob),
        REGISTRY_TEST(a_variant_replaces_an_older_one_of_the_same_coding),
        REGISTRY_TEST(one_of_no_bytes_says_that_there_is_none),
        REGISTRY_TEST(variants_of_what_is_not_there_are_not_noted),
        REGISTRY_TEST(no_variant_is_no_change_to_readers),
        REGISTRY_TEST(a_version_is_finished_without_any_variant),
        REGISTRY_TEST(unfinished_versions_come_in_order_of_upload),
        REGISTRY_TEST(unfinished_versions_come_as_heads),
    };
    return cmocka_run_group_tests_name("variants", tests, NULL, NULL);
}
