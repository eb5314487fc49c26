/* What small texts, each with one trap, are found to take from other modules. Real builds are in
 * bundle_fixtures.c (consumer-*). */
#include "bundle_scratch.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CASE_FILES = 3 };

struct row {
    const char *what;
    const char *files[2 * CASE_FILES]; /* path, text; remoteEntry.js is there by itself */
    const char *remotes;               /* in single quotes */
};

#define LOADED(url, name)                                                                          \
    "7:(e,t,n)=>{var r=new Error;e.exports=new Promise((e,t)=>{n.l(\"" url                         \
    "\",t=>{r.name=\"ScriptExternalLoadError\"},\"" name "\")}).then(()=>" name ")}"

static const struct row rows[] = {
    {"a URL of this server",
     {"a.js", "x={" LOADED("/m/card/remoteEntry.js", "card") "};y={1:[\"default\",\"./Card\",7]}"},
     "[{'container':'card','url':'/m/card/remoteEntry.js','expose':'./Card','module':'card'}]"},
    {"a version for good",
     {"a.js", "x={" LOADED("https://b.example/m/@s/card@1.2.0-rc.1/remoteEntry.js",
                           "card") "};y={1:[\"default\",\".\",7]}"},
     "[{'container':'card','url':'https://b.example/m/@s/card@1.2.0-rc.1/"
     "remoteEntry.js','expose':'.',"
     "'module':'@s/card','version':'1.2.0-rc.1'}]"},
    {"a URL of another server",
     {"a.js", "x={" LOADED("https://cdn.example/card/remoteEntry.js",
                           "card") "};y={1:[\"default\",\"./Card\",7]}"},
     "[{'container':'card','url':'https://cdn.example/card/remoteEntry.js','expose':'./Card'}]"},
    {"no module's name",
     {"a.js", "x={" LOADED("/m/Card/remoteEntry.js", "card") "}"},
     "[{'container':'card','url':'/m/Card/remoteEntry.js'}]"},
    {"the use and the URL in two files",
     {"a.js", "x={" LOADED("/m/card/remoteEntry.js", "card") "}", "b.mjs",
      "shareScope;y={1:[\"default\",\"./Card\",7]}"},
     "[{'container':'card','url':'/m/card/remoteEntry.js','expose':'./Card','module':'card'}]"},
    {"a remote that nothing is taken from",
     {"a.js", "x={" LOADED("/m/card/remoteEntry.js", "card") "}"},
     "[{'container':'card','url':'/m/card/remoteEntry.js','module':'card'}]"},
    {"an array that looks like a use",
     {"a.js", "ScriptExternalLoadError;y={1:[\"default\",\"./Card\",7]}"},
     "[]"},
    {"a chunk", {"a.js", "n.l(\"/m/card/remoteEntry.js\",e=>{},\"chunk-\"+t,t)"}, "[]"},
    {"a text",
     {"a.js", "'n.l(\"/m/card/remoteEntry.js\",t=>{\"ScriptExternalLoadError\"},\"card\")'"},
     "[]"},
    {"another file that is no script",
     {"a.txt", "x={" LOADED("/m/card/remoteEntry.js", "card") "};y={1:[\"default\",\"./Card\",7]}"},
     "[]"},
    {"what a runtime is told, with quotes",
     {"a.js", "r=[{\"alias\":\"card\",\"name\":\"card_app\",\"entry\":\"/m/card/"
              "mf-manifest.json\",\"shareScope\":\"default\"}];"
              "m={\"a/b\":{\"shareScope\":\"default\",\"name\":\"./"
              "Card\",\"externalModuleId\":\"x\",\"remoteName\":\"card_app\"}}"},
     "[{'alias':'card','container':'card_app','url':'/m/card/mf-manifest.json','expose':'./"
     "Card','module':'card'}]"},
    {"the runtime's own code",
     {"a.js", "r={alias:e.alias,name:e.name,entry:e.entry,shareScope:e.s}"},
     "[]"},
    {"a host of Native Federation",
     {"federation.manifest.json",
      "{\"card\":\"/m/card/remoteEntry.json\",\"other\":\"https://o.example/remoteEntry.json\"}",
      "main.js",
      "l(\"card\",\"./Card\");l(\"nobody\",\"./Card\");l({remoteName:\"other\",exposedModule:\"./"
      "Late\"})"},
     "[{'alias':'card','url':'/m/card/remoteEntry.json','expose':'./Card','module':'card'},"
     "{'alias':'other','url':'https://o.example/remoteEntry.json','expose':'./Late'}]"},
    {"a manifest that makes no sense", {"federation.manifest.json", "[1"}, "[]"},
    {"what berth.json says, and nothing else of that module",
     {"a.js", "x={" LOADED("/m/card/remoteEntry.js", "card") "};y={1:[\"default\",\"./Card\",7]}",
      "berth.json", "{\"remotes\":{\"card\":[\"./New\"],\"cart\":[]}}"},
     "[{'module':'card','expose':'./New'},{'module':'cart'}]"},
};

