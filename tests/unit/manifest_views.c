#include "berth/json.h"
#include "berth/manifest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static json_t *script_description(void) {
    return json_pack("{ss ss ss ss s[s] s[{ss s{s[s]}}{ss}] s[{ss}] ss}", "format",
                     "webpack-container", "entry", "remoteEntry.js", "type", "script", "container",
                     "cart", "chunkGlobals", "webpackChunkcart", "exposes", "name", "./Cart",
                     "assets", "js", "cart.js", "name", "./Badge", "shared", "name", "react",
                     "integrity", "sha384-x");
}

static json_t *module_description(void) {
    return json_pack("{ss ss ss ss}", "format", "module-federation", "entry", "remoteEntry.mjs",
                     "type", "module", "container", "shop");
}

static char *asset_url(const char *public_url, const char *path) {
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 1000);
    berth_asset_url(&buffer, public_url, "@shop/cart", "1.2.3-rc.1+b.5", path);
    return berth_buffer_take(&buffer);
}

static void an_asset_url_is_rooted_or_absolute_and_percent_encoded(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"", "", "/m/@shop/cart@1.2.3-rc.1+b.5/"},
        {"https://cdn.example.org", "remoteEntry.js",
         "https://cdn.example.org/m/@shop/cart@1.2.3-rc.1+b.5/remoteEntry.js"},
        {"", "a b/c%2f?d#e.js", "/m/@shop/cart@1.2.3-rc.1+b.5/a%20b/c%252f%3Fd%23e.js"},
        {"", "\"<>\\^`{|}", "/m/@shop/cart@1.2.3-rc.1+b.5/%22%3C%3E%5C%5E%60%7B%7C%7D"},
        {"", "ü.js", "/m/@shop/cart@1.2.3-rc.1+b.5/%C3%BC.js"},
        {"", "a~b-c_d.e!f$g&h'i(j)k*l+m,n;o=p:q@r",
         "/m/@shop/cart@1.2.3-rc.1+b.5/a~b-c_d.e!f$g&h'i(j)k*l+m,n;o=p:q@r"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *url = asset_url(cases[i][0], cases[i][1]);
        assert_string_equal(url, cases[i][2]);
        free(url);
    }
}

static void assert_json(json_t *value, const char *expected) {
    char *text = berth_json_text(value);
    assert_string_equal(text, expected);
    free(text);
    json_decref(value);
}

static void a_previous_version_stands_in_the_spec_with_generation_0(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote previous = {"cart", "1.2.2", 0, description, NULL};
    struct berth_remote remote = {"cart", "1.2.3", 7, description, &previous};
    json_t *spec = berth_remote_json(&remote, "");
    json_t *inner = json_object_get(spec, "previous");
    assert_string_equal(json_string_value(json_object_get(inner, "version")), "1.2.2");
    assert_string_equal(json_string_value(json_object_get(inner, "base")), "/m/cart@1.2.2/");
    assert_int_equal(json_integer_value(json_object_get(inner, "generation")), 0);
    assert_null(json_object_get(inner, "previous"));
    json_decref(spec);
    json_decref(description);
}

static void the_spec_of_a_script_tells_all_that_a_loader_needs(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    assert_json(berth_remote_json(&remote, ""),
                "{\"module\":\"cart\",\"version\":\"1.2.3\",\"generation\":7,"
                "\"base\":\"/m/cart@1.2.3/\",\"entry\":\"/m/cart@1.2.3/remoteEntry.js\","
                "\"type\":\"script\",\"format\":\"webpack-container\",\"name\":\"cart\","
                "\"globals\":[\"webpackChunkcart\"],\"integrity\":\"sha384-x\","
                "\"exposes\":[\"./Cart\",\"./Badge\"]}");
    json_decref(description);
}

static void the_spec_of_a_module_has_no_globals(void **state) {
    (void)state;
    json_t *description = module_description();
    struct berth_remote remote = {"@shop/x", "2.0.0", 8, description, NULL};
    assert_json(berth_remote_json(&remote, "https://p.example"),
                "{\"module\":\"@shop/x\",\"version\":\"2.0.0\",\"generation\":8,"
                "\"base\":\"https://p.example/m/@shop/x@2.0.0/\","
                "\"entry\":\"https://p.example/m/@shop/x@2.0.0/remoteEntry.mjs\","
                "\"type\":\"module\",\"format\":\"module-federation\",\"name\":\"shop\","
                "\"exposes\":[]}");
    json_decref(description);
}

