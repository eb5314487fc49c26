#include "berth/name.h"

#include <string.h>

static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

/* Length of a well-formed part that ends at `stop` or the end of the text; 0 when malformed. */
static size_t part_length(const char *text, char stop) {
    size_t length = strspn(text, allowed);
    if (length == 0 || length > BERTH_NAME_PART_BYTES || text[0] == '.')
        return 0;
    return text[length] == stop || text[length] == '\0' ? length : 0;
}

static bool is_module_name(const char *text) {
    if (*text == '@') {
        size_t scope = part_length(text + 1, '/');
        if (!scope || text[1 + scope] != '/')
            return false;
        text += scope + 2;
    }
    size_t length = part_length(text, '\0');
    return length && text[length] == '\0';
}

enum berth_code berth_module_name_check(const char *text, struct berth_error *error) {
    if (is_module_name(text))
        return BERTH_OK;
    enum berth_code code = berth_fail(error, BERTH_INVALID, "module-name", "not a module name");
    berth_error_hint(error,
                     "use a-z, 0-9, \".\", \"_\", \"-\", as in header-app or @shop/cart; "
                     "at most %d characters a part, not starting with a dot",
                     BERTH_NAME_PART_BYTES);
    return code;
}

enum berth_code berth_name_check(const char *what, const char *text, struct berth_error *error) {
    size_t length = part_length(text, '\0');
    if (length && text[length] == '\0')
        return BERTH_OK;
    enum berth_code code = berth_fail(error, BERTH_INVALID, "name", "not a %s name", what);
    berth_error_hint(error,
                     "use a-z, 0-9, \".\", \"_\", \"-\"; at most %d characters, "
                     "not starting with a dot",
                     BERTH_NAME_PART_BYTES);
    return code;
}

// The length of "@scope/" in "@scope/*", else 0.
static size_t scope_prefix(const char *pattern) {
    if (*pattern != '@')
        return 0;
    size_t scope = part_length(pattern + 1, '/');
    return scope && strcmp(pattern + 1 + scope, "/*") == 0 ? scope + 2 : 0;
}

bool berth_module_matches(const char *pattern, const char *module) {
    if (strcmp(pattern, "*") == 0 || strcmp(pattern, module) == 0)
        return true;
    size_t prefix = scope_prefix(pattern);
    return prefix && strncmp(pattern, module, prefix) == 0;
}

enum berth_code berth_module_pattern_check(const char *pattern, struct berth_error *error) {
    if (strcmp(pattern, "*") == 0 || scope_prefix(pattern) || is_module_name(pattern))
        return BERTH_OK;
    enum berth_code code =
        berth_fail(error, BERTH_INVALID, "module-pattern", "not a module pattern");
    berth_error_hint(error, "use *, @scope/* or a module's name");
    return code;
}
