#include "command.h"

#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ID_MAX_BYTES = 32 };

static enum berth_code check_id(const char *id, struct berth_error *error) {
    size_t length = strlen(id);
    if (length > 0 && length <= ID_MAX_BYTES && strspn(id, "0123456789abcdef") == length)
        return BERTH_OK;
    berth_fail(error, BERTH_INVALID, "usage", "that is no token's ID");
    berth_error_hint(error, "an ID is hexadecimal, not the token itself: see berth token list");
    return BERTH_INVALID;
}

/* {"overlapSeconds"?} to free. */
static char *make_body(const char *overlap, struct berth_error *error) {
    int64_t ms = 0;
    /* A span is a time from now on, and here from zero on. */
    if (overlap && cli_expires_parse(overlap, 0, &ms, NULL) != BERTH_OK) {
        berth_fail(error, BERTH_INVALID, "usage", "\"%s\" is no span of time", overlap);
        berth_error_hint(error, "write 12h or 7d; to end a token at once: berth token revoke");
        return NULL;
    }
    char *body = NULL;
    int length = overlap ? asprintf(&body, "{\"overlapSeconds\":%" PRId64 "}", ms / 1000)
                         : asprintf(&body, "{}");
    if (length >= 0)
        return body;
    berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    return NULL;
}

/* The token alone goes to stdout, so that a script can catch it. */
static void show_rotated(const struct cli *cli, const json_t *answer) {
    const json_t *old = json_object_get(answer, "old");
    const char *token = berth_json_string(answer, "token");
    const char *id = berth_json_string(answer, "id");
    const char *name = berth_json_string(answer, "name");
    const char *old_id = berth_json_string(old, "id");
    const char *end = berth_json_string(old, "expiresAt");
    if (!cli->style.quiet) {
        cli_line(stderr, "token %s of %s replaces %s, which ends at %s", id ? id : "?",
                 name ? name : "?", old_id ? old_id : "?", end ? end : "?");
        cli_line(stderr,
                 "it is shown this once only; \"berth token revoke %s\" ends the old one "
                 "at once",
                 old_id ? old_id : "ID");
    }
    cli_line(stdout, "%s", token ? token : "");
}

static enum berth_exit rotate(struct cli *cli) {
    struct berth_error error = {0};
    const char *id = cli->words[0];
    char path[64 + ID_MAX_BYTES];
    char *body =
        check_id(id, &error) == BERTH_OK ? make_body(cli->args.option[CLI_OVERLAP], &error) : NULL;
    if (!body)
        return cli_report(cli, &error);
    (void)snprintf(path, sizeof path, "/api/tokens/%s/rotate", id);
    return cli_post(cli, path, body, show_rotated);
}

const struct cli_command cli_command_token_rotate = {
    .name = "token rotate",
    .args = "<id>",
    .min_words = 1,
    .max_words = 1,
    .summary = "a new secret for a token; the old one ends a day later",
    .help = "Makes a token with the same name, module and scopes and prints it on stdout, this\n"
            "once only. The old one stays good for a while, so that nobody who uses it is\n"
            "locked out meanwhile. The server's first token is rotated like any other; the\n"
            "file DATA/admin.token is then yours to replace or remove.",
    .options =
        {
            {CLI_OVERLAP, "how long the old one stays good: 12h, 7d; 24h without"},
        },
    .examples = "  berth token rotate 3f2a90c1d4e5\n"
                "  (umask 077; berth token rotate -q 3f2a90c1d4e5 > new.token) &&\n"
                "    mv new.token DATA/admin.token\n",
    .run = rotate,
};
