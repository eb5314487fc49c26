/* The three encoders, fed in pieces so that a stop need not wait for a whole file. The output never
 * gets more room than one byte less than the input: what does not fit is not worth having. */
#include "variant.h"

#define ZLIB_CONST /* its input is not written to */
#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum {
    PIECE_BYTES = 256 * 1024, /* brotli at its best takes some 0.5 s for it */
    BROTLI_QUICK = 5,
    BROTLI_BEST = 11,
    /* 4 MiB, brotli's own default. A larger window costs 8 bytes of memory for each of its bytes.
     */
    BROTLI_WINDOW_LOG = 22,
    ZSTD_QUICK = 3,
    ZSTD_BEST = 19,
    ZSTD_WINDOW_LOG = 23, /* 8 MiB: the most that a browser must take (RFC 9659) */
    GZIP_QUICK = 6,
    GZIP_BEST = 9,
    GZIP_WINDOW_BITS = 15 + 16, /* with a gzip head: zlib's own has no name and no time */
};

enum outcome { MADE, LARGER, STOPPED, NO_MEMORY, FAILED };

/* The input's next piece and where the output goes. */
struct work {
    const unsigned char *next;
    size_t left;
    unsigned char *out;
    size_t room;
    size_t made;
    size_t total;
    bool best;
    const atomic_bool *stop;
};

static size_t take_piece(struct work *work, const unsigned char **ret) {
    size_t length = work->left < PIECE_BYTES ? work->left : PIECE_BYTES;
    *ret = work->next;
    work->next += length;
    work->left -= length;
    return length;
}

static bool is_stopped(const struct work *work) {
    return work->stop && atomic_load(work->stop);
}

static int brotli_window(size_t length) {
    int bits = BROTLI_MIN_WINDOW_BITS;
    while (bits < BROTLI_WINDOW_LOG && ((size_t)1 << bits) - 16 < length)
        bits++;
    return bits;
}

static enum outcome brotli_feed(BrotliEncoderState *state, struct work *work) {
    uint8_t *out = work->out;
    size_t room = work->room;
    do {
        const unsigned char *piece;
        size_t length = take_piece(work, &piece);
        BrotliEncoderOperation step =
            work->left ? BROTLI_OPERATION_PROCESS : BROTLI_OPERATION_FINISH;
        if (is_stopped(work))
            return STOPPED;
        if (!BrotliEncoderCompressStream(state, step, &length, &piece, &room, &out, NULL))
            return FAILED;
        if (length || BrotliEncoderHasMoreOutput(state))
            return LARGER;
    } while (work->left);
    work->made = work->room - room;
    return BrotliEncoderIsFinished(state) ? MADE : LARGER;
}

static enum outcome make_brotli(struct work *work) {
    BrotliEncoderState *state = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (!state)
        return NO_MEMORY;
    uint32_t level = work->best ? BROTLI_BEST : BROTLI_QUICK;
    uint32_t window = (uint32_t)brotli_window(work->total);
    enum outcome outcome = FAILED;
    if (BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, level) &&
        BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, window) &&
        BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, (uint32_t)work->total))
        outcome = brotli_feed(state, work);
    BrotliEncoderDestroyInstance(state);
    return outcome;
}

static bool zstd_begin(ZSTD_CCtx *context, const struct work *work) {
    int level = work->best ? ZSTD_BEST : ZSTD_QUICK;
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) &&
           (!work->best ||
            !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, ZSTD_WINDOW_LOG))) &&
           !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, work->total));
}

static enum outcome zstd_feed(ZSTD_CCtx *context, struct work *work) {
    ZSTD_outBuffer out = {work->out, work->room, 0};
    do {
        const unsigned char *piece;
        size_t length = take_piece(work, &piece);
        ZSTD_inBuffer in = {piece, length, 0};
        size_t more;
        if (is_stopped(work))
            return STOPPED;
        do {
            more =
                ZSTD_compressStream2(context, &out, &in, work->left ? ZSTD_e_continue : ZSTD_e_end);
            if (ZSTD_isError(more))
                return ZSTD_getErrorCode(more) == ZSTD_error_memory_allocation ? NO_MEMORY : FAILED;
            if (out.pos == out.size && (more || in.pos < in.size || work->left))
                return LARGER;
        } while (in.pos < in.size || (!work->left && more));
    } while (work->left);
    work->made = out.pos;
    return MADE;
}

