/* What the bundle tests share: a store in a folder that goes away, and reading archives into it. */
#ifndef BUNDLE_SCRATCH_H
#define BUNDLE_SCRATCH_H

#include "berth/bundle.h"
#include <stddef.h>
#include <stdint.h>

struct scratch {
    char directory[64];
    struct berth_store *store;
};

/* cmocka fixtures: *state is a struct scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Removes a folder and all in it. */
void scratch_remove(const char *directory);

/* Reads with the default limits; `bytes` may be less than the file has. */
enum berth_code scratch_read(struct scratch *scratch, int fd, int64_t bytes,
                             struct berth_version *ret, struct berth_error *error);

/* An unnamed file with these bytes. */
int scratch_file(const void *data, size_t length);

/* The whole file; free it. Fails the test when it cannot be read. */
char *scratch_load(const char *path, size_t *ret_length);

#endif
