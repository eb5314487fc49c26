#include "berth/bundle.h"
#include "aside.h"
#include "detect.h"
#include "kind.h"
#include "tree.h"
#include "unpack.h"

#include <stdlib.h>

struct berth_bundle_limits berth_bundle_limits_default(void) {
    return (struct berth_bundle_limits){
        .archive_bytes = BERTH_ARCHIVE_BYTES,
        .unpacked_bytes = BERTH_UNPACKED_BYTES,
        .file_bytes = BERTH_FILE_BYTES,
        .entries = BERTH_ENTRIES,
        .ratio = BERTH_RATIO,
        .seconds = 0,
    };
}

/* What the archive turned out to be; moved to the version only when all of it is there. */
struct result {
    struct berth_tree tree;
    struct berth_digest digest;
    char *description;
};

static enum berth_code read_into(struct result *result, struct berth_store *store, int fd,
                                 int64_t archive_bytes, const struct berth_bundle_limits *limits,
                                 struct berth_error *error) {
    if (archive_bytes > limits->archive_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-archive-bytes",
                          "the archive has %lld bytes, the limit is %lld", (long long)archive_bytes,
                          (long long)limits->archive_bytes);
    enum berth_archive kind = BERTH_TAR;
    enum berth_code code = berth_archive_tell(fd, archive_bytes, &kind, error);
    if (!code)
        code = berth_archive_read(store, fd, archive_bytes, kind, limits, &result->tree, error);
    if (!code)
        code = berth_detect(store, &result->tree, kind, &result->description, error);
    if (!code)
        code = berth_tree_digest(&result->tree, &result->digest, error);
    return code;
}

static enum berth_code read_bundle(struct berth_store *store, int fd, int64_t archive_bytes,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_version *ret, struct berth_error *error) {
    struct result result = {0};
    berth_tree_init(&result.tree);
    enum berth_code code = read_into(&result, store, fd, archive_bytes, limits, error);
    if (!code)
        code = berth_store_sync(store, error);
    int64_t bytes = result.tree.bytes;
    struct berth_asset *assets = NULL;
    size_t count = 0;
    if (!code)
        code = berth_tree_take(&result.tree, &assets, &count, error);
    berth_tree_done(&result.tree);
    if (code) {
        free(result.description);
        return code;
    }
    ret->assets = assets;
    ret->asset_count = count;
    ret->bytes = bytes;
    ret->digest = result.digest;
    ret->description = result.description;
    ret->archive_bytes = archive_bytes;
    return BERTH_OK;
}

struct reading {
    struct berth_store *store;
    int fd;
    int64_t archive_bytes;
    const struct berth_bundle_limits *limits;
    struct berth_version *ret;
    struct berth_error *error;
};

static enum berth_code read_aside(void *context) {
    const struct reading *reading = context;
    return read_bundle(reading->store, reading->fd, reading->archive_bytes, reading->limits,
                       reading->ret, reading->error);
}

enum berth_code berth_bundle_read(struct berth_store *store, int fd, int64_t archive_bytes,
                                  const struct berth_bundle_limits *limits,
                                  struct berth_version *ret, struct berth_error *error) {
    struct reading reading = {.store = store,
                              .fd = fd,
                              .archive_bytes = archive_bytes,
                              .limits = limits,
                              .ret = ret,
                              .error = error};
    return limits->seconds ? berth_aside(read_aside, &reading) : read_aside(&reading);
}
