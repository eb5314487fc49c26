/* Both ends of reading in a process of its own. */
#include "berth/bundle.h"
#include "berth/log.h"
#include "child.h"
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

struct listener {
    struct berth_child child;
    struct berth_intake *intake;
    struct berth_error *error;
    bool finished; /* its last word was heard */
    bool ended;    /* the pipe was closed */
    bool faulty;   /* it said what no reader says */
    size_t start;
    size_t end;
    unsigned char buffer[WIRE_BUFFER_BYTES];
};

/* At least `want` bytes at `start`, unless the pipe ends before. */
static enum berth_code fill(struct listener *listener, size_t want) {
    if (listener->start + want > sizeof listener->buffer) {
        memmove(listener->buffer, listener->buffer + listener->start,
                listener->end - listener->start);
        listener->end -= listener->start;
        listener->start = 0;
    }
    while (listener->end - listener->start < want && !listener->ended) {
        size_t length = 0;
        enum berth_code code =
            berth_child_read(&listener->child, listener->buffer + listener->end,
                             sizeof listener->buffer - listener->end, &length, listener->error);
        if (code)
            return code;
        listener->end += length;
        listener->ended = length == 0;
    }
    return BERTH_OK;
}

/* Ends the hearing; what to say about it is decided when the process has ended. */
static enum berth_code distrust(struct listener *listener) {
    listener->faulty = true;
    return BERTH_REFUSED;
}

static enum berth_code take_error(struct listener *listener, const unsigned char *data,
                                  size_t length) {
    struct berth_error failure = {0};
    if (!berth_wire_error_parse(data, length, &failure))
        return distrust(listener);
    if (failure.code == BERTH_NO_MEMORY) {
        failure = (struct berth_error){0};
        berth_fail(&failure, BERTH_REFUSED, "limit-archive-memory",
                   "reading the archive takes more memory than it may");
        berth_error_hint(&failure, "pack the files again with another tool, or fewer of them");
    }
    if (listener->error && !listener->error->code)
        *listener->error = failure;
    return failure.code;
}

