/* Pieces of HTML that a page may take into the middle of its own, and those it may not. */
#include "prerendered.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const good[] = {
    "",
    "text &amp; &lt; > \303\251",
    "<div class=\"a\" hidden><p>b<br/>c<br>d</p><img src='x.svg' alt=\"a > b < c\"></div>",
    "<DIV\n\tid=\"a\"\n></DIV\n>",
    "<h1>a</h1><h2>b<span>c</span></h2>",
    "<ul><li>a<ul><li>b</li></ul></li></ul><ol><li></li></ol>",
    "<dl><div><dt>a</dt><dd>b</dd></div><dt>c</dt><dd>d</dd></dl>",
    ("<table><caption>a</caption><colgroup><col></colgroup><thead><tr><th>b</th></tr></"
     "thead><tbody>"
     "<tr><td><div><table><tr><td>c</td></tr></table></div></td></tr></tbody></table>"),
    "<select><optgroup label=\"a\"><option>b</option></optgroup><option>c</option></select>",
    "<form><label>a<input></label><textarea>b</textarea><button>c</button></form>",
    ("<svg viewBox=\"0 0 1 1\"><title>a</title><defs><linearGradient "
     "id=\"b\"></linearGradient></defs>"
     "<a><g><path d=\"M0 0\"></path></g></a></svg><p>b</p>"),
    "<my-card label=\"a\"><span slot=\"b\">c</span></my-card>",
    "<!-- --><!----><!--$-->a<!--[-->b",
    "<p><a href=\"/\">a</a><a href=\"/\">b</a><b><i>c</i></b></p>",
    "<ruby>a<rp>(</rp><rt>b</rt></ruby>",
    "<article><header><h2>a</h2></header><section><nav></nav></section><hr/></article>",
};

struct bad {
    const char *text;
    const char *in_error;
};

static const struct bad bad[] = {
    /* what is not closed, or not open */
    {"</div>", "opened last"},
    {"<div></div></div>", "opened last"},
    {"<div>", "not closed"},
    {"<b><i></b></i>", "opened last"},
    {"<div></DIV>", "opened last"},
    {"<div></div x>", "does not end"},
    {"<div></div", "does not end"},
    {"<div", "does not end"},
    {"<div a=\"", "two quotes"},
    {"<div/>", "leave it open"},
    {"<svg><path/></svg>", "leave it open"},
    {"<br></br>", "opened last"},
    {"a < b", "&lt;"},
    {"<", "&lt;"},
    {"<1>", "&lt;"},
    {"</>", "opened last"},
    {"<!doctype html>", "&lt;"},
    {"<?xml?>", "&lt;"},
    {"<![CDATA[a]]>", "&lt;"},
    {"<svg><![CDATA[</svg>]]></svg>", "&lt;"},
    /* comments that end somewhere else than they seem to */
    {"<!-->", "comment"},
    {"<!--->", "comment"},
    {"<!-- a", "comment"},
    {"<!-- --!><div> -->", "comment"},
    {"<!-- > </div> -->", "comment"},
    {"<!-- -- -->", "comment"},
    /* attributes */
    {"<p a=b></p>", "two quotes"},
    {"<p a='b></p>", "two quotes"},
    {"<p a=\"1\"b=\"2\"></p>", "space between"},
    {"<p =\"a\"></p>", "attribute"},
    {"<p a\"b\"></p>", "space between"},
    {"<p/a></p>", "space between"},
    {"<p onclick=\"a()\"></p>", "does not run"},
    {"<p ONCLICK></p>", "does not run"},
    {"<p data-berth-slot=\"a\"></p>", "marks"},
    /* what is no content */
    {"<script>a</script>", "cannot be in"},
    {"<SCRIPT src=\"a\"></SCRIPT>", "cannot be in"},
    {"<svg><script></script></svg>", "cannot be in"},
    {"<style>a{}</style>", "cannot be in"},
    {"<base href=\"/\">", "cannot be in"},
    {"<meta charset=\"utf-8\">", "cannot be in"},
    {"<link rel=\"stylesheet\">", "cannot be in"},
    {"<html></html>", "cannot be in"},
    {"<head></head>", "cannot be in"},
    {"<body></body>", "cannot be in"},
    {"<iframe></iframe>", "cannot be in"},
    {"<object></object>", "cannot be in"},
    {"<template></template>", "cannot be in"},
    {"<noscript></noscript>", "cannot be in"},
    {"<plaintext></plaintext>", "cannot be in"},
    {"<frameset></frameset>", "cannot be in"},
    {"<svg><foreignObject></foreignObject></svg>", "cannot be in"},
    {"<math></math>", "cannot be in"},
    {"<blink></blink>", "no HTML element"},
    {"<title>a</title>", "belongs in"},
    {"<div><title>a</title></div>", "belongs in"},
    {"<path></path>", "no HTML element"},
    {"<svg><title><b></b></title></svg>", "only text"},
    {"<textarea><b></b></textarea>", "only text"},
    {"<textarea><!-- --></textarea>", "only text"},
    /* what a browser would close, or put somewhere else */
    {"<p><div></div></p>", "<p>"},
    {"<p><span><h1></h1></span></p>", "<p>"},
    {"<p><p></p></p>", "<p>"},
    {"<button><div><button></button></div></button>", "in another one"},
    {"<a><div><a></a></div></a>", "in another one"},
    {"<form><div><form></form></div></form>", "in another one"},
    {"<h1><h2></h2></h1>", "in another one"},
    {"<li></li>", "belongs in"},
    {"<ul><li><div><li></li></div></li></ul>", "belongs in"},
    {"<dd></dd>", "belongs in"},
    {"<dl><dd><div><dd></dd></div></dd></dl>", "belongs in"},
    {"<div><dt></dt></div>", "belongs in"},
    {"<tr></tr>", "belongs in"},
    {"<td></td>", "belongs in"},
    {"<table><div></div></table>", "elsewhere"},
    {"<table><tr><div></div></tr></table>", "elsewhere"},
    {"<table><tbody><td></td></tbody></table>", "elsewhere"},
    {"<table><x-row></x-row></table>", "elsewhere"},
    {"<table> <tr>a</tr></table>", "elsewhere"},
    {"<select><div></div></select>", "elsewhere"},
    {"<option></option>", "belongs in"},
    {"<select><option><div><select></select></div></option></select>", "only text"},
    {"<svg><div></div></svg>", "would end it"},
    {"<svg><g><main><p></p></main></g></svg>", "would end it"},
    {"<svg><desc><section></section></desc></svg>", "would end it"},
    {"<svg><svg></svg><p></p></svg>", "would end it"},
    /* what is no text */
    {"a\377", "UTF-8"},
    {"\355\240\200", "UTF-8"},
};

