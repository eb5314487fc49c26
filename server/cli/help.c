#include "command.h"

#include <string.h>

const char *const cli_help_global[CLI_GLOBAL_COUNT] = {
    [CLI_PROFILE] = "a section of ~/.config/berth/config with a server and a\n"
                    "token, which go before the environment's; else\n"
                    "BERTH_PROFILE, else \"default\", which go after them",
    [CLI_SERVER] = "the admin address of the server; else BERTH_SERVER, else\n"
                   "the profile's, else http://127.0.0.1:8081",
    [CLI_TOKEN] = "the token, for all users of this machine to see in the\n"
                  "list of processes: better set BERTH_TOKEN",
    [CLI_TOKEN_FILE] = "a file that holds the token alone; else BERTH_TOKEN, else\n"
                       "the profile's",
    [CLI_CA_FILE] = "certificates (PEM) to trust instead of the system's, for https\n"
                    "with a CA of your own; else BERTH_CA_FILE, else the profile's",
    [CLI_JSON] = "one JSON document on stdout, also of a failure (a problem of\n"
                 "RFC 9457; the exit code tells); the rest goes to stderr",
    [CLI_QUIET] = "only errors and warnings; of a table, the names alone",
    [CLI_HELP] = "help on berth or on one command",
    [CLI_VERSION] = "print the version of this program",
};

const char cli_help_about[] =
    "Berth serves separately built bundles, keeps every version, composes pages of\n"
    "them and swaps what is live under open pages.\n";

const char cli_help_json[] =
    "With --json there is one JSON document on stdout and nothing else: the result, or\n"
    "of a failure a problem (RFC 9457) with type (urn:berth:problem:RULE), detail, and\n"
    "where, hint and requestId as far as they are known. The exit code tells which.\n"
    "What verify, restore, backup and doctor find wrong is a result, though they exit\n"
    "with 1.\n"
    "Progress, hints and warnings go to stderr.\n";

const char *const cli_help_exits[CLI_EXIT_COUNT] = {
    [BERTH_EXIT_OK] = "done",
    [BERTH_EXIT_FAILED] = "failed",
    [BERTH_EXIT_USAGE] = "wrong command line",
    [BERTH_EXIT_UNREACHABLE] = "no connection, or not safe",
    [BERTH_EXIT_DENIED] = "not allowed (401, 403)",
    [BERTH_EXIT_NOT_FOUND] = "not found (404)",
    [BERTH_EXIT_CONFLICT] = "conflict or stale (409, 412)",
    [BERTH_EXIT_REFUSED] = "contents refused (400, 413, 415, 422)",
    [BERTH_EXIT_SERVER] = "server busy or failing (429, 5xx)",
    [BERTH_EXIT_BREAKS] = "would break what is live (409)",
};

/* In two columns. */
void cli_help_put_exits(FILE *stream) {
    enum { ROWS = (CLI_EXIT_COUNT + 1) / 2 };
    for (int i = 0; i < ROWS; i++) {
        fprintf(stream, "  %d  %-28s", i, cli_help_exits[i]);
        if (i + ROWS < CLI_EXIT_COUNT)
            fprintf(stream, "%d  %s", i + ROWS, cli_help_exits[i + ROWS]);
        fputc('\n', stream);
    }
}

const char cli_help_examples[] =
    "  export BERTH_SERVER=http://127.0.0.1:8081\n"
    "  export BERTH_TOKEN=$(cat DATA/admin.token)\n"
    "  berth push header-app@1.1.0 ./dist          upload a build\n"
    "  berth activate header-app@1.1.0             make it live, on open pages too\n"
    "  berth rollback header-app                   and back again\n"
    "  berth status                                what is live\n"
    "  berth page put manifests/home.json          compose a page\n";

enum { HELP_COLUMN = 24 };

static void put_option(FILE *stream, enum cli_option option, const char *help) {
    const struct cli_option_spec *spec = &cli_option_specs[option];
    char letter[5] = "";
    if (spec->letter)
        snprintf(letter, sizeof letter, "-%c, ", spec->letter);
    int width = fprintf(stream, "  %s--%s%s%s", letter, spec->name, spec->value ? " " : "",
                        spec->value ? spec->value : "");
    for (; help; help = strchr(help, '\n') ? strchr(help, '\n') + 1 : NULL) {
        fprintf(stream, "%*s%.*s\n", HELP_COLUMN + 2 - width, "", (int)strcspn(help, "\n"), help);
        width = 0;
    }
}

static void put_global_options(FILE *stream) {
    fputs("options of every command, anywhere on the line:\n", stream);
    for (int i = 0; i < CLI_GLOBAL_COUNT; i++)
        put_option(stream, (enum cli_option)i, cli_help_global[i]);
}

void berth_cli_usage(FILE *stream) {
    fputs("usage: berth <command> [arguments] [options]\n"
          "\n",
          stream);
    fprintf(stream, "%s\ncommands:\n", cli_help_about);
    for (size_t i = 0; cli_commands[i]; i++)
        fprintf(stream, "  %-16s%s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fputs("  berth <command> --help says more about one of them.\n\n", stream);
    put_global_options(stream);
    fprintf(stream, "\n%s\nexit codes:\n", cli_help_json);
    cli_help_put_exits(stream);
    fprintf(stream, "\nexamples:\n%s", cli_help_examples);
}

void cli_help_command(FILE *stream, const struct cli_command *command) {
    if (!command->run) { /* it has options of its own, and tells them itself */
        fprintf(stream, "usage: berth %s [options]\n\n%s\n", command->name, command->summary);
        return;
    }
    fprintf(stream, "usage: berth %s%s%s [options]\n\n%s\n", command->name,
            command->args ? " " : "", command->args ? command->args : "",
            command->help ? command->help : command->summary);
    if (command->options[0].help)
        fputs("\noptions:\n", stream);
    for (size_t i = 0; i < CLI_COMMAND_OPTIONS_MAX && command->options[i].help; i++)
        put_option(stream, command->options[i].option, command->options[i].help);
    fputc('\n', stream);
    put_global_options(stream);
    fputs("\nexit codes:\n", stream);
    cli_help_put_exits(stream);
    if (command->examples)
        fprintf(stream, "\nexamples:\n%s", command->examples);
}

void cli_help_group(FILE *stream, const char *group) {
    fprintf(stream, "usage: berth %s <command> [arguments] [options]\n\ncommands:\n", group);
    for (size_t i = 0; cli_commands[i]; i++)
        if (cli_in_group(cli_commands[i], group))
            fprintf(stream, "  %-16s%s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fprintf(stream, "\nberth %s <command> --help says more.\n", group);
}
