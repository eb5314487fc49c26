#include "format.h"
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 10, GAP = 2 };

void cli_table_init(struct cli_table *table, const struct cli_column *columns, size_t count) {
    *table = (struct cli_table){.columns = columns, .column_count = count};
    table->failed = count > COLUMNS_MAX;
}

void cli_table_add(struct cli_table *table, const char *text) {
    if (table->failed)
        return;
    if (table->cell_count == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 64;
        char **cells = reallocarray(table->cells, capacity, sizeof *cells);
        if (!cells) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    char *copy = strdup(text && text[0] != '\0' ? text : "-");
    if (!copy) {
        table->failed = true;
        return;
    }
    table->cells[table->cell_count++] = copy;
}

void cli_table_number(struct cli_table *table, int64_t number) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    cli_table_add(table, text);
}

/* One cell. `owed` is the padding the cell before it still wants: it is only written before more
 * text, so that no line ends in blanks. Returns what this cell wants after it. */
static size_t put_cell(const struct cli_column *column, size_t width, const char *text,
                       size_t owed) {
    size_t padding = width - cli_width(text);
    for (size_t i = owed + (column->right ? padding : 0); i > 0; i--)
        putchar(' ');
    cli_text(stdout, text);
    return GAP + (column->right ? 0 : padding);
}

static void put_row(const struct cli_table *table, const size_t *widths, char *const *cells) {
    size_t owed = 0;
    for (size_t i = 0; i < table->column_count; i++)
        owed = put_cell(&table->columns[i], widths[i], cells[i], owed);
    putchar('\n');
}

static void put_titles(const struct cli_table *table, const struct cli_style *style,
                       const size_t *widths) {
    size_t owed = 0;
    fputs(style->colour ? "\033[1m" : "", stdout);
    for (size_t i = 0; i < table->column_count; i++)
        owed = put_cell(&table->columns[i], widths[i], table->columns[i].title, owed);
    fputs(style->colour ? "\033[0m\n" : "\n", stdout);
}

bool cli_table_print(const struct cli_table *table, const struct cli_style *style,
                     size_t quiet_column) {
    if (table->failed)
        return false;
    size_t widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < table->column_count; i++)
        widths[i] = cli_width(table->columns[i].title);
    for (size_t i = 0, column = 0; i < table->cell_count; i++) {
        size_t width = cli_width(table->cells[i]);
        widths[column] = width > widths[column] ? width : widths[column];
        column = column + 1 < table->column_count ? column + 1 : 0;
    }
    if (!style->quiet)
        put_titles(table, style, widths);
    for (size_t i = 0; i + table->column_count <= table->cell_count; i += table->column_count)
        if (style->quiet)
            cli_line(stdout, "%s", table->cells[i + quiet_column]);
        else
            put_row(table, widths, table->cells + i);
    return true;
}

void cli_table_done(struct cli_table *table) {
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct cli_table){0};
}
