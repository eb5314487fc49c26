#include "command.h"

#include <string.h>

static const struct cli_command serve = {
    .name = "serve",
    .summary = "run the server (see berth serve --help)",
};

const struct cli_command *const cli_commands[] = {
    &serve,
    &cli_command_push,
    &cli_command_stage,
    &cli_command_activate,
    &cli_command_rollback,
    &cli_command_delete,
    &cli_command_status,
    &cli_command_versions,
    &cli_command_diff,
    &cli_command_logs,
    &cli_command_open,
    &cli_command_page_put,
    &cli_command_page_list,
    &cli_command_token_create,
    &cli_command_token_list,
    &cli_command_token_rotate,
    &cli_command_token_revoke,
    &cli_command_gc,
    &cli_command_backup,
    &cli_command_restore,
    &cli_command_verify,
    &cli_command_doctor,
    &cli_command_completion,
    &cli_command_manual,
    NULL,
};

bool cli_in_group(const struct cli_command *command, const char *group) {
    size_t length = strlen(group);
    return strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}
