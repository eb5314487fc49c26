/* From the table's defaults, a file, the environment and the command line, the last of which wins.
 */
#include "options.h"

#include "berth/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENVIRONMENT_NAME_BYTES = 64 };

/* All values, and what each was set by, for --check and for errors. */
struct parse {
    struct berth_serve_options *values;
    const char *config;
    char sources[SERVE_OPTION_MAX][96]; /* "" for a default */
};

const struct serve_option *serve_option_find(const char *name, size_t length) {
    for (size_t i = 0; i < serve_option_count; i++)
        if (strlen(serve_options[i].name) == length &&
            strncmp(serve_options[i].name, name, length) == 0)
            return &serve_options[i];
    return NULL;
}

void *serve_option_place(struct berth_serve_options *values, const struct serve_option *option) {
    return (char *)values + option->offset;
}

const void *serve_option_value(const struct berth_serve_options *values,
                               const struct serve_option *option) {
    return (const char *)values + option->offset;
}

static void set_defaults(struct berth_serve_options *values) {
    for (size_t i = 0; i < serve_option_count; i++) {
        const struct serve_option *option = &serve_options[i];
        if (option->text)
            *(const char **)serve_option_place(values, option) = option->text;
        else
            *(int64_t *)serve_option_place(values, option) = option->number;
    }
}

static void print_warning(const char *text, const char *path) {
    (void)fprintf(stderr, "warning: %s\nwhere: %s\n", text, path);
}

static enum berth_code usage_error(struct berth_error *error, const char *text, const char *word) {
    enum berth_code code = berth_fail(error, BERTH_INVALID, "usage", "%s: %s", text, word);
    berth_error_hint(error, "see berth serve --help");
    return code;
}

static enum berth_code set_number(struct berth_serve_options *values,
                                  const struct serve_option *option, const char *text,
                                  struct berth_error *error) {
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < option->least || number > option->most)
        return berth_fail(error, BERTH_INVALID, "usage",
                          "%s takes a whole number from %lld to %lld", option->name,
                          (long long)option->least, (long long)option->most);
    *(int64_t *)serve_option_place(values, option) = number;
    return BERTH_OK;
}

/* `value` is borrowed. `source` stands in errors and in what --check prints. */
static enum berth_code set(struct parse *parse, const struct serve_option *option,
                           const char *value, const char *source, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    if (option->text)
        *(const char **)serve_option_place(parse->values, option) = value;
    else
        code = set_number(parse->values, option, value, error);
    if (code != BERTH_OK)
        berth_error_where(error, "%s", source);
    (void)snprintf(parse->sources[option - serve_options], sizeof *parse->sources, "%s", source);
    return code;
}

/* --- the file --- */

static enum berth_code take_setting(void *context, const struct berth_setting *setting,
                                    struct berth_error *error) {
    struct parse *parse = context;
    const struct serve_option *option = serve_option_find(setting->name, strlen(setting->name));
    char source[BERTH_WHERE_BYTES];
    if (*setting->section)
        return berth_fail(error, BERTH_INVALID, "settings", "there are no sections here: [%.80s]",
                          setting->section);
    if (!option) {
        enum berth_code code = berth_fail(error, BERTH_INVALID, "settings",
                                          "there is no setting %.80s", setting->name);
        berth_error_hint(error, "settings are named as the options that berth serve --help lists");
        return code;
    }
    (void)snprintf(source, sizeof source, "%s:%d", parse->config, setting->line);
    return set(parse, option, setting->value, source, error);
}

static enum berth_code take_file(struct parse *parse, struct berth_error *error) {
    if (!*parse->config)
        return BERTH_OK;
    return berth_settings_read(parse->config, take_setting, parse, &parse->values->config_text,
                               error);
}

/* --- the environment --- */

static void environment_name(const char *name, char ret[ENVIRONMENT_NAME_BYTES]) {
    size_t length = (size_t)snprintf(ret, ENVIRONMENT_NAME_BYTES, "BERTH_%s", name);
    for (size_t i = 0; i < length && i < ENVIRONMENT_NAME_BYTES; i++) {
        if (ret[i] == '-')
            ret[i] = '_';
        else if (ret[i] >= 'a' && ret[i] <= 'z')
            ret[i] = (char)(ret[i] - 'a' + 'A');
    }
}

