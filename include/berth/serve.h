/* `berth serve`: options, start, reload, drain, stop.
 *
 * Start: data directory and its lock → registry → first token → desk and first snapshot →
 * compressor → admin listener → public listener → ready; then the console, if it is to be
 * published. SIGTERM or SIGINT: readiness fails, event streams are told, what is in flight ends
 * within --drain-ms, listeners stop, everything is closed, exit 0. A second signal ends the drain
 * at once.
 *
 * SIGHUP: the settings are read again, and certificates; those that can change while the server
 * runs take their new values, all or none (serve/reload.h).
 *
 * Thread rules: one thread; once per process.
 */
#ifndef BERTH_SERVE_H
#define BERTH_SERVE_H

#include "berth/error.h"
#include <stdbool.h>
#include <stdint.h>

struct berth_serve_options {
    bool help;         /* --help was asked for: nothing else was looked at */
    bool manual;       /* --manual: the same */
    bool check;        /* --check was asked for, and what it says was printed to stdout */
    char *config_text; /* what strings of the file live in */
    const char *data;
    const char *listen;
    const char *admin_listen;
    const char *tls_certificate; /* "" for none, as the next three */
    const char *tls_key;
    const char *admin_tls_certificate;
    const char *admin_tls_key;
    const char *public_url;
    const char *console_url;
    const char *frontend;
    const char *console;
    int64_t max_connections;
    int64_t admin_max_connections;
    int64_t max_streams;
    int64_t max_uploads;
    int64_t max_module_connections;
    int64_t max_token_failures;
    int64_t max_archive_bytes;
    int64_t max_unpacked_bytes;
    int64_t max_file_bytes;
    int64_t max_entries;
    int64_t max_ratio;
    int64_t max_archive_seconds;
    int64_t cache_bytes;
    int64_t compress_threads;
    int64_t heartbeat_ms;
    int64_t drain_ms;
    int64_t request_timeout_ms;
    int64_t keep_alive_ms;
    int64_t min_body_rate;
};

/* Defaults, then a file (--config, BERTH_CONFIG), the environment (BERTH_LISTEN for --listen), and
 * --name VALUE or --name=VALUE from argv[1] on; each weighs more than those before. Strings are
 * borrowed from argv, the environment and `ret`. BERTH_INVALID ("usage", "settings") says in
 * `where` what set it. */
enum berth_code berth_serve_options_parse(int argc, char **argv, struct berth_serve_options *ret,
                                          struct berth_error *error);
void berth_serve_options_done(struct berth_serve_options *options);
/* What `berth serve --help` and `berth serve --manual` print, to stdout: the latter for man. */
void berth_serve_usage(void);
void berth_serve_manual(void);

/* Runs the server until a signal; the exit code. argv[0] is "serve". */
int berth_serve_main(int argc, char **argv);

#endif
