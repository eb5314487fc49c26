#include "console.h"

#include "berth/auth.h"
#include "berth/clock.h"
#include "berth/json.h"
#include "berth/log.h"
#include "berth/semver.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_BYTES = 4096,
    PACKAGE_BYTES = 2048,
    PIECE_BYTES = 4096,
    AGAIN_MS = 500,
    AGAIN_MOST_MS = 60000,
    TELL_AFTER = 5
};

/* As for the first token. */
static const struct berth_actor SERVER = {.name = "berth serve"};
static const char REASON[] = "the console that this server brings";

struct serve_console {
    const char *folder;
    struct berth_desk *desk;
    struct berth_registry *registry;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t bell;
    bool stopping;
};

/* What is live of the console. */
struct live {
    char version[BERTH_VERSION_MAX_BYTES + 1]; /* "" for nothing */
    int64_t generation;
    bool ours; /* the server itself has activated it */
};

/* --- what there is --- */

static enum berth_code read_file(const char *path, char *ret, size_t size, size_t *ret_length,
                                 struct berth_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return berth_fail_errno(error, "console-missing", "cannot open the console's package.json");
    ssize_t length = read(fd, ret, size);
    enum berth_code code = BERTH_OK;
    if (length < 0)
        code = berth_fail_errno(error, "console-read", "cannot read the console's package.json");
    *ret_length = code == BERTH_OK ? (size_t)length : 0;
    (void)close(fd);
    return code;
}

/* The version of the console in the folder. */
static enum berth_code read_version(const char *folder, char ret[BERTH_VERSION_MAX_BYTES + 1],
                                    struct berth_error *error) {
    char path[PATH_BYTES], text[PACKAGE_BYTES];
    size_t length = 0;
    json_t *package = NULL;
    (void)snprintf(path, sizeof path, "%s/package.json", folder);
    enum berth_code code = read_file(path, text, sizeof text, &length, error);
    if (code == BERTH_OK)
        code = berth_json_parse(text, length, sizeof text - 1, &package, error);
    const char *name = berth_json_string(package, "name");
    const char *version = berth_json_string(package, "version");
    if (code == BERTH_OK && (!name || strcmp(name, BERTH_CONSOLE_MODULE) != 0 || !version))
        code = berth_fail(error, BERTH_REFUSED, "package-syntax",
                          "the package is not " BERTH_CONSOLE_MODULE ", or has no version");
    if (code == BERTH_OK)
        code = berth_semver_check(version, error);
    if (code == BERTH_OK)
        (void)snprintf(ret, BERTH_VERSION_MAX_BYTES + 1, "%s", version);
    else
        berth_error_where(error, "%s", path);
    json_decref(package);
    return code;
}

static bool note_live(const struct berth_change *change, void *context) {
    struct live *live = context;
    if (strcmp(change->module, BERTH_CONSOLE_MODULE) != 0)
        return true;
    (void)snprintf(live->version, sizeof live->version, "%s", change->version);
    live->generation = change->generation;
    live->ours = change->kind == BERTH_CHANGE_ACTIVATION;
    return false;
}

static bool note_activation(const struct berth_audit_record *record, void *context) {
    struct live *live = context;
    /* A token may have any name; only the server itself has none. */
    live->ours = live->ours && !record->token;
    return false;
}

/* A rollback was somebody's wish, and so was an activation with a token. */
static enum berth_code find_live(struct berth_registry *registry, struct live *ret,
                                 struct berth_error *error) {
    const struct berth_audit_filter last = {
        .limit = 1, .modules = BERTH_CONSOLE_MODULE, .action = "activate"};
    *ret = (struct live){0};
    enum berth_code code = registry->ops->live_each(registry, note_live, ret, error);
    if (code == BERTH_OK && ret->ours)
        code = registry->ops->audit_each(registry, &last, note_activation, ret, error);
    return code;
}

static bool is_wanted(const struct live *live, const char *version) {
    if (!*live->version)
        return true;
    return live->ours && strcmp(live->version, version) != 0 &&
           berth_semver_compare(live->version, version) <= 0;
}

/* --- publishing --- */

static enum berth_code send_packed(int fd, struct berth_upload *upload, struct berth_error *error) {
    char piece[PIECE_BYTES];
    off_t at = 0;
    enum berth_code code = BERTH_OK;
    for (;;) {
        ssize_t length = pread(fd, piece, sizeof piece, at);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return berth_fail_errno(error, "scratch-read", "cannot read the packed console");
        if (length == 0)
            return BERTH_OK;
        code = berth_upload_add(upload, piece, (size_t)length, error);
        if (code != BERTH_OK)
            return code;
        at += length;
    }
}

static enum berth_code spool(const struct serve_console *console, struct berth_upload *upload,
                             struct berth_error *error) {
    int fd = -1;
    enum berth_code code = berth_store_scratch(berth_desk_store(console->desk), &fd, error);
    if (code != BERTH_OK)
        return code;
    code = berth_bundle_pack(console->folder, fd, NULL, NULL, error);
    if (code == BERTH_OK)
        code = send_packed(fd, upload, error);
    (void)close(fd);
    return code;
}

