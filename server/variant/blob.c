#include "variant.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void blob_made_done(struct variant_made *made) {
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        free(made->data[i]);
    memset(made, 0, sizeof *made);
}

enum berth_code blob_compress(struct berth_store *store, const struct berth_digest *digest,
                              bool best, const atomic_bool *stop, struct variant_made *ret,
                              struct berth_error *error) {
    char *data;
    size_t length;
    memset(ret, 0, sizeof *ret);
    enum berth_code code =
        berth_blob_read(store, digest, BERTH_VARIANT_MAX_BYTES, &data, &length, error);
    if (code != BERTH_OK)
        return code;
    for (int i = 0; code == BERTH_OK && i < BERTH_CODING_COUNT; i++)
        code = variant_make((enum berth_coding)i, best, data, length, stop, &ret->data[i],
                            &ret->length[i], error);
    free(data);
    if (code != BERTH_OK)
        blob_made_done(ret);
    return code;
}

static enum berth_code write_blob(struct berth_batch *batch, const void *data, size_t length,
                                  struct berth_variant *ret, struct berth_error *error) {
    struct berth_blob_writer *writer;
    enum berth_code code = berth_blob_begin_in(batch, &writer, error);
    if (code != BERTH_OK)
        return code;
    code = berth_blob_add(writer, data, length, error);
    if (code == BERTH_OK)
        return berth_blob_finish(writer, &ret->digest, &ret->bytes, error);
    berth_blob_abort(writer);
    return code;
}

enum berth_code blob_keep(struct berth_batch *batch, const struct berth_digest *digest,
                          struct variant_made *made,
                          struct berth_variant_record ret[BERTH_CODING_COUNT],
                          struct berth_error *error) {
    enum berth_code code = BERTH_OK;
    for (int i = 0; code == BERTH_OK && i < BERTH_CODING_COUNT; i++) {
        ret[i] = (struct berth_variant_record){.blob = *digest, .coding = (enum berth_coding)i};
        if (made->data[i])
            code = write_blob(batch, made->data[i], made->length[i], &ret[i].variant, error);
    }
    blob_made_done(made);
    return code;
}

bool blob_is_made(const struct variant_blob *blob) {
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        if (blob->variants[i].bytes > 0)
            return true;
    return false;
}

bool blob_is_best(struct berth_store *store, const struct variant_blob *blob) {
    enum { XFL = 8, XFL_BEST = 2 };
    const struct berth_variant *gzip = &blob->variants[BERTH_GZIP];
    unsigned char head[XFL + 1];
    int fd;
    int64_t bytes;
    if (gzip->bytes == 0 || berth_blob_open(store, &gzip->digest, &fd, &bytes, NULL) != BERTH_OK)
        return false;
    bool whole = pread(fd, head, sizeof head, 0) == sizeof head;
    close(fd);
    return whole && head[0] == 0x1f && head[1] == 0x8b && head[XFL] == XFL_BEST;
}
