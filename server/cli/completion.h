/* Completion for shells.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_COMPLETION_H
#define BERTH_CLI_COMPLETION_H

#include "command.h"

enum { CLI_COMPLETE_FILES = 10 };

/* `berth __complete WORD…`: prints what may stand for the last word, a line each; the exit code:
 * CLI_COMPLETE_FILES when files may stand there, too, else 0. argv[0] is "__complete". */
int cli_complete(struct cli *cli, int argc, char **argv);

#endif
