/* What people see: lines, fields and tables on stdout, complaints on stderr.
 *
 * Names, reasons and messages come from other people's hands by way of the server, so every text is
 * cleaned on its way out: a character that a terminal would obey becomes "?", a line stays one
 * line.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_OUTPUT_H
#define BERTH_CLI_OUTPUT_H

#include "berth/error.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A value; filled once from the environment. */
struct cli_style {
    bool json;         /* --json */
    bool quiet;        /* --quiet */
    bool terminal;     /* stdout is one */
    bool colour;       /* on stdout */
    bool unicode;      /* on stdout, beyond what the server's texts hold */
    bool err_terminal; /* the same for stderr */
    bool err_colour;
    bool err_unicode;
};

/* Asks the descriptors 1 and 2, NO_COLOR (https://no-color.org), CLICOLOR_FORCE, TERM and the
 * locale variables. */
void cli_style_init(struct cli_style *style);

/* Cleaned text without a line end, and one cleaned line. */
void cli_text(FILE *stream, const char *text);
void cli_line(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "  name       text", for the lines below a headline. */
void cli_field(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "berth: text", then "where:", "hint:" and "request:" for those that are neither NULL nor empty.
 */
struct cli_complaint {
    const char *text;
    const char *where;
    const char *hint;
    const char *request;
};
void cli_complain(const struct cli_style *style, const struct cli_complaint *complaint);

/* "warning: text" on stderr. */
void cli_warn(const struct cli_style *style, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* JSON on stdout: indented on a terminal, else one line. False when out of memory. */
bool cli_print_json(const struct cli_style *style, const json_t *value);

/* A time of the server's: its age on a terminal, the time itself elsewhere; "-" for NULL. */
void cli_time_text(const struct cli_style *style, const char *rfc3339, char ret[48]);

struct cli_column {
    const char *title;
    bool right; /* numbers */
};

/* Cells are added row by row, left to right, and printed at the end, when all widths are known. */
struct cli_table {
    const struct cli_column *columns;
    size_t column_count;
    char **cells;
    size_t cell_count;
    size_t capacity;
    bool failed; /* out of memory: printing says so */
};

void cli_table_init(struct cli_table *table, const struct cli_column *columns, size_t count);
void cli_table_add(struct cli_table *table, const char *text); /* copied; NULL and "" show as "-" */
void cli_table_number(struct cli_table *table, int64_t number);
/* With --quiet the column `quiet_column` alone, without a title. False when out of memory. */
bool cli_table_print(const struct cli_table *table, const struct cli_style *style,
                     size_t quiet_column);
void cli_table_done(struct cli_table *table);

#endif