static enum berth_code upload(const struct serve_console *console, const char *version,
                              struct berth_error *error) {
    const struct berth_upload_request request = {
        .module = BERTH_CONSOLE_MODULE, .version = version, .by = SERVER, .reason = REASON};
    struct berth_upload *upload = NULL;
    struct berth_uploaded uploaded = {0};
    enum berth_code code = berth_upload_begin(console->desk, &upload, error);
    if (code != BERTH_OK)
        return code;
    code = spool(console, upload, error);
    if (code != BERTH_OK) {
        berth_upload_abort(upload);
        return code;
    }
    code = berth_upload_finish(upload, &request, &uploaded, error);
    berth_uploaded_done(&uploaded);
    return code;
}

/* Only if nobody has changed what is live meanwhile. */
static enum berth_code activate(const struct serve_console *console, const char *version,
                                const struct live *live, struct berth_error *error) {
    const struct berth_activate request = {.module = BERTH_CONSOLE_MODULE,
                                           .version = version,
                                           .expected = live->generation,
                                           .at_ms = berth_now_ms(),
                                           .by = SERVER,
                                           .reason = REASON};
    struct berth_activated activated = {0};
    enum berth_code code = berth_desk_activate(console->desk, &request, &activated, error);
    if (code == BERTH_OK)
        berth_log_event(
            "info", "console-published",
            json_pack("{ss ss?}", "version", activated.version, "previous", activated.previous));
    berth_activated_done(&activated);
    return code == BERTH_STALE ? BERTH_OK : code;
}

static enum berth_code publish(const struct serve_console *console, struct berth_error *error) {
    char version[BERTH_VERSION_MAX_BYTES + 1];
    struct live live;
    enum berth_code code = find_live(console->registry, &live, error);
    if (code != BERTH_OK || (*live.version && !live.ours))
        return code;
    code = read_version(console->folder, version, error);
    if (code != BERTH_OK || !is_wanted(&live, version))
        return code;
    code = upload(console, version, error);
    return code == BERTH_OK ? activate(console, version, &live, error) : code;
}

/* --- the thread --- */

/* True when it is time to try again, false when the server stops. */
static bool wait_again(struct serve_console *console, int ms) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int late = 0;
    pthread_mutex_lock(&console->lock);
    while (!console->stopping && late != ETIMEDOUT)
        late = pthread_cond_timedwait(&console->bell, &console->lock, &until);
    bool stopping = console->stopping;
    pthread_mutex_unlock(&console->lock);
    return !stopping;
}

static void tell(const struct serve_console *console, const struct berth_error *error) {
    const char *hint = *error->hint ? error->hint
                                    : "mend it and start again, or publish one with: berth push "
                                      "DIR --activate; --console off ends this";
    berth_log_event("warn", "console-not-published",
                    json_pack("{ss so so so ss}", "rule", error->rule, "text",
                              berth_log_text(error->text), "where", berth_log_text(error->where),
                              "folder", berth_log_text(console->folder), "hint", hint));
}

static void *run(void *context) {
    struct serve_console *console = context;
    struct berth_error error = {0};
    enum berth_code code = publish(console, &error);
    /* Uploads have all places, and theirs come first; or no reader of archives can be had now. */
    int ms = AGAIN_MS, tries = 0;
    while (code == BERTH_BUSY && wait_again(console, ms)) {
        ms = ms < AGAIN_MOST_MS / 2 ? 2 * ms : AGAIN_MOST_MS;
        if (++tries == TELL_AFTER)
            tell(console, &error);
        error = (struct berth_error){0};
        code = publish(console, &error);
    }
    if (code != BERTH_OK && code != BERTH_BUSY)
        tell(console, &error);
    return NULL;
}

static const char *folder_of(const char *set) {
    struct stat info;
    if (*set)
        return set;
    return stat(BERTH_CONSOLE_BUILT "/package.json", &info) == 0 ? BERTH_CONSOLE_BUILT
                                                                 : BERTH_CONSOLE_INSTALLED;
}

struct serve_console *serve_console_start(const char *folder, struct berth_desk *desk,
                                          struct berth_registry *registry) {
    if (strcmp(folder, "off") == 0)
        return NULL;
    struct serve_console *console = calloc(1, sizeof *console);
    if (!console)
        return NULL;
    pthread_condattr_t attributes;
    *console =
        (struct serve_console){.folder = folder_of(folder), .desk = desk, .registry = registry};
    pthread_mutex_init(&console->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&console->bell, &attributes);
    pthread_condattr_destroy(&attributes);
    int failed = pthread_create(&console->thread, NULL, run, console);
    if (!failed)
        return console;
    struct berth_error error = {0};
    errno = failed;
    berth_fail_errno(&error, "thread", "cannot start a thread");
    tell(console, &error);
    free(console);
    return NULL;
}

void serve_console_stop(struct serve_console *console) {
    if (!console)
        return;
    pthread_mutex_lock(&console->lock);
    console->stopping = true;
    pthread_cond_signal(&console->bell);
    pthread_mutex_unlock(&console->lock);
    pthread_join(console->thread, NULL);
    pthread_cond_destroy(&console->bell);
    pthread_mutex_destroy(&console->lock);
    free(console);
}