static enum berth_code take_name(struct listener *listener, enum wire_type type,
                                 const unsigned char *data, size_t length) {
    struct berth_sink *sink = &listener->intake->sink;
    if (listener->intake->path || memchr(data, '\0', length))
        return distrust(listener);
    char *path = strndup((const char *)data, length);
    if (!path)
        return berth_fail(listener->error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = type == WIRE_FOLDER ? sink->folder(sink, path, listener->error)
                                               : sink->begin(sink, path, -1, listener->error);
    free(path);
    return code;
}

static enum berth_code take_frame(struct listener *listener, enum wire_type type,
                                  const unsigned char *data, size_t length) {
    struct berth_sink *sink = &listener->intake->sink;
    bool in_file = listener->intake->path != NULL;
    switch (type) {
    case WIRE_UNFILTERED:
        berth_log_event("warn", "archive-reader-unfiltered", NULL);
        return BERTH_OK;
    case WIRE_FOLDER:
    case WIRE_FILE:
        return take_name(listener, type, data, length);
    case WIRE_BYTES:
        return in_file ? sink->add(sink, data, length, listener->error) : distrust(listener);
    case WIRE_END:
        return in_file ? sink->end(sink, listener->error) : distrust(listener);
    case WIRE_ERROR:
        return take_error(listener, data, length);
    case WIRE_DONE:
        listener->finished = true;
        return in_file || length ? distrust(listener) : BERTH_OK;
    default:
        return distrust(listener);
    }
}

static enum berth_code next_frame(struct listener *listener) {
    enum berth_code code = fill(listener, WIRE_HEAD_BYTES);
    if (code)
        return code;
    if (listener->end - listener->start < WIRE_HEAD_BYTES)
        return distrust(listener); /* it ended without a last word */
    const unsigned char *head = listener->buffer + listener->start;
    enum wire_type type = (enum wire_type)head[0];
    size_t length = 0;
    for (size_t i = WIRE_HEAD_BYTES; i-- > 1;)
        length = length << 8 | head[i];
    if (length > WIRE_MAX_BYTES)
        return distrust(listener);
    code = fill(listener, WIRE_HEAD_BYTES + length);
    if (code)
        return code;
    if (listener->end - listener->start < WIRE_HEAD_BYTES + length)
        return distrust(listener);
    const unsigned char *data = listener->buffer + listener->start + WIRE_HEAD_BYTES;
    listener->start += WIRE_HEAD_BYTES + length;
    return take_frame(listener, type, data, length);
}

/* Nothing may follow the last word. */
static enum berth_code hear(struct listener *listener) {
    enum berth_code code = BERTH_OK;
    while (!code && !listener->finished)
        code = next_frame(listener);
    if (!code)
        code = fill(listener, 1);
    if (!code && listener->end != listener->start)
        code = distrust(listener);
    return code;
}

static enum berth_code refuse_crash(const struct listener *listener, int status) {
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGXCPU) {
        berth_fail(listener->error, BERTH_REFUSED, "limit-archive-seconds",
                   "reading the archive takes longer than the limit");
        berth_error_hint(listener->error, "the limit is the server's --max-archive-seconds");
        return BERTH_REFUSED;
    }
    berth_log_event("error", "archive-reader-crashed",
                    json_pack("{si si sI}", "signal", number, "exit",
                              WIFEXITED(status) ? WEXITSTATUS(status) : 0, "archiveBytes",
                              (json_int_t)listener->intake->archive_bytes));
    berth_fail(listener->error, BERTH_REFUSED, "archive-reader-crashed",
               "the process that reads archives failed on this one");
    berth_error_hint(listener->error, "pack the files again with another tool");
    return BERTH_REFUSED;
}

enum berth_code berth_isolate_read(struct berth_intake *intake, int fd, enum berth_archive kind,
                                   struct berth_error *error) {
    /* On the heap: the buffer is more than half of a worker's stack. */
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    listener->intake = intake;
    listener->error = error;
    const struct berth_child_task task = {
        .kind = kind, .archive_bytes = intake->archive_bytes, .limits = *intake->limits};
    enum berth_code code = berth_child_start(fd, &task, &listener->child, error);
    if (!code) {
        code = hear(listener);
        int status = berth_child_end(&listener->child, listener->ended);
        if (listener->faulty || (!code && status != 0))
            code = refuse_crash(listener, status);
    }
    free(listener);
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
    /* libarchive turns a zip's times into seconds: without this the C library asks for the zone's
     * file. Nothing here keeps a time. */
    if (setenv("TZ", "UTC0", 1) != 0)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    tzset();
    enum berth_code code = berth_archive_prepare(error);
    if (!code)
        code = berth_jail_enter(task->limits.seconds, task->limits.entries, &filtered, error);
    if (!code && !filtered)
        code = berth_wire_put(wire, WIRE_UNFILTERED, NULL, 0, error);
    return code ? code : read_to(wire, task, error);
}

int berth_bundle_reader_main(int argc, char **argv) {
    struct berth_child_task task;
    struct berth_error error = {0};
    struct berth_wire *wire = calloc(1, sizeof *wire);
    if (!wire || !berth_child_task_parse(argc, argv, &task)) {
        static const char text[] = "berth: this command is the server's own\n";
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        _exit(2);
    }
    berth_wire_init(wire, STDOUT_FILENO);
    enum berth_code code = serve(wire, &task, &error);
    code =
        code ? berth_wire_put_error(wire, &error) : berth_wire_put(wire, WIRE_DONE, NULL, 0, NULL);
    if (!code)
        code = berth_wire_flush(wire, NULL);
    _exit(code ? 1 : 0); /* not exit(): what it would run wants more than the filter allows */
}
