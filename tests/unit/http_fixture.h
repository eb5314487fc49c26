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
};

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