static void write_file(const char *directory, const char *name, const char *text) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static json_t *read_row(struct scratch *scratch, const struct row *row) {
    static const char entry[] = "var a;(()=>{var n={\"./H\":()=>1};a=n(6)})();";
    char directory[] = "/tmp/berth-remotes-XXXXXX";
    struct berth_error error = {0};
    assert_non_null(mkdtemp(directory));
    write_file(directory, "remoteEntry.js", entry);
    for (size_t i = 0; i < CASE_FILES && row->files[2 * i]; i++)
        write_file(directory, row->files[2 * i], row->files[2 * i + 1]);
    int fd = scratch_file("", 0);
    assert_int_equal(berth_bundle_pack(directory, fd, NULL, NULL, &error), BERTH_OK);
    scratch_remove(directory);
    struct berth_version version = {0};
    if (scratch_read(scratch, fd, lseek(fd, 0, SEEK_END), &version, &error) != BERTH_OK)
        fail_msg("%s: %s", row->what, error.text);
    close(fd);
    json_t *description = json_loads(version.description, 0, NULL);
    berth_version_done(&version);
    return description;
}

static void what_a_bundle_takes_from_others_is_found(void **state) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *description = read_row(*state, &rows[i]);
        char *text = strdup(rows[i].remotes);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        json_t *expected = json_loads(text, 0, NULL);
        assert_non_null(expected);
        if (!json_equal(json_object_get(description, "remotes"), expected))
            fail_msg("%s: %s", rows[i].what,
                     json_dumps(json_object_get(description, "remotes"), JSON_COMPACT));
        json_decref(expected);
        json_decref(description);
        free(text);
    }
}

/* What may be missing is not told as all there is. */
static void a_script_that_is_too_long_leaves_it_unknown(void **state) {
    enum { NUMBERS = 800000, NUMBER_BYTES = 8 };
    static const struct row short_one = {.what = "short", .files = {"a.js", "shareScope"}};
    struct row row = {.what = "long", .files = {"a.js", NULL}};
    char *text = malloc((size_t)NUMBER_BYTES * NUMBERS + sizeof "shareScope");
    assert_non_null(text);
    char *end = stpcpy(text, "shareScope");
    /* No two are alike, so that they do not pack too well. */
    for (unsigned i = 0; i < NUMBERS; i++)
        end += sprintf(end, "+%u", (i * 2654435761U) % 999999);
    row.files[1] = text;
    json_t *description = read_row(*state, &row);
    assert_null(json_object_get(description, "remotes"));
    const json_t *warnings = json_object_get(description, "warnings");
    const json_t *warning = json_array_get(warnings, json_array_size(warnings) - 1);
    assert_string_equal(json_string_value(json_object_get(warning, "rule")), "remotes-unknown");
    json_decref(description);
    free(text);
    description = read_row(*state, &short_one);
    assert_non_null(json_object_get(description, "remotes"));
    json_decref(description);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_bundle_takes_from_others_is_found, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_script_that_is_too_long_leaves_it_unknown, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
