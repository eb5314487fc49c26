/* The server's ear: frames of a reader process into an intake.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BUNDLE_HEAR_H
#define BUNDLE_HEAR_H

#include "berth/error.h"
#include "child.h"
#include "intake.h"
#include <stdbool.h>

struct berth_heard {
    bool ended;  /* the pipe was closed */
    bool faulty; /* it said what no reader says, or ended without a last word */
};

/* Hears it out. When it was faulty, the code is BERTH_REFUSED and `error` is left for the caller,
 * who knows how the process ended. */
enum berth_code berth_hear(struct berth_child *child, struct berth_intake *intake,
                           struct berth_heard *ret, struct berth_error *error);

#endif
