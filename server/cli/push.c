#include "archive.h"
#include "changes.h"
#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An npm package says itself what it is: `target` NULL. */
static char *push_path(const struct cli *cli, const struct cli_target *target) {
    const char *reason = cli->args.option[CLI_REASON];
    bool activate = cli->args.option[CLI_ACTIVATE] != NULL;
    bool force = cli->args.option[CLI_FORCE] != NULL;
    char *version = cli_url_escape(target ? target->version : "");
    char *escaped = cli_url_escape(reason ? reason : "");
    char *path = NULL;
    if (version && escaped &&
        asprintf(&path, "/api/%s%s%s%s%s%s%s%s", target ? "modules/" : "bundles",
                 target ? target->module : "", target ? "/versions/" : "", version,
                 activate ? "?activate=true" : "", force ? "&force=true" : "",
                 reason ? "&reason=" : "", escaped) < 0)
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

static void show_next(const char *module, const char *version, const json_t *answer) {
    const char *previous = berth_json_string(answer, "previous");
    json_int_t generation = berth_json_integer(answer, "generation", -1);
    if (!json_is_true(json_object_get(answer, "live"))) {
        cli_line(stdout, "next: berth activate %s@%s", module, version);
    } else if (generation < 0) {
        cli_line(stdout, "it is live");
    } else {
        cli_line(stdout, "it is live, generation %" PRId64, (int64_t)generation);
        if (previous && strcmp(previous, version) != 0) /* else it was live already */
            cli_line(stdout, "way back to %s: berth rollback %s", previous, module);
    }
}

static void show_push(const char *module, const char *version, long status, const json_t *answer) {
    char size[CLI_HUMAN_BYTES];
    cli_human_size(berth_json_integer(answer, "bytes", 0), size);
    cli_line(stdout,
             status == 201 ? "uploaded %s@%s: %" PRId64 " files, %s"
                           : "%s@%s was there already, with the same contents: %" PRId64
                             " files, %s",
             module, version, (int64_t)berth_json_integer(answer, "files", 0), size);
    show_detected(answer);
}

static void tell(struct cli *cli, const struct cli_target *target, long status, json_t *answer) {
    const char *module = target ? target->module : berth_json_string(answer, "module");
    const char *version = target ? target->version : berth_json_string(answer, "version");
    bool speaks = !cli->style.json && !cli->style.quiet;
    module = module ? module : "?";
    version = version ? version : "?";
    if (!cli->style.json)
        show_warnings(cli, answer);
    if (speaks)
        show_push(module, version, status, answer);
    cli_push_changes(cli, module, answer);
    if (speaks)
        show_next(module, version, answer);
    if (cli->style.json)
        cli_print_json(&cli->style, answer);
}

static void show_report(const struct cli *cli, const json_t *answer) {
    bool live = json_is_true(json_object_get(answer, "live"));
    cli_show_compat(cli, json_object_get(answer, "compatibility"),
                    live ? "it was forced, and breaks:"
                         : "if it goes live, it breaks what is live now:");
}

static enum berth_exit send_archive(struct cli *cli, const struct cli_target *target,
                                    const struct cli_archive *archive) {
    struct berth_error error = {0};
    char *path = push_path(cli, target);
    if (!path) {
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    struct cli_progress progress;
    cli_progress_begin(&progress, &cli->style, "uploading");
    struct cli_request request = {
        .method = target ? "PUT" : "POST",
        .path = path,
        .content_type = archive->content_type,
        .body_fd = archive->fd,
        .body_bytes = archive->bytes,
        .repr_digest = archive->repr_digest,
        .expected = CLI_IF_ANY,
        .progress = &progress,
        .retry_when_busy = true,
        .keeps_answer = true,
    };
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK)
        tell(cli, target, status, answer);
    else if (outcome == BERTH_EXIT_BREAKS && !cli->style.json && !cli->style.quiet)
        cli_line(stderr, "it is uploaded; what was live still is");
    if (outcome == BERTH_EXIT_OK)
        show_report(cli, answer);
    json_decref(answer);
    free(path);
    return outcome;
}

static enum berth_exit push(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_target target;
    struct cli_archive archive;
    bool named = cli->word_count > 1;
    if (cli->args.option[CLI_REASON] && !cli->args.option[CLI_ACTIVATE])
        berth_fail(&error, BERTH_INVALID, "usage", "--reason goes with --activate");
    if (cli->args.option[CLI_FORCE] && !cli->args.option[CLI_ACTIVATE])
        berth_fail(&error, BERTH_INVALID, "usage", "--force goes with --activate");
    (void)cli_force_check(cli, &error);
    if (!named && access(cli->words[0], F_OK) != 0 &&
        cli_target_parse(cli->words[0], &target, NULL) == BERTH_OK) {
        berth_fail(&error, BERTH_INVALID, "usage", "what is to be pushed as %s is missing",
                   cli->words[0]);
        berth_error_hint(&error, "name the built directory, or an archive: berth push %s ./dist",
                         cli->words[0]);
    }
    if (error.code != BERTH_OK ||
        (named && cli_target_parse(cli->words[0], &target, &error) != BERTH_OK) ||
        cli_archive_open(cli->words[named], &cli->style, &archive, &error) != BERTH_OK)
        return cli_report(cli, &error);
    enum berth_exit outcome = send_archive(cli, named ? &target : NULL, &archive);
    cli_archive_close(&archive);
    return outcome;
}

const struct cli_command cli_command_push = {
    .name = "push",
    .args = "[<module>@<version>] <dir|archive>",
    .min_words = 1,
    .max_words = 2,
    .summary = "upload a build as a version that never changes again",
    .help = "Uploads a build as a version of a module. A directory is packed first (the same\n"
            "files always give the same bytes); a .tar.gz, .tar.zst, .tar or .zip is sent as\n"
            "it is. Nothing that is live changes, unless --activate is given.\n"
            "\n"
            "What npm pack makes says itself what it is: without <module>@<version> the name\n"
            "and the version of its package.json are taken.\n"
            "\n"
            "Pushing the same contents again is fine; other contents under a version that\n"
            "exists are refused (exit code 6): give them a new version.\n"
            "\n"
            "What changed since the version that is live (with --activate: was live) is summed\n"
            "up: files with their sizes, exposes and shared packages. With --json it is the\n"
            "member \"changes\" (null when nothing was live). What would break if it went live,\n"
            "or breaks as it was forced, is told.",
    .options =
        {
            {CLI_ACTIVATE, "make it live at once"},
            {CLI_REASON, "with --activate: why, for the history"},
            {CLI_FORCE, "with --activate: though it breaks what is live (exit\n"
                        "code 9); needs --reason"},
            {CLI_VERBOSE, "each file that changed, as berth diff tells it"},
        },
    .examples = "  berth push header-app@1.1.0 ./dist\n"
                "  berth push shop-cart-2.0.0.tgz\n"
                "  berth push @shop/cart@2.0.0-rc.1 cart.tar.gz\n"
                "  berth push header-app@1.1.1 ./dist --activate --reason \"fix the login link\"\n",
    .run = push,
};
