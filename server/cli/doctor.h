/* What the parts of berth doctor share.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_DOCTOR_H
#define BERTH_CLI_DOCTOR_H

#include "command.h"

struct doctor {
    struct cli *cli;
    const char *public_url; /* without a slash at the end */
    bool unverified;        /* its certificate was found wanting: look on, without it */
    json_t *findings;
    int faults;
    json_t *remotes;    /* of the public side, or NULL */
    int64_t generation; /* of the admin side; -1: not known */
};

/* A check that is passed; `note` says more, and may be NULL. */
void cli_doctor_sound(struct doctor *doctor, const char *check, const char *note);

/* One that is not: what was found, and what to do. */
void cli_doctor_fault(struct doctor *doctor, const char *check, const char *fix, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* --- doctor_tls.c --- */
/* The certificates of both addresses, as far as they speak https. */
void cli_doctor_certificates(struct doctor *doctor);

#endif
