/* Archives of all kinds, looked at without a store. */
#include "unpack.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_archive(int fd, size_t size) {
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    limits.unpacked_bytes = limits.file_bytes = 1 << 20;
    limits.entries = 100;
    enum berth_archive kind = BERTH_TAR;
    if (berth_archive_tell(fd, (int64_t)size, &kind, NULL) != BERTH_OK)
        return;
    struct berth_tree tree;
    berth_tree_init(&tree);
    struct berth_error error = {0};
    enum berth_code code =
        berth_archive_read(NULL, fd, (int64_t)size, kind, &limits, &tree, &error);
    if (code != error.code || code == BERTH_IO)
        abort();
    berth_tree_done(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("archive", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    read_archive(fd, size);
    return 0;
}
