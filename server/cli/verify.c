/* `berth verify`: looks at a data directory that no server has. */
#include "check.h"
#include "command.h"
#include "format.h"

#include "berth/json.h"
#include <inttypes.h>

static void show_list(const json_t *list, const char *kind) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        const char *where = berth_json_string(item, "where");
        const char *hint = berth_json_string(item, "hint");
        const char *text = berth_json_string(item, "text");
        const char *rule = berth_json_string(item, "rule");
        cli_line(stdout, "%s: %s%s%s%s%s (%s)", kind, where ? where : "", where ? ": " : "",
                 text ? text : "", hint ? "; " : "", hint ? hint : "", rule ? rule : "");
    }
}

static void show_notes(const struct cli_check *check) {
    char size[CLI_HUMAN_BYTES];
    show_list(check->notes, "note");
    cli_human_size(check->orphan_bytes, size);
    if (check->orphans)
        cli_line(stdout,
                 "note: %" PRId64 " blobs (%s) that no version names; berth gc removes them",
                 check->orphans, size);
}

static json_t *check_json(const struct cli_check *check) {
    return json_pack("{sb sI sI sI sI sI sI sI sI sI sO sO sO}", "sound",
                     json_array_size(check->faults) == 0, "modules", (json_int_t)check->modules,
                     "versions", (json_int_t)check->versions, "files", (json_int_t)check->files,
                     "blobs", (json_int_t)check->blobs, "bytes", (json_int_t)check->bytes, "schema",
                     (json_int_t)check->schema, "orphans", (json_int_t)check->orphans,
                     "orphanBytes", (json_int_t)check->orphan_bytes, "temporaries",
                     (json_int_t)check->temporaries, "faults", check->faults, "notes", check->notes,
                     "repaired", check->repaired);
}

enum berth_exit cli_show_check(const struct cli *cli, const struct cli_check *check) {
    char size[CLI_HUMAN_BYTES];
    size_t faults = json_array_size(check->faults);
    enum berth_exit outcome = faults ? BERTH_EXIT_FAILED : BERTH_EXIT_OK;
    if (cli->style.json) {
        json_t *json = check_json(check);
        bool printed = json && cli_print_json(&cli->style, json);
        json_decref(json);
        return printed ? outcome : BERTH_EXIT_FAILED;
    }
    show_list(check->repaired, "repaired");
    show_list(check->faults, "fault");
    if (cli->style.quiet)
        return outcome;
    show_notes(check);
    cli_human_size(check->bytes, size);
    cli_line(stdout,
             "%s: %" PRId64 " modules, %" PRId64 " versions, %" PRId64 " files, %" PRId64
             " blobs, %s",
             faults ? "not sound" : "sound", check->modules, check->versions, check->files,
             check->blobs, size);
    return outcome;
}

static enum berth_exit verify(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_check check;
    const char *directory = cli->args.option[CLI_DATA];
    enum berth_exit outcome = BERTH_EXIT_FAILED;
    if (!directory) {
        berth_fail(&error, BERTH_INVALID, "usage", "berth verify needs --data DIR");
        return cli_report(cli, &error);
    }
    if (cli_check_data(directory, cli->args.option[CLI_REPAIR] != NULL, &check, &error) ==
        BERTH_OK) {
        outcome = cli_show_check(cli, &check);
    } else {
        berth_error_hint(&error, "--data takes the folder that berth serve was given");
        outcome = cli_report(cli, &error);
    }
    cli_check_done(&check);
    return outcome;
}

const struct cli_command cli_command_verify = {
    .name = "verify",
    .args = "",
    .summary = "look whether a data directory is sound (the server must be stopped)",
    .help = "Reads everything in a data directory: every blob must hold the bytes that its name\n"
            "says, every file of every version and every variant must have its blob, what is\n"
            "live must be complete, the database must be in order, and nothing foreign may lie\n"
            "there. Each fault is a line that says what, where, and what to do.\n"
            "\n"
            "Nothing changes, but by --repair. A database of an older berth is told of, and read\n"
            "into memory. A server that runs holds the directory (exit code 6). berth backup\n"
            "checks every blob of a running server; a backup that was restored can be verified\n"
            "too.\n"
            "\n"
            "exit code 0: sound; 1: faults, or it could not be read; 2: wrong command line",
    .options =
        {
            {CLI_DATA, "the data directory"},
            {CLI_REPAIR, "move damaged blobs to DIR/damaged and forget damaged\n"
                         "variants; pushing the same contents again then heals"},
        },
    .examples = "  berth verify --data /var/lib/berth\n"
                "  berth verify --data /var/lib/berth --repair\n",
    .offline = true,
    .run = verify,
};
