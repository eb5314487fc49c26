/* The request guard: decides on what civetweb 1.15 has parsed, before anything else looks at it.
 *
 * civetweb parses in place: it overwrites delimiters with NUL and hands over pointers into one
 * buffer. So the distances between the pointers tell what stood there: a header that starts two
 * bytes after the last value's end was preceded by CR LF, one that starts after one byte by a bare
 * LF. What it accepts against RFC 9112, and is refused here:
 *
 *   - white space before the method. It then measures the head from the buffer's start and parses
 *     from the method on, past the received bytes, into what an earlier client left there
 *   - more than one space in the request line, white space before the first header, bare LF
 *   - spaces before a colon, obsolete folding (the folded line and all after it are dropped)
 *   - a 65th header and all after it are dropped
 *   - no Host or several, several or odd Content-Length, Content-Length with Transfer-Encoding
 *
 * Not visible any more is whether the request line ended in CR LF or in LF and a space (or CR and a
 * space): both leave two NULs.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_GUARD_H
#define BERTH_HTTP_GUARD_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mg_request_info;

/* Fields that are asked for by every request or of which there must be one at most. */
enum berth_field {
    BERTH_FIELD_OTHER,
    BERTH_FIELD_HOST,
    BERTH_FIELD_LENGTH,
    BERTH_FIELD_CODING,
    BERTH_FIELD_UPGRADE,
    BERTH_FIELD_EXPECT,
    BERTH_FIELD_CONNECTION,
    BERTH_FIELD_TYPE,
    BERTH_FIELD_ORIGIN,
    BERTH_FIELD_AUTHORIZATION,
    BERTH_FIELD_RANGE,
    BERTH_FIELD_IF_RANGE,
    BERTH_FIELD_IF_NONE_MATCH, /* this and those after it may be there twice: the first counts */
    BERTH_FIELD_IF_MATCH,
    BERTH_FIELD_ACCEPT_ENCODING,
    BERTH_FIELD_COUNT
};

enum berth_field berth_field_find(const char *name, size_t length);

/* What a request that passed says of its framing. */
struct berth_framing {
    const char *fields[BERTH_FIELD_COUNT]; /* NULL: not there; of OTHER nothing */
    size_t head_bytes;                     /* the whole head's */
    int64_t body_bytes;                    /* -1: no Content-Length */
    bool expects_continue;
    bool keeps_alive; /* the client's wish, by its version and Connection */
};

/* `base` is where the worker's buffer of `buffer_bytes` starts. Any failure means: answer and
 * close. BERTH_INVALID with a rule that problem.c gives its status. */
enum berth_code berth_guard_check(const struct mg_request_info *request, const char *base,
                                  size_t buffer_bytes, struct berth_framing *ret,
                                  struct berth_error *error);

#endif
