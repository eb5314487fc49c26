#include "command.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MANIFEST_MAX_BYTES = 1024 * 1024, READ_BYTES = 4096 };

static enum berth_code read_file(const char *path, struct berth_buffer *ret,
                                 struct berth_error *error) {
    char data[READ_BYTES];
    FILE *file = fopen(path, "re");
    if (!file) {
        berth_fail_errno(error, "file", "cannot read the page's manifest");
        berth_error_where(error, "%s", path);
        return error->code;
    }
    for (size_t got; (got = fread(data, 1, sizeof data, file)) > 0;)
        berth_buffer_add(ret, data, got);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) {
        berth_fail(error, BERTH_IO, "file", "cannot read the page's manifest to its end");
    } else if (ret->failed) {
        berth_fail(error, BERTH_TOO_LARGE, "json-size", "the page's manifest is over %d bytes",
                   MANIFEST_MAX_BYTES);
    } else {
        return BERTH_OK;
    }
    berth_error_where(error, "%s", path);
    return error->code;
}

/* A manifest that is no JSON fails here, with the place, before anything is sent. */
static enum berth_code read_manifest(const char *path, struct berth_buffer *ret,
                                     struct berth_error *error) {
    struct berth_error problem = {0};
    json_t *json = NULL;
    enum berth_code code = read_file(path, ret, error);
    if (code != BERTH_OK)
        return code;
    code = berth_json_parse(ret->data ? ret->data : "", ret->length, MANIFEST_MAX_BYTES, &json,
                            &problem);
    json_decref(json);
    if (code != BERTH_OK) {
        /* Content that is wrong, not a command line that is wrong. */
        berth_fail(error, BERTH_REFUSED, problem.rule, "%s", problem.text);
        berth_error_where(error, "%s%s%s", path, problem.where[0] ? ": " : "", problem.where);
        return BERTH_REFUSED;
    }
    return BERTH_OK;
}

/* The file's name without its folder and ".json". */
static enum berth_code page_name(const char *path, const char *given,
                                 char ret[BERTH_NAME_PART_BYTES + 1], struct berth_error *error) {
    const char *slash = strrchr(path, '/');
    const char *name = given ? given : slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (!given && length > 5 && strcmp(name + length - 5, ".json") == 0)
        length -= 5;
    if (length > BERTH_NAME_PART_BYTES)
        return berth_fail(error, BERTH_INVALID, "name", "the page's name is too long");
    memcpy(ret, name, length);
    ret[length] = '\0';
    enum berth_code code = berth_name_check("page", ret, error);
    if (code != BERTH_OK)
        berth_error_where(error, "%s", ret);
    return code;
}

static void show_put(long status, const json_t *answer) {
    const char *name = berth_json_string(answer, "name");
    const char *path = berth_json_string(answer, "path");
    cli_line(stdout, "page %s %s: revision %" PRId64 ", generation %" PRId64, name ? name : "?",
             status == 201 ? "created" : "stored",
             (int64_t)berth_json_integer(answer, "revision", 0),
             (int64_t)berth_json_integer(answer, "generation", 0));
    if (path)
        cli_field("path", "%s", path);
}

static enum berth_exit send_page(struct cli *cli, const char *name, const char *manifest,
                                 int64_t revision) {
    char path[sizeof "/api/pages/" + BERTH_NAME_PART_BYTES];
    snprintf(path, sizeof path, "/api/pages/%s", name);
    struct cli_request request = {
        .method = "PUT",
        .path = path,
        .content_type = "application/json",
        .body = manifest,
        .expected = revision,
        .retry_when_busy = true,
    };
    json_t *answer = NULL;
    long status;
    enum berth_exit outcome = cli_call(cli, &request, &answer, &status);
    if (outcome == BERTH_EXIT_OK && !cli->style.json && !cli->style.quiet)
        show_put(status, answer);
    json_decref(answer);
    return outcome;
}

static enum berth_exit page_put(struct cli *cli) {
    struct berth_error error = {0};
    struct berth_buffer manifest;
    char name[BERTH_NAME_PART_BYTES + 1];
    const char *revision_text = cli->args.option[CLI_IF_REVISION];
    int64_t revision = CLI_IF_ANY;
    berth_buffer_init(&manifest, MANIFEST_MAX_BYTES);
    if (revision_text)
        cli_number_parse("if-revision", revision_text, &revision, &error);
    enum berth_exit outcome;
    if (error.code != BERTH_OK ||
        page_name(cli->words[0], cli->args.option[CLI_NAME], name, &error) != BERTH_OK ||
        read_manifest(cli->words[0], &manifest, &error) != BERTH_OK)
        outcome = cli_report(cli, &error);
    else
        outcome = send_page(cli, name, manifest.data, revision);
    berth_buffer_done(&manifest);
    return outcome;
}

static enum berth_exit show_pages(const struct cli *cli, const json_t *answer) {
    static const struct cli_column columns[] = {
        {"PAGE", false},      {"PATH", false}, {"REVISION", true},
        {"GENERATION", true}, {"AT", false},   {"BY", false},
    };
    const json_t *pages = json_object_get(answer, "pages");
    struct cli_table table;
    size_t i;
    const json_t *page;
    if (json_array_size(pages) == 0 && !cli->style.quiet) {
        cli_line(stderr, "no page yet; make one: berth page put home.json");
        return BERTH_EXIT_OK;
    }
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    json_array_foreach(pages, i, page) {
        char at[48];
        cli_time_text(&cli->style, berth_json_string(page, "at"), at);
        cli_table_add(&table, berth_json_string(page, "name"));
        cli_table_add(&table, berth_json_string(page, "path"));
        cli_table_number(&table, berth_json_integer(page, "revision", 0));
        cli_table_number(&table, berth_json_integer(page, "generation", 0));
        cli_table_add(&table, at);
        cli_table_add(&table, berth_json_string(page, "by"));
    }
    return cli_table_finish(cli, &table, 0);
}

static enum berth_exit page_list(struct cli *cli) {
    return cli_get(cli, "/api/pages", show_pages);
}

const struct cli_command cli_command_page_put = {
    .name = "page put",
    .args = "<file.json>",
    .min_words = 1,
    .max_words = 1,
    .summary = "create or replace a page",
    .help = "Sends a page's manifest. The page is named as the file is, without .json.",
    .options =
        {
            {CLI_NAME, "the page's name, if not the file's"},
            {CLI_IF_REVISION, "only if the page has this revision (see berth page list);\n"
                              "0: only if there is no such page"},
        },
    .examples = "  berth page put manifests/home.json\n"
                "  berth page put build/page.json --name home --if-revision 3\n",
    .run = page_put,
};

const struct cli_command cli_command_page_list = {
    .name = "page list",
    .args = "",
    .summary = "the pages and their paths",
    .examples = "  berth page list\n",
    .run = page_list,
};
