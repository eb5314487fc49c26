#include "command.h"

#include <string.h>

const char *const cli_help_global[CLI_GLOBAL_COUNT] = {
    [CLI_PROFILE] = "a section of ~/.config/berth/config with a server and a\n"
                    "token; else BERTH_PROFILE, else \"default\"",
    [CLI_SERVER] = "the admin address of the server; else BERTH_SERVER, else\n"
                   "the profile's, else http://127.0.0.1:8081",
    [CLI_TOKEN] = "the token, for all users of this machine to see in the\n"
                  "list of processes: better set BERTH_TOKEN",
    [CLI_TOKEN_FILE] = "a file that holds the token alone; else BERTH_TOKEN, else\n"
                       "the profile's",
    [CLI_JSON] = "print the server's answer as it is, problems too",
    [CLI_QUIET] = "only errors and warnings; of a table, the names alone",
    [CLI_HELP] = "help on berth or on one command",
    [CLI_VERSION] = "print the version of this program",
};

const char cli_help_about[] =
    "Berth serves separately built bundles, keeps every version, composes pages of\n"
    "them and swaps what is live under open pages.\n";

const char cli_help_exit_codes[] =
    "  0  done                       5  not found (404)\n"
    "  1  failed                     6  conflict or stale (409, 412)\n"
    "  2  wrong command line         7  contents refused (400, 413, 415, 422)\n"
    "  3  no connection              8  server busy or failing (429, 5xx)\n"
    "  4  not allowed (401, 403)      9  would break what is live (409)\n";

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
    fprintf(stream, "\nexit codes:\n%s\nexamples:\n%s", cli_help_exit_codes, cli_help_examples);
}

void cli_help_command(FILE *stream, const struct cli_command *command) {
    fprintf(stream, "usage: berth %s%s%s [options]\n\n%s\n", command->name,
            command->args ? " " : "", command->args ? command->args : "",
            command->help ? command->help : command->summary);
    if (command->options[0].help)
        fputs("\noptions:\n", stream);
    for (size_t i = 0; i < CLI_COMMAND_OPTIONS_MAX && command->options[i].help; i++)
        put_option(stream, command->options[i].option, command->options[i].help);
    fputc('\n', stream);
    put_global_options(stream);
    fprintf(stream, "\nexit codes:\n%s", cli_help_exit_codes);
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
