/* Small texts, each with one trap for a scanner of JavaScript. Whole real entries are in
 * bundle_fixtures.c. */
#include "scan.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *scan(const char *text, size_t length) {
    json_t *result = NULL;
    struct berth_error error = {0};
    if (berth_scan(text, length, &result, &error))
        fail_msg("%s", error.text);
    return result;
}

struct row {
    const char *text;
    const char *globals; /* with commas between */
    const char *container;
};

static const struct row rows[] = {
    {"self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"(self[\"webpackChunka\"] = self['webpackChunka'] || []).push([[1],{}])", NULL, NULL},
    {"(self[\"webpackChunk@s/a\"] = self[\"webpackChunk@s/a\"] || []).push([[1],{}])",
     "webpackChunk@s/a", NULL},
    {"(L=window.rspackChunka=window.rspackChunka||[]).forEach(I)", "rspackChunka", NULL},
    {"globalThis.x=globalThis.x||[];x.forEach(f)", "x", NULL},
    {"Object(typeof self!=='undefined'?self:this).webpackChunka="
     "Object(typeof self!=='undefined'?self:this).webpackChunka||[]",
     "webpackChunka", NULL},
    {"self.webpackChunka=self.webpackChunka||[];self.webpackChunkb=self.webpackChunkb||[];"
     "self.webpackChunka=self.webpackChunka||[]",
     "webpackChunka,webpackChunkb", NULL},
    /* what is none */
    {"window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}", "", NULL},
    {"e.webpackChunka=e.webpackChunka||[]", "", NULL},
    {"x.self.webpackChunka=x.self.webpackChunka||[]", "", NULL},
    {"self.webpackChunka=self.webpackChunkb||[]", "", NULL},
    {"'self.webpackChunka=self.webpackChunka||[]'", "", NULL},
    {"// self.webpackChunka=self.webpackChunka||[]\n", "", NULL},
    {"/* self.webpackChunka=self.webpackChunka||[] */", "", NULL},
    {"`self.webpackChunka=self.webpackChunka||[]`", "", NULL},
    {"/self.webpackChunka=self.webpackChunka||[]/", "", NULL},
    /* what must not hide what follows */
    {"'\\'';self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"a=/[/'\"]/;self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"a=b/c;d='/';self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"if(a)/'/.test(b);self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"a=(b)/c/d;e='/';self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"return/'/;self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"i++/2;'/';self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"`a${b?`c${'}'}`:{}}'`;self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"`${self.webpackChunka=self.webpackChunka||[]}`", "webpackChunka", NULL},
    {"'a\nself.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"'a\\\n';self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"#!/usr/bin/env 'node\nself.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"\357\273\277self.webpackChunka=self.webpackChunka||[]", "webpackChunka", NULL},
    {"self[\"webpackChunk\\u00e9\"]=self[\"webpackChunk\\u00e9\"]||[]", "webpackChunk\303\251",
     NULL},
    /* containers */
    {"var a;(()=>{a=n(6)})();", "", "a"},
    {"var a;(()=>{var b={};a=b})();", "", "a"},
    {"let a;(()=>{var c;c=n(1);a=n(6)})()", "", "a"},
    {"var a=(()=>{return n(6)})();", "", "a"},
    {"\"use strict\";/*! licence */var a;(()=>{a=n(6)})();", "", "a"},
    {"(()=>{self.a=n(6)})()", "", "a"},
    {"(()=>{window[\"a-b\"]=n(6)})()", "", "a-b"},
    {"(()=>{globalThis.__X__={};globalThis.a=e})()", "", "a"},
    {"(()=>{self.a=n(6),self.b=function(){}})()", "", "a"},
    {"!function(e,t){\"object\"==typeof exports?exports.a=t():e.a=t()}(self,()=>n(6))", "", "a"},
    {"(()=>{var a;a=n(6)})()", "", NULL},
    {"(()=>{n(6)})()", "", NULL},
    {"", "", NULL},
};

static void check_row(const struct row *row) {
    json_t *result = scan(row->text, strlen(row->text));
    const json_t *names = json_object_get(result, "chunkGlobals");
    char found[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(names); i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", i ? "," : "",
                                 json_string_value(json_array_get(names, i)));
    const char *container = json_string_value(json_object_get(result, "container"));
    print_message("%s\n", row->text);
    if (row->globals)
        assert_string_equal(found, row->globals);
    if (row->container)
        assert_non_null(container);
    if (row->container)
        assert_string_equal(container, row->container);
    else if (container)
        fail_msg("found the container %s", container);
    json_decref(result);
}

static void names_are_found_by_their_shape_only(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void a_module_is_told_by_its_statements(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *type;
    } texts[] = {
        {"import './a.js'", "module"},
        {"export{a as get}", "module"},
        {"import{a}from'./b.js';var c", "module"},
        {"import('./a.js')", "script"},
        {"a=import.meta", "script"},
        {"'export {}'", "script"},
        {"var a={export:1}", "script"},
        {"a.export;(()=>{})()", "script"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *result = scan(texts[i].text, strlen(texts[i].text));
        assert_string_equal(json_string_value(json_object_get(result, "type")), texts[i].type);
        json_decref(result);
    }
}

static void the_names_of_a_module_are_those_of_its_export_statements(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *names; /* with commas between */
        bool open;
    } texts[] = {
        {"export{a}", "a", false},
        {"export{a,b as c,d as default}", "a,c,default", false},
        {"export { a as 'b c', }", "b c", false},
        {"export{}", "", false},
        {"export{get,init}from'./a.js'", "get,init", false},
        {"export default function(){}", "default", false},
        {"export default class A{}", "default", false},
        {"export function a(){} export function*b(){} export async function c(){}", "a,b,c", false},
        {"export class A extends B{}", "A", false},
        {"export const a=1,b=()=>{return 1,2},c=[1,2];let d", "a,b,c", false},
        {"export let a\nlet b=1,c=2", "a", false},
        {"export var{a,b:c,d=e,...f}=g,[h,i]=j", "a,c,d,f,h,i", false},
        {"export*from'./a.js'", "", true},
        {"export*as ns from'./a.js';export{x}", "ns,x", false},
        {"export{a};export{a}", "a", false},
        {"const get=1;{export_}", "", false},
        {"import'./a.js'", "", false},
        {"export", "", false},
        {"export{", "", false},
        {"export const", "", false},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *result = scan(texts[i].text, strlen(texts[i].text));
        const json_t *names = json_object_get(result, "exports");
        char found[256] = "";
        size_t used = 0;
        for (size_t j = 0; j < json_array_size(names); j++)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", j ? "," : "",
                                     json_string_value(json_array_get(names, j)));
        print_message("%s\n", texts[i].text);
        assert_string_equal(found, texts[i].names);
        assert_int_equal(json_object_get(result, "open") != NULL, texts[i].open);
        json_decref(result);
    }
    json_t *script = scan("var a", 5);
    assert_null(json_object_get(script, "exports"));
    json_decref(script);
}

static void imports_are_those_of_the_statements_at_the_top(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *specifiers; /* with spaces between */
    } texts[] = {
        {"import'./a.js'", "./a.js"},
        {"import a from'./a.js';import*as b from\"./b.js\";import{c as d}from'../c.js'",
         "./a.js ./b.js ../c.js"},
        {"import a,{b}from'./a.js';import c,*as d from'./b.js'", "./a.js ./b.js"},
        {"import{}from'./a.js';import {default as from} from './b.js'", "./a.js ./b.js"},
        {"import from from'./a.js'", "./a.js"},
        {"export{a}from'./a.js';export*from'./b.js';export*as c from'./c.js'",
         "./a.js ./b.js ./c.js"},
        {"import a from'./a.json'with{type:'json'};import'./b.js'", "./a.json ./b.js"},
        {"import'react';import'./\\x61.js'", "react ./a.js"},
        {"/* import'./x.js' */import'./a.js'//import'./y.js'\n", "./a.js"},
        {"const a=/[/]import'/;import'./a.js'", "./a.js"},
        {"const a=`${\"import'./x.js'\"}`;import'./a.js'", "./a.js"},
        /* what is none */
        {"import('./a.js')", ""},
        {"import.meta.url;a.import'./a.js'", ""},
        {"export const from='./a.js';export{a}", ""},
        {"export default from'./a.js'", ""},
        {"()=>{import a from'./a.js'}", ""},
        {"import a from`./a.js`", ""},
        {"import{a from'./a.js'", ""},
        {"'import \"./a.js\"'", ""},
        {"import a from", ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct berth_js js;
        json_t *specifiers = json_array();
        assert_int_equal(berth_js_tokenize(&js, texts[i].text, strlen(texts[i].text), NULL),
                         BERTH_OK);
        berth_scan_imports(&js, specifiers);
        berth_js_done(&js);
        char found[256] = "";
        size_t used = 0;
        for (size_t j = 0; j < json_array_size(specifiers); j++)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", j ? " " : "",
                                     json_string_value(json_array_get(specifiers, j)));
        print_message("%s\n", texts[i].text);
        assert_string_equal(found, texts[i].specifiers);
        json_decref(specifiers);
    }
}

static void check_range(const char *array, const char *range) {
    char text[256];
    (void)snprintf(text, sizeof text, "c(\"default\",\"pkg\",!1,%s,()=>1)", array);
    json_t *result = scan(text, strlen(text));
    const json_t *package = json_array_get(json_object_get(result, "shared"), 0);
    const char *found = json_string_value(json_object_get(package, "requiredVersion"));
    print_message("%s\n", array);
    if (range)
        assert_non_null(found);
    if (range)
        assert_string_equal(found, range);
    else
        assert_null(found);
    json_decref(result);
}

/* Where the chunks of a package's own copy are told: in the function that brings it. */
static void chunks_of_shared_packages_are_those_of_their_factories(void **state) {
    (void)state;
    static const struct {
        const char *text; /* with S.u = e => e + ".js" before it */
        const char *name;
        const char *files; /* with commas between */
    } texts[] = {
        {"r(\"a\",\"1.0.0\",()=>S.e(1).then(()=>()=>S(2)))", "a", "1.js"},
        {"r(\"a\",\"1.0.0\",()=>Promise.all([S.e(1),S.e(\"b\")]).then(()=>()=>S(2))),"
         "r(\"c\",\"1.0.0\",()=>S.e(3))",
         "a", "1.js,b.js"},
        {"((e,r)=>{o[r]={get:()=>S.e(1).then(()=>()=>S(2))}})(\"a\",\"1.0.0\");S.e(3)", "a",
         "1.js"},
        {"!function(e,r){o[r]={get:()=>S.e(1)}}(\"a\",\"1.0.0\")", "a", "1.js"},
        {"x={default:[{name:\"a\",version:\"1.0.0\",factory:()=>S.e(1).then(f),eager:0},"
         "{name:\"b\",version:\"1.0.0\",factory:()=>S.e(2)}]}",
         "a", "1.js"},
        {"x={default:[{name:\"b\",version:\"1.0.0\",eager:0,factory:()=>S.e(2)}]};S.e(3)", "b",
         "2.js"},
        {"l(\"default\",\"a\",!1,[1,18,2,0],()=>S.e(1).then(()=>()=>S(2)))", "a", "1.js"},
        {"{shareKey:\"a\",requiredVersion:\"^1.0.0\",fallback:()=>S.e(1),x:S.e(2)}", "a", "1.js"},
        /* two versions of one: the first */
        {"r(\"a\",\"1.0.0\",()=>S.e(1)),r(\"a\",\"2.0.0\",()=>S.e(2))", "a", "1.js"},
        /* eager, or from elsewhere */
        {"r(\"a\",\"1.0.0\",()=>()=>S(2)),S.e(1)", "a", ""},
        {"l(\"default\",\"a\",!1,[1,18,2,0]),S.e(1)", "a", ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "S.u=e=>e+\".js\";%s", texts[i].text);
        json_t *result = scan(text, strlen(text));
        const json_t *package = json_array_get(json_object_get(result, "shared"), 0);
        const json_t *files = json_object_get(package, "js");
        print_message("%s\n", text);
        assert_non_null(package);
        assert_string_equal(json_string_value(json_object_get(package, "name")), texts[i].name);
        char found[256] = "";
        size_t used = 0;
        for (size_t j = 0; j < json_array_size(files); j++)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s%s", j ? "," : "",
                                     json_string_value(json_array_get(files, j)));
        assert_string_equal(found, texts[i].files);
        json_decref(result);
    }
}

/* As webpack's own rangeToString writes them. */
static void ranges_are_written_out(void **state) {
    (void)state;
    check_range("[1,18,2,0]", "^18.2.0");
    check_range("[2,18,2,0]", "~18.2.0");
    check_range("[0,16]", ">=16");
    check_range("[-1,19]", "<19");
    check_range("[3,1,2,3]", "=1.2.3");
    check_range("[-2,1,2,3]", "!=1.2.3");
    check_range("[0]", "*");
    check_range("[1,1,0,0,,\"beta\",1]", "^1.0.0-beta.1");
    check_range("[,[1,19,0,0],[1,18,2,0],1]", "^18.2.0 || ^19.0.0");
    check_range("[,[-1,19],[0,17],2]", ">=17 <19");
    check_range("[,[0,17],0]", "not(>=17)");
    check_range("[,[1,3],[1,2],1,[1,1],1]", "^1 || ^2 || ^3");
    check_range("[]", NULL);
    check_range("[,1]", NULL);
    check_range("[1,x]", NULL);
    check_range("[,[,[,[,[,[,[1,1],0],0],0],0],0],0]", NULL);
}

/* Each is a way to make a careless scanner quadratic, recursive, or large. Only that they end. */
static void hostile_texts_end_soon(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "/[",
        "`${",
        "(",
        "{",
        "'\\",
        "/*",
        "[{(",
        "a=/",
        "eval(\"",
        "o(a,\"does not exist in container.\"",
        "{shareKey:",
        "{\"./a\":",
        "self.a=self.a||[],",
        "c(\"a\",\"b\",[,[",
        "}",
        "u=>",
        ".u=e=>({1:",
        ".u=(e)=>(((((((((",
        ".o(",
        "\\u",
        "factory:{name:\"a\",version:\"1.0.0\",",
        "1e+",
        "if(a)/",
        "export",
        "a.e(1),",
        "export{",
        "export{a,",
        "export const a=",
        "export const [",
        "export let a=1,b",
        "System.register(",
        ")(\"a\",\"1.0.0\")",
        "((\"a\",\"1.0.0\",()=>",
        "f(\"default\",\"a\",!1,[1,1],()=>",
        "{name:\"a\",version:\"1.0.0\",factory:()=>",
    };
    enum { LENGTH = 1024 * 1024 };
    char *text = malloc(LENGTH);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        size_t length = strlen(patterns[i]);
        for (size_t at = 0; at < LENGTH; at++)
            text[at] = patterns[i][at % length];
        json_decref(scan(text, LENGTH));
    }
    free(text);
}

