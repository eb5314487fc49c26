/* One gzip member, RFC 1952. zlib checks its CRC and its length (ISIZE). */
#include "stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_ONLY = 16 }; /* added to the window bits: no zlib or raw streams */

struct gunzip {
    struct berth_unpacker base;
    z_stream stream;
    bool ended;
};

static enum berth_code refuse_data(const z_stream *stream, struct berth_error *error) {
    bool check = stream->msg && strstr(stream->msg, "check");
    return berth_fail(error, BERTH_REFUSED, check ? "archive-checksum" : "archive-damaged",
                      "the gzip data is damaged: %s", stream->msg ? stream->msg : "no detail");
}

static enum berth_code refuse(const z_stream *stream, int status, struct berth_error *error) {
    if (status == Z_MEM_ERROR)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (status == Z_NEED_DICT)
        return berth_fail(error, BERTH_REFUSED, "archive-damaged",
                          "the gzip data needs a dictionary");
    return refuse_data(stream, error);
}

static enum berth_code refill(z_stream *stream, struct berth_source *source,
                              struct berth_error *error) {
    size_t length = 0;
    enum berth_code code = berth_source_read(source, &length, error);
    if (code)
        return code;
    stream->next_in = source->data;
    stream->avail_in = (uInt)length;
    return BERTH_OK;
}

static enum berth_code check_end(const z_stream *stream, struct berth_source *source,
                                 struct berth_error *error) {
    size_t length = stream->avail_in;
    if (length)
        return berth_source_check_rest(source, stream->next_in, length, error);
    enum berth_code code = berth_source_read(source, &length, error);
    return code ? code : berth_source_check_rest(source, source->data, length, error);
}

static enum berth_code gunzip_fill(struct berth_unpacker *unpacker, struct berth_source *source,
                                   unsigned char *out, size_t size, size_t *ret_length,
                                   struct berth_error *error) {
    struct gunzip *gunzip = (struct gunzip *)unpacker;
    z_stream *stream = &gunzip->stream;
    stream->next_out = out;
    stream->avail_out = (uInt)size;
    while (!gunzip->ended && stream->avail_out) {
        enum berth_code code = stream->avail_in ? BERTH_OK : refill(stream, source, error);
        if (code)
            return code;
        if (stream->avail_in == 0)
            return berth_unpacker_refuse_truncated(error);
        int status = inflate(stream, Z_NO_FLUSH);
        gunzip->ended = status == Z_STREAM_END;
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return refuse(stream, status, error);
        if (gunzip->ended && (code = check_end(stream, source, error)))
            return code;
    }
    *ret_length = size - stream->avail_out;
    return BERTH_OK;
}

static void gunzip_destroy(struct berth_unpacker *unpacker) {
    struct gunzip *gunzip = (struct gunzip *)unpacker;
    inflateEnd(&gunzip->stream);
    free(gunzip);
}

struct berth_unpacker *berth_unpacker_gzip(void) {
    struct gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (!gunzip)
        return NULL;
    gunzip->base = (struct berth_unpacker){.fill = gunzip_fill, .destroy = gunzip_destroy};
    if (inflateInit2(&gunzip->stream, MAX_WBITS + GZIP_ONLY) != Z_OK) {
        free(gunzip);
        return NULL;
    }
    return &gunzip->base;
}
