/* The guard of civetweb: decides on what civetweb 1.15 has parsed, before anything else looks at
 * it. (The loop parses by itself: parse.h.)
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

#include "framing.h"

struct mg_request_info;

/* `base` is where the worker's buffer of `buffer_bytes` starts; *ret_head_bytes becomes the size of
 * the whole head. Any failure means: answer and close. BERTH_INVALID with a rule that problem.c
 * gives its status. */
enum berth_code berth_guard_check(const struct mg_request_info *request, const char *base,
                                  size_t buffer_bytes, struct berth_framing *ret,
                                  size_t *ret_head_bytes, struct berth_error *error);

#endif
