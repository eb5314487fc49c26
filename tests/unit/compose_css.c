/* Style sheets that move into the page. */
#include "css.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

static const char folder[] = "/m/x@1.0.0/css/";

/* NULL: it is to be linked. */
static char *inlined(const char *text, bool own_origin) {
    struct berth_buffer out;
    berth_buffer_init(&out, 10000);
    berth_buffer_text(&out, "{");
    bool good = berth_css_inline(&out, text, strlen(text), folder, own_origin);
    assert_memory_equal(out.data, "{", 1);
    if (!good)
        assert_int_equal(out.length, 1);
    char *ret = good ? strdup(out.data + 1) : NULL;
    berth_buffer_done(&out);
    return ret;
}

static void urls_are_made_absolute(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"a{b:url(c.png)}", "a{b:url(/m/x@1.0.0/css/c.png)}"},
        {"a{b:url( \"../c d.png\" ),URL('e')}",
         "a{b:url(\"/m/x@1.0.0/css/../c d.png\" ),URL('/m/x@1.0.0/css/e')}"},
        {"a{b:url(\n c.png\t)}", "a{b:url(/m/x@1.0.0/css/c.png)}"},
        {"a{b:url(c.svg#d)}", "a{b:url(/m/x@1.0.0/css/c.svg#d)}"},
        {"a{b:url(a:b/c)}", "a{b:url(a:b/c)}"},
        {"a{b:url(./a:b)}", "a{b:url(/m/x@1.0.0/css/./a:b)}"},
        {"a{b:url(/c.png) url(//d/e) url(#f) url() url('')}",
         "a{b:url(/c.png) url(//d/e) url(#f) url() url('')}"},
        {"a{b:url(\"data:image/svg+xml,<svg></svg>\")}",
         "a{b:url(\"data:image/svg+xml,<svg><\\/svg>\")}"},
        {"a{b:url('data:x,\\'')}", "a{b:url('data:x,\\'')}"},
        {"a{b:\"url(c)\" /* url(d) */ xurl(e)}", "a{b:\"url(c)\" /**/ xurl(e)}"},
        {"@font-face{src:local(a),url(b.woff2)format(\"woff2\")}",
         "@font-face{src:local(a),url(/m/x@1.0.0/css/b.woff2)format(\"woff2\")}"},
        {"@media(width<40rem){.a\\:b\\(c\\){--d:url(e)}}",
         "@media(width<40rem){.a\\:b\\(c\\){--d:url(/m/x@1.0.0/css/e)}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = inlined(cases[i][0], true);
        assert_non_null(text);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

static void what_is_left_says_the_same(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"\xef\xbb\xbf@charset \"utf-8\";a{}", "a{}"},
        {"a/* b */.c{}", "a/**/.c{}"},
        {"a{content:'</style><!--'}", "a{content:'<\\/style><!--'}"},
        {"a{content:'\\'}'}", "a{content:'\\'}'}"},
        {"a{}/*# sourceMappingURL=a.css.map */", "a{}/**/"},
        {"\xc3\xa4[b=\"]\"]{c:d!important}", "\xc3\xa4[b=\"]\"]{c:d!important}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = inlined(cases[i][0], true);
        assert_non_null(text);
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

static void what_is_not_certain_is_linked(void **state) {
    (void)state;
    static const char *const cases[] = {
        "@import 'a.css';",
        "@IMPORT url(a.css);",
        "@\\69mport 'a';",
        "@namespace url(a);",
        "@charset 'latin1';",
        "@-moz-document url(a){}",
        "a{",
        "a{}@layer b",
        "a{}@layer b /* c */ ",
        "a{}}",
        "a{b:(c]}",
        "a{b:'c\n'}",
        "a{b:'c",
        "a{b:\"c\\",
        "a{}/* b",
        "a{b:url(c",
        "a{b:url(c d)}",
        "a{b:url(c\"d)}",
        "a{b:url(\\c)}",
        "a{b:url('\\2f c')}",
        "a{b:url(?c)}",
        "a{b:u\\72l(c)}",
        "a{b:image-set('c' 1x)}",
        "a{b:-webkit-image-set('c' 1x)}",
        "a{b:src('c')}",
        "</style>",
        "a{b:c</style}",
        "<!-- a{} -->",
        "a{b:url(</style>)}",
        "a{b:url('c)}",
        "a{b:\\\nc}",
        ".a\\</style>{}",
        "a{b:c\\",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = inlined(cases[i], true);
        if (text)
            fail_msg("taken: %s", cases[i]);
    }
    char deep[BERTH_CSS_MAX_DEPTH + 2] = "";
    memset(deep, '(', BERTH_CSS_MAX_DEPTH + 1);
    assert_null(inlined(deep, true));
}

static void under_another_origin_a_root_is_another_one(void **state) {
    (void)state;
    assert_null(inlined("a{b:url(/c)}", false));
    char *text = inlined("a{b:url(//c)}", false);
    assert_non_null(text);
    free(text);
}

static void a_zero_byte_is_linked(void **state) {
    (void)state;
    static const char text[] = "a{}\0b{} 'c\0' url(\0)";
    struct berth_buffer out;
    berth_buffer_init(&out, 1000);
    assert_false(berth_css_inline(&out, text, sizeof text - 1, folder, true));
    assert_false(berth_css_inline(&out, text + 8, 4, folder, true));
    assert_false(berth_css_inline(&out, text + 13, 6, folder, true));
    berth_buffer_done(&out);
}

/* Whatever comes in: no end of the element, and nothing left open, comes out. */
static void no_cut_and_no_changed_byte_ends_the_element(void **state) {
    (void)state;
    static const char sheet[] =
        "@media x{a\\:b[c='</style>']{d:url( \"e\" ) url(f)}}/* </style> */";
    static const char changes[] = "<>/*'\"\\(){}[]@u";
    for (size_t cut = 0; cut < sizeof sheet; cut++)
        for (size_t i = 0; i < sizeof changes; i++) {
            struct berth_buffer out;
            char copy[sizeof sheet];
            memcpy(copy, sheet, sizeof sheet);
            copy[cut] = changes[i];
            berth_buffer_init(&out, 1000);
            size_t length = i + 1 < sizeof changes ? sizeof sheet - 1 : cut;
            if (berth_css_inline(&out, copy, length, folder, true) && out.data)
                assert_null(strstr(out.data, "</"));
            berth_buffer_done(&out);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_made_absolute),
        cmocka_unit_test(what_is_left_says_the_same),
        cmocka_unit_test(what_is_not_certain_is_linked),
        cmocka_unit_test(under_another_origin_a_root_is_another_one),
        cmocka_unit_test(a_zero_byte_is_linked),
        cmocka_unit_test(no_cut_and_no_changed_byte_ends_the_element),
    };
    return cmocka_run_group_tests_name("compose_css", tests, NULL, NULL);
}
