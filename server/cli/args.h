/* The words of a command line, sorted into options and plain words.
 *
 * An option's name means the same kind of thing in every command, so that options may stand
 * anywhere, also before the command. Which command takes which option is the command's business
 * (command.h).
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_CLI_ARGS_H
#define BERTH_CLI_ARGS_H

#include "berth/error.h"
#include "berth/name.h"
#include "berth/semver.h"
#include <stddef.h>
#include <stdint.h>

enum cli_option {
    CLI_PROFILE,
    CLI_SERVER,
    CLI_TOKEN,
    CLI_TOKEN_FILE,
    CLI_CA_FILE,
    CLI_JSON,
    CLI_QUIET,
    CLI_HELP,
    CLI_VERSION,
    CLI_GLOBAL_COUNT, /* the options above belong to every command */
    CLI_ACTIVATE = CLI_GLOBAL_COUNT,
    CLI_FORCE,
    CLI_REASON,
    CLI_IF_GENERATION,
    CLI_IF_REVISION,
    CLI_TO,
    CLI_NAME,
    CLI_MODULE,
    CLI_CAN,
    CLI_EXPIRES,
    CLI_OVERLAP,
    CLI_DATA,
    CLI_REPAIR,
    CLI_KEEP,
    CLI_DAYS,
    CLI_BEFORE,
    CLI_YES,
    CLI_LIMIT,
    CLI_VERBOSE,
    CLI_PRINT,
    CLI_OPTION_COUNT
};

struct cli_option_spec {
    const char *name;  /* without the dashes */
    char letter;       /* 0: none */
    const char *value; /* what --help calls its value; NULL: a flag */
};

extern const struct cli_option_spec cli_option_specs[CLI_OPTION_COUNT];

enum { CLI_WORDS_MAX = 6 };

/* Borrows from argv. */
struct cli_args {
    const char *option[CLI_OPTION_COUNT]; /* NULL: not given; a flag is "" */
    const char *word[CLI_WORDS_MAX];
    size_t words;
};

/* BERTH_INVALID ("usage") with a hint. Given twice, the last one counts; after `--` all are words.
 */
enum berth_code cli_args_parse(int argc, char **argv, struct cli_args *ret,
                               struct berth_error *error);

/* An environment variable, or NULL when it is not set or empty. */
const char *cli_environment(const char *name);

/* What was most likely meant by a mistyped word, or NULL: at most two letters are wrong. */
const char *cli_nearest(const char *word, const char *const *candidates, size_t count);

/* `module@version`, also `@scope/name@version`. */
struct cli_target {
    char module[BERTH_MODULE_MAX_BYTES + 1];
    char version[BERTH_VERSION_MAX_BYTES + 1];
};

/* BERTH_INVALID, with the form that is expected as the hint. */
enum berth_code cli_target_parse(const char *text, struct cli_target *ret,
                                 struct berth_error *error);

/* A module's name alone. BERTH_INVALID, also when a version stands behind it. */
enum berth_code cli_module_check(const char *text, struct berth_error *error);

/* A whole number from 0. `name` is the option's, for the message. */
enum berth_code cli_number_parse(const char *name, const char *text, int64_t *ret,
                                 struct berth_error *error);

#endif
