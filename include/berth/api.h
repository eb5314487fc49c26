/* The admin listener's handlers: JSON in and out, a bearer token on every call, errors as
 * problem+json.
 *
 * Thread rules: the context is immutable; handlers run on any thread.
 */
#ifndef BERTH_API_H
#define BERTH_API_H

#include "berth/http.h"
#include "berth/release.h"
#include "berth/variant.h"

/* What an operator has set, to be shown. */
struct berth_api_limits {
    int connections;
    int admin_connections;
    int streams;
    int uploads;
    int compress_threads;
    int64_t cache_bytes;
};

struct berth_api {
    struct berth_desk *desk;
    struct berth_registry *registry;
    struct berth_compressor *compressor;
    const char *public_url;
    int64_t max_archive_bytes;
    int64_t started_ms;
    struct berth_api_limits limits;
};

extern const struct berth_route berth_api_routes[];
extern const size_t berth_api_route_count;

#endif
