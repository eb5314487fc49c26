#include "berth/json.h"
#include "compose_fixture.h"
#include "temp_directory.h"

#include <stdio.h>

static const char two_slots[] =
    "{'path': '/', 'title': 'T', 'layout': {'columns': '20rem 1fr', 'rows': 'auto', 'gap': '1rem',"
    " 'areas': ['0.top 0.top', 'b .']}, 'slots': ["
    "{'name': '0.top', 'module': 'header-app', 'expose': './Header', 'fallback': '<p>wait</p>'},"
    "{'name': 'b', 'module': '@shop/cart', 'expose': './Cart', 'props': {'n': 1}}]}";

static const char header_app[] =
    "{'entry': 'remoteEntry.js', 'type': 'script', 'format': 'webpack-container',"
    " 'container': 'header', 'integrity': 'sha384-abc', 'exposes': ["
    "{'name': './Header', 'assets': {'js': ['a b.js', 'c.js'], 'css': ['d.css']}},"
    "{'name': './Other', 'assets': {'js': ['other.js']}}]}";

/* Composes, fills with the nonce N, and gives the page (and the policy). */
static char *compose(const struct compose_fixture *fixture, char **ret_policy) {
    struct berth_template template;
    struct berth_error error = {0};
    if (berth_compose_page(&fixture->compose, &template, &error) != BERTH_OK)
        fail_msg("%s: %s", error.rule, error.text);
    char *page = compose_fill(&template, "N", ret_policy);
    berth_template_done(&template);
    return page;
}

static char *compose_manifest(const char *manifest) {
    struct compose_fixture fixture;
    compose_begin(&fixture, manifest);
    char *page = compose(&fixture, NULL);
    compose_end(&fixture);
    return page;
}

static void a_page_is_whole_html_with_shell_state_and_slots_in_order(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, two_slots);
    char *page = compose(&fixture, NULL);
    static const char *const parts[] = {
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<title>T</title>",
        "<script type=\"application/json\" id=\"berth-state\">{",
        "}</script>",
        "<script nonce=\"N\">shell()</script>",
        "<style nonce=\"N\">",
        "</head>\n<body>\n<div data-berth-page=\"front\">\n",
        "<div data-berth-slot=\"0.top\"><p>wait</p></div>\n",
        "<div data-berth-slot=\"b\"></div>\n",
        "</div>\n</body>\n</html>\n",
    };
    const char *at = page;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *found = strstr(at, parts[i]);
        if (!found)
            fail_msg("not there, or not in order: %s\nin %s", parts[i], page);
        at = found + strlen(parts[i]);
    }
    assert_string_equal(at, "");
    free(page);
    compose_end(&fixture);
}

static void texts_of_the_manifest_are_escaped(void **state) {
    (void)state;
    char *page = compose_manifest("{'path': '/', 'title': '</title><script>x</script>&', 'slots': ["
                                  "{'name': 'a', 'module': 'm', 'expose': '</script><b>',"
                                  " 'props': {'x': '<!--<script>'}}]}");
    assert_contains(page, "<title>&lt;/title&gt;&lt;script&gt;x&lt;/script&gt;&amp;</title>");
    assert_contains(page, "\"expose\":\"\\u003c/script>\\u003cb>\"");
    assert_contains(page, "\"x\":\"\\u003c!--\\u003cscript>\"");
    assert_int_equal(count_of(page, "<script"), 2); /* the shell and the state */
    assert_int_equal(count_of(page, "</script>"), 2);
    assert_lacks(page, "<!--");
    free(page);
}

static json_t *state_of(const char *page) {
    static const char open[] = "id=\"berth-state\">";
    const char *from = strstr(page, open);
    assert_non_null(from);
    from += strlen(open);
    const char *to = strstr(from, "</script>");
    assert_non_null(to);
    json_t *value = NULL;
    assert_int_equal(berth_json_parse(from, (size_t)(to - from), 1 << 20, &value, NULL), BERTH_OK);
    return value;
}

