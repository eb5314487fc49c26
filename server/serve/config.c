#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum berth_code read_text(const char *path, char **ret, struct berth_error *error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        enum berth_code code =
            berth_fail(error, BERTH_INVALID, "config", "cannot read the configuration file: %s",
                       strerror(errno));
        berth_error_where(error, "%s", path);
        return code;
    }
    char *text = malloc(SERVE_CONFIG_MAX_BYTES + 1);
    size_t length = text ? fread(text, 1, SERVE_CONFIG_MAX_BYTES + 1, file) : 0;
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    *ret = text;
    if (!text)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (failed || length > SERVE_CONFIG_MAX_BYTES || memchr(text, 0, length)) {
        berth_fail(error, BERTH_INVALID, "config",
                   failed ? "cannot read the configuration file"
                          : "the configuration file is no text of at most 64 KiB");
        berth_error_where(error, "%s", path);
        return BERTH_INVALID;
    }
    text[length] = '\0';
    return BERTH_OK;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *text) {
    text += strspn(text, " \t\r");
    size_t length = strlen(text);
    while (length && strchr(" \t\r", text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

struct reading {
    serve_config_taker take;
    void *context;
    const char *seen[SERVE_OPTION_MAX];
    size_t seen_count;
};

static bool is_seen(struct reading *reading, const char *name) {
    for (size_t i = 0; i < reading->seen_count; i++)
        if (strcmp(reading->seen[i], name) == 0)
            return true;
    if (reading->seen_count < SERVE_OPTION_MAX)
        reading->seen[reading->seen_count++] = name;
    return false;
}

static enum berth_code read_line(struct reading *reading, char *line, int number,
                                 struct berth_error *error) {
    line = trim(line);
    if (!*line || *line == '#')
        return BERTH_OK;
    char *equals = strchr(line, '=');
    if (!equals) {
        enum berth_code code =
            berth_fail(error, BERTH_INVALID, "config", "not a setting: %.80s", line);
        berth_error_hint(error, "a setting is a line such as: listen = 127.0.0.1:8080");
        return code;
    }
    *equals = '\0';
    const char *name = trim(line);
    if (is_seen(reading, name))
        return berth_fail(error, BERTH_INVALID, "config", "%.80s is set twice", name);
    return reading->take(reading->context, name, trim(equals + 1), number, error);
}

enum berth_code serve_config_read(const char *path, serve_config_taker take, void *context,
                                  char **ret_text, struct berth_error *error) {
    struct reading reading = {.take = take, .context = context};
    *ret_text = NULL;
    enum berth_code code = read_text(path, ret_text, error);
    char *rest = *ret_text;
    for (int number = 1; code == BERTH_OK && rest; number++) {
        char *line = strsep(&rest, "\n");
        code = read_line(&reading, line, number, error);
        if (code != BERTH_OK)
            berth_error_where(error, "%s:%d", path, number);
    }
    return code;
}
