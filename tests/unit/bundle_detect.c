/* Small bundles of a few files each: what they are taken for. Outputs of real tools are in
 * bundle_fixtures.c. */
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

struct file {
    const char *path;
    const char *text;
};

static void write_file(const char *directory, const struct file *file) {
    char path[512];
    int length = snprintf(path, sizeof path, "%s/%s", directory, file->path);
    assert_true(length > 0 && (size_t)length < sizeof path);
    for (char *slash = path + strlen(directory) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(file->text, 1, strlen(file->text), out), strlen(file->text));
    assert_int_equal(fclose(out), 0);
}

/* The description, or NULL with the error. */
static json_t *read_files(struct scratch *scratch, const struct file *files, size_t count,
                          struct berth_error *error) {
    char directory[] = "/tmp/berth-detect-XXXXXX";
    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < count; i++)
        write_file(directory, &files[i]);
    int fd = scratch_file("", 0);
    assert_int_equal(berth_bundle_pack(directory, fd, NULL, NULL, error), BERTH_OK);
    scratch_remove(directory);
    struct berth_version version = {0};
    enum berth_code code = scratch_read(scratch, fd, lseek(fd, 0, SEEK_END), &version, error);
    close(fd);
    if (code != BERTH_OK)
        return NULL;
    json_t *description = json_loads(version.description, 0, NULL);
    assert_non_null(description);
    berth_version_done(&version);
    return description;
}

static const char entry[] = "var a;(()=>{var n={\"./H\":()=>1};a=n(6)})();";

/* {path: integrity}, and only of what a page loads by a tag. */
static void scripts_and_styles_have_their_integrity(void **state) {
    struct berth_error error = {0};
    static const struct file files[] = {
        {"out/remoteEntry.js", entry},  {"out/css/a.css", "a{}"}, {"out/b.mjs", "abc"},
        {"out/remoteEntry.js.map", ""}, {"out/c.html", "<p>"},    {"out/js", "x"},
    };
    json_t *description = read_files(*state, files, sizeof files / sizeof *files, &error);
    if (!description)
        fail_msg("%s", error.text);
    const json_t *found = json_object_get(description, "files");
    assert_int_equal(json_object_size(found), 3);
    for (size_t i = 0; i < 3; i++) {
        char integrity[BERTH_INTEGRITY_BYTES];
        berth_integrity(files[i].text, strlen(files[i].text), integrity);
        const char *text =
            json_string_value(json_object_get(found, files[i].path + strlen("out/")));
        assert_non_null(text);
        assert_string_equal(text, integrity);
    }
    assert_true(json_equal(json_object_get(found, "remoteEntry.js"),
                           json_object_get(description, "integrity")));
    json_decref(description);
}

static void more_than_a_thousand_are_not_listed_and_a_warning_says_so(void **state) {
    enum { COUNT = 1001 };
    static char names[COUNT][16];
    static struct file files[COUNT] = {{"remoteEntry.js", entry}};
    for (int i = 1; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d.js", i);
        files[i] = (struct file){names[i], "x"};
    }
    for (int more = 0; more < 2; more++) {
        struct berth_error error = {0};
        json_t *description = read_files(*state, files, (size_t)(COUNT - 1 + more), &error);
        if (!description)
            fail_msg("%s", error.text);
        const json_t *found = json_object_get(description, "files");
        assert_int_equal(json_object_size(found), more ? 0 : COUNT - 1);
        const json_t *warnings = json_object_get(description, "warnings");
        const json_t *last = json_array_get(warnings, json_array_size(warnings) - 1);
        assert_int_equal(more, last && strcmp(json_string_value(json_object_get(last, "rule")),
                                              "integrity") == 0);
        assert_non_null(json_object_get(description, "integrity"));
        json_decref(description);
    }
}

enum { CASE_FILES = 6 };

struct row {
    struct file files[CASE_FILES];
    const char *expected; /* what the description must have, as JSON with ' for " */
    const char *rule;     /* or the rule that it breaks, */
    const char *where;    /* and where */
};

