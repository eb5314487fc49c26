/* `berth restore`: a new data directory from a backup. */
#include "backup_file.h"
#include "check.h"
#include "command.h"

#include "berth/json.h"
#include <fcntl.h>
#include <unistd.h>

/* Sound or not, what was in the backup is there now; only a directory that is not whole stays
 * refused. */
static enum berth_code restore_into(struct berth_store *store, int fd, const struct cli *cli,
                                    struct cli_check *ret_check, struct berth_error *error) {
    struct cli_backup_file file;
    struct cli_progress progress;
    cli_progress_begin(&progress, &cli->style, "restoring");
    enum berth_code code = cli_backup_file_read(fd, store, &progress, &file, error);
    cli_progress_end(&progress);
    cli_backup_file_done(&file);
    if (code == BERTH_OK)
        code = cli_check_new(store, ret_check, error);
    return code == BERTH_OK ? berth_store_complete(store, error) : code;
}

static enum berth_code restore_file(const char *path, const char *directory, const struct cli *cli,
                                    struct cli_check *ret_check, struct berth_error *error) {
    struct berth_store *store = NULL;
    enum berth_code code = BERTH_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        code = berth_fail_errno(error, "backup-file", "cannot open the backup");
        berth_error_where(error, "%s", path);
        return code;
    }
    code = berth_store_create(directory, &store, error);
    if (code == BERTH_OK) {
        code = restore_into(store, fd, cli, ret_check, error);
        berth_error_where(error, "%s", path);
    }
    berth_store_close(store);
    close(fd);
    return code;
}

static enum berth_exit restore(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_check check = {0};
    const char *directory = cli->args.option[CLI_DATA];
    enum berth_exit outcome;
    if (!directory) {
        berth_fail(&error, BERTH_INVALID, "usage", "berth restore needs --data DIR");
        return cli_report(cli, &error);
    }
    if (restore_file(cli->words[0], directory, cli, &check, &error) == BERTH_OK) {
        outcome = cli_show_check(cli, &check);
        if (!cli->style.json && !cli->style.quiet) {
            cli_line(stdout, "next: berth serve --data %s", directory);
            cli_line(stdout, "the tokens of the old server work; it has no admin.token");
        }
    } else {
        outcome = cli_report(cli, &error);
    }
    cli_check_done(&check);
    return outcome;
}

const struct cli_command cli_command_restore = {
    .name = "restore",
    .args = "<file>",
    .min_words = 1,
    .max_words = 1,
    .summary = "make a data directory from a backup",
    .help = "Makes a data directory from a file that berth backup wrote. The directory must be\n"
            "empty or not there yet (else exit code 6). Every blob is held against its digest,\n"
            "and then all is looked at as berth verify does. A restore that did not end leaves a\n"
            "directory that no server takes: empty it, then restore again.",
    .options = {{CLI_DATA, "the new data directory"}},
    .examples = "  berth restore /backups/berth-2026-11-20.tar --data /var/lib/berth\n",
    .offline = true,
    .run = restore,
};
