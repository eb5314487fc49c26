/* W3C Trace Context (Recommendation of 2021-11-23), section 3.2: the header `traceparent`. What is
 * not exactly so is as if it were not there.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_TRACE_H
#define BERTH_HTTP_TRACE_H

#include "framing.h"

enum { BERTH_TRACE_ID_BYTES = 33, BERTH_PARENT_ID_BYTES = 17 };

/* Lower-case hexadecimal digits; empty texts: the request is in no trace. */
struct berth_trace {
    char id[BERTH_TRACE_ID_BYTES];
    char parent[BERTH_PARENT_ID_BYTES]; /* the caller's span */
};

/* Version 00 is taken exactly; of later versions what version 00 knows, as section 3.2.4 says. */
bool berth_trace_parse(const char *text, struct berth_trace *ret);

/* By the request's header. Two of them are none. */
void berth_trace_read(const struct berth_request *request, struct berth_trace *ret);

#endif
