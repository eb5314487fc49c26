/* What a version would do to what is live: worlds and the reports of them. */
#include "berth/compat.h"

#include "berth/buffer.h"
#include "berth/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
// The headers above must come before it.
#include <cmocka.h>

enum { MODULES_MAX = 1200, PAGES_MAX = 400 };

/* JSON is in single quotes. */
static json_t *parse(const char *text) {
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_error_t error;
    json_t *value = json_loads(copy, 0, &error);
    if (!value)
        fail_msg("%s: %s", error.text, copy);
    free(copy);
    return value;
}

struct world {
    json_t *modules; /* {name: [version, description]}, sorted */
    json_t *pages;   /* {name: manifest} */
    struct berth_compat_module module_list[MODULES_MAX];
    struct berth_compat_page page_list[PAGES_MAX];
    struct berth_page parsed[PAGES_MAX];
    struct berth_compat_world world;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct berth_compat_module *)a)->name,
                  ((const struct berth_compat_module *)b)->name);
}

static void build(struct world *world, json_t *modules, json_t *pages) {
    const char *name;
    json_t *value;
    memset(world, 0, sizeof *world);
    world->modules = modules;
    world->pages = pages;
    world->world = (struct berth_compat_world){.generation = 7,
                                               .public_url = "https://berth.example",
                                               .modules = world->module_list,
                                               .pages = world->page_list};
    json_object_foreach(modules, name, value) world->module_list[world->world.module_count++] =
        (struct berth_compat_module){name, json_string_value(json_array_get(value, 0)),
                                     json_array_get(value, 1)};
    qsort(world->module_list, world->world.module_count, sizeof *world->module_list, by_name);
    json_object_foreach(pages, name, value) {
        json_object_set_new(value, "title", json_string(name));
        size_t place = world->world.page_count++;
        struct berth_error error = {0};
        if (berth_page_parse(value, &world->parsed[place], &error))
            fail_msg("%s: %s %s", name, error.text, error.where);
        world->page_list[place] = (struct berth_compat_page){name, &world->parsed[place]};
    }
}

static void done(struct world *world) {
    for (size_t i = 0; i < world->world.page_count; i++)
        berth_page_done(&world->parsed[i]);
    json_decref(world->modules);
    json_decref(world->pages);
}

static bool has_index(const void *context, const char *path) {
    return *(const bool *)context || strcmp(path, "index.html") != 0;
}

static void add_user(struct berth_buffer *out, const json_t *user) {
    const char *page = berth_json_string(user, "page");
    if (page)
        berth_buffer_printf(out, " %s", page);
    if (berth_json_string(user, "slot"))
        berth_buffer_printf(out, "/%s", berth_json_string(user, "slot"));
    if (!page)
        berth_buffer_printf(out, " %s@%s", berth_json_string(user, "module"),
                            berth_json_string(user, "version"));
}

/* A line each: "! expose-gone ./Header: front/top home@1.0.0", "?" for a warning, "=" for what is
 * so already. */
static void add_lines(struct berth_buffer *out, const json_t *findings, const char *sign) {
    size_t i, j;
    const json_t *finding, *user;
    json_array_foreach(findings, i, finding) {
        bool already = json_is_true(json_object_get(finding, "already"));
        berth_buffer_printf(out, "%s %s %s", already ? "=" : sign,
                            berth_json_string(finding, "rule"), berth_json_string(finding, "what"));
        json_array_foreach(json_object_get(finding, "users"), j, user) {
            if (j == 0)
                berth_buffer_text(out, ":");
            add_user(out, user);
        }
        berth_buffer_text(out, "\n");
        assert_non_null(berth_json_string(finding, "text"));
        assert_non_null(berth_json_string(finding, "hint"));
    }
}

struct row {
    const char *what;
    const char *modules;
    const char *pages;
    const char *live; /* description of shop's live version; NULL: none is */
    const char *next;
    const char *expected;
};

#define EXPOSES(names) "{'exposes':[" names "],'remotes':[]}"
#define HEADER         "{'name':'./Header'}"
#define CART           "{'name':'./Cart'}"
#define TAKES(url, expose)                                                                         \
    "{'exposes':[],'remotes':[{'url':'" url "','module':'shop','expose':'" expose "'}]}"
