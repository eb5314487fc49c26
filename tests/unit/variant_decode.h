/* What a client makes of a variant, and texts to make some of. */
#ifndef BERTH_TESTS_VARIANT_DECODE_H
#define BERTH_TESTS_VARIANT_DECODE_H

#include "berth/coding.h"
#include <stddef.h>

/* Decodes as a browser does (zstd: with a window of at most 8 MiB) and fails the test unless it is
 * exactly that. */
void variant_expect(enum berth_coding coding, const void *made, size_t made_length,
                    const void *wanted, size_t wanted_length);

/* Words in an order that the seed decides; free() it. */
char *variant_text(size_t length, unsigned seed);

#endif
