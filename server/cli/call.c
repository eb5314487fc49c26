#include "command.h"

#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RETRIES = 3, RETRY_MAX_S = 10 };

static const char problem_prefix[] = "urn:berth:problem:";

static enum berth_exit exit_of_status(long status) {
    static const struct {
        long status;
        enum berth_exit outcome;
    } table[] = {
        {400, BERTH_EXIT_REFUSED},   {401, BERTH_EXIT_DENIED},   {403, BERTH_EXIT_DENIED},
        {404, BERTH_EXIT_NOT_FOUND}, {409, BERTH_EXIT_CONFLICT}, {412, BERTH_EXIT_CONFLICT},
        {413, BERTH_EXIT_REFUSED},   {415, BERTH_EXIT_REFUSED},  {422, BERTH_EXIT_REFUSED},
        {429, BERTH_EXIT_SERVER},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].outcome;
    return status >= 500 ? BERTH_EXIT_SERVER : BERTH_EXIT_FAILED;
}

static enum berth_exit exit_of_error(const struct berth_error *error) {
    if (strcmp(error->rule, "unreachable") == 0 || strcmp(error->rule, "certificate") == 0)
        return BERTH_EXIT_UNREACHABLE;
    switch (error->code) {
    case BERTH_INVALID:
        return BERTH_EXIT_USAGE;
    case BERTH_NOT_FOUND:
        return BERTH_EXIT_NOT_FOUND;
    case BERTH_CONFLICT:
        return BERTH_EXIT_CONFLICT;
    case BERTH_REFUSED:
    case BERTH_TOO_LARGE:
    case BERTH_UNSUPPORTED:
        return BERTH_EXIT_REFUSED;
    default:
        return BERTH_EXIT_FAILED;
    }
}

/* What a shell handed over may be no UTF-8, which JSON cannot hold. NULL for "". */
static json_t *text_json(const char *text) {
    struct berth_buffer clean;
    bool harmless;
    if (!*text)
        return NULL;
    berth_buffer_init(&clean, BERTH_WHERE_BYTES + BERTH_TEXT_BYTES);
    for (size_t length; *text; text += length) {
        length = cli_character(text, &harmless);
        berth_buffer_add(&clean, harmless ? text : "?", harmless ? length : 1);
    }
    json_t *json = clean.failed ? NULL : json_string(clean.data);
    berth_buffer_done(&clean);
    return json;
}

/* What --json prints for a failure that no server described. */
static void print_error_json(const struct cli *cli, const struct berth_error *error) {
    char type[sizeof problem_prefix + BERTH_RULE_BYTES];
    snprintf(type, sizeof type, "%s%s", problem_prefix, error->rule);
    /* "o*": a text that is empty is left out. */
    json_t *problem =
        json_pack("{s:s, s:o*, s:o*, s:o*, s:b}", "type", type, "detail", text_json(error->text),
                  "where", text_json(error->where), "hint", text_json(error->hint), "retryable",
                  strcmp(error->rule, "unreachable") == 0);
    if (problem)
        cli_print_json(&cli->style, problem);
    json_decref(problem);
}

enum berth_exit cli_report(const struct cli *cli, const struct berth_error *error) {
    if (cli->style.json) {
        print_error_json(cli, error);
    } else {
        cli_complain(&cli->style, &(struct cli_complaint){
                                      .text = error->text,
                                      .where = error->where,
                                      .hint = error->hint,
                                  });
    }
    return exit_of_error(error);
}

/* Advice for people at a command line, by what the server answered. Some of it `wins` over the
 * server's own, which is for those who speak HTTP; the rest is for problems that came without. */
static const struct advice {
    long status;
    const char *rule; /* NULL: any */
    bool wins;
    const char *hint;
} advices[] = {
    {401, "token-missing", true,
     "set BERTH_TOKEN or use --token-file; a new server's first token is in its data directory, in "
     "admin.token"},
    {401, NULL, true, "another token is needed: an admin makes one with \"berth token create\""},
    {403, NULL, false, "another token is needed: an admin makes one with \"berth token create\""},
    /* A server knows every path that is asked for here; the public listener knows none. */
    {404, "no-route", true, "is that the admin address? the public one takes no commands"},
    {404, "not-found", true, "is that the admin address? the public one takes no commands"},
    {404, "not-live", false, "berth activate MODULE@VERSION makes one live"},
    {404, "version-unknown", false, "see what there is with \"berth versions MODULE\""},
    {404, "token-unknown", false, "see what there is with \"berth token list\""},
    {405, "method-not-allowed", true,
     "is that the admin address? the public one takes no commands"},
    {409, "compatibility", true, "to go live all the same, say --force and --reason"},
    {409, "no-way-back", false, "name the version with --to; \"berth versions MODULE\" lists them"},
    {412, NULL, false, "somebody was faster: look with \"berth status\", then decide again"},
};

