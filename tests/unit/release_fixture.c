#include "release_fixture.h"

#include "berth/json.h"

#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_BYTES = 1 << 24 };

bool release_editions_fail;

enum berth_code __real_berth_edition_create(const struct berth_version *version,
                                            const struct berth_views *views,
                                            struct berth_edition **ret, struct berth_error *error);
enum berth_code __wrap_berth_edition_create(const struct berth_version *version,
                                            const struct berth_views *views,
                                            struct berth_edition **ret, struct berth_error *error);

enum berth_code __wrap_berth_edition_create(const struct berth_version *version,
                                            const struct berth_views *views,
                                            struct berth_edition **ret, struct berth_error *error) {
    if (release_editions_fail)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "as the test wants it");
    return __real_berth_edition_create(version, views, ret, error);
}

static void write_text(const char *directory, const char *name, const char *text) {
    temp_file_write(directory, name, text, strlen(text));
}

static void expect_ok(enum berth_code code, const struct berth_error *error) {
    if (code != BERTH_OK)
        fail_msg("%s: %s (%s)", error->rule, error->text, error->where);
}

static void open_all(struct release_fixture *fixture) {
    struct berth_error error = {0};
    expect_ok(berth_store_open(fixture->data, &fixture->store, &error), &error);
    expect_ok(berth_registry_sqlite_open(fixture->data, &fixture->registry, &error), &error);
    fixture->options.store = fixture->store;
    fixture->options.registry = fixture->registry;
    expect_ok(berth_desk_open(&fixture->options, &fixture->desk, &error), &error);
}

static void close_all(struct release_fixture *fixture) {
    berth_desk_close(fixture->desk);
    fixture->registry->ops->close(fixture->registry);
    berth_store_close(fixture->store);
}

int release_setup(void **state) {
    struct release_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    temp_directory_make(fixture->directory);
    (void)snprintf(fixture->data, sizeof fixture->data, "%s/data", fixture->directory);
    write_text(fixture->directory, "shell.js", "/*shell*/");
    write_text(fixture->directory, "live.js", "/*runtime*/");
    assert_int_equal(berth_frontend_load(fixture->directory, &fixture->frontend, NULL), BERTH_OK);
    fixture->options = (struct berth_desk_options){.frontend = &fixture->frontend,
                                                   .public_url = "",
                                                   .limits = {berth_bundle_limits_default(),
                                                              .cache_bytes = 1 << 20,
                                                              .max_uploads = RELEASE_UPLOADS},
                                                   .reader_threads = RELEASE_READERS,
                                                   .max_streams = 4,
                                                   .heartbeat_ms = 600000};
    release_editions_fail = false;
    open_all(fixture);
    *state = fixture;
    return 0;
}

