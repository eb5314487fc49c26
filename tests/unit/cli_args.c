#include "cli/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARGV_MAX = 12 };

/* The line cut at blanks, as argv. */
struct line {
    char text[256];
    char *argv[ARGV_MAX];
    int argc;
};

static enum berth_code parse(struct line *line, const char *text, struct cli_args *ret,
                             struct berth_error *error) {
    char *rest = line->text;
    snprintf(line->text, sizeof line->text, "%s", text);
    line->argc = 0;
    for (char *word; (word = strsep(&rest, " "));)
        line->argv[line->argc++] = word;
    return cli_args_parse(line->argc, line->argv, ret, error);
}

static void options_may_stand_anywhere(void **state) {
    static const char *const lines[] = {
        "berth --json push x@1.0.0 dist --reason why --activate",
        "berth push --activate --reason=why x@1.0.0 --json dist",
        "berth push x@1.0.0 --reason why --activate --json -- dist",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct line line;
        struct cli_args args;
        assert_int_equal(parse(&line, lines[i], &args, NULL), BERTH_OK);
        assert_int_equal(args.words, 3);
        assert_string_equal(args.word[0], "push");
        assert_string_equal(args.word[1], "x@1.0.0");
        assert_string_equal(args.word[2], "dist");
        assert_string_equal(args.option[CLI_REASON], "why");
        assert_non_null(args.option[CLI_ACTIVATE]);
        assert_non_null(args.option[CLI_JSON]);
        assert_null(args.option[CLI_QUIET]);
    }
}

static void a_value_may_hold_an_equals_sign(void **state) {
    struct line line;
    struct cli_args args;
    (void)state;
    assert_int_equal(parse(&line, "berth push --reason=a=b", &args, NULL), BERTH_OK);
    assert_string_equal(args.option[CLI_REASON], "a=b");
}

static void of_two_the_last_one_counts(void **state) {
    struct line line;
    struct cli_args args;
    (void)state;
    assert_int_equal(parse(&line, "berth --server http://a --server http://b", &args, NULL),
                     BERTH_OK);
    assert_string_equal(args.option[CLI_SERVER], "http://b");
}

static void after_two_dashes_all_are_words(void **state) {
    struct line line;
    struct cli_args args;
    (void)state;
    assert_int_equal(parse(&line, "berth push -- --json -q", &args, NULL), BERTH_OK);
    assert_int_equal(args.words, 3);
    assert_string_equal(args.word[1], "--json");
    assert_null(args.option[CLI_JSON]);
}

static void letters_are_flags(void **state) {
    struct line line;
    struct cli_args args;
    (void)state;
    assert_int_equal(parse(&line, "berth -qh - status", &args, NULL), BERTH_OK);
    assert_non_null(args.option[CLI_QUIET]);
    assert_non_null(args.option[CLI_HELP]);
    assert_string_equal(args.word[0], "-");
}

