/* What --help and the manual say, as JSON, for programs that build upon the commands. */
#include "command.h"

#include <string.h>

static json_t *option_json(enum cli_option option, const char *help) {
    const struct cli_option_spec *spec = &cli_option_specs[option];
    char letter[2] = {spec->letter, '\0'};
    return json_pack("{ss ss? ss? ss}", "name", spec->name, "letter", *letter ? letter : NULL,
                     "value", spec->value, "help", help);
}

json_t *cli_describe_command(const struct cli_command *command) {
    json_t *options = json_array();
    for (size_t i = 0; i < CLI_COMMAND_OPTIONS_MAX && command->options[i].help; i++)
        json_array_append_new(options,
                              option_json(command->options[i].option, command->options[i].help));
    return json_pack("{ss ss ss ss? ss? sb so}", "name", command->name, "arguments",
                     command->args ? command->args : "", "summary", command->summary, "help",
                     command->help, "examples", command->examples, "offline",
                     command->offline || !command->run, "options", options);
}

json_t *cli_describe_commands(const char *group) {
    json_t *commands = json_array();
    for (size_t i = 0; cli_commands[i]; i++)
        if (!group || cli_in_group(cli_commands[i], group))
            json_array_append_new(commands, cli_describe_command(cli_commands[i]));
    return json_pack("{so}", "commands", commands);
}

json_t *cli_describe_all(void) {
    json_t *all = cli_describe_commands(NULL), *options = json_array(), *codes = json_array();
    for (int i = 0; i < CLI_GLOBAL_COUNT; i++)
        json_array_append_new(options, option_json((enum cli_option)i, cli_help_global[i]));
    for (int i = 0; i < CLI_EXIT_COUNT; i++)
        json_array_append_new(codes, json_pack("{si ss}", "code", i, "meaning", cli_help_exits[i]));
    json_t *json = json_pack("{ss ss so so}", "version", BERTH_VERSION, "about", cli_help_about,
                             "options", options, "exitCodes", codes);
    json_object_update(json, all);
    json_decref(all);
    return json;
}
