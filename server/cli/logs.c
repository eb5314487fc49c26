/* The audit, as people read it: who changed what, when, from where, and why. */
#include "command.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>

enum { PATH_BYTES = 1024, SHOWN = 50 };

static enum berth_exit show_activity(const struct cli *cli, const json_t *answer) {
    static const struct cli_column columns[] = {
        {"AT", false}, {"ACTION", false}, {"MODULE", false}, {"WHAT", false},
        {"BY", false}, {"FROM", false},   {"REASON", false},
    };
    const json_t *records = json_object_get(answer, "activity");
    struct cli_table table;
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = json_array_size(records); i > 0; i--) {
        const json_t *record = json_array_get(records, i - 1);
        char at[48];
        cli_time_text(&cli->style, berth_json_string(record, "at"), at);
        cli_table_add(&table, at);
        cli_table_add(&table, berth_json_string(record, "action"));
        cli_table_add(&table, berth_json_string(record, "module"));
        cli_table_add(&table, berth_json_string(record, "subject"));
        cli_table_add(&table, berth_json_string(record, "by"));
        cli_table_add(&table, berth_json_string(record, "remote"));
        cli_table_add(&table, berth_json_string(record, "reason"));
    }
    return cli_table_finish(cli, &table, 3);
}

static enum berth_exit run_logs(struct cli *cli) {
    struct berth_error error = {0};
    char path[PATH_BYTES];
    const char *module = cli->word_count ? cli->words[0] : NULL;
    const char *limit = cli->args.option[CLI_LIMIT];
    int64_t count = SHOWN;
    if ((module && cli_module_check(module, &error) != BERTH_OK) ||
        (limit && cli_number_parse("limit", limit, &count, &error) != BERTH_OK))
        return cli_report(cli, &error);
    char *escaped = cli_url_escape(module ? module : "");
    (void)snprintf(path, sizeof path, "/api/activity?limit=%" PRId64 "%s%s", count,
                   module ? "&module=" : "", escaped ? escaped : "");
    free(escaped);
    return cli_get(cli, path, show_activity);
}

const struct cli_command cli_command_logs = {
    .name = "logs",
    .args = "[<module>]",
    .max_words = 1,
    .summary = "who changed what, when, from where and why",
    .help = "Prints the last records of the server's audit, the newest at the end; of one\n"
            "module, when it is named. (The log of requests is what berth serve prints.)",
    .examples = "  berth logs\n"
                "  berth logs header-app --limit 5\n"
                "  berth logs --json | jq '.activity[] | select(.action == \"rollback\")'\n",
    .options = {{CLI_LIMIT, "how many records, at most 1000; 50 without"}},
    .run = run_logs,
};
