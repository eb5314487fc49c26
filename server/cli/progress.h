/* A progress bar on stderr, for terminals.
 *
 * Repaints one line at most ten times a second and wipes it at the end, so that what is printed
 * after it starts on a clean line. Does nothing at all when stderr is no terminal, or with --quiet
 * or --json.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_PROGRESS_H
#define BERTH_CLI_PROGRESS_H

#include "output.h"

struct cli_progress {
    const char *label; /* "packing" */
    bool shown;        /* whether anything is painted at all */
    bool unicode;
    bool painted;       /* there is a line to wipe */
    int64_t painted_ms; /* monotonic */
    int64_t started_ms;
};

void cli_progress_begin(struct cli_progress *progress, const struct cli_style *style,
                        const char *label);
/* `total` 0: not known, so no bar, just the amount. */
void cli_progress_step(struct cli_progress *progress, int64_t bytes, int64_t total);
/* Wipes the line; a later step paints again. */
void cli_progress_end(struct cli_progress *progress);

#endif
