/* How long a piece of a body may take, by a least rate.
 *
 * A body starts with some slack, the grace. Each piece may take the slack and the time it takes at
 * the least rate; being slower uses the slack up, being faster restores it, never above the grace,
 * so that a fast start buys no long pause.
 *
 * Thread rules: a value, one thread at a time.
 */
#ifndef BERTH_HTTP_PACE_H
#define BERTH_HTTP_PACE_H

#include <stddef.h>
#include <stdint.h>

struct berth_pace {
    int64_t rate_bytes; /* per second; 0: any */
    int64_t grace_ms;
    int64_t slack_ms;
    int64_t started_ms;
};

void berth_pace_init(struct berth_pace *pace, int64_t rate_bytes, int64_t grace_ms);

/* Starts a piece of `length` bytes and returns when it must be through. */
int64_t berth_pace_start(struct berth_pace *pace, int64_t now_ms, size_t length);
/* It is through. */
void berth_pace_finish(struct berth_pace *pace, int64_t now_ms, size_t length);

#endif
