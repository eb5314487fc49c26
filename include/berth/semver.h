/* Semantic Versioning 2.0.0, strictly: https://semver.org/spec/v2.0.0.html
 * And version ranges as package.json has them: https://github.com/npm/node-semver#ranges
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

enum berth_satisfaction { BERTH_UNSATISFIED, BERTH_SATISFIED, BERTH_RANGE_UNKNOWN };

/* BERTH_RANGE_UNKNOWN: the range, or the version, is not written as the rules have it. */
enum berth_satisfaction berth_range_satisfied(const char *range, const char *version);

/* Is there a version that is in both? (Prereleases of versions that are in both count.)
 * BERTH_RANGE_UNKNOWN as above, and for a range of more than 16 alternatives. */
enum berth_satisfaction berth_ranges_meet(const char *a, const char *b);

#endif
