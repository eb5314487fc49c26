/* SHA-256 and SHA-384 (OpenSSL's EVP), their spellings, and random bytes from the kernel.
 *
 * Thread rules: a hasher belongs to one thread at a time; the rest is reentrant.
 */
#ifndef BERTH_DIGEST_H
#define BERTH_DIGEST_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>

enum { BERTH_SHA256_BYTES = 32, BERTH_SHA384_BYTES = 48 };
enum { BERTH_HEX_BYTES = 2 * BERTH_SHA256_BYTES + 1 };
enum { BERTH_INTEGRITY_BYTES = 80 }; /* "sha384-" and 64 base64 digits and NUL */

struct berth_digest {
    unsigned char bytes[BERTH_SHA256_BYTES];
};

enum berth_hash { BERTH_SHA256, BERTH_SHA384 };

struct berth_hasher;

/* Heap; NULL only when out of memory. */
struct berth_hasher *berth_hasher_create(enum berth_hash hash);
void berth_hasher_destroy(struct berth_hasher *hasher);
void berth_hasher_add(struct berth_hasher *hasher, const void *data, size_t length);
/* Writes 32 or 48 bytes; after it only destroy is allowed. */
void berth_hasher_finish(struct berth_hasher *hasher, unsigned char *ret);

struct berth_digest berth_sha256(const void *data, size_t length);
bool berth_digest_equal(const struct berth_digest *a, const struct berth_digest *b);

/* Lower-case hex; parsing takes exactly 64 lower-case digits. */
void berth_digest_hex(const struct berth_digest *digest, char ret[BERTH_HEX_BYTES]);
bool berth_digest_parse(const char *hex, struct berth_digest *ret);

/* From 44 base64 digits, as in Repr-Digest (RFC 9530). */
bool berth_digest_parse_base64(const char *text, size_t length, struct berth_digest *ret);

/* "sha384-…" as in Subresource Integrity. */
void berth_integrity(const void *data, size_t length, char ret[BERTH_INTEGRITY_BYTES]);
/* The same from a SHA-384 hasher, in place of berth_hasher_finish. */
void berth_hasher_integrity(struct berth_hasher *hasher, char ret[BERTH_INTEGRITY_BYTES]);

/* Base64 with padding, RFC 4648 section 4; `ret` takes 4 * ceil(length / 3) + 1 bytes. */
void berth_base64(const unsigned char *data, size_t length, char *ret);
/* URL-safe alphabet without padding, section 5. */
void berth_base64url(const unsigned char *data, size_t length, char *ret);

/* getrandom(2); a failure is a broken kernel and aborts. */
void berth_random(void *ret, size_t length);

/* Equal, without telling by the time taken where the difference lies. */
bool berth_equal_constant_time(const void *a, const void *b, size_t length);

#endif