static void every_cut_of_an_entry_is_scanned(void **state) {
    (void)state;
    static const char text[] =
        "var a;(()=>{var n={\"./H\":()=>t.e(1)},o=(e,r)=>t.o(n,e)?n[e]():"
        "x('Module \"'+e+'\" does not exist in "
        "container.');S.u=e=>({1:\"h\"}[e]||e)+`${1}`+\".js\";"
        "c(\"default\",\"react\",!1,[1,18,2,0],()=>1);eval(\"var moduleMap={}\");a=n(6)})();";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        char *copy = malloc(cut ? cut : 1); /* exactly as long, for the sanitizer */
        assert_non_null(copy);
        memcpy(copy, text, cut);
        json_decref(scan(copy, cut));
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_by_their_shape_only),
        cmocka_unit_test(a_module_is_told_by_its_statements),
        cmocka_unit_test(the_names_of_a_module_are_those_of_its_export_statements),
        cmocka_unit_test(imports_are_those_of_the_statements_at_the_top),
        cmocka_unit_test(chunks_of_shared_packages_are_those_of_their_factories),
        cmocka_unit_test(ranges_are_written_out),
        cmocka_unit_test(hostile_texts_end_soon),
        cmocka_unit_test(every_cut_of_an_entry_is_scanned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
