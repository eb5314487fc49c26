/* The browser parts of the server itself, as they are answered: the shell and its second file under
 * the names of their digests, and source maps for those who open the tools. */
#include "desk.h"

#include <stdio.h>
#include <string.h>

static const char forever[] = "public, max-age=31536000, immutable";
static const char folder[] = "/_berth/";

/* A file that is not there (text NULL) is left out. */
static bool add(struct berth_desk *desk, const char *name, const char *text,
                const char *cache_control) {
    if (!text)
        return true;
    char *copy = strdup(text);
    struct berth_view *view =
        berth_view_create(copy, strlen(text), berth_mime_type(name), cache_control);
    if (!view)
        return false;
    struct frontend_file *file = &desk->files[desk->file_count++];
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    file->view = view;
    desk_press(desk, view, true);
    return true;
}

enum berth_code desk_open_frontend(struct berth_desk *desk, struct berth_error *error) {
    const struct berth_frontend *frontend = desk->options.frontend;
    const char *shell = frontend->shell_url + strlen(folder);
    const char *more = frontend->more_url + strlen(folder);
    char shell_map[sizeof frontend->shell_url + 8];
    (void)snprintf(shell_map, sizeof shell_map, "%s.map", shell);
    bool made = add(desk, shell, frontend->shell, forever) &&
                (!frontend->more || add(desk, more, frontend->more, forever)) &&
                add(desk, shell_map, frontend->shell_map, forever) &&
                add(desk, "shell.js.map", frontend->shell_map, "no-cache") &&
                add(desk, "live.js.map", frontend->live_map, "no-cache") &&
                add(desk, "more.js.map", frontend->more_map, "no-cache");
    return made ? BERTH_OK : desk_out_of_memory(error);
}

void desk_close_frontend(struct berth_desk *desk) {
    for (size_t i = 0; i < desk->file_count; i++)
        berth_view_unref(desk->files[i].view);
}

const struct berth_view *berth_desk_frontend_file(const struct berth_desk *desk, const char *name) {
    for (size_t i = 0; i < desk->file_count; i++)
        if (strcmp(desk->files[i].name, name) == 0)
            return desk->files[i].view;
    return NULL;
}