#define MODULE    "export const mount = () => {}; export default mount;"
#define CLASSIC   "var a;(()=>{var n={\"./H\":()=>1};a=n(6)})();"
#define CONTAINER "export const get = () => {}, init = () => {};"
#define SYSTEM    "System.register([], function(e) {});"

static const struct row rows[] = {
    /* ES modules, by their usual names at the root */
    {{{"index.mjs", MODULE}, {"main.js", MODULE}},
     "{'format': 'es-module', 'type': 'module', 'entry': 'index.mjs', 'exports': ['mount', "
     "'default'], 'exposes': [{'name': '.', 'file': 'index.mjs'}], 'warnings': []}",
     NULL,
     NULL},
    {{{"dist/index.js", MODULE}}, "{'entry': 'index.js', 'format': 'es-module'}", NULL, NULL},
    {{{"index.js", "f()"}, {"main.mjs", MODULE}}, "{'entry': 'main.mjs'}", NULL, NULL},
    {{{"index.js", "<html>"}, {"main.js", MODULE}}, "{'entry': 'main.js'}", NULL, NULL},
    {{{"remoteEntry.mjs", MODULE}, {"index.js", MODULE}},
     "{'format': 'es-module', 'entry': 'remoteEntry.mjs'}",
     NULL,
     NULL},
    {{{"index.js", "export * from './a.js'"}}, "{'exports': [], 'warnings': []}", NULL, NULL},
    {{{"lib/index.js", MODULE}, {"a.txt", ""}}, NULL, "entry-missing", ""},
    {{{"index.js", "import './a.js'"}}, NULL, "entry-missing", ""},
    {{{"index.js", "(() => { 'export {}' })()"}}, NULL, "entry-missing", ""},
    {{{"index.js", "export {}"}}, NULL, "entry-missing", ""},
    {{{"app.js", MODULE}}, NULL, "entry-missing", ""},
    /* containers that are ES modules */
    {{{"remoteEntry.mjs", CONTAINER}},
     "{'format': 'module-container', 'type': 'module', 'entry': 'remoteEntry.mjs'}",
     NULL,
     NULL},
    {{{"remoteEntry.js", CONTAINER}}, "{'format': 'module-container'}", NULL, NULL},
    {{{"index.js", CONTAINER}}, "{'format': 'module-container'}", NULL, NULL},
    {{{"remoteEntry.js", CLASSIC}, {"index.js", MODULE}},
     "{'format': 'webpack-container', 'type': 'script'}",
     NULL,
     NULL},
    {{{"remoteEntry.js", "import './a.js'"}},
     "{'format': 'es-module', 'warnings': [{'rule': 'exports-unknown', 'text': 'the entry is an ES "
     "module that exports nothing'}]}",
     NULL,
     NULL},
    /* SystemJS */
    {{{"main.js", SYSTEM}},
     "{'format': 'systemjs', 'type': 'script', 'exposes': [{'name': '.'}]}",
     NULL,
     NULL},
    {{{"remoteEntry.js", "/* b */ \"use strict\";" SYSTEM}}, "{'format': 'systemjs'}", NULL, NULL},
    {{{"main.js", SYSTEM}, {"index.js", "f()"}}, "{'entry': 'main.js'}", NULL, NULL},
    {{{"main.js", "a.System.register([])"}}, NULL, "entry-missing", ""},
    /* Native Federation */
    {{{"remoteEntry.json", "{\"exposes\": []}"}},
     "{'format': 'native-federation', 'exposes': [], 'shared': [], 'warnings': [{'rule': "
     "'exposes-unknown', 'text': 'no exposed module was found in remoteEntry.json'}]}",
     NULL,
     NULL},
    {{{"remoteEntry.json",
       "{\"exposes\": [{\"key\": \"./A\", \"outFileName\": \"./a.js\"}, {}, 1], "
       "\"shared\": [{\"packageName\": \"p\"}, {}, 1], \"chunks\": 5}"},
      {"a.js", ""}},
     "{'exposes': [{'name': './A', 'file': 'a.js'}], 'shared': [{'name': 'p'}]}",
     NULL,
     NULL},
    {{{"x/browser/remoteEntry.json",
       "{\"name\": \"n\", \"exposes\": [{\"key\": \"./A\", \"outFileName\": \"a.js\"}]}"},
      {"x/browser/a.js", ""},
      {"x/LICENSE", ""}},
     "{'entry': 'browser/remoteEntry.json', 'container': 'n', 'exposes': [{'name': './A', 'file': "
     "'browser/a.js'}]}",
     NULL,
     NULL},
    {{{"remoteEntry.json", "{\"exposes\": [{\"key\": \"./A\", \"outFileName\": \"a.js\"}]}"}},
     NULL,
     "manifest-missing-file",
     "remoteEntry.json"},
    {{{"remoteEntry.json", "{\"exposes\": [], \"shared\": [{\"packageName\": \"p\", "
                           "\"outFileName\": \"p.js\"}]}"}},
     NULL,
     "manifest-missing-file",
     "remoteEntry.json"},
    {{{"remoteEntry.json", "{\"exposes\": [], \"chunks\": {\"b\": [\"c.js\", 1]}}"}},
     NULL,
     "manifest-missing-file",
     "remoteEntry.json"},
    {{{"remoteEntry.json", "{}"}}, NULL, "manifest-invalid", "remoteEntry.json"},
    {{{"remoteEntry.json", "[]"}}, NULL, "manifest-invalid", "remoteEntry.json"},
    {{{"remoteEntry.json", "{"}}, NULL, "manifest-syntax", "remoteEntry.json"},
    /* berth.json: the entry and the format */
    {{{"berth.json", "{\"entry\": \"./app.js\"}"}, {"app.js", MODULE}, {"index.js", MODULE}},
     "{'format': 'es-module', 'entry': 'app.js', 'exposes': [{'name': '.', 'file': 'app.js'}]}",
     NULL,
     NULL},
    {{{"berth.json", "{\"entry\": \"app.js\"}"}, {"app.js", CLASSIC}},
     "{'format': 'webpack-container', 'entry': 'app.js', 'container': 'a'}",
     NULL,
     NULL},
    {{{"berth.json", "{\"entry\": \"app.js\"}"}, {"app.js", SYSTEM}},
     "{'format': 'systemjs'}",
     NULL,
     NULL},
    {{{"berth.json", "{\"entry\": \"f.json\"}"}, {"f.json", "{\"exposes\": []}"}},
     "{'format': 'native-federation', 'entry': 'f.json'}",
     NULL,
     NULL},
    {{{"berth.json", "{\"entry\": \"app.js\", \"format\": \"es-module\"}"}, {"app.js", CONTAINER}},
     "{'format': 'es-module', 'exposes': [{'name': '.', 'file': 'app.js'}]}",
     NULL,
     NULL},
    {{{"berth.json", "{\"entry\": \"app.js\", \"format\": \"systemjs\"}"}, {"app.js", CLASSIC}},
     "{'format': 'systemjs', 'type': 'script'}",
     NULL,
     NULL},
    {{{"berth.json", "{\"format\": \"es-module\"}"},
      {"remoteEntry.js", CLASSIC},
      {"index.js", MODULE}},
     "{'format': 'es-module', 'entry': 'index.js'}",
     NULL,
     NULL},
    {{{"berth.json", "{\"format\": \"es-module\"}"}, {"remoteEntry.js", CLASSIC}},
     NULL,
     "entry-missing",
     ""},
    {{{"berth.json", "{\"format\": \"es-module\", \"entry\": \"a.js\"}"}, {"a.js", CLASSIC}},
     NULL,
     "berth-json-format",
     "/format"},
    {{{"berth.json", "{\"format\": \"systemjs\", \"entry\": \"a.js\"}"}, {"a.js", MODULE}},
     NULL,
     "berth-json-format",
     "/format"},
    {{{"berth.json", "{\"format\": \"native-federation\", \"entry\": \"a.js\"}"}, {"a.js", MODULE}},
     NULL,
     "berth-json-format",
     "/format"},
    {{{"berth.json", "{\"format\": \"es-module\", \"entry\": \"remoteEntry.json\"}"},
      {"remoteEntry.json", "{\"exposes\": []}"}},
     NULL,
     "berth-json-format",
     "/format"},
    {{{"berth.json", "{\"entry\": \"gone.js\"}"}, {"index.js", MODULE}},
     NULL,
     "berth-json-file",
     "/entry"},
    {{{"berth.json", "{\"entry\": \"../a.js\"}"}, {"index.js", MODULE}},
     NULL,
     "berth-json-file",
     "/entry"},
    {{{"berth.json", "{\"entry\": \"a.js\"}"}, {"a.js", "<!doctype html>"}},
     NULL,
     "entry-not-script",
     "a.js"},
    {{{"berth.json", "{\"entrys\": 1}"}, {"index.js", MODULE}}, NULL, "berth-json-key", "/entrys"},
    {{{"berth.json", "{"}, {"index.js", MODULE}}, NULL, "berth-json-syntax", "line 1 column 1"},
    {{{"sub/berth.json", "{"}, {"index.js", MODULE}}, "{'format': 'es-module'}", NULL, NULL},
    /* berth.json: exposes of ES modules */
    {{{"berth.json", "{\"exposes\": {\"./A\": \"a.js\", \"./B\": {\"file\": \"./b.mjs\", "
                     "\"policy\": \"pinned\"}}, \"policy\": \"reload\"}"},
      {"a.js", MODULE},
      {"b.mjs", MODULE}},
     "{'format': 'es-module', 'entry': 'a.js', 'exposes': [{'name': './A', 'file': 'a.js', "
     "'policy': 'reload'}, {'name': './B', 'file': 'b.mjs', 'policy': 'pinned'}]}",
     NULL,
     NULL},
    {{{"berth.json", "{\"entry\": \"i.js\", \"exposes\": {\".\": {\"contract\": \"mount\"}, "
                     "\"./A\": \"a.js\"}}"},
      {"i.js", MODULE},
      {"a.js", ""}},
     "{'exports': ['mount', 'default'], 'exposes': [{'name': '.', 'file': 'i.js', 'contract': "
     "'mount'}, {'name': './A', 'file': 'a.js'}]}",
     NULL,
     NULL},
    {{{"berth.json", "{\"exposes\": {\"./A\": \"a.js\"}}"}, {"a.js", CLASSIC}},
     NULL,
     "berth-json-format",
     "/exposes"},
    {{{"berth.json", "{\"exposes\": {\"./A\": {}}}"}, {"index.js", MODULE}},
     NULL,
     "berth-json-expose",
     "/exposes/.~1A"},
    {{{"berth.json", "{\"exposes\": {\"./A\": \"gone.js\"}}"}, {"index.js", MODULE}},
     NULL,
     "berth-json-file",
     "/exposes/.~1A"},
    {{{"berth.json", "{\"exposes\": {\"./A\": {\"file\": \"gone.js\"}}}"}, {"index.js", MODULE}},
     NULL,
     "berth-json-file",
     "/exposes/.~1A/file"},
    /* berth.json: exposes of containers and of Native Federation */
    {{{"berth.json",
       "{\"exposes\": {\"./H\": {\"policy\": \"remount\", \"contract\": \"react\"}}}"},
      {"remoteEntry.js", CLASSIC}},
     "{'format': 'webpack-container', 'exposes': [{'name': './H', 'policy': 'remount', "
     "'contract': 'react'}], 'warnings': []}",
     NULL,
     NULL},
    {{{"berth.json", "{\"policy\": \"remount\"}"}, {"remoteEntry.js", CONTAINER}},
     "{'exposes': []}",
     NULL,
     NULL},
    {{{"berth.json", "{\"exposes\": {\"./A\": {\"policy\": \"pinned\"}}}"},
      {"remoteEntry.js", "var a;(()=>{a=n(6)})();"}},
     "{'format': 'webpack-container', 'exposes': [{'name': './A', 'policy': 'pinned'}], "
     "'warnings': []}",
     NULL,
     NULL},
    {{{"berth.json", "{\"format\": \"webpack-container\", \"exposes\": {\"./H\": \"h.js\"}}"},
      {"remoteEntry.js", CLASSIC},
      {"h.js", ""}},
     NULL,
     "berth-json-expose",
     "/exposes/.~1H"},
    {{{"berth.json",
       "{\"format\": \"native-federation\", \"exposes\": {\"./A\": {\"policy\": \"reload\"}, "
       "\"./B\": \"b.js\"}}"},
      {"remoteEntry.json", "{\"exposes\": [{\"key\": \"./A\", \"outFileName\": \"a.js\"}]}"},
      {"a.js", ""},
      {"b.js", ""}},
     "{'exposes': [{'name': './A', 'file': 'a.js', 'policy': 'reload'}, {'name': './B', 'file': "
     "'b.js'}]}",
     NULL,
     NULL},
    /* pages by themselves */
    {{{"index.html", "<!doctype html>"}, {"assets/index-1a.js", "f()"}},
     "{'format': 'document', 'exposes': [], 'shared': [], 'chunkGlobals': [], 'entry': null, "
     "'type': null, 'integrity': null, 'warnings': [{'rule': 'document', 'text': 'no exposed "
     "module "
     "was found: this can be shown as the document of a page, and not in a slot'}]}",
     NULL,
     NULL},
    {{{"index.html", "<p>"}}, "{'format': 'document'}", NULL, NULL},
    {{{"LICENSE", ""}, {"dist/index.html", "<p>"}, {"dist/js/main.js", "f()"}},
     "{'format': 'document'}",
     NULL,
     NULL},
    {{{"index.html", "<p>"}, {"main.js", "export const a = 1"}},
     "{'format': 'es-module', 'entry': 'main.js'}",
     NULL,
     NULL},
    {{{"berth.json", "{\"format\": \"document\"}"},
      {"index.html", "<p>"},
      {"main.js", "export const a = 1"}},
     "{'format': 'document', 'entry': null}",
     NULL,
     NULL},
    {{{"LICENSE", ""}, {"docs/index.html", "<p>"}, {"js/main.js", "f()"}},
     NULL,
     "entry-missing",
     ""},
    {{{"main.js", "f()"}, {"page.html", "<p>"}}, NULL, "entry-missing", ""},
    {{{"x/index.html", "<p>"}, {"x/a.js", "f()"}, {"y/index.html", "<p>"}, {"y/a.js", "f()"}},
     NULL,
     "entry-ambiguous",
     "y/index.html"},
    {{{"berth.json", "{\"format\": \"document\"}"}, {"main.js", MODULE}},
     NULL,
     "entry-missing",
     ""},
    {{{"berth.json", "{\"format\": \"document\", \"entry\": \"a.js\"}"},
      {"index.html", "<p>"},
      {"a.js", MODULE}},
     NULL,
     "berth-json-format",
     "/format"},
    {{{"berth.json", "{\"exposes\": {\"./A\": {\"policy\": \"pinned\"}}}"}, {"index.html", "<p>"}},
     NULL,
     "berth-json-expose",
     "/exposes/.~1A"},
    /* manifests of hosts, which expose nothing */
    {{{"mf-manifest.json", "{\"name\": \"h\", \"metaData\": {\"remoteEntry\": {\"name\": \"\", "
                           "\"path\": \"\"}}, \"exposes\": [], \"shared\": []}"},
      {"index.html", "<p>"},
      {"main.js", "f()"}},
     "{'format': 'document', 'manifest': null}",
     NULL,
     NULL},
    {{{"mf-manifest.json", "{\"name\": \"h\", \"metaData\": {\"remoteEntry\": {\"name\": "
                           "\"gone.js\"}}, \"exposes\": [], \"shared\": []}"},
      {"index.html", "<p>"}},
     "{'format': 'document'}",
     NULL,
     NULL},
    {{{"mf-manifest.json", "{\"name\": \"h\", \"metaData\": {\"remoteEntry\": {\"name\": "
                           "\"remoteEntry.js\"}}, \"exposes\": [], \"shared\": []}"},
      {"index.html", "<p>"},
      {"remoteEntry.js", CLASSIC}},
     "{'format': 'module-federation', 'entry': 'remoteEntry.js', 'exposes': []}",
     NULL,
     NULL},
    {{{"mf-manifest.json", "{\"metaData\": {\"remoteEntry\": {\"name\": \"\"}}, \"exposes\": "
                           "[{\"name\": \"A\"}], \"shared\": []}"},
      {"index.html", "<p>"}},
     NULL,
     "manifest-invalid",
     "mf-manifest.json"},
    {{{"mf-manifest.json", "{\"metaData\": {\"remoteEntry\": {\"name\": \"\"}}, \"exposes\": [], "
                           "\"shared\": []}"},
      {"main.js", "f()"}},
     NULL,
     "entry-missing",
     ""},
    /* what ES modules import */
    {{{"index.js", "import './lib/a.mjs'; import 'react'; import('./lazy.js'); export {x} from "
                   "'./index.js'"},
      {"lib/a.mjs", "import a from '../b.js'; import './gone.js'; import '../../c.js'; import "
                    "'./../c.js?v=1'; import '/c.js'; import './d.css'"},
      {"b.js", "import './lib/a.mjs'; import '../b.js'"},
      {"c.js", ""},
      {"lazy.js", ""},
      {"lib/d.css", ""}},
     "{'exposes': [{'name': '.', 'file': 'index.js', 'assets': {'js': ['lib/a.mjs', 'b.js'], "
     "'css': []}}]}",
     NULL,
     NULL},
    {{{"berth.json", "{\"exposes\": {\"./A\": \"x/a.js\", \"./B\": \"b.js\"}}"},
      {"x/a.js", "export * from '../c.js'; export * from './../b.js'"},
      {"b.js", "import './c.js'"},
      {"c.js", ""}},
     "{'exposes': [{'name': './A', 'file': 'x/a.js', 'assets': {'js': ['c.js', 'b.js'], 'css': "
     "[]}}, {'name': './B', 'file': 'b.js', 'assets': {'js': ['c.js'], 'css': []}}]}",
     NULL,
     NULL},
    {{{"remoteEntry.json",
       "{\"exposes\": [{\"key\": \"./A\", \"outFileName\": \"a.js\"}], \"shared\": "
       "[{\"packageName\": \"p\", \"outFileName\": \"p.js\"}]}"},
      {"a.js", "import './c.js'"},
      {"p.js", "import './c.js'; import './p.js'"},
      {"c.js", ""}},
     "{'exposes': [{'name': './A', 'file': 'a.js', 'assets': {'js': ['c.js'], 'css': []}}], "
     "'shared': [{'name': 'p', 'file': 'p.js', 'assets': {'js': ['c.js'], 'css': []}}]}",
     NULL,
     NULL},
    {{{"remoteEntry.js", "System.register([], () => { import './a.js' })"}, {"a.js", ""}},
     "{'format': 'systemjs', 'exposes': [{'name': '.'}]}",
     NULL,
     NULL},
    /* berth.json: prerendered HTML */
    {{{"berth.json", "{\"exposes\": {\"./H\": {\"prerendered\": \"./html/H.html\"}}}"},
      {"remoteEntry.js", CLASSIC},
      {"html/H.html", "<h1>Hello</h1>"}},
     "{'format': 'webpack-container', 'exposes': [{'name': './H', 'prerendered': 'html/H.html'}], "
     "'warnings': []}",
     NULL,
     NULL},
    {{{"out/berth.json", "{\"exposes\": {\".\": {\"prerendered\": \"a.html\"}}}"},
      {"out/index.js", MODULE},
      {"out/a.html", "<p style='color: red'>Hello</p>"}},
     "{'format': 'es-module', 'exposes': [{'name': '.', 'file': 'index.js', 'prerendered': "
     "'a.html'}], 'warnings': [{'rule': 'prerendered-style', 'text': 'prerendered HTML has style "
     "attributes, which composed pages do not apply before its script runs: put them in a style "
     "sheet'}]}",
     NULL,
     NULL},
    {{{"berth.json", "{\"exposes\": {\"./H\": {\"prerendered\": \"gone.html\"}}}"},
      {"remoteEntry.js", CLASSIC}},
     NULL,
     "berth-json-file",
     "/exposes/.~1H/prerendered"},
    {{{"berth.json", "{\"exposes\": {\"./H\": {\"prerendered\": \"H.html\"}}}"},
      {"remoteEntry.js", CLASSIC},
      {"H.html", "<h1>Hello</h1></div>"}},
     NULL,
     "prerendered-invalid",
     "H.html"},
};

