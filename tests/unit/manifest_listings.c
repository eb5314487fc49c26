/* What Module Federation's, Native Federation's and frontend discovery's loaders read. */
#include "berth/json.h"
#include "berth/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

/* Text with single quotes for double ones. */
static json_t *parse(const char *text) {
    char copy[4000];
    json_t *value = NULL;
    assert_true(strlen(text) < sizeof copy);
    strcpy(copy, text);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    assert_int_equal(berth_json_parse(copy, strlen(copy), sizeof copy, &value, NULL), BERTH_OK);
    return value;
}

static void assert_json(json_t *made, const char *expected) {
    json_t *wanted = parse(expected);
    char *text = berth_json_text(made), *other = berth_json_text(wanted);
    assert_string_equal(text, other);
    free(text);
    free(other);
    json_decref(made);
    json_decref(wanted);
}

static const struct module {
    const char *module, *version, *description;
} modules[] = {
    {"cart", "1.0.0",
     "{'format': 'webpack-container', 'entry': 'remoteEntry.js', 'type': 'script', 'container': "
     "'shop', 'exposes': [{'name': './Cart', 'assets': {'js': ['c.js'], 'css': ['c.css']}}, "
     "{'name': './Badge'}], 'shared': [{'name': 'react', 'version': '18.3.1', 'assets': {'js': "
     "['r.js'], 'css': []}}, {'name': 'own'}], 'integrity': 'sha384-c'}"},
    {"esm", "1.1.0", "{'format': 'es-module', 'entry': 'i.js', 'type': 'module'}"},
    {"page", "2.0.0", "{'format': 'document'}"},
    {"plain", "2.0.0", "{'format': 'module-container', 'entry': 'e.mjs', 'type': 'module'}"},
    {"second", "3.0.0",
     "{'format': 'module-federation', 'entry': 'assets/remoteEntry.js', 'manifest': "
     "'mf-manifest.json', 'type': 'module', 'container': 'shop', 'exposes': [{'name': './X'}]}"},
    {"sys", "4.0.0",
     "{'format': 'systemjs', 'entry': 's.js', 'type': 'script', 'exposes': [{'name': './S'}]}"},
    {"whole", "5.0.0",
     "{'format': 'systemjs', 'entry': 'w.js', 'type': 'script', 'exposes': [{'name': '.'}]}"},
    {"native", "6.0.0",
     "{'format': 'native-federation', 'entry': 'browser/remoteEntry.json', 'type': 'module', "
     "'container': 'mfe', 'files': {'browser/w.js': 'sha384-w', 'other.js': 'sha384-o', "
     "'browser/a.css': 'sha384-a'}, 'integrity': 'sha384-n'}"},
};
enum { COUNT = sizeof modules / sizeof *modules };

static struct berth_remote remotes[COUNT];

static int make_remotes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        remotes[i] = (struct berth_remote){.module = modules[i].module,
                                           .version = modules[i].version,
                                           .generation = 7,
                                           .description = parse(modules[i].description)};
    return 0;
}

static int drop_remotes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        json_decref((json_t *)(uintptr_t)remotes[i].description);
    return 0;
}

static json_t *make(size_t listing, const char *public_url) {
    struct berth_live live = {
        .generation = 9, .remotes = remotes, .count = COUNT, .public_url = public_url};
    return berth_listings[listing].make(&live);
}

static void each_listing_has_a_name_and_a_type(void **state) {
    (void)state;
    static const char *const expected[BERTH_LISTING_COUNT][2] = {
        [BERTH_LISTING_REMOTES] = {"remotes.json", "application/json"},
        [BERTH_LISTING_IMPORTMAP] = {"importmap.json", "application/importmap+json"},
        [BERTH_LISTING_SYSTEMJS_MAP] = {"systemjs.importmap.json", "application/importmap+json"},
        [BERTH_LISTING_MF_REMOTES] = {"mf-remotes.json", "application/json"},
        [BERTH_LISTING_MF_SNAPSHOT] = {"mf-snapshot.json", "application/json"},
        [BERTH_LISTING_NATIVE] = {"federation.manifest.json", "application/json"},
        [BERTH_LISTING_DISCOVERY] = {"discovery.json", "application/json"},
    };
    for (size_t i = 0; i < BERTH_LISTING_COUNT; i++)
        if (expected[i][0]) {
            assert_string_equal(berth_listings[i].name, expected[i][0]);
            assert_string_equal(berth_listings[i].content_type, expected[i][1]);
        }
}

static void remotes_are_what_register_remotes_takes(void **state) {
    (void)state;
    assert_json(
        make(BERTH_LISTING_MF_REMOTES, "https://p.example"),
        "[{'name':'shop','entry':'https://p.example/m/cart@1.0.0/remoteEntry.js','type':'global',"
        "'entryGlobalName':'shop','module':'cart'},"
        "{'name':'plain','entry':'https://p.example/m/plain@2.0.0/e.mjs','type':'module',"
        "'entryGlobalName':'plain','module':'plain'},"
        "{'name':'second','entry':'https://p.example/m/second@3.0.0/mf-manifest.json',"
        "'type':'module','entryGlobalName':'shop','module':'second'},"
        "{'name':'sys','entry':'https://p.example/m/sys@4.0.0/s.js','type':'system',"
        "'entryGlobalName':'sys','module':'sys'}]");
}

