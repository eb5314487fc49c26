/* What changes from one version to another. */
#include "changes.h"

#include "berth/json.h"
#include <stdlib.h>

enum { PATH_BYTES = 1024 };

static enum berth_exit fetch_version(struct cli *cli, const char *module, const char *version,
                                     json_t **ret) {
    char path[PATH_BYTES];
    char *escaped = cli_url_escape(version);
    (void)snprintf(path, sizeof path, "/api/modules/%s/versions/%s", module,
                   escaped ? escaped : "");
    free(escaped);
    return cli_fetch(cli, path, ret);
}

/* The version that is live, to be compared with. */
static enum berth_exit fetch_live(struct cli *cli, const char *module, json_t **ret) {
    char path[PATH_BYTES];
    json_t *live = NULL;
    (void)snprintf(path, sizeof path, "/api/modules/%s/live", module);
    enum berth_exit outcome = cli_fetch(cli, path, &live);
    const char *version = berth_json_string(live, "version");
    if (outcome == BERTH_EXIT_OK)
        outcome = fetch_version(cli, module, version ? version : "", ret);
    json_decref(live);
    return outcome;
}

static enum berth_exit run_diff(struct cli *cli) {
    struct cli_target target;
    struct berth_error error = {0};
    json_t *from = NULL, *to = NULL;
    const char *second = cli->word_count > 1 ? cli->words[1] : NULL;
    if (cli_target_parse(cli->words[0], &target, &error) != BERTH_OK)
        return cli_report(cli, &error);
    enum berth_exit outcome = second ? fetch_version(cli, target.module, target.version, &from)
                                     : fetch_live(cli, target.module, &from);
    if (outcome == BERTH_EXIT_OK)
        outcome = fetch_version(cli, target.module, second ? second : target.version, &to);
    if (outcome == BERTH_EXIT_OK) {
        json_t *diff = cli_changes_of(target.module, from, to);
        if (cli->style.json)
            cli_print_json(&cli->style, diff);
        else
            outcome = cli_changes_show(cli, diff);
        json_decref(diff);
    }
    json_decref(from);
    json_decref(to);
    return outcome;
}

const struct cli_command cli_command_diff = {
    .name = "diff",
    .args = "<module>@<version> [<version>]",
    .min_words = 1,
    .max_words = 2,
    .summary = "what changes from one version to another",
    .help = "Compares the live version with the one that is named, or the one that is named\n"
            "with a second: files that are new (+), gone (-) or other (~) with their sizes as\n"
            "they are and as they are sent (brotli; a dash until the server has compressed\n"
            "them), exposes, and shared packages.",
    .examples = "  berth diff header-app@1.1.0               what activating it would change\n"
                "  berth diff header-app@1.0.0 1.1.0         from the first to the second\n"
                "  berth diff header-app@1.1.0 --quiet       the files' names alone\n",
    .run = run_diff,
};
