/* Preconditions, RFC 9110 section 13.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_CONDITIONAL_H
#define BERTH_HTTP_CONDITIONAL_H

#include "berth/error.h"
#include <stdbool.h>
#include <stdint.h>

/* If-None-Match: is `etag` in the list, by weak comparison, or is the list "*"? NULL is no list. */
bool berth_etag_in_list(const char *list, const char *etag);

/* If-Range: equal by strong comparison. A date never equals, for we send no Last-Modified. */
bool berth_etag_equals_strongly(const char *value, const char *etag);

/* See berth_exchange_expected. -1 is BERTH_ANY_GENERATION of berth/registry.h, above this room. */
enum berth_code berth_expected_parse(const char *if_match, const char *if_none_match, int64_t *ret,
                                     struct berth_error *error);

#endif
