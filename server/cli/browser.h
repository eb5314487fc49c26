/* A browser for a URL: what $BROWSER names, else xdg-open where there is a display.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_BROWSER_H
#define BERTH_CLI_BROWSER_H

#include <stdbool.h>
#include <stddef.h>

/* Starts one; false with the reason, without a full stop, when none could be. $BROWSER is a list of
 * commands with colons between them, each with "%s" where the URL goes (else at its end); words are
 * parted at blanks, and no shell reads them. Where there is no display, a browser has the terminal,
 * and is waited for; else, or when it is to be `silent`, it is left running. */
bool cli_browser_open(const char *url, bool silent, char *ret_why, size_t size);

#endif
