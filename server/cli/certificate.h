/* A look at the certificate that a server shows, for berth doctor (libcurl). Nothing is asked of
 * the server: connections end after the handshake.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_CERTIFICATE_H
#define BERTH_CLI_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

struct cli_certificate_request {
    const char *url;     /* https */
    const char *ca_file; /* or NULL */
    bool only_ca_file;   /* else what the system trusts counts too */
};

struct cli_certificate {
    bool shown;        /* else `problem` says why there is none */
    bool trusted;      /* apart from its time; else `problem` says why not */
    bool for_name;     /* of the URL's host */
    int64_t until_s;   /* since 1970; -1: it does not tell */
    char problem[256]; /* curl's words */
};

void cli_certificate_look(const struct cli_certificate_request *request,
                          struct cli_certificate *ret);

#endif