/* In a copy that is exactly as long, for the sanitizer. */
static enum berth_code check_bytes(const char *text, size_t length, bool *ret_styled,
                                   struct berth_error *error) {
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    enum berth_code code = berth_prerendered_check(copy, length, ret_styled, error);
    free(copy);
    return code;
}

static enum berth_code check(const char *text, bool *ret_styled, struct berth_error *error) {
    return check_bytes(text, strlen(text), ret_styled, error);
}

static void what_a_renderer_writes_is_taken(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct berth_error error = {0};
        bool styled = true;
        if (check(good[i], &styled, &error))
            fail_msg("%s\n%s", good[i], error.text);
        assert_false(styled);
    }
}

static void what_a_browser_reads_in_its_own_way_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct berth_error error = {0};
        bool styled = false;
        print_message("%s\n", bad[i].text);
        assert_int_equal(check(bad[i].text, &styled, &error), BERTH_REFUSED);
        assert_string_equal(error.rule, "prerendered-invalid");
        if (!strstr(error.text, bad[i].in_error))
            fail_msg("%s", error.text);
        assert_non_null(strstr(error.text, "line 1"));
        assert_non_null(strstr(error.hint, "renderToStaticMarkup"));
        assert_int_equal(check(bad[i].text, &styled, NULL), BERTH_REFUSED);
    }
}

static void every_cut_of_a_piece_is_read_to_its_end(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t cut = strlen(good[i]); cut-- > 0;) {
            bool styled = false;
            (void)check_bytes(good[i], cut, &styled, NULL);
        }
}

static void a_zero_is_no_text(void **state) {
    (void)state;
    bool styled = false;
    assert_int_equal(berth_prerendered_check("a\0b", 3, &styled, NULL), BERTH_REFUSED);
}

static void the_line_of_a_fault_is_told(void **state) {
    (void)state;
    struct berth_error error = {0};
    bool styled = false;
    assert_int_equal(check("<div>\n<p>\n</div>\n", &styled, &error), BERTH_REFUSED);
    assert_non_null(strstr(error.text, "line 3, at \"</div>\""));
}

static void a_style_attribute_is_noticed(void **state) {
    (void)state;
    bool styled = false;
    assert_int_equal(check("<p style=\"color:red\">a</p>", &styled, NULL), BERTH_OK);
    assert_true(styled);
}

/* `count` times what opens, then what closes. */
static enum berth_code check_nested(int count, struct berth_error *error) {
    static const char open[] = "<div>", close[] = "</div>";
    char *text = calloc((size_t)count, sizeof open + sizeof close);
    assert_non_null(text);
    char *at = text;
    for (int i = 0; i < count; i++)
        at = stpcpy(at, open);
    for (int i = 0; i < count; i++)
        at = stpcpy(at, close);
    bool styled = false;
    enum berth_code code = check(text, &styled, error);
    free(text);
    return code;
}

static void depth_has_a_limit(void **state) {
    (void)state;
    struct berth_error error = {0};
    assert_int_equal(check_nested(BERTH_PRERENDERED_MAX_DEPTH, &error), BERTH_OK);
    assert_int_equal(check_nested(BERTH_PRERENDERED_MAX_DEPTH + 1, &error), BERTH_REFUSED);
    assert_non_null(strstr(error.text, "256"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_renderer_writes_is_taken),
        cmocka_unit_test(what_a_browser_reads_in_its_own_way_is_refused),
        cmocka_unit_test(every_cut_of_a_piece_is_read_to_its_end),
        cmocka_unit_test(a_zero_is_no_text),
        cmocka_unit_test(the_line_of_a_fault_is_told),
        cmocka_unit_test(a_style_attribute_is_noticed),
        cmocka_unit_test(depth_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
