#include "command.h"
#include "completion.h"
#include "profile.h"

#include "berth/log.h"

#include <errno.h>
#include <string.h>

static const char default_server[] = "http://127.0.0.1:8081";

size_t cli_names_command(const struct cli_command *command, const struct cli_args *args) {
    size_t length = strcspn(command->name, " ");
    if (args->words < 1 || strlen(args->word[0]) != length ||
        memcmp(command->name, args->word[0], length) != 0)
        return 0;
    if (command->name[length] == '\0')
        return 1;
    return args->words > 1 && strcmp(command->name + length + 1, args->word[1]) == 0 ? 2 : 0;
}

static bool is_group(const char *word) {
    for (size_t i = 0; cli_commands[i]; i++)
        if (cli_in_group(cli_commands[i], word))
            return true;
    return false;
}

/* What other tools call it. */
static const char *synonym(const char *word) {
    static const struct {
        const char *other;
        const char *ours;
    } words[] = {
        {"add", "push"},        {"deploy", "push"},      {"publish", "push"},
        {"upload", "push"},     {"list", "status"},      {"ls", "status"},
        {"modules", "status"},  {"promote", "activate"}, {"release", "activate"},
        {"revert", "rollback"}, {"undo", "rollback"},    {"history", "logs"},
        {"audit", "logs"},      {"remove", "delete"},    {"rm", "delete"},
        {"check", "verify"},    {"browse", "open"},      {"preview", "open"},
        {"start", "serve"},     {"prune", "gc"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].other, word) == 0)
            return words[i].ours;
    return NULL;
}

/* All commands, and of groups their names, too. */
static const char *nearest_command(const char *typed) {
    static char groups[CLI_COMMANDS_MAX][16];
    const char *names[2 * CLI_COMMANDS_MAX];
    size_t count = 0;
    for (size_t i = 0; cli_commands[i] && i < CLI_COMMANDS_MAX; i++) {
        const char *name = cli_commands[i]->name;
        names[count++] = name;
        (void)snprintf(groups[i], sizeof groups[i], "%.*s", (int)strcspn(name, " "), name);
        if (strchr(name, ' '))
            names[count++] = groups[i];
    }
    const char *ours = synonym(typed);
    return ours ? ours : cli_nearest(typed, names, count);
}

static enum berth_code unknown_command(const struct cli_args *args, struct berth_error *error) {
    char typed[64];
    bool group = is_group(args->word[0]);
    if (group && args->words < 2) {
        berth_fail(error, BERTH_INVALID, "usage", "%s needs a command of its own", args->word[0]);
        berth_error_hint(error, "see berth %s --help", args->word[0]);
        return BERTH_INVALID;
    }
    snprintf(typed, sizeof typed, group ? "%s %s" : "%s", args->word[0],
             group ? args->word[1] : "");
    berth_fail(error, BERTH_INVALID, "usage", "there is no command \"%s\"", typed);
    const char *meant = nearest_command(typed);
    if (meant)
        berth_error_hint(error, "did you mean berth %s?", meant);
    else
        berth_error_hint(error, group ? "see berth %s --help" : "see berth --help", args->word[0]);
    return BERTH_INVALID;
}

static enum berth_code find_command(struct cli *cli, struct berth_error *error) {
    for (size_t i = 0; cli_commands[i]; i++) {
        size_t words = cli_names_command(cli_commands[i], &cli->args);
        if (words > 0) {
            cli->command = cli_commands[i];
            cli->words = cli->args.word + words;
            cli->word_count = cli->args.words - words;
            return BERTH_OK;
        }
    }
    return unknown_command(&cli->args, error);
}

static bool takes_option(const struct cli_command *command, int option) {
    bool takes = option < CLI_GLOBAL_COUNT;
    for (size_t i = 0; i < CLI_COMMAND_OPTIONS_MAX && command->options[i].help; i++)
        takes = takes || (int)command->options[i].option == option;
    return takes;
}

