#include "command.h"

#include "format.h"

#include "berth/clock.h"
#include "berth/json.h"
#include <stdlib.h>
#include <string.h>

enum { ID_MAX_BYTES = 32 };

/* "publish,activate" as an array; which words there are is the server's to say. NULL when the text
 * is no UTF-8. */
static json_t *scopes_array(const char *text) {
    json_t *array = json_array();
    while (array && *text) {
        size_t length = strcspn(text, ",");
        if (length > 0 && json_array_append_new(array, json_stringn(text, length)) != 0) {
            json_decref(array);
            return NULL;
        }
        text += length + (text[length] == ',');
    }
    return array;
}

static enum berth_code check_create(const struct cli *cli, int64_t *ret_expires_ms,
                                    struct berth_error *error) {
    const char *module = cli->args.option[CLI_MODULE];
    const char *expires = cli->args.option[CLI_EXPIRES];
    if (!cli->args.option[CLI_NAME] || !cli->args.option[CLI_CAN]) {
        berth_fail(error, BERTH_INVALID, "usage", "--%s is missing",
                   cli->args.option[CLI_NAME] ? "can" : "name");
        berth_error_hint(error, "as in: berth token create --name ci --can publish,activate");
        return BERTH_INVALID;
    }
    if (module && berth_module_pattern_check(module, error) != BERTH_OK) {
        berth_error_where(error, "--module %s", module);
        return error->code;
    }
    return expires ? cli_expires_parse(expires, berth_now_ms(), ret_expires_ms, error) : BERTH_OK;
}

static char *create_body(const struct cli *cli, int64_t expires_ms, struct berth_error *error) {
    const char *module = cli->args.option[CLI_MODULE];
    char expires[BERTH_RFC3339_BYTES];
    berth_rfc3339(expires_ms, expires);
    json_t *body = json_pack("{s:s, s:s*, s:o, s:s*}", "name", cli->args.option[CLI_NAME], "module",
                             module, "can", scopes_array(cli->args.option[CLI_CAN]), "expiresAt",
                             expires_ms > 0 ? expires : NULL);
    char *text = body ? berth_json_text(body) : NULL;
    json_decref(body);
    if (!text)
        berth_fail(error, BERTH_INVALID, "usage", "--name or --can is not UTF-8 text");
    return text;
}

static char *scopes_text(const json_t *token) {
    struct berth_buffer text;
    size_t i;
    const json_t *scope;
    berth_buffer_init(&text, 1024);
    json_array_foreach(json_object_get(token, "can"), i, scope) {
        const char *word = json_string_value(scope);
        berth_buffer_printf(&text, "%s%s", i > 0 ? "," : "", word ? word : "?");
    }
    return berth_buffer_take(&text);
}

/* The token alone goes to stdout, so that a script can catch it. */
static void show_token(const struct cli *cli, const json_t *answer) {
    const char *token = berth_json_string(answer, "token");
    const char *id = berth_json_string(answer, "id");
    const char *module = berth_json_string(answer, "module");
    const char *expires = berth_json_string(answer, "expiresAt");
    if (!cli->style.quiet) {
        char *scopes = scopes_text(answer);
        cli_line(stderr, "token %s may %s on %s; it expires %s", id ? id : "?",
                 scopes ? scopes : "?", module ? module : "*", expires ? expires : "never");
        cli_line(stderr, "it is shown this once only; \"berth token revoke %s\" ends it",
                 id ? id : "ID");
        free(scopes);
    }
    cli_line(stdout, "%s", token ? token : "");
}

static enum berth_exit create(struct cli *cli) {
    struct berth_error error = {0};
    int64_t expires_ms = 0;
    char *body = NULL;
    if (check_create(cli, &expires_ms, &error) == BERTH_OK)
        body = create_body(cli, expires_ms, &error);
    if (!body)
        return cli_report(cli, &error);
    return cli_post(cli, "/api/tokens", body, show_token);
}