static void the_state_tells_the_shell_what_to_mount(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, two_slots);
    compose_live(&fixture, "header-app", "1.2.3", header_app);
    char *page = compose(&fixture, NULL);
    json_t *json = state_of(page);
    assert_int_equal(berth_json_integer(json, "generation", 0), 42);
    assert_string_equal(berth_json_string(json, "page"), "front");
    const json_t *urls = json_object_get(json, "urls");
    assert_string_equal(berth_json_string(urls, "events"), "/events");
    assert_string_equal(berth_json_string(urls, "remotes"), "/manifests/remotes.json");
    assert_string_equal(berth_json_string(urls, "reports"), "/reports");
    const json_t *slots = json_object_get(json, "slots");
    assert_int_equal(json_array_size(slots), 2);
    assert_string_equal(berth_json_string(json_array_get(slots, 0), "name"), "0.top");
    assert_string_equal(berth_json_string(json_array_get(slots, 1), "module"), "@shop/cart");
    assert_string_equal(berth_json_string(json_array_get(slots, 1), "expose"), "./Cart");
    assert_int_equal(berth_json_integer(json_object_get(json_array_get(slots, 1), "props"), "n", 0),
                     1);
    assert_true(json_is_object(json_object_get(json_array_get(slots, 0), "props")));
    /* Only what is live. */
    const json_t *modules = json_object_get(json, "modules");
    assert_int_equal(json_object_size(modules), 1);
    json_t *spec = berth_remote_json(&fixture.remotes[0], "");
    assert_true(json_equal(json_object_get(modules, "header-app"), spec));
    json_decref(spec);
    json_decref(json);
    free(page);
    compose_end(&fixture);
}

/* What the shell fetches is asked for in the same way, or a browser fetches it twice. */
static void what_the_page_will_need_is_preloaded(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, two_slots);
    compose_live(&fixture, "header-app", "1.2.3", header_app);
    compose_live(&fixture, "@shop/cart", "2.0.0", "{'entry': 'e.mjs', 'type': 'module'}");
    char *page = compose(&fixture, NULL);
    assert_contains(page, "<link rel=\"preload\" as=\"script\" "
                          "href=\"/m/header-app@1.2.3/remoteEntry.js\" crossorigin=\"anonymous\" "
                          "nonce=\"N\" integrity=\"sha384-abc\">\n");
    assert_contains(page, "<link rel=\"preload\" as=\"script\" "
                          "href=\"/m/header-app@1.2.3/a%20b.js\" nonce=\"N\">\n"
                          "<link rel=\"preload\" as=\"script\" "
                          "href=\"/m/header-app@1.2.3/c.js\" nonce=\"N\">\n"
                          "<link rel=\"preload\" as=\"style\" "
                          "href=\"/m/header-app@1.2.3/d.css\">\n");
    assert_contains(page, "<link rel=\"modulepreload\" href=\"/m/@shop/cart@2.0.0/e.mjs\" "
                          "crossorigin=\"anonymous\" nonce=\"N\">\n");
    assert_lacks(page, "other.js"); /* of an expose that no slot shows */
    assert_int_equal(count_of(page, "preload\""), 5);
    free(page);
    compose_end(&fixture);
}

/* The shell gives what bundles insert its integrity, and crossorigin with it. */
static void chunks_are_preloaded_with_the_integrity_that_is_known(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, two_slots);
    compose_live(&fixture, "header-app", "1.2.3",
                 "{'entry': 'remoteEntry.js', 'type': 'script', 'integrity': 'sha384-abc',"
                 " 'exposes': [{'name': './Header', 'assets': {'js': ['a b.js', 'c.js'],"
                 " 'css': ['d.css']}}], 'files': {'a b.js': 'sha384-a', 'd.css': 'sha384-d',"
                 " 'remoteEntry.js': 'sha384-abc'}}");
    char *page = compose(&fixture, NULL);
    assert_contains(page, "<link rel=\"preload\" as=\"script\" "
                          "href=\"/m/header-app@1.2.3/a%20b.js\" crossorigin=\"anonymous\" "
                          "nonce=\"N\" integrity=\"sha384-a\">\n"
                          "<link rel=\"preload\" as=\"script\" "
                          "href=\"/m/header-app@1.2.3/c.js\" nonce=\"N\">\n"
                          "<link rel=\"preload\" as=\"style\" "
                          "href=\"/m/header-app@1.2.3/d.css\" crossorigin=\"anonymous\" "
                          "integrity=\"sha384-d\">\n");
    assert_lacks(page, "importmap");
    free(page);
    compose_end(&fixture);
}

