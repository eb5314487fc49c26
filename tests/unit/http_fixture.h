/* A listener on a free port with a route for each thing a handler can do. */
#ifndef BERTH_TEST_HTTP_FIXTURE_H
#define BERTH_TEST_HTTP_FIXTURE_H

#include "berth/http.h"
#include <stdatomic.h>

struct site {
    struct berth_listener *listener;
    const char *address;
    atomic_int held;     /* handlers of /hold that wait */
    atomic_bool release; /* lets them go */
    atomic_int streams;  /* handlers of /stream and /flood that run */
    atomic_int kept;     /* bodies of /kept/{count} that are being kept */
    struct berth_keeper keeper;
    atomic_int deferred; /* handlers of /later that were sent to a thread of their own */
};

/* Which engine the listeners of this run have: BERTH_TEST_ENGINE=threads, else the loop. */
enum berth_engine_kind site_engine(void);

/* Of the listeners that speak TLS: BERTH_TEST_ENGINE=tls. */
const struct certificate *site_certificate(void);

/* What a test may change before it starts. */
struct berth_listener_options site_options(struct site *site);
void site_start(struct site *site, const struct berth_listener_options *options);
void site_stop(struct site *site);

/* cmocka group fixtures around one listener with the usual options. */
int site_setup(void **state);
int site_teardown(void **state);

/* The byte at `offset` of what /bytes/{count} and /read/{count} send. */
char site_byte(int64_t offset);

/* Sleeps a moment; fails the test when called about ten seconds' worth of times. */
void site_wait(int *patience);

#endif