#define SLOT(module, expose) "{'name':'" module "','module':'" module "','expose':'" expose "'}"
#define FRONT                "{'front':{'path':'/','slots':[" SLOT("shop", "./Header") "]}}"

static const struct row expose_rows[] = {
    {"all is there", "{'home':['1.0.0'," TAKES("/m/shop/remoteEntry.js", "./Cart") "]}", FRONT,
     EXPOSES(HEADER "," CART), EXPOSES(CART "," HEADER), ""},
    {"a slot's expose is gone", "{}", FRONT, EXPOSES(HEADER "," CART), EXPOSES(CART),
     "! expose-gone ./Header: front/shop\n"},
    {"nobody uses what is gone", "{}", FRONT, EXPOSES(HEADER "," CART), EXPOSES(HEADER), ""},
    {"a live module takes what is gone",
     "{'home':['1.0.0'," TAKES("/m/shop/remoteEntry.js", "./Cart") "]}", "{}",
     EXPOSES(HEADER "," CART), EXPOSES(HEADER), "! expose-gone ./Cart: home@1.0.0\n"},
    {"by the public URL",
     "{'home':['1.0.0'," TAKES("https://berth.example/m/shop/remoteEntry.js", "./Cart") "]}", "{}",
     EXPOSES(CART), EXPOSES(HEADER), "! expose-gone ./Cart: home@1.0.0\n"},
    {"from another server",
     "{'home':['1.0.0'," TAKES("https://other.example/m/shop/remoteEntry.js", "./Cart") "]}", "{}",
     EXPOSES(CART), EXPOSES(HEADER), ""},
    {"by a path before it, which may be this server's",
     "{'home':['1.0.0'," TAKES("/berth/m/shop/remoteEntry.js", "./Cart") "]}", "{}", EXPOSES(CART),
     EXPOSES(HEADER), "? expose-gone ./Cart: home@1.0.0\n"},
    {"a version for good",
     "{'home':['1.0.0',{'remotes':[{'module':'shop','version':'1.0.0','url':'/m/shop@1.0.0/"
     "a','expose':'./Cart'}]}]}",
     "{}", EXPOSES(CART), EXPOSES(HEADER), ""},
    {"what berth.json says", "{'home':['1.0.0',{'remotes':[{'module':'shop','expose':'./Cart'}]}]}",
     "{}", EXPOSES(CART), EXPOSES(HEADER), "! expose-gone ./Cart: home@1.0.0\n"},
    {"by the container's name alone",
     "{'home':['1.0.0',{'remotes':[{'alias':'s','container':'theShop','expose':'./Cart'}]}],"
     "'shop':['1.0.0',{'container':'theShop'}]}",
     "{}", EXPOSES(CART), EXPOSES(HEADER), "? expose-gone ./Cart: home@1.0.0\n"},
    {"a name that two containers have",
     "{'home':['1.0.0',{'remotes':[{'container':'theShop','expose':'./Cart'}]}],"
     "'other':['1.0.0',{'container':'theShop','remotes':[]}],'shop':['1.0.0',{'container':'theShop'"
     "}]}",
     "{}", EXPOSES(CART), EXPOSES(HEADER), ""},
    {"a name with a URL elsewhere",
     "{'home':['1.0.0',{'remotes':[{'container':'theShop','url':'https://cdn.example/"
     "r.js','expose':'./Cart'}]}],"
     "'shop':['1.0.0',{'container':'theShop'}]}",
     "{}", EXPOSES(CART), EXPOSES(HEADER), ""},
    {"nobody knows what is taken",
     "{'home':['1.0.0',{'remotes':[{'module':'shop','url':'/m/shop/remoteEntry.js'}]}]}", "{}",
     EXPOSES(HEADER "," CART), EXPOSES(HEADER), "? expose-gone ./Cart: home@1.0.0\n"},
    {"one that is not live takes it", "{'home':[null,null]}", "{}", EXPOSES(CART), EXPOSES(HEADER),
     ""},
    {"gone already", "{'home':['1.0.0'," TAKES("/m/shop/remoteEntry.js", "./Cart") "]}", FRONT,
     EXPOSES(HEADER), EXPOSES(HEADER), "= expose-gone ./Cart: home@1.0.0\n"},
    {"a way out of a broken state may break nothing new",
     "{'home':['1.0.0'," TAKES("/m/shop/remoteEntry.js", "./Cart") "]}", FRONT, EXPOSES(HEADER),
     EXPOSES("{'name':'./Other'}"),
     "! expose-gone ./Header: front/shop\n= expose-gone ./Cart: home@1.0.0\n"},
    {"the first activation", "{}", FRONT, NULL, EXPOSES(CART),
     "? expose-gone ./Header: front/shop\n"},
    {"exposes that were not found", "{}", FRONT, EXPOSES(HEADER), EXPOSES(""),
     "? exposes-unknown shop: front/shop\n"},
    {"exposes that were not found before", "{}", FRONT, EXPOSES(""), EXPOSES(CART),
     "! expose-gone ./Header: front/shop\n"},
    {"a document exposes nothing", "{}", FRONT, EXPOSES(HEADER),
     "{'format':'document','remotes':[]}", "! expose-gone ./Header: front/shop\n"},
    {"a page's document is gone", "{}",
     "{'about':{'path':'/about','document':{'module':'shop','file':'index.html'}}}",
     EXPOSES(HEADER), "{'exposes':[" HEADER "],'noindex':true}",
     "! document-gone index.html: about\n"},
    {"a page's document was gone before", "{}",
     "{'about':{'path':'/about','document':{'module':'shop','file':'index.html'}}}",
     "{'exposes':[" HEADER "],'noindex':true}", "{'exposes':[" HEADER "],'noindex':true}",
     "= document-gone index.html: about\n"},
};