static const char module_slots[] =
    "{'path': '/', 'title': 'T', 'slots': ["
    "{'name': 'a', 'module': 'x', 'expose': './Header', 'policy': 'remount'},"
    "{'name': 'b', 'module': 'x', 'expose': './Footer'},"
    "{'name': 'c', 'module': 'x', 'expose': './Header'}]}";

static void exposes_that_are_files_are_preloaded_behind_the_import_map(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, module_slots);
    compose_live(&fixture, "x", "1.0.0",
                 "{'entry': 'app.js', 'type': 'module', 'format': 'es-module', 'exposes': ["
                 "{'name': '.', 'file': 'app.js'}, {'name': './Header', 'file': 'h\\\"<.mjs'},"
                 " {'name': './Footer', 'file': 'f.js'}], 'files': {'app.js': 'sha384-app',"
                 " 'chunk.js': 'sha384-c', 'h\\\"<.mjs': 'sha384-h', 'x.css': 'sha384-x'}}");
    fixture.compose.public_url = "https://p.example";
    char *page = compose(&fixture, NULL);
    assert_contains(page, "<script type=\"importmap\" nonce=\"N\">{\"integrity\":{"
                          "\"https://p.example/m/x@1.0.0/app.js\":\"sha384-app\","
                          "\"https://p.example/m/x@1.0.0/chunk.js\":\"sha384-c\","
                          "\"https://p.example/m/x@1.0.0/h%22%3C.mjs\":\"sha384-h\"}}</script>\n");
    assert_true(strstr(page, "importmap") < strstr(page, "modulepreload"));
    assert_contains(page, "<link rel=\"modulepreload\" "
                          "href=\"https://p.example/m/x@1.0.0/h%22%3C.mjs\" "
                          "crossorigin=\"anonymous\" nonce=\"N\" integrity=\"sha384-h\">\n"
                          "<link rel=\"modulepreload\" href=\"https://p.example/m/x@1.0.0/f.js\" "
                          "crossorigin=\"anonymous\" nonce=\"N\">\n");
    assert_int_equal(count_of(page, "modulepreload"), 2); /* not the entry, which no slot shows */
    assert_int_equal(count_of(page, "importmap"), 1);
    free(page);
    compose_end(&fixture);
}

static void containers_that_are_modules_are_preloaded_with_their_assets(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, module_slots);
    compose_live(&fixture, "x", "1.0.0",
                 "{'entry': 'e.js', 'type': 'module', 'integrity': 'sha384-e', 'exposes': ["
                 "{'name': './Header', 'assets': {'js': ['h.js'], 'css': ['h.css']}}]}");
    char *page = compose(&fixture, NULL);
    assert_contains(page, "<link rel=\"modulepreload\" href=\"/m/x@1.0.0/e.js\" "
                          "crossorigin=\"anonymous\" nonce=\"N\" integrity=\"sha384-e\">\n"
                          "<link rel=\"modulepreload\" href=\"/m/x@1.0.0/h.js\" "
                          "crossorigin=\"anonymous\" nonce=\"N\">\n"
                          "<link rel=\"preload\" as=\"style\" href=\"/m/x@1.0.0/h.css\">\n");
    assert_lacks(page, "importmap"); /* an old version: nothing is known of its files */
    free(page);
    compose_end(&fixture);
}

static void a_native_federation_s_json_is_no_module_to_preload(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, module_slots);
    compose_live(&fixture, "x", "1.0.0",
                 "{'entry': 'remoteEntry.json', 'type': 'module', 'format': 'native-federation',"
                 " 'exposes': [{'name': './Header', 'file': 'h.js'}]}");
    char *page = compose(&fixture, NULL);
    assert_int_equal(count_of(page, "preload\""), 1);
    assert_contains(page, "<link rel=\"modulepreload\" href=\"/m/x@1.0.0/h.js\"");
    free(page);
    compose_end(&fixture);
}

static void a_slot_s_own_policy_is_in_the_state(void **state) {
    (void)state;
    char *page = compose_manifest(module_slots);
    json_t *json = state_of(page);
    const json_t *slots = json_object_get(json, "slots");
    assert_string_equal(berth_json_string(json_array_get(slots, 0), "policy"), "remount");
    assert_null(json_object_get(json_array_get(slots, 1), "policy"));
    json_decref(json);
    free(page);
}

