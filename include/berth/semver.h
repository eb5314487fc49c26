/* Semantic Versioning 2.0.0, strictly: https://semver.org/spec/v2.0.0.html
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_SEMVER_H
#define BERTH_SEMVER_H

#include "berth/error.h"
#include <stdbool.h>

enum { BERTH_VERSION_MAX_BYTES = 128 }; /* longest version text, without NUL */

/* BERTH_INVALID ("version") with a hint of what is wrong. A leading "v" is refused. */
enum berth_code berth_semver_check(const char *text, struct berth_error *error);

/* Precedence by section 11; build metadata does not count. Both must be valid. */
int berth_semver_compare(const char *a, const char *b);

bool berth_semver_is_prerelease(const char *text);

#endif
