/* The Range header, RFC 9110 section 14.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_RANGE_H
#define BERTH_HTTP_RANGE_H

#include <stdint.h>

enum berth_range_kind {
    BERTH_RANGE_WHOLE,   /* no range, or one that is answered with everything */
    BERTH_RANGE_PART,    /* 206 */
    BERTH_RANGE_OUTSIDE, /* 416 */
};

struct berth_range {
    enum berth_range_kind kind;
    int64_t first;
    int64_t length;
};

/* What to send of `total` bytes; `header` may be NULL. Another unit, a malformed set (section 14.2
 * lets both be ignored) and more than one range (they could overlap and so amplify) give the whole.
 */
struct berth_range berth_range_parse(const char *header, int64_t total);

#endif
