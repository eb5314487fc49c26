/* How a module's own HTML is rewritten. The nonce is N and the module app@1.0.0. */
#include "compose_fixture.h"

#include <stdio.h>

#define BASE "<base href=\"/m/app@1.0.0/\">"
#define N    " nonce=\"N\""

static int setup(void **state) {
    struct compose_fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    compose_begin(fixture, "{'path': '/d', 'document': {'module': 'app'}}");
    compose_live(fixture, "app", "1.0.0", "{'entry': 'remoteEntry.js', 'type': 'script'}");
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    compose_end(*state);
    free(*state);
    return 0;
}

/* In a block of its own exact size, so that the sanitizer sees a read past the end. */
static char *rewrite(const struct compose_fixture *fixture, const char *html, size_t length) {
    struct berth_template template;
    char *exact = malloc(length ? length : 1);
    assert_non_null(exact);
    memcpy(exact, html, length);
    assert_int_equal(berth_compose_document(&fixture->compose, &fixture->remotes[0], exact, length,
                                            &template, NULL),
                     BERTH_OK);
    free(exact);
    char *filled = compose_fill(&template, "N", NULL);
    berth_template_done(&template);
    return filled;
}

struct rewriting {
    const char *html;
    const char *expected;
};

static void check(void **state, const struct rewriting *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *filled = rewrite(*state, cases[i].html, strlen(cases[i].html));
        if (strcmp(filled, cases[i].expected) != 0)
            fail_msg("\n    %s\nbecame\n    %s\nnot\n    %s", cases[i].html, filled,
                     cases[i].expected);
        free(filled);
    }
}

#define CHECK(state, cases) check(state, cases, sizeof(cases) / sizeof *(cases))

static void the_base_stands_where_the_head_begins(void **state) {
    static const struct rewriting cases[] = {
        {"", BASE},
        {"text", BASE "text"},
        {"<p>text", BASE "<p>text"},
        {"<head></head>", "<head>" BASE "</head>"},
        {"<!doctype html><html lang=en><head><title>t",
         "<!doctype html><html lang=en><head>" BASE "<title>t"},
        {"<!DOCTYPE HTML>\n<HTML>\n<HEAD CLASS='>'>\n<META charset=utf-8>",
         "<!DOCTYPE HTML>\n<HTML>\n<HEAD CLASS='>'>" BASE "\n<META charset=utf-8>"},
        {"<!doctype html><title>t</title>", "<!doctype html>" BASE "<title>t</title>"},
        {"<!doctype html><html><body>", "<!doctype html><html>" BASE "<body>"},
        {"<html data-x=\"<head>\"><body>", "<html data-x=\"<head>\">" BASE "<body>"},
        {"\xef\xbb\xbf<!doctype html><p>", "\xef\xbb\xbf<!doctype html>" BASE "<p>"},
        {"<!doctype html \"x\"><?pi x><head>", "<!doctype html \"x\"><?pi x><head>" BASE},
        /* What only looks like a head. */
        {"<!-- <head> --><p>", "<!-- <head> -->" BASE "<p>"},
        {"<!-- <head> --><head><p>", "<!-- <head> --><head>" BASE "<p>"},
        {"<header>h</header><head>", BASE "<header>h</header><head>"},
        {"<title><head></title>", BASE "<title><head></title>"},
        {"<script>'<head>'</script>", BASE "<script" N ">'<head>'</script>"},
        {"<p title='<head>'>", BASE "<p title='<head>'>"},
        /* Ours is before the document's own, so that the first one wins. */
        {"<head><base href=/x/>", "<head>" BASE "<base href=/x/>"},
        {"<head", BASE "<head"},
    };
    CHECK(state, cases);
}

static void every_script_style_and_link_element_gets_the_nonce(void **state) {
    static const struct rewriting cases[] = {
        {"<script></script>", BASE "<script" N "></script>"},
        {"<script>a</script><script src=b></script>",
         BASE "<script" N ">a</script><script" N " src=b></script>"},
        {"<SCRIPT TYPE=module SRC='a>b'></SCRIPT>",
         BASE "<SCRIPT" N " TYPE=module SRC='a>b'></SCRIPT>"},
        {"<script\nasync>a</script\n>", BASE "<script" N "\nasync>a</script\n>"},
        {"<script/src=a></script>", BASE "<script" N "/src=a></script>"},
        {"<style>a{}</style>", BASE "<style" N ">a{}</style>"},
        {"<svg><style>a{}</style></svg>", BASE "<svg><style" N ">a{}</style></svg>"},
        {"<script nonce=\"old\">", BASE "<script" N " nonce=\"old\">"},
        {"<script>", BASE "<script" N ">"},
        {"<script>a", BASE "<script" N ">a"},
        {"<script src=x", BASE "<script" N " src=x"},
        {"<link rel=modulepreload href=a.mjs>", BASE "<link" N " rel=modulepreload href=a.mjs>"},
        {"<noscript><style>a{}</style></noscript>",
         BASE "<noscript><style" N ">a{}</style></noscript>"},
        /* Others are left alone. */
        {"<scripted></scripted><styles><script-x>", BASE "<scripted></scripted><styles><script-x>"},
        {"<linked></linked>", BASE "<linked></linked>"},
        {"</script><p>", BASE "</script><p>"},
        {"a < script > b <script", BASE "a < script > b <script"},
    };
    CHECK(state, cases);
}