static void a_module_in_two_slots_is_preloaded_once(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, "{'path': '/', 'title': 'T', 'slots': ["
                            "{'name': 'a', 'module': 'header-app', 'expose': './Header'},"
                            "{'name': 'b', 'module': 'header-app', 'expose': './Other'},"
                            "{'name': 'c', 'module': 'header-app', 'expose': './Header'}]}");
    compose_live(&fixture, "header-app", "1.2.3", header_app);
    char *page = compose(&fixture, NULL);
    assert_int_equal(count_of(page, "href=\"/m/header-app@1.2.3/remoteEntry.js\""), 1);
    assert_int_equal(count_of(page, "href=\"/m/header-app@1.2.3/other.js\""), 1);
    assert_int_equal(count_of(page, "href=\"/m/header-app@1.2.3/c.js\""), 1);
    free(page);
    compose_end(&fixture);
}

static void a_public_url_is_where_assets_come_from(void **state) {
    (void)state;
    struct compose_fixture fixture;
    char *policy;
    compose_begin(&fixture, two_slots);
    compose_live(&fixture, "header-app", "1.2.3", header_app);
    fixture.compose.public_url = "https://p.example";
    char *page = compose(&fixture, &policy);
    assert_contains(page, "href=\"https://p.example/m/header-app@1.2.3/remoteEntry.js\"");
    assert_contains(page, "\"base\":\"https://p.example/m/header-app@1.2.3/\"");
    assert_contains(page, "\"events\":\"/events\""); /* the page's own origin */
    assert_contains(policy, "; style-src 'nonce-N' 'self' https://p.example");
    assert_contains(policy, "; base-uri 'none'");
    free(page);
    free(policy);
    compose_end(&fixture);
}

static void the_layout_becomes_a_grid_with_names_that_css_allows(void **state) {
    (void)state;
    char *page = compose_manifest(two_slots);
    assert_contains(page, "[data-berth-page]{display:grid;grid-template-columns:20rem 1fr;"
                          "grid-template-rows:auto;gap:1rem;"
                          "grid-template-areas:\"s0 s0 \"\"s1 . \"}");
    assert_contains(page, "[data-berth-slot=\"0.top\"]{grid-area:s0}");
    assert_contains(page, "[data-berth-slot=\"b\"]{grid-area:s1}");
    free(page);
    page = compose_manifest("{'path': '/', 'title': 'T', 'slots': ["
                            "{'name': 'a', 'module': 'm', 'expose': './A'}]}");
    assert_contains(page, "{display:grid;grid-template-columns:minmax(0,1fr)}");
    assert_lacks(page, "grid-area");
    free(page);
}

static void the_language_is_the_pages(void **state) {
    (void)state;
    char *page = compose_manifest("{'path': '/', 'title': 'T', 'language': 'pt-BR', 'slots': ["
                                  "{'name': 'a', 'module': 'm', 'expose': './A'}]}");
    assert_contains(page, "<html lang=\"pt-BR\">");
    free(page);
}

static void the_policy_allows_scripts_by_nonce_alone(void **state) {
    (void)state;
    struct compose_fixture fixture;
    char *policy;
    compose_begin(&fixture,
                  "{'path': '/', 'title': 'T', 'csp': {'connect-src': ['wss://a.example:*'],"
                  " 'img-src': ['https://*.b.example', 'data:']}, 'slots': ["
                  "{'name': 'a', 'module': 'm', 'expose': './A'}]}");
    free(compose(&fixture, &policy));
    assert_string_equal(
        policy,
        "default-src 'none'; script-src 'nonce-N' 'strict-dynamic'; style-src 'nonce-N' 'self'; "
        "connect-src 'self' wss://a.example:*; img-src 'self' data: blob: https://*.b.example "
        "data:; font-src 'self' data:; media-src 'self' blob:; frame-src 'self'; manifest-src "
        "'self'; worker-src 'self' blob:; object-src 'none'; form-action 'self'; frame-ancestors "
        "'self'; base-uri 'none'; report-uri /reports/csp");
    free(policy);
    compose_end(&fixture);
}

