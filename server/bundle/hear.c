#include "hear.h"
#include "berth/log.h"
#include "wire.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct listener {
    struct berth_child *child;
    struct berth_intake *intake;
    struct berth_error *error;
    bool finished; /* its last word was heard */
    bool ended;    /* the pipe was closed */
    bool faulty;   /* it said what no reader says */
    bool begun;    /* something was heard */
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
            berth_child_read(listener->child, listener->buffer + listener->end,
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

/* Only as its first word: a log is not for readers to fill. */
static enum berth_code take_note(struct listener *listener) {
    if (listener->begun)
        return distrust(listener);
    berth_log_event("warn", "archive-reader-unfiltered", NULL);
    return BERTH_OK;
}

static enum berth_code take_frame(struct listener *listener, enum wire_type type,
                                  const unsigned char *data, size_t length) {
    struct berth_sink *sink = &listener->intake->sink;
    bool in_file = listener->intake->path != NULL;
    switch (type) {
    case WIRE_UNFILTERED:
        return take_note(listener);
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
    code = take_frame(listener, type, data, length);
    listener->begun = true;
    return code;
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

enum berth_code berth_hear(struct berth_child *child, struct berth_intake *intake,
                           struct berth_heard *ret, struct berth_error *error) {
    /* On the heap: the buffer is more than half of a worker's stack. */
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    listener->child = child;
    listener->intake = intake;
    listener->error = error;
    enum berth_code code = hear(listener);
    *ret = (struct berth_heard){.ended = listener->ended, .faulty = listener->faulty};
    free(listener);
    return code;
}