static const char *state_of(const json_t *token, int64_t now_ms) {
    const char *expires = berth_json_string(token, "expiresAt");
    int64_t expires_ms;
    if (berth_json_string(token, "revokedAt"))
        return "revoked";
    return expires && cli_time_parse(expires, &expires_ms) && expires_ms <= now_ms ? "expired"
                                                                                   : "good";
}

static enum berth_exit show_tokens(const struct cli *cli, const json_t *answer) {
    static const struct cli_column columns[] = {
        {"ID", false},    {"NAME", false},    {"MODULE", false}, {"CAN", false},
        {"STATE", false}, {"EXPIRES", false}, {"USED", false},
    };
    struct cli_table table;
    size_t i;
    const json_t *token;
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    json_array_foreach(json_object_get(answer, "tokens"), i, token) {
        char *scopes = scopes_text(token);
        char expires[48];
        char used[48];
        cli_time_text(&cli->style, berth_json_string(token, "expiresAt"), expires);
        cli_time_text(&cli->style, berth_json_string(token, "usedAt"), used);
        cli_table_add(&table, berth_json_string(token, "id"));
        cli_table_add(&table, berth_json_string(token, "name"));
        cli_table_add(&table, berth_json_string(token, "module"));
        cli_table_add(&table, scopes);
        cli_table_add(&table, state_of(token, berth_now_ms()));
        cli_table_add(&table, expires);
        cli_table_add(&table, used);
        free(scopes);
    }
    return cli_table_finish(cli, &table, 0);
}

static enum berth_exit list(struct cli *cli) {
    return cli_get(cli, "/api/tokens", show_tokens);
}

static enum berth_exit revoke(struct cli *cli) {
    struct berth_error error = {0};
    const char *id = cli->words[0];
    size_t length = strlen(id);
    if (length == 0 || length > ID_MAX_BYTES || strspn(id, "0123456789abcdef") != length) {
        berth_fail(&error, BERTH_INVALID, "usage", "that is no token's ID");
        berth_error_hint(&error,
                         "an ID is hexadecimal, not the token itself: see berth token list");
        return cli_report(cli, &error);
    }
    char path[sizeof "/api/tokens/" + ID_MAX_BYTES];
    snprintf(path, sizeof path, "/api/tokens/%s", id);
    struct cli_request request = {.method = "DELETE", .path = path, .expected = CLI_IF_ANY};
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && cli->style.json)
        outcome = cli_finish_json(cli, json_pack("{ss sb}", "id", id, "revoked", 1));
    else if (outcome == BERTH_EXIT_OK && !cli->style.quiet)
        cli_line(stdout, "token %s is revoked", id);
    json_decref(answer);
    return outcome;
}

const struct cli_command cli_command_token_create = {
    .name = "token create",
    .args = "--name NAME --can SCOPES",
    .summary = "make a token for a person or a CI job",
    .help = "Makes a token and prints it on stdout, this once only. SCOPES is a list of read,\n"
            "publish, activate, admin, with commas.",
    .options =
        {
            {CLI_NAME, "who will use it; shown in the history"},
            {CLI_CAN, "what it may do: publish,activate"},
            {CLI_MODULE, "one module, \"@scope/*\", or \"*\" for all (the default)"},
            {CLI_EXPIRES, "12h, 90d, 8w, or a time such as 2027-01-31T00:00:00Z;\n"
                          "it never expires without"},
        },
    .examples = "  berth token create --name ci-header --module header-app --can publish,activate\n"
                "  TOKEN=$(berth token create --quiet --name shop --module '@shop/*' \\\n"
                "            --can publish --expires 90d)\n",
    .run = create,
};

const struct cli_command cli_command_token_list = {
    .name = "token list",
    .args = "",
    .summary = "the tokens, without their secrets",
    .examples = "  berth token list\n",
    .run = list,
};

const struct cli_command cli_command_token_revoke = {
    .name = "token revoke",
    .args = "<id>",
    .min_words = 1,
    .max_words = 1,
    .summary = "end a token at once",
    .examples = "  berth token revoke 3f2a90c1d4e5\n",
    .run = revoke,
};
