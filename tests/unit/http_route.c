#include "http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "name=value …" in the order of the path, NULL for no match. */
static const char *describe(const char *pattern, const char *path, char ret[512]) {
    struct berth_route_match match;
    if (!berth_route_match(pattern, path, &match))
        return NULL;
    char *at = ret;
    *at = '\0';
    /* A segment is matched from its right end: order by where the value stands. */
    for (const char *where = path; *where; where++) {
        for (size_t i = 0; i < match.count; i++) {
            const struct berth_route_param *param = &match.params[i];
            if (param->value == where)
                at += sprintf(at, "%s%.*s=%.*s", at == ret ? "" : " ", (int)param->name_length,
                              param->name, (int)param->value_length, param->value);
        }
    }
    return ret;
}

struct example {
    const char *pattern;
    const char *path;
    const char *expected;
};

static void assert_matches(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char text[512];
        const char *found = describe(examples[i].pattern, examples[i].path, text);
        if (!examples[i].expected)
            assert_null(found);
        else if (!found)
            fail_msg("%s does not match %s", examples[i].pattern, examples[i].path);
        else
            assert_string_equal(found, examples[i].expected);
    }
}

static void literals_match_whole_segments(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/", "/", ""},
        {"/", "/a", NULL},
        {"/livez", "/livez", ""},
        {"/livez", "/livez/", NULL},
        {"/livez", "/livezx", NULL},
        {"/livez", "/live", NULL},
        {"/livez", "/", NULL},
        {"/assets", "/assetsX", NULL},
        {"/api/modules", "/api/modules", ""},
        {"/api/modules", "/api", NULL},
        {"/api/modules", "/api/modules/x", NULL},
    };
    assert_matches(examples, sizeof examples / sizeof *examples);
}

static void parameters_take_one_segment(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/api/pages/{name}", "/api/pages/home", "name=home"},
        {"/api/pages/{name}", "/api/pages/", NULL},
        {"/api/pages/{name}", "/api/pages/a/b", NULL},
        {"/{a}/x/{b}", "/1/x/2", "a=1 b=2"},
        {"/v{major}.json", "/v12.json", "major=12"},
        {"/v{major}.json", "/v.json", NULL},
        {"/v{major}.json", "/x12.json", NULL},
        {"/{name}.{ending}", "/a.b.js", "name=a.b ending=js"},
        {"/{name}.{ending}", "/a.", NULL},
        {"/{name}.{ending}", "/.a", NULL},
    };
    assert_matches(examples, sizeof examples / sizeof *examples);
}

static void modules_may_be_scoped(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/m/{module}", "/m/cart", "module=cart"},
        {"/m/{module}", "/m/@shop/cart", "module=@shop/cart"},
        {"/m/{module}", "/m/@shop", NULL},
        {"/m/{module}", "/m/shop/cart", NULL},
        {"/m/{module}/live", "/m/@shop/cart/live", "module=@shop/cart"},
        {"/m/{module}/live", "/m/@shop/live", NULL},
        {"/p/{name}", "/p/@shop/cart", NULL},
        {"/m/{module}/versions/{version}", "/m/@shop/cart/versions/1.0.0",
         "module=@shop/cart version=1.0.0"},
    };
    assert_matches(examples, sizeof examples / sizeof *examples);
}

static void a_version_follows_the_last_at_sign(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/m/{module}@{version}", "/m/cart@1.0.0", "module=cart version=1.0.0"},
        {"/m/{module}@{version}", "/m/@shop/cart@1.0.0", "module=@shop/cart version=1.0.0"},
        {"/m/{module}@{version}", "/m/a@b@1.0.0", "module=a@b version=1.0.0"},
        {"/m/{module}@{version}", "/m/cart", NULL},
        {"/m/{module}@{version}", "/m/cart@", NULL},
        {"/m/{module}@{version}", "/m/@1.0.0", NULL},
        {"/m/{module}@{version}", "/m/@shop/cart", NULL},
        {"/m/{module}@{version}", "/m/@a@b/cart", NULL},
        {"/m/{module}@{version}~{epoch}", "/m/cart@1.0.0~7", "module=cart version=1.0.0 epoch=7"},
        {"/m/{module}@{version}~{epoch}", "/m/@s/c@1.0.0~7", "module=@s/c version=1.0.0 epoch=7"},
        {"/m/{module}@{version}~{epoch}", "/m/cart@1.0.0", NULL},
        {"/m/{module}@{version}~{epoch}", "/m/cart~7", NULL},
        {"/m/{module}@{version}/{path*}", "/m/@s/c@1.0.0/js/a.js",
         "module=@s/c version=1.0.0 path=js/a.js"},
    };
    assert_matches(examples, sizeof examples / sizeof *examples);
}

