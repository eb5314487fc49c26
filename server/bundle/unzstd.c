/* One zstd frame, RFC 8878. libzstd checks its checksum where it has one. */
#include "stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* 16 MiB: twice what zstd -19 uses. A frame may ask for 2 GiB. */
enum { MAX_WINDOW_LOG = 24 };

struct unzstd {
    struct berth_unpacker base;
    ZSTD_DCtx *context;
    ZSTD_inBuffer in;
    bool ended;
};

static enum berth_code refuse(size_t status, struct berth_error *error) {
    switch (ZSTD_getErrorCode(status)) {
    case ZSTD_error_memory_allocation:
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    case ZSTD_error_frameParameter_windowTooLarge:
        berth_fail(error, BERTH_REFUSED, "zstd-window",
                   "the zstd frame needs a window of more than 16 MiB");
        berth_error_hint(error, "compress with level 19 or less, without --ultra or --long");
        return BERTH_REFUSED;
    case ZSTD_error_checksum_wrong:
        return berth_fail(error, BERTH_REFUSED, "archive-checksum",
                          "the zstd data does not match its checksum");
    default:
        return berth_fail(error, BERTH_REFUSED, "archive-damaged", "the zstd data is damaged: %s",
                          ZSTD_getErrorName(status));
    }
}

static bool is_drained(const struct unzstd *unzstd) {
    return unzstd->in.pos == unzstd->in.size;
}

static enum berth_code refill(struct unzstd *unzstd, struct berth_source *source,
                              struct berth_error *error) {
    size_t length = 0;
    enum berth_code code = berth_source_read(source, &length, error);
    if (code)
        return code;
    unzstd->in = (ZSTD_inBuffer){.src = source->data, .size = length};
    return BERTH_OK;
}

static enum berth_code check_end(struct unzstd *unzstd, struct berth_source *source,
                                 struct berth_error *error) {
    enum berth_code code = is_drained(unzstd) ? refill(unzstd, source, error) : BERTH_OK;
    return code ? code
                : berth_source_check_rest(source, source->data + unzstd->in.pos,
                                          unzstd->in.size - unzstd->in.pos, error);
}

static enum berth_code unzstd_fill(struct berth_unpacker *unpacker, struct berth_source *source,
                                   unsigned char *data, size_t size, size_t *ret_length,
                                   struct berth_error *error) {
    struct unzstd *unzstd = (struct unzstd *)unpacker;
    ZSTD_outBuffer out = {.dst = data, .size = size};
    while (!unzstd->ended && out.pos < size) {
        enum berth_code code = is_drained(unzstd) ? refill(unzstd, source, error) : BERTH_OK;
        if (code)
            return code;
        size_t before = out.pos;
        bool starved = is_drained(unzstd);
        size_t status = ZSTD_decompressStream(unzstd->context, &out, &unzstd->in);
        if (ZSTD_isError(status))
            return refuse(status, error);
        /* Without input it may still flush what it holds. */
        if (starved && status != 0 && out.pos == before)
            return berth_unpacker_refuse_truncated(error);
        unzstd->ended = status == 0;
        if (unzstd->ended && (code = check_end(unzstd, source, error)))
            return code;
    }
    *ret_length = out.pos;
    return BERTH_OK;
}

static void unzstd_destroy(struct berth_unpacker *unpacker) {
    struct unzstd *unzstd = (struct unzstd *)unpacker;
    ZSTD_freeDCtx(unzstd->context);
    free(unzstd);
}

struct berth_unpacker *berth_unpacker_zstd(void) {
    struct unzstd *unzstd = calloc(1, sizeof *unzstd);
    if (!unzstd)
        return NULL;
    unzstd->base = (struct berth_unpacker){.fill = unzstd_fill, .destroy = unzstd_destroy};
    unzstd->context = ZSTD_createDCtx();
    if (!unzstd->context || ZSTD_isError(ZSTD_DCtx_setParameter(
                                unzstd->context, ZSTD_d_windowLogMax, MAX_WINDOW_LOG))) {
        unzstd_destroy(&unzstd->base);
        return NULL;
    }
    return &unzstd->base;
}
