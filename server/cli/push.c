#include "command.h"

#include "format.h"

#include "berth/bundle.h"
#include "berth/digest.h"
#include "berth/json.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 4096, MAGIC_BYTES = 264, DIGEST_TEXT_BYTES = 64 };

/* What is sent. */
struct archive {
    int fd;
    int64_t bytes;
    const char *content_type;
    char repr_digest[DIGEST_TEXT_BYTES];
};

/* An unnamed file: nothing remains of it, however the program ends. */
static int open_scratch(void) {
    const char *folder = cli_environment("TMPDIR");
    folder = folder ? folder : "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    /* A file system without O_TMPFILE. */
    char *path = NULL;
    if (asprintf(&path, "%s/berth-push-XXXXXX", folder) < 0)
        return -1;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    free(path);
    return fd;
}

static void on_packed(int64_t bytes, void *context) {
    cli_progress_step(context, bytes, 0);
}

static enum berth_code pack(const struct cli *cli, const char *directory, int *ret_fd,
                            struct berth_error *error) {
    int fd = open_scratch();
    if (fd < 0) {
        berth_fail_errno(error, "scratch", "cannot make a temporary file to pack into");
        berth_error_hint(error, "set TMPDIR to a folder that can be written");
        return error->code;
    }
    struct cli_progress progress;
    cli_progress_begin(&progress, &cli->style, "packing");
    enum berth_code code = berth_bundle_pack(directory, fd, on_packed, &progress, error);
    cli_progress_end(&progress);
    if (code == BERTH_OK)
        *ret_fd = fd;
    else
        close(fd);
    return code;
}

static enum berth_code fail_path(struct berth_error *error, const char *path, const char *text) {
    berth_fail_errno(error, "archive", "%s", text);
    berth_error_where(error, "%s", path);
    berth_error_hint(error, "give a built directory, or a .tar.gz, .tar.zst, .tar or .zip of one");
    return error->code;
}

/* The directory packed, or the file itself. */
static enum berth_code open_archive(const struct cli *cli, const char *path, struct archive *ret,
                                    struct berth_error *error) {
    struct stat info;
    if (stat(path, &info) != 0)
        return fail_path(error, path, "there is nothing to push");
    if (S_ISDIR(info.st_mode)) {
        enum berth_code code = pack(cli, path, &ret->fd, error);
        if (code != BERTH_OK)
            return code;
    } else if (S_ISREG(info.st_mode)) {
        ret->fd = open(path, O_RDONLY | O_CLOEXEC);
    } else {
        errno = EINVAL;
        return fail_path(error, path, "neither a directory nor a file");
    }
    if (ret->fd < 0 || fstat(ret->fd, &info) != 0)
        return fail_path(error, path, "cannot open what is to be pushed");
    ret->bytes = info.st_size;
    if (ret->bytes == 0) {
        berth_fail(error, BERTH_REFUSED, "archive-empty", "the archive is empty");
        berth_error_where(error, "%s", path);
        return BERTH_REFUSED;
    }
    return BERTH_OK;
}

