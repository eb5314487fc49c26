#include "route.h"

#include <assert.h>
#include <string.h>

struct span {
    const char *start;
    const char *end;
};

static bool add_param(struct berth_route_match *match, struct span name, struct span value) {
    if (value.start == value.end)
        return false;
    assert(match->count < BERTH_ROUTE_MAX_PARAMS);
    match->params[match->count++] =
        (struct berth_route_param){name.start, (size_t)(name.end - name.start), value.start,
                                   (size_t)(value.end - value.start)};
    return true;
}

static bool ends_with(struct span text, struct span literal) {
    ptrdiff_t length = literal.end - literal.start;
    return text.end - text.start >= length &&
           memcmp(text.end - length, literal.start, (size_t)length) == 0;
}

/* The last occurrence of a literal, or NULL. */
static const char *find_last(struct span text, struct span literal) {
    ptrdiff_t length = literal.end - literal.start;
    for (const char *at = text.end - length; at >= text.start; at--) {
        if (memcmp(at, literal.start, (size_t)length) == 0)
            return at;
    }
    return NULL;
}

static const char *find_back(struct span pattern, char wanted) {
    return memrchr(pattern.start, wanted, (size_t)(pattern.end - pattern.start));
}

/* One segment, from its right end, so that each parameter starts after the last occurrence of the
 * literal before it; that takes one pass and never backtracks. `last` is where the text's own last
 * segment starts: "@scope/name" splits only in the name. */
static bool match_segment(struct span pattern, struct span text, const char *last,
                          struct berth_route_match *match) {
    while (pattern.end > pattern.start) {
        if (pattern.end[-1] != '}') {
            const char *brace = find_back(pattern, '}');
            struct span literal = {brace ? brace + 1 : pattern.start, pattern.end};
            if (!ends_with(text, literal))
                return false;
            text.end -= literal.end - literal.start;
            pattern.end = literal.start;
            continue;
        }
        const char *open = find_back(pattern, '{');
        assert(open);
        struct span name = {open + 1, pattern.end - 1};
        pattern.end = open;
        const char *brace = find_back(pattern, '}');
        struct span literal = {brace ? brace + 1 : pattern.start, open};
        if (literal.start == pattern.start) { /* the leftmost parameter takes what is left */
            ptrdiff_t length = literal.end - literal.start;
            if (text.end - text.start < length ||
                memcmp(text.start, literal.start, (size_t)length) != 0)
                return false;
            return add_param(match, name, (struct span){text.start + length, text.end});
        }
        assert(literal.end > literal.start);
        const char *at = find_last((struct span){last, text.end}, literal);
        if (!at ||
            !add_param(match, name, (struct span){at + (literal.end - literal.start), text.end}))
            return false;
        text.end = at;
        pattern.end = literal.start;
    }
    return text.start == text.end;
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "{rest*}" */
static bool takes_rest(const char *pattern) {
    if (*pattern != '{')
        return false;
    const char *end = strchrnul(pattern, '/');
    return !*end && end - pattern >= 3 && end[-1] == '}' && end[-2] == '*';
}

bool berth_route_match(const char *pattern, const char *path, struct berth_route_match *ret) {
    ret->count = 0;
    while (*pattern == '/' && *path == '/') {
        pattern++;
        path++;
        if (takes_rest(pattern)) {
            size_t length = strlen(pattern);
            return add_param(ret, (struct span){pattern + 1, pattern + length - 2},
                             (struct span){path, path + strlen(path)});
        }
        const char *pattern_end = strchrnul(pattern, '/');
        const char *path_end = strchrnul(path, '/');
        const char *last = path;
        if (*path == '@' && starts_with(pattern, "{module}")) {
            if (!*path_end)
                return false;
            last = path_end + 1;
            path_end = strchrnul(last, '/');
        }
        if (!match_segment((struct span){pattern, pattern_end}, (struct span){path, path_end}, last,
                           ret))
            return false;
        pattern = pattern_end;
        path = path_end;
    }
    return !*pattern && !*path;
}

const struct berth_route *berth_route_find(const struct berth_route *routes, size_t count,
                                           const char *path, struct berth_route_match *ret) {
    for (size_t i = 0; i < count; i++) {
        if (berth_route_match(routes[i].pattern, path, ret))
            return &routes[i];
    }
    return NULL;
}

berth_handler berth_route_handler(const struct berth_route *route, enum berth_method method) {
    switch (method) {
    case BERTH_GET:
    case BERTH_HEAD:
        return route->get;
    case BERTH_PUT:
        return route->put;
    case BERTH_POST:
        return route->post;
    case BERTH_PATCH:
        return route->patch;
    case BERTH_DELETE:
        return route->remove;
    default:
        return NULL;
    }
}

void berth_route_allow(const struct berth_route *route, char ret[BERTH_ROUTE_ALLOW_BYTES]) {
    char *at = ret;
    if (route->get)
        at = stpcpy(at, "GET, HEAD, ");
    if (route->put)
        at = stpcpy(at, "PUT, ");
    if (route->post)
        at = stpcpy(at, "POST, ");
    if (route->patch)
        at = stpcpy(at, "PATCH, ");
    if (route->remove)
        at = stpcpy(at, "DELETE, ");
    stpcpy(at, "OPTIONS");
}
