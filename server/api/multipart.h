/* multipart/form-data (RFC 7578) as it comes: headers of a part are collected, its bytes are passed
 * on, nothing else is kept.
 *
 * Each part is begun, gets its bytes in order, and is ended; after an error nothing more is called.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BERTH_API_MULTIPART_H
#define BERTH_API_MULTIPART_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    API_BOUNDARY_MAX_BYTES = 70, /* RFC 2046 section 5.1.1 */
    API_PARTS_MAX = 32,
    API_PART_HEAD_MAX_BYTES = 4096,
    API_PART_NAME_MAX_BYTES = 100,
    API_PREAMBLE_MAX_BYTES = 4096, /* before the first boundary */
};

struct api_multipart_sink {
    /* `file`: it has a file's name, whatever that is. */
    enum berth_code (*begin)(void *context, const char *name, bool file, struct berth_error *error);
    enum berth_code (*add)(void *context, const void *data, size_t length,
                           struct berth_error *error);
    enum berth_code (*end)(void *context, struct berth_error *error);
};

enum api_multipart_state {
    API_MULTIPART_BODY,      /* of a part, or before the first one: looks for a boundary */
    API_MULTIPART_AFTER,     /* a boundary, before the end of its line */
    API_MULTIPART_AFTER_CR,  /* ... of which the CR was seen */
    API_MULTIPART_LAST_DASH, /* ... or the first of the two dashes that end it all */
    API_MULTIPART_HEAD,
    API_MULTIPART_DONE, /* what follows is nobody's */
};

struct api_multipart {
    const struct api_multipart_sink *sink;
    void *context;
    char mark[API_BOUNDARY_MAX_BYTES + 5]; /* CR LF - - boundary */
    size_t mark_length;
    size_t matched; /* of the mark */
    enum api_multipart_state state;
    bool in_part;
    int parts;
    size_t preamble;
    char head[API_PART_HEAD_MAX_BYTES + 1];
    size_t head_length;
};

/* `type` is the Content-Type, or NULL. BERTH_UNSUPPORTED ("media-type") when it is another,
 * BERTH_INVALID ("multipart-boundary"). */
enum berth_code api_multipart_init(struct api_multipart *multipart, const char *type,
                                   const struct api_multipart_sink *sink, void *context,
                                   struct berth_error *error);
/* BERTH_INVALID ("multipart-syntax", "multipart-name", "multipart-encoding"), BERTH_TOO_LARGE
 * ("limit-parts", "limit-part-head", "limit-preamble"), and the sink's. */
enum berth_code api_multipart_add(struct api_multipart *multipart, const void *data, size_t length,
                                  struct berth_error *error);
/* BERTH_INVALID ("multipart-cut") when the last boundary did not come. */
enum berth_code api_multipart_finish(const struct api_multipart *multipart,
                                     struct berth_error *error);

#endif
