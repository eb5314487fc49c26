/* One GET as any client sends it, with the answer's headers, for berth doctor (libcurl).
 *
 * Redirects are not followed, and no token is sent.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_PROBE_H
#define BERTH_CLI_PROBE_H

#include "berth/buffer.h"
#include <stdbool.h>
#include <stdint.h>

enum { CLI_PROBE_MAX_BYTES = 1024 * 1024, CLI_PROBE_HEADERS = 3 };

struct cli_probe_request {
    const char *url;
    const char *headers[CLI_PROBE_HEADERS + 1]; /* lines; ended by NULL */
    bool streams;                               /* ended by us after the first bytes */
    const char *ca_file;                        /* trusted as the system's are, or NULL */
    bool unverified;                            /* whatever its certificate */
};

struct cli_probe {
    long status;              /* 0: no answer */
    char problem[256];        /* why there is none */
    struct berth_buffer head; /* lines of the last answer's head, "name: value\n", names small */
    struct berth_buffer body; /* at most CLI_PROBE_MAX_BYTES; the rest is not read */
    char date[64];
};

/* Waits at most `patience_ms`. Done in any case with cli_probe_done. */
void cli_probe_run(const struct cli_probe_request *request, int patience_ms, struct cli_probe *ret);
void cli_probe_done(struct cli_probe *probe);

/* A header of the answer by its name in small letters; copied, cut to fit; "" when absent. */
void cli_probe_header(const struct cli_probe *probe, const char *name, char *ret, size_t size);

#endif
