/* A store, a registry that lives in memory, and a compressor between them. */
#ifndef BERTH_TESTS_VARIANT_FIXTURE_H
#define BERTH_TESTS_VARIANT_FIXTURE_H

#include "temp_directory.h"
#include "variant/variant.h"
#include "variant_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { FAKE_VERSIONS = 64, FAKE_VARIANTS = 8192, FAKE_PUTS = 512, FAKE_NAME = 16 };

struct fake_put {
    char version[FAKE_NAME];
    enum berth_compression compression;
    size_t count;
};

struct fake_version {
    char name[FAKE_NAME];
    struct berth_asset *assets;
    size_t asset_count;
    enum berth_compression compression;
    bool deleted;
};

/* What it holds is under its lock. */
struct fake_registry {
    struct berth_registry registry;
    pthread_mutex_t lock;
    struct fake_version versions[FAKE_VERSIONS];
    size_t version_count;
    struct berth_variant_record variants[FAKE_VARIANTS];
    size_t variant_count;
    struct fake_put puts[FAKE_PUTS];
    size_t put_count;
    int made; /* calls of `made` */
};

struct variant_fixture {
    char directory[TEMP_PATH_BYTES];
    struct berth_store *store;
    struct berth_batch *batch; /* files are stored in it, if any; the test finishes it */
    struct fake_registry fake;
    struct berth_compressor *compressor; /* NULL: not started, or stopped */
};

int variant_setup(void **state);
int variant_teardown(void **state);

/* Stores the text and names it in the version, which is made if it is not there. */
struct berth_digest variant_add_file(struct variant_fixture *fixture, const char *version,
                                     const char *path, const void *data, size_t length);
void variant_start(struct variant_fixture *fixture, int threads);
void variant_stop(struct variant_fixture *fixture);
void variant_wait(struct variant_fixture *fixture, const char *version,
                  enum berth_compression compression);
/* Polls until the condition holds, and fails the test if it never does. */
void variant_until(bool (*holds)(struct variant_fixture *fixture), struct variant_fixture *fixture);
/* A blob's variant, zero when there is none. */
struct berth_variant variant_of(struct variant_fixture *fixture, const struct berth_digest *blob,
                                enum berth_coding coding);
/* The puts so far, as "1.0.0 quick 6, 1.0.0 best 6"; free() it. */
char *variant_puts(struct variant_fixture *fixture);

/* Called with the number (from 1) of each read of a blob, before it is made; NULL: nothing. */
extern void (*variant_on_read)(int number);
int variant_reads(void);
extern atomic_bool variant_disk_full;

#endif
