/* What the service manager is told, and the watchdog it keeps (sd_notify(3): datagrams to the
 * socket that NOTIFY_SOCKET names; without one all of this does nothing).
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_SERVE_NOTIFY_H
#define BERTH_SERVE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", …; lines. False when it could not be told. */
bool serve_notify(const char *state);

/* How long to wait before each WATCHDOG=1: a third of the time after which the manager gives up; 0:
 * it wants none. */
int64_t serve_watchdog_ms(void);

/* --- probe.c --- */
/* Whether a listener ("127.0.0.1:8080") gives any HTTP answer to a GET of /livez within the time:
 * one that is full says 503, and lives. `secure`: by TLS. Whose certificate it is does not matter:
 * it is asked by itself whether it answers, not who it is. */
bool serve_answers(const char *address, bool secure, int timeout_ms);

#endif
