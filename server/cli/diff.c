/* What changes from one version to another: files, exposes and shared packages. */
#include "command.h"

#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

/* --- two versions as one value --- */

static const json_t *find(const json_t *list, const char *key, const char *name) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        const char *own = berth_json_string(item, key);
        if (own && strcmp(own, name) == 0)
            return item;
    }
    return NULL;
}

/* A list by name, so that two of 20,000 files are compared in a moment. */
static json_t *by_name(const json_t *list, const char *key) {
    json_t *map = json_object();
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        const char *name = berth_json_string(item, key);
        if (name)
            json_object_set(map, name, item);
    }
    return map;
}

static json_int_t sent_bytes(const json_t *file) {
    json_int_t bytes = berth_json_integer(file, "bytes", 0);
    return berth_json_integer(json_object_get(file, "encodedBytes"), "br", bytes);
}

static json_t *file_json(const char *path, const json_t *from, const json_t *to) {
    json_t *json = json_pack("{ss}", "path", path);
    if (from)
        json_object_update_new(json, json_pack("{sI sI}", "bytesBefore",
                                               berth_json_integer(from, "bytes", 0), "sentBefore",
                                               sent_bytes(from)));
    if (to)
        json_object_update_new(json,
                               json_pack("{sI sI}", "bytes", berth_json_integer(to, "bytes", 0),
                                         "sent", sent_bytes(to)));
    return json;
}

static json_t *files_json(const json_t *from, const json_t *to) {
    json_t *before = by_name(json_object_get(from, "assets"), "path");
    json_t *after = by_name(json_object_get(to, "assets"), "path");
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    json_int_t same = 0;
    const char *path;
    json_t *file;
    json_object_foreach(after, path, file) {
        const json_t *old = json_object_get(before, path);
        if (!old)
            json_array_append_new(added, file_json(path, NULL, file));
        else if (json_equal(json_object_get(old, "digest"), json_object_get(file, "digest")))
            same++;
        else
            json_array_append_new(changed, file_json(path, old, file));
    }
    json_object_foreach(before, path, file) {
        if (!json_object_get(after, path))
            json_array_append_new(removed, file_json(path, file, NULL));
    }
    json_decref(before);
    json_decref(after);
    return json_pack("{so so so sI}", "added", added, "removed", removed, "changed", changed,
                     "same", same);
}

static const char *range_of(const json_t *package) {
    const char *version = berth_json_string(package, "version");
    return version ? version : berth_json_string(package, "requiredVersion");
}

/* Names of a list that are new, gone, or say another version. */
static json_t *names_json(const json_t *from, const json_t *to, const char *list) {
    const json_t *before = json_object_get(from, list), *after = json_object_get(to, list);
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    size_t i;
    const json_t *item;
    json_array_foreach(after, i, item) {
        const char *name = berth_json_string(item, "name");
        const json_t *old = name ? find(before, "name", name) : NULL;
        const char *was = range_of(old), *is = range_of(item);
        if (name && !old)
            json_array_append_new(added, json_string(name));
        else if (old && strcmp(was ? was : "", is ? is : "") != 0)
            json_array_append_new(
                changed, json_pack("{ss ss? ss?}", "name", name, "before", was, "after", is));
    }
    json_array_foreach(before, i, item) {
        const char *name = berth_json_string(item, "name");
        if (name && !find(after, "name", name))
            json_array_append_new(removed, json_string(name));
    }
    return json_pack("{so so so}", "added", added, "removed", removed, "changed", changed);
}

static json_t *side_json(const json_t *version) {
    return json_pack("{ss? sI sI sO?}", "version", berth_json_string(version, "version"), "files",
                     berth_json_integer(version, "files", 0), "bytes",
                     berth_json_integer(version, "bytes", 0), "encodedBytes",
                     json_object_get(version, "encodedBytes"));
}

static json_t *compare(const char *module, const json_t *from, const json_t *to) {
    return json_pack("{ss so so so so so}", "module", module, "from", side_json(from), "to",
                     side_json(to), "files", files_json(from, to), "exposes",
                     names_json(from, to, "exposes"), "shared", names_json(from, to, "shared"));
}

/* --- for people --- */

static void put_size(struct cli_table *table, const json_t *file, const char *key) {
    char text[CLI_HUMAN_BYTES];
    const json_t *value = json_object_get(file, key);
    cli_human_size(json_integer_value(value), text);
    cli_table_add(table, value ? text : NULL);
}

static void put_files(struct cli_table *table, const json_t *files, const char *kind,
                      const char *sign) {
    size_t i;
    const json_t *file;
    json_array_foreach(json_object_get(files, kind), i, file) {
        cli_table_add(table, sign);
        cli_table_add(table, berth_json_string(file, "path"));
        put_size(table, file, "bytesBefore");
        put_size(table, file, "bytes");
        put_size(table, file, "sentBefore");
        put_size(table, file, "sent");
    }
}