static void what_is_only_text_is_left_alone(void **state) {
    static const struct rewriting cases[] = {
        {"<!-- <script></script> --><script>", "<!-- <script></script> -->" BASE "<script" N ">"},
        {"<p><!-- <script> -- > <script> --><script>",
         BASE "<p><!-- <script> -- > <script> --><script" N ">"},
        {"<p><!--><script>", BASE "<p><!--><script" N ">"},
        {"<p><!---><script>", BASE "<p><!---><script" N ">"},
        {"<p><!-- --!><script>", BASE "<p><!-- --!><script" N ">"},
        {"<p><!--!><script>--><script>", BASE "<p><!--!><script>--><script" N ">"},
        {"<p><!-- <script>", BASE "<p><!-- <script>"},
        {"<textarea><script></textarea><script>",
         BASE "<textarea><script></textarea><script" N ">"},
        {"<title><style></title><style>", BASE "<title><style></title><style" N ">"},
        {"<script>document.write('<script>')</script><script>",
         BASE "<script" N ">document.write('<script>')</script><script" N ">"},
        {"<script>'</scripts> <script>'</script>",
         BASE "<script" N ">'</scripts> <script>'</script>"},
        {"<style>/*<script>*/</style>", BASE "<style" N ">/*<script>*/</style>"},
        {"<iframe><script></iframe><script>", BASE "<iframe><script></iframe><script" N ">"},
        {"<xmp><script></xmp><script>", BASE "<xmp><script></xmp><script" N ">"},
        {"<TEXTAREA><script></TextArea><p>", BASE "<TEXTAREA><script></TextArea><p>"},
        {"<p title=\"<script>\"><script>", BASE "<p title=\"<script>\"><script" N ">"},
        {"<p title='a>b' data-x=\"<script>\">", BASE "<p title='a>b' data-x=\"<script>\">"},
        {"<?php '<script' ?><script>", "<?php '<script' ?>" BASE "<script" N ">"},
        {"1 < 2 <3 <script>", BASE "1 < 2 <3 <script" N ">"},
    };
    CHECK(state, cases);
}

/* A quote that begins no value is a letter: it must not swallow the rest of the document. */
static void a_stray_quote_hides_no_script(void **state) {
    static const struct rewriting cases[] = {
        {"<p title=it's><script>", BASE "<p title=it's><script" N ">"},
        {"<p a\"b><script>", BASE "<p a\"b><script" N ">"},
        {"<p ='><script>", BASE "<p ='><script" N ">"},
        {"<p 'a'><script>", BASE "<p 'a'><script" N ">"},
        {"<p'><script>", BASE "<p'><script" N ">"},
        {"</p'><script>", BASE "</p'><script" N ">"},
        {"<!x '><script>", "<!x '>" BASE "<script" N ">"},
        {"<p></3'><script>", BASE "<p></3'><script" N ">"},
        {"<p></3 a='><script>", BASE "<p></3 a='><script" N ">"},
        {"<p a = '>' b= \"<script>\" c ='>'><script>",
         BASE "<p a = '>' b= \"<script>\" c ='>'><script" N ">"},
        {"<p a='x'b='>'/><script>", BASE "<p a='x'b='>'/><script" N ">"},
        {"<p a=><script>", BASE "<p a=><script" N ">"},
        {"<p a=/'><script>", BASE "<p a=/'><script" N ">"},
        {"<p a / ='><script>", BASE "<p a / ='><script" N ">"},
        {"<p a='><script>",
         BASE "<p a='><script>"}, /* truly open: a parser sees no script either */
    };
    CHECK(state, cases);
}

