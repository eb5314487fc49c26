#include "command.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>

/* {"version"?, "reason"?, "force"?}; NULL and an error when a text is no UTF-8. */
static char *make_body(const struct cli *cli, const char *version, struct berth_error *error) {
    const char *reason = cli->args.option[CLI_REASON];
    json_t *body = json_object();
    bool good = body != NULL;
    if (version)
        good = good && json_object_set_new(body, "version", json_string(version)) == 0;
    if (reason)
        good = good && json_object_set_new(body, "reason", json_string(reason)) == 0;
    if (cli->args.option[CLI_FORCE])
        good = good && json_object_set_new(body, "force", json_true()) == 0;
    char *text = good ? berth_json_text(body) : NULL;
    json_decref(body);
    if (!text)
        berth_fail(error, BERTH_INVALID, "usage", "the reason is not UTF-8 text");
    return text;
}

/* After the fact, or ahead of it. */
static void show_report(const struct cli *cli, const json_t *answer) {
    bool staged = cli->command == &cli_command_stage;
    cli_show_compat(cli, json_object_get(answer, "compatibility"),
                    staged ? "if it goes live, it breaks what is live now:"
                           : "it was forced, and breaks:");
}

static void show_change(const struct cli *cli, const char *module, const json_t *answer) {
    const char *version = berth_json_string(answer, "version");
    const char *previous = berth_json_string(answer, "previous");
    int64_t generation = berth_json_integer(answer, "generation", 0);
    version = version ? version : "?";
    if (cli->command == &cli_command_stage) {
        cli_line(stdout, "%s@%s is loaded ahead by %" PRId64 " open browsers", module, version,
                 (int64_t)berth_json_integer(answer, "streams", 0));
        cli_line(stdout, "next: berth activate %s@%s", module, version);
        return;
    }
    if (json_is_false(json_object_get(answer, "changed"))) {
        cli_line(stdout, "%s@%s was live already (generation %" PRId64 "): nothing changed", module,
                 version, generation);
        return;
    }
    cli_line(stdout, "%s@%s is live (generation %" PRId64 ")%s%s", module, version, generation,
             previous ? ", before it " : "", previous ? previous : "");
    if (previous && cli->command == &cli_command_activate)
        cli_line(stdout, "way back: berth rollback %s", module);
}

/* What is sent to change what is live, and where. */
struct change {
    const char *method;
    const char *action; /* the last segment of the path */
    const char *module;
    const char *version; /* may be NULL */
    bool retry_when_busy;
};

static enum berth_code prepare(const struct cli *cli, const struct change *change,
                               struct cli_request *ret, char **ret_path, char **ret_body,
                               struct berth_error *error) {
    const char *expected = cli->args.option[CLI_IF_GENERATION];
    int64_t generation = CLI_IF_ANY;
    if (expected && cli_number_parse("if-generation", expected, &generation, error) != BERTH_OK)
        return error->code;
    if (cli_force_check(cli, error) != BERTH_OK)
        return error->code;
    char *body = make_body(cli, change->version, error);
    if (!body)
        return error->code;
    char *path = NULL;
    if (asprintf(&path, "/api/modules/%s/%s", change->module, change->action) < 0) {
        free(body);
        return berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    }
    *ret = (struct cli_request){
        .method = change->method,
        .path = path,
        .content_type = "application/json",
        .body = body,
        .expected = generation,
        .retry_when_busy = change->retry_when_busy,
    };
    *ret_path = path;
    *ret_body = body;
    return BERTH_OK;
}

static enum berth_exit send_change(struct cli *cli, const struct change *change) {
    struct berth_error error = {0};
    struct cli_request request;
    char *path = NULL;
    char *body = NULL;
    if (prepare(cli, change, &request, &path, &body, &error) != BERTH_OK)
        return cli_report(cli, &error);
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && !cli->style.json && !cli->style.quiet)
        show_change(cli, change->module, answer);
    if (outcome == BERTH_EXIT_OK)
        show_report(cli, answer);
    json_decref(answer);
    free(path);
    free(body);
    return outcome;
}

