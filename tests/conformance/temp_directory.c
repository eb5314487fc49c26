#include "temp_directory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// The headers above must come before it.
#include <cmocka.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void temp_directory_make(char ret[TEMP_PATH_BYTES]) {
    const char *base = getenv("TMPDIR");
    (void)snprintf(ret, TEMP_PATH_BYTES, "%s/berth-test-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(ret));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void temp_directory_remove(const char *path) {
    assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static FILE *open_in(const char *directory, const char *name, const char *mode) {
    char path[2 * TEMP_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    return file;
}

char *temp_file_read(const char *directory, const char *name, size_t *ret_bytes) {
    enum { MAX_BYTES = 1 << 22 };
    FILE *file = open_in(directory, name, "re");
    char *data = malloc(MAX_BYTES + 1);
    assert_non_null(data);
    size_t bytes = fread(data, 1, MAX_BYTES, file);
    data[bytes] = '\0';
    assert_int_equal(fclose(file), 0);
    if (ret_bytes)
        *ret_bytes = bytes;
    return data;
}

void temp_file_write(const char *directory, const char *name, const void *data, size_t bytes) {
    FILE *file = open_in(directory, name, "we");
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

int temp_file_exists(const char *directory, const char *name) {
    char path[2 * TEMP_PATH_BYTES];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return lstat(path, &status) == 0;
}

unsigned temp_file_mode(const char *directory, const char *name) {
    char path[2 * TEMP_PATH_BYTES];
    struct stat status;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

int temp_in_child(int (*body)(void *context), void *context) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        if (!freopen("/dev/null", "w", stderr))
            _exit(99);
        _exit(body(context));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
