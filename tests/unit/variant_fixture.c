#include "variant_fixture.h"

#include "berth/buffer.h"
#include "berth/clock.h"

#include <sched.h>
#include <stdio.h>

enum { PATIENCE_MS = 100000, TEXT_BYTES = 1 << 16 };

void (*variant_on_read)(int number);
atomic_bool variant_disk_full;
static atomic_int reads;

enum berth_code __real_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error);
enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error);
enum berth_code __real_berth_blob_add(struct berth_blob_writer *writer, const void *data,
                                      size_t length, struct berth_error *error);
enum berth_code __wrap_berth_blob_add(struct berth_blob_writer *writer, const void *data,
                                      size_t length, struct berth_error *error);

enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error) {
    int number = atomic_fetch_add(&reads, 1) + 1;
    if (variant_on_read)
        variant_on_read(number);
    return __real_berth_blob_read(store, digest, max_bytes, ret, ret_bytes, error);
}

enum berth_code __wrap_berth_blob_add(struct berth_blob_writer *writer, const void *data,
                                      size_t length, struct berth_error *error) {
    if (atomic_load(&variant_disk_full))
        return berth_fail(error, BERTH_NO_SPACE, "store-io", "as the test wants it");
    return __real_berth_blob_add(writer, data, length, error);
}

int variant_reads(void) {
    return atomic_load(&reads);
}

static struct fake_version *find(struct fake_registry *fake, const char *name) {
    for (size_t i = 0; i < fake->version_count; i++)
        if (strcmp(fake->versions[i].name, name) == 0)
            return &fake->versions[i];
    return NULL;
}

static struct berth_variant_record *find_variant(struct fake_registry *fake,
                                                 const struct berth_digest *blob,
                                                 enum berth_coding coding) {
    for (size_t i = 0; i < fake->variant_count; i++)
        if (fake->variants[i].coding == coding && berth_digest_equal(&fake->variants[i].blob, blob))
            return &fake->variants[i];
    return NULL;
}

static enum berth_code fail_deleted(struct berth_error *error) {
    return berth_fail(error, BERTH_NOT_FOUND, "version-deleted", "it was deleted");
}

static struct berth_version head_of(struct fake_version *version) {
    return (struct berth_version){
        .module = "app", .version = version->name, .compression = version->compression};
}

static enum berth_code fake_get(struct berth_registry *registry, const char *module,
                                const char *name, berth_version_fn fn, void *context,
                                struct berth_error *error) {
    struct fake_registry *fake = (struct fake_registry *)registry;
    struct berth_asset *assets = NULL;
    assert_string_equal(module, "app");
    pthread_mutex_lock(&fake->lock);
    struct fake_version *version = find(fake, name);
    bool deleted = version && version->deleted;
    if (version && !deleted) {
        struct berth_version whole = head_of(version);
        assets = malloc(version->asset_count * sizeof *assets);
        assert_non_null(assets);
        memcpy(assets, version->assets, version->asset_count * sizeof *assets);
        for (size_t i = 0; i < version->asset_count; i++)
            for (int coding = 0; coding < BERTH_CODING_COUNT; coding++) {
                const struct berth_variant_record *record =
                    find_variant(fake, &assets[i].digest, (enum berth_coding)coding);
                if (record)
                    assets[i].variants[coding] = record->variant;
            }
        whole.assets = assets;
        whole.asset_count = version->asset_count;
        fn(&whole, context);
    }
    pthread_mutex_unlock(&fake->lock);
    free(assets);
    if (deleted)
        return fail_deleted(error);
    return version ? BERTH_OK : berth_fail(error, BERTH_NOT_FOUND, "version-unknown", "none");
}

static enum berth_code fake_put(struct berth_registry *registry, const char *module,
                                const char *name, enum berth_compression compression,
                                const struct berth_variant_record *records, size_t count,
                                struct berth_error *error) {
    struct fake_registry *fake = (struct fake_registry *)registry;
    assert_string_equal(module, "app");
    pthread_mutex_lock(&fake->lock);
    if (find(fake, name)->deleted) {
        pthread_mutex_unlock(&fake->lock);
        return fail_deleted(error);
    }
    find(fake, name)->compression = compression;
    for (size_t i = 0; i < count; i++) {
        struct berth_variant_record *record =
            find_variant(fake, &records[i].blob, records[i].coding);
        assert_true(record || fake->variant_count < FAKE_VARIANTS);
        *(record ? record : &fake->variants[fake->variant_count++]) = records[i];
    }
    struct fake_put *put = &fake->puts[fake->put_count++];
    (void)snprintf(put->version, sizeof put->version, "%s", name);
    put->compression = compression;
    put->count = count;
    pthread_mutex_unlock(&fake->lock);
    return BERTH_OK;
}

static enum berth_code fake_uncompressed(struct berth_registry *registry,
                                         enum berth_compression below, berth_version_fn fn,
                                         void *context, struct berth_error *error) {
    struct fake_registry *fake = (struct fake_registry *)registry;
    (void)error;
    for (size_t i = 0; i < fake->version_count; i++) {
        struct berth_version head = head_of(&fake->versions[i]);
        if (head.compression < below && !fn(&head, context))
            break;
    }
    return BERTH_OK;
}