static enum berth_code take_environment(struct parse *parse, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; code == BERTH_OK && i < serve_option_count; i++) {
        char name[ENVIRONMENT_NAME_BYTES];
        environment_name(serve_options[i].name, name);
        const char *value = getenv(name);
        if (value)
            code = set(parse, &serve_options[i], value, name, error);
    }
    return code;
}

/* --- the command line --- */

struct words {
    int count;
    char **list;
    int at; /* left at the last word of an option */
};

/* The value of the option at words->at, in the same word or in the next. NULL: there is none. */
static const char *value_of(struct words *words) {
    const char *equals = strchr(words->list[words->at], '=');
    if (equals)
        return equals + 1;
    return ++words->at < words->count ? words->list[words->at] : NULL;
}

static bool is_option(const char *word, const char *name) {
    size_t length = strlen(name);
    return strncmp(word, name, length) == 0 && (!word[length] || word[length] == '=');
}

static enum berth_code take_word(struct parse *parse, struct words *words,
                                 struct berth_error *error) {
    const char *word = words->list[words->at];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "--check") == 0 ||
        strcmp(word, "--manual") == 0)
        return BERTH_OK;
    if (strncmp(word, "--", 2) != 0)
        return usage_error(error, "not an option", word);
    size_t length = strcspn(word + 2, "=");
    const struct serve_option *option = serve_option_find(word + 2, length);
    bool is_config = is_option(word, "--config");
    if (!option && !is_config)
        return usage_error(error, "unknown option", word);
    const char *value = value_of(words);
    if (!value)
        return usage_error(error, "a value is missing after", word);
    return is_config ? BERTH_OK : set(parse, option, value, "command line", error);
}

/* What decides how the rest is read. */
static enum berth_code look_ahead(struct parse *parse, struct words words,
                                  struct berth_error *error) {
    const char *config = getenv("BERTH_CONFIG");
    parse->config = config ? config : "";
    for (words.at = 1; words.at < words.count; words.at++) {
        const char *word = words.list[words.at];
        parse->values->help |= strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
        parse->values->check |= strcmp(word, "--check") == 0;
        parse->values->manual |= strcmp(word, "--manual") == 0;
        if (is_option(word, "--config")) {
            parse->config = value_of(&words);
            if (!parse->config)
                return usage_error(error, "a value is missing after", word);
        }
    }
    return BERTH_OK;
}

static void print_value(struct parse *parse, const struct serve_option *option) {
    const char *source = parse->sources[option - serve_options];
    char number[24];
    (void)snprintf(number, sizeof number, "%lld",
                   option->text ? 0LL
                                : (long long)*(int64_t *)serve_option_place(parse->values, option));
    const char *value =
        option->text ? *(const char **)serve_option_place(parse->values, option) : number;
    (void)printf("# %s\n%s = %s\n", *source ? source : "default", option->name, value);
}

enum berth_code berth_serve_options_parse(int argc, char **argv, struct berth_serve_options *ret,
                                          struct berth_error *error) {
    *ret = (struct berth_serve_options){0};
    struct parse *parse = calloc(1, sizeof *parse);
    if (!parse)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    parse->values = ret;
    struct words words = {.count = argc, .list = argv};
    set_defaults(ret);
    enum berth_code code = look_ahead(parse, words, error);
    if (code == BERTH_OK && !ret->help && !ret->manual) {
        code = take_file(parse, error);
        if (code == BERTH_OK)
            code = take_environment(parse, error);
        for (words.at = 1; code == BERTH_OK && words.at < argc; words.at++)
            code = take_word(parse, &words, error);
        if (code == BERTH_OK)
            code = serve_options_check(ret, error);
        if (code == BERTH_OK)
            code = serve_certificates_check(ret, ret->check ? print_warning : NULL, error);
    }
    for (size_t i = 0; code == BERTH_OK && ret->check && i < serve_option_count; i++)
        print_value(parse, &serve_options[i]);
    free(parse);
    return code;
}

void berth_serve_options_done(struct berth_serve_options *options) {
    free(options->config_text);
    options->config_text = NULL;
}
