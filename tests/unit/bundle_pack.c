#include "bundle_scratch.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder to pack, beside the store's. */
static char folder[] = "/tmp/berth-pack-XXXXXX";

static int setup(void **state) {
    memcpy(folder, "/tmp/berth-pack-XXXXXX", sizeof folder);
    return scratch_setup(state) || !mkdtemp(folder) ? -1 : 0;
}

static int teardown(void **state) {
    scratch_remove(folder);
    return scratch_teardown(state);
}

static void in_folder(const char *name, char ret[512]) {
    (void)snprintf(ret, 512, "%s/%s", folder, name);
}

static void put(const char *name, const char *text) {
    char path[512];
    in_folder(name, path);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int pack(struct berth_error *error) {
    int fd = scratch_file("", 0);
    if (berth_bundle_pack(folder, fd, NULL, NULL, error) == BERTH_OK)
        return fd;
    close(fd);
    return -1;
}

static char *bytes_of(int fd, size_t *ret_length) {
    off_t length = lseek(fd, 0, SEEK_END);
    char *data = malloc((size_t)length);
    assert_non_null(data);
    assert_int_equal(pread(fd, data, (size_t)length, 0), length);
    *ret_length = (size_t)length;
    close(fd);
    return data;
}

static void what_is_packed_can_be_read(void **state) {
    put("remoteEntry.js", "var a;(()=>{a=n(6)})()");
    put("css/bl\303\245.css", "a{}");
    put("empty", "");
    put("deep/er/"
        "a-name-that-is-long-enough-to-need-a-pax-header-because-it-has-more-than-one-"
        "hundred-bytes-in-its-last-segment.js",
        "x");
    struct berth_error error = {0};
    int fd = pack(&error);
    if (fd < 0)
        fail_msg("%s %s", error.text, error.where);
    struct berth_version version = {0};
    if (scratch_read(*state, fd, lseek(fd, 0, SEEK_END), &version, &error))
        fail_msg("%s %s", error.text, error.where);
    assert_int_equal(version.asset_count, 4);
    assert_string_equal(version.assets[0].path, "css/bl\303\245.css");
    berth_version_done(&version);
    close(fd);
}

static void the_same_contents_give_the_same_bytes(void **state) {
    (void)state;
    put("b/remoteEntry.js", "1");
    put("a.js", "2");
    size_t length = 0;
    char *first = bytes_of(pack(NULL), &length);
    char path[512];
    in_folder("a.js", path);
    assert_int_equal(unlink(path), 0);
    put("a.js", "2");
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(
        utimensat(AT_FDCWD, path, (struct timespec[2]){{.tv_sec = 5}, {.tv_sec = 5}}, 0), 0);
    size_t again_length = 0;
    char *again = bytes_of(pack(NULL), &again_length);
    assert_int_equal(length, again_length);
    assert_memory_equal(first, again, length);
    free(first);
    free(again);
}

static void check_refused(enum berth_code code, const char *rule, const char *where) {
    struct berth_error error = {0};
    assert_int_equal(pack(&error), -1);
    assert_int_equal(error.code, code);
    assert_string_equal(error.rule, rule);
    assert_string_equal(error.where, where);
}

static void a_symlink_is_refused_by_name(void **state) {
    (void)state;
    put("dir/a.js", "1");
    char path[512];
    in_folder("dir/link.js", path);
    assert_int_equal(symlink("a.js", path), 0);
    check_refused(BERTH_REFUSED, "type-symlink", "dir/link.js");
}

static void a_fifo_is_refused_by_name(void **state) {
    (void)state;
    char path[512];
    in_folder("pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_refused(BERTH_REFUSED, "type-device", "pipe");
}

static void a_name_that_the_server_refuses_is_refused_before_it_is_sent(void **state) {
    (void)state;
    put("a\\b.js", "1");
    check_refused(BERTH_REFUSED, "path-backslash", "a\\b.js");
}

static void a_folder_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct berth_error error = {0};
    assert_int_equal(berth_bundle_pack("/nonexistent/folder", 1, NULL, NULL, &error), BERTH_IO);
    assert_string_equal(error.rule, "pack-directory");
}

static void count(int64_t bytes, void *context) {
    int64_t *last = context;
    assert_true(bytes > *last);
    *last = bytes;
}

static void progress_counts_the_bytes_read(void **state) {
    (void)state;
    put("a.js", "12345");
    put("b.js", "678");
    int64_t last = 0;
    int fd = scratch_file("", 0);
    assert_int_equal(berth_bundle_pack(folder, fd, count, &last, NULL), BERTH_OK);
    assert_int_equal(last, 8);
    close(fd);
}

static void a_full_disk_is_named(void **state) {
    (void)state;
    put("a.js", "1");
    int fd = open("/dev/full", O_WRONLY);
    struct berth_error error = {0};
    assert_int_equal(berth_bundle_pack(folder, fd, NULL, NULL, &error), BERTH_NO_SPACE);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_packed_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_contents_give_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_symlink_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fifo_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_the_server_refuses_is_refused_before_it_is_sent,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(progress_counts_the_bytes_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
