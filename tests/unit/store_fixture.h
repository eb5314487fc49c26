/* A store in a fresh directory, and short words for what tests do with it. */
#ifndef BERTH_TESTS_STORE_FIXTURE_H
#define BERTH_TESTS_STORE_FIXTURE_H

#include "berth/store.h"
#include "temp_directory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { FIXTURE_BLOB_NAME_BYTES = 128 };

struct fixture {
    char directory[TEMP_PATH_BYTES];
    struct berth_store *store;
    struct berth_error error;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Writes a blob in two pieces; it is not synced yet. */
enum berth_code fixture_put(struct berth_store *store, const void *data, size_t length,
                            struct berth_digest *ret, struct berth_error *error);
bool fixture_has(struct berth_store *store, const struct berth_digest *digest);
/* Its path, from the data directory. */
void fixture_blob_name(const struct berth_digest *digest, char ret[FIXTURE_BLOB_NAME_BYTES]);

#endif
