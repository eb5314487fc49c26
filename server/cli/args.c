#include "args.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const struct cli_option_spec cli_option_specs[CLI_OPTION_COUNT] = {
    [CLI_PROFILE] = {"profile", 0, "NAME"},
    [CLI_SERVER] = {"server", 0, "URL"},
    [CLI_TOKEN] = {"token", 0, "TOKEN"},
    [CLI_TOKEN_FILE] = {"token-file", 0, "FILE"},
    [CLI_CA_FILE] = {"ca-file", 0, "FILE"},
    [CLI_JSON] = {"json", 0, NULL},
    [CLI_QUIET] = {"quiet", 'q', NULL},
    [CLI_HELP] = {"help", 'h', NULL},
    [CLI_VERSION] = {"version", 0, NULL},
    [CLI_ACTIVATE] = {"activate", 0, NULL},
    [CLI_FORCE] = {"force", 0, NULL},
    [CLI_REASON] = {"reason", 0, "TEXT"},
    [CLI_IF_GENERATION] = {"if-generation", 0, "N"},
    [CLI_IF_REVISION] = {"if-revision", 0, "N"},
    [CLI_TO] = {"to", 0, "VERSION"},
    [CLI_NAME] = {"name", 0, "NAME"},
    [CLI_MODULE] = {"module", 0, "PATTERN"},
    [CLI_CAN] = {"can", 0, "SCOPES"},
    [CLI_EXPIRES] = {"expires", 0, "WHEN"},
    [CLI_OVERLAP] = {"overlap", 0, "SPAN"},
    [CLI_DATA] = {"data", 0, "DIR"},
    [CLI_REPAIR] = {"repair", 0, NULL},
    [CLI_KEEP] = {"keep", 0, "N"},
    [CLI_DAYS] = {"days", 0, "N"},
    [CLI_BEFORE] = {"before", 0, "VERSION"},
    [CLI_YES] = {"yes", 'y', NULL},
    [CLI_LIMIT] = {"limit", 0, "N"},
    [CLI_VERBOSE] = {"verbose", 'v', NULL},
    [CLI_PRINT] = {"print", 0, NULL},
};

enum { NEAREST_BYTES = 24, NEAREST_DISTANCE = 2 };

static enum berth_code unknown_option(const char *text, size_t name_length,
                                      struct berth_error *error) {
    const char *names[CLI_OPTION_COUNT];
    for (size_t i = 0; i < CLI_OPTION_COUNT; i++)
        names[i] = cli_option_specs[i].name;
    berth_fail(error, BERTH_INVALID, "usage", "unknown option %.*s", (int)name_length, text);
    char name[NEAREST_BYTES] = "";
    if (name_length > 2 && name_length - 2 < sizeof name)
        memcpy(name, text + 2, name_length - 2);
    const char *meant = cli_nearest(name, names, CLI_OPTION_COUNT);
    if (meant)
        berth_error_hint(error, "did you mean --%s?", meant);
    else
        berth_error_hint(error, "see berth --help, or berth COMMAND --help");
    return BERTH_INVALID;
}

static bool find_long(const char *name, size_t length, enum cli_option *ret) {
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        const char *known = cli_option_specs[i].name;
        if (strlen(known) == length && memcmp(known, name, length) == 0) {
            *ret = (enum cli_option)i;
            return true;
        }
    }
    return false;
}

static bool find_letter(char letter, enum cli_option *ret) {
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        if (cli_option_specs[i].letter == letter) {
            *ret = (enum cli_option)i;
            return true;
        }
    }
    return false;
}

/* --name, --name=value or --name value; `next` is the word after it or NULL. */
static enum berth_code parse_long(const char *text, const char *next, struct cli_args *ret,
                                  bool *ret_took_next, struct berth_error *error) {
    size_t length = strcspn(text, "=");
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    enum cli_option option;
    if (!find_long(text + 2, length - 2, &option))
        return unknown_option(text, length, error);
    const struct cli_option_spec *spec = &cli_option_specs[option];
    if (!spec->value) {
        if (value)
            return berth_fail(error, BERTH_INVALID, "usage", "--%s takes no value", spec->name);
        ret->option[option] = "";
        return BERTH_OK;
    }
    if (!value) {
        if (!next || strncmp(next, "--", 2) == 0) {
            berth_fail(error, BERTH_INVALID, "usage", "--%s needs a value", spec->name);
            berth_error_hint(error, "write --%s %s, or --%s=%s if it begins with dashes",
                             spec->name, spec->value, spec->name, spec->value);
            return BERTH_INVALID;
        }
        value = next;
        *ret_took_next = true;
    }
    if (value[0] == '\0')
        return berth_fail(error, BERTH_INVALID, "usage", "the value of --%s is empty", spec->name);
    ret->option[option] = value;
    return BERTH_OK;
}