static void bytes_that_are_no_text_pass_as_they_are(void **state) {
    static const char html[] = "<p>\0<script\0></script\0><script>\xff</script>";
    static const char expected[] = BASE "<p>\0<script\0></script\0><script" N ">\xff</script>";
    struct berth_template template;
    const struct compose_fixture *fixture = *state;
    assert_int_equal(berth_compose_document(&fixture->compose, &fixture->remotes[0], html,
                                            sizeof html - 1, &template, NULL),
                     BERTH_OK);
    struct berth_buffer page;
    berth_buffer_init(&page, 1000);
    berth_template_fill(&template, "N", &page);
    assert_int_equal(page.length, sizeof expected - 1);
    assert_memory_equal(page.data, expected, sizeof expected);
    berth_buffer_done(&page);
    berth_template_done(&template);
}

static const char sample[] =
    "\xef\xbb\xbf<!doctype html>\n<!-- a --!><html lang='en'>\n<head data-x=\">\" y=it's>\n"
    "<title>a <script> b</title><base href=\"/x/\">\n<script nonce=old src='a.js'></script>\n"
    "<style>a{b:c}</style>\n</head><body onload=x><textarea><script></textarea>"
    "<script>if (a < b) '</scripts>'</script><!-- --><p a = \"b\" c='d'/>text</p></3><?x><!y>";

static void a_document_that_is_cut_anywhere_only_gains_text(void **state) {
    for (size_t length = 0; length < sizeof sample; length++) {
        char *filled = rewrite(*state, sample, length);
        size_t nonces = count_of(filled, N);
        assert_int_equal(count_of(filled, BASE), 1);
        assert_int_equal(strlen(filled), length + strlen(BASE) + nonces * strlen(N));
        free(filled);
    }
}

static void a_document_with_any_byte_changed_only_gains_text(void **state) {
    static const char bytes[] = "<>/!-'\"= a\xff";
    for (size_t at = 0; at < sizeof sample - 1; at++)
        for (size_t i = 0; i < sizeof bytes - 1; i++) {
            char changed[sizeof sample];
            memcpy(changed, sample, sizeof sample);
            changed[at] = bytes[i];
            char *filled = rewrite(*state, changed, sizeof sample - 1);
            assert_int_equal(strlen(filled),
                             sizeof sample - 1 + strlen(BASE) + count_of(filled, N) * strlen(N));
            free(filled);
        }
}

/* Minutes, if any step began again at the start of what it had seen. */
static void a_large_hostile_document_is_read_once(void **state) {
    static const char *const patterns[] = {
        "<!---->",    "<!-- --",           "<a b='", "<p a =", "</",
        "<textarea>", "<script></script>", "<",      "a     ", "<style "};
    enum { LENGTH = 1 << 20 };
    char *html = malloc(LENGTH + 1);
    assert_non_null(html);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        size_t width = strlen(patterns[i]);
        for (size_t at = 0; at < LENGTH; at++)
            html[at] = patterns[i][at % width];
        html[LENGTH] = '\0';
        struct berth_template template;
        struct berth_error error = {0};
        const struct compose_fixture *fixture = *state;
        enum berth_code code = berth_compose_document(&fixture->compose, &fixture->remotes[0], html,
                                                      LENGTH, &template, &error);
        if (code == BERTH_OK)
            berth_template_done(&template);
        else
            assert_string_equal(error.rule, "page-size"); /* too many nonces */
    }
    free(html);
}

static void a_public_url_is_in_the_base_and_in_the_policy(void **state) {
    struct compose_fixture *fixture = *state;
    struct berth_template template;
    char *policy;
    fixture->compose.public_url = "https://p.example";
    assert_int_equal(
        berth_compose_document(&fixture->compose, &fixture->remotes[0], "", 0, &template, NULL),
        BERTH_OK);
    char *filled = compose_fill(&template, "N", &policy);
    assert_string_equal(filled, "<base href=\"https://p.example/m/app@1.0.0/\">");
    assert_contains(policy, "; base-uri https://p.example");
    assert_contains(policy, "script-src 'nonce-N' 'strict-dynamic';");
    free(filled);
    free(policy);
    berth_template_done(&template);
}

#define DOCUMENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        DOCUMENT_TEST(the_base_stands_where_the_head_begins),
        DOCUMENT_TEST(every_script_style_and_link_element_gets_the_nonce),
        DOCUMENT_TEST(what_is_only_text_is_left_alone),
        DOCUMENT_TEST(a_stray_quote_hides_no_script),
        DOCUMENT_TEST(bytes_that_are_no_text_pass_as_they_are),
        DOCUMENT_TEST(a_document_that_is_cut_anywhere_only_gains_text),
        DOCUMENT_TEST(a_document_with_any_byte_changed_only_gains_text),
        DOCUMENT_TEST(a_large_hostile_document_is_read_once),
        DOCUMENT_TEST(a_public_url_is_in_the_base_and_in_the_policy),
    };
    return cmocka_run_group_tests_name("compose_document", tests, NULL, NULL);
}
