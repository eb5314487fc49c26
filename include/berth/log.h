/* JSON lines on stdout: one for each request, written by a thread of its own, and rare events.
 *
 * A request's line is a fixed-size record filled in place in a bounded ring, without a lock, a
 * system call or memory of its own; a full ring drops the line and counts it
 * ("event":"log-dropped") rather than hold a request up. Events are written at once under a lock.
 * Before start and after stop, request lines are dropped and events still work.
 *
 * Thread rules: all functions but start and stop may be called from any thread.
 */
#ifndef BERTH_LOG_H
#define BERTH_LOG_H

#include <jansson.h>
#include <stdint.h>

struct berth_log_request {
    int64_t time_ms;
    int64_t duration_us;
    int64_t bytes;
    int status;
    char listener[8]; /* "public", "admin" */
    char method[8];
    char id[24];
    char remote[48];
    char path[200];  /* as received, cut; never a query, which could hold a secret */
    char actor[40];  /* the token's name; empty on the public listener */
    char rule[64];   /* the problem's slug, if there was one */
    char trace[33];  /* the trace that the request is part of (W3C Trace Context), or empty */
    char parent[17]; /* and the span in it that has asked */
};

/* For a command, whose own output is on stdout; before there is a second thread. */
void berth_log_to_stderr(void);

void berth_log_start(void);
void berth_log_stop(void); /* writes out what is queued */

/* A record to fill, all of it (an old one's values are in it), and then to end at once: lines after
 * it wait for it. NULL when the line is dropped. */
struct berth_log_request *berth_log_begin(void);
void berth_log_end(struct berth_log_request *record);

/* Lines of requests that were dropped since the process began. */
uint64_t berth_log_dropped(void);

/* {"time":…,"level":level,"event":event, …fields}. `fields` is an object whose reference is taken,
 * or NULL. Levels: "info", "warn", "error". */
void berth_log_event(const char *level, const char *event, json_t *fields);
/* A text for a field. Names of files need not be UTF-8, which a line is: then it says so. The
 * caller's; NULL without memory. */
json_t *berth_log_text(const char *text);

#endif