static const struct berth_registry_ops ops = {
    .version_get = fake_get, .variants_put = fake_put, .uncompressed_each = fake_uncompressed};

int variant_setup(void **state) {
    struct variant_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    temp_directory_make(fixture->directory);
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, NULL), BERTH_OK);
    fixture->fake.registry.ops = &ops;
    pthread_mutex_init(&fixture->fake.lock, NULL);
    variant_on_read = NULL;
    atomic_store(&variant_disk_full, false);
    atomic_store(&reads, 0);
    *state = fixture;
    return 0;
}

int variant_teardown(void **state) {
    struct variant_fixture *fixture = *state;
    struct fake_registry *fake = &fixture->fake;
    variant_stop(fixture);
    for (size_t i = 0; i < fake->version_count; i++) {
        for (size_t j = 0; j < fake->versions[i].asset_count; j++)
            free(fake->versions[i].assets[j].path);
        free(fake->versions[i].assets);
    }
    pthread_mutex_destroy(&fake->lock);
    berth_store_close(fixture->store);
    temp_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

struct berth_digest variant_add_file(struct variant_fixture *fixture, const char *version,
                                     const char *path, const void *data, size_t length) {
    struct fake_registry *fake = &fixture->fake;
    struct berth_blob_writer *writer;
    struct berth_asset asset = {.path = strdup(path)};
    assert_int_equal(fixture->batch ? berth_blob_begin_in(fixture->batch, &writer, NULL)
                                    : berth_blob_begin(fixture->store, &writer, NULL),
                     BERTH_OK);
    assert_int_equal(berth_blob_add(writer, data, length, NULL), BERTH_OK);
    assert_int_equal(berth_blob_finish(writer, &asset.digest, &asset.bytes, NULL), BERTH_OK);
    pthread_mutex_lock(&fake->lock);
    struct fake_version *found = find(fake, version);
    if (!found) {
        found = &fake->versions[fake->version_count++];
        (void)snprintf(found->name, sizeof found->name, "%s", version);
    }
    found->assets = realloc(found->assets, (found->asset_count + 1) * sizeof asset);
    assert_non_null(found->assets);
    found->assets[found->asset_count++] = asset;
    pthread_mutex_unlock(&fake->lock);
    return asset.digest;
}

static void count_made(void *context, const char *module, const char *version) {
    struct fake_registry *fake = context;
    assert_string_equal(module, "app");
    pthread_mutex_lock(&fake->lock);
    assert_non_null(find(fake, version));
    fake->made++;
    pthread_mutex_unlock(&fake->lock);
}

void variant_start(struct variant_fixture *fixture, int threads) {
    struct berth_compressor_options options = {.store = fixture->store,
                                               .registry = &fixture->fake.registry,
                                               .threads = threads,
                                               .made = count_made,
                                               .context = &fixture->fake};
    assert_int_equal(berth_compressor_start(&options, &fixture->compressor, NULL), BERTH_OK);
}

void variant_stop(struct variant_fixture *fixture) {
    berth_compressor_stop(fixture->compressor);
    fixture->compressor = NULL;
}

void variant_until(bool (*holds)(struct variant_fixture *fixture),
                   struct variant_fixture *fixture) {
    int64_t until = berth_monotonic_ms() + PATIENCE_MS;
    while (!holds(fixture)) {
        if (berth_monotonic_ms() > until)
            fail_msg("waited in vain");
        sched_yield();
    }
}

static const char *waited_version;
static enum berth_compression waited_compression;

static bool is_as_waited_for(struct variant_fixture *fixture) {
    pthread_mutex_lock(&fixture->fake.lock);
    bool is = find(&fixture->fake, waited_version)->compression == waited_compression;
    pthread_mutex_unlock(&fixture->fake.lock);
    return is;
}

void variant_wait(struct variant_fixture *fixture, const char *version,
                  enum berth_compression compression) {
    waited_version = version;
    waited_compression = compression;
    variant_until(is_as_waited_for, fixture);
}

struct berth_variant variant_of(struct variant_fixture *fixture, const struct berth_digest *blob,
                                enum berth_coding coding) {
    pthread_mutex_lock(&fixture->fake.lock);
    const struct berth_variant_record *record = find_variant(&fixture->fake, blob, coding);
    struct berth_variant variant = record ? record->variant : (struct berth_variant){0};
    pthread_mutex_unlock(&fixture->fake.lock);
    return variant;
}

char *variant_puts(struct variant_fixture *fixture) {
    static const char *const levels[] = {"none", "quick", "best"};
    struct berth_buffer text;
    berth_buffer_init(&text, TEXT_BYTES);
    pthread_mutex_lock(&fixture->fake.lock);
    for (size_t i = 0; i < fixture->fake.put_count; i++) {
        const struct fake_put *put = &fixture->fake.puts[i];
        berth_buffer_printf(&text, "%s%s %s %zu", i ? ", " : "", put->version,
                            levels[put->compression], put->count);
    }
    pthread_mutex_unlock(&fixture->fake.lock);
    return berth_buffer_take(&text);
}
