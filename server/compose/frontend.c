#include "template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRONTEND_MAX_BYTES = 4 * 1024 * 1024, PATH_BYTES = 2048 };

/* NULL with BERTH_OK when the file is not there. */
static enum berth_code read_file(const char *directory, const char *name, char **ret,
                                 struct berth_error *error) {
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    *ret = NULL;
    if (!file)
        return errno == ENOENT || errno == ENOTDIR
                   ? BERTH_OK
                   : berth_fail_errno(error, "frontend-read", "cannot read %s", path);
    struct berth_buffer text;
    berth_buffer_init(&text, FRONTEND_MAX_BYTES);
    char piece[4096];
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        berth_buffer_add(&text, piece, got);
    bool failed = ferror(file) || text.failed;
    (void)fclose(file);
    *ret = berth_buffer_take(&text);
    if (failed || !*ret) {
        free(*ret);
        *ret = NULL;
        return berth_fail(error, BERTH_IO, "frontend-read", "cannot read %s", path);
    }
    return BERTH_OK;
}

static enum berth_code refuse_missing(const char *directory, const char *name,
                                      struct berth_error *error) {
    enum berth_code code = berth_fail(error, BERTH_NOT_FOUND, "frontend-missing",
                                      "the shell is not built: %s/%s is missing", directory, name);
    berth_error_hint(error, "run scripts/setup, or `npm ci && npm run build` in "
                            "frontends/shell, or name its folder with --frontend");
    return code;
}

/* HTML standard, section 4.12.1.3: with neither, a script's text ends where it should. */
static enum berth_code check_inline(const char *directory, const char *text,
                                    struct berth_error *error) {
    static const char *const ends[] = {"</script", "<!--"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcasestr(text, ends[i])) {
            enum berth_code code =
                berth_fail(error, BERTH_REFUSED, "frontend-inline",
                           "pages hold %s/shell.js in a <script> element, and it has \"%s\" in it",
                           directory, ends[i]);
            berth_error_hint(error, "write it in another way, such as \"<\\/script\" in a string");
            return code;
        }
    return BERTH_OK;
}

/* Beside a page there is no map; there is one beside the shell's own URL. */
static char *make_inline(const struct berth_frontend *frontend) {
    struct berth_buffer text;
    berth_buffer_init(&text, FRONTEND_MAX_BYTES + PATH_BYTES);
    berth_buffer_text(&text, frontend->shell);
    if (frontend->shell_map)
        berth_buffer_printf(&text, "//# sourceMappingURL=%s.map\n", frontend->shell_url);
    return berth_buffer_take(&text);
}

static void name_by_digest(char *ret_url, size_t size, const char *name, const char *text) {
    struct berth_digest digest = berth_sha256(text, strlen(text));
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&digest, hex);
    (void)snprintf(ret_url, size, "/_berth/%s.%.16s.js", name, hex);
}

enum berth_code berth_frontend_load(const char *directory, struct berth_frontend *ret,
                                    struct berth_error *error) {
    struct berth_frontend loaded = {0};
    enum berth_code code = read_file(directory, "shell.js", &loaded.shell, error);
    if (code == BERTH_OK)
        code = read_file(directory, "shell.js.map", &loaded.shell_map, error);
    if (code == BERTH_OK)
        code = read_file(directory, "live.js", &loaded.live, error);
    if (code == BERTH_OK)
        code = read_file(directory, "live.js.map", &loaded.live_map, error);
    if (code == BERTH_OK)
        code = read_file(directory, "more.js", &loaded.more, error);
    if (code == BERTH_OK)
        code = read_file(directory, "more.js.map", &loaded.more_map, error);
    if (code == BERTH_OK && (!loaded.shell || !loaded.live))
        code = refuse_missing(directory, loaded.shell ? "live.js" : "shell.js", error);
    if (code == BERTH_OK && loaded.shell)
        code = check_inline(directory, loaded.shell, error);
    if (code != BERTH_OK || !loaded.shell) {
        berth_frontend_done(&loaded);
        return code;
    }
    name_by_digest(loaded.shell_url, sizeof loaded.shell_url, "shell", loaded.shell);
    if (loaded.more)
        name_by_digest(loaded.more_url, sizeof loaded.more_url, "more", loaded.more);
    loaded.inlined = make_inline(&loaded);
    if (loaded.inlined)
        loaded.inlined_raw =
            berth_raw_deflate(loaded.inlined, strlen(loaded.inlined), &loaded.inlined_raw_length);
    if (!loaded.inlined_raw) {
        berth_frontend_done(&loaded);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    *ret = loaded;
    return BERTH_OK;
}

void berth_frontend_done(struct berth_frontend *frontend) {
    free(frontend->shell);
    free(frontend->inlined);
    free(frontend->inlined_raw);
    free(frontend->shell_map);
    free(frontend->live);
    free(frontend->live_map);
    free(frontend->more);
    free(frontend->more_map);
    *frontend = (struct berth_frontend){0};
}
