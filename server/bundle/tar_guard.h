/* A second, stricter look at a tar stream, just before libarchive sees it.
 *
 * libarchive 3.6.2 takes silently what must be refused: a tar cut between two members, a NUL in a
 * pax path, unknown member types as regular files, GNU sparse members of 1 TiB, a hardlink with
 * data as a regular file. The guard walks the same blocks on its own and refuses those.
 *
 * Life: a value in the caller's storage; init, add every piece in order, finish, done.
 * Thread rules: one thread at a time.
 */
#ifndef BUNDLE_TAR_GUARD_H
#define BUNDLE_TAR_GUARD_H

#include "berth/buffer.h"
#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct berth_tar_guard {
    int64_t skip_bytes;       /* of a member's contents and padding, still to come */
    int64_t body_bytes;       /* of a name block (pax, GNU), still to come */
    char body_type;           /* 'x', 'g', 'L' */
    struct berth_buffer body; /* that block */
    struct berth_buffer name; /* what it said the next member is called */
    int64_t pax_size;         /* what it said of the next member's size; -1: nothing */
    int prelude_count;        /* name blocks since the last member */
    int64_t member_count;     /* files and folders */
    int64_t padding_bytes;    /* zeros after the last member */
    bool started;
    bool sparse; /* a pax record said that the next member is */
};

void berth_tar_guard_init(struct berth_tar_guard *guard);
void berth_tar_guard_done(struct berth_tar_guard *guard);

/* `length` is a multiple of 512, except for the last piece of a damaged archive. BERTH_REFUSED,
 * with the member in `where`; BERTH_UNSUPPORTED when the first block is no tar header. */
enum berth_code berth_tar_guard_add(struct berth_tar_guard *guard, const unsigned char *data,
                                    size_t length, struct berth_error *error);

/* At the end of the stream: is the archive complete? */
enum berth_code berth_tar_guard_finish(const struct berth_tar_guard *guard,
                                       struct berth_error *error);

#endif