static enum berth_code check_command(const struct cli *cli, struct berth_error *error) {
    const struct cli_command *command = cli->command;
    if (!command->run) {
        berth_fail(error, BERTH_INVALID, "usage", "%s must be the first word", command->name);
        berth_error_hint(error, "write berth %s, then its options", command->name);
        return BERTH_INVALID;
    }
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (cli->args.option[i] && !takes_option(command, i)) {
            berth_fail(error, BERTH_INVALID, "usage", "berth %s takes no --%s", command->name,
                       cli_option_specs[i].name);
            berth_error_hint(error, "see berth %s --help", command->name);
            return BERTH_INVALID;
        }
    }
    if (cli->word_count < command->min_words || cli->word_count > command->max_words) {
        berth_fail(error, BERTH_INVALID, "usage", "%s arguments for berth %s",
                   cli->word_count < command->min_words ? "not enough" : "too many", command->name);
        berth_error_hint(error, "usage: berth %s %s", command->name, command->args);
        return BERTH_INVALID;
    }
    return BERTH_OK;
}

/* What nothing before it said. */
static void fill_from_environment(struct cli_access *access, const char *token_file) {
    if (!access->server)
        access->server = cli_environment("BERTH_SERVER");
    if (!access->ca_file)
        access->ca_file = cli_environment("BERTH_CA_FILE");
    if (!access->token && !token_file)
        access->token = cli_environment("BERTH_TOKEN");
}

/* Likewise. */
static void fill_from_profile(const struct cli_profile *profile, struct cli_access *access,
                              const char **token_file) {
    if (!access->server)
        access->server = profile->server;
    if (!access->ca_file)
        access->ca_file = profile->ca_file;
    if (access->token || *token_file)
        return;
    access->token = profile->token;
    *token_file = profile->token_file;
}

static enum berth_code no_token(const char *profile, bool meant, struct berth_error *error) {
    if (meant)
        berth_fail(error, BERTH_INVALID, "profile", "the profile %.80s has no token", profile);
    else
        berth_fail(error, BERTH_INVALID, "profile",
                   "the token of the profile %.80s is for the profile's own server", profile);
    berth_error_hint(error, meant ? "give it a token-file, or name one with --token-file; "
                                    "BERTH_TOKEN is not sent to a profile that the line names"
                                  : "name a token with --token-file, or leave --profile out");
    return BERTH_INVALID;
}

/* A profile that the line names goes before the environment, and one with a server gets no token
 * from there: that token is another server's. Any other profile goes after the environment. */
static enum berth_code choose_access(const struct cli *cli, const struct cli_profile *profile,
                                     struct cli_access *access, const char **token_file,
                                     struct berth_error *error) {
    const char *named = cli->args.option[CLI_PROFILE];
    if (!named)
        fill_from_environment(access, *token_file);
    bool meant = cli_profile_is_for(profile, access->server) || (named != NULL && !profile->server);
    if (meant)
        fill_from_profile(profile, access, token_file);
    if (named && profile->server && !access->token && !*token_file &&
        cli_environment("BERTH_TOKEN"))
        return no_token(named, meant, error);
    if (named)
        fill_from_environment(access, *token_file);
    if (!access->server)
        access->server = default_server;
    return BERTH_OK;
}

enum berth_code cli_connect(struct cli *cli, struct berth_error *error) {
    struct cli_profile profile;
    struct cli_access access = {
        .server = cli->args.option[CLI_SERVER],
        .token = cli->args.option[CLI_TOKEN],
        .ca_file = cli->args.option[CLI_CA_FILE],
    };
    const char *file = cli->args.option[CLI_TOKEN_FILE];
    char from_file[CLI_TOKEN_MAX_BYTES];
    enum berth_code code =
        cli_profile_read(&cli->style, cli->args.option[CLI_PROFILE], &profile, error);
    if (code == BERTH_OK && access.token && file)
        code = berth_fail(error, BERTH_INVALID, "usage", "use --token or --token-file, not both");
    if (code == BERTH_OK)
        code = choose_access(cli, &profile, &access, &file, error);
    if (code == BERTH_OK && file) {
        code = cli_token_file_read(file, from_file, error);
        access.token = from_file;
    }
    if (code == BERTH_OK)
        code = cli_client_init(&cli->client, &access, error);
    cli_profile_done(&profile);
    return code;
}

