/* What the files of this room share about options: one table, from which flags, environment,
 * configuration file and their documents are made.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_SERVE_OPTIONS_H
#define BERTH_SERVE_OPTIONS_H

#include "berth/serve.h"
#include <stddef.h>

/* When a new value holds: from the next start on, or from the next SIGHUP on. */
enum serve_when { SERVE_RESTART, SERVE_RELOAD };

/* One row is an option, its default, its bounds and what an operator reads about it. */
struct serve_option {
    const char *name;
    const char *value;
    size_t offset;    /* in struct berth_serve_options */
    const char *text; /* default of a string option; NULL for a number */
    int64_t number;
    int64_t least;
    int64_t most;
    enum serve_when when;
    const char *help;
};

enum { SERVE_OPTION_MAX = 64 };
extern const struct serve_option serve_options[];
extern const size_t serve_option_count;

/* By its name of `length` bytes, or NULL. */
const struct serve_option *serve_option_find(const char *name, size_t length);
/* Where its value is: a `const char *`, or an int64_t where `text` is NULL. */
const void *serve_option_value(const struct berth_serve_options *values,
                               const struct serve_option *option);
void *serve_option_place(struct berth_serve_options *values, const struct serve_option *option);

/* --- frames.c --- */
/* The origins, with blanks between, under which the console is opened: what was set, else the admin
 * listener's address, and localhost where it is on loopback. "" when it cannot be told. */
void serve_console_origins(const struct berth_serve_options *options, char *ret, size_t size);

/* --- check.c --- */
/* What one value, or two together, must keep. Looks into no file. */
enum berth_code serve_options_check(const struct berth_serve_options *options,
                                    struct berth_error *error);

/* --- certificate.c --- */
/* Reads the files that are set: PEM, the key without a passphrase, and of that certificate.
 * BERTH_INVALID ("tls-certificate", "tls-key") with the file in `where`. What is no reason to
 * refuse them goes to `warn` (may be NULL): a sentence, with the file. */
enum berth_code serve_certificates_check(const struct berth_serve_options *options,
                                         void (*warn)(const char *text, const char *path),
                                         struct berth_error *error);

#endif
