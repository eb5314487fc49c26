#include "snapshot_fixture.h"

#include <stdio.h>
#include <sys/stat.h>

int snapshot_setup(void **state) {
    struct snapshot_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    temp_directory_make(fixture->directory);
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
    temp_file_write(fixture->directory, "shell.js", "/*shell*/", strlen("/*shell*/"));
    temp_file_write(fixture->directory, "live.js", "/*runtime*/", strlen("/*runtime*/"));
    assert_int_equal(berth_frontend_load(fixture->directory, &fixture->frontend, NULL), BERTH_OK);
    fixture->views = (struct berth_views){.public_url = "",
                                          .frontend = &fixture->frontend,
                                          .store = fixture->store,
                                          .bodies = berth_bodies_create(1 << 20)};
    assert_non_null(fixture->views.bodies);
    *state = fixture;
    return 0;
}

int snapshot_teardown(void **state) {
    struct snapshot_fixture *fixture = *state;
    int64_t left = berth_bodies_bytes(fixture->views.bodies) -
                   berth_bodies_unpinned_bytes(fixture->views.bodies);
    berth_bodies_destroy(fixture->views.bodies);
    berth_frontend_done(&fixture->frontend);
    berth_store_close(fixture->store);
    temp_directory_remove(fixture->directory);
    free(fixture);
    assert_int_equal(left, 0); /* all nodes are gone, and their bodies with them */
    return 0;
}

static struct berth_digest put(struct berth_store *store, const char *contents) {
    struct berth_blob_writer *writer = NULL;
    struct berth_digest digest;
    int64_t bytes;
    assert_int_equal(berth_blob_begin(store, &writer, NULL), BERTH_OK);
    assert_int_equal(berth_blob_add(writer, contents, strlen(contents), NULL), BERTH_OK);
    assert_int_equal(berth_blob_finish(writer, &digest, &bytes, NULL), BERTH_OK);
    return digest;
}

enum berth_code fixture_try_edition(struct snapshot_fixture *fixture, const char *module,
                                    const char *version, const char *description,
                                    const struct fixture_file *files, size_t count,
                                    struct berth_edition **ret) {
    struct berth_version record = {.module = strdup(module),
                                   .version = strdup(version),
                                   .description = strdup(description),
                                   .created_by = strdup("test"),
                                   .assets = calloc(count + 1, sizeof(struct berth_asset)),
                                   .asset_count = count};
    assert_non_null(record.assets);
    for (size_t i = 0; i < count; i++)
        record.assets[i] = (struct berth_asset){.path = strdup(files[i].path),
                                                .digest = put(fixture->store, files[i].contents),
                                                .bytes = (int64_t)strlen(files[i].contents)};
    memset(&fixture->error, 0, sizeof fixture->error);
    enum berth_code code = berth_edition_create(&record, &fixture->views, ret, &fixture->error);
    free(record.module);
    free(record.version);
    free(record.description);
    free(record.created_by);
    for (size_t i = 0; i < count; i++)
        free(record.assets[i].path);
    free(record.assets);
    return code;
}

struct berth_edition *fixture_edition(struct snapshot_fixture *fixture, const char *module,
                                      const char *version, const char *description,
                                      const struct fixture_file *files, size_t count) {
    struct berth_edition *edition = NULL;
    if (fixture_try_edition(fixture, module, version, description, files, count, &edition) !=
        BERTH_OK)
        fail_msg("%s: %s", fixture->error.rule, fixture->error.text);
    return edition;
}

void fixture_damage(const struct snapshot_fixture *fixture, const char *contents) {
    char hex[BERTH_HEX_BYTES], name[128], path[2 * TEMP_PATH_BYTES];
    struct berth_digest digest = berth_sha256(contents, strlen(contents));
    berth_digest_hex(&digest, hex);
    (void)snprintf(name, sizeof name, "blobs/%.2s/%s", hex, hex);
    (void)snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
    assert_int_equal(chmod(path, 0600), 0);
    char *damaged = strdup(contents);
    damaged[0] ^= 1;
    temp_file_write(fixture->directory, name, damaged, strlen(damaged));
    free(damaged);
}

struct berth_module *fixture_module(struct snapshot_fixture *fixture, struct berth_edition *edition,
                                    int64_t generation) {
    struct berth_module *module = NULL;
    struct berth_error error = {0};
    const char *version = edition->version;
    struct berth_module_parts parts = {.name = edition->module,
                                       .heads = berth_heads_create(&version, 1),
                                       .live = generation ? edition : NULL,
                                       .live_generation = generation,
                                       .newest = edition->description};
    if (berth_module_create(&parts, &fixture->views, &module, &error) != BERTH_OK)
        fail_msg("%s: %s", error.rule, error.text);
    berth_heads_unref(parts.heads);
    berth_edition_unref(fixture->views.bodies, edition);
    return module;
}