static const char *hint_for(long status, const char *rule, const char *servers) {
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        const struct advice *advice = &advices[i];
        if (advice->status == status && (!advice->rule || strcmp(advice->rule, rule) == 0))
            return advice->wins || !servers ? advice->hint : servers;
    }
    return servers;
}

static void report_problem(const struct cli *cli, const struct cli_answer *answer,
                           const json_t *problem) {
    const char *type = berth_json_string(problem, "type");
    const char *id = berth_json_string(problem, "requestId");
    const char *detail = berth_json_string(problem, "detail");
    const char *hint = berth_json_string(problem, "hint");
    size_t skip = strlen(problem_prefix);
    const char *rule = type && strncmp(type, problem_prefix, skip) == 0 ? type + skip : "";
    char request[256];
    snprintf(request, sizeof request, "%.64s (%ld %.100s)", id ? id : answer->request_id,
             answer->status, rule);
    cli_complain(&cli->style, &(struct cli_complaint){
                                  .text = detail ? detail : berth_json_string(problem, "title"),
                                  .where = berth_json_string(problem, "where"),
                                  .hint = hint_for(answer->status, rule, hint),
                                  .request = request,
                              });
}

/* An answer that no berth server gives: a proxy's error page, a redirect, another server. */
static enum berth_exit report_stranger(const struct cli *cli, const struct cli_answer *answer) {
    struct berth_error error = {0};
    bool redirect = answer->status >= 300 && answer->status < 400 && answer->location[0];
    if (redirect) {
        berth_fail(&error, BERTH_IO, "redirect", "%s redirects (%ld), and berth does not follow",
                   cli->client.server, answer->status);
        berth_error_where(&error, "%s", answer->location);
        berth_error_hint(&error, "if that is the server, name it in --server or BERTH_SERVER");
    } else {
        berth_fail(&error, BERTH_IO, "no-berth-server",
                   "%s did not answer as a berth server does (%ld, %s)", cli->client.server,
                   answer->status, answer->content_type[0] ? answer->content_type : "no type");
        if (answer->status == 400 && strncasecmp(cli->client.server, "http://", 7) == 0)
            berth_error_hint(&error, "does it speak TLS there? then it is https://%s",
                             cli->client.server + 7);
        berth_error_hint(&error, "--server takes the admin address, port 8081 if nothing else was "
                                 "said; a proxy before it may have answered");
    }
    cli_report(cli, &error);
    return answer->status >= 400 ? exit_of_status(answer->status) : BERTH_EXIT_FAILED;
}

static enum berth_exit read_answer(struct cli *cli, const struct cli_request *request,
                                   const struct cli_answer *answer, json_t **ret) {
    bool good = answer->status >= 200 && answer->status < 300;
    json_t *json = NULL;
    if (good && (answer->status == 204 || answer->in_file)) {
        *ret = NULL;
        return BERTH_EXIT_OK;
    }
    if (answer->body.length > 0)
        berth_json_parse(answer->body.data, answer->body.length, CLI_ANSWER_MAX_BYTES, &json, NULL);
    bool problem = berth_json_string(json, "detail") || berth_json_string(json, "title");
    if (!json_is_object(json) || (!good && !problem)) {
        json_decref(json);
        return report_stranger(cli, answer);
    }
    if (cli->style.json && !(good && request->keeps_answer))
        cli_print_json(&cli->style, json);
    else if (!good)
        report_problem(cli, answer, json);
    if (good) {
        *ret = json;
        return BERTH_EXIT_OK;
    }
    const json_t *report = json_object_get(json, "compatibility");
    bool breaks = answer->status == 409 && report;
    cli_show_compat(cli, report, "it would break what is live:");
    json_decref(json);
    return breaks ? BERTH_EXIT_BREAKS : exit_of_status(answer->status);
}

static void wait_before_retry(const struct cli *cli, const struct cli_answer *answer, int retry) {
    int64_t seconds = answer->retry_after_s < RETRY_MAX_S ? answer->retry_after_s : RETRY_MAX_S;
    if (!cli->style.quiet && !cli->style.json) {
        cli_line(stderr, "the server is busy; trying again in %" PRId64 " s (%d of %d)", seconds,
                 retry, RETRIES);
    }
    struct timespec left = {.tv_sec = (time_t)seconds};
    while (nanosleep(&left, &left) != 0) {
        /* a signal that did not end the program: sleep on */
    }
}