static const struct row remote_rows[] = {
    {"its remotes are there", "{'home':['1.0.0'," EXPOSES(HEADER) "]}", "{}", EXPOSES(CART),
     "{'exposes':[" CART
     "],'remotes':[{'module':'home','url':'/m/home/remoteEntry.js','expose':'./Header'}]}",
     ""},
    {"no such module", "{}", "{}", EXPOSES(CART),
     "{'exposes':[" CART
     "],'remotes':[{'module':'home','url':'/m/home/remoteEntry.js','expose':'./Header'}]}",
     "? remote-missing home\n"},
    {"no such module, as before", "{}", "{}",
     "{'exposes':[" CART
     "],'remotes':[{'module':'home','url':'/m/home/remoteEntry.js','expose':'./Header'}]}",
     "{'exposes':[" CART "],'remotes':[{'module':'home','expose':'./Header'}]}",
     "= remote-missing home\n"},
    {"nothing of it is live", "{'home':[null,null]}", "{}", EXPOSES(CART),
     "{'exposes':[" CART "],'remotes':[{'module':'home'}]}", "? remote-not-live home\n"},
    {"it is live without that", "{'home':['1.0.0'," EXPOSES(CART) "]}", "{}", EXPOSES(CART),
     "{'exposes':[" CART "],'remotes':[{'module':'home','expose':'./Header'}]}",
     "? remote-expose-missing home\n"},
    {"it is elsewhere", "{}", "{}", EXPOSES(CART),
     "{'exposes':[" CART
     "],'remotes':[{'container':'x','url':'https://cdn.example/r.js','expose':'./X'}]}",
     ""},
    {"it takes of itself", "{}", "{}", EXPOSES(CART),
     "{'exposes':[" CART "],'remotes':[{'module':'shop','expose':'./Nothing'}]}", ""},
};

#define SHARES(range, version, more)                                                               \
    "{'format':'webpack-container','entry':'r.js','exposes':[" HEADER "],'remotes':[],"            \
    "'shared':[{'name':'react','requiredVersion':'" range "','version':'" version "'" more "}]}"
#define ONE    ",'singleton':true"
#define STRICT ",'singleton':true,'strictVersion':true"
#define BOTH                                                                                       \
    "{'front':{'path':'/','slots':[" SLOT("menu", "./Header") "," SLOT("shop", "./Header") "]}}"
#define TURNED                                                                                     \
    "{'front':{'path':'/','slots':[" SLOT("shop", "./Header") "," SLOT("menu", "./Header") "]}}"

