/* Slots that show something before any script has run, and what pages have browsers fetch. */
#include "compose_fixture.h"

static const char slots[] = "{'path': '/', 'title': 'T', 'slots': ["
                            "{'name': 'a', 'module': 'm', 'expose': './A', 'fallback': 'wait a'},"
                            "{'name': 'b', 'module': 'm', 'expose': './B', 'fallback': 'wait b'},"
                            "{'name': 'c', 'module': 'm', 'expose': './A', 'fallback': 'wait c',"
                            " 'props': {'n': 1}}]}";

static const char module[] =
    "{'entry': 'e.js', 'type': 'script', 'format': 'webpack-container', 'container': 'm',"
    " 'chunkGlobals': ['webpackChunkm'], 'exposes': [{'name': './A', 'prerendered': 'a.html',"
    " 'assets': {'js': ['a.js'], 'css': ['css/a.css', 'css/b.css']}},"
    "{'name': './B', 'assets': {'css': ['b.css']}}],"
    " 'files': {'css/a.css': 'sha384-a', 'e.js': 'sha384-e'}}";

static void begin(struct compose_fixture *fixture, const char *html, const char *css) {
    compose_begin(fixture, slots);
    compose_live(fixture, "m", "1.0.0", module);
    if (html)
        compose_file(fixture, "m", "a.html", html);
    if (css)
        compose_file(fixture, "m", "css/a.css", css);
    compose_file(fixture, "m", "css/b.css", "b{}");
}

static void a_slot_shows_what_was_prerendered_with_its_styles(void **state) {
    (void)state;
    struct compose_fixture fixture;
    begin(&fixture, "<h1>A</h1>", "a{b:url(c.png)}");
    char *page = compose_page(&fixture, NULL);
    assert_contains(page, "<div data-berth-slot=\"a\"><div data-berth-prerendered=\"m@1.0.0\">"
                          "<h1>A</h1></div></div>\n");
    assert_contains(page, "<style data-berth-prerendered=\"m@1.0.0\" nonce=\"N\">"
                          "a{b:url(/m/m@1.0.0/css/c.png)}b{}</style>");
    /* It is made without props, and not of every expose. */
    assert_contains(page, "<div data-berth-slot=\"b\">wait b</div>");
    assert_contains(page, "<div data-berth-slot=\"c\">wait c</div>");
    assert_int_equal(count_of(page, "data-berth-prerendered="), 2);
    free(page);
    compose_end(&fixture);
}

static void styles_that_cannot_stand_in_the_page_are_linked_in_their_order(void **state) {
    (void)state;
    char *large = malloc(40 * 1024);
    assert_non_null(large);
    memset(large, ' ', 40 * 1024);
    large[40 * 1024 - 1] = '\0';
    const char *const sheets[] = {"@import 'x';", "a{", large, NULL};
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        struct compose_fixture fixture;
        begin(&fixture, "<h1>A</h1>", sheets[i]);
        char *page = compose_page(&fixture, NULL);
        assert_contains(page, "<link rel=\"stylesheet\" href=\"/m/m@1.0.0/css/a.css\" "
                              "crossorigin=\"anonymous\" integrity=\"sha384-a\" "
                              "data-berth-prerendered=\"m@1.0.0\">\n"
                              "<link rel=\"stylesheet\" href=\"/m/m@1.0.0/css/b.css\" "
                              "data-berth-prerendered=\"m@1.0.0\">\n");
        assert_lacks(page, "<style data-berth");
        assert_int_equal(count_of(page, "href=\"/m/m@1.0.0/css/a.css\""), 1);
        free(page);
        compose_end(&fixture);
    }
    free(large);
}

static void what_is_missing_or_too_large_leaves_the_fallback(void **state) {
    (void)state;
    char *large = malloc(70 * 1024);
    assert_non_null(large);
    memset(large, 'x', 70 * 1024);
    large[70 * 1024 - 1] = '\0';
    const char *const contents[] = {NULL, "", large};
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        struct compose_fixture fixture;
        begin(&fixture, contents[i], "a{}");
        char *page = compose_page(&fixture, NULL);
        assert_contains(page, "<div data-berth-slot=\"a\">wait a</div>");
        assert_lacks(page, "data-berth-prerendered=");
        free(page);
        compose_end(&fixture);
    }
    struct compose_fixture fixture;
    begin(&fixture, "<h1>A</h1>", "a{}");
    fixture.compose.text = NULL;
    char *page = compose_page(&fixture, NULL);
    assert_lacks(page, "data-berth-prerendered=");
    free(page);
    compose_end(&fixture);
    free(large);
}

static void a_document_has_nothing_to_show_in_a_slot(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, slots);
    compose_live(&fixture, "m", "1.0.0", "{'format': 'document', 'exposes': []}");
    char *links = NULL;
    char *page = compose_page(&fixture, &links);
    assert_contains(page, "\"modules\":{}");
    assert_contains(page, "<div data-berth-slot=\"a\">wait a</div>");
    assert_lacks(page, "/m/m@1.0.0/");
    assert_null(links);
    free(page);
    compose_end(&fixture);
}

