#include "berth/tar.h"

#include <stdio.h>
#include <string.h>

/* Fields of a head: offset and length. */
enum {
    NAME_BYTES = 100,
    MODE = 100,
    SIZE = 124,
    SIZE_BYTES = 12,
    TIME = 136,
    SUM = 148,
    SUM_BYTES = 8,
    TYPE = 156,
    MAGIC = 257,
    BASE_256 = 0x80,
};
#define OCTAL_MOST INT64_C(077777777777) /* 11 digits */

static unsigned sum_of(const unsigned char *block) {
    unsigned sum = 0;
    for (int i = 0; i < BERTH_TAR_BLOCK_BYTES; i++)
        sum += i >= SUM && i < SUM + SUM_BYTES ? ' ' : block[i];
    return sum;
}

static void put(unsigned char *block, int offset, const char *text) {
    for (; *text; text++)
        block[offset++] = (unsigned char)*text;
}

static void put_octal(unsigned char *block, int offset, int digits, int64_t value) {
    char text[32];
    (void)snprintf(text, sizeof text, "%0*llo", digits, (unsigned long long)value);
    put(block, offset, text);
}

static void put_size(unsigned char *block, int64_t bytes) {
    if (bytes <= OCTAL_MOST) {
        put_octal(block, SIZE, SIZE_BYTES - 1, bytes);
        return;
    }
    for (int i = SIZE + SIZE_BYTES - 1; i > SIZE; i--, bytes >>= 8)
        block[i] = (unsigned char)(bytes & 0xff);
    block[SIZE] = BASE_256;
}

void berth_tar_write(const struct berth_tar_member *member, int64_t time_ms,
                     unsigned char ret[BERTH_TAR_BLOCK_BYTES]) {
    memset(ret, 0, BERTH_TAR_BLOCK_BYTES);
    put(ret, 0, member->name);
    put(ret, MODE, "0000600");
    put(ret, MODE + 8, "0000000");
    put(ret, MODE + 16, "0000000");
    put_size(ret, member->bytes);
    put_octal(ret, TIME, 11, time_ms > 0 ? time_ms / 1000 & OCTAL_MOST : 0);
    ret[TYPE] = '0';
    put(ret, MAGIC, "ustar");
    put(ret, MAGIC + 6, "00");
    put_octal(ret, SUM, 6, sum_of(ret));
    ret[SUM + 7] = ' ';
}

static bool read_octal(const unsigned char *field, int length, int64_t *ret) {
    int64_t value = 0;
    int i = 0;
    for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
        value = value * 8 + (field[i] - '0');
    *ret = value;
    return i > 0 && i < length && (field[i] == '\0' || field[i] == ' ');
}

static bool read_size(const unsigned char *field, int64_t *ret) {
    int64_t value = 0;
    if (field[0] != BASE_256)
        return read_octal(field, SIZE_BYTES, ret);
    if (field[1] || field[2] || field[3] || field[4] & 0x80)
        return false;
    for (int i = 4; i < SIZE_BYTES; i++)
        value = value << 8 | field[i];
    *ret = value;
    return true;
}

static bool is_empty(const unsigned char *block) {
    for (int i = 0; i < BERTH_TAR_BLOCK_BYTES; i++)
        if (block[i])
            return false;
    return true;
}

enum berth_code berth_tar_read(const unsigned char block[BERTH_TAR_BLOCK_BYTES],
                               struct berth_tar_member *ret, struct berth_error *error) {
    int64_t sum = 0;
    *ret = (struct berth_tar_member){0};
    if (is_empty(block))
        return BERTH_OK;
    memcpy(ret->name, block, NAME_BYTES);
    bool good = read_octal(block + SUM, SUM_BYTES, &sum) && sum == (int64_t)sum_of(block) &&
                memcmp(block + MAGIC, "ustar", 6) == 0 && block[TYPE] == '0' && ret->name[0] &&
                read_size(block + SIZE, &ret->bytes);
    if (good)
        return BERTH_OK;
    berth_fail(error, BERTH_REFUSED, "backup-format", "this is no backup, or it was changed");
    berth_error_hint(error, "give a file that \"berth backup\" wrote");
    return BERTH_REFUSED;
}

int berth_tar_padding(int64_t bytes) {
    int rest = (int)(bytes % BERTH_TAR_BLOCK_BYTES);
    return rest ? BERTH_TAR_BLOCK_BYTES - rest : 0;
}
