/* gzip and zstd of any bytes: the first byte chooses. What comes out stays within the limits, and
 * every piece but the last is full. */
#include "stream.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void drain(struct berth_stream *stream, const struct berth_bundle_limits *limits) {
    struct berth_error error = {0};
    int64_t total = 0;
    size_t length = BERTH_STREAM_PIECE_BYTES;
    for (size_t before = length; length; before = length) {
        const unsigned char *piece = NULL;
        enum berth_code code = berth_stream_read(stream, &piece, &length, &error);
        must(code == error.code && code != BERTH_IO);
        if (code)
            return;
        must(before == BERTH_STREAM_PIECE_BYTES || length == 0);
        total += (int64_t)length;
        must(total <= limits->unpacked_bytes + limits->entries * 4096);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    if (size < 1)
        return 0;
    if (fd < 0)
        fd = memfd_create("stream", MFD_CLOEXEC);
    must(fd >= 0 && ftruncate(fd, 0) == 0 &&
         pwrite(fd, data + 1, size - 1, 0) == (ssize_t)size - 1);
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    limits.unpacked_bytes = limits.file_bytes = 1 << 20;
    limits.entries = 100;
    enum berth_archive kind = data[0] & 1 ? BERTH_TAR_GZIP : BERTH_TAR_ZSTD;
    struct berth_stream *stream = NULL;
    must(berth_stream_open(kind, fd, (int64_t)size - 1, &limits, &stream, NULL) == BERTH_OK);
    drain(stream, &limits);
    berth_stream_close(stream);
    return 0;
}