static const struct row shared_rows[] = {
    {"the same range", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}", BOTH,
     SHARES("^18.2.0", "18.3.1", ONE), SHARES("^18.2.0", "18.3.1", ONE), ""},
    {"ranges that exclude each other", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}",
     BOTH, SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-excluded react: menu@1.0.0\n"},
    {"they did so before", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}", BOTH,
     SHARES("^19.0.0", "19.0.0", ONE), SHARES("^19.1.0", "19.1.0", ONE),
     "= shared-excluded react: menu@1.0.0\n"},
    {"they are never in one page", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}",
     "{'one':{'path':'/1','slots':[" SLOT(
         "shop", "./Header") "]},'two':{'path':'/2','slots':[" SLOT("menu", "./Header") "]}}",
     SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE), ""},
    {"one takes from the other",
     "{'menu':['1.0.0',{'exposes':[],'remotes':[{'module':'shop','expose':'./Header'}],"
     "'shared':[{'name':'react','requiredVersion':'^18.2.0','singleton':true}]}]}",
     "{}", SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-excluded react: menu@1.0.0\n"},
    {"a third takes from both",
     "{'menu':['1.0.0'," SHARES(
         "^18.2.0", "18.3.1", ONE) "],"
                                   "'home':['1.0.0',{'exposes':[],'remotes':[{'module':'shop','"
                                   "expose':'./Header'},{'module':'menu','expose':'./Header'}]}]}",
     "{}", SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-excluded react: menu@1.0.0\n"},
    {"neither is a singleton", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", "") "]}", BOTH,
     SHARES("^18.2.0", "18.3.1", ""), SHARES("^19.0.0", "19.1.0", ""), ""},
    {"what is brought is outside of a range that it meets",
     "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}", BOTH,
     SHARES("^18.2.0", "18.3.1", ONE), SHARES(">=18", "19.1.0", ONE),
     "? shared-outside react: menu@1.0.0\n"},
    {"another major version that all take", "{'menu':['1.0.0'," SHARES(">=18", "18.3.1", ONE) "]}",
     BOTH, SHARES(">=18", "18.3.1", ONE), SHARES(">=18", "19.1.0", ONE),
     "? shared-major react: menu@1.0.0\n"},
    {"a range that is not understood", "{'menu':['1.0.0'," SHARES("latest", "18.3.1", ONE) "]}",
     BOTH, SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-outside react: menu@1.0.0\n"},
    {"the strict one gets another's", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", STRICT) "]}",
     TURNED, SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "! shared-strict react: front\n? shared-excluded react: menu@1.0.0\n"},
    {"the strict one is first and gets its own",
     "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", STRICT) "]}", BOTH,
     SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-excluded react: menu@1.0.0\n"},
    {"the next one is strict itself", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}",
     BOTH, SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", STRICT),
     "! shared-strict react: front\n? shared-excluded react: menu@1.0.0\n"},
    {"it was so before", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ONE) "]}", BOTH,
     SHARES("^19.0.0", "19.0.0", STRICT), SHARES("^19.0.0", "19.1.0", STRICT),
     "= shared-strict react: front\n= shared-excluded react: menu@1.0.0\n"},
    {"the first activation", "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", STRICT) "]}", TURNED,
     NULL, SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-strict react: front\n? shared-excluded react: menu@1.0.0\n"},
    {"the version is within the strict range",
     "{'menu':['1.0.0'," SHARES(">=17 <20", "18.3.1", STRICT) "]}", TURNED,
     SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-outside react: menu@1.0.0\n"},
    {"strict, but each has its own",
     "{'menu':['1.0.0'," SHARES("^18.2.0", "18.3.1", ",'strictVersion':true") "]}", TURNED,
     SHARES("^18.2.0", "18.3.1", ONE), SHARES("^19.0.0", "19.1.0", ONE),
     "? shared-excluded react: menu@1.0.0\n"},
};

static json_t *report_of(const struct berth_compat_world *world, const char *live,
                         const char *next) {
    json_t *old = live ? parse(live) : NULL;
    json_t *new = parse(next);
    bool had = !json_object_get(old, "noindex"), has = !json_object_get(new, "noindex");
    struct berth_compat_version before = {"1.0.0", old, has_index, &had};
    struct berth_compat_version after = {"2.0.0", new, has_index, &has};
    json_t *report = berth_compat_report(world, "shop", live ? &before : NULL, &after);
    assert_non_null(report);
    json_decref(old);
    json_decref(new);
    return report;
}

