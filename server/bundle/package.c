/* What an npm package says of itself: its name and version, before anything of it is kept. */
#include "berth/bundle.h"
#include "berth/json.h"
#include "unpack.h"

#include <stdio.h>
#include <string.h>

#define PACKAGE_FILE "package.json"

static enum berth_code refuse(struct berth_error *error, const char *rule, const char *text) {
    berth_fail(error, BERTH_REFUSED, rule, PACKAGE_FILE ": %s", text);
    berth_error_where(error, PACKAGE_FILE);
    return BERTH_REFUSED;
}

static enum berth_code refuse_missing(const struct berth_pick *pick, struct berth_error *error) {
    if (pick->found)
        berth_fail(error, BERTH_REFUSED, "package-ambiguous",
                   "%d folders of the archive have a " PACKAGE_FILE, pick->rivals + 1);
    else
        berth_fail(error, BERTH_REFUSED, "package-missing",
                   "the archive has no " PACKAGE_FILE " that could tell its name and version");
    berth_error_hint(error, "send what npm pack makes, or name module and version in the URL "
                            "(berth push MODULE@VERSION FILE)");
    return BERTH_REFUSED;
}

/* A rule that the name or the version breaks is told as what it is, and where. */
static enum berth_code check_texts(const struct berth_package *package, struct berth_error *error) {
    struct berth_error own = {0};
    const char *where = "/name";
    enum berth_code code = berth_module_name_check(package->module, &own);
    if (!code) {
        where = "/version";
        code = berth_semver_check(package->version, &own);
    }
    if (!code)
        return BERTH_OK;
    berth_fail(error, BERTH_REFUSED, own.rule, PACKAGE_FILE ": %s", own.text);
    berth_error_where(error, "%s", where);
    berth_error_hint(error, "%s", own.hint);
    return BERTH_REFUSED;
}

static bool copy_text(char *ret, size_t size, const json_t *root, const char *key) {
    const char *text = berth_json_string(root, key);
    if (!text || strlen(text) >= size)
        return false;
    (void)snprintf(ret, size, "%s", text);
    return true;
}

static enum berth_code take(const json_t *root, struct berth_package *ret,
                            struct berth_error *error) {
    if (!copy_text(ret->module, sizeof ret->module, root, "name"))
        return refuse(error, "module-name", "\"name\" is missing, too long, or no text");
    if (!copy_text(ret->version, sizeof ret->version, root, "version"))
        return refuse(error, "version", "\"version\" is missing, too long, or no text");
    return check_texts(ret, error);
}

static enum berth_code read_text(const struct berth_buffer *text, struct berth_package *ret,
                                 struct berth_error *error) {
    json_t *root = NULL;
    struct berth_error syntax = {0};
    if (text->failed)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-package-bytes",
                          PACKAGE_FILE " is over %d bytes", BERTH_PACKAGE_MAX_BYTES);
    enum berth_code code = berth_json_parse(text->data ? text->data : "", text->length,
                                            BERTH_PACKAGE_MAX_BYTES, &root, &syntax);
    if (code == BERTH_NO_MEMORY)
        return berth_fail(error, code, "memory", "out of memory");
    if (code)
        return refuse(error, "package-syntax", syntax.text);
    code = take(root, ret, error);
    json_decref(root);
    return code;
}

enum berth_code berth_bundle_package(int fd, int64_t archive_bytes,
                                     const struct berth_bundle_limits *limits,
                                     struct berth_package *ret, struct berth_error *error) {
    struct berth_pick pick = {.name = PACKAGE_FILE};
    enum berth_archive kind = BERTH_TAR;
    berth_buffer_init(&pick.text, BERTH_PACKAGE_MAX_BYTES);
    enum berth_code code = berth_archive_tell(fd, archive_bytes, &kind, error);
    if (!code)
        code = berth_archive_pick(fd, archive_bytes, kind, limits, &pick, error);
    if (!code)
        code = pick.found && !pick.rivals ? read_text(&pick.text, ret, error)
                                          : refuse_missing(&pick, error);
    berth_buffer_done(&pick.text);
    return code;
}
