#include "output.h"

#include "args.h"
#include "format.h"

#include "berth/clock.h"
#include "berth/json.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first of them that is set decides, as in setlocale(3). */
static bool locale_is_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = cli_environment(names[i]);
        if (value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

void cli_style_init(struct cli_style *style) {
    const char *term = cli_environment("TERM");
    const char *force = cli_environment("CLICOLOR_FORCE");
    bool never = cli_environment("NO_COLOR") != NULL;
    bool always = !never && force && strcmp(force, "0") != 0;
    bool can = !never && term && strcmp(term, "dumb") != 0;
    bool utf8 = locale_is_utf8();
    *style = (struct cli_style){0};
    style->terminal = isatty(STDOUT_FILENO);
    style->colour = always || (style->terminal && can);
    style->unicode = style->terminal && utf8;
    style->err_terminal = isatty(STDERR_FILENO);
    style->err_colour = always || (style->err_terminal && can);
    style->err_unicode = style->err_terminal && utf8;
}

void cli_text(FILE *stream, const char *text) {
    bool harmless;
    for (size_t length; *text; text += length) {
        length = cli_character(text, &harmless);
        if (harmless)
            fwrite(text, 1, length, stream);
        else
            fputc('?', stream);
    }
}

static void put_format(FILE *stream, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void put_format(FILE *stream, const char *format, va_list arguments) {
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        fputs("out of memory\n", stream);
        return;
    }
    cli_text(stream, text);
    fputc('\n', stream);
    free(text);
}

void cli_line(FILE *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    put_format(stream, format, arguments);
    va_end(arguments);
}

void cli_field(const char *name, const char *format, ...) {
    va_list arguments;
    printf("  %-10s", name);
    va_start(arguments, format);
    put_format(stdout, format, arguments);
    va_end(arguments);
}

static void put_label(const struct cli_style *style, const char *colour, const char *label) {
    if (style->err_colour)
        fprintf(stderr, "\033[%sm%s:\033[0m ", colour, label);
    else
        fprintf(stderr, "%s: ", label);
}

void cli_complain(const struct cli_style *style, const struct cli_complaint *complaint) {
    put_label(style, "1;31", "berth");
    cli_line(stderr, "%s", complaint->text);
    const struct {
        const char *label;
        const char *text;
    } more[] = {
        {"where", complaint->where}, {"hint", complaint->hint}, {"request", complaint->request}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (more[i].text && more[i].text[0] != '\0') {
            put_label(style, "1", more[i].label);
            cli_line(stderr, "%s", more[i].text);
        }
    }
}

void cli_warn(const struct cli_style *style, const char *format, ...) {
    va_list arguments;
    put_label(style, "1;33", "warning");
    va_start(arguments, format);
    put_format(stderr, format, arguments);
    va_end(arguments);
}

bool cli_print_json(const struct cli_style *style, const json_t *value) {
    char *text = style->terminal ? berth_json_pretty(value) : berth_json_text(value);
    if (text)
        puts(text);
    free(text);
    return text != NULL;
}

void cli_time_text(const struct cli_style *style, const char *rfc3339, char ret[48]) {
    int64_t time_ms;
    if (!rfc3339)
        snprintf(ret, 48, "-");
    else if (style->terminal && cli_time_parse(rfc3339, &time_ms))
        cli_human_age(berth_now_ms(), time_ms, ret);
    else
        snprintf(ret, 48, "%s", rfc3339);
}
