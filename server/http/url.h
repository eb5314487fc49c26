/* Request paths: percent-decoded once, strictly, and refused where two readers could disagree.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_URL_H
#define BERTH_HTTP_URL_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>

/* Decodes an origin-form path without query. `ret` takes strlen(raw) + 1 bytes. BERTH_INVALID with
 * one of "url-absolute", "url-character", "url-escape", "url-control", "url-slash",
 * "url-backslash", "url-dots", "url-empty-segment", "url-utf8". */
enum berth_code berth_url_decode(const char *raw, char *ret, struct berth_error *error);

/* The same for a path that ends in one name: its escaped slashes are slashes, and it has no
 * segments to be checked. */
enum berth_code berth_url_decode_name(const char *raw, char *ret, struct berth_error *error);

/* The value of "%XX" at `text`, -1 when it is no such thing. Reads no further than a NUL. */
int berth_url_escape(const char *text);

/* Well-formed by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool berth_url_is_utf8(const char *text, size_t length);

#endif
