/* The table of options: what it must be so that all that is made of it is right. */
#include "options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static struct berth_serve_options parse(int argc, const char *const *argv) {
    struct berth_serve_options options;
    struct berth_error error = {0};
    assert_int_equal(berth_serve_options_parse(argc, (char **)(uintptr_t)argv, &options, &error),
                     BERTH_OK);
    return options;
}

static const struct serve_option *find(const char *name) {
    const struct serve_option *option = serve_option_find(name, strlen(name));
    assert_non_null(option);
    return option;
}

static void each_name_stands_once_and_leads_to_its_row(void **state) {
    (void)state;
    for (size_t i = 0; i < serve_option_count; i++) {
        const struct serve_option *option = &serve_options[i];
        assert_ptr_equal(find(option->name), option);
        assert_null(serve_option_find(option->name, strlen(option->name) - 1));
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(option->offset, serve_options[j].offset);
    }
}

static void defaults_are_within_their_bounds_and_right_together(void **state) {
    (void)state;
    static const char *const words[] = {"serve"};
    struct berth_serve_options options = parse(1, words);
    for (size_t i = 0; i < serve_option_count; i++) {
        const struct serve_option *option = &serve_options[i];
        const void *value = serve_option_value(&options, option);
        if (option->text) {
            assert_string_equal(*(const char *const *)value, option->text);
        } else {
            assert_int_equal(*(const int64_t *)value, option->number);
            assert_in_range(option->number - option->least, 0, option->most - option->least);
        }
        assert_ptr_equal(serve_option_place(&options, option), value);
    }
    assert_int_equal(serve_options_check(&options, NULL), BERTH_OK);
    berth_serve_options_done(&options);
}

/* The values that other parts of the server have taken a copy of, or that sockets and threads were
 * made by. */
static void what_a_start_is_made_of_needs_a_restart(void **state) {
    (void)state;
    static const char *const names[] = {
        "data",    "listen",          "admin-listen",          "public-url",      "console-url",
        "console", "max-connections", "admin-max-connections", "compress-threads"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(find(names[i])->when, SERVE_RESTART);
    assert_int_equal(find("tls-certificate")->when, SERVE_RELOAD);
    assert_int_equal(find("max-uploads")->when, SERVE_RELOAD);
}

static void a_certificate_without_a_key_is_refused_and_so_is_a_key_without_one(void **state) {
    (void)state;
    static const char *const words[] = {"serve"};
    static const char *const names[] = {"tls-certificate", "tls-key", "admin-tls-certificate",
                                        "admin-tls-key"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct berth_serve_options options = parse(1, words);
        struct berth_error error = {0};
        *(const char **)serve_option_place(&options, find(names[i])) = "file.pem";
        assert_int_equal(serve_options_check(&options, &error), BERTH_INVALID);
        assert_int_equal(strncmp(error.text, names[i], strlen(names[i])), 0);
        assert_true(error.hint[0]);
        berth_serve_options_done(&options);
    }
}

static void the_console_is_where_the_admin_listener_says(void **state) {
    (void)state;
    static const struct {
        const char *console_url, *listen, *certificate, *expected;
    } cases[] = {
        {"", "127.0.0.1:8081", "", "http://127.0.0.1:8081 http://localhost:8081"},
        {"", "127.0.0.1:8081", "c.pem", "https://127.0.0.1:8081 https://localhost:8081"},
        {"", "10.0.0.5:8081", "", "http://10.0.0.5:8081"},
        {"", "10.0.0.5:8081", "c.pem", "https://10.0.0.5:8081"},
        {"", "0.0.0.0:8081", "c.pem", ""},
        {"", "127.0.0.1:0", "c.pem", ""},
        {"https://c.example", "127.0.0.1:8081", "", "https://c.example"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct berth_serve_options options = {.console_url = cases[i].console_url,
                                                    .admin_listen = cases[i].listen,
                                                    .admin_tls_certificate = cases[i].certificate};
        char origins[128];
        serve_console_origins(&options, origins, sizeof origins);
        assert_string_equal(origins, cases[i].expected);
    }
}

int main(void) {
    (void)unsetenv("BERTH_CONFIG");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_stands_once_and_leads_to_its_row),
        cmocka_unit_test(defaults_are_within_their_bounds_and_right_together),
        cmocka_unit_test(what_a_start_is_made_of_needs_a_restart),
        cmocka_unit_test(a_certificate_without_a_key_is_refused_and_so_is_a_key_without_one),
        cmocka_unit_test(the_console_is_where_the_admin_listener_says),
    };
    return cmocka_run_group_tests_name("serve_options", tests, NULL, NULL);
}
