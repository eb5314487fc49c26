#include "command.h"

#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>

static enum berth_exit show_modules(const struct cli *cli, const json_t *answer) {
    static const struct cli_column columns[] = {
        {"MODULE", false}, {"LIVE", false},    {"SINCE", false},
        {"BY", false},     {"VERSIONS", true}, {"GENERATION", true},
    };
    const json_t *modules = json_object_get(answer, "modules");
    struct cli_table table;
    size_t i;
    const json_t *module;
    if (json_array_size(modules) == 0 && !cli->style.quiet) {
        cli_line(stderr, "no module yet; push one: berth push header-app@1.0.0 ./dist");
        return BERTH_EXIT_OK;
    }
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    json_array_foreach(modules, i, module) {
        const json_t *live = json_object_get(module, "live");
        char since[48];
        cli_time_text(&cli->style, berth_json_string(live, "since"), since);
        cli_table_add(&table, berth_json_string(module, "name"));
        cli_table_add(&table, berth_json_string(live, "version"));
        cli_table_add(&table, since);
        cli_table_add(&table, berth_json_string(live, "by"));
        cli_table_number(&table, berth_json_integer(module, "versions", 0));
        if (json_is_object(live))
            cli_table_number(&table, berth_json_integer(live, "generation", 0));
        else
            cli_table_add(&table, NULL);
    }
    return cli_table_finish(cli, &table, 0);
}

static enum berth_exit show_history(const struct cli *cli, const json_t *answer) {
    static const struct cli_column columns[] = {
        {"GENERATION", true}, {"KIND", false}, {"VERSION", false}, {"BEFORE", false},
        {"AT", false},        {"BY", false},   {"REASON", false},
    };
    struct cli_table table;
    size_t i;
    const json_t *change;
    const json_t *history = json_object_get(answer, "history");
    if (json_array_size(history) == 0 && !cli->style.quiet) {
        cli_line(stderr, "nothing was live yet; see berth versions, then berth activate");
        return BERTH_EXIT_OK;
    }
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    json_array_foreach(history, i, change) {
        char at[48];
        cli_time_text(&cli->style, berth_json_string(change, "at"), at);
        cli_table_number(&table, berth_json_integer(change, "generation", 0));
        cli_table_add(&table, berth_json_string(change, "kind"));
        cli_table_add(&table, berth_json_string(change, "version"));
        cli_table_add(&table, berth_json_string(change, "previous"));
        cli_table_add(&table, at);
        cli_table_add(&table, berth_json_string(change, "by"));
        cli_table_add(&table, berth_json_string(change, "reason"));
    }
    enum berth_exit outcome = cli_table_finish(cli, &table, 2);
    const char *way_back = berth_json_string(answer, "wayBack");
    if (way_back && !cli->style.quiet)
        cli_line(stdout, "a rollback goes to %s", way_back);
    return outcome;
}

static enum berth_exit show_versions(const struct cli *cli, const json_t *answer) {
    static const struct cli_column columns[] = {
        {"VERSION", false}, {"LIVE", false},     {"FORMAT", false}, {"FILES", true},
        {"SIZE", true},     {"UPLOADED", false}, {"BY", false},
    };
    struct cli_table table;
    size_t i;
    const json_t *version;
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    json_array_foreach(json_object_get(answer, "versions"), i, version) {
        bool live = json_is_true(json_object_get(version, "live"));
        char size[CLI_HUMAN_BYTES];
        char uploaded[48];
        cli_human_size(berth_json_integer(version, "bytes", 0), size);
        cli_time_text(&cli->style, berth_json_string(version, "createdAt"), uploaded);
        cli_table_add(&table, berth_json_string(version, "version"));
        cli_table_add(&table, !live ? "-" : cli->style.unicode ? "●" : "live");
        cli_table_add(&table, berth_json_string(version, "format"));
        cli_table_number(&table, berth_json_integer(version, "files", 0));
        cli_table_add(&table, size);
        cli_table_add(&table, uploaded);
        cli_table_add(&table, berth_json_string(version, "createdBy"));
    }
    enum berth_exit outcome = cli_table_finish(cli, &table, 0);
    const char *before = berth_json_string(answer, "before");
    if (before)
        cli_line(stderr, "these are %zu of %" PRId64 " versions; older ones: --before %s",
                 json_array_size(json_object_get(answer, "versions")),
                 (int64_t)berth_json_integer(answer, "total", 0), before);
    return outcome;
}

/* GET /api/modules/{module}{rest}. */
static enum berth_exit get_module(struct cli *cli, const char *module, const char *rest,
                                  enum berth_exit (*show)(const struct cli *cli,
                                                          const json_t *answer)) {
    struct berth_error error = {0};
    char *path = NULL;
    if (cli_module_check(module, &error) != BERTH_OK)
        return cli_report(cli, &error);
    if (asprintf(&path, "/api/modules/%s%s", module, rest) < 0) {
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    enum berth_exit outcome = cli_get(cli, path, show);
    free(path);
    return outcome;
}

static enum berth_exit status(struct cli *cli) {
    if (cli->word_count == 0)
        return cli_get(cli, "/api/modules", show_modules);
    return get_module(cli, cli->words[0], "", show_history);
}

static enum berth_exit versions(struct cli *cli) {
    const char *before = cli->args.option[CLI_BEFORE];
    char *escaped = before ? cli_url_escape(before) : NULL;
    char *rest = NULL;
    if ((before && !escaped) ||
        asprintf(&rest, "/versions%s%s", escaped ? "?before=" : "", escaped ? escaped : "") < 0) {
        struct berth_error error = {0};
        free(escaped);
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    enum berth_exit outcome = get_module(cli, cli->words[0], rest, show_versions);
    free(rest);
    free(escaped);
    return outcome;
}

const struct cli_command cli_command_status = {
    .name = "status",
    .args = "[<module>]",
    .max_words = 1,
    .summary = "what is live, since when, by whom",
    .help = "Lists the modules with their live versions; for one module, the history of what\n"
            "was live.",
    .examples = "  berth status\n"
                "  berth status header-app\n"
                "  berth status --json | jq '.modules[].live.version'\n",
    .run = status,
};

const struct cli_command cli_command_versions = {
    .name = "versions",
    .args = "<module>",
    .min_words = 1,
    .max_words = 1,
    .summary = "the versions of a module",
    .help = "Lists the newest versions in order of upload, at most 500.",
    .options = {{CLI_BEFORE, "those that were uploaded before this one"}},
    .examples = "  berth versions header-app\n"
                "  berth versions header-app --quiet      the versions alone, for scripts\n",
    .run = versions,
};
