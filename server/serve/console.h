/* The console that a server brings with it: published at a start, so that nobody has to.
 *
 * When nothing of BERTH_CONSOLE_MODULE is live, or what is live was activated by the server itself
 * and is not newer, the folder's console is uploaded as any bundle is, with all checks, and
 * activated, both in the audit as by "berth serve". What somebody has activated, or gone back to,
 * stays. It happens on a thread of its own: a start neither waits for it nor fails with it; what
 * went wrong is the line "console-not-published" in the log.
 *
 * Thread rules: start and stop belong to one thread.
 */
#ifndef BERTH_SERVE_CONSOLE_H
#define BERTH_SERVE_CONSOLE_H

#include "berth/release.h"

struct serve_console;

/* `folder` has a package.json with its name and version. "": where it was installed or built;
 * "off": nothing is done. NULL is returned for that, and where no thread could be made. All are
 * borrowed until stop. */
struct serve_console *serve_console_start(const char *folder, struct berth_desk *desk,
                                          struct berth_registry *registry);
/* Waits for an upload that has begun; NULL is fine. */
void serve_console_stop(struct serve_console *console);

#endif
