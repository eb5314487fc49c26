#include "wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <unistr.h>

enum { ERROR_PARTS = 4 };

enum berth_code berth_wire_flush(struct berth_wire *wire, struct berth_error *error) {
    size_t done = 0;
    while (done < wire->used) {
        ssize_t written = write(wire->fd, wire->buffer + done, wire->used - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return berth_fail_errno(error, "archive-reader", "cannot write to the server");
        done += (size_t)written;
    }
    wire->used = 0;
    return BERTH_OK;
}

static void append(struct berth_wire *wire, const void *data, size_t length) {
    if (length)
        memcpy(wire->buffer + wire->used, data, length);
    wire->used += length;
}

enum berth_code berth_wire_put(struct berth_wire *wire, enum wire_type type, const void *data,
                               size_t length, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    if (wire->used + WIRE_HEAD_BYTES + length > sizeof wire->buffer)
        code = berth_wire_flush(wire, error);
    if (code)
        return code;
    unsigned char head[WIRE_HEAD_BYTES] = {(unsigned char)type};
    for (size_t i = 1; i < sizeof head; i++)
        head[i] = (unsigned char)(length >> 8 * (i - 1));
    append(wire, head, sizeof head);
    append(wire, data, length);
    return BERTH_OK;
}

static enum berth_code wire_folder(struct berth_sink *sink, const char *path,
                                   struct berth_error *error) {
    return berth_wire_put((struct berth_wire *)sink, WIRE_FOLDER, path, strlen(path), error);
}

static enum berth_code wire_begin(struct berth_sink *sink, const char *path, int64_t stated_bytes,
                                  struct berth_error *error) {
    (void)stated_bytes;
    return berth_wire_put((struct berth_wire *)sink, WIRE_FILE, path, strlen(path), error);
}

static enum berth_code wire_add(struct berth_sink *sink, const void *data, size_t length,
                                struct berth_error *error) {
    const unsigned char *rest = data;
    enum berth_code code = BERTH_OK;
    while (!code && length) {
        size_t take = length < WIRE_MAX_BYTES ? length : WIRE_MAX_BYTES;
        code = berth_wire_put((struct berth_wire *)sink, WIRE_BYTES, rest, take, error);
        rest += take;
        length -= take;
    }
    return code;
}

static enum berth_code wire_end(struct berth_sink *sink, struct berth_error *error) {
    return berth_wire_put((struct berth_wire *)sink, WIRE_END, NULL, 0, error);
}

void berth_wire_init(struct berth_wire *wire, int fd) {
    wire->sink = (struct berth_sink){
        .folder = wire_folder, .begin = wire_begin, .add = wire_add, .end = wire_end};
    wire->fd = fd;
    wire->used = 0;
}

enum berth_code berth_wire_put_error(struct berth_wire *wire, const struct berth_error *failure) {
    const char *parts[ERROR_PARTS] = {failure->rule, failure->where, failure->text, failure->hint};
    unsigned char data[1 + sizeof *failure];
    size_t used = 0;
    data[used++] = (unsigned char)failure->code;
    for (size_t i = 0; i < ERROR_PARTS; i++) {
        size_t length = strlen(parts[i]) + 1;
        memcpy(data + used, parts[i], length);
        used += length;
    }
    return berth_wire_put(wire, WIRE_ERROR, data, used, NULL);
}

static bool is_text(const char *text) {
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return !u8_check((const uint8_t *)text, strlen(text));
}

static bool is_code(unsigned char code) {
    switch (code) {
    case BERTH_TOO_LARGE:
    case BERTH_UNSUPPORTED:
    case BERTH_REFUSED:
    case BERTH_NO_MEMORY:
    case BERTH_IO:
        return true;
    default:
        return false;
    }
}

bool berth_wire_error_parse(const unsigned char *data, size_t length, struct berth_error *ret) {
    if (length < 2 || data[length - 1] != '\0' || !is_code(data[0]))
        return false;
    const char *at = (const char *)data + 1;
    const char *end = (const char *)data + length;
    const char *parts[ERROR_PARTS] = {"", "", "", ""};
    for (size_t i = 0; i < ERROR_PARTS && at < end; at += strlen(at) + 1)
        parts[i++] = at;
    static const char slug[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (!*parts[0] || parts[0][strspn(parts[0], slug)])
        return false;
    for (size_t i = 1; i < ERROR_PARTS; i++)
        if (!is_text(parts[i]))
            return false;
    berth_fail(ret, (enum berth_code)data[0], parts[0], "%s", parts[2]);
    berth_error_where(ret, "%s", parts[1]);
    berth_error_hint(ret, "%s", parts[3]);
    return true;
}
