/* `berth gc`: what is not wanted any more goes. */
#include "command.h"
#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>

static void show_versions(const struct cli *cli, const json_t *versions) {
    static const struct cli_column columns[] = {
        {"MODULE", false}, {"VERSION", false}, {"SIZE", true}, {"UPLOADED", false}};
    struct cli_table table;
    size_t i;
    const json_t *version;
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    json_array_foreach(versions, i, version) {
        char size[CLI_HUMAN_BYTES];
        char age[48];
        cli_human_size(berth_json_integer(version, "bytes", 0), size);
        cli_time_text(&cli->style, berth_json_string(version, "createdAt"), age);
        cli_table_add(&table, berth_json_string(version, "module"));
        cli_table_add(&table, berth_json_string(version, "version"));
        cli_table_add(&table, size);
        cli_table_add(&table, age);
    }
    if (table.cell_count)
        (void)cli_table_print(&table, &cli->style, 1);
    cli_table_done(&table);
}

static void show_result(const struct cli *cli, const json_t *answer) {
    char size[CLI_HUMAN_BYTES];
    const json_t *versions = json_object_get(answer, "versions");
    bool dry = json_is_true(json_object_get(answer, "dryRun"));
    show_versions(cli, versions);
    if (cli->style.quiet)
        return;
    cli_human_size(berth_json_integer(answer, "bytes", 0), size);
    cli_line(stdout, "%s %zu versions (%" PRId64 " stay) and %" PRId64 " blobs, %s",
             dry ? "would remove" : "removed", json_array_size(versions),
             (int64_t)berth_json_integer(answer, "kept", 0),
             (int64_t)berth_json_integer(answer, "blobs", 0), size);
    if (dry)
        cli_line(stdout, "nothing was removed; with --yes it is");
}

static enum berth_code read_option(const struct cli *cli, enum cli_option option, const char *key,
                                   json_t *body, struct berth_error *error) {
    const char *text = cli->args.option[option];
    int64_t number = 0;
    if (!text)
        return BERTH_OK;
    enum berth_code code = cli_number_parse(cli_option_specs[option].name, text, &number, error);
    if (code == BERTH_OK)
        (void)json_object_set_new(body, key, json_integer((json_int_t)number));
    return code;
}

static enum berth_exit send_gc(struct cli *cli, const json_t *body) {
    struct berth_error error = {0};
    char *text = berth_json_text(body);
    if (!text) {
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    struct cli_request request = {.method = "POST",
                                  .path = "/api/gc",
                                  .content_type = "application/json",
                                  .body = text,
                                  .expected = CLI_IF_ANY,
                                  .retry_when_busy = true,
                                  .takes_long = true};
    enum berth_exit outcome = cli_send(cli, &request, show_result);
    free(text);
    return outcome;
}

static enum berth_exit gc(struct cli *cli) {
    struct berth_error error = {0};
    json_t *body = json_pack("{sb}", "dryRun", cli->args.option[CLI_YES] == NULL);
    enum berth_code code = read_option(cli, CLI_KEEP, "keepNewest", body, &error);
    if (code == BERTH_OK)
        code = read_option(cli, CLI_DAYS, "youngerThanDays", body, &error);
    enum berth_exit outcome = code == BERTH_OK ? send_gc(cli, body) : cli_report(cli, &error);
    json_decref(body);
    return outcome;
}

const struct cli_command cli_command_gc = {
    .name = "gc",
    .args = "",
    .summary = "remove old versions, and files that no version has",
    .help = "Tells what would be removed; with --yes it is removed. Without --keep and --days no\n"
            "version goes, only files that no version has any more.\n"
            "\n"
            "With one of them or both, a version stays when it is live, when it is the way back,\n"
            "when it is among the newest N of its module (--keep), or when it was uploaded in\n"
            "the last N days (--days). Every other version is removed for good.",
    .options =
        {
            {CLI_KEEP, "the newest N versions of each module stay"},
            {CLI_DAYS, "versions of the last N days stay"},
            {CLI_YES, "do it"},
        },
    .examples = "  berth gc\n"
                "  berth gc --keep 10 --days 30\n"
                "  berth gc --keep 10 --days 30 --yes\n",
    .run = gc,
};