static enum berth_exit activate(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_target target;
    if (cli_target_parse(cli->words[0], &target, &error) != BERTH_OK)
        return cli_report(cli, &error);
    return send_change(cli, &(struct change){
                                .method = "PUT",
                                .action = "live",
                                .module = target.module,
                                .version = target.version,
                                .retry_when_busy = true,
                            });
}

/* `module version` is taken as well as `module@version`. */
static enum berth_exit stage(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_target target;
    char text[sizeof target.module + sizeof target.version + 1];
    if (cli->words[1])
        (void)snprintf(text, sizeof text, "%s@%s", cli->words[0], cli->words[1]);
    else
        (void)snprintf(text, sizeof text, "%s", cli->words[0]);
    if (cli_target_parse(text, &target, &error) != BERTH_OK)
        return cli_report(cli, &error);
    return send_change(cli, &(struct change){
                                .method = "POST",
                                .action = "stage",
                                .module = target.module,
                                .version = target.version,
                                .retry_when_busy = true,
                            });
}

static enum berth_exit rollback(struct cli *cli) {
    struct berth_error error = {0};
    struct cli_target target;
    const char *module = cli->words[0];
    const char *version = cli->args.option[CLI_TO];
    if (cli_target_parse(module, &target, NULL) == BERTH_OK) {
        berth_fail(&error, BERTH_INVALID, "usage", "rollback takes a module, not a version of one");
        berth_error_hint(&error, "write berth rollback %s --to %s", target.module, target.version);
    } else if (berth_module_name_check(module, &error) != BERTH_OK) {
        berth_error_where(&error, "%s", module);
    } else if (version && berth_semver_check(version, &error) != BERTH_OK) {
        berth_error_where(&error, "--to %s", version);
    }
    if (error.code != BERTH_OK)
        return cli_report(cli, &error);
    /* Without a version, a second one would go a step further back. */
    return send_change(cli, &(struct change){
                                .method = "POST",
                                .action = "rollback",
                                .module = module,
                                .version = version,
                                .retry_when_busy = version != NULL,
                            });
}

const struct cli_command cli_command_activate = {
    .name = "activate",
    .args = "<module>@<version>",
    .min_words = 1,
    .max_words = 1,
    .summary = "make a version live, on open pages too",
    .help = "Makes a version what pages get. Pages that are open swap to it without a reload.\n"
            "What was live before stays the way back.\n"
            "\n"
            "What would break in pages that work now (an expose that is gone and used, say) is\n"
            "not activated (exit code 9), unless it is forced with a reason.",
    .options =
        {
            {CLI_REASON, "why, for the history"},
            {CLI_FORCE, "go live though it breaks what is live; needs --reason"},
            {CLI_IF_GENERATION, "only if the live version has this generation (see\n"
                                "berth status); 0: only if nothing is live"},
        },
    .examples = "  berth activate header-app@1.1.0\n"
                "  berth activate @shop/cart@2.0.0 --if-generation 41 --reason \"release 2\"\n",
    .run = activate,
};

const struct cli_command cli_command_stage = {
    .name = "stage",
    .args = "<module>@<version>",
    .min_words = 1,
    .max_words = 2,
    .summary = "have open pages load a version ahead of its activation",
    .help = "Open pages load the version in the background and go on showing what is live. An\n"
            "activation then swaps without waiting for the network. Nothing else changes. What\n"
            "the activation would break is told.",
    .examples = "  berth stage header-app@1.1.0 && berth activate header-app@1.1.0\n",
    .run = stage,
};

const struct cli_command cli_command_rollback = {
    .name = "rollback",
    .args = "<module>",
    .min_words = 1,
    .max_words = 1,
    .summary = "make live again what was live before",
    .help = "Goes back to what was live before the present activation; a second rollback goes\n"
            "a step further back. With --to it goes to that version.\n"
            "\n"
            "Like an activation it is refused (exit code 9) when it would break more than is\n"
            "broken, unless it is forced with a reason.",
    .options =
        {
            {CLI_TO, "the version to go back to"},
            {CLI_REASON, "why, for the history"},
            {CLI_FORCE, "go back though it breaks what is live; needs --reason"},
            {CLI_IF_GENERATION, "only if the live version has this generation"},
        },
    .examples = "  berth rollback header-app\n"
                "  berth rollback header-app --to 1.0.0 --reason \"1.1.0 breaks the menu\"\n",
    .run = rollback,
};