static enum berth_code parse_letters(const char *text, struct cli_args *ret,
                                     struct berth_error *error) {
    for (const char *letter = text + 1; *letter; letter++) {
        enum cli_option option;
        if (!find_letter(*letter, &option))
            return unknown_option(text, strlen(text), error);
        ret->option[option] = "";
    }
    return BERTH_OK;
}

static enum berth_code add_word(const char *text, struct cli_args *ret, struct berth_error *error) {
    if (ret->words == CLI_WORDS_MAX) {
        berth_fail(error, BERTH_INVALID, "usage", "too many arguments, from \"%s\" on", text);
        berth_error_hint(error, "a text with spaces needs quotes");
        return BERTH_INVALID;
    }
    ret->word[ret->words++] = text;
    return BERTH_OK;
}

enum berth_code cli_args_parse(int argc, char **argv, struct cli_args *ret,
                               struct berth_error *error) {
    struct cli_args args = {0};
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        const char *text = argv[i];
        enum berth_code code = BERTH_OK;
        if (only_words || text[0] != '-' || text[1] == '\0') {
            code = add_word(text, &args, error);
        } else if (strcmp(text, "--") == 0) {
            only_words = true;
        } else if (text[1] == '-') {
            bool took_next = false;
            code = parse_long(text, i + 1 < argc ? argv[i + 1] : NULL, &args, &took_next, error);
            i += took_next;
        } else {
            code = parse_letters(text, &args, error);
        }
        if (code != BERTH_OK)
            return code;
    }
    *ret = args;
    return BERTH_OK;
}

const char *cli_environment(const char *name) {
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

/* Levenshtein's distance, with a row of its matrix at a time. */
static size_t distance(const char *a, const char *b) {
    size_t row[NEAREST_BYTES + 1];
    size_t b_length = strlen(b);
    if (strlen(a) > NEAREST_BYTES || b_length > NEAREST_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < step ? change : step;
        }
    }
    return row[b_length];
}

const char *cli_nearest(const char *word, const char *const *candidates, size_t count) {
    const char *best = NULL;
    size_t best_distance = NEAREST_DISTANCE + 1;
    size_t length = strlen(word);
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, candidates[i]);
        /* A word of which nothing is right is no guess. */
        if (d < best_distance && d < length) {
            best_distance = d;
            best = candidates[i];
        }
    }
    return best;
}

enum berth_code cli_target_parse(const char *text, struct cli_target *ret,
                                 struct berth_error *error) {
    const char *at = strrchr(text, '@');
    if (!at || at == text) {
        berth_fail(error, BERTH_INVALID, "target", "\"%s\" names no version", text);
        berth_error_hint(error, "write it as MODULE@VERSION, for example %s@1.0.0",
                         berth_module_name_check(text, NULL) == BERTH_OK ? text : "header-app");
        return BERTH_INVALID;
    }
    struct cli_target target = {0};
    size_t module_length = (size_t)(at - text);
    size_t version_length = strlen(at + 1);
    if (module_length >= sizeof target.module || version_length >= sizeof target.version)
        return berth_fail(error, BERTH_INVALID, "target", "the module or version name is too long");
    memcpy(target.module, text, module_length);
    memcpy(target.version, at + 1, version_length);
    enum berth_code code = berth_module_name_check(target.module, error);
    if (code == BERTH_OK)
        code = berth_semver_check(target.version, error);
    if (code == BERTH_OK)
        *ret = target;
    else
        berth_error_where(error, "%s", text);
    return code;
}

enum berth_code cli_module_check(const char *text, struct berth_error *error) {
    struct cli_target target;
    if (cli_target_parse(text, &target, NULL) == BERTH_OK) {
        berth_fail(error, BERTH_INVALID, "usage", "a module is meant here, not a version of one");
        berth_error_hint(error, "write %s", target.module);
    } else if (berth_module_name_check(text, error) == BERTH_OK) {
        return BERTH_OK;
    }
    berth_error_where(error, "%s", text);
    return BERTH_INVALID;
}

enum berth_code cli_number_parse(const char *name, const char *text, int64_t *ret,
                                 struct berth_error *error) {
    int64_t number = 0;
    bool good = text[0] != '\0';
    for (const char *c = text; good && *c; c++) {
        good = *c >= '0' && *c <= '9' && number <= (INT64_MAX - (*c - '0')) / 10;
        number = good ? number * 10 + (*c - '0') : 0;
    }
    if (!good) {
        return berth_fail(error, BERTH_INVALID, "usage", "--%s takes a whole number, not \"%s\"",
                          name, text);
    }
    *ret = number;
    return BERTH_OK;
}
