/* A command: what it takes, what its help says, and the function that runs it.
 *
 * Each group of commands is a file that defines its `struct cli_command`s; commands.c lists them.
 * A command is: check the words, build one request, cli_call, show the answer.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_COMMAND_H
#define BERTH_CLI_COMMAND_H

#include "args.h"
#include "client.h"
#include "output.h"

#include "berth/cli.h"

struct cli;

struct cli_option_help {
    enum cli_option option;
    const char *help;
};

enum { CLI_COMMAND_OPTIONS_MAX = 5 };

struct cli_command {
    const char *name; /* "push", "page put" */
    const char *args; /* "<module>@<version> <dir|archive>"; may be "" */
    size_t min_words; /* after the name */
    size_t max_words;
    const char *summary; /* one line, lower case, no full stop */
    const char *help;    /* paragraphs, wrapped at 80 columns; NULL: the summary is enough */
    const char *examples;
    struct cli_option_help options[CLI_COMMAND_OPTIONS_MAX]; /* besides the global ones */
    bool offline;                                            /* speaks to no server */
    enum berth_exit (*run)(struct cli *cli);                 /* NULL: runs elsewhere (serve) */
};

enum { CLI_COMMANDS_MAX = 32 };
extern const struct cli_command *const cli_commands[]; /* ended by NULL */

/* Is it "group something". */
bool cli_in_group(const struct cli_command *command, const char *group);

extern const struct cli_command cli_command_push;
extern const struct cli_command cli_command_stage;
extern const struct cli_command cli_command_activate;
extern const struct cli_command cli_command_rollback;
extern const struct cli_command cli_command_delete;
extern const struct cli_command cli_command_status;
extern const struct cli_command cli_command_versions;
extern const struct cli_command cli_command_diff;
extern const struct cli_command cli_command_open;
extern const struct cli_command cli_command_logs;
extern const struct cli_command cli_command_doctor;
extern const struct cli_command cli_command_page_put;
extern const struct cli_command cli_command_page_list;
extern const struct cli_command cli_command_token_create;
extern const struct cli_command cli_command_token_list;
extern const struct cli_command cli_command_token_rotate;
extern const struct cli_command cli_command_token_revoke;
extern const struct cli_command cli_command_gc;
extern const struct cli_command cli_command_backup;
extern const struct cli_command cli_command_restore;
extern const struct cli_command cli_command_verify;
extern const struct cli_command cli_command_completion;
extern const struct cli_command cli_command_manual;

/* One run of the program. */
struct cli {
    const struct cli_command *command;
    struct cli_args args;
    const char *const *words; /* those after the command's name */
    size_t word_count;
    struct cli_style style;
    struct cli_client client;
};

/* --- verify.c --- */
struct cli_check;
/* What a check has found; not sound is BERTH_EXIT_FAILED. */
enum berth_exit cli_show_check(const struct cli *cli, const struct cli_check *check);

/* --- help.c --- */
extern const char *const cli_help_global[CLI_GLOBAL_COUNT];
extern const char cli_help_about[];
extern const char cli_help_json[];
enum { CLI_EXIT_COUNT = BERTH_EXIT_BREAKS + 1 };
extern const char *const cli_help_exits[CLI_EXIT_COUNT]; /* what each exit code means */
void cli_help_put_exits(FILE *stream);
extern const char cli_help_examples[];
void cli_help_command(FILE *stream, const struct cli_command *command);
/* The commands whose names begin with `group` and a blank. */
void cli_help_group(FILE *stream, const char *group);

/* --- describe.c --- */
/* New references; NULL when out of memory. All that --help says, of one command, of a group (NULL:
 * of all), or with what holds for every command. */
json_t *cli_describe_command(const struct cli_command *command);
json_t *cli_describe_commands(const char *group);
json_t *cli_describe_all(void);

/* --- cli.c --- */
/* How many of the words name this command: 1 or 2, or 0 when they name another. */
size_t cli_names_command(const struct cli_command *command, const struct cli_args *args);
/* Makes the client, by the options, the environment and the profile. */
enum berth_code cli_connect(struct cli *cli, struct berth_error *error);

/* --- call.c --- */

/* Says what went wrong before or instead of an answer, and gives the exit code for it. */
enum berth_exit cli_report(const struct cli *cli, const struct berth_error *error);

/* Sends the request, waiting and trying again where that is allowed, and reports every failure,
 * problem answers included. On BERTH_EXIT_OK *ret_json is a new reference (NULL after a 204) and
 * *ret_status the status. With --json the answer was then printed already. */
enum berth_exit cli_call(struct cli *cli, const struct cli_request *request, json_t **ret_json,
                         long *ret_status);

/* A GET whose answer is for the command alone: nothing of it is printed, failures are. */
enum berth_exit cli_fetch(struct cli *cli, const char *path, json_t **ret_json);

/* The same without a word, at most `timeout_ms` long. What the server refused keeps its rule and
 * text; BERTH_NOT_FOUND for a 404, BERTH_DENIED for a token that may not, else BERTH_IO. */
enum berth_code cli_peek(struct cli *cli, const char *path, int timeout_ms, json_t **ret_json,
                         struct berth_error *error);

/* Prints a result that no server told, with --json; takes the reference. */
enum berth_exit cli_finish_json(const struct cli *cli, json_t *result);

/* Sends a request whose answer `show` prints; it is not called with --json. */
enum berth_exit cli_send(struct cli *cli, const struct cli_request *request,
                         void (*show)(const struct cli *cli, const json_t *answer));

/* The same as a POST of JSON text (to be freed, and taken here). Sent once: what a lost answer held
 * is lost. */
enum berth_exit cli_post(struct cli *cli, const char *path, char *body,
                         void (*show)(const struct cli *cli, const json_t *answer));

/* A GET whose answer `show` prints; it is not called with --json. */
enum berth_exit cli_get(struct cli *cli, const char *path,
                        enum berth_exit (*show)(const struct cli *cli, const json_t *answer));

/* --- compat.c --- */

/* Prints what a version would do to what is live, breaks under `heading`; nothing when there is
 * nothing to tell, with --json, or without a report. */
void cli_show_compat(const struct cli *cli, const json_t *report, const char *heading);
/* BERTH_INVALID ("usage") for --force without --reason. */
enum berth_code cli_force_check(const struct cli *cli, struct berth_error *error);

/* Prints the table and frees it. */
enum berth_exit cli_table_finish(const struct cli *cli, struct cli_table *table,
                                 size_t quiet_column);

#endif