static enum outcome make_zstd(struct work *work) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        return NO_MEMORY;
    enum outcome outcome = zstd_begin(context, work) ? zstd_feed(context, work) : FAILED;
    ZSTD_freeCCtx(context);
    return outcome;
}

/* zlib counts in unsigned int; a piece and the largest file both fit. */
static enum outcome gzip_feed(z_stream *stream, struct work *work) {
    int result;
    stream->next_out = work->out;
    stream->avail_out = (uInt)work->room;
    do {
        const unsigned char *piece;
        stream->avail_in = (uInt)take_piece(work, &piece);
        stream->next_in = piece;
        if (is_stopped(work))
            return STOPPED;
        result = deflate(stream, work->left ? Z_NO_FLUSH : Z_FINISH);
        if (result == Z_STREAM_ERROR)
            return FAILED;
        if (stream->avail_in || (!work->left && result != Z_STREAM_END))
            return LARGER;
    } while (work->left);
    work->made = work->room - stream->avail_out;
    return MADE;
}

static enum outcome make_gzip(struct work *work) {
    z_stream stream = {0};
    int level = work->best ? GZIP_BEST : GZIP_QUICK;
    int result = deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW_BITS, MAX_MEM_LEVEL,
                              Z_DEFAULT_STRATEGY);
    if (result != Z_OK)
        return result == Z_MEM_ERROR ? NO_MEMORY : FAILED;
    enum outcome outcome = gzip_feed(&stream, work);
    deflateEnd(&stream);
    return outcome;
}

static enum outcome make(enum berth_coding coding, struct work *work) {
    switch (coding) {
    case BERTH_BROTLI:
        return make_brotli(work);
    case BERTH_ZSTD:
        return make_zstd(work);
    case BERTH_GZIP:
        return make_gzip(work);
    case BERTH_CODING_COUNT:
        break;
    }
    return FAILED;
}

static enum berth_code tell(enum outcome outcome, struct berth_error *error) {
    switch (outcome) {
    case MADE:
    case LARGER:
        return BERTH_OK;
    case STOPPED:
        return berth_fail(error, BERTH_BUSY, "variant-stopped", "compressing was stopped");
    case NO_MEMORY:
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    case FAILED:
        break;
    }
    return berth_fail(error, BERTH_IO, "variant-failed", "an encoder failed");
}

enum berth_code variant_make(enum berth_coding coding, bool best, const void *data, size_t length,
                             const atomic_bool *stop, char **ret, size_t *ret_length,
                             struct berth_error *error) {
    *ret = NULL;
    *ret_length = 0;
    if (length < 2)
        return BERTH_OK;
    if (length > BERTH_VARIANT_MAX_BYTES)
        return berth_fail(error, BERTH_TOO_LARGE, "variant-size",
                          "files over %d bytes are not compressed", BERTH_VARIANT_MAX_BYTES);
    struct work work = {.next = data,
                        .left = length,
                        .out = malloc(length - 1),
                        .room = length - 1,
                        .total = length,
                        .best = best,
                        .stop = stop};
    if (!work.out)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum outcome outcome = make(coding, &work);
    if (outcome != MADE) {
        free(work.out);
        return tell(outcome, error);
    }
    char *fitting = realloc(work.out, work.made);
    *ret = fitting ? fitting : (char *)work.out;
    *ret_length = work.made;
    return BERTH_OK;
}

enum berth_code berth_variant_make(enum berth_coding coding, bool best, const void *data,
                                   size_t length, char **ret, size_t *ret_length,
                                   struct berth_error *error) {
    return variant_make(coding, best, data, length, NULL, ret, ret_length, error);
}
