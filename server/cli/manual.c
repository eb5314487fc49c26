/* The manual page, from the same table as --help. */
#include "command.h"

#include <string.h>

/* Text for roff: a backslash, and a dot or quote at a line's start, are no commands. */
static void put(const char *text) {
    bool start = true;
    for (; *text; text++) {
        if (start && (*text == '.' || *text == '\''))
            (void)fputs("\\&", stdout);
        if (*text == '\\')
            (void)fputs("\\e", stdout);
        else if (*text == '-')
            (void)fputs("\\-", stdout);
        else
            (void)fputc(*text, stdout);
        start = *text == '\n';
    }
}

static void put_section(const char *title) {
    (void)printf(".SH %s\n", title);
}

/* As it is, line by line. */
static void put_lines(const char *text) {
    (void)fputs(".PP\n.nf\n", stdout);
    put(text);
    (void)fputs(".fi\n", stdout);
}

static void put_option(enum cli_option option, const char *help) {
    const struct cli_option_spec *spec = &cli_option_specs[option];
    (void)fputs(".TP\n", stdout);
    if (spec->letter)
        (void)printf("\\fB\\-%c\\fR, ", spec->letter);
    (void)fputs("\\fB\\-\\-", stdout);
    put(spec->name);
    (void)printf("\\fR%s\\fI%s\\fR\n", spec->value ? " " : "", spec->value ? spec->value : "");
    put(help);
    (void)fputc('\n', stdout);
}

static void put_command(const struct cli_command *command) {
    (void)fputs(".SS ", stdout);
    (void)printf("\"berth %s%s", command->name, command->args && *command->args ? " " : "");
    put(command->args ? command->args : "");
    (void)fputs("\"\n", stdout);
    put(command->help ? command->help : command->summary);
    (void)fputc('\n', stdout);
    for (size_t i = 0; i < CLI_COMMAND_OPTIONS_MAX && command->options[i].help; i++)
        put_option(command->options[i].option, command->options[i].help);
    if (command->examples)
        put_lines(command->examples);
}

static void put_variables(void) {
    static const struct {
        const char *names;
        const char *text;
    } variables[] = {
        {"BERTH_SERVER, BERTH_TOKEN, BERTH_CA_FILE, BERTH_PROFILE",
         "as --server, --token, --ca-file and --profile, which go before them. A profile that\n"
         "--profile names goes before them all, and when it names a server, BERTH_TOKEN is not\n"
         "sent there: a profile without a token is an error then. One that BERTH_PROFILE names,\n"
         "and \"default\", go after BERTH_SERVER, BERTH_TOKEN and BERTH_CA_FILE"},
        {"NO_COLOR", "when it is not empty, nothing is coloured (https://no-color.org)"},
        {"CLICOLOR_FORCE",
         "when it is not empty and not 0, colours are used without a terminal too;\n"
         "NO_COLOR goes before it"},
        {"BROWSER", "what berth open starts; else xdg-open"},
        {"TMPDIR", "where berth push packs a directory; else /tmp"},
        {"https_proxy, http_proxy, no_proxy", "as curl takes them; never for this machine itself"},
    };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        (void)printf(".TP\n\\fB%s\\fR\n", variables[i].names);
        put(variables[i].text);
        (void)fputc('\n', stdout);
    }
}

static enum berth_exit run_manual(struct cli *cli) {
    if (cli->style.json)
        return cli_finish_json(cli, cli_describe_all());
    (void)printf(".TH BERTH 1 \"\" \"berth %s\" \"User Commands\"\n", BERTH_VERSION);
    put_section("NAME");
    (void)fputs("berth \\- a host for microfrontends, and its command line\n", stdout);
    put_section("SYNOPSIS");
    (void)fputs("\\fBberth\\fR \\fIcommand\\fR [\\fIarguments\\fR] [\\fIoptions\\fR]\n", stdout);
    put_section("DESCRIPTION");
    put(cli_help_about);
    put_section("OPTIONS");
    for (int i = 0; i < CLI_GLOBAL_COUNT; i++)
        put_option((enum cli_option)i, cli_help_global[i]);
    put_section("COMMANDS");
    for (size_t i = 0; cli_commands[i]; i++)
        put_command(cli_commands[i]);
    put_section("JSON");
    put(cli_help_json);
    put_section("EXIT STATUS");
    for (int i = 0; i < CLI_EXIT_COUNT; i++) {
        (void)printf(".TP\n\\fB%d\\fR\n", i);
        put(cli_help_exits[i]);
        (void)fputc('\n', stdout);
    }
    put_section("ENVIRONMENT");
    put_variables();
    put_section("FILES");
    (void)fputs(".TP\n\\fI~/.config/berth/config\\fR\n", stdout);
    put("Profiles: lines such as \"server = https://berth.example.org:8081\",\n"
        "\"token-file = token\" and \"ca-file = ca.pem\"; \"[staging]\" begins another profile.\n"
        "The file is looked for in $XDG_CONFIG_HOME, if that is set.\n");
    put_section("EXAMPLES");
    put_lines(cli_help_examples);
    return BERTH_EXIT_OK;
}

const struct cli_command cli_command_manual = {
    .name = "manual",
    .args = "",
    .summary = "print the manual page",
    .help = "Prints all that --help says as one manual page, for man; with --json as a value\n"
            "for programs, as --help does.",
    .examples = "  berth manual | man -l -\n"
                "  berth manual > ~/.local/share/man/man1/berth.1\n",
    .offline = true,
    .run = run_manual,
};
