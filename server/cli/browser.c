#include "browser.h"

#include "args.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* An opener that is wrong says so soon; one that is still there then is a browser that runs. */
enum { ARGUMENTS_MAX = 16, PATIENCE_MS = 3000, STEP_MS = 20 };

extern char **environ;

static bool has_display(void) {
#ifdef __APPLE__
    return true;
#else
    return cli_environment("DISPLAY") || cli_environment("WAYLAND_DISPLAY");
#endif
}

/* Not of our session, so that an interrupt at the terminal is not for it, and silent. */
static bool detach(posix_spawnattr_t *attributes, posix_spawn_file_actions_t *actions) {
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID) == 0 &&
           posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
           posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0) == 0 &&
           posix_spawn_file_actions_addopen(actions, 2, "/dev/null", O_WRONLY, 0) == 0;
}

static int spawn(char *const *arguments, bool detached, pid_t *ret) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    int failed = detached && !detach(&attributes, &actions) ? ENOMEM : 0;
    if (!failed)
        failed = posix_spawnp(ret, arguments[0], &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* Without a pidfd (an old kernel, a sandbox) it is asked again and again. */
static bool ends_soon(pid_t pid, int *ret_status) {
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += STEP_MS) {
        pid_t ended = waitpid(pid, ret_status, WNOHANG);
        if (ended != 0)
            return ended == pid;
        (void)poll(NULL, 0, STEP_MS);
    }
    return false;
}

/* False when it is still running after a while; one that has the terminal is waited for. */
static bool has_ended(pid_t pid, bool detached, int *ret_status) {
    int fd = detached ? pidfd_open(pid, 0) : -1;
    struct pollfd ended = {.fd = fd, .events = POLLIN};
    if (!detached)
        return waitpid(pid, ret_status, 0) == pid;
    if (fd < 0)
        return ends_soon(pid, ret_status);
    (void)poll(&ended, 1, PATIENCE_MS);
    close(fd);
    return waitpid(pid, ret_status, WNOHANG) == pid;
}

static bool run(char *const *arguments, bool detached, char *ret_why, size_t size) {
    pid_t pid;
    int status = 0;
    int failed = spawn(arguments, detached, &pid);
    if (failed) {
        (void)snprintf(ret_why, size, "cannot start %.200s: %s", arguments[0], strerror(failed));
        return false;
    }
    if (!has_ended(pid, detached, &status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return true;
    (void)snprintf(ret_why, size, "%.200s failed (%s %d)", arguments[0],
                   WIFEXITED(status) ? "exit code" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}

/* A word with the URL in place of "%s"; to be freed. NULL without one, or without memory. */
static char *put_url(const char *word, const char *url) {
    const char *at = strstr(word, "%s");
    char *text = NULL;
    if (!at || asprintf(&text, "%.*s%s%s", (int)(at - word), word, url, at + 2) < 0)
        return NULL;
    return text;
}

/* One command of the list; `command` is cut into its words. */
static bool run_command(char *command, const char *url, bool detached, char *ret_why, size_t size) {
    char *arguments[ARGUMENTS_MAX + 2] = {0}, *with_url = NULL, *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(command, " \t", &rest); word && count < ARGUMENTS_MAX;
         word = strtok_r(NULL, " \t", &rest)) {
        char *text = with_url ? NULL : put_url(word, url);
        with_url = text ? text : with_url;
        arguments[count++] = text ? text : word;
    }
    if (!with_url)
        with_url = arguments[count++] = strdup(url);
    bool opened = count > 1 && with_url && run(arguments, detached, ret_why, size);
    free(with_url);
    return opened;
}

bool cli_browser_open(const char *url, bool silent, char *ret_why, size_t size) {
    const char *named = cli_environment("BROWSER");
    if (!named && !has_display()) {
        (void)snprintf(ret_why, size, "there is no display here, and BROWSER is not set");
        return false;
    }
    (void)snprintf(ret_why, size, "BROWSER names no command");
    char *list = strdup(named ? named : "xdg-open"), *rest = NULL;
    bool opened = false;
    for (char *command = list ? strtok_r(list, ":", &rest) : NULL; command && !opened;
         command = strtok_r(NULL, ":", &rest))
        opened = run_command(command, url, silent || has_display(), ret_why, size);
    free(list);
    return opened;
}