static void the_spec_tells_of_exposes_that_are_files_of_their_own(void **state) {
    (void)state;
    json_t *description =
        json_pack("{ss ss s[{ss ss}{ss ss ss}{ss ss}]}", "entry", "app.js", "type", "module",
                  "exposes", "name", ".", "file", "app.js", "name", "./Header", "file",
                  "a b/Header.js", "policy", "remount", "name", "./Hooks", "contract", "mount");
    struct berth_remote remote = {"x", "2.0.0", 8, description, NULL};
    json_t *spec = berth_remote_json(&remote, "https://p.example");
    assert_json(json_incref(json_object_get(spec, "exposes")), "[\".\",\"./Header\",\"./Hooks\"]");
    assert_json(json_incref(json_object_get(spec, "modules")),
                "{\".\":\"https://p.example/m/x@2.0.0/app.js\","
                "\"./Header\":\"https://p.example/m/x@2.0.0/a%20b/Header.js\"}");
    assert_json(json_incref(json_object_get(spec, "policies")), "{\"./Header\":\"remount\"}");
    assert_json(json_incref(json_object_get(spec, "contracts")), "{\"./Hooks\":\"mount\"}");
    assert_null(json_object_get(spec, "files"));
    json_decref(spec);
    json_decref(description);
}

static void the_spec_has_the_integrity_of_every_file(void **state) {
    (void)state;
    json_t *description = script_description();
    json_object_set_new(description, "files", json_pack("{ss}", "a.js", "sha384-a"));
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    json_t *spec = berth_remote_json(&remote, "");
    json_object_clear(json_object_get(description, "files"));
    assert_json(json_incref(json_object_get(spec, "files")), "{\"a.js\":\"sha384-a\"}");
    json_decref(spec);
    json_decref(description);
}

static void a_spec_does_not_share_what_its_description_may_change(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    json_t *spec = berth_remote_json(&remote, "");
    json_array_clear(json_object_get(description, "chunkGlobals"));
    assert_int_equal(json_array_size(json_object_get(spec, "globals")), 1);
    json_decref(spec);
    json_decref(description);
}

static void all_remotes_are_of_one_generation(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote remotes[] = {{"a", "1.0.0", 3, description, NULL},
                                     {"b", "2.0.0", 9, description, NULL}};
    json_t *json = berth_remotes_json(
        &(struct berth_live){.generation = 9, .remotes = remotes, .count = 2, .public_url = ""});
    assert_int_equal(berth_json_integer(json, "generation", 0), 9);
    json_t *map = json_object_get(json, "remotes");
    assert_int_equal(json_object_size(map), 2);
    assert_int_equal(berth_json_integer(json_object_get(map, "a"), "generation", 0), 3);
    assert_string_equal(berth_json_string(json_object_get(map, "b"), "base"), "/m/b@2.0.0/");
    json_decref(json);
    assert_json(berth_remotes_json(&(struct berth_live){
                    .generation = 0, .remotes = NULL, .count = 0, .public_url = ""}),
                "{\"generation\":0,\"remotes\":{}}");
    json_decref(description);
}

static void a_live_entry_is_the_runtime_and_one_call(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    json_t *spec = berth_remote_json(&remote, "");
    char *json = berth_json_text(spec);
    /* The runtime ends in a comment without a line break: the call must not become part of it. */
    const char *runtime = "globalThis.__BERTH__={};//# sourceMappingURL=x";
    struct berth_buffer expected;
    berth_buffer_init(&expected, 10000);
    berth_buffer_printf(&expected, "%s\n;__BERTH__.live(%s);\n", runtime, json);
    char *entry = berth_live_entry(&remote, "", runtime, false);
    assert_string_equal(entry, expected.data);
    free(entry);
    berth_buffer_done(&expected);
    berth_buffer_printf(&expected,
                        "%s\n;const c=globalThis.__BERTH__.live(%s,import.meta.url);"
                        "export const get=c.get,init=c.init;export default c;\n",
                        runtime, json);
    entry = berth_live_entry(&remote, "", runtime, true);
    assert_string_equal(entry, expected.data);
    free(entry);
    berth_buffer_done(&expected);
    free(json);
    json_decref(spec);
    json_decref(description);
}

