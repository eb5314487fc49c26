/* What import maps say of all that is live. */
#include "berth/json.h"
#include "berth/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

enum { MAX_REMOTES = 8 };

struct module {
    const char *module;
    const char *version;
    const char *description; /* in single quotes */
};

static json_t *parse(const char *text) {
    char copy[2000];
    json_t *value = NULL;
    assert_true(strlen(text) < sizeof copy);
    strcpy(copy, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_int_equal(berth_json_parse(copy, strlen(copy), sizeof copy, &value, NULL), BERTH_OK);
    return value;
}

static void check(size_t listing, const char *public_url, const struct module *modules,
                  const char *expected) {
    struct berth_remote remotes[MAX_REMOTES];
    size_t count = 0;
    for (; count < MAX_REMOTES && modules[count].module; count++)
        remotes[count] = (struct berth_remote){.module = modules[count].module,
                                               .version = modules[count].version,
                                               .generation = 1,
                                               .description = parse(modules[count].description)};
    struct berth_live live = {
        .generation = 9, .remotes = remotes, .count = count, .public_url = public_url};
    json_t *made = berth_listings[listing].make(&live), *wanted = parse(expected);
    char *text = berth_json_text(made), *other = berth_json_text(wanted);
    assert_string_equal(text, other);
    free(text);
    free(other);
    json_decref(made);
    json_decref(wanted);
    for (size_t i = 0; i < count; i++)
        json_decref((json_t *)(uintptr_t)remotes[i].description);
}

#define CONTAINER "{'format': 'webpack-container', 'entry': 'remoteEntry.js', 'type': 'script'}"
#define SYSTEM(entry)                                                                              \
    "{'format': 'systemjs', 'entry': '" entry "', 'type': 'script', 'exposes': [{'name': '.'}], "  \
    "'files': {'" entry "': 'sha384-s', 'a.css': 'sha384-c'}}"

static void es_modules_are_found_by_name_and_by_folder(void **state) {
    (void)state;
    static const struct module modules[] = {
        {"@shop/app", "1.0.0",
         "{'format': 'es-module', 'entry': 'index.js', 'type': 'module', 'exposes': [{'name': '.', "
         "'file': 'index.js'}], 'files': {'index.js': 'sha384-i', 'lazy.mjs': 'sha384-l', "
         "'a.css': 'sha384-c'}}"},
        {"card", "2.0.0", CONTAINER},
        {"old", "1.0.0", SYSTEM("old.js")},
        {"vite", "3.0.0",
         "{'format': 'module-federation', 'entry': 'remoteEntry.js', 'type': 'module', 'exposes': "
         "[{'name': './Card'}]}"},
        {NULL, NULL, NULL},
    };
    check(BERTH_LISTING_IMPORTMAP, "https://p.example", modules,
          "{'imports':{'@shop/app':'https://p.example/m/@shop/app@1.0.0/index.js',"
          "'@shop/app/':'https://p.example/m/@shop/app@1.0.0/',"
          "'vite':'https://p.example/m/vite@3.0.0/remoteEntry.js',"
          "'vite/':'https://p.example/m/vite@3.0.0/'},"
          "'integrity':{'https://p.example/m/@shop/app@1.0.0/index.js':'sha384-i',"
          "'https://p.example/m/@shop/app@1.0.0/lazy.mjs':'sha384-l'}}");
}

static void exposes_that_are_files_have_names_of_their_own(void **state) {
    (void)state;
    static const struct module modules[] = {
        {"cards", "1.0.0",
         "{'format': 'es-module', 'entry': 'card.js', 'type': 'module', 'exposes': [{'name': "
         "'./Card', 'file': 'card.js'}, {'name': './more/Badge', 'file': 'b adge.js'}, {'name': "
         "'./None'}]}"},
        {"native", "1.0.0",
         "{'format': 'native-federation', 'entry': 'remoteEntry.json', 'type': 'module', "
         "'exposes': [{'name': './Widget', 'file': 'w.js'}]}"},
        {NULL, NULL, NULL},
    };
    check(BERTH_LISTING_IMPORTMAP, "", modules,
          "{'imports':{'cards':'/m/cards@1.0.0/card.js','cards/':'/m/cards@1.0.0/',"
          "'cards/Card':'/m/cards@1.0.0/card.js',"
          "'cards/more/Badge':'/m/cards@1.0.0/b%20adge.js','native/':'/m/native@1.0.0/',"
          "'native/Widget':'/m/native@1.0.0/w.js'}}");
}

static void what_systemjs_registers_is_in_a_map_of_its_own(void **state) {
    (void)state;
    static const struct module modules[] = {
        {"esm", "1.0.0", "{'format': 'es-module', 'entry': 'index.js', 'type': 'module'}"},
        {"old", "1.0.0", SYSTEM("old.js")},
        {NULL, NULL, NULL},
    };
    check(BERTH_LISTING_SYSTEMJS_MAP, "", modules,
          "{'imports':{'old':'/m/old@1.0.0/old.js','old/':'/m/old@1.0.0/'},"
          "'integrity':{'/m/old@1.0.0/old.js':'sha384-s'}}");
    static const struct module none[] = {{NULL, NULL, NULL}};
    check(BERTH_LISTING_SYSTEMJS_MAP, "", none, "{'imports':{}}");
    check(BERTH_LISTING_IMPORTMAP, "", none, "{'imports':{}}");
}

#define NATIVE(version, range)                                                                     \
    "{'format': 'native-federation', 'entry': 'remoteEntry.json', 'type': 'module', 'shared': "    \
    "[{'name': 'tally', 'version': '" version "', 'requiredVersion': '" range                      \
    "', 'file': 'tally.js'}]}"

static void packages_that_modules_import_by_name_are_in_the_map(void **state) {
    (void)state;
    static const struct module modules[] = {
        {"a", "1.0.0", NATIVE("1.1.0", "^1.0.0")},
        {"b", "1.0.0", NATIVE("1.2.0", "^1.1.0")},
        {"c", "1.0.0", NATIVE("2.0.0", "^2.0.0")},
        {"plain", "1.0.0",
         "{'format': 'es-module', 'entry': 'i.js', 'type': 'module', 'shared': [{'name': 'x', "
         "'version': '1.0.0', 'file': 'x.js'}]}"},
        {NULL, NULL, NULL},
    };
    check(BERTH_LISTING_IMPORTMAP, "", modules,
          "{'imports':{'a/':'/m/a@1.0.0/','b/':'/m/b@1.0.0/','c/':'/m/c@1.0.0/',"
          "'plain':'/m/plain@1.0.0/i.js','plain/':'/m/plain@1.0.0/',"
          "'tally':'/m/b@1.0.0/tally.js'},"
          "'scopes':{'/m/c@1.0.0/':{'tally':'/m/c@1.0.0/tally.js'}}}");
}

static void a_module_keeps_its_name_where_a_package_has_the_same(void **state) {
    (void)state;
    static const struct module modules[] = {
        {"a", "1.0.0", NATIVE("1.1.0", "^1.0.0")},
        {"tally", "5.0.0", "{'format': 'es-module', 'entry': 'i.js', 'type': 'module'}"},
        {NULL, NULL, NULL},
    };
    check(BERTH_LISTING_IMPORTMAP, "", modules,
          "{'imports':{'a/':'/m/a@1.0.0/','tally':'/m/tally@5.0.0/i.js',"
          "'tally/':'/m/tally@5.0.0/'},'scopes':{'/m/a@1.0.0/':{'tally':'/m/a@1.0.0/tally.js'}}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(es_modules_are_found_by_name_and_by_folder),
        cmocka_unit_test(exposes_that_are_files_have_names_of_their_own),
        cmocka_unit_test(what_systemjs_registers_is_in_a_map_of_its_own),
        cmocka_unit_test(packages_that_modules_import_by_name_are_in_the_map),
        cmocka_unit_test(a_module_keeps_its_name_where_a_package_has_the_same),
    };
    return cmocka_run_group_tests_name("manifest_importmap", tests, NULL, NULL);
}
