/* What a push changes. The version is there by now: nothing here makes the push fail. */
#include "changes.h"

#include "berth/json.h"
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, PATIENCE_MS = 10 * 1000 };

static enum berth_code peek_version(struct cli *cli, const char *module, const char *version,
                                    json_t **ret, struct berth_error *error) {
    char path[PATH_BYTES];
    char *escaped = cli_url_escape(version);
    (void)snprintf(path, sizeof path, "/api/modules/%s/versions/%s", module,
                   escaped ? escaped : "");
    free(escaped);
    return cli_peek(cli, path, PATIENCE_MS, ret, error);
}

/* What was live before the push, or still is: "" when nothing is. */
static enum berth_code live_before(struct cli *cli, const char *module, const json_t *answer,
                                   char ret[BERTH_VERSION_MAX_BYTES + 1],
                                   struct berth_error *error) {
    char path[PATH_BYTES];
    json_t *live = NULL;
    const char *version = berth_json_string(answer, "previous");
    ret[0] = '\0';
    if (!json_object_get(answer, "generation")) { /* it did not go live by this push */
        (void)snprintf(path, sizeof path, "/api/modules/%s/live", module);
        enum berth_code code = cli_peek(cli, path, PATIENCE_MS, &live, error);
        if (code == BERTH_NOT_FOUND)
            return BERTH_OK;
        if (code != BERTH_OK)
            return code;
        version = berth_json_string(live, "version");
    }
    if (version)
        (void)snprintf(ret, BERTH_VERSION_MAX_BYTES + 1, "%s", version);
    json_decref(live);
    return BERTH_OK;
}

/* *ret NULL: nothing was live. */
static enum berth_code compare(struct cli *cli, const char *module, const json_t *answer,
                               json_t **ret, struct berth_error *error) {
    char before[BERTH_VERSION_MAX_BYTES + 1];
    json_t *from = NULL, *to = NULL;
    const char *version = berth_json_string(answer, "version");
    enum berth_code code = live_before(cli, module, answer, before, error);
    *ret = NULL;
    if (code == BERTH_OK && before[0])
        code = peek_version(cli, module, before, &from, error);
    if (code == BERTH_OK && from && version)
        code = peek_version(cli, module, version, &to, error);
    if (code == BERTH_OK && from && to) {
        *ret = cli_changes_of(module, from, to);
        if (!*ret)
            code = berth_fail(error, BERTH_NO_MEMORY, "no-memory", "out of memory");
    }
    json_decref(from);
    json_decref(to);
    return code;
}

static void show(const struct cli *cli, const char *module, const json_t *changes) {
    const char *from = berth_json_string(json_object_get(changes, "from"), "version");
    const char *to = berth_json_string(json_object_get(changes, "to"), "version");
    if (!changes) {
        cli_line(stdout,
                 cli->args.option[CLI_ACTIVATE] ? "nothing of %s was live before"
                                                : "nothing of %s is live yet",
                 module);
    } else if (from && to && strcmp(from, to) == 0) {
        return; /* it is what is live */
    } else if (cli->args.option[CLI_VERBOSE]) {
        (void)cli_changes_show(cli, changes);
    } else {
        cli_line(stdout, "changes since %s, which %s live:", from,
                 cli->args.option[CLI_ACTIVATE] ? "was" : "is");
        cli_changes_sum_up(changes);
    }
}

void cli_push_changes(struct cli *cli, const char *module, json_t *answer) {
    struct berth_error error = {0};
    json_t *changes = NULL;
    if (cli->style.quiet && !cli->style.json)
        return;
    if (compare(cli, module, answer, &changes, &error) != BERTH_OK)
        cli_warn(&cli->style,
                 "it is uploaded; what changed since the live version cannot be told: "
                 "%s",
                 error.text);
    else if (cli->style.json)
        json_object_set(answer, "changes", changes ? changes : json_null());
    else
        show(cli, module, changes);
    json_decref(changes);
}