int release_teardown(void **state) {
    struct release_fixture *fixture = *state;
    release_editions_fail = false;
    close_all(fixture);
    berth_frontend_done(&fixture->frontend);
    temp_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

void release_restart(struct release_fixture *fixture) {
    close_all(fixture);
    open_all(fixture);
}

struct archive release_archive(const char *text, const char *document) {
    char directory[TEMP_PATH_BYTES], entry[512];
    struct stat status;
    temp_directory_make(directory);
    (void)snprintf(entry, sizeof entry, "var app;/* %s */app={get:()=>0,init:()=>0};\n", text);
    write_text(directory, "remoteEntry.js", entry);
    write_text(directory, "index.html", document);
    write_text(directory, "mf-manifest.json",
               "{\"id\":\"app\",\"name\":\"app\",\"metaData\":{\"name\":\"app\",\"globalName\":"
               "\"app\",\"publicPath\":\"auto\",\"remoteEntry\":{\"name\":\"remoteEntry.js\","
               "\"path\":\"\",\"type\":\"global\"}},\"exposes\":[],\"shared\":[]}");
    int fd = memfd_create("archive", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct berth_error error = {0};
    expect_ok(berth_bundle_pack(directory, fd, NULL, NULL, &error), &error);
    temp_directory_remove(directory);
    assert_int_equal(fstat(fd, &status), 0);
    struct archive archive = {malloc((size_t)status.st_size), (size_t)status.st_size};
    assert_non_null(archive.data);
    assert_int_equal(pread(fd, archive.data, archive.length, 0), archive.length);
    close(fd);
    return archive;
}

enum berth_code release_try_upload(struct release_fixture *fixture, const char *module,
                                   const char *version, const struct archive *archive,
                                   bool activate, struct berth_uploaded *ret) {
    struct berth_upload *upload = NULL;
    struct berth_upload_request request = {
        .module = module, .version = version, .by = {.name = "ci"}, .activate = activate};
    fixture->error = (struct berth_error){0};
    enum berth_code code = berth_upload_begin(fixture->desk, &upload, &fixture->error);
    if (code != BERTH_OK)
        return code;
    size_t half = archive->length / 2;
    code = berth_upload_add(upload, archive->data, half, &fixture->error);
    if (code == BERTH_OK)
        code =
            berth_upload_add(upload, archive->data + half, archive->length - half, &fixture->error);
    if (code != BERTH_OK) {
        berth_upload_abort(upload);
        return code;
    }
    return berth_upload_finish(upload, &request, ret, &fixture->error);
}

void release_upload(struct release_fixture *fixture, const char *module, const char *version,
                    bool activate) {
    char text[256];
    struct berth_uploaded uploaded = {0};
    (void)snprintf(text, sizeof text, "%s %s", module, version);
    struct archive archive = release_archive(text, text);
    expect_ok(release_try_upload(fixture, module, version, &archive, activate, &uploaded),
              &fixture->error);
    assert_true(uploaded.created);
    assert_int_equal(uploaded.activated, activate);
    berth_uploaded_done(&uploaded);
    free(archive.data);
}

enum berth_code release_try_activate(struct release_fixture *fixture, const char *module,
                                     const char *version, int64_t expected,
                                     struct berth_activated *ret) {
    struct berth_activate request = {.module = module,
                                     .version = version,
                                     .rollback = !version,
                                     .expected = expected,
                                     .at_ms = 1700000000000,
                                     .by = {.name = "ops"}};
    fixture->error = (struct berth_error){0};
    return berth_desk_activate(fixture->desk, &request, ret, &fixture->error);
}

int64_t release_activate(struct release_fixture *fixture, const char *module, const char *version) {
    struct berth_activated activated = {0};
    expect_ok(release_try_activate(fixture, module, version, BERTH_ANY_GENERATION, &activated),
              &fixture->error);
    int64_t generation = activated.generation;
    berth_activated_done(&activated);
    return generation;
}

enum berth_code release_try_page(struct release_fixture *fixture, const char *name,
                                 const char *manifest, int64_t expected,
                                 struct berth_desk_page_result *ret) {
    json_t *json = NULL;
    if (manifest)
        assert_int_equal(berth_json_parse(manifest, strlen(manifest), TEXT_BYTES, &json, NULL),
                         BERTH_OK);
    struct berth_desk_page request = {
        .name = name, .manifest = json, .expected = expected, .by = {.name = "ops"}};
    fixture->error = (struct berth_error){0};
    enum berth_code code = berth_desk_page_put(fixture->desk, &request, ret, &fixture->error);
    json_decref(json);
    return code;
}

void release_page(struct release_fixture *fixture, const char *name, const char *manifest) {
    struct berth_desk_page_result result;
    expect_ok(release_try_page(fixture, name, manifest, BERTH_ANY_GENERATION, &result),
              &fixture->error);
}

static const struct berth_snapshot *acquire(struct release_fixture *fixture) {
    const struct berth_snapshot *snapshot =
        berth_snapshot_acquire(berth_desk_publisher(fixture->desk));
    assert_non_null(snapshot);
    return snapshot;
}

static void release(struct release_fixture *fixture) {
    berth_snapshot_release(berth_desk_publisher(fixture->desk));
}

char *release_live(struct release_fixture *fixture, const char *module) {
    const struct berth_module *found = berth_snapshot_module(acquire(fixture), module);
    char *version = found && found->live ? strdup(found->live->version) : NULL;
    release(fixture);
    return version;
}

static char *file_text(struct release_fixture *fixture, const struct berth_edition *edition,
                       const char *path) {
    const struct berth_file *file = berth_edition_file(edition, path);
    char *text = NULL;
    size_t length;
    if (file && file->body)
        text = strndup(file->body, (size_t)file->bytes);
    else if (file)
        (void)berth_blob_read(fixture->store, &file->digest, file->bytes, &text, &length, NULL);
    return text;
}

/* From memory or from the store, as it is served. */
char *release_file(struct release_fixture *fixture, const char *module, const char *version,
                   const char *path) {
    const struct berth_module *found = berth_snapshot_module(acquire(fixture), module);
    const struct berth_edition *edition = found ? berth_module_resident(found, version) : NULL;
    struct berth_cold *cold = berth_desk_cold(fixture->desk);
    char *text = NULL;
    if (edition) {
        text = file_text(fixture, edition, path);
    } else if (found && berth_module_has(found, version) &&
               berth_cold_take(cold, module, version, &edition, NULL) == BERTH_OK) {
        text = file_text(fixture, edition, path);
        berth_cold_give(cold, edition);
    }
    release(fixture);
    return text;
}

char *release_page_text(struct release_fixture *fixture, const char *path) {
    const struct berth_snapshot_page *page = berth_snapshot_page(acquire(fixture), path);
    char *text = page && page->available ? strdup(page->template.text) : NULL;
    release(fixture);
    return text;
}

int64_t release_generation(struct release_fixture *fixture) {
    int64_t generation = acquire(fixture)->generation;
    release(fixture);
    return generation;
}

bool release_in_memory(struct release_fixture *fixture, const char *module, const char *version) {
    const struct berth_module *found = berth_snapshot_module(acquire(fixture), module);
    assert_true(found && berth_module_has(found, version));
    const struct berth_edition *edition = berth_module_resident(found, version);
    bool loaded = edition && edition->loaded;
    release(fixture);
    return loaded;
}

int64_t release_stored_generation(struct release_fixture *fixture) {
    int64_t generation = -1;
    assert_int_equal(fixture->registry->ops->generation(fixture->registry, &generation, NULL),
                     BERTH_OK);
    return generation;
}

void assert_live(struct release_fixture *fixture, const char *module, const char *version) {
    char *live = release_live(fixture, module);
    if (!live || !version)
        assert_true(!live && !version);
    else
        assert_string_equal(live, version);
    free(live);
}

static bool keep_text(void *context, const char *text, size_t length) {
    berth_buffer_add(context, text, length);
    return true;
}

static enum berth_stream_news hang_up_when_idle(void *context, int fd, int timeout_ms) {
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    (void)context;
    (void)timeout_ms;
    return poll(&polled, 1, 0) == 1 ? BERTH_NEWS_WAITING : BERTH_NEWS_GONE;
}

char *release_events(struct release_fixture *fixture, int64_t last_id) {
    struct berth_stream *stream = NULL;
    struct berth_buffer text;
    berth_buffer_init(&text, TEXT_BYTES);
    struct berth_stream_client client = {keep_text, hang_up_when_idle, &text};
    assert_int_equal(berth_events_join(berth_desk_events(fixture->desk), &stream, NULL), BERTH_OK);
    berth_events_follow(stream, last_id, &client);
    berth_events_leave(stream);
    return berth_buffer_take(&text);
}

static struct berth_variant put_blob(struct release_fixture *fixture, const char *text) {
    struct berth_blob_writer *writer = NULL;
    struct berth_variant variant;
    struct berth_error error = {0};
    expect_ok(berth_blob_begin(fixture->store, &writer, &error), &error);
    expect_ok(berth_blob_add(writer, text, strlen(text), &error), &error);
    expect_ok(berth_blob_finish(writer, &variant.digest, &variant.bytes, &error), &error);
    expect_ok(berth_store_sync(fixture->store, &error), &error);
    return variant;
}

void release_note_variant(struct release_fixture *fixture, const char *module, const char *version,
                          enum berth_coding coding, const char *text) {
    char original[256];
    struct berth_error error = {0};
    (void)snprintf(original, sizeof original, "%s %s", module, version);
    struct berth_variant_record record = {.blob = berth_sha256(original, strlen(original)),
                                          .coding = coding,
                                          .variant = put_blob(fixture, text)};
    expect_ok(fixture->registry->ops->variants_put(fixture->registry, module, version,
                                                   BERTH_COMPRESSION_QUICK, &record, 1, &error),
              &error);
}

static char *cold_form(struct release_fixture *fixture, const struct berth_edition *edition,
                       const char *accept_encoding) {
    const struct berth_file *file = berth_edition_file(edition, "index.html");
    struct berth_accept accept = berth_accept_parse(accept_encoding);
    struct berth_variant sent = {file->digest, file->bytes};
    int64_t bytes[BERTH_CODING_COUNT];
    const void *body = NULL;
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        bytes[i] = file->variants[i].bytes;
    int coding = berth_accept_choose(&accept, file->bytes, bytes);
    if (coding >= 0)
        sent = file->variants[coding];
    struct berth_bodies *bodies = berth_desk_bodies(fixture->desk);
    if (berth_body_borrow(bodies, fixture->store, &sent.digest, sent.bytes, &body, NULL) !=
        BERTH_OK)
        return NULL;
    char *text = strndup(body, (size_t)sent.bytes);
    berth_body_return(bodies, &sent.digest);
    return text;
}

char *release_form(struct release_fixture *fixture, const char *module, const char *version,
                   const char *accept_encoding) {
    const struct berth_module *found = berth_snapshot_module(acquire(fixture), module);
    const struct berth_edition *edition = found ? berth_module_resident(found, version) : NULL;
    struct berth_cold *cold = berth_desk_cold(fixture->desk);
    char *text = NULL;
    if (edition) {
        const struct berth_prepared *answer =
            berth_forms_choose(berth_edition_file(edition, "index.html")->forms, accept_encoding);
        text = strndup(answer->body, (size_t)answer->length);
    } else if (found && berth_module_has(found, version) &&
               berth_cold_take(cold, module, version, &edition, NULL) == BERTH_OK) {
        text = cold_form(fixture, edition, accept_encoding);
        berth_cold_give(cold, edition);
    }
    release(fixture);
    return text;
}

void release_damage(const struct release_fixture *fixture, const char *contents) {
    char hex[BERTH_HEX_BYTES], name[128], path[2 * TEMP_PATH_BYTES];
    struct berth_digest digest = berth_sha256(contents, strlen(contents));
    berth_digest_hex(&digest, hex);
    (void)snprintf(name, sizeof name, "blobs/%.2s/%s", hex, hex);
    (void)snprintf(path, sizeof path, "%s/%s", fixture->data, name);
    assert_int_equal(chmod(path, 0600), 0);
    char *damaged = strdup(contents);
    damaged[0] ^= 1;
    temp_file_write(fixture->data, name, damaged, strlen(damaged));
    free(damaged);
}