static void what_the_page_needs_is_in_the_link_header_too(void **state) {
    (void)state;
    struct compose_fixture fixture;
    char *links;
    begin(&fixture, "<h1>A</h1>", "a{}");
    free(compose_page(&fixture, &links));
    assert_string_equal(
        links, "</m/m@1.0.0/e.js>; rel=preload; as=script; crossorigin; nonce=\"$NONCE$\"; "
               "integrity=\"sha384-e\", "
               "</m/m@1.0.0/a.js>; rel=preload; as=script; crossorigin; nonce=\"$NONCE$\", "
               "</m/m@1.0.0/css/a.css>; rel=preload; as=style; crossorigin; "
               "integrity=\"sha384-a\", "
               "</m/m@1.0.0/css/b.css>; rel=preload; as=style, "
               "</m/m@1.0.0/b.css>; rel=preload; as=style");
    free(links);
    compose_end(&fixture);
}

/* Only where the shell can tell whose it is, and where nothing comes of running it early. */
static void scripts_of_containers_run_as_soon_as_they_are_there(void **state) {
    (void)state;
    struct compose_fixture fixture;
    begin(&fixture, NULL, NULL);
    char *page = compose_page(&fixture, NULL);
    assert_contains(page, "<script nonce=\"N\">shell()</script>\n"
                          "<script async crossorigin=\"anonymous\" nonce=\"N\" "
                          "integrity=\"sha384-e\" src=\"/m/m@1.0.0/e.js\" "
                          "data-berth-script=\"m@1.0.0\"></script>\n"
                          "<script async crossorigin=\"anonymous\" nonce=\"N\" "
                          "src=\"/m/m@1.0.0/a.js\" data-berth-script=\"m@1.0.0\"></script>\n");
    free(page);
    compose_end(&fixture);
    static const char *const others[] = {
        "{'entry': 'e.js', 'type': 'script', 'container': 'm'}",
        "{'entry': 'e.js', 'type': 'script', 'chunkGlobals': ['c']}",
        ("{'entry': 'e.js', 'type': 'script', 'container': 'm', 'chunkGlobals': ['c'],"
         " 'format': 'systemjs'}"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        compose_begin(&fixture, slots);
        compose_live(&fixture, "m", "1.0.0", others[i]);
        page = compose_page(&fixture, NULL);
        assert_contains(page, "<link rel=\"preload\" as=\"script\" href=\"/m/m@1.0.0/e.js\" "
                              "crossorigin=\"anonymous\" nonce=\"N\">");
        assert_lacks(page, "data-berth-script");
        free(page);
        compose_end(&fixture);
    }
}

static void a_link_header_has_a_limit(void **state) {
    (void)state;
    struct compose_fixture fixture;
    struct berth_buffer description;
    char *links;
    berth_buffer_init(&description, 100000);
    berth_buffer_text(&description,
                      "{'entry': 'e.js', 'type': 'script', 'exposes': [{'name': './A',"
                      " 'assets': {'js': ['0.js'");
    for (int i = 1; i < 500; i++)
        berth_buffer_printf(&description, ",'%d.js'", i);
    berth_buffer_text(&description, "]}}]}");
    compose_begin(&fixture, slots);
    compose_live(&fixture, "m", "1.0.0", description.data);
    char *page = compose_page(&fixture, &links);
    assert_in_range(strlen(links), 700, 1023);
    assert_string_equal(links + strlen(links) - strlen("; nonce=\"$NONCE$\""),
                        "; nonce=\"$NONCE$\"");
    assert_int_equal(count_of(page, "preload\""), 256);
    free(page);
    free(links);
    berth_buffer_done(&description);
    compose_end(&fixture);
}

static void only_copies_of_shared_packages_that_are_used_are_fetched(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, "{'path': '/', 'title': 'T', 'slots': ["
                            "{'name': 'a', 'module': 'x', 'expose': './A'},"
                            "{'name': 'b', 'module': 'y', 'expose': './A'}]}");
    compose_live(&fixture, "x", "1.0.0",
                 "{'entry': 'e.js', 'type': 'script', 'shared': [{'name': 'react',"
                 " 'version': '18.2.0', 'singleton': true, 'assets': {'js': ['react.js']}}]}");
    compose_live(&fixture, "y", "1.0.0",
                 "{'entry': 'e.js', 'type': 'script', 'shared': [{'name': 'react',"
                 " 'version': '18.3.0', 'singleton': true, 'assets': {'js': ['react.js']}},"
                 " {'name': 'z', 'version': '1.0.0', 'assets': {'js': ['z.js'],"
                 " 'css': ['z.css']}}]}");
    char *page = compose_page(&fixture, NULL);
    assert_contains(page, "/m/x@1.0.0/react.js\"");
    assert_lacks(page, "/m/y@1.0.0/react.js\"");
    assert_contains(page, "/m/y@1.0.0/z.js\"");
    assert_contains(page, "/m/y@1.0.0/z.css\"");
    free(page);
    compose_end(&fixture);
}

