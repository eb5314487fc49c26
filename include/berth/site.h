/* The public listener's handlers: pages, assets, live entries, manifests, events, reports, probes.
 *
 * Each reads one snapshot, answers, and hands it back; none takes a lock, opens the database or,
 * for what is in memory, a file.
 *
 * Thread rules: the site is immutable but for its readiness; handlers run on any thread.
 */
#ifndef BERTH_SITE_H
#define BERTH_SITE_H

#include "berth/http.h"
#include "berth/release.h"
#include <stdatomic.h>

/* Answers with the desk's event stream, from the request's Last-Event-ID on, until the client goes
 * or the hub drains; the admin listener answers so too. */
void berth_answer_events(struct berth_exchange *exchange, struct berth_desk *desk);

struct berth_site {
    struct berth_desk *desk;
    struct berth_publisher *publisher;
    struct berth_keeper keeper; /* the publisher's */
    const char *public_url;
    atomic_bool ready;       /* what /readyz says */
    _Atomic int64_t reports; /* second << 16 | count: see report.c */
};

extern const struct berth_route berth_site_routes[];
extern const size_t berth_site_route_count;

#endif