static void a_document_has_a_spec_without_entry_and_a_live_entry_that_says_so(void **state) {
    (void)state;
    json_t *description = json_pack("{ss s[]}", "format", "document", "exposes");
    struct berth_remote document = {"cart", "1.2.3", 7, description, NULL};
    struct berth_remote remote = {"cart", "1.2.4", 8, description, &document};
    assert_json(berth_remote_json(&remote, ""),
                "{\"module\":\"cart\",\"version\":\"1.2.4\",\"generation\":8,"
                "\"base\":\"/m/cart@1.2.4/\",\"format\":\"document\",\"exposes\":[]}");
    char *entry = berth_live_entry(&remote, "", "runtime", false);
    assert_string_equal(entry,
                        "runtime\n;console.error(\"berth: cart exposes nothing: its live version, "
                        "1.2.4, is a document without an entry\")\n;__BERTH__.live("
                        "{\"module\":\"cart\"});\n");
    free(entry);
    json_t *manifest = json_pack("{s{}}", "metaData");
    berth_mf_manifest_adjust(manifest, &remote, "", true);
    json_decref(manifest);
    json_decref(description);
}

static void a_live_entry_cannot_end_the_script_it_stands_in(void **state) {
    (void)state;
    json_t *description = script_description();
    json_object_set_new(description, "container", json_string("</script><!--"));
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    char *entry = berth_live_entry(&remote, "", "", false);
    assert_null(strchr(entry, '<'));
    assert_non_null(strstr(entry, "\\u003c/script>\\u003c!--"));
    free(entry);
    json_decref(description);
}

static void json_in_a_script_has_no_less_than_sign(void **state) {
    (void)state;
    json_t *value = json_pack("{ss ss}", "<a>", "</script><script>", "b", "plain \\ & > ü");
    struct berth_buffer buffer;
    berth_buffer_init(&buffer, 1000);
    berth_buffer_script_json(&buffer, value);
    assert_string_equal(buffer.data, "{\"\\u003ca>\":\"\\u003c/script>\\u003cscript>\","
                                     "\"b\":\"plain \\\\ & > ü\"}");
    json_t *again = NULL; /* and means the same */
    assert_int_equal(berth_json_parse(buffer.data, buffer.length, 1000, &again, NULL), BERTH_OK);
    assert_true(json_equal(again, value));
    json_decref(again);
    json_decref(value);
    berth_buffer_script_json(&buffer, NULL);
    assert_true(buffer.failed);
    berth_buffer_done(&buffer);
}

/* What an mf-manifest.json of @module-federation/enhanced looks like, as far as loaders go. */
static json_t *mf_manifest(void) {
    return json_pack("{ss s{ss ss ss s{ss ss ss}} s[] s[]}", "id", "cart", "metaData", "name",
                     "cart", "publicPath", "http://localhost:3000/", "getPublicPath",
                     "return 'http://evil'", "remoteEntry", "name", "remoteEntry.js", "path",
                     "static", "type", "global", "shared", "exposes");
}

/* The runtime would load what a live manifest names beside the live entry. */
static void a_live_manifest_names_no_files(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    for (int live = 0; live < 2; live++) {
        json_t *manifest = mf_manifest();
        json_array_append_new(
            json_object_get(manifest, "exposes"),
            json_pack("{ss s{s{s[s]}}}", "name", "./Cart", "assets", "css", "sync", "cart.css"));
        berth_mf_manifest_adjust(manifest, &remote, "", live);
        const json_t *expose = json_array_get(json_object_get(manifest, "exposes"), 0);
        const json_t *css = json_object_get(json_object_get(expose, "assets"), "css");
        assert_string_equal(berth_json_string(expose, "name"), "./Cart");
        assert_int_equal(json_array_size(json_object_get(css, "sync")), live ? 0 : 1);
        assert_true(json_is_array(json_object_get(css, "sync")));
        json_decref(manifest);
    }
    json_decref(description);
}

