/* The admin listener's handlers: JSON in and out, a bearer token on every call, errors as
 * problem+json.
 *
 * Thread rules: the context is immutable; handlers run on any thread.
 */
#ifndef BERTH_API_H
#define BERTH_API_H

#include "berth/http.h"
#include "berth/release.h"

struct berth_api {
    struct berth_desk *desk;
    struct berth_registry *registry;
    const char *public_url;
    int64_t max_archive_bytes;
};

extern const struct berth_route berth_api_routes[];
extern const size_t berth_api_route_count;

#endif
