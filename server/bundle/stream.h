/* The bytes of a tar archive, taken out of gzip or zstd where needed, in pieces of 64 KiB.
 *
 * libarchive's own filters accept a wrong gzip checksum and bytes after the end (3.6.2, seen), and
 * its zstd filter takes any window size. So decompression is here, with zlib and libzstd, where
 * damage, junk and limits are checked while reading; libarchive gets plain tar and no filter.
 *
 * Every piece but the last is full, so a tar header never lies across two.
 *
 * Life: open, read until *ret_length is 0 or an error, close. Thread rules: one thread at a time.
 */
#ifndef BUNDLE_STREAM_H
#define BUNDLE_STREAM_H

#include "berth/bundle.h"
#include "berth/error.h"
#include "kind.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BERTH_STREAM_PIECE_BYTES = 64 * 1024 };

/* The compressed side: reads on, without moving the descriptor's offset. */
struct berth_source {
    int fd;
    int64_t bytes;
    int64_t offset;
    unsigned char data[16 * 1024];
};

/* The next bytes into source->data; *ret_length 0 at the end. */
enum berth_code berth_source_read(struct berth_source *source, size_t *ret_length,
                                  struct berth_error *error);

/* One kind of compression. `fill` must fill `out` except at the end of the content, where it also
 * checks that nothing follows. */
struct berth_unpacker {
    enum berth_code (*fill)(struct berth_unpacker *unpacker, struct berth_source *source,
                            unsigned char *out, size_t size, size_t *ret_length,
                            struct berth_error *error);
    void (*destroy)(struct berth_unpacker *unpacker);
};

/* NULL when out of memory. */
struct berth_unpacker *berth_unpacker_gzip(void);
struct berth_unpacker *berth_unpacker_zstd(void);

enum berth_code berth_unpacker_refuse_truncated(struct berth_error *error);
enum berth_code berth_unpacker_refuse_junk(struct berth_error *error);

/* bsdtar, which is macOS's tar, fills the last block of what it writes to a pipe, compressed or
 * not, with zeros; gzip and unzip pass over them. Anything else, or more of them, is junk. */
enum { BERTH_MAX_FILL_BYTES = 16 * 1024 };
bool berth_is_zero(const unsigned char *data, size_t length);

/* After the end of what was packed: `length` bytes of the source that were read already, and all
 * that it still has, must be such filling. BERTH_REFUSED ("archive-junk"). */
enum berth_code berth_source_check_rest(struct berth_source *source, const unsigned char *data,
                                        size_t length, struct berth_error *error);

/* BERTH_TOO_LARGE ("limit-ratio") when so many bytes are too much for an archive of that size. */
enum berth_code berth_ratio_check(int64_t unpacked_bytes, int64_t archive_bytes,
                                  const struct berth_bundle_limits *limits,
                                  struct berth_error *error);

struct berth_stream;

/* `kind` is not BERTH_ZIP. */
enum berth_code berth_stream_open(enum berth_archive kind, int fd, int64_t archive_bytes,
                                  const struct berth_bundle_limits *limits,
                                  struct berth_stream **ret, struct berth_error *error);
void berth_stream_close(struct berth_stream *stream); /* NULL is fine */

/* Valid until the next call. BERTH_REFUSED ("archive-truncated", "archive-damaged",
 * "archive-checksum", "archive-junk", "zstd-window"), BERTH_TOO_LARGE ("limit-ratio",
 * "limit-unpacked-bytes"). */
enum berth_code berth_stream_read(struct berth_stream *stream, const unsigned char **ret,
                                  size_t *ret_length, struct berth_error *error);

#endif
