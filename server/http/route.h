/* Matching decoded paths against the patterns of berth/http.h.
 *
 * Thread rules: pure functions; a match borrows the pattern and the path.
 */
#ifndef BERTH_HTTP_ROUTE_H
#define BERTH_HTTP_ROUTE_H

#include "berth/http.h"

enum { BERTH_ROUTE_MAX_PARAMS = 8, BERTH_ROUTE_ALLOW_BYTES = 48 };

struct berth_route_param {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

struct berth_route_match {
    size_t count;
    struct berth_route_param params[BERTH_ROUTE_MAX_PARAMS];
};

bool berth_route_match(const char *pattern, const char *path, struct berth_route_match *ret);

/* The first route that matches, or NULL. */
const struct berth_route *berth_route_find(const struct berth_route *routes, size_t count,
                                           const char *path, struct berth_route_match *ret);

/* NULL when the route does not take the method. */
berth_handler berth_route_handler(const struct berth_route *route, enum berth_method method);

/* "GET, HEAD, OPTIONS" */
void berth_route_allow(const struct berth_route *route, char ret[BERTH_ROUTE_ALLOW_BYTES]);

#endif
