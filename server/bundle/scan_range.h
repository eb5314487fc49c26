/* webpack writes a version range as an array: [1,18,2,0] is ^18.2.0. This is the way back. */
#ifndef BUNDLE_SCAN_RANGE_H
#define BUNDLE_SCAN_RANGE_H

#include "js.h"
#include <stddef.h>

/* The range that begins with the [ at `index`, as webpack's own rangeToString writes it; free it.
 * NULL when it is no such array. */
char *berth_scan_range(const struct berth_js *js, size_t index);

#endif
