/* `berth backup`: all that a running server has, into one file. */
#include "backup_file.h"
#include "command.h"
#include "format.h"

#include "berth/json.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum berth_code fail_file(struct berth_error *error, const char *path, const char *text) {
    berth_fail_errno(error, "backup-file", "%s", text);
    berth_error_where(error, "%s", path);
    return error->code;
}

/* A backup that is there may be the only good one. */
static enum berth_code check_free(const char *path, struct berth_error *error) {
    struct stat status;
    if (lstat(path, &status) != 0 && errno == ENOENT)
        return BERTH_OK;
    berth_fail(error, BERTH_CONFLICT, "backup-exists", "there is such a file already");
    berth_error_where(error, "%s", path);
    berth_error_hint(error, "name another one, or remove it first");
    return BERTH_CONFLICT;
}

static enum berth_code make_part(const char *path, char **ret_path, int *ret_fd,
                                 struct berth_error *error) {
    enum berth_code code = check_free(path, error);
    if (code != BERTH_OK)
        return code;
    if (asprintf(ret_path, "%s.part-XXXXXX", path) < 0) {
        *ret_path = NULL;
        return berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    }
    *ret_fd = mkostemp(*ret_path, O_CLOEXEC);
    return *ret_fd >= 0 ? BERTH_OK : fail_file(error, path, "cannot make the file");
}

static enum berth_code sync_folder_of(const char *path, struct berth_error *error) {
    char *copy = strdup(path);
    char *slash = copy ? strrchr(copy, '/') : NULL;
    if (!copy)
        return berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    if (slash)
        slash[slash == copy] = '\0';
    int fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    enum berth_code code = good ? BERTH_OK : fail_file(error, path, "cannot sync its folder");
    if (fd >= 0)
        close(fd);
    free(copy);
    return code;
}

static enum berth_code publish(int fd, const char *part, const char *path,
                               struct berth_error *error) {
    if (fsync(fd) != 0)
        return fail_file(error, path, "cannot sync the file");
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
        return fail_file(error, path, "cannot name the file");
    return sync_folder_of(path, error);
}

static enum berth_exit show_backup(const struct cli *cli, const char *path,
                                   const struct cli_backup_file *file) {
    char size[CLI_HUMAN_BYTES];
    json_int_t damaged = berth_json_integer(file->manifest, "damagedCount", 0);
    if (cli->style.json)
        cli_print_json(&cli->style, file->manifest);
    if (damaged)
        cli_warn(&cli->style,
                 "%" PRId64 " blobs are damaged or missing on the server, so they are not in it; "
                 "push those versions again (the manifest in it and the server's log name them)",
                 (int64_t)damaged);
    cli_human_size(file->bytes, size);
    if (!cli->style.json && !cli->style.quiet) {
        cli_line(stdout, "backed up to %s: %" PRId64 " blobs, %s, all checked", path, file->blobs,
                 size);
        cli_line(stdout, "restore it with: berth restore %s --data DIR", path);
    }
    return damaged ? BERTH_EXIT_FAILED : BERTH_EXIT_OK;
}

static enum berth_exit check_and_publish(struct cli *cli, int fd, const char *part,
                                         const char *path) {
    struct berth_error error = {0};
    struct cli_backup_file file;
    struct cli_progress progress;
    cli_progress_begin(&progress, &cli->style, "checking");
    enum berth_code code = cli_backup_file_read(fd, NULL, &progress, &file, &error);
    cli_progress_end(&progress);
    if (code == BERTH_OK)
        code = publish(fd, part, path, &error);
    enum berth_exit outcome =
        code == BERTH_OK ? show_backup(cli, path, &file) : cli_report(cli, &error);
    cli_backup_file_done(&file);
    return outcome;
}

static enum berth_exit fetch(struct cli *cli, int fd) {
    struct cli_progress progress;
    json_t *answer = NULL;
    long status;
    cli_progress_begin(&progress, &cli->style, "fetching");
    struct cli_request request = {.method = "GET",
                                  .path = "/api/backup",
                                  .into_file = true,
                                  .into_fd = fd,
                                  .expected = CLI_IF_ANY,
                                  .progress = &progress};
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    json_decref(answer);
    return outcome;
}

static enum berth_exit backup(struct cli *cli) {
    struct berth_error error = {0};
    const char *path = cli->words[0];
    char *part = NULL;
    int fd = -1;
    if (make_part(path, &part, &fd, &error) != BERTH_OK) {
        free(part);
        return cli_report(cli, &error);
    }
    enum berth_exit outcome = fetch(cli, fd);
    if (outcome == BERTH_EXIT_OK)
        outcome = check_and_publish(cli, fd, part, path);
    (void)unlink(part); /* it has its name, or is not wanted */
    close(fd);
    free(part);
    return outcome;
}

const struct cli_command cli_command_backup = {
    .name = "backup",
    .args = "<file>",
    .min_words = 1,
    .max_words = 1,
    .summary = "copy all that a running server has into one file",
    .help = "Takes a consistent copy of the server's database and every blob that it names, as a\n"
            "tar. The server goes on serving and taking uploads. The file gets its name when it\n"
            "is whole, checked and on the disk. Blobs that are damaged on the server are left\n"
            "out and told of (exit code 1).\n"
            "\n"
            "admin.token is not in it; the tokens themselves go on working after a restore. The\n"
            "file is as secret as the server's data directory.",
    .examples = "  berth backup /backups/berth-$(date +%F).tar\n",
    .run = backup,
};