static void help_all(const struct cli *cli) {
    if (cli->style.json)
        (void)cli_finish_json(cli, cli_describe_all());
    else
        berth_cli_usage(stdout);
}

static void help_group(const struct cli *cli, const char *group) {
    if (cli->style.json)
        (void)cli_finish_json(cli, cli_describe_commands(group));
    else
        cli_help_group(stdout, group);
}

static void help_command(const struct cli *cli) {
    if (cli->style.json)
        (void)cli_finish_json(cli, cli_describe_command(cli->command));
    else
        cli_help_command(stdout, cli->command);
}

/* Whether the line asks for help that there is; then it was given. */
static bool give_help(struct cli *cli) {
    struct cli_args *args = &cli->args;
    bool asked = args->option[CLI_HELP] != NULL;
    if (args->words > 0 && strcmp(args->word[0], "help") == 0) {
        asked = true;
        memmove(args->word, args->word + 1, --args->words * sizeof *args->word);
    }
    if (!asked)
        return false;
    if (args->words == 0)
        help_all(cli);
    else if (args->words == 1 && is_group(args->word[0]))
        help_group(cli, args->word[0]);
    else if (find_command(cli, NULL) == BERTH_OK)
        help_command(cli);
    else
        return false;
    return true;
}

/* Also of a line that cannot be read. */
static bool asks_for_json(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

static enum berth_exit tell_version(const struct cli *cli) {
    if (cli->style.json)
        return cli_finish_json(cli, json_pack("{ss}", "version", BERTH_VERSION));
    puts("berth " BERTH_VERSION);
    return BERTH_EXIT_OK;
}

static enum berth_exit miss_command(const struct cli *cli) {
    struct berth_error error = {0};
    if (!cli->style.json) {
        berth_cli_usage(stderr);
        return BERTH_EXIT_USAGE;
    }
    berth_fail(&error, BERTH_INVALID, "usage", "there is no command on the line");
    berth_error_hint(&error, "see berth --help");
    return cli_report(cli, &error);
}

static enum berth_exit run(struct cli *cli, int argc, char **argv) {
    struct berth_error error = {0};
    cli->style.json = asks_for_json(argc, argv);
    if (cli_args_parse(argc, argv, &cli->args, &error) != BERTH_OK)
        return cli_report(cli, &error);
    if (give_help(cli))
        return BERTH_EXIT_OK;
    if (cli->args.option[CLI_VERSION])
        return tell_version(cli);
    if (cli->args.words == 0)
        return miss_command(cli);
    cli->style.quiet = cli->args.option[CLI_QUIET] != NULL;
    if (find_command(cli, &error) != BERTH_OK || check_command(cli, &error) != BERTH_OK ||
        (!cli->command->offline && cli_connect(cli, &error) != BERTH_OK))
        return cli_report(cli, &error);
    return cli->command->run(cli);
}

int berth_cli_main(int argc, char **argv) {
    struct cli cli = {0};
    cli_style_init(&cli.style);
    berth_log_to_stderr();
    int outcome = argc > 1 && strcmp(argv[1], "__complete") == 0
                      ? cli_complete(&cli, argc - 1, argv + 1)
                      : (int)run(&cli, argc, argv);
    cli_client_done(&cli.client);
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "berth: cannot write the output: %s\n", strerror(errno));
        outcome = outcome == BERTH_EXIT_OK ? (int)BERTH_EXIT_FAILED : outcome;
    }
    return outcome;
}
