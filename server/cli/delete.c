#include "command.h"

#include <stdlib.h>

static char *delete_path(const struct cli *cli, const struct cli_target *target) {
    const char *reason = cli->args.option[CLI_REASON];
    char *escaped = cli_url_escape(reason ? reason : "");
    char *path = NULL;
    if (escaped && asprintf(&path, "/api/modules/%s/versions/%s%s%s", target->module,
                            target->version, reason ? "?reason=" : "", escaped) < 0)
        path = NULL;
    free(escaped);
    return path;
}

static enum berth_exit delete_version(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_target target;
    if (cli_target_parse(cli->words[0], &target, &error) != BERTH_OK)
        return cli_report(cli, &error);
    char *path = delete_path(cli, &target);
    if (!path) {
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    struct cli_request request = {
        .method = "DELETE", .path = path, .expected = CLI_IF_ANY, .retry_when_busy = true};
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && cli->style.json)
        outcome = cli_finish_json(cli, json_pack("{ss ss sb}", "module", target.module, "version",
                                                 target.version, "deleted", 1));
    else if (outcome == BERTH_EXIT_OK && !cli->style.quiet)
        cli_line(stdout, "%s@%s is deleted; its name stays taken", target.module, target.version);
    json_decref(answer);
    free(path);
    return outcome;
}

const struct cli_command cli_command_delete = {
    .name = "delete",
    .args = "<module>@<version>",
    .min_words = 1,
    .max_words = 1,
    .summary = "take a version away that is not live, for good",
    .help = "Takes a version away: its URLs answer no one from then on, and no rollback goes to\n"
            "it. Its name stays taken, since a version never changes. Pages that are open go on\n"
            "with what they have, and so may caches. What is live cannot be deleted.",
    .options =
        {
            {CLI_REASON, "why, for the record"},
        },
    .examples = "  berth delete header-app@1.0.3 --reason \"has a key in it\"\n",
    .run = delete_version,
};