static json_t *parse_single_quoted(const char *text) {
    char *json = strdup(text);
    assert_non_null(json);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *value = json_loads(json, 0, NULL);
    assert_non_null(value);
    free(json);
    return value;
}

static void check_description(const char *expected_text, const json_t *description) {
    json_t *expected = parse_single_quoted(expected_text);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(expected, key, value) {
        const json_t *found = json_object_get(description, key);
        if (json_equal(found, value) || (json_is_null(value) && !found))
            continue;
        char *text = json_dumps(description, JSON_INDENT(2));
        print_error("%s\n", text);
        free(text);
        fail_msg("%s is not as in %s", key, expected_text);
    }
    json_decref(expected);
}

static void a_bundle_is_told_by_its_files_and_its_berth_json(void **state) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct berth_error error = {0};
        size_t count = 0;
        while (count < CASE_FILES && row->files[count].path)
            count++;
        json_t *description = read_files(*state, row->files, count, &error);
        print_message("%s: %s\n", row->files[0].path, row->files[0].text);
        if (row->rule) {
            if (description)
                fail_msg("this was taken");
            assert_string_equal(error.rule, row->rule);
            assert_string_equal(error.where, row->where);
            assert_int_equal(error.code, BERTH_REFUSED);
            continue;
        }
        if (!description)
            fail_msg("%s at %s: %s", error.rule, error.where, error.text);
        check_description(row->expected, description);
        json_decref(description);
    }
}

