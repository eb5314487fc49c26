/* Archive member names: what an asset's path may be, and how a bad one is shown.
 *
 * Thread rules: pure functions.
 */
#ifndef BUNDLE_PATH_H
#define BUNDLE_PATH_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>

enum { BERTH_PATH_MAX_BYTES = 512, BERTH_PATH_MAX_DEPTH = 16, BERTH_PATH_SEGMENT_BYTES = 255 };

/* Sets the error's place to a member's name, what is not printable UTF-8 as \xNN: the
 * name comes from the archive and ends on terminals and in logs. */
void berth_path_where(struct berth_error *error, const char *name, size_t length);

/* What two paths share when a file system that ignores case, or one that normalises, cannot tell
 * them apart: the NFC form of the full Unicode case folding. Free it; NULL when out of memory. */
char *berth_path_key(const char *path);

#endif
