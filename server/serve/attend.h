/* While it serves: signals, the watchdog, and the end.
 *
 * SIGTERM and SIGINT stop the server, SIGHUP reloads its settings; one that comes during the start
 * waits for its end, and during a drain it means nothing. But when a server that was started in a
 * terminal has lost that, SIGHUP tells so, and it stops: unless it was started to outlive it
 * (nohup).
 *
 * Thread rules: the main thread.
 */
#ifndef BERTH_SERVE_ATTEND_H
#define BERTH_SERVE_ATTEND_H

#include "server.h"

#include <signal.h>

struct serve_signals {
    sigset_t all;
    sigset_t stops;
    bool ends_with_terminal;
};

/* SIGHUP waits from now on; it would end the process. */
void serve_signals_hold(void);
/* The others too. They are taken by this thread alone, so this comes before any other begins. */
void serve_signals_take(struct serve_signals *ret);

/* Until a signal to stop. A server whose public listener gives no answer does not reassure the
 * service manager, which then starts it anew. */
void serve_attend(struct server *server, const struct serve_signals *signals);
/* Waits for what is in flight, for a second signal, or for the limit. */
void serve_drain(struct server *server, const struct serve_signals *signals);

#endif
