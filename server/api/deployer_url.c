#include "deployer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool copy_part(char *ret, size_t size, const char *from, size_t length) {
    if (!length || length >= size)
        return false;
    memcpy(ret, from, length);
    ret[length] = '\0';
    return true;
}

bool deployer_hosted(const char *url, const char *public_url, struct hosted *ret, bool *ret_good) {
    size_t length = strlen(public_url);
    *ret_good = false;
    if (length && strncasecmp(url, public_url, length) == 0)
        url += length;
    if (strncmp(url, "/m/", 3) != 0)
        return false;
    const char *module = url + 3;
    const char *name = *module == '@' && strchr(module, '/') ? strchr(module, '/') + 1 : module;
    const char *slash = strchr(name, '/');
    const char *at = slash ? memrchr(name, '@', (size_t)(slash - name)) : NULL;
    if (!at)
        return true;
    ret->path = slash + 1;
    *ret_good = *ret->path &&
                copy_part(ret->module, sizeof ret->module, module, (size_t)(at - module)) &&
                copy_part(ret->version, sizeof ret->version, at + 1, (size_t)(slash - at - 1));
    return true;
}

/* "." and ".." as a part of a path, also escaped: then a URL could lead to what is hosted here
 * without looking so. */
static bool has_dots(const char *url) {
    const char *path = strstr(url, "://");
    path = path ? path + 3 : url;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t dots = 0;
        for (; *part == '.' || strncasecmp(part, "%2e", 3) == 0; dots++)
            part += *part == '.' ? 1 : 3;
        if (dots && (!*part || strchr("/?#", *part)))
            return true;
    }
    return false;
}

enum berth_code deployer_check_url(const char *url, const char *where, struct berth_error *error) {
    static const char *const starts[] = {"https://", "http://", "/"};
    bool good = false;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        good = good || strncmp(url, starts[i], strlen(starts[i])) == 0;
    for (const char *at = url; *at; at++)
        good = good && (unsigned char)*at > ' ' && *at != 0x7f;
    good = good && strncmp(url, "//", 2) != 0 && !has_dots(url);
    if (good && strlen(url) <= DEPLOYER_URL_MAX_BYTES)
        return BERTH_OK;
    enum berth_code code =
        berth_fail(error, BERTH_INVALID, "url",
                   "a URL begins with https://, http:// or one slash, and has at "
                   "most %d bytes, no blank, and no . or .. in its path",
                   DEPLOYER_URL_MAX_BYTES);
    berth_error_where(error, "%s", where);
    return code;
}

/* A URL's "./": with one slash alone there is no folder that a package could be. */
char *deployer_folder(const char *url, int levels) {
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : url;
    size_t slashes = 0;
    for (const char *at = url; *at; at++)
        slashes += *at == '/';
    if (!path || slashes < 2)
        return NULL;
    const char *end = path + strcspn(path, "?#");
    const char *slash = memrchr(path, '/', (size_t)(end - path));
    while (slash && slash > path && --levels > 0) {
        const char *up = memrchr(path, '/', (size_t)(slash - path));
        if (!up)
            break;
        slash = up;
    }
    return slash ? strndup(url, (size_t)(slash - url) + 1) : NULL;
}
