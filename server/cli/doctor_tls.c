/* Certificates: who signed them, for which name, and until when. */
#include "certificate.h"
#include "doctor.h"

#include "berth/clock.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 60 * 60, RENEW_DAYS = 14 };

/* The words of one check, for one of the addresses. */
static void name_check(char ret[96], const char *address, const char *what) {
    (void)snprintf(ret, 96, "the certificate of the %s address %s", address, what);
}

static void check_chain(struct doctor *doctor, const char *address, const char *ca_file,
                        const struct cli_certificate *found) {
    char check[96];
    name_check(check, address, "is of a CA that is trusted here");
    if (found->trusted)
        cli_doctor_sound(doctor, check, NULL);
    else
        cli_doctor_fault(doctor, check,
                         ca_file
                             ? "let the server send the certificates between, too, and name the "
                               "CA's own with --ca-file"
                             : "let the server send the certificates between, too; for a CA of "
                               "your own: --ca-file or BERTH_CA_FILE",
                         "%s", found->problem);
}

static void check_name(struct doctor *doctor, const char *address, const char *url,
                       const struct cli_certificate *found) {
    char check[96];
    name_check(check, address, "is for its name");
    if (found->for_name)
        cli_doctor_sound(doctor, check, NULL);
    else
        cli_doctor_fault(doctor, check, "make one that has the name, or use a name that it has",
                         "not for %.200s", url);
}

static void check_end(struct doctor *doctor, const char *address,
                      const struct cli_certificate *found) {
    char check[96], note[64], end[BERTH_RFC3339_BYTES];
    int64_t left_s = found->until_s - (int64_t)time(NULL);
    int64_t days = left_s / DAY_S;
    name_check(check, address, "lasts");
    (void)snprintf(note, sizeof note, "days left: %" PRId64, days);
    berth_rfc3339(found->until_s * 1000, end);
    if (found->until_s < 0)
        return;
    if (left_s <= 0)
        cli_doctor_fault(doctor, check, "renew it now, and see why that does not happen by itself",
                         "it ended at %s", end);
    else if (days < RENEW_DAYS)
        cli_doctor_fault(doctor, check, "renew it, and see why that does not happen by itself",
                         "%s, until %s", note, end);
    else
        cli_doctor_sound(doctor, check, note);
}

static bool is_sound(const struct cli_certificate *found) {
    return found->shown && found->trusted && found->for_name && found->until_s > time(NULL);
}

/* False when there is a certificate that clients do not take. */
static bool look(struct doctor *doctor, const char *address, const char *url, bool only_ca_file) {
    const char *ca_file = doctor->cli->client.ca_file;
    struct cli_certificate found;
    if (strncasecmp(url, "https://", 8) != 0)
        return true;
    cli_certificate_look(&(struct cli_certificate_request){url, ca_file, only_ca_file}, &found);
    if (!found.shown) {
        char check[96];
        (void)snprintf(check, sizeof check, "the %s address speaks TLS", address);
        cli_doctor_fault(doctor, check,
                         "see that the server runs, and whether it speaks plain HTTP there", "%s",
                         found.problem);
        return true;
    }
    check_chain(doctor, address, ca_file, &found);
    check_name(doctor, address, url, &found);
    check_end(doctor, address, &found);
    return is_sound(&found);
}

void cli_doctor_certificates(struct doctor *doctor) {
    (void)look(doctor, "admin", doctor->cli->client.server, true);
    /* Browsers know nothing of the CA that the admin address has. */
    doctor->unverified = !look(doctor, "public", doctor->public_url, false);
}
