/* What people read of the options: --help and the manual page, both from the table. */
#include "options.h"

#include <stdio.h>
#include <string.h>

/* The value that an option has when nothing sets it; "" where its help tells. */
static const char *default_of(const struct serve_option *option, char *number, size_t size) {
    if (option->text)
        return option->text;
    (void)snprintf(number, size, "%lld", (long long)option->number);
    return number;
}

void berth_serve_usage(void) {
    (void)puts("berth serve: run the server\n\n"
               "usage: berth serve [OPTION VALUE]…\n");
    for (size_t i = 0; i < serve_option_count; i++) {
        const struct serve_option *option = &serve_options[i];
        char left[48];
        char number[24];
        const char *value = default_of(option, number, sizeof number);
        (void)snprintf(left, sizeof left, "--%s %s", option->name, option->value);
        (void)printf("%s %-32s %s%s%s%s\n", option->when == SERVE_RELOAD ? "*" : " ", left,
                     option->help, *value ? " (" : "", value, *value ? ")" : "");
    }
    (void)printf("  %-32s %s\n  %-32s %s\n  %-32s %s\n", "--config FILE",
                 "settings, one a line: listen = 127.0.0.1:8080; # begins a comment", "--check",
                 "say what all settings are and where each comes from; start nothing", "--manual",
                 "print the manual page");
    (void)puts(
        "\nAn option can also be set by the environment (BERTH_MAX_UPLOADS for --max-uploads,\n"
        "BERTH_CONFIG for --config) or in the file. The command line weighs more than the\n"
        "environment, and that more than the file.\n"
        "\n* changes while the server runs, too: SIGHUP (systemctl reload berth) reads the file\n"
        "and certificates again. If anything is wrong, all stays as it was, and the log says\n"
        "why. Everything else, and whether there is TLS at all, changes with a restart.\n"
        "\nOn the first start an admin token is written to DATA/admin.token.\n"
        "SIGTERM drains and stops; what is in flight may end within --drain-ms.");
}

/* --- roff --- */

/* A backslash, and a dot or a quote at a line's start, are no commands. */
static void put(const char *text) {
    if (*text == '.' || *text == '\'')
        (void)fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\' || *text == '-')
            (void)fputc('\\', stdout);
        (void)fputc(*text == '\\' ? 'e' : *text, stdout);
    }
    (void)fputc('\n', stdout);
}

static void put_option(const char *name, const char *value, const char *help) {
    (void)fputs(".TP\n\\fB\\-\\-", stdout);
    for (; *name; name++)
        (void)printf("%s%c", *name == '-' ? "\\" : "", *name);
    (void)printf("\\fR%s\\fI%s\\fR\n", *value ? " " : "", value);
    put(help);
}

static void put_row(const struct serve_option *option) {
    char number[24];
    const char *value = default_of(option, number, sizeof number);
    put_option(option->name, option->value, option->help);
    if (!option->text)
        (void)printf(".br\nFrom %lld to %lld; %s if nothing is set.\n", (long long)option->least,
                     (long long)option->most, value);
    else if (*value)
        (void)printf(".br\nIf nothing is set: %s\n", value);
    if (option->when == SERVE_RELOAD)
        (void)puts(".br\nSIGHUP is enough to change it.");
}

void berth_serve_manual(void) {
    (void)puts(".TH BERTH\\-SERVE 1 \"\" \"berth\" \"User Commands\"\n"
               ".SH NAME\nberth\\-serve \\- run the server\n"
               ".SH SYNOPSIS\n\\fBberth serve\\fR [\\fIoption value\\fR]...\n"
               ".SH OPTIONS");
    for (size_t i = 0; i < serve_option_count; i++)
        put_row(&serve_options[i]);
    put_option("config", "FILE",
               "settings, one a line: listen = 127.0.0.1:8080; # begins a "
               "comment");
    put_option("check", "",
               "say what all settings are and where each comes from, and whether "
               "certificates will do; start nothing");
    put_option("help", "", "a short form of this page");
    put_option("manual", "", "print this page");
    (void)puts(
        ".SH ENVIRONMENT\n"
        "Each option is also a variable: BERTH_MAX_UPLOADS for \\-\\-max\\-uploads, BERTH_CONFIG\n"
        "for \\-\\-config. The command line weighs more than the environment, and that more than\n"
        "the file.\n"
        ".SH SIGNALS\n.TP\n\\fBSIGHUP\\fR\n"
        "reads the file and certificates again. Connections go on. If anything is wrong, all\n"
        "stays as it was. The log says it: \"reloaded\" with old and new values, or\n"
        "\"reload\\-failed\"; \"restart\\-needed\" names settings that wait for the next start.\n"
        "Whether there is TLS at all is one of them.\n"
        ".TP\n\\fBSIGTERM\\fR, \\fBSIGINT\\fR\n"
        "drain and stop; what is in flight may end within \\-\\-drain\\-ms. A second one ends "
        "that.\n"
        ".SH FILES\n.TP\n\\fIDATA/admin.token\\fR\n"
        "the first token, written at the first start\n"
        ".SH SEE ALSO\n\\fBberth\\fR(1)");
}