static void the_shells_rarer_parts_are_fetched_where_they_are_needed(void **state) {
    (void)state;
    static const struct {
        const char *description;
        bool needed;
    } cases[] = {
        {"{'entry': 'e.js', 'type': 'script', 'container': 'm', 'chunkGlobals': ['c'],"
         " 'exposes': [{'name': './A', 'contract': 'react'}]}",
         false},
        {"{'entry': 'e.js', 'type': 'script', 'container': 'm', 'chunkGlobals': ['c'],"
         " 'exposes': [{'name': './A', 'contract': 'single-spa'}]}",
         true},
        {"{'entry': 'e.js', 'type': 'script', 'container': 'm', 'chunkGlobals': ['c'],"
         " 'exposes': [{'name': './C', 'contract': 'custom-element'}]}",
         false}, /* no slot shows it */
        {"{'entry': 'e.js', 'type': 'script', 'container': 'm'}", true},
        {"{'entry': 'e.js', 'type': 'module', 'container': 'm'}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct compose_fixture fixture;
        compose_begin(&fixture, slots);
        compose_live(&fixture, "m", "1.0.0", cases[i].description);
        strcpy(fixture.frontend.more_url, "/_berth/more.0123456789abcdef.js");
        char *page = compose_page(&fixture, NULL);
        assert_int_equal(count_of(page, "<link rel=\"modulepreload\" "
                                        "href=\"/_berth/more.0123456789abcdef.js\" "
                                        "crossorigin=\"anonymous\" nonce=\"N\">"),
                         cases[i].needed);
        free(page);
        compose_end(&fixture);
    }
}

static void packages_that_are_imported_by_name_are_in_the_import_map(void **state) {
    (void)state;
    struct compose_fixture fixture;
    compose_begin(&fixture, "{'path': '/', 'title': 'T', 'slots': ["
                            "{'name': 'a', 'module': 'x', 'expose': './A'},"
                            "{'name': 'b', 'module': 'y', 'expose': './A'},"
                            "{'name': 'c', 'module': 'z', 'expose': './A'}]}");
    compose_live(&fixture, "x", "1.0.0",
                 "{'entry': 'e.json', 'type': 'module', 'format': 'native-federation',"
                 " 'exposes': [{'name': './A', 'file': 'a.js'}], 'shared': ["
                 "{'name': 'p', 'version': '1.0.0', 'requiredVersion': '^1', 'file': 'p1.js'},"
                 "{'name': 'q/r', 'version': '1.0.0', 'file': 'q.js'}]}");
    compose_live(&fixture, "y", "1.0.0",
                 "{'entry': 'e.json', 'type': 'module', 'format': 'native-federation',"
                 " 'exposes': [{'name': './A', 'file': 'a.js'}], 'shared': ["
                 "{'name': 'p', 'version': '2.0.0', 'requiredVersion': '^2', 'file': 'p2.js'}],"
                 " 'files': {'p2.js': 'sha384-p'}}");
    compose_live(&fixture, "z", "1.0.0",
                 "{'entry': 'e.json', 'type': 'module', 'format': 'native-federation',"
                 " 'exposes': [{'name': './A', 'file': 'a.js'}], 'shared': ["
                 "{'name': 'p', 'version': '1.5.0', 'requiredVersion': '^1.2', 'file': 'p.js'}]}");
    char *page = compose_page(&fixture, NULL);
    assert_contains(page, "<script type=\"importmap\" nonce=\"N\">"
                          "{\"imports\":{\"p\":\"/m/z@1.0.0/p.js\",\"q/r\":\"/m/x@1.0.0/q.js\"},"
                          "\"scopes\":{\"/m/y@1.0.0/\":{\"p\":\"/m/y@1.0.0/p2.js\"}},"
                          "\"integrity\":{\"/m/y@1.0.0/p2.js\":\"sha384-p\"}}</script>");
    assert_lacks(page, "\"/m/x@1.0.0/p1.js\""); /* nobody uses it */
    assert_contains(page, "<link rel=\"modulepreload\" href=\"/m/z@1.0.0/p.js\"");
    assert_contains(page, "<link rel=\"modulepreload\" href=\"/m/y@1.0.0/p2.js\"");
    free(page);
    compose_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_shows_what_was_prerendered_with_its_styles),
        cmocka_unit_test(styles_that_cannot_stand_in_the_page_are_linked_in_their_order),
        cmocka_unit_test(what_is_missing_or_too_large_leaves_the_fallback),
        cmocka_unit_test(a_document_has_nothing_to_show_in_a_slot),
        cmocka_unit_test(what_the_page_needs_is_in_the_link_header_too),
        cmocka_unit_test(scripts_of_containers_run_as_soon_as_they_are_there),
        cmocka_unit_test(a_link_header_has_a_limit),
        cmocka_unit_test(only_copies_of_shared_packages_that_are_used_are_fetched),
        cmocka_unit_test(the_shells_rarer_parts_are_fetched_where_they_are_needed),
        cmocka_unit_test(packages_that_are_imported_by_name_are_in_the_import_map),
    };
    return cmocka_run_group_tests_name("compose_prerender", tests, NULL, NULL);
}
