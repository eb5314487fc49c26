/* Anything that a reader process may say. What the server takes from it keeps the rules. */
#include "hear.h"
#include "path.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void check_tree(struct berth_tree *tree, const struct berth_bundle_limits *limits) {
    must((int64_t)tree->count <= limits->entries && tree->bytes <= limits->unpacked_bytes);
    for (size_t i = 0; i < tree->count; i++) {
        char *path = tree->nodes[i].asset.path;
        must(tree->nodes[i].asset.bytes <= limits->file_bytes);
        must(berth_path_check(path, strlen(path), NULL) == BERTH_OK);
    }
    (void)berth_tree_finish(tree, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("frames", MFD_CLOEXEC);
    must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    must(lseek(fd, 0, SEEK_SET) == 0);
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    limits.unpacked_bytes = 1 << 16;
    limits.file_bytes = 1 << 12;
    limits.entries = 50;
    struct berth_tree tree;
    struct berth_intake intake;
    struct berth_child child = {.fd = fd, .left_ns = INT64_MAX};
    struct berth_heard heard = {0};
    struct berth_error error = {0};
    berth_tree_init(&tree);
    berth_intake_init(&intake, NULL, 1 << 16, &limits, &tree);
    enum berth_code code = berth_hear(&child, &intake, &heard, &error);
    must(heard.faulty ? code == BERTH_REFUSED : code == error.code);
    berth_intake_done(&intake);
    if (!code)
        check_tree(&tree, &limits);
    berth_tree_done(&tree);
    return 0;
}
