#include "kind.h"

#include <string.h>
#include <unistd.h>

enum { CHECKSUM_OFFSET = 148, CHECKSUM_BYTES = 8 };

const char *berth_archive_name(enum berth_archive archive) {
    static const char *const names[] = {"tar", "tar.gz", "tar.zst", "zip"};
    return names[archive];
}

static int64_t base256(const unsigned char *field, size_t length) {
    /* Bit 6 is the sign; sizes above 2^56 are nobody's. */
    int64_t value = field[0] & 0x7f;
    if (value & 0x40)
        return -1;
    for (size_t i = 1; i < length; i++) {
        if (value >> 48)
            return -1;
        value = value << 8 | field[i];
    }
    return value;
}

int64_t berth_tar_number(const unsigned char *field, size_t length) {
    if (field[0] & 0x80)
        return base256(field, length);
    size_t i = 0;
    while (i < length && field[i] == ' ')
        i++;
    int64_t value = 0;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++) {
        if (value >> 56)
            return -1;
        value = value << 3 | (field[i] - '0');
    }
    return i < length && field[i] != ' ' && field[i] != '\0' ? -1 : value;
}

/* v7, ustar, GNU and pax all have it. Some old tars summed signed bytes. */
bool berth_tar_header_is(const unsigned char *block) {
    int64_t as_unsigned = 0;
    int64_t as_signed = 0;
    for (size_t i = 0; i < BERTH_TAR_BLOCK_BYTES; i++) {
        bool own = i >= CHECKSUM_OFFSET && i < CHECKSUM_OFFSET + CHECKSUM_BYTES;
        as_unsigned += own ? ' ' : block[i];
        as_signed += own ? ' ' : (signed char)block[i];
    }
    int64_t stated = berth_tar_number(block + CHECKSUM_OFFSET, CHECKSUM_BYTES);
    return block[0] != '\0' && (stated == as_unsigned || stated == as_signed);
}

enum berth_code berth_archive_refuse_unknown(struct berth_error *error, const char *what) {
    berth_fail(error, BERTH_UNSUPPORTED, "archive-unknown", "%s", what);
    berth_error_hint(error, "send a .tar, .tar.gz, .tar.zst or .zip of the build's output folder");
    return BERTH_UNSUPPORTED;
}

static bool looks_like_html(const unsigned char *head, size_t length) {
    size_t i = 0;
    while (i < length && strchr(" \t\r\n\xef\xbb\xbf", head[i]) && head[i])
        i++;
    return i + 1 < length && head[i] == '<' && (head[i + 1] == '!' || (head[i + 1] | 0x20) == 'h');
}

enum berth_code berth_archive_tell(int fd, int64_t archive_bytes, enum berth_archive *ret,
                                   struct berth_error *error) {
    if (archive_bytes == 0)
        return berth_fail(error, BERTH_INVALID, "archive-empty", "the body is empty");
    unsigned char head[BERTH_TAR_BLOCK_BYTES];
    size_t want = archive_bytes < (int64_t)sizeof head ? (size_t)archive_bytes : sizeof head;
    ssize_t got = pread(fd, head, want, 0);
    if (got < 0)
        return berth_fail_errno(error, "archive-read", "cannot read the archive");
    size_t length = (size_t)got;
    if (length >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0))
        *ret = BERTH_ZIP;
    else if (length >= 3 && memcmp(head, "\x1f\x8b\x08", 3) == 0)
        *ret = BERTH_TAR_GZIP;
    else if (length >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
        *ret = BERTH_TAR_ZSTD;
    else if (length == sizeof head && berth_tar_header_is(head))
        *ret = BERTH_TAR;
    else if (looks_like_html(head, length))
        return berth_archive_refuse_unknown(error, "the body is an HTML page, not an archive");
    else
        return berth_archive_refuse_unknown(error, "the body is not an archive of a known kind");
    return BERTH_OK;
}
