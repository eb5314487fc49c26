#include "pace.h"

/* A day: the deadline of a body without a least rate. */
enum { LONG_MS = 24 * 3600 * 1000 };

static int64_t allowance_ms(const struct berth_pace *pace, size_t length) {
    return pace->rate_bytes > 0 ? (int64_t)length * 1000 / pace->rate_bytes : LONG_MS;
}

void berth_pace_init(struct berth_pace *pace, int64_t rate_bytes, int64_t grace_ms) {
    *pace = (struct berth_pace){rate_bytes, grace_ms, grace_ms, 0};
}

int64_t berth_pace_start(struct berth_pace *pace, int64_t now_ms, size_t length) {
    pace->started_ms = now_ms;
    return now_ms + pace->slack_ms + allowance_ms(pace, length);
}

void berth_pace_finish(struct berth_pace *pace, int64_t now_ms, size_t length) {
    pace->slack_ms += allowance_ms(pace, length) - (now_ms - pace->started_ms);
    if (pace->slack_ms > pace->grace_ms)
        pace->slack_ms = pace->grace_ms;
    if (pace->slack_ms < 0)
        pace->slack_ms = 0;
}
