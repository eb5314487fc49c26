#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RATIO_GRACE_BYTES = 1024 * 1024, /* small archives may be as dense as they like */
    ENTRY_OVERHEAD_BYTES = 4 * 512,  /* header, padding, and a long name's two blocks */
};

struct berth_stream {
    struct berth_source source;
    struct berth_unpacker *unpacker; /* NULL: plain tar */
    int64_t total_bytes;
    int64_t max_bytes;
    struct berth_bundle_limits limits;
    unsigned char piece[BERTH_STREAM_PIECE_BYTES];
};

static enum berth_code read_source(struct berth_source *source, unsigned char *data, size_t size,
                                   size_t *ret_length, struct berth_error *error) {
    int64_t left = source->bytes - source->offset;
    size_t want = left < (int64_t)size ? (size_t)left : size;
    size_t length = 0;
    while (length < want) {
        ssize_t got = pread(source->fd, data + length, want - length, source->offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return berth_fail_errno(error, "archive-read", "cannot read the archive");
        if (got == 0)
            break;
        length += (size_t)got;
        source->offset += got;
    }
    *ret_length = length;
    return BERTH_OK;
}

enum berth_code berth_source_read(struct berth_source *source, size_t *ret_length,
                                  struct berth_error *error) {
    return read_source(source, source->data, sizeof source->data, ret_length, error);
}

enum berth_code berth_unpacker_refuse_truncated(struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, "archive-truncated", "the archive ends too early");
    berth_error_hint(error, "the upload or the packing was cut short; pack and send again");
    return BERTH_REFUSED;
}

enum berth_code berth_unpacker_refuse_junk(struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, "archive-junk", "bytes follow the end of the archive");
    berth_error_hint(error, "send one archive, as one gzip member or one zstd frame");
    return BERTH_REFUSED;
}

bool berth_is_zero(const unsigned char *data, size_t length) {
    return length == 0 || (data[0] == 0 && memcmp(data, data + 1, length - 1) == 0);
}

enum berth_code berth_source_check_rest(struct berth_source *source, const unsigned char *data,
                                        size_t length, struct berth_error *error) {
    size_t total = length;
    while (length) {
        if (total > BERTH_MAX_FILL_BYTES || !berth_is_zero(data, length))
            return berth_unpacker_refuse_junk(error);
        enum berth_code code = berth_source_read(source, &length, error);
        if (code)
            return code;
        data = source->data;
        total += length;
    }
    return BERTH_OK;
}

static int64_t product_or_max(int64_t a, int64_t b) {
    int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

enum berth_code berth_ratio_check(int64_t unpacked_bytes, int64_t archive_bytes,
                                  const struct berth_bundle_limits *limits,
                                  struct berth_error *error) {
    if (unpacked_bytes <= RATIO_GRACE_BYTES ||
        unpacked_bytes <= product_or_max(archive_bytes, limits->ratio))
        return BERTH_OK;
    berth_fail(error, BERTH_TOO_LARGE, "limit-ratio",
               "the archive unpacks to more than %lld times its size", (long long)limits->ratio);
    berth_error_hint(error, "send the build's files as they are, without filler");
    return BERTH_TOO_LARGE;
}

static void set_limits(struct berth_stream *stream, const struct berth_bundle_limits *limits) {
    stream->limits = *limits;
    int64_t overhead = product_or_max(limits->entries, ENTRY_OVERHEAD_BYTES);
    if (__builtin_add_overflow(limits->unpacked_bytes, overhead, &stream->max_bytes))
        stream->max_bytes = INT64_MAX;
}

static enum berth_code make_unpacker(struct berth_stream *stream, enum berth_archive kind) {
    if (kind == BERTH_TAR)
        return BERTH_OK;
    stream->unpacker = kind == BERTH_TAR_GZIP ? berth_unpacker_gzip() : berth_unpacker_zstd();
    return stream->unpacker ? BERTH_OK : BERTH_NO_MEMORY;
}

enum berth_code berth_stream_open(enum berth_archive kind, int fd, int64_t archive_bytes,
                                  const struct berth_bundle_limits *limits,
                                  struct berth_stream **ret, struct berth_error *error) {
    struct berth_stream *stream = calloc(1, sizeof *stream);
    if (!stream || make_unpacker(stream, kind)) {
        free(stream);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    stream->source.fd = fd;
    stream->source.bytes = archive_bytes;
    set_limits(stream, limits);
    *ret = stream;
    return BERTH_OK;
}

void berth_stream_close(struct berth_stream *stream) {
    if (stream && stream->unpacker)
        stream->unpacker->destroy(stream->unpacker);
    free(stream);
}

static enum berth_code check_limits(const struct berth_stream *stream, struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    if (stream->unpacker)
        code = berth_ratio_check(stream->total_bytes, stream->source.bytes, &stream->limits, error);
    if (code)
        return code;
    if (stream->total_bytes > stream->max_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-unpacked-bytes",
                          "the archive unpacks to more than the limit of files and headers, "
                          "%lld bytes",
                          (long long)stream->max_bytes);
    return BERTH_OK;
}

enum berth_code berth_stream_read(struct berth_stream *stream, const unsigned char **ret,
                                  size_t *ret_length, struct berth_error *error) {
    size_t length = 0;
    enum berth_code code =
        stream->unpacker
            ? stream->unpacker->fill(stream->unpacker, &stream->source, stream->piece,
                                     sizeof stream->piece, &length, error)
            : read_source(&stream->source, stream->piece, sizeof stream->piece, &length, error);
    if (code)
        return code;
    stream->total_bytes += (int64_t)length;
    code = check_limits(stream, error);
    if (code)
        return code;
    *ret = stream->piece;
    *ret_length = length;
    return BERTH_OK;
}
