#include "changes.h"

#include "format.h"

#include "berth/json.h"
#include <inttypes.h>
#include <string.h>

static void size_text(const json_t *version, char ret[CLI_HUMAN_BYTES]) {
    cli_human_size(berth_json_integer(version, "bytes", 0), ret);
}

/* --- all of it --- */

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

static void put_headline(const json_t *changes) {
    const json_t *from = json_object_get(changes, "from"), *to = json_object_get(changes, "to");
    char before[CLI_HUMAN_BYTES], after[CLI_HUMAN_BYTES];
    size_text(from, before);
    size_text(to, after);
    cli_line(stdout, "%s %s (%s) to %s (%s)", berth_json_string(changes, "module"),
             berth_json_string(from, "version"), before, berth_json_string(to, "version"), after);
}

enum berth_exit cli_changes_show(const struct cli *cli, const json_t *changes) {
    static const struct cli_column columns[] = {{"", false},           {"FILE", false},
                                                {"BEFORE", true},      {"AFTER", true},
                                                {"SENT BEFORE", true}, {"SENT", true}};
    const json_t *files = json_object_get(changes, "files");
    struct cli_table table;
    if (!cli->style.quiet)
        put_headline(changes);
    put_names("exposes", json_object_get(changes, "exposes"));
    put_names("shared", json_object_get(changes, "shared"));
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

/* --- in a few lines --- */

enum { LINE_MAX_BYTES = 4096, NAMES_SHOWN = 8 };

static json_int_t sum(const json_t *files, const char *key) {
    json_int_t total = 0;
    size_t i;
    const json_t *file;
    json_array_foreach(files, i, file) total += berth_json_integer(file, key, 0);
    return total;
}

/* ", 4 changed (46.8 kB, before 46.5 kB)" */
static void add_files(struct berth_buffer *line, const json_t *files, const char *kind) {
    const json_t *list = json_object_get(files, kind);
    size_t count = json_array_size(list);
    char before[CLI_HUMAN_BYTES], after[CLI_HUMAN_BYTES];
    if (count == 0)
        return;
    cli_human_size(sum(list, "bytesBefore"), before);
    cli_human_size(sum(list, "bytes"), after);
    bool was = json_object_get(json_array_get(list, 0), "bytesBefore") != NULL;
    bool is = json_object_get(json_array_get(list, 0), "bytes") != NULL;
    berth_buffer_printf(line, "%s%zu %s (%s%s%s)", line->length ? ", " : "", count, kind,
                        is ? after : before, was && is ? ", before " : "", was && is ? before : "");
}

static void put_files_line(const json_t *files) {
    struct berth_buffer line;
    int64_t same = berth_json_integer(files, "same", 0);
    berth_buffer_init(&line, LINE_MAX_BYTES);
    add_files(&line, files, "added");
    add_files(&line, files, "removed");
    add_files(&line, files, "changed");
    if (line.length)
        cli_field("files", "%s, %" PRId64 " the same", line.data, same);
    else
        cli_field("files", "all %" PRId64 " are the same", same);
    berth_buffer_done(&line);
}

static json_int_t sent_bytes(const json_t *side) {
    const char *compression = berth_json_string(side, "compression");
    if (compression && strcmp(compression, "none") == 0)
        return -1;
    return berth_json_integer(json_object_get(side, "encodedBytes"), "br", -1);
}

static void put_size_line(const json_t *from, const json_t *to) {
    char before[CLI_HUMAN_BYTES], after[CLI_HUMAN_BYTES];
    json_int_t sent_before = sent_bytes(from), sent = sent_bytes(to);
    char sent_text[2 * CLI_HUMAN_BYTES + 32] = "";
    if (sent_before >= 0 && sent >= 0) {
        cli_human_size(sent_before, before);
        cli_human_size(sent, after);
        (void)snprintf(sent_text, sizeof sent_text, "; as sent (brotli) %s, before %s", after,
                       before);
    } else if (sent_before >= 0) {
        cli_human_size(sent_before, before);
        (void)snprintf(sent_text, sizeof sent_text, "; as sent (brotli) not known yet, before %s",
                       before);
    }
    size_text(from, before);
    size_text(to, after);
    cli_field("size", "%s, before %s%s", after, before, sent_text);
}

/* Takes the separator and the name's text; a list that is long ends in "and N more". */
static void add_name(struct berth_buffer *line, size_t *count, const char *sign, const char *name,
                     const char *rest) {
    if ((*count)++ < NAMES_SHOWN)
        berth_buffer_printf(line, "%s%s %s%s", line->length ? ", " : "", sign, name ? name : "?",
                            rest);
}

static void put_names_line(const char *field, const json_t *names) {
    struct berth_buffer line;
    size_t i, count = 0;
    const json_t *name;
    berth_buffer_init(&line, LINE_MAX_BYTES);
    json_array_foreach(json_object_get(names, "added"), i, name)
        add_name(&line, &count, "+", json_string_value(name), "");
    json_array_foreach(json_object_get(names, "removed"), i, name)
        add_name(&line, &count, "-", json_string_value(name), "");
    json_array_foreach(json_object_get(names, "changed"), i, name) {
        const char *before = berth_json_string(name, "before");
        const char *after = berth_json_string(name, "after");
        char rest[256];
        (void)snprintf(rest, sizeof rest, " %.100s (before %.100s)", after ? after : "any",
                       before ? before : "any");
        add_name(&line, &count, "~", berth_json_string(name, "name"), rest);
    }
    if (count > NAMES_SHOWN)
        berth_buffer_printf(&line, " and %zu more", count - NAMES_SHOWN);
    if (count > 0)
        cli_field(field, "%s", line.failed ? "many" : line.data);
    berth_buffer_done(&line);
}

void cli_changes_sum_up(const json_t *changes) {
    put_files_line(json_object_get(changes, "files"));
    put_size_line(json_object_get(changes, "from"), json_object_get(changes, "to"));
    put_names_line("exposes", json_object_get(changes, "exposes"));
    put_names_line("shared", json_object_get(changes, "shared"));
}
