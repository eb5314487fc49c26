/* The API's description against the tables that the listeners answer by, both ways. */
#include "berth/api.h"
#include "berth/json.h"
#include "berth/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DESCRIPTION_MAX_BYTES = 1 << 20, PATTERN_BYTES = 256 };

static const char *const methods[] = {"get", "put", "post", "patch", "delete"};

static bool answers(const struct berth_route *route, const char *method) {
    const berth_handler handlers[] = {route->get, route->put, route->post, route->patch,
                                      route->remove};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i], method) == 0)
            return handlers[i] != NULL;
    return false;
}

/* OpenAPI has no star for the rest of a path. */
static void without_star(const char *pattern, char ret[PATTERN_BYTES]) {
    char *to = ret;
    for (; *pattern && to < ret + PATTERN_BYTES - 1; pattern++)
        if (*pattern != '*')
            *to++ = *pattern;
    *to = '\0';
}

static const struct berth_route *find(const struct berth_route *routes, size_t count,
                                      const char *path) {
    char pattern[PATTERN_BYTES];
    for (size_t i = 0; i < count; i++) {
        without_star(routes[i].pattern, pattern);
        if (strcmp(pattern, path) == 0)
            return &routes[i];
    }
    return NULL;
}

/* Each manifest is described by itself. */
static const struct berth_route *find_public(const char *path) {
    const struct berth_route *route = find(berth_site_routes, berth_site_route_count, path);
    if (!route && strncmp(path, "/manifests/", 11) == 0)
        route = find(berth_site_routes, berth_site_route_count, "/manifests/{file}");
    return route;
}

static json_t *read_paths(void) {
    FILE *file = fopen(BERTH_OPENAPI, "r");
    assert_non_null(file);
    char *text = malloc(DESCRIPTION_MAX_BYTES);
    assert_non_null(text);
    size_t length = fread(text, 1, DESCRIPTION_MAX_BYTES, file);
    (void)fclose(file);
    json_t *document = NULL;
    struct berth_error error = {0};
    if (berth_json_parse(text, length, DESCRIPTION_MAX_BYTES, &document, &error) != BERTH_OK)
        fail_msg("%s %s", error.text, error.where);
    free(text);
    json_t *paths = json_incref(json_object_get(document, "paths"));
    json_decref(document);
    assert_true(json_is_object(paths));
    return paths;
}

static const json_t *operation(const json_t *paths, const char *path, const char *method) {
    return json_object_get(json_object_get(paths, path), method);
}

static bool is_public(const json_t *paths, const char *path, const char *method) {
    return json_object_get(json_object_get(paths, path), "servers") ||
           json_object_get(operation(paths, path, method), "servers");
}

static void every_route_of_the_admin_listener_is_described(void **state) {
    (void)state;
    json_t *paths = read_paths();
    for (size_t i = 0; i < berth_api_route_count; i++) {
        char path[PATTERN_BYTES];
        without_star(berth_api_routes[i].pattern, path);
        for (size_t j = 0; j < sizeof methods / sizeof *methods; j++)
            if (answers(&berth_api_routes[i], methods[j]) &&
                (!operation(paths, path, methods[j]) || is_public(paths, path, methods[j])))
                fail_msg("openapi.json does not describe %s %s", methods[j], path);
    }
    json_decref(paths);
}

static void what_is_described_is_answered(void **state) {
    (void)state;
    json_t *paths = read_paths(), *item, *value;
    const char *path, *method;
    size_t count = 0;
    json_object_foreach(paths, path, item) {
        json_object_foreach(item, method, value) {
            if (strcmp(method, "parameters") == 0 || strcmp(method, "servers") == 0)
                continue;
            const struct berth_route *route =
                is_public(paths, path, method)
                    ? find_public(path)
                    : find(berth_api_routes, berth_api_route_count, path);
            if (!route || !answers(route, method))
                fail_msg("openapi.json describes %s %s, which is not answered", method, path);
            count++;
        }
    }
    assert_true(count > berth_api_route_count);
    json_decref(paths);
}

static void what_the_public_listener_tells_of_what_is_live_is_described(void **state) {
    static const char *const not_api[] = {"/_berth/{file}", "/livez", "/", "/{path}"};
    (void)state;
    json_t *paths = read_paths();
    for (size_t i = 0; i < berth_site_route_count; i++) {
        char path[PATTERN_BYTES];
        without_star(berth_site_routes[i].pattern, path);
        bool left_out = strcmp(path, "/manifests/{file}") == 0;
        for (size_t j = 0; j < sizeof not_api / sizeof *not_api; j++)
            left_out = left_out || strcmp(path, not_api[j]) == 0;
        const char *method = berth_site_routes[i].get ? "get" : "post";
        if (!left_out && !operation(paths, path, method))
            fail_msg("openapi.json does not describe %s %s", method, path);
    }
    json_decref(paths);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_of_the_admin_listener_is_described),
        cmocka_unit_test(what_is_described_is_answered),
        cmocka_unit_test(what_the_public_listener_tells_of_what_is_live_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