static enum berth_code perform(struct cli *cli, const struct cli_request *request,
                               struct cli_answer *ret, struct berth_error *error) {
    enum berth_code code = cli_client_perform(&cli->client, request, ret, error);
    for (int retry = 1; retry <= RETRIES; retry++) {
        if (code != BERTH_OK || ret->status != 503 || !ret->has_retry_after ||
            !request->retry_when_busy)
            break;
        if (request->progress)
            cli_progress_end(request->progress);
        wait_before_retry(cli, ret, retry);
        cli_answer_done(ret);
        code = cli_client_perform(&cli->client, request, ret, error);
    }
    return code;
}

enum berth_exit cli_call(struct cli *cli, const struct cli_request *request, json_t **ret_json,
                         long *ret_status) {
    struct cli_answer answer = {0};
    struct berth_error error = {0};
    enum berth_code code = perform(cli, request, &answer, &error);
    if (request->progress)
        cli_progress_end(request->progress);
    *ret_json = NULL;
    *ret_status = answer.status;
    enum berth_exit outcome =
        code == BERTH_OK ? read_answer(cli, request, &answer, ret_json) : cli_report(cli, &error);
    cli_answer_done(&answer);
    return outcome;
}

enum berth_exit cli_fetch(struct cli *cli, const char *path, json_t **ret_json) {
    struct cli_request request = {
        .method = "GET", .path = path, .expected = CLI_IF_ANY, .keeps_answer = true};
    long status;
    return cli_call(cli, &request, ret_json, &status);
}

static enum berth_code refused(const struct cli_answer *answer, const json_t *problem,
                               struct berth_error *error) {
    const char *detail = berth_json_string(problem, "detail");
    enum berth_code code = answer->status == 404                            ? BERTH_NOT_FOUND
                           : answer->status == 401 || answer->status == 403 ? BERTH_DENIED
                                                                            : BERTH_IO;
    return berth_fail(error, code, "refused", "%s (%ld)", detail ? detail : "the server refused",
                      answer->status);
}

enum berth_code cli_peek(struct cli *cli, const char *path, int timeout_ms, json_t **ret_json,
                         struct berth_error *error) {
    struct cli_request request = {
        .method = "GET", .path = path, .expected = CLI_IF_ANY, .timeout_ms = timeout_ms};
    struct cli_answer answer = {0};
    json_t *json = NULL;
    *ret_json = NULL;
    enum berth_code code = cli_client_perform(&cli->client, &request, &answer, error);
    if (code == BERTH_OK && answer.body.length > 0)
        (void)berth_json_parse(answer.body.data, answer.body.length, CLI_ANSWER_MAX_BYTES, &json,
                               NULL);
    if (code == BERTH_OK && (answer.status != 200 || !json_is_object(json)))
        code = refused(&answer, json, error);
    if (code == BERTH_OK)
        *ret_json = json_incref(json);
    json_decref(json);
    cli_answer_done(&answer);
    return code;
}

enum berth_exit cli_finish_json(const struct cli *cli, json_t *result) {
    struct berth_error error = {0};
    bool printed = result && cli_print_json(&cli->style, result);
    json_decref(result);
    if (printed)
        return BERTH_EXIT_OK;
    berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    return cli_report(cli, &error);
}

enum berth_exit cli_send(struct cli *cli, const struct cli_request *request,
                         void (*show)(const struct cli *cli, const json_t *answer)) {
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && !cli->style.json)
        show(cli, answer);
    json_decref(answer);
    return outcome;
}

enum berth_exit cli_post(struct cli *cli, const char *path, char *body,
                         void (*show)(const struct cli *cli, const json_t *answer)) {
    struct cli_request request = {
        .method = "POST",
        .path = path,
        .content_type = "application/json",
        .body = body,
        .expected = CLI_IF_ANY,
    };
    enum berth_exit outcome = cli_send(cli, &request, show);
    free(body);
    return outcome;
}

enum berth_exit cli_get(struct cli *cli, const char *path,
                        enum berth_exit (*show)(const struct cli *cli, const json_t *answer)) {
    struct cli_request request = {.method = "GET", .path = path, .expected = CLI_IF_ANY};
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && !cli->style.json)
        outcome = show(cli, answer);
    json_decref(answer);
    return outcome;
}

enum berth_exit cli_table_finish(const struct cli *cli, struct cli_table *table,
                                 size_t quiet_column) {
    bool good = cli_table_print(table, &cli->style, quiet_column);
    cli_table_done(table);
    if (!good) {
        struct berth_error error = {0};
        berth_fail(&error, BERTH_NO_MEMORY, "no-memory", "out of memory");
        return cli_report(cli, &error);
    }
    return BERTH_EXIT_OK;
}
