/* Content codings of assets: which there are, and which one a client gets (RFC 9110, 12.5.3).
 *
 * Pure values: no request, no allocation, no state.
 *
 * Thread rules: reentrant.
 */
#ifndef BERTH_CODING_H
#define BERTH_CODING_H

#include "berth/digest.h"
#include <stdbool.h>
#include <stdint.h>

enum berth_coding { BERTH_BROTLI, BERTH_ZSTD, BERTH_GZIP, BERTH_CODING_COUNT };

/* "br", "zstd", "gzip": as in Content-Encoding, and as the registry keeps them. */
const char *berth_coding_name(enum berth_coding coding);

/* An asset's bytes under one coding: a blob of its own. */
struct berth_variant {
    struct berth_digest digest;
    int64_t bytes; /* 0: there is none (not made, or it would not be smaller) */
};

/* What an Accept-Encoding allows, in thousandths of q; 0: not acceptable. */
struct berth_accept {
    int identity;
    int codings[BERTH_CODING_COUNT];
};

/* `header` NULL (absent): identity only, since a client that does not say so may not decode. An
 * empty one: identity only. "*" stands for all that are not named; identity stays acceptable
 * unless it, or "*" without it, has q=0; where neither is named it has the least q, since what a
 * client names it wants. What is named twice has the lower q. Malformed members are ignored;
 * "x-gzip" is gzip. Stops after 64 members. */
struct berth_accept berth_accept_parse(const char *header);

/* The representation to send: an enum berth_coding, or -1 for identity. `bytes[coding]` 0: not
 * there. The highest q wins; among equals the smallest, identity where it is as small. When nothing
 * that exists is acceptable: identity (RFC 9110, 12.5.3 allows it). */
int berth_accept_choose(const struct berth_accept *accept, int64_t identity_bytes,
                        const int64_t bytes[BERTH_CODING_COUNT]);

#endif
