/* Where an archive's members go: into the store, over a pipe to the server, or nowhere.
 *
 * Paths have passed berth_path_check where they come from reader.c; a sink on the other side of a
 * pipe checks them again. Each file is begun, gets its bytes in order, and is ended; after an error
 * nothing more is called.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BUNDLE_SINK_H
#define BUNDLE_SINK_H

#include "berth/error.h"
#include <stddef.h>
#include <stdint.h>

struct berth_sink {
    enum berth_code (*folder)(struct berth_sink *sink, const char *path, struct berth_error *error);
    /* `stated_bytes`: the size that the archive gives beforehand; -1 when it does not. */
    enum berth_code (*begin)(struct berth_sink *sink, const char *path, int64_t stated_bytes,
                             struct berth_error *error);
    enum berth_code (*add)(struct berth_sink *sink, const void *data, size_t length,
                           struct berth_error *error);
    enum berth_code (*end)(struct berth_sink *sink, struct berth_error *error);
};

#endif
