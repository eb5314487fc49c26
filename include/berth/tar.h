/* The tar that a backup is: plain files under short names, one head of 512 bytes before each (POSIX
 * ustar; sizes from 8 GiB on in GNU's base 256).
 *
 * Any tar program reads it. What is read here must be as it was written here: no links, no other
 * kinds, no extensions.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_TAR_H
#define BERTH_TAR_H

#include "berth/error.h"
#include <stdbool.h>
#include <stdint.h>

enum { BERTH_TAR_BLOCK_BYTES = 512, BERTH_TAR_NAME_BYTES = 101 };

struct berth_tar_member {
    char name[BERTH_TAR_NAME_BYTES]; /* at most 100 bytes */
    int64_t bytes;
};

void berth_tar_write(const struct berth_tar_member *member, int64_t time_ms,
                     unsigned char ret[BERTH_TAR_BLOCK_BYTES]);
/* BERTH_REFUSED ("backup-format"). A block of zeros, which ends a tar, gives an empty name. */
enum berth_code berth_tar_read(const unsigned char block[BERTH_TAR_BLOCK_BYTES],
                               struct berth_tar_member *ret, struct berth_error *error);
/* How many zeros follow the member's bytes. */
int berth_tar_padding(int64_t bytes);

#endif
