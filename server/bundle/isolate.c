/* Both ends of reading in a process of its own. */
#include "berth/bundle.h"
#include "berth/log.h"
#include "child.h"
#include "hear.h"
#include "jail.h"
#include "reader.h"
#include "unpack.h"
#include "wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- the server's end --- */

static enum berth_code refuse_crash(int status, int64_t archive_bytes, struct berth_error *error) {
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGXCPU) {
        berth_fail(error, BERTH_REFUSED, "limit-archive-seconds",
                   "reading the archive takes longer than the limit");
        berth_error_hint(error, "the limit is the server's --max-archive-seconds");
        return BERTH_REFUSED;
    }
    berth_log_event("error", "archive-reader-crashed",
                    json_pack("{si si sI}", "signal", number, "exit",
                              WIFEXITED(status) ? WEXITSTATUS(status) : 0, "archiveBytes",
                              (json_int_t)archive_bytes));
    berth_fail(error, BERTH_REFUSED, "archive-reader-crashed",
               "the process that reads archives failed on this one");
    berth_error_hint(error, "pack the files again with another tool");
    return BERTH_REFUSED;
}

/* Nothing is known of this archive, so there is nothing to hold against it. */
static enum berth_code refuse_lost(int64_t archive_bytes, struct berth_error *error) {
    berth_log_event("warn", "archive-reader-lost",
                    json_pack("{sI}", "archiveBytes", (json_int_t)archive_bytes));
    berth_fail(error, BERTH_BUSY, "archive-reader-start",
               "the process that reads the archive was ended with the one that starts it");
    berth_error_hint(error, "try again");
    return BERTH_BUSY;
}

enum berth_code berth_isolate_read(struct berth_intake *intake, int fd, enum berth_archive kind,
                                   struct berth_error *error) {
    const struct berth_child_task task = {
        .kind = kind, .archive_bytes = intake->archive_bytes, .limits = *intake->limits};
    struct berth_child child;
    struct berth_heard heard = {0};
    enum berth_code code = berth_child_start(fd, &task, &child, error);
    if (code)
        return code;
    code = berth_hear(&child, intake, &heard, error);
    int status = berth_child_end(&child, heard.ended);
    if (status == BERTH_CHILD_LOST && heard.ended && (heard.faulty || !code))
        return refuse_lost(intake->archive_bytes, error);
    if (heard.faulty || (!code && status != 0))
        return refuse_crash(status, intake->archive_bytes, error);
    return code;
}

/* --- the reader's end --- */

static enum berth_code read_to(struct berth_wire *wire, const struct berth_child_task *task,
                               struct berth_error *error) {
    enum berth_archive kind = (enum berth_archive)task->kind;
    enum berth_code code =
        berth_archive_look(STDIN_FILENO, task->archive_bytes, kind, &task->limits, error);
    return code ? code
                : berth_archive_scan(STDIN_FILENO, task->archive_bytes, kind, &task->limits,
                                     &wire->sink, error);
}

static enum berth_code serve(struct berth_wire *wire, const struct berth_child_task *task,
                             struct berth_error *error) {
    bool filtered = false;
    enum berth_code code = berth_archive_prepare(error);
    if (!code)
        code = berth_jail_enter(task->limits.seconds, task->limits.entries, &filtered, error);
    if (!code && !filtered)
        code = berth_wire_put(wire, WIRE_UNFILTERED, NULL, 0, error);
    return code ? code : read_to(wire, task, error);
}

void berth_isolate_reader(const struct berth_child_task *task) {
    static struct berth_wire wire;
    struct berth_error error = {0};
    berth_wire_init(&wire, STDOUT_FILENO);
    enum berth_code code = serve(&wire, task, &error);
    code = code ? berth_wire_put_error(&wire, &error)
                : berth_wire_put(&wire, WIRE_DONE, NULL, 0, NULL);
    if (!code)
        code = berth_wire_flush(&wire, NULL);
    _exit(code ? 1 : 0); /* not exit(): what it would run wants more than the filter allows */
}

/* What every reader would do before it reads, done once for all. */
static void prepare(void) {
    /* libarchive turns a zip's times into seconds: without this the C library asks for the zone's
     * file. Nothing here keeps a time. */
    if (setenv("TZ", "UTC0", 1) == 0)
        tzset();
    (void)berth_archive_prepare(NULL); /* a reader tells when it fails */
}

int berth_bundle_reader_main(void) {
    berth_parent_run(prepare, berth_isolate_reader);
}