static void the_rest_takes_slashes_and_at_least_one_character(void **state) {
    (void)state;
    static const struct example examples[] = {
        {"/{path*}", "/a/b/c", "path=a/b/c"},
        {"/{path*}", "/a", "path=a"},
        {"/{path*}", "/", NULL},
        {"/m/{module}/{path*}", "/m/cart/", NULL},
        {"/m/{module}/{path*}", "/m/cart/a/", "module=cart path=a/"},
        {"/m/{module}/{path*}", "/m/@shop/cart/a/b", "module=@shop/cart path=a/b"},
        {"/m/{module}/{path*}", "/m/@shop/cart", NULL},
    };
    assert_matches(examples, sizeof examples / sizeof *examples);
}

static void nothing(struct berth_exchange *exchange, void *app) {
    (void)exchange;
    (void)app;
}

static void the_first_route_that_matches_wins(void **state) {
    (void)state;
    static const struct berth_route routes[] = {
        {.pattern = "/m/{module}/remoteEntry.js", .get = nothing},
        {.pattern = "/m/{module}/{path*}", .get = nothing},
    };
    struct berth_route_match match;
    assert_ptr_equal(berth_route_find(routes, 2, "/m/a/remoteEntry.js", &match), &routes[0]);
    assert_ptr_equal(berth_route_find(routes, 2, "/m/a/remoteEntry.jsx", &match), &routes[1]);
    assert_null(berth_route_find(routes, 2, "/x", &match));
}

static void allow_names_what_the_route_has(void **state) {
    (void)state;
    static const struct {
        struct berth_route route;
        const char *allow;
    } examples[] = {
        {{.get = nothing}, "GET, HEAD, OPTIONS"},
        {{.put = nothing, .remove = nothing}, "PUT, DELETE, OPTIONS"},
        {{.get = nothing, .patch = nothing}, "GET, HEAD, PATCH, OPTIONS"},
        {{.get = nothing, .put = nothing, .post = nothing, .patch = nothing, .remove = nothing},
         "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS"},
        {{.pattern = ""}, "OPTIONS"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char allow[BERTH_ROUTE_ALLOW_BYTES];
        berth_route_allow(&examples[i].route, allow);
        assert_string_equal(allow, examples[i].allow);
    }
}

static void head_is_served_by_get(void **state) {
    (void)state;
    const struct berth_route route = {.get = nothing};
    assert_ptr_equal(berth_route_handler(&route, BERTH_HEAD), nothing);
    assert_null(berth_route_handler(&route, BERTH_POST));
    assert_null(berth_route_handler(&route, BERTH_PATCH));
    assert_null(berth_route_handler(&route, BERTH_OPTIONS));
    const struct berth_route other = {.patch = nothing};
    assert_ptr_equal(berth_route_handler(&other, BERTH_PATCH), nothing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_match_whole_segments),
        cmocka_unit_test(parameters_take_one_segment),
        cmocka_unit_test(modules_may_be_scoped),
        cmocka_unit_test(a_version_follows_the_last_at_sign),
        cmocka_unit_test(the_rest_takes_slashes_and_at_least_one_character),
        cmocka_unit_test(the_first_route_that_matches_wins),
        cmocka_unit_test(allow_names_what_the_route_has),
        cmocka_unit_test(head_is_served_by_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
