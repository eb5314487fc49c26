/* Query strings: name=value pairs as forms encode them, decoded once.
 *
 * Thread rules: pure functions; the result borrows the caller's text.
 */
#ifndef BERTH_HTTP_QUERY_H
#define BERTH_HTTP_QUERY_H

#include "berth/error.h"
#include <stddef.h>

enum { BERTH_QUERY_MAX_PAIRS = 32 };

struct berth_query {
    size_t count;
    struct {
        const char *name;
        const char *value;
    } pairs[BERTH_QUERY_MAX_PAIRS];
};

/* `raw` without its "?", NULL for none. `text` takes strlen(raw) + 1 bytes and must live as long as
 * the result. BERTH_INVALID ("query-escape", "query-control", "query-utf8", "query-pairs"). */
enum berth_code berth_query_parse(const char *raw, char *text, struct berth_query *ret,
                                  struct berth_error *error);

/* The first value under a name, "" for a name without "=", or NULL. */
const char *berth_query_get(const struct berth_query *query, const char *name);

#endif
