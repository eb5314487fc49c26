/* The command line: everything the `berth` binary does except `serve`.
 *
 * A command is a client of a server's admin listener. Results go to stdout, everything else
 * (progress, errors, what to do next) to stderr. A failure is one line that says what was wrong,
 * then `where:`, `hint:` and `request:` lines as far as they are known. With --json there is one
 * JSON document on stdout whatever happens: the result, or of a failure an RFC 9457 problem.
 *
 * Thread rules: one thread; once per process.
 */
#ifndef BERTH_CLI_H
#define BERTH_CLI_H

#include <stdio.h>

/* What scripts may rely on; `berth --help` prints this list. */
enum berth_exit {
    BERTH_EXIT_OK = 0,
    BERTH_EXIT_FAILED = 1, /* anything that has no number of its own */
    BERTH_EXIT_USAGE = 2,  /* the command line is wrong; nothing was sent */
    BERTH_EXIT_UNREACHABLE =
        3,                    /* no connection, or it was lost, or its certificate is not trusted */
    BERTH_EXIT_DENIED = 4,    /* 401, 403 */
    BERTH_EXIT_NOT_FOUND = 5, /* 404 */
    BERTH_EXIT_CONFLICT = 6,  /* 409, 412 */
    BERTH_EXIT_REFUSED = 7,   /* 400, 413, 415, 422, or content that is refused before sending */
    BERTH_EXIT_SERVER = 8,    /* 429, 5xx */
    BERTH_EXIT_BREAKS = 9,    /* 409: it would break what is live, and is not forced */
};

/* Runs one command line, argv[0] included, and returns its exit code. `--help` and `--version` are
 * handled here too. `serve` is known by name only: the caller routes it elsewhere. */
int berth_cli_main(int argc, char **argv);

/* The text of `berth --help`. */
void berth_cli_usage(FILE *stream);

#endif
