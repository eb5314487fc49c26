#include "profile.h"

#include "args.h"

#include "berth/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct search {
    const char *name;
    struct cli_profile *profile;
    bool found;
};

static enum berth_code take(void *context, const struct berth_setting *setting,
                            struct berth_error *error) {
    struct search *search = context;
    struct cli_profile *profile = search->profile;
    const char *section = *setting->section ? setting->section : "default";
    bool wanted = strcmp(section, search->name) == 0;
    const char **member = strcmp(setting->name, "server") == 0       ? &profile->server
                          : strcmp(setting->name, "token") == 0      ? &profile->token
                          : strcmp(setting->name, "token-file") == 0 ? &profile->token_file
                          : strcmp(setting->name, "ca-file") == 0    ? &profile->ca_file
                                                                     : NULL;
    if (!member) {
        berth_fail(error, BERTH_INVALID, "settings", "there is no setting %.80s", setting->name);
        berth_error_hint(error, "a profile has server, token, token-file and ca-file");
        return BERTH_INVALID;
    }
    if (wanted && *setting->value)
        *member = setting->value;
    search->found = search->found || wanted;
    return BERTH_OK;
}

/* The path of the settings, or of a file beside them; free() it. NULL: nowhere to look, or out of
 * memory. */
static char *path_of(const char *name) {
    const char *folder = cli_environment("XDG_CONFIG_HOME");
    const char *home = cli_environment("HOME");
    char *path = NULL;
    if (folder && *folder == '/') {
        if (asprintf(&path, "%s/berth/%s", folder, name) < 0)
            return NULL;
    } else if (!home || asprintf(&path, "%s/.config/berth/%s", home, name) < 0) {
        return NULL;
    }
    return path;
}

static void warn_of_readers(const struct cli_style *style, const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)))
        cli_warn(style, "others can read the token in %s: chmod 600 it", path);
}

/* A path that is not absolute begins at the folder of the settings. */
static enum berth_code find_file(const char **name, char **ret_path, struct berth_error *error) {
    if (!*name || **name == '/')
        return BERTH_OK;
    *ret_path = path_of(*name);
    *name = *ret_path;
    return *ret_path ? BERTH_OK : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code find_files(struct cli_profile *profile, struct berth_error *error) {
    enum berth_code code = find_file(&profile->token_file, &profile->token_path, error);
    return code == BERTH_OK ? find_file(&profile->ca_file, &profile->ca_path, error) : code;
}

static enum berth_code check(const struct cli_style *style, const struct search *search,
                             const char *path, struct berth_error *error) {
    const struct cli_profile *profile = search->profile;
    if (profile->token && profile->token_file) {
        berth_fail(error, BERTH_INVALID, "settings", "profile %.80s has both token and token-file",
                   search->name);
        berth_error_where(error, "%s", path);
        return BERTH_INVALID;
    }
    if (profile->token)
        warn_of_readers(style, path);
    return BERTH_OK;
}

static enum berth_code read_file(const struct cli_style *style, struct search *search,
                                 const char *path, bool named, struct berth_error *error) {
    struct berth_error problem = {0};
    enum berth_code code =
        berth_settings_read(path, take, search, &search->profile->text, &problem);
    if (code == BERTH_OK)
        code = check(style, search, path, &problem);
    if (code == BERTH_OK)
        code = find_files(search->profile, &problem);
    if (code == BERTH_NOT_FOUND)
        code = BERTH_OK;
    else if (code != BERTH_OK)
        *error = problem;
    if (code == BERTH_OK && named && !search->found) {
        code =
            berth_fail(error, BERTH_INVALID, "profile", "there is no profile %.80s", search->name);
        berth_error_where(error, "%s", path);
        berth_error_hint(error, "add a section [%.80s] with a server and a token-file",
                         search->name);
    }
    return code;
}

enum berth_code cli_profile_read(const struct cli_style *style, const char *name,
                                 struct cli_profile *ret, struct berth_error *error) {
    *ret = (struct cli_profile){0};
    name = name ? name : cli_environment("BERTH_PROFILE");
    struct search search = {.name = name ? name : "default", .profile = ret};
    char *path = path_of("config");
    if (!path)
        return name ? berth_fail(error, BERTH_INVALID, "profile",
                                 "no profiles without HOME or XDG_CONFIG_HOME")
                    : BERTH_OK;
    enum berth_code code = read_file(style, &search, path, name != NULL, error);
    free(path);
    return code;
}

void cli_profile_done(struct cli_profile *profile) {
    free(profile->text);
    free(profile->token_path);
    free(profile->ca_path);
    *profile = (struct cli_profile){0};
}

bool cli_profile_is_for(const struct cli_profile *profile, const char *server) {
    return !server || (profile->server && strcmp(server, profile->server) == 0);
}

enum berth_code cli_token_file_read(const char *path, char ret[CLI_TOKEN_MAX_BYTES],
                                    struct berth_error *error) {
    FILE *file = fopen(path, "re");
    if (!file) {
        berth_fail_errno(error, "token-file", "cannot read the token file");
        berth_error_where(error, "%s", path);
        return error->code;
    }
    char *line = fgets(ret, CLI_TOKEN_MAX_BYTES, file);
    (void)fclose(file);
    if (!line) {
        berth_fail(error, BERTH_INVALID, "token-file", "the token file is empty");
        berth_error_where(error, "%s", path);
        return BERTH_INVALID;
    }
    ret[strcspn(ret, "\r\n")] = '\0';
    return BERTH_OK;
}
