#include "berth/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum berth_code fail(const char *path, const char *text, struct berth_error *error) {
    enum berth_code code = errno == ENOENT ? BERTH_NOT_FOUND : BERTH_INVALID;
    berth_fail(error, code, "settings", "%s%s%s", text, errno ? ": " : "",
               errno ? strerror(errno) : "");
    berth_error_where(error, "%s", path);
    return code;
}

/* *ret is the whole file with a NUL behind it. */
static enum berth_code read_text(const char *path, char **ret, struct berth_error *error) {
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(path, "cannot read the settings", error);
    *ret = malloc(BERTH_SETTINGS_MAX_BYTES + 1);
    if (!*ret) {
        (void)fclose(file);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    errno = 0;
    size_t length = fread(*ret, 1, BERTH_SETTINGS_MAX_BYTES + 1, file);
    bool failed = ferror(file) != 0;
    int reason = errno;
    (void)fclose(file);
    errno = failed ? reason : 0;
    if (failed)
        return fail(path, "cannot read the settings", error);
    if (length > BERTH_SETTINGS_MAX_BYTES || memchr(*ret, 0, length))
        return fail(path, "settings are a text of at most 64 KiB", error);
    (*ret)[length] = '\0';
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
    berth_setting_taker take;
    void *context;
    const char *section;
    struct {
        const char *section, *name;
    } seen[BERTH_SETTINGS_MAX];
    size_t seen_count;
};

static enum berth_code note(struct reading *reading, const char *name, struct berth_error *error) {
    for (size_t i = 0; i < reading->seen_count; i++)
        if (strcmp(reading->seen[i].name, name) == 0 &&
            strcmp(reading->seen[i].section, reading->section) == 0)
            return berth_fail(error, BERTH_INVALID, "settings", "%.80s is set twice", name);
    if (reading->seen_count == BERTH_SETTINGS_MAX)
        return berth_fail(error, BERTH_INVALID, "settings", "more than %d settings",
                          BERTH_SETTINGS_MAX);
    reading->seen[reading->seen_count].section = reading->section;
    reading->seen[reading->seen_count++].name = name;
    return BERTH_OK;
}

static enum berth_code read_line(struct reading *reading, char *line, int number,
                                 struct berth_error *error) {
    line = trim(line);
    size_t length = strlen(line);
    if (!length || *line == '#')
        return BERTH_OK;
    if (*line == '[' && line[length - 1] == ']') {
        line[length - 1] = '\0';
        reading->section = trim(line + 1);
        return BERTH_OK;
    }
    char *equals = strchr(line, '=');
    if (!equals || equals == line) {
        enum berth_code code =
            berth_fail(error, BERTH_INVALID, "settings", "not a setting: %.80s", line);
        berth_error_hint(error, "a setting is a line such as: name = value");
        return code;
    }
    *equals = '\0';
    struct berth_setting setting = {reading->section, trim(line), trim(equals + 1), number};
    enum berth_code code = note(reading, setting.name, error);
    return code == BERTH_OK ? reading->take(reading->context, &setting, error) : code;
}

enum berth_code berth_settings_read(const char *path, berth_setting_taker take, void *context,
                                    char **ret_text, struct berth_error *error) {
    *ret_text = NULL;
    struct reading *reading = calloc(1, sizeof *reading);
    if (!reading)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    *reading = (struct reading){.take = take, .context = context, .section = ""};
    enum berth_code code = read_text(path, ret_text, error);
    char *rest = code == BERTH_OK ? *ret_text : NULL;
    for (int number = 1; code == BERTH_OK && rest; number++) {
        code = read_line(reading, strsep(&rest, "\n"), number, error);
        if (code != BERTH_OK)
            berth_error_where(error, "%s:%d", path, number);
    }
    free(reading);
    return code;
}