/* "exposes    + ./Nav", a line for each. */
static void put_names(const char *field, const json_t *names) {
    size_t i;
    const json_t *name;
    json_array_foreach(json_object_get(names, "added"), i, name)
        cli_field(field, "+ %s", json_string_value(name));
    json_array_foreach(json_object_get(names, "removed"), i, name)
        cli_field(field, "- %s", json_string_value(name));
    json_array_foreach(json_object_get(names, "changed"), i, name) {
        const char *before = berth_json_string(name, "before");
        const char *after = berth_json_string(name, "after");
        cli_field(field, "  %s %s, before it %s", berth_json_string(name, "name"),
                  after ? after : "any", before ? before : "any");
    }
}

static void put_headline(const char *module, const json_t *diff) {
    const json_t *from = json_object_get(diff, "from"), *to = json_object_get(diff, "to");
    char before[CLI_HUMAN_BYTES], after[CLI_HUMAN_BYTES];
    cli_human_size(berth_json_integer(from, "bytes", 0), before);
    cli_human_size(berth_json_integer(to, "bytes", 0), after);
    cli_line(stdout, "%s %s (%s) to %s (%s)", module, berth_json_string(from, "version"), before,
             berth_json_string(to, "version"), after);
}

static enum berth_exit show(const struct cli *cli, const char *module, const json_t *diff) {
    static const struct cli_column columns[] = {{"", false},           {"FILE", false},
                                                {"BEFORE", true},      {"AFTER", true},
                                                {"SENT BEFORE", true}, {"SENT", true}};
    const json_t *files = json_object_get(diff, "files");
    struct cli_table table;
    if (!cli->style.quiet)
        put_headline(module, diff);
    put_names("exposes", json_object_get(diff, "exposes"));
    put_names("shared", json_object_get(diff, "shared"));
    cli_table_init(&table, columns, sizeof columns / sizeof *columns);
    put_files(&table, files, "added", "+");
    put_files(&table, files, "removed", "-");
    put_files(&table, files, "changed", "~");
    if (table.cell_count == 0) {
        cli_table_done(&table);
        cli_line(stdout, "all %" PRId64 " files are the same",
                 (int64_t)berth_json_integer(files, "same", 0));
        return BERTH_EXIT_OK;
    }
    return cli_table_finish(cli, &table, 1);
}

/* --- from the server --- */

static enum berth_exit fetch(struct cli *cli, const char *path, json_t **ret) {
    struct cli_request request = {
        .method = "GET", .path = path, .expected = CLI_IF_ANY, .keeps_answer = true};
    long status;
    return cli_call(cli, &request, ret, &status);
}

static enum berth_exit fetch_version(struct cli *cli, const char *module, const char *version,
                                     json_t **ret) {
    char path[PATH_BYTES];
    char *escaped = cli_url_escape(version);
    (void)snprintf(path, sizeof path, "/api/modules/%s/versions/%s", module,
                   escaped ? escaped : "");
    free(escaped);
    return fetch(cli, path, ret);
}

/* The version that is live, to be compared with. */
static enum berth_exit fetch_live(struct cli *cli, const char *module, json_t **ret) {
    char path[PATH_BYTES];
    json_t *live = NULL;
    (void)snprintf(path, sizeof path, "/api/modules/%s/live", module);
    enum berth_exit outcome = fetch(cli, path, &live);
    const char *version = berth_json_string(live, "version");
    if (outcome == BERTH_EXIT_OK)
        outcome = fetch_version(cli, module, version ? version : "", ret);
    json_decref(live);
    return outcome;
}

static enum berth_exit run_diff(struct cli *cli) {
    struct cli_target target;
    struct berth_error error = {0};
    json_t *from = NULL, *to = NULL;
    const char *second = cli->word_count > 1 ? cli->words[1] : NULL;
    if (cli_target_parse(cli->words[0], &target, &error) != BERTH_OK)
        return cli_report(cli, &error);
    enum berth_exit outcome = second ? fetch_version(cli, target.module, target.version, &from)
                                     : fetch_live(cli, target.module, &from);
    if (outcome == BERTH_EXIT_OK)
        outcome = fetch_version(cli, target.module, second ? second : target.version, &to);
    if (outcome == BERTH_EXIT_OK) {
        json_t *diff = compare(target.module, from, to);
        if (cli->style.json)
            cli_print_json(&cli->style, diff);
        else
            outcome = show(cli, target.module, diff);
        json_decref(diff);
    }
    json_decref(from);
    json_decref(to);
    return outcome;
}

const struct cli_command cli_command_diff = {
    .name = "diff",
    .args = "<module>@<version> [<version>]",
    .min_words = 1,
    .max_words = 2,
    .summary = "what changes from one version to another",
    .help = "Compares the live version with the one that is named, or the one that is named\n"
            "with a second: files that are new (+), gone (-) or other (~) with their sizes as\n"
            "they are and as they are sent (brotli), exposes, and shared packages.",
    .examples = "  berth diff header-app@1.1.0               what activating it would change\n"
                "  berth diff header-app@1.0.0 1.1.0         from the first to the second\n"
                "  berth diff header-app@1.1.0 --quiet       the files' names alone\n",
    .run = run_diff,
};
