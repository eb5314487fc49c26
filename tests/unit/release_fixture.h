/* A desk over a real store and an SQLite registry in a fresh directory, archives made on the spot,
 * and short words for what readers see. A word fails the test when the server fails.
 */
#ifndef BERTH_TESTS_RELEASE_FIXTURE_H
#define BERTH_TESTS_RELEASE_FIXTURE_H

#include "berth/release.h"
#include "temp_directory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { RELEASE_READERS = 16, RELEASE_UPLOADS = 2 };

struct release_fixture {
    char directory[TEMP_PATH_BYTES];
    char data[TEMP_PATH_BYTES + 8];
    struct berth_store *store;
    struct berth_registry *registry;
    struct berth_frontend frontend;
    struct berth_desk_options options;
    struct berth_desk *desk;
    struct berth_error error; /* of the last try */
};

int release_setup(void **state);
int release_teardown(void **state);
/* Closes all and opens it again, as a restart does. */
void release_restart(struct release_fixture *fixture);

#define RELEASE_TEST(name) cmocka_unit_test_setup_teardown(name, release_setup, release_teardown)

/* Set: making an edition fails, as when memory is out. */
extern bool release_editions_fail;

struct archive {
    char *data;
    size_t length;
};

/* A bundle whose files follow from `text`; `document` is its index.html. */
struct archive release_archive(const char *text, const char *document);

/* Uploads; the error is in the fixture. */
enum berth_code release_try_upload(struct release_fixture *fixture, const char *module,
                                   const char *version, const struct archive *archive,
                                   bool activate, struct berth_uploaded *ret);
/* A bundle whose text is "MODULE VERSION". */
void release_upload(struct release_fixture *fixture, const char *module, const char *version,
                    bool activate);

/* `version` NULL rolls back to what was live before. */
enum berth_code release_try_activate(struct release_fixture *fixture, const char *module,
                                     const char *version, int64_t expected,
                                     struct berth_activated *ret);
/* The generation after it. */
int64_t release_activate(struct release_fixture *fixture, const char *module, const char *version);

/* `manifest` is JSON, or NULL to delete. */
enum berth_code release_try_page(struct release_fixture *fixture, const char *name,
                                 const char *manifest, int64_t expected,
                                 struct berth_desk_page_result *ret);
void release_page(struct release_fixture *fixture, const char *name, const char *manifest);

/* What readers see: a copy to free; NULL when nothing is live, or there is no such file or page. */
char *release_live(struct release_fixture *fixture, const char *module);
char *release_file(struct release_fixture *fixture, const char *module, const char *version,
                   const char *path);
char *release_page_text(struct release_fixture *fixture, const char *path);
int64_t release_generation(struct release_fixture *fixture);
bool release_in_memory(struct release_fixture *fixture, const char *module, const char *version);
/* The registry's own. */
int64_t release_stored_generation(struct release_fixture *fixture);

void assert_live(struct release_fixture *fixture, const char *module, const char *version);

/* All that a stream with that Last-Event-ID is told until it would wait (to free). */
char *release_events(struct release_fixture *fixture, int64_t last_id);

/* Notes `text` as the variant of index.html in a version of release_upload. */
void release_note_variant(struct release_fixture *fixture, const char *module, const char *version,
                          enum berth_coding coding, const char *text);
/* What that version's index.html is under an Accept-Encoding, as readers get it (to free). */
char *release_form(struct release_fixture *fixture, const char *module, const char *version,
                   const char *accept_encoding);

/* Flips a bit of the blob with that text. */
void release_damage(const struct release_fixture *fixture, const char *contents);

#endif