static void a_wrong_line_is_refused_with_its_reason(void **state) {
    static const struct {
        const char *line;
        const char *text;
        const char *hint; /* NULL: whatever */
    } cases[] = {
        {"berth --sever http://a", "unknown option --sever", "did you mean --server?"},
        {"berth --activte=1", "unknown option --activte", "did you mean --activate?"},
        {"berth --xyzzy", "unknown option --xyzzy", "see berth --help, or berth COMMAND --help"},
        {"berth ---", "unknown option ---", NULL},
        {"berth -x", "unknown option -x", NULL},
        {"berth --json=yes", "--json takes no value", NULL},
        {"berth --reason", "--reason needs a value", NULL},
        {"berth --reason --activate", "--reason needs a value",
         "write --reason TEXT, or --reason=TEXT if it begins with dashes"},
        {"berth --token=", "the value of --token is empty", NULL},
        {"berth 1 2 3 4 5 6 7", "too many arguments, from \"7\" on",
         "a text with spaces needs quotes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct line line;
        struct cli_args args;
        struct berth_error error = {0};
        assert_int_equal(parse(&line, cases[i].line, &args, &error), BERTH_INVALID);
        assert_string_equal(error.text, cases[i].text);
        if (cases[i].hint)
            assert_string_equal(error.hint, cases[i].hint);
    }
}

static void a_typo_finds_the_nearest_word(void **state) {
    static const char *const names[] = {"push", "activate", "rollback", "status", "page put"};
    static const struct {
        const char *typed;
        const char *meant;
    } cases[] = {
        {"psuh", "push"},     {"rolback", "rollback"},
        {"stats", "status"},  {"page putt", "page put"},
        {"deploy", NULL},     {"", NULL},
        {"x", NULL},          {"ab", NULL},
        {"aktivieren", NULL}, {"a word that is much longer than any command could ever be", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = cli_nearest(cases[i].typed, names, sizeof names / sizeof *names);
        if (cases[i].meant)
            assert_string_equal(found, cases[i].meant);
        else
            assert_null(found);
    }
}

static void a_target_is_cut_at_its_last_at_sign(void **state) {
    static const struct {
        const char *text;
        const char *module;
        const char *version;
    } cases[] = {
        {"header-app@1.0.0", "header-app", "1.0.0"},
        {"@shop/cart@2.0.0-rc.1+build.7", "@shop/cart", "2.0.0-rc.1+build.7"},
        {"a.b_c@0.0.1", "a.b_c", "0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_target target;
        assert_int_equal(cli_target_parse(cases[i].text, &target, NULL), BERTH_OK);
        assert_string_equal(target.module, cases[i].module);
        assert_string_equal(target.version, cases[i].version);
    }
}

static void a_malformed_target_is_refused(void **state) {
    static const char *const cases[] = {
        "",         "header-app", "@shop/cart", "@1.0.0",       "header-app@",      "x@1.0",
        "x@v1.0.0", "X@1.0.0",    "../x@1.0.0", "a/b@1.0.0",    "@shop/@1.0.0",     "x@1.0.0/",
        "x@1.0.0 ", "x @1.0.0",   "x@@1.0.0",   "@a/b/c@1.0.0", "x@1.0.0?activate",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_target target;
        struct berth_error error = {0};
        assert_int_equal(cli_target_parse(cases[i], &target, &error), BERTH_INVALID);
        assert_true(error.text[0] != '\0');
    }
}

static void a_target_longer_than_any_name_is_refused(void **state) {
    struct cli_target target;
    char text[1024];
    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + 600, "@1.0.0", sizeof "@1.0.0");
    assert_int_equal(cli_target_parse(text, &target, NULL), BERTH_INVALID);
    memcpy(text, "x@1.0.0-", 8);
    memset(text + 8, '1', 600);
    text[608] = '\0';
    assert_int_equal(cli_target_parse(text, &target, NULL), BERTH_INVALID);
}

static void a_module_stands_alone(void **state) {
    struct berth_error error = {0};
    (void)state;
    assert_int_equal(cli_module_check("header-app", &error), BERTH_OK);
    assert_int_equal(cli_module_check("@shop/cart", &error), BERTH_OK);
    assert_int_equal(cli_module_check("../x", &error), BERTH_INVALID);
    assert_string_equal(error.where, "../x");
    error = (struct berth_error){0};
    assert_int_equal(cli_module_check("@shop/cart@1.0.0", &error), BERTH_INVALID);
    assert_string_equal(error.where, "@shop/cart@1.0.0");
    assert_string_equal(error.hint, "write @shop/cart");
}

static void a_missing_version_is_shown_by_example(void **state) {
    struct cli_target target;
    struct berth_error error = {0};
    (void)state;
    cli_target_parse("@shop/cart", &target, &error);
    assert_string_equal(error.hint, "write it as MODULE@VERSION, for example @shop/cart@1.0.0");
}

static void numbers_are_whole_and_fit(void **state) {
    static const struct {
        const char *text;
        int64_t number; /* -1: refused */
    } cases[] = {
        {"0", 0},   {"7", 7},    {"007", 7},  {"9223372036854775807", INT64_MAX},
        {"", -1},   {"-1", -1},  {"+1", -1},  {"9223372036854775808", -1},
        {"1 ", -1}, {"0x1", -1}, {"1.5", -1}, {"99999999999999999999999", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = -1;
        enum berth_code code = cli_number_parse("if-generation", cases[i].text, &number, NULL);
        assert_int_equal(code, cases[i].number < 0 ? BERTH_INVALID : BERTH_OK);
        assert_true(number == cases[i].number);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(a_value_may_hold_an_equals_sign),
        cmocka_unit_test(of_two_the_last_one_counts),
        cmocka_unit_test(after_two_dashes_all_are_words),
        cmocka_unit_test(letters_are_flags),
        cmocka_unit_test(a_wrong_line_is_refused_with_its_reason),
        cmocka_unit_test(a_typo_finds_the_nearest_word),
        cmocka_unit_test(a_target_is_cut_at_its_last_at_sign),
        cmocka_unit_test(a_malformed_target_is_refused),
        cmocka_unit_test(a_target_longer_than_any_name_is_refused),
        cmocka_unit_test(a_module_stands_alone),
        cmocka_unit_test(a_missing_version_is_shown_by_example),
        cmocka_unit_test(numbers_are_whole_and_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
