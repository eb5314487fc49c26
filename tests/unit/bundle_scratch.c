#include "bundle_scratch.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

void scratch_remove(const char *directory) {
    (void)nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int scratch_setup(void **state) {
    struct scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch)
        return -1;
    /* In memory where there is such a place: a test fsyncs thousands of blobs. */
    bool shm = access("/dev/shm", W_OK) == 0;
    (void)snprintf(scratch->directory, sizeof scratch->directory, "%s/berth-bundle-XXXXXX",
                   shm ? "/dev/shm" : "/tmp");
    struct berth_error error = {0};
    if (!mkdtemp(scratch->directory) ||
        berth_store_open(scratch->directory, &scratch->store, &error)) {
        free(scratch);
        return -1;
    }
    *state = scratch;
    return 0;
}

int scratch_teardown(void **state) {
    struct scratch *scratch = *state;
    berth_store_close(scratch->store);
    scratch_remove(scratch->directory);
    free(scratch);
    return 0;
}

enum berth_code scratch_read(struct scratch *scratch, int fd, int64_t bytes,
                             struct berth_version *ret, struct berth_error *error) {
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    return berth_bundle_read(scratch->store, fd, bytes, &limits, ret, error);
}

int scratch_file(const void *data, size_t length) {
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, length, 0), (ssize_t)length);
    return fd;
}

char *scratch_load(const char *path, size_t *ret_length) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    if (fd < 0 || fstat(fd, &status) != 0)
        fail_msg("cannot open %s", path);
    char *data = malloc((size_t)status.st_size + 1);
    assert_non_null(data);
    assert_int_equal(read(fd, data, (size_t)status.st_size), status.st_size);
    data[status.st_size] = '\0';
    close(fd);
    *ret_length = (size_t)status.st_size;
    return data;
}