/* A template is filled again and again, and differs only in its nonce. */
static void each_filling_has_its_own_nonce_in_every_hole(void **state) {
    (void)state;
    struct compose_fixture fixture;
    struct berth_template template;
    char *policies[2];
    compose_begin(&fixture, two_slots);
    compose_live(&fixture, "header-app", "1.2.3", header_app);
    assert_int_equal(berth_compose_page(&fixture.compose, &template, NULL), BERTH_OK);
    char *first = compose_fill(&template, "FIRST", &policies[0]);
    char *second = compose_fill(&template, "2", &policies[1]);
    assert_int_equal(template.hole_count, 5);
    assert_int_equal(count_of(first, " nonce=\"FIRST\""), template.hole_count);
    assert_int_equal(count_of(second, " nonce=\"2\""), template.hole_count);
    assert_lacks(second, "FIRST");
    assert_int_equal(strlen(first), template.length + template.hole_count * strlen("FIRST"));
    for (int i = 0; i < 2; i++)
        assert_lacks(policies[i], "$");
    assert_int_equal(count_of(policies[0], "'nonce-FIRST'"), 2);
    free(first);
    free(second);
    free(policies[0]);
    free(policies[1]);
    berth_template_done(&template);
    compose_end(&fixture);
}

static void etag_of(const struct compose_fixture *fixture, char ret[40]) {
    struct berth_template template;
    assert_int_equal(berth_compose_page(&fixture->compose, &template, NULL), BERTH_OK);
    memcpy(ret, template.etag, sizeof template.etag);
    berth_template_done(&template);
}

static void the_etag_is_weak_and_follows_page_and_policy(void **state) {
    (void)state;
    char etags[4][40];
    struct compose_fixture fixture;
    compose_begin(&fixture, two_slots);
    etag_of(&fixture, etags[0]);
    etag_of(&fixture, etags[1]);
    fixture.compose.generation++;
    etag_of(&fixture, etags[2]);
    fixture.compose.generation--;
    fixture.compose.public_url = "https://p.example"; /* nothing live: in the policy alone */
    etag_of(&fixture, etags[3]);
    assert_memory_equal(etags[0], "W/\"", 3);
    assert_string_equal(etags[0], etags[1]);
    assert_string_not_equal(etags[0], etags[2]);
    assert_string_not_equal(etags[0], etags[3]);
    compose_end(&fixture);
}

static void nonces_are_24_characters_and_never_the_same(void **state) {
    (void)state;
    char nonces[64][BERTH_NONCE_BYTES];
    for (size_t i = 0; i < 64; i++) {
        berth_nonce(nonces[i]);
        assert_int_equal(strlen(nonces[i]), 24);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(nonces[i], nonces[j]);
    }
}

static void a_page_that_is_too_large_is_refused(void **state) {
    (void)state;
    struct compose_fixture fixture;
    struct berth_template template = {.length = 7};
    struct berth_error error = {0};
    compose_begin(&fixture, two_slots);
    char *huge = malloc(FILLED_BYTES + 1);
    assert_non_null(huge);
    memset(huge, 'x', FILLED_BYTES);
    huge[FILLED_BYTES] = '\0';
    fixture.page.slots[0].fallback = huge;
    assert_int_equal(berth_compose_page(&fixture.compose, &template, &error), BERTH_TOO_LARGE);
    assert_string_equal(error.rule, "page-size");
    assert_int_equal(template.length, 7);
    free(huge);
    compose_end(&fixture);
}

static void write_frontend(const char *directory, const char *name, const char *text) {
    temp_file_write(directory, name, text, strlen(text));
}

static void a_frontend_is_loaded_with_its_urls(void **state) {
    (void)state;
    char directory[TEMP_PATH_BYTES];
    struct berth_frontend frontend;
    temp_directory_make(directory);
    write_frontend(directory, "shell.js", "abc");
    write_frontend(directory, "live.js", "live");
    write_frontend(directory, "live.js.map", "{}");
    write_frontend(directory, "more.js", "abc");
    assert_int_equal(berth_frontend_load(directory, &frontend, NULL), BERTH_OK);
    assert_string_equal(frontend.shell, "abc");
    assert_string_equal(frontend.live, "live");
    assert_string_equal(frontend.live_map, "{}");
    assert_null(frontend.shell_map);
    assert_string_equal(frontend.shell_url, "/_berth/shell.ba7816bf8f01cfea.js");
    assert_string_equal(frontend.more_url, "/_berth/more.ba7816bf8f01cfea.js");
    berth_frontend_done(&frontend);
    berth_frontend_done(&frontend);
    temp_directory_remove(directory);
}

