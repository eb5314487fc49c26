/* Which copy of a shared package each module of a page uses. */
#include "berth/manifest.h"

#include "berth/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { MODULES = 4, SHARES = 16 };

struct expectation {
    const char *what;
    const char *shared[MODULES]; /* of each module, in single quotes */
    const char *used;            /* "user package provider[!]", the last for copies for itself */
};

static void check(const struct expectation *expected,
                  size_t (*shares_of)(const json_t *const *, size_t, struct berth_share *,
                                      size_t)) {
    json_t *descriptions[MODULES] = {NULL};
    struct berth_share shares[SHARES];
    char used[400] = "";
    size_t count = 0;
    for (; count < MODULES && expected->shared[count]; count++) {
        char text[600];
        (void)snprintf(text, sizeof text, "{'shared': [%s]}", expected->shared[count]);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        assert_int_equal(berth_json_parse(text, strlen(text), 1000, &descriptions[count], NULL),
                         BERTH_OK);
    }
    size_t found = shares_of((const json_t *const *)descriptions, count, shares, SHARES);
    for (size_t i = 0; i < found; i++) {
        size_t length = strlen(used);
        (void)snprintf(used + length, sizeof used - length, "%s%zu %s %zu%s", i ? ", " : "",
                       shares[i].user, berth_json_string(shares[i].copy, "name"),
                       shares[i].provider, shares[i].alone ? "!" : "");
    }
    if (strcmp(used, expected->used) != 0)
        fail_msg("%s:\n%s\nis not\n%s", expected->what, used, expected->used);
    assert_int_equal(shares_of((const json_t *const *)descriptions, count, shares, 1), found > 0);
    for (size_t i = 0; i < count; i++)
        json_decref(descriptions[i]);
}

#define REACT(version) "{'name': 'react', 'version': '" version "', 'singleton': true}"
#define LODASH(version, range)                                                                     \
    "{'name': 'lodash', 'version': '" version "', 'requiredVersion': '" range "'}"

static void containers_use_the_copy_that_the_scope_gives_them(void **state) {
    (void)state;
    static const struct expectation cases[] = {
        {"one alone has its own", {REACT("18.2.0")}, "0 react 0"},
        {"the first brings what all use",
         {REACT("18.2.0"), REACT("18.2.0")},
         "0 react 0, 1 react 0"},
        {"a newer singleton comes too late",
         {REACT("18.2.0"), REACT("19.0.0")},
         "0 react 0, 1 react 0"},
        {"a newer copy in range is taken",
         {LODASH("4.17.21", "^4"), LODASH("4.16.0", "^4")},
         "0 lodash 0, 1 lodash 0"},
        {"an older copy is not, if one has a newer",
         {LODASH("4.16.0", "^4"), LODASH("4.17.21", "^4")},
         "0 lodash 0, 1 lodash 1!"},
        {"nor one out of range",
         {LODASH("4.17.21", "^4"), LODASH("3.0.0", "^3")},
         "0 lodash 0, 1 lodash 1!"},
        {"nor one whose range is not understood",
         {LODASH("4.17.21", "^4"), LODASH("3.0.0", "latest")},
         "0 lodash 0, 1 lodash 1!"},
        {"the same version is the same",
         {LODASH("4.17.21", "^4"), LODASH("4.17.21", "latest")},
         "0 lodash 0, 1 lodash 0"},
        {"without a range the newest is taken",
         {"{'name': 'a', 'version': '2.0.0'}", "{'name': 'a', 'version': '1.0.0'}",
          "{'name': 'a', 'version': '3.0.0'}"},
         "0 a 0, 1 a 0, 2 a 2!"},
        {"one that brings none takes what is there",
         {REACT("18.2.0"), "{'name': 'react'}"},
         "0 react 0, 1 react 0"},
        {"one that brings none provides none",
         {"{'name': 'react'}", REACT("18.2.0"), REACT("18.2.0")},
         "0 react 0, 1 react 1, 2 react 1"},
        {"each package for itself",
         {REACT("18.2.0"), LODASH("4.0.0", "^4") "," REACT("18.2.0")},
         "0 react 0, 1 lodash 1, 1 react 0"},
        {"what is no package is none", {"5, {}, {'name': 1}"}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i], berth_shares_of_containers);
}

#define FILE_OF(name, version, range)                                                              \
    "{'name': '" name "', 'version': '" version "', 'requiredVersion': '" range "', 'file': "      \
    "'f.js'}"

static void imports_have_one_copy_for_all_whom_it_suits(void **state) {
    (void)state;
    static const struct expectation cases[] = {
        {"the newest in range",
         {FILE_OF("a", "1.0.0", "^1"), FILE_OF("a", "1.2.0", "^1"), FILE_OF("a", "1.1.0", "^1")},
         "0 a 1, 1 a 1, 2 a 1"},
        {"who does not want it has its own",
         {FILE_OF("a", "1.0.0", "^1"), FILE_OF("a", "2.0.0", "^2"), FILE_OF("a", "1.1.0", "^1")},
         "0 a 2, 1 a 1!, 2 a 2"},
        {"a singleton without a range takes any",
         {"{'name': 'a', 'version': '1.0.0', 'singleton': true, 'file': 'f'}",
          "{'name': 'a', 'version': '2.0.0', 'singleton': true, 'file': 'f'}"},
         "0 a 1, 1 a 1"},
        {"others without a range only the same version",
         {"{'name': 'a', 'version': '1.0.0', 'file': 'f'}",
          "{'name': 'a', 'version': '2.0.0', 'file': 'f'}",
          "{'name': 'a', 'version': '2.0.0', 'file': 'g'}"},
         "0 a 0!, 1 a 1, 2 a 1"},
        {"one without a file takes what there is",
         {"{'name': 'a', 'version': '9.0.0'}", FILE_OF("a", "1.0.0", "^1")},
         "0 a 1, 1 a 1"},
        {"without any file there is none", {"{'name': 'a', 'version': '9.0.0'}"}, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i], berth_shares_of_imports);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_use_the_copy_that_the_scope_gives_them),
        cmocka_unit_test(imports_have_one_copy_for_all_whom_it_suits),
    };
    return cmocka_run_group_tests_name("manifest_shared", tests, NULL, NULL);
}