#define SHOP                                                                                       \
    "{'version':'1.0.0','buildVersion':'1.0.0','globalName':'shop','remoteEntry':"                 \
    "'remoteEntry.js','remoteEntryType':'global','remotesInfo':{},'shared':[{'sharedName':"        \
    "'react','version':'18.3.1','assets':{'js':{'sync':['r.js'],'async':[]},'css':{'sync':[],"     \
    "'async':[]}}},{'sharedName':'own','version':'','assets':{'js':{'sync':[],'async':[]},'css':"  \
    "{'sync':[],'async':[]}}}],'modules':[{'moduleName':'Cart','modulePath':'./Cart','assets':"    \
    "{'js':{'sync':['c.js'],'async':[]},'css':{'sync':['c.css'],'async':[]}}},{'moduleName':"      \
    "'Badge','modulePath':'./Badge','assets':{'js':{'sync':[],'async':[]},'css':{'sync':[],"       \
    "'async':[]}}}],'publicPath':'/m/cart@1.0.0/'}"

static void a_snapshot_resolves_any_version_to_what_is_live(void **state) {
    (void)state;
    json_t *snapshot = make(BERTH_LISTING_MF_SNAPSHOT, "");
    static const char *const keys[] = {"shop:*",   "shop:1.0.0",   "plain:*", "plain:2.0.0",
                                       "second:*", "second:3.0.0", "sys:*",   "sys:4.0.0"};
    assert_int_equal(json_object_size(snapshot), sizeof keys / sizeof *keys);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_non_null(json_object_get(snapshot, keys[i]));
    assert_json(json_incref(json_object_get(snapshot, "shop:*")), SHOP);
    assert_json(json_incref(json_object_get(snapshot, "shop:1.0.0")), SHOP);
    const json_t *second = json_object_get(snapshot, "second:*");
    assert_string_equal(berth_json_string(second, "remoteEntry"), "assets/remoteEntry.js");
    assert_string_equal(berth_json_string(second, "remoteEntryType"), "module");
    assert_string_equal(berth_json_string(second, "publicPath"), "/m/second@3.0.0/");
    json_decref(snapshot);
}

static void native_remotes_are_named_with_their_documents(void **state) {
    (void)state;
    assert_json(make(BERTH_LISTING_NATIVE, "https://p.example"),
                "{'mfe':'https://p.example/m/native@6.0.0/browser/@remoteEntry.json'}");
}

static void a_native_document_tells_where_to_hear_of_the_next_version(void **state) {
    (void)state;
    static const struct {
        const char *module, *entry, *endpoint;
    } cases[] = {
        {"mfe", "remoteEntry.json", "/../mfe/@events?after=7"},
        {"@shop/mfe", "remoteEntry.json", "/../mfe/@events?after=7"},
        {"mfe", "a/b/remoteEntry.json", "/../../../mfe/@events?after=7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *description = json_pack("{ss}", "entry", cases[i].entry);
        struct berth_remote remote = {
            .module = cases[i].module, .version = "1.0.0", .generation = 7};
        remote.description = description;
        json_t *entry = json_object();
        berth_native_entry_adjust(entry, &remote);
        assert_string_equal(berth_json_string(entry, "buildNotificationsEndpoint"),
                            cases[i].endpoint);
        json_decref(entry);
        json_decref(description);
    }
}

static void a_native_document_has_the_integrity_that_the_build_left_out(void **state) {
    (void)state;
    json_t *entry = parse("{'name':'mfe','exposes':[]}");
    berth_native_entry_adjust(entry, &remotes[COUNT - 1]);
    assert_json(entry, "{'name':'mfe','exposes':[],'buildNotificationsEndpoint':"
                       "'/../../native/@events?after=7','integrity':{'w.js':'sha384-w'}}");
    entry = parse("{'integrity':{'w.js':'sha384-own'},'buildNotificationsEndpoint':'/old'}");
    berth_native_entry_adjust(entry, &remotes[COUNT - 1]);
    assert_json(entry, "{'integrity':{'w.js':'sha384-own'},'buildNotificationsEndpoint':"
                       "'/../../native/@events?after=7'}");
}

static void discovery_gives_the_one_version_that_is_live(void **state) {
    (void)state;
    json_t *json = make(BERTH_LISTING_DISCOVERY, "");
    assert_string_equal(
        berth_json_string(json, "schema"),
        "https://raw.githubusercontent.com/awslabs/frontend-discovery/main/schema/v1-pre.json");
    json_t *map = json_object_get(json, "microFrontends");
    assert_int_equal(json_object_size(map), COUNT - 1);
    assert_null(json_object_get(map, "page"));
    assert_json(json_incref(json_object_get(map, "cart")),
                "[{'url':'/m/cart@1.0.0/remoteEntry.js','metadata':{'integrity':'sha384-c',"
                "'version':'1.0.0'},'extras':{'berth':{'format':'webpack-container','type':"
                "'script','container':'shop'}}}]");
    assert_json(json_incref(json_object_get(map, "esm")),
                "[{'url':'/m/esm@1.1.0/i.js','metadata':{'integrity':'','version':'1.1.0'},"
                "'extras':{'berth':{'format':'es-module','type':'module'}}}]");
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_listing_has_a_name_and_a_type),
        cmocka_unit_test(remotes_are_what_register_remotes_takes),
        cmocka_unit_test(a_snapshot_resolves_any_version_to_what_is_live),
        cmocka_unit_test(native_remotes_are_named_with_their_documents),
        cmocka_unit_test(a_native_document_tells_where_to_hear_of_the_next_version),
        cmocka_unit_test(a_native_document_has_the_integrity_that_the_build_left_out),
        cmocka_unit_test(discovery_gives_the_one_version_that_is_live),
    };
    return cmocka_run_group_tests_name("manifest_listings", tests, make_remotes, drop_remotes);
}