/* The module itself is in the world, as it is there when anyone asks. */
static json_t *with_shop(const char *modules, const char *live) {
    json_t *list = parse(modules);
    json_t *shop = json_array();
    json_array_append_new(shop, live ? json_string("1.0.0") : json_null());
    json_array_append_new(shop, live ? parse(live) : json_null());
    if (!json_object_get(list, "shop"))
        json_object_set(list, "shop", shop);
    json_decref(shop);
    return list;
}

static void check_row(struct world *world, const struct row *row) {
    build(world, with_shop(row->modules, row->live), parse(row->pages));
    json_t *report = report_of(&world->world, row->live, row->next);
    struct berth_buffer out;
    berth_buffer_init(&out, 65536);
    add_lines(&out, json_object_get(report, "breaks"), "!");
    add_lines(&out, json_object_get(report, "warnings"), "?");
    assert_false(out.failed);
    const char *found = out.length ? out.data : "";
    if (strcmp(found, row->expected) != 0)
        fail_msg("%s:\n%sinstead of\n%s", row->what, found, row->expected);
    bool breaks = strchr(row->expected, '!') != NULL;
    assert_int_equal(berth_compat_breaks(report) > 0, breaks);
    assert_int_equal(json_is_true(json_object_get(report, "compatible")), !breaks);
    berth_buffer_done(&out);
    json_decref(report);
    done(world);
}

static void check_rows(const struct row *rows, size_t count) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    for (size_t i = 0; i < count; i++)
        check_row(world, &rows[i]);
    free(world);
}

static void what_is_used_and_gone_is_a_break(void **state) {
    (void)state;
    check_rows(expose_rows, sizeof expose_rows / sizeof *expose_rows);
}

static void remotes_that_are_not_there_are_warned_of(void **state) {
    (void)state;
    check_rows(remote_rows, sizeof remote_rows / sizeof *remote_rows);
}

static void shared_packages_are_compared_among_those_who_meet(void **state) {
    (void)state;
    check_rows(shared_rows, sizeof shared_rows / sizeof *shared_rows);
}

static bool is_known(const json_t *report, const char *part) {
    return json_is_true(
        json_object_get(json_object_get(json_object_get(report, "parts"), part), "known"));
}

static void what_old_descriptions_do_not_say_is_told_as_unknown(void **state) {
    (void)state;
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    build(
        world,
        with_shop("{'old':['0.9.0',{'exposes':[]}],'new':['1.0.0',{'remotes':[]}]}", EXPOSES(CART)),
        parse("{}"));
    json_t *report = report_of(&world->world, EXPOSES(CART), "{'exposes':[" CART "]}");
    assert_true(is_known(report, "exposes"));
    assert_false(is_known(report, "shared"));
    assert_false(is_known(report, "remotes"));
    assert_false(is_known(report, "consumers"));
    const json_t *unknown =
        json_object_get(json_object_get(json_object_get(report, "parts"), "consumers"), "unknown");
    assert_int_equal(json_array_size(unknown), 1);
    assert_string_equal(json_string_value(json_array_get(unknown, 0)), "old@0.9.0");
    json_decref(report);
    report =
        report_of(&world->world, EXPOSES(""), "{'exposes':[" CART "],'shared':[],'remotes':[]}");
    assert_false(is_known(report, "exposes"));
    assert_true(is_known(report, "shared"));
    assert_true(is_known(report, "remotes"));
    json_decref(report);
    done(world);
    free(world);
}

static json_t *many_modules(int count) {
    json_t *modules = json_object();
    for (int i = 0; i < count; i++) {
        char name[32], next[32];
        (void)snprintf(name, sizeof name, "m%04d", i);
        (void)snprintf(next, sizeof next, "m%04d", (i * 7 + 1) % count);
        json_t *shared = json_array(), *remotes = json_array();
        for (int j = 0; j < 12; j++) {
            char package[32];
            (void)snprintf(package, sizeof package, "package-%d", j);
            json_array_append_new(shared,
                                  json_pack("{ss ss ss sb}", "name", package, "requiredVersion",
                                            i % 2 ? "^18.2.0" : "^19.0.0", "version", "18.3.1",
                                            "singleton", 1));
        }
        json_array_append_new(remotes, json_pack("{ss ss ss}", "module", next, "url", "/m/x/r.js",
                                                 "expose", "./Header"));
        json_array_append_new(remotes, json_pack("{ss ss ss}", "module", "shop", "url",
                                                 "/m/shop/r.js", "expose", "./Cart"));
        json_object_set_new(modules, name,
                            json_pack("[s,{ss ss s[{ss}] so so}]", "1.0.0", "format",
                                      "webpack-container", "entry", "r.js", "exposes", "name",
                                      "./Header", "shared", shared, "remotes", remotes));
    }
    json_object_set_new(modules, "shop", json_pack("[s,o]", "1.0.0", parse(EXPOSES(CART))));
    return modules;
}