static const char *content_type_of(const unsigned char *magic, size_t length) {
    static const struct {
        size_t offset;
        const char *bytes;
        const char *type;
    } kinds[] = {
        {0, "\x1f\x8b", "application/gzip"},
        {0, "PK\x03\x04", "application/zip"},
        {0, "\x28\xb5\x2f\xfd", "application/zstd"},
        {257, "ustar", "application/x-tar"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t want = strlen(kinds[i].bytes);
        if (kinds[i].offset + want <= length &&
            memcmp(magic + kinds[i].offset, kinds[i].bytes, want) == 0)
            return kinds[i].type;
    }
    return "application/octet-stream"; /* the server says what it thinks of it */
}

/* One pass over the file: its digest, and its kind by the first bytes. */
static enum berth_code examine(struct archive *archive, struct berth_error *error) {
    unsigned char data[READ_BYTES];
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    if (!hasher)
        return berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    int64_t offset = 0;
    while (offset < archive->bytes) {
        ssize_t got = pread(archive->fd, data, sizeof data, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            berth_hasher_destroy(hasher);
            return berth_fail_errno(error, "archive", "cannot read the archive");
        }
        if (offset == 0)
            archive->content_type = content_type_of(data, (size_t)got);
        berth_hasher_add(hasher, data, (size_t)got);
        offset += got;
    }
    unsigned char digest[BERTH_SHA256_BYTES];
    char base64[DIGEST_TEXT_BYTES];
    berth_hasher_finish(hasher, digest);
    berth_hasher_destroy(hasher);
    berth_base64(digest, sizeof digest, base64);
    snprintf(archive->repr_digest, sizeof archive->repr_digest, "sha-256=:%.44s:", base64);
    return BERTH_OK;
}

static char *push_path(const struct cli *cli, const struct cli_target *target) {
    const char *reason = cli->args.option[CLI_REASON];
    bool activate = cli->args.option[CLI_ACTIVATE] != NULL;
    char *version = cli_url_escape(target->version);
    char *escaped = cli_url_escape(reason ? reason : "");
    char *path = NULL;
    if (version && escaped &&
        asprintf(&path, "/api/modules/%s/versions/%s%s%s%s", target->module, version,
                 activate ? "?activate=true" : "", reason ? "&reason=" : "", escaped) < 0)
        path = NULL;
    free(version);
    free(escaped);
    return path;
}

/* "react ^18.2.0, lodash 4.17.21", or "./Header, ./Nav". */
static void show_list(const char *field, const json_t *list) {
    struct berth_buffer text;
    size_t i;
    const json_t *item;
    berth_buffer_init(&text, 4096);
    json_array_foreach(list, i, item) {
        const char *name = berth_json_string(item, "name");
        const char *version = berth_json_string(item, "version");
        version = version ? version : berth_json_string(item, "requiredVersion");
        berth_buffer_printf(&text, "%s%s%s%s", i > 0 ? ", " : "", name ? name : "?",
                            version ? " " : "", version ? version : "");
    }
    if (text.failed)
        cli_field(field, "%zu", json_array_size(list));
    else if (text.length > 0)
        cli_field(field, "%s", text.data);
    berth_buffer_done(&text);
}

static void show_detected(const json_t *answer) {
    const char *url = berth_json_string(answer, "url");
    const char *format = berth_json_string(answer, "format");
    const char *entry = berth_json_string(answer, "entry");
    const char *container = berth_json_string(answer, "container");
    if (url)
        cli_field("url", "%s", url);
    if (format)
        cli_field("format", "%s", format);
    if (entry)
        cli_field("entry", "%s", entry);
    if (container)
        cli_field("container", "%s", container);
    show_list("exposes", json_object_get(answer, "exposes"));
    show_list("shared", json_object_get(answer, "shared"));
}

static void show_warnings(const struct cli *cli, const json_t *answer) {
    size_t i;
    const json_t *warning;
    json_array_foreach(json_object_get(answer, "warnings"), i, warning) {
        const char *text = berth_json_string(warning, "text");
        const char *rule = berth_json_string(warning, "rule");
        cli_warn(&cli->style, "%s (%s)", text ? text : "no text", rule ? rule : "no rule");
    }
}

static void show_next(const struct cli_target *target, const json_t *answer) {
    const char *previous = berth_json_string(answer, "previous");
    json_int_t generation = berth_json_integer(answer, "generation", -1);
    if (!json_is_true(json_object_get(answer, "live"))) {
        cli_line(stdout, "next: berth activate %s@%s", target->module, target->version);
    } else if (generation < 0) {
        cli_line(stdout, "it is live");
    } else {
        cli_line(stdout, "it is live, generation %" PRId64, (int64_t)generation);
        if (previous)
            cli_line(stdout, "way back to %s: berth rollback %s", previous, target->module);
    }
}

static void show_push(const struct cli *cli, const struct cli_target *target, long status,
                      const json_t *answer) {
    char size[CLI_HUMAN_BYTES];
    show_warnings(cli, answer);
    if (cli->style.quiet)
        return;
    cli_human_size(berth_json_integer(answer, "bytes", 0), size);
    cli_line(
        stdout,
        status == 201 ? "uploaded %s@%s: %" PRId64 " files, %s"
                      : "%s@%s was there already, with the same contents: %" PRId64 " files, %s",
        target->module, target->version, (int64_t)berth_json_integer(answer, "files", 0), size);
    show_detected(answer);
    show_next(target, answer);
}

static enum berth_exit send_archive(struct cli *cli, const struct cli_target *target,
                                    const struct archive *archive) {
    struct berth_error error = {0};
    char *path = push_path(cli, target);
    if (!path) {
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    struct cli_progress progress;
    cli_progress_begin(&progress, &cli->style, "uploading");
    struct cli_request request = {
        .method = "PUT",
        .path = path,
        .content_type = archive->content_type,
        .body_fd = archive->fd,
        .body_bytes = archive->bytes,
        .repr_digest = archive->repr_digest,
        .expected = CLI_IF_ANY,
        .progress = &progress,
        .retry_when_busy = true,
    };
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && !cli->style.json)
        show_push(cli, target, status, answer);
    json_decref(answer);
    free(path);
    return outcome;
}

static enum berth_exit push(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_target target;
    struct archive archive = {.fd = -1};
    if (cli->args.option[CLI_REASON] && !cli->args.option[CLI_ACTIVATE])
        berth_fail(&error, BERTH_INVALID, "usage", "--reason goes with --activate");
    enum berth_exit outcome;
    if (error.code != BERTH_OK || cli_target_parse(cli->words[0], &target, &error) != BERTH_OK ||
        open_archive(cli, cli->words[1], &archive, &error) != BERTH_OK ||
        examine(&archive, &error) != BERTH_OK)
        outcome = cli_report(cli, &error);
    else
        outcome = send_archive(cli, &target, &archive);
    if (archive.fd >= 0)
        close(archive.fd);
    return outcome;
}

const struct cli_command cli_command_push = {
    .name = "push",
    .args = "<module>@<version> <dir|archive>",
    .min_words = 2,
    .max_words = 2,
    .summary = "upload a build as a version that never changes again",
    .help = "Uploads a build as a version of a module. A directory is packed first (the same\n"
            "files always give the same bytes); a .tar.gz, .tar.zst, .tar or .zip is sent as\n"
            "it is. Nothing that is live changes, unless --activate is given.\n"
            "\n"
            "Pushing the same contents again is fine; other contents under a version that\n"
            "exists are refused (exit code 6): give them a new version.",
    .options =
        {
            {CLI_ACTIVATE, "make it live at once"},
            {CLI_REASON, "with --activate: why, for the history"},
        },
    .examples = "  berth push header-app@1.1.0 ./dist\n"
                "  berth push @shop/cart@2.0.0-rc.1 cart.tar.gz\n"
                "  berth push header-app@1.1.1 ./dist --activate --reason \"fix the login link\"\n",
    .run = push,
};