static void prerendered_html_has_a_limit(void **state) {
    enum { LIMIT = 64 * 1024 };
    static char text[LIMIT + 2];
    memset(text, 'a', LIMIT);
    for (int more = 0; more < 2; more++) {
        const struct file files[] = {
            {"berth.json", "{\"exposes\": {\"./H\": {\"prerendered\": \"H.html\"}}}"},
            {"remoteEntry.js", entry},
            {"H.html", text}};
        struct berth_error error = {0};
        json_t *description = read_files(*state, files, sizeof files / sizeof *files, &error);
        assert_int_equal(error.code, more ? BERTH_TOO_LARGE : BERTH_OK);
        if (more)
            assert_string_equal(error.rule, "limit-prerendered-bytes");
        if (more)
            assert_string_equal(error.where, "H.html");
        json_decref(description);
        text[LIMIT] = 'a';
    }
}

static void what_was_looked_for_is_told_whole(void **state) {
    struct berth_error error = {0};
    static const struct file file = {"a.txt", "x"};
    assert_null(read_files(*state, &file, 1, &error));
    static const char *const parts[] = {"mf-manifest.json", "remoteEntry.json", "remoteEntry*.js",
                                        "ES module",        "System.register",  "index.html",
                                        "berth.json"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_non_null(strstr(error.hint, parts[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scripts_and_styles_have_their_integrity, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(more_than_a_thousand_are_not_listed_and_a_warning_says_so,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_bundle_is_told_by_its_files_and_its_berth_json,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(prerendered_html_has_a_limit, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_was_looked_for_is_told_whole, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
