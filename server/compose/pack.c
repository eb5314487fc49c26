/* A template's gzip form (RFC 1952), made once, filled by copying.
 *
 * The stream cannot depend on a nonce, which differs from answer to answer. So the compressor sees
 * 24 byte values that the text does not have where nonces go. Ahead of the first hole its block is
 * ended on a byte's border; the nonce then stands in a stored block of its own (RFC 1951, section
 * 3.2.4), and the compressor is told of it as of a dictionary. Where a later hole lies within the
 * window, the compressor finds the 24 values again and writes "as before": the same nonce. That it
 * did so everywhere is proven by decompressing once with a nonce of 24 other values; where it did
 * not, every hole gets a block of its own.
 *
 * The shell's text is most of a page, and the same in all: it was deflated once, and is only told
 * of.
 *
 * A checksum is put together from those of the pieces, by operators that are made once too. */
#include "template.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    NONCE_LENGTH = BERTH_NONCE_BYTES - 1,
    WINDOW_REACH = 31 * 1024, /* less than 32 KiB, which a match and its lookahead need */
    HEAD_BYTES = 10,
    TRAILER_BYTES = 8,
    STORED_HEAD_BYTES = 5,
    MEMORY_LEVEL = 9,
    BEST = 9,
    PACK_MAX_BYTES = 2 * 1024 * 1024, /* an activation waits for it */
};

struct packer {
    const struct berth_template *template;
    const struct berth_piece *piece;
    unsigned char placeholder[NONCE_LENGTH];
    bool every_hole_stored;
    z_stream stream;
    struct berth_buffer out;
    struct berth_buffer holes;
};

/* Values that occur nowhere in the text, each once, so that a match can only be the whole. */
static bool choose_placeholder(const struct berth_template *template, unsigned char *ret) {
    bool used[256] = {false};
    size_t count = 0;
    for (size_t i = 0; i < template->length; i++)
        used[(unsigned char)template->text[i]] = true;
    for (unsigned value = 0; value < 256 && count < NONCE_LENGTH; value++)
        if (!used[value])
            ret[count++] = (unsigned char)value;
    return count == NONCE_LENGTH;
}

static bool add_deflated(struct packer *packer, const void *data, size_t length, int flush) {
    unsigned char piece[4096];
    z_stream *stream = &packer->stream;
    stream->next_in = (Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)length;
    do {
        stream->next_out = piece;
        stream->avail_out = sizeof piece;
        if (deflate(stream, flush) == Z_STREAM_ERROR)
            return false;
        berth_buffer_add(&packer->out, piece, sizeof piece - stream->avail_out);
    } while (stream->avail_out == 0);
    return !packer->out.failed;
}

static bool add_stored_hole(struct packer *packer) {
    static const unsigned char head[STORED_HEAD_BYTES] = {0, NONCE_LENGTH, 0, 255 - NONCE_LENGTH,
                                                          255};
    berth_buffer_add(&packer->out, head, sizeof head);
    berth_buffer_add(&packer->holes, &packer->out.length, sizeof packer->out.length);
    return deflateSetDictionary(&packer->stream, packer->placeholder, NONCE_LENGTH) == Z_OK;
}

/* The text between two places, in which the piece is or is not. */
static bool add_text(struct packer *packer, size_t from, size_t to, int flush) {
    const struct berth_piece *piece = packer->piece;
    const char *text = packer->template->text;
    if (piece->raw && piece->at >= from && piece->at + piece->length <= to) {
        if (!add_deflated(packer, text + from, piece->at - from, Z_SYNC_FLUSH))
            return false;
        berth_buffer_add(&packer->out, piece->raw, piece->raw_length);
        if (deflateSetDictionary(&packer->stream, (const Bytef *)text + piece->at,
                                 (uInt)piece->length) != Z_OK)
            return false;
        from = piece->at + piece->length;
    }
    return add_deflated(packer, text + from, to - from, flush);
}

/* The text from the hole before to the hole at `index`, and the hole. */
static bool add_hole(struct packer *packer, size_t index) {
    const struct berth_template *template = packer->template;
    size_t from = index ? template->holes[index - 1] : 0;
    size_t length = template->holes[index] - from;
    bool stored = packer->every_hole_stored || index == 0 || length > WINDOW_REACH;
    if (!add_text(packer, from, template->holes[index], stored ? Z_SYNC_FLUSH : Z_NO_FLUSH))
        return false;
    return stored ? add_stored_hole(packer)
                  : add_deflated(packer, packer->placeholder, NONCE_LENGTH, Z_NO_FLUSH);
}