static void check_adjusted(const char *public_url, bool live, bool as_module,
                           const char *expected_path, const char *expected_entry) {
    json_t *description = as_module ? module_description() : script_description();
    json_t *manifest = mf_manifest();
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    berth_mf_manifest_adjust(manifest, &remote, public_url, live);
    json_t *meta = json_object_get(manifest, "metaData");
    assert_string_equal(berth_json_string(meta, "publicPath"), expected_path);
    assert_null(json_object_get(meta, "getPublicPath")); /* it would win over publicPath */
    assert_string_equal(berth_json_string(meta, "name"), "cart");
    assert_string_equal(berth_json_string(manifest, "id"), "cart");
    assert_json(json_incref(json_object_get(meta, "remoteEntry")), expected_entry);
    json_decref(manifest);
    json_decref(description);
}

static void a_versions_manifest_names_the_versions_own_url(void **state) {
    (void)state;
    static const char own[] =
        "{\"name\":\"remoteEntry.js\",\"path\":\"static\",\"type\":\"global\"}";
    check_adjusted("https://p.example", false, false, "https://p.example/m/cart@1.2.3/", own);
    check_adjusted("", false, false, "auto", own);
}

static void a_live_manifest_leads_to_the_live_entry(void **state) {
    (void)state;
    static const char script[] = "{\"name\":\"remoteEntry.js\",\"path\":\"\",\"type\":\"global\"}";
    static const char module[] = "{\"name\":\"remoteEntry.mjs\",\"path\":\"\",\"type\":\"module\"}";
    check_adjusted("https://p.example", true, false, "https://p.example/m/cart/", script);
    check_adjusted("https://p.example", true, true, "https://p.example/m/cart/", module);
    check_adjusted("", true, false, "auto", script);
    check_adjusted("", true, true, "auto", module);
}

static void a_manifest_of_another_shape_is_left_alone(void **state) {
    (void)state;
    json_t *description = script_description();
    struct berth_remote remote = {"cart", "1.2.3", 7, description, NULL};
    json_t *shapes[] = {json_array(), json_object(), json_pack("{ss}", "metaData", "text")};
    for (size_t i = 0; i < 3; i++) {
        json_t *before = json_deep_copy(shapes[i]);
        berth_mf_manifest_adjust(shapes[i], &remote, "https://p.example", true);
        assert_true(json_equal(shapes[i], before));
        json_decref(before);
        json_decref(shapes[i]);
    }
    json_decref(description);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_asset_url_is_rooted_or_absolute_and_percent_encoded),
        cmocka_unit_test(the_spec_of_a_script_tells_all_that_a_loader_needs),
        cmocka_unit_test(a_previous_version_stands_in_the_spec_with_generation_0),
        cmocka_unit_test(the_spec_of_a_module_has_no_globals),
        cmocka_unit_test(the_spec_tells_of_exposes_that_are_files_of_their_own),
        cmocka_unit_test(the_spec_has_the_integrity_of_every_file),
        cmocka_unit_test(a_spec_does_not_share_what_its_description_may_change),
        cmocka_unit_test(all_remotes_are_of_one_generation),
        cmocka_unit_test(a_live_entry_is_the_runtime_and_one_call),
        cmocka_unit_test(a_document_has_a_spec_without_entry_and_a_live_entry_that_says_so),
        cmocka_unit_test(a_live_entry_cannot_end_the_script_it_stands_in),
        cmocka_unit_test(json_in_a_script_has_no_less_than_sign),
        cmocka_unit_test(a_versions_manifest_names_the_versions_own_url),
        cmocka_unit_test(a_live_manifest_leads_to_the_live_entry),
        cmocka_unit_test(a_live_manifest_names_no_files),
        cmocka_unit_test(a_manifest_of_another_shape_is_left_alone),
    };
    return cmocka_run_group_tests_name("manifest_views", tests, NULL, NULL);
}
