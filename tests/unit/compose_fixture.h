/* A page to compose, its frontend and the live modules it shows: what the tests of pages and of
 * documents share.
 */
#ifndef BERTH_TESTS_COMPOSE_FIXTURE_H
#define BERTH_TESTS_COMPOSE_FIXTURE_H

#include "berth/compose.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { FIXTURE_REMOTES = 4, FIXTURE_FILES = 4, FILLED_BYTES = 1 << 24 };

struct compose_fixture {
    struct berth_page page;
    struct berth_frontend frontend;
    struct berth_remote remotes[FIXTURE_REMOTES];
    size_t remote_count;
    struct compose_file {
        const char *module, *path, *text;
    } files[FIXTURE_FILES];
    size_t file_count;
    struct berth_compose compose;
};

/* `manifest` is JSON in single quotes instead of double ones. */
void compose_begin(struct compose_fixture *fixture, const char *manifest);
void compose_end(struct compose_fixture *fixture);
/* Makes a version live; `description` is in single quotes too. */
void compose_live(struct compose_fixture *fixture, const char *module, const char *version,
                  const char *description);

/* Adds a file to what is live. Borrowed. */
void compose_file(struct compose_fixture *fixture, const char *module, const char *path,
                  const char *text);
/* Composes and fills with the nonce N; the value of Link may be NULL (both to free). */
char *compose_page(const struct compose_fixture *fixture, char **ret_links);

/* The page with that nonce, and its policy (both to free). */
char *compose_fill(const struct berth_template *template, const char *nonce, char **ret_policy);

void assert_contains(const char *text, const char *part);
void assert_lacks(const char *text, const char *part);
size_t count_of(const char *text, const char *part);

#endif