static bool begin(struct packer *packer) {
    return deflateInit2(&packer->stream, BEST, Z_DEFLATED, -MAX_WBITS, MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

char *berth_raw_deflate(const char *text, size_t length, size_t *ret_length) {
    struct packer packer = {.template = NULL};
    berth_buffer_init(&packer.out, BERTH_TEMPLATE_MAX_BYTES);
    bool good = begin(&packer) && add_deflated(&packer, text, length, Z_SYNC_FLUSH);
    (void)deflateEnd(&packer.stream);
    *ret_length = packer.out.length;
    char *raw = good ? berth_buffer_take(&packer.out) : NULL;
    berth_buffer_done(&packer.out);
    return raw;
}

static bool deflate_all(struct packer *packer) {
    static const unsigned char head[HEAD_BYTES] = {0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 2, 255};
    const struct berth_template *template = packer->template;
    size_t count = template->hole_count;
    bool good = begin(packer);
    berth_buffer_add(&packer->out, head, sizeof head);
    for (size_t i = 0; good && i < count; i++)
        good = add_hole(packer, i);
    size_t from = count ? template->holes[count - 1] : 0;
    good = good && add_text(packer, from, template->length, Z_FINISH);
    (void)deflateEnd(&packer->stream);
    return good && !packer->out.failed && !packer->holes.failed;
}

static void make_checksums(const struct berth_template *template, struct berth_packed *packed) {
    packed->nonce_operator = (uint32_t)crc32_combine_gen(NONCE_LENGTH);
    for (size_t i = 0; i <= template->hole_count; i++) {
        size_t from = i ? template->holes[i - 1] : 0;
        size_t to = i < template->hole_count ? template->holes[i] : template->length;
        const Bytef *text = (const Bytef *)template->text + from;
        packed->checksums[i].value = (uint32_t)crc32_z(0, text, to - from);
        packed->checksums[i].length_operator = (uint32_t)crc32_combine_gen((z_off_t)(to - from));
    }
}

/* What the form gives for this nonce is the page with this nonce. */
static bool is_proven(const struct berth_template *template, const char *nonce) {
    struct berth_buffer packed, page;
    berth_buffer_init(&packed, BERTH_TEMPLATE_MAX_BYTES);
    berth_buffer_init(&page, 2 * (size_t)BERTH_TEMPLATE_MAX_BYTES);
    berth_template_fill(template, nonce, &page);
    berth_template_fill_packed(template, nonce, &packed);
    char *unpacked = malloc(page.length + 1);
    bool same = unpacked && !packed.failed && !page.failed;
    z_stream stream = {.next_in = (Bytef *)packed.data,
                       .avail_in = (uInt)packed.length,
                       .next_out = (Bytef *)unpacked,
                       .avail_out = (uInt)page.length + 1};
    if (same && inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK) {
        same = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.total_out == page.length &&
               memcmp(unpacked, page.data, page.length) == 0;
        (void)inflateEnd(&stream);
    }
    free(unpacked);
    berth_buffer_done(&packed);
    berth_buffer_done(&page);
    return same;
}

/* 24 different values, none of which stands in a placeholder at the same place. */
static void choose_nonce(const unsigned char *placeholder, char ret[BERTH_NONCE_BYTES]) {
    for (size_t i = 0, value = 'A'; i < NONCE_LENGTH; value++)
        if (!memchr(placeholder, (int)value, NONCE_LENGTH))
            ret[i++] = (char)value;
    ret[NONCE_LENGTH] = '\0';
}

static bool pack_once(struct berth_template *template, struct packer *packer) {
    berth_buffer_init(&packer->out, BERTH_TEMPLATE_MAX_BYTES);
    berth_buffer_init(&packer->holes, BERTH_TEMPLATE_MAX_BYTES);
    packer->stream = (z_stream){0};
    bool good = deflate_all(packer);
    struct berth_packed *packed = &template->packed;
    packed->length = packer->out.length;
    packed->hole_count = packer->holes.length / sizeof(size_t);
    packed->data = good ? berth_buffer_take(&packer->out) : NULL;
    char *holes = good ? berth_buffer_take(&packer->holes) : NULL;
    packed->holes = (size_t *)(void *)holes; /* from realloc: aligned for anything */
    packed->checksums = calloc(template->hole_count + 1, sizeof *packed->checksums);
    good = packed->data && packed->holes && packed->checksums;
    if (good)
        make_checksums(template, packed);
    berth_buffer_done(&packer->out);
    berth_buffer_done(&packer->holes);
    char nonce[BERTH_NONCE_BYTES];
    choose_nonce(packer->placeholder, nonce);
    if (good && is_proven(template, nonce))
        return true;
    berth_packed_done(packed);
    return false;
}

static size_t packed_bytes(const struct berth_packed *packed) {
    return packed->length + packed->hole_count * NONCE_LENGTH + TRAILER_BYTES;
}

void berth_template_pack(struct berth_template *template, const struct berth_piece *piece) {
    struct packer packer = {.template = template, .piece = piece};
    if (template->length > PACK_MAX_BYTES || !choose_placeholder(template, packer.placeholder))
        return;
    if (!pack_once(template, &packer)) {
        packer.every_hole_stored = true;
        if (!pack_once(template, &packer))
            return;
    }
    if (packed_bytes(&template->packed) >= template->length + template->hole_count * NONCE_LENGTH)
        berth_packed_done(&template->packed);
}

void berth_packed_done(struct berth_packed *packed) {
    free(packed->data);
    free(packed->holes);
    free(packed->checksums);
    *packed = (struct berth_packed){0};
}

static void add_little_endian(struct berth_buffer *out, uint32_t value) {
    unsigned char bytes[4];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    berth_buffer_add(out, bytes, sizeof bytes);
}

static uint32_t checksum(const struct berth_template *template, const char *nonce) {
    const struct berth_packed *packed = &template->packed;
    uLong of_nonce = crc32_z(0, (const Bytef *)nonce, NONCE_LENGTH);
    uLong value = packed->checksums[0].value;
    for (size_t i = 1; i <= template->hole_count; i++) {
        value = crc32_combine_op(value, of_nonce, packed->nonce_operator);
        value = crc32_combine_op(value, packed->checksums[i].value,
                                 packed->checksums[i].length_operator);
    }
    return (uint32_t)value;
}

void berth_template_fill_packed(const struct berth_template *template, const char *nonce,
                                struct berth_buffer *page) {
    const struct berth_packed *packed = &template->packed;
    size_t from = 0;
    for (size_t i = 0; i < packed->hole_count; i++) {
        berth_buffer_add(page, packed->data + from, packed->holes[i] - from);
        berth_buffer_add(page, nonce, NONCE_LENGTH);
        from = packed->holes[i];
    }
    berth_buffer_add(page, packed->data + from, packed->length - from);
    add_little_endian(page, checksum(template, nonce));
    add_little_endian(page, (uint32_t)(template->length + template->hole_count * NONCE_LENGTH));
}
