/* The admin listener's handlers: JSON in and out, a bearer token on every call but those for the
 * console's files, probes and the description of all this (server/api/openapi.json), errors as
 * problem+json.
 *
 * Thread rules: the context is immutable but for its listeners and counts; handlers run on any
 * thread.
 */
#ifndef BERTH_API_H
#define BERTH_API_H

#include "berth/auth.h"
#include "berth/http.h"
#include "berth/release.h"
#include "berth/variant.h"
#include <stdatomic.h>

/* What an operator has set for as long as the server runs, to be shown. Limits that may change
 * meanwhile are asked for where they hold. */
struct berth_api_limits {
    int connections;
    int admin_connections;
    int module_connections; /* large answers of one module at once */
    int versions_at_once;
    int reports_at_once;
    int compress_threads;
};

struct berth_api {
    struct berth_desk *desk;
    struct berth_registry *registry;
    struct berth_compressor *compressor;
    const char *public_url;
    int64_t started_ms;
    struct berth_api_limits limits;
    struct berth_failures *failures;
    /* NULL until they are started; each outlives the admin listener. */
    struct berth_listener *_Atomic public_listener;
    struct berth_listener *_Atomic admin_listener;
    atomic_int event_streams; /* of consoles */
};

extern const struct berth_route berth_api_routes[];
extern const size_t berth_api_route_count;

#endif
