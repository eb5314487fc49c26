#include "registry_fixture.h"
#include <stdio.h>

const struct backend *fixture_backend;
const struct berth_actor fixture_actor = {"ops", "0123456789ab", "192.0.2.7"};

static void open_registry(struct fixture *fixture) {
    enum berth_code code =
        fixture_backend->open(fixture->directory, &fixture->registry, &fixture->error);
    if (code)
        print_error("%s: %s\n", fixture->error.rule, fixture->error.text);
    assert_int_equal(code, BERTH_OK);
    fixture->ops = fixture->registry->ops;
}

int fixture_setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    temp_directory_make(fixture->directory);
    open_registry(fixture);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state) {
    struct fixture *fixture = *state;
    fixture->ops->close(fixture->registry);
    temp_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

void fixture_reopen(struct fixture *fixture) {
    fixture->ops->close(fixture->registry);
    open_registry(fixture);
}

static char *copy(const char *text) {
    char *result = strdup(text);
    assert_non_null(result);
    return result;
}

static void fill_asset(struct berth_asset *asset, const char *path, const char *contents) {
    asset->path = copy(path);
    asset->digest = berth_sha256(contents, strlen(contents));
    asset->bytes = (int64_t)strlen(contents);
}

void fixture_version(const char *module, const char *version, const char *contents,
                     struct berth_version *ret) {
    static const char *const PATHS[] = {"Z.js", "a/b.css", "remoteEntry.js", "ünïcode.js"};
    enum { COUNT = sizeof PATHS / sizeof PATHS[0] };
    *ret = (struct berth_version){
        .module = copy(module),
        .version = copy(version),
        .digest = berth_sha256(contents, strlen(contents)),
        .archive_digest = berth_sha256("archive", 7),
        .archive_bytes = 1234,
        .bytes = COUNT * (int64_t)strlen(contents),
        .description = copy("{\"format\":\"webpack-container\"}"),
        .created_ms = 1700000000123,
        .created_by = copy("ci"),
        .assets = calloc(COUNT, sizeof *ret->assets),
        .asset_count = COUNT,
    };
    assert_non_null(ret->assets);
    for (size_t i = 0; i < COUNT; i++)
        fill_asset(&ret->assets[i], PATHS[i], contents);
}

enum berth_code fixture_upload(struct fixture *fixture, const char *module, const char *version,
                               const char *contents, bool *ret_created) {
    struct berth_version record;
    fixture_version(module, version, contents, &record);
    enum berth_code code = fixture->ops->version_add(fixture->registry, &record, &fixture_actor,
                                                     NULL, ret_created, &fixture->error);
    berth_version_done(&record);
    return code;
}

void fixture_add(struct fixture *fixture, const char *module, const char *version) {
    bool created = false;
    assert_int_equal(fixture_upload(fixture, module, version, version, &created), BERTH_OK);
    assert_true(created);
}

enum berth_code fixture_try(struct fixture *fixture, const char *module, const char *version,
                            bool rollback, int64_t expected, struct berth_activated *ret) {
    struct berth_activate request = {
        .module = module,
        .version = version,
        .rollback = rollback,
        .expected = expected,
        .at_ms = 1700000001000,
        .by = fixture_actor,
        .reason = rollback ? "too slow" : NULL,
    };
    memset(&fixture->error, 0, sizeof fixture->error);
    return fixture->ops->activate(fixture->registry, &request, ret, &fixture->error);
}

int64_t fixture_activate(struct fixture *fixture, const char *module, const char *version) {
    struct berth_activated activated = {0};
    assert_int_equal(fixture_try(fixture, module, version, false, BERTH_ANY_GENERATION, &activated),
                     BERTH_OK);
    int64_t generation = activated.generation;
    berth_activated_done(&activated);
    return generation;
}

struct looked_for {
    const char *module;
    char version[BERTH_RULE_BYTES];
    int64_t generation;
};

static bool look(const struct berth_change *change, void *context) {
    struct looked_for *looked_for = context;
    if (strcmp(change->module, looked_for->module) != 0)
        return true;
    (void)snprintf(looked_for->version, sizeof looked_for->version, "%s", change->version);
    looked_for->generation = change->generation;
    return false;
}

static struct looked_for find_live(struct fixture *fixture, const char *module) {
    struct looked_for looked_for = {.module = module};
    assert_int_equal(fixture->ops->live_each(fixture->registry, look, &looked_for, NULL), BERTH_OK);
    return looked_for;
}

const char *fixture_live(struct fixture *fixture, const char *module) {
    static char version[BERTH_RULE_BYTES];
    struct looked_for found = find_live(fixture, module);
    memcpy(version, found.version, sizeof version);
    return version;
}

int64_t fixture_live_generation(struct fixture *fixture, const char *module) {
    return find_live(fixture, module).generation;
}

int64_t fixture_generation(struct fixture *fixture) {
    int64_t generation = -1;
    assert_int_equal(fixture->ops->generation(fixture->registry, &generation, NULL), BERTH_OK);
    return generation;
}

bool fixture_list(const struct berth_version *version, void *context) {
    struct fixture_list *list = context;
    size_t length = strlen(list->text);
    (void)snprintf(list->text + length, sizeof list->text - length, "%s%s@%s", length ? " " : "",
                   version->module, version->version);
    return --list->left != 0;
}

bool fixture_compare(const struct berth_version *found, void *context) {
    const struct berth_version *expected = context;
    assert_string_equal(found->module, expected->module);
    assert_string_equal(found->version, expected->version);
    assert_true(berth_digest_equal(&found->digest, &expected->digest));
    assert_true(berth_digest_equal(&found->archive_digest, &expected->archive_digest));
    assert_int_equal(found->archive_bytes, expected->archive_bytes);
    assert_int_equal(found->bytes, expected->bytes);
    assert_string_equal(found->description, expected->description);
    assert_int_equal(found->created_ms, expected->created_ms);
    assert_string_equal(found->created_by, expected->created_by);
    assert_int_equal(found->compression, expected->compression);
    assert_int_equal(found->asset_count, expected->asset_count);
    for (size_t i = 0; i < found->asset_count; i++) {
        assert_string_equal(found->assets[i].path, expected->assets[i].path);
        assert_true(berth_digest_equal(&found->assets[i].digest, &expected->assets[i].digest));
        assert_int_equal(found->assets[i].bytes, expected->assets[i].bytes);
        assert_memory_equal(found->assets[i].variants, expected->assets[i].variants,
                            sizeof expected->assets[i].variants);
    }
    return true;
}