static json_t *many_pages(int count) {
    json_t *pages = json_object();
    for (int i = 0; i < count; i++) {
        char name[32], path[32];
        json_t *slots = json_array();
        (void)snprintf(name, sizeof name, "p%d", i);
        (void)snprintf(path, sizeof path, "/p%d", i);
        for (int j = 0; j < 20; j++) {
            char slot[32], module[32];
            (void)snprintf(slot, sizeof slot, "s%d", j);
            (void)snprintf(module, sizeof module, "m%04d", (i * 20 + j) % 1000);
            json_array_append_new(slots, json_pack("{ss ss ss}", "name", slot, "module",
                                                   j == 7 ? "shop" : module, "expose", "./Header"));
        }
        json_object_set_new(pages, name, json_pack("{ss so}", "path", path, "slots", slots));
    }
    return pages;
}

/* Bounded lists, whatever there is; the time is printed for those who want to know. */
static void a_thousand_modules_and_hundreds_of_pages_are_compared(void **state) {
    (void)state;
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    build(world, many_modules(1000), many_pages(PAGES_MAX));
    struct timespec from, to;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    json_t *report = report_of(&world->world, SHARES("^18.2.0", "18.3.1", STRICT),
                               SHARES("^19", "19.0.0", STRICT));
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    print_message("%.1f ms of CPU\n", (double)(to.tv_sec - from.tv_sec) * 1e3 +
                                          (double)(to.tv_nsec - from.tv_nsec) / 1e6);
    const json_t *gone = json_array_get(json_object_get(report, "warnings"), 0);
    assert_int_equal(json_array_size(json_object_get(gone, "users")), 20);
    assert_int_equal(berth_json_integer(gone, "more", 0), 980);
    json_decref(report);
    done(world);
    free(world);
}

static void a_list_has_an_end_and_says_how_many_more_there_are(void **state) {
    (void)state;
    struct world *world = calloc(1, sizeof *world);
    json_t *module = parse("{'exposes':[],'remotes':[]}");
    json_t *old = parse("{'exposes':[],'remotes':[]}");
    assert_non_null(world);
    for (int i = 0; i < 130; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "./E%d", i);
        json_array_append_new(json_object_get(module, "remotes"),
                              json_pack("{ss ss}", "module", "shop", "expose", name));
        json_array_append_new(json_object_get(old, "exposes"), json_pack("{ss}", "name", name));
    }
    build(world, json_pack("{s[sO] s[sO]}", "home", "1.0.0", module, "shop", "1.0.0", old),
          parse("{}"));
    json_t *new = parse(EXPOSES(CART));
    struct berth_compat_version before = {.version = "1.0.0", .description = old};
    struct berth_compat_version after = {.version = "2.0.0", .description = new};
    json_t *report = berth_compat_report(&world->world, "shop", &before, &after);
    assert_int_equal(json_array_size(json_object_get(report, "breaks")), 100);
    assert_int_equal(berth_json_integer(report, "moreBreaks", 0), 30);
    assert_int_equal(berth_compat_breaks(report), 130);
    json_decref(report);
    json_decref(new);
    json_decref(old);
    json_decref(module);
    done(world);
    free(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_used_and_gone_is_a_break),
        cmocka_unit_test(remotes_that_are_not_there_are_warned_of),
        cmocka_unit_test(shared_packages_are_compared_among_those_who_meet),
        cmocka_unit_test(what_old_descriptions_do_not_say_is_told_as_unknown),
        cmocka_unit_test(a_thousand_modules_and_hundreds_of_pages_are_compared),
        cmocka_unit_test(a_list_has_an_end_and_says_how_many_more_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
