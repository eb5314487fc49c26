/* A fresh registry for each test, of the backend the suite runs against at the time, and short
 * words for what tests do with it. A word fails the test when the registry fails.
 */
#ifndef BERTH_TESTS_REGISTRY_FIXTURE_H
#define BERTH_TESTS_REGISTRY_FIXTURE_H

#include "berth/registry.h"
#include "temp_directory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

struct backend {
    const char *name;
    enum berth_code (*open)(const char *directory, struct berth_registry **ret,
                            struct berth_error *error);
};

/* Set by main before it runs a group. */
extern const struct backend *fixture_backend;

/* Who does what a test does. */
extern const struct berth_actor fixture_actor;

struct fixture {
    char directory[TEMP_PATH_BYTES];
    struct berth_registry *registry;
    const struct berth_registry_ops *ops;
    struct berth_error error;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_reopen(struct fixture *fixture);

#define REGISTRY_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* A version whose contents follow from `contents`: the same text, the same digest and assets. The
 * caller frees it with berth_version_done. */
void fixture_version(const char *module, const char *version, const char *contents,
                     struct berth_version *ret);

enum berth_code fixture_upload(struct fixture *fixture, const char *module, const char *version,
                               const char *contents, bool *ret_created);
void fixture_add(struct fixture *fixture, const char *module, const char *version);

/* For walks: "module@version ..." of all that is told, until `left` records were taken. */
struct fixture_list {
    char text[512];
    int left;
};
bool fixture_list(const struct berth_version *version, void *context);

/* For walks: `context` is the version that must be found, whole. */
bool fixture_compare(const struct berth_version *found, void *context);

/* Activates, or rolls back, whatever the generation is; the generation after it. */
int64_t fixture_activate(struct fixture *fixture, const char *module, const char *version);
enum berth_code fixture_try(struct fixture *fixture, const char *module, const char *version,
                            bool rollback, int64_t expected, struct berth_activated *ret);

/* The live version's text in a static buffer, "" when nothing is live; and its generation. */
const char *fixture_live(struct fixture *fixture, const char *module);
int64_t fixture_live_generation(struct fixture *fixture, const char *module);
int64_t fixture_generation(struct fixture *fixture);

#endif
