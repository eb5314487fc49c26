/* A store in a fresh directory, and short words for the nodes that are made of what it holds. A
 * word fails the test when the server fails.
 */
#ifndef BERTH_TESTS_SNAPSHOT_FIXTURE_H
#define BERTH_TESTS_SNAPSHOT_FIXTURE_H

#include "berth/snapshot.h"
#include "temp_directory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

struct snapshot_fixture {
    char directory[TEMP_PATH_BYTES];
    struct berth_store *store;
    struct berth_frontend frontend;
    struct berth_views views;
    struct berth_error error;
};

int snapshot_setup(void **state);
int snapshot_teardown(void **state);

#define SNAPSHOT_TEST(name) cmocka_unit_test_setup_teardown(name, snapshot_setup, snapshot_teardown)

/* A file of a version, as it goes into the store. */
struct fixture_file {
    const char *path;
    const char *contents;
};

/* An edition without bodies. `description` is JSON; the files are sorted by path. */
struct berth_edition *fixture_edition(struct snapshot_fixture *fixture, const char *module,
                                      const char *version, const char *description,
                                      const struct fixture_file *files, size_t count);
/* The same with the result and the error left to the caller. */
enum berth_code fixture_try_edition(struct snapshot_fixture *fixture, const char *module,
                                    const char *version, const char *description,
                                    const struct fixture_file *files, size_t count,
                                    struct berth_edition **ret);

/* Flips a bit of the blob that holds the text. */
void fixture_damage(const struct snapshot_fixture *fixture, const char *contents);

/* A module of one edition, whose reference is taken; live when `generation` is not 0. */
struct berth_module *fixture_module(struct snapshot_fixture *fixture, struct berth_edition *edition,
                                    int64_t generation);

#endif
