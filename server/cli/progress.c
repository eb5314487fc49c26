#include "progress.h"

#include "format.h"

#include "berth/clock.h"
#include <inttypes.h>

enum { BAR_WIDTH = 24, REPAINT_MS = 100, PATIENCE_MS = 250 };

void cli_progress_begin(struct cli_progress *progress, const struct cli_style *style,
                        const char *label) {
    *progress = (struct cli_progress){
        .label = label,
        .shown = style->err_terminal && !style->quiet && !style->json,
        .unicode = style->err_unicode,
        .started_ms = berth_monotonic_ms(),
    };
}

static void paint_bar(const struct cli_progress *progress, int64_t bytes, int64_t total) {
    int full = (int)(bytes * BAR_WIDTH / total);
    fputc('[', stderr);
    for (int i = 0; i < BAR_WIDTH; i++)
        if (progress->unicode)
            fputs(i < full ? "█" : "░", stderr);
        else
            fputc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "] %3d %%  ", (int)(bytes * 100 / total));
}

void cli_progress_step(struct cli_progress *progress, int64_t bytes, int64_t total) {
    int64_t now_ms = berth_monotonic_ms();
    /* What is over in a moment needs no bar. */
    if (!progress->shown || now_ms - progress->started_ms < PATIENCE_MS ||
        (progress->painted && now_ms - progress->painted_ms < REPAINT_MS))
        return;
    char done[CLI_HUMAN_BYTES];
    char all[CLI_HUMAN_BYTES];
    cli_human_size(bytes, done);
    cli_human_size(total, all);
    fprintf(stderr, "\r\033[K%s  ", progress->label);
    if (total > 0) {
        paint_bar(progress, bytes < total ? bytes : total, total);
        fprintf(stderr, "%s of %s", done, all);
    } else {
        fputs(done, stderr);
    }
    fflush(stderr);
    progress->painted = true;
    progress->painted_ms = now_ms;
}

void cli_progress_end(struct cli_progress *progress) {
    if (progress->painted) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress->painted = false;
}