static void a_shell_that_stands_in_a_page_names_its_map_and_ends_no_element(void **state) {
    (void)state;
    static const char *const refused[] = {"'</script>'", "'</SCRIPT '", "a<!--b"};
    char directory[TEMP_PATH_BYTES];
    struct berth_frontend frontend;
    temp_directory_make(directory);
    write_frontend(directory, "live.js", "live");
    write_frontend(directory, "shell.js", "a;\n");
    write_frontend(directory, "shell.js.map", "{}");
    assert_int_equal(berth_frontend_load(directory, &frontend, NULL), BERTH_OK);
    assert_memory_equal(frontend.inlined, "a;\n//# sourceMappingURL=/_berth/shell.", 38);
    assert_string_equal(strstr(frontend.inlined, ".js"), ".js.map\n");
    berth_frontend_done(&frontend);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct berth_error error = {0};
        write_frontend(directory, "shell.js", refused[i]);
        assert_int_equal(berth_frontend_load(directory, &frontend, &error), BERTH_REFUSED);
        assert_string_equal(error.rule, "frontend-inline");
        assert_contains(error.hint, "<\\/script");
    }
    temp_directory_remove(directory);
}

static void a_frontend_that_was_not_built_says_how_to(void **state) {
    (void)state;
    char directory[TEMP_PATH_BYTES];
    struct berth_frontend frontend;
    struct berth_error errors[3] = {0};
    temp_directory_make(directory);
    assert_int_equal(berth_frontend_load("/nowhere", &frontend, &errors[0]), BERTH_NOT_FOUND);
    assert_int_equal(berth_frontend_load(directory, &frontend, &errors[1]), BERTH_NOT_FOUND);
    write_frontend(directory, "shell.js", "abc");
    assert_int_equal(berth_frontend_load(directory, &frontend, &errors[2]), BERTH_NOT_FOUND);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(errors[i].rule, "frontend-missing");
        assert_contains(errors[i].hint, "npm");
        assert_contains(errors[i].text, i < 2 ? "shell.js" : "live.js");
    }
    temp_directory_remove(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_whole_html_with_shell_state_and_slots_in_order),
        cmocka_unit_test(texts_of_the_manifest_are_escaped),
        cmocka_unit_test(the_state_tells_the_shell_what_to_mount),
        cmocka_unit_test(what_the_page_will_need_is_preloaded),
        cmocka_unit_test(chunks_are_preloaded_with_the_integrity_that_is_known),
        cmocka_unit_test(exposes_that_are_files_are_preloaded_behind_the_import_map),
        cmocka_unit_test(containers_that_are_modules_are_preloaded_with_their_assets),
        cmocka_unit_test(a_native_federation_s_json_is_no_module_to_preload),
        cmocka_unit_test(a_slot_s_own_policy_is_in_the_state),
        cmocka_unit_test(a_module_in_two_slots_is_preloaded_once),
        cmocka_unit_test(a_public_url_is_where_assets_come_from),
        cmocka_unit_test(the_layout_becomes_a_grid_with_names_that_css_allows),
        cmocka_unit_test(the_language_is_the_pages),
        cmocka_unit_test(the_policy_allows_scripts_by_nonce_alone),
        cmocka_unit_test(each_filling_has_its_own_nonce_in_every_hole),
        cmocka_unit_test(the_etag_is_weak_and_follows_page_and_policy),
        cmocka_unit_test(nonces_are_24_characters_and_never_the_same),
        cmocka_unit_test(a_page_that_is_too_large_is_refused),
        cmocka_unit_test(a_frontend_is_loaded_with_its_urls),
        cmocka_unit_test(a_shell_that_stands_in_a_page_names_its_map_and_ends_no_element),
        cmocka_unit_test(a_frontend_that_was_not_built_says_how_to),
    };
    return cmocka_run_group_tests_name("compose_page", tests, NULL, NULL);
}
