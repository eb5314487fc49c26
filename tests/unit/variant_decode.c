#include "variant_decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

enum { GZIP_BITS = 15 + 16, WINDOW_LOG = 23 };

static size_t from_brotli(const void *made, size_t length, unsigned char *ret, size_t room) {
    size_t count = room;
    assert_int_equal(BrotliDecoderDecompress(length, made, &count, ret),
                     BROTLI_DECODER_RESULT_SUCCESS);
    return count;
}

static size_t from_zstd(const void *made, size_t length, unsigned char *ret, size_t room) {
    ZSTD_DCtx *context = ZSTD_createDCtx();
    assert_false(ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG)));
    ZSTD_outBuffer out = {ret, room, 0};
    ZSTD_inBuffer in = {made, length, 0};
    assert_int_equal(ZSTD_decompressStream(context, &out, &in), 0);
    assert_int_equal(in.pos, length);
    ZSTD_freeDCtx(context);
    return out.pos;
}

static size_t from_gzip(const void *made, size_t length, unsigned char *ret, size_t room) {
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)made,
                       .avail_in = (uInt)length,
                       .next_out = ret,
                       .avail_out = (uInt)room};
    assert_int_equal(inflateInit2(&stream, GZIP_BITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    inflateEnd(&stream);
    return room - stream.avail_out;
}

void variant_expect(enum berth_coding coding, const void *made, size_t made_length,
                    const void *wanted, size_t wanted_length) {
    static size_t (*const decoders[])(const void *, size_t, unsigned char *, size_t) = {
        [BERTH_BROTLI] = from_brotli, [BERTH_ZSTD] = from_zstd, [BERTH_GZIP] = from_gzip};
    unsigned char *found = malloc(wanted_length + 1);
    assert_non_null(found);
    assert_int_equal(decoders[coding](made, made_length, found, wanted_length + 1), wanted_length);
    assert_memory_equal(found, wanted, wanted_length);
    free(found);
}

char *variant_text(size_t length, unsigned seed) {
    static const char *const words[] = {"function", "return", "const ", "=>",   "(e,t)", "{",
                                        "}",        "void 0", "export", "this", ".map",  ";\n"};
    char *text = malloc(length + 1);
    assert_non_null(text);
    for (size_t at = 0; at < length;) {
        seed = seed * 1103515245 + 12345;
        const char *word = words[(seed >> 16) % (sizeof words / sizeof *words)];
        size_t count = strlen(word) < length - at ? strlen(word) : length - at;
        memcpy(text + at, word, count);
        at += count;
    }
    text[length] = '\0';
    return text;
}
