/* What a reader process writes to the server: frames of a type, a length and so many bytes.
 *
 *     type (1 byte)  length (4 bytes, least first)  payload
 *
 * A folder or a file is named by a frame, a file's bytes follow in any number of frames, and
 * WIRE_END ends it. The last frame is WIRE_DONE or WIRE_ERROR; without one the reader has failed.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BUNDLE_WIRE_H
#define BUNDLE_WIRE_H

#include "berth/error.h"
#include "sink.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_HEAD_BYTES = 5, WIRE_MAX_BYTES = 32 * 1024, WIRE_BUFFER_BYTES = 64 * 1024 };

enum wire_type {
    WIRE_UNFILTERED = 'u', /* the reader runs without its system call filter */
    WIRE_FOLDER = 'd',     /* path */
    WIRE_FILE = 'f',       /* path */
    WIRE_BYTES = 'b',
    WIRE_END = 'e',
    WIRE_ERROR = 'x', /* code (1 byte), then rule, where, text, hint, each ended by a NUL */
    WIRE_DONE = 'z',
};

/* The reader's side: a sink that writes frames. */
struct berth_wire {
    struct berth_sink sink; /* first: a sink's functions get it as their own */
    int fd;
    size_t used;
    unsigned char buffer[WIRE_BUFFER_BYTES];
};

void berth_wire_init(struct berth_wire *wire, int fd);
/* `length` at most WIRE_MAX_BYTES. */
enum berth_code berth_wire_put(struct berth_wire *wire, enum wire_type type, const void *data,
                               size_t length, struct berth_error *error);
enum berth_code berth_wire_put_error(struct berth_wire *wire, const struct berth_error *failure);
enum berth_code berth_wire_flush(struct berth_wire *wire, struct berth_error *error);

/* The server's side. True when the payload is an error that a reader may give: a known code, a rule
 * that is a slug, texts that are printable UTF-8. */
bool berth_wire_error_parse(const unsigned char *data, size_t length, struct berth_error *ret);

#endif
