/* Any form, in pieces: the first byte says of what size. What comes of it must be the same as in
 * one piece. */
#include "api/multipart.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t hash; /* FNV-1a over all that the sink got */
    size_t bytes;
    int open;
};

static void must(bool holds) {
    if (!holds)
        abort();
}

static void note(struct seen *seen, const void *data, size_t length) {
    for (size_t i = 0; i < length; i++)
        seen->hash = (seen->hash ^ ((const uint8_t *)data)[i]) * 1099511628211u;
}

static enum berth_code begin(void *context, const char *name, bool file,
                             struct berth_error *error) {
    struct seen *seen = context;
    (void)error;
    must(seen->open == 0 && *name && strlen(name) <= API_PART_NAME_MAX_BYTES);
    seen->open = 1;
    note(seen, name, strlen(name));
    note(seen, file ? "!" : ":", 1);
    return BERTH_OK;
}

static enum berth_code add(void *context, const void *data, size_t length,
                           struct berth_error *error) {
    struct seen *seen = context;
    (void)error;
    must(seen->open == 1 && length > 0);
    seen->bytes += length;
    note(seen, data, length);
    return BERTH_OK;
}

static enum berth_code end(void *context, struct berth_error *error) {
    struct seen *seen = context;
    (void)error;
    must(seen->open == 1);
    seen->open = 0;
    note(seen, ".", 1);
    return BERTH_OK;
}

static enum berth_code read_form(const uint8_t *data, size_t size, size_t piece, struct seen *seen,
                                 struct berth_error *error) {
    static const struct api_multipart_sink sink = {begin, add, end};
    struct api_multipart multipart;
    enum berth_code code =
        api_multipart_init(&multipart, "multipart/form-data; boundary=B", &sink, seen, error);
    for (size_t at = 0; !code && at < size; at += piece)
        code =
            api_multipart_add(&multipart, data + at, size - at < piece ? size - at : piece, error);
    must(seen->bytes <= size);
    return code ? code : api_multipart_finish(&multipart, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct seen whole = {0}, pieces = {0};
    struct berth_error first = {0}, second = {0};
    if (!size)
        return 0;
    size_t piece = 1 + data[0] % 16;
    enum berth_code code = read_form(data + 1, size - 1, size, &whole, &first);
    must(read_form(data + 1, size - 1, piece, &pieces, &second) == code);
    must(strcmp(first.rule, second.rule) == 0 && whole.hash == pieces.hash);
    must(code != BERTH_OK || !whole.open);
    char *type = strndup((const char *)data, size);
    struct api_multipart multipart;
    if (type)
        (void)api_multipart_init(&multipart, type, NULL, NULL, NULL);
    free(type);
    return 0;
}
