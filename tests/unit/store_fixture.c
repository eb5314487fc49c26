#include "store_fixture.h"

#include <stdio.h>
#include <unistd.h>

int fixture_setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    temp_directory_make(fixture->directory);
    assert_int_equal(berth_store_open(fixture->directory, &fixture->store, &fixture->error), 0);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state) {
    struct fixture *fixture = *state;
    berth_store_close(fixture->store);
    temp_directory_remove(fixture->directory);
    free(fixture);
    return 0;
}

enum berth_code fixture_put(struct berth_store *store, const void *data, size_t length,
                            struct berth_digest *ret, struct berth_error *error) {
    struct berth_blob_writer *writer = NULL;
    int64_t bytes = -1;
    enum berth_code code = berth_blob_begin(store, &writer, error);
    if (code)
        return code;
    size_t half = length / 2;
    code = berth_blob_add(writer, data, half, error);
    if (!code)
        code = berth_blob_add(writer, (const char *)data + half, length - half, error);
    if (code) {
        berth_blob_abort(writer);
        return code;
    }
    code = berth_blob_finish(writer, ret, &bytes, error);
    if (!code && bytes != (int64_t)length)
        return BERTH_IO;
    return code;
}

bool fixture_has(struct berth_store *store, const struct berth_digest *digest) {
    int fd = -1;
    int64_t bytes = 0;
    bool found = berth_blob_open(store, digest, &fd, &bytes, NULL) == BERTH_OK;
    if (found)
        close(fd);
    return found;
}

void fixture_blob_name(const struct berth_digest *digest, char ret[FIXTURE_BLOB_NAME_BYTES]) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(digest, hex);
    (void)snprintf(ret, FIXTURE_BLOB_NAME_BYTES, "blobs/%.2s/%s", hex, hex);
}
