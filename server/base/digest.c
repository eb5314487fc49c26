#include "berth/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct berth_hasher {
    EVP_MD_CTX *context;
};

struct berth_hasher *berth_hasher_create(enum berth_hash hash) {
    struct berth_hasher *hasher = malloc(sizeof *hasher);
    if (!hasher)
        return NULL;
    hasher->context = EVP_MD_CTX_new();
    const EVP_MD *kind = hash == BERTH_SHA384 ? EVP_sha384() : EVP_sha256();
    if (!hasher->context || EVP_DigestInit_ex(hasher->context, kind, NULL) != 1) {
        berth_hasher_destroy(hasher);
        return NULL;
    }
    return hasher;
}

void berth_hasher_destroy(struct berth_hasher *hasher) {
    if (!hasher)
        return;
    EVP_MD_CTX_free(hasher->context);
    free(hasher);
}

void berth_hasher_add(struct berth_hasher *hasher, const void *data, size_t length) {
    /* Fails only for a context that was not set up. */
    if (EVP_DigestUpdate(hasher->context, data, length) != 1)
        abort();
}

void berth_hasher_finish(struct berth_hasher *hasher, unsigned char *ret) {
    if (EVP_DigestFinal_ex(hasher->context, ret, NULL) != 1)
        abort();
}

struct berth_digest berth_sha256(const void *data, size_t length) {
    struct berth_digest digest;
    if (EVP_Digest(data, length, digest.bytes, NULL, EVP_sha256(), NULL) != 1)
        abort();
    return digest;
}

bool berth_digest_equal(const struct berth_digest *a, const struct berth_digest *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void berth_digest_hex(const struct berth_digest *digest, char ret[BERTH_HEX_BYTES]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof digest->bytes; i++) {
        ret[2 * i] = digits[digest->bytes[i] >> 4];
        ret[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    ret[BERTH_HEX_BYTES - 1] = '\0';
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool berth_digest_parse(const char *hex, struct berth_digest *ret) {
    if (strlen(hex) != BERTH_HEX_BYTES - 1)
        return false;
    struct berth_digest digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest.bytes[i] = (unsigned char)(high << 4 | low);
    }
    *ret = digest;
    return true;
}

bool berth_digest_parse_base64(const char *text, size_t length, struct berth_digest *ret) {
    enum { DIGITS = 44, DECODED = 33 };
    unsigned char bytes[DECODED];
    if (length != DIGITS || EVP_DecodeBlock(bytes, (const unsigned char *)text, DIGITS) != DECODED)
        return false;
    /* EVP_DecodeBlock takes '=' anywhere, and bits past the end: only one spelling is right. */
    char again[DIGITS + 1];
    berth_base64(bytes, sizeof ret->bytes, again);
    if (memcmp(again, text, DIGITS) != 0)
        return false;
    memcpy(ret->bytes, bytes, sizeof ret->bytes);
    return true;
}

static void spell_integrity(const unsigned char hash[BERTH_SHA384_BYTES],
                            char ret[BERTH_INTEGRITY_BYTES]) {
    memcpy(ret, "sha384-", sizeof "sha384-");
    berth_base64(hash, BERTH_SHA384_BYTES, ret + 7);
}

void berth_integrity(const void *data, size_t length, char ret[BERTH_INTEGRITY_BYTES]) {
    unsigned char hash[BERTH_SHA384_BYTES];
    if (EVP_Digest(data, length, hash, NULL, EVP_sha384(), NULL) != 1)
        abort();
    spell_integrity(hash, ret);
}

void berth_hasher_integrity(struct berth_hasher *hasher, char ret[BERTH_INTEGRITY_BYTES]) {
    unsigned char hash[BERTH_SHA384_BYTES];
    berth_hasher_finish(hasher, hash);
    spell_integrity(hash, ret);
}

void berth_base64(const unsigned char *data, size_t length, char *ret) {
    EVP_EncodeBlock((unsigned char *)ret, data, (int)length);
}

void berth_base64url(const unsigned char *data, size_t length, char *ret) {
    berth_base64(data, length, ret);
    for (char *c = ret; *c; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
        else if (*c == '=')
            *c = '\0';
        if (!*c)
            break;
    }
}

void berth_random(void *ret, size_t length) {
    unsigned char *rest = ret;
    while (length) {
        ssize_t got = getrandom(rest, length, 0);
        if (got < 0 && errno == EINTR) /* before the kernel's pool is ready */
            continue;
        if (got < 0)
            abort();
        rest += got;
        length -= (size_t)got;
    }
}

bool berth_equal_constant_time(const void *a, const void *b, size_t length) {
    return CRYPTO_memcmp(a, b, length) == 0;
}
