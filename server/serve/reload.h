/* Settings that change while the server runs: on SIGHUP.
 *
 * The file and the environment are read again, the flags that the process was started with stay on
 * top, and all is checked as at a start. If anything is wrong, the line "reload-failed" in the log
 * says what, and all stays as it was. Else the settings that may change take their new values,
 * certificates are read again even where their names are the same, the line "reloaded" says what
 * has changed, and "restart-needed" names the settings whose new value waits for the next start.
 * The service manager is told when it begins and ends.
 *
 * Thread rules: the main thread, while both listeners run. Each room takes its values by a setter
 * of its own, which any thread may call.
 */
#ifndef BERTH_SERVE_RELOAD_H
#define BERTH_SERVE_RELOAD_H

#include "server.h"

void serve_reload(struct server *server);
/* Frees what reloads have left. */
void serve_reload_done(struct server *server);

/* What options say, in the words of the rooms. */
struct berth_desk_limits serve_desk_limits(const struct berth_serve_options *options);
struct berth_listener_times serve_listener_times(const struct berth_serve_options *options);

#endif
