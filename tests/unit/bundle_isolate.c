/* Reading in a process of its own, with readers that fail in every way. This program is also the
 * readers' parent: it is started again with that command. Of a task's ratio a reader here takes
 * what to do: HEALTHY, KILL_PARENT, or FAULT and the number of a fault. */
#include "aside.h"
#include "bundle_scratch.h"
#include "child.h"
#include "jail.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEALTHY = 200, KILL_PARENT = 300, FAULT = 1000 };

/* --- the reader --- */

static struct berth_wire wire;

static void put(enum wire_type type, const char *text) {
    (void)berth_wire_put(&wire, type, text, strlen(text), NULL);
}

static void jail(void) {
    bool filtered = false;
    if (berth_jail_enter(1, 20000, &filtered, NULL) != BERTH_OK || !filtered)
        put(WIRE_DONE, "");
}

static void fault_segfault(void) {
    (void)signal(SIGSEGV, SIG_DFL);
    (void)raise(SIGSEGV);
}

static void fault_halfway(void) {
    put(WIRE_FILE, "a.js");
    put(WIRE_BYTES, "half");
    (void)berth_wire_flush(&wire, NULL);
    (void)raise(SIGKILL);
}

static void fault_hang(void) {
    (void)pause();
}

static void fault_spin(void) {
    jail();
    for (volatile unsigned i = 0;; i++)
        continue;
}

static void fault_memory(void) {
    jail();
    /* With sanitizers memory has no bound. */
    static void *pieces[1 << 10];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        pieces[i] = malloc((size_t)1 << 20);
    struct berth_error error = {0};
    berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
    (void)berth_wire_put_error(&wire, &error);
}

static void fault_file(void) {
    jail();
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
        put(WIRE_DONE, "");
    else
        put(WIRE_BYTES, "no file");
}

static void fault_socket(void) {
    jail();
    if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0)
        put(WIRE_DONE, "");
}

static void fault_overwrite(void) {
    jail();
    put(write(STDIN_FILENO, "x", 1) == 1 ? WIRE_DONE : WIRE_BYTES, "");
}

static void fault_junk(void) {
    static const char junk[] = "HTTP/1.1 200 OK\r\n\r\n";
    (void)!write(STDOUT_FILENO, junk, sizeof junk);
}

static void fault_nothing(void) {
}

static void fault_exit(void) {
    put(WIRE_DONE, "");
    (void)berth_wire_flush(&wire, NULL);
    _exit(3);
}

static void fault_after_done(void) {
    put(WIRE_DONE, "");
    put(WIRE_FOLDER, "late");
}

static void fault_cut_frame(void) {
    (void)!write(STDOUT_FILENO, "f\x10\0\0\0abc", 8);
}

static void fault_bytes_of_no_file(void) {
    put(WIRE_BYTES, "x");
    put(WIRE_DONE, "");
}

static void fault_file_in_file(void) {
    put(WIRE_FILE, "a.js");
    put(WIRE_FILE, "b.js");
    put(WIRE_DONE, "");
}

static void fault_unended_file(void) {
    put(WIRE_FILE, "a.js");
    put(WIRE_DONE, "");
}

static void fault_outside(void) {
    put(WIRE_FILE, "../../evil.js");
    put(WIRE_END, "");
    put(WIRE_DONE, "");
}

static void fault_twice(void) {
    for (int i = 0; i < 2; i++) {
        put(WIRE_FILE, "a.js");
        put(WIRE_END, "");
    }
    put(WIRE_DONE, "");
}

static void fault_endless_file(void) {
    static char zeros[WIRE_MAX_BYTES];
    put(WIRE_FILE, "a.js");
    while (berth_wire_put(&wire, WIRE_BYTES, zeros, sizeof zeros, NULL) == BERTH_OK)
        continue;
}

static void fault_endless_folders(void) {
    while (berth_wire_put(&wire, WIRE_FOLDER, "a", 1, NULL) == BERTH_OK)
        continue;
}

static void fault_notes(void) {
    put(WIRE_UNFILTERED, "");
    put(WIRE_UNFILTERED, "");
}

static void fault_odd_error(void) {
    (void)berth_wire_put(&wire, WIRE_ERROR, "\x09rule\0\x1b[31m\0text\0", 17, NULL);
}

static void fault_odd_code(void) {
    (void)berth_wire_put(&wire, WIRE_ERROR, "\0rule\0\0text\0", 12, NULL);
}

/* As one that cannot be ended has it killed: this reader ends with it, and so do all others. */
static void kill_parent(void) {
    put(WIRE_FILE, "a.js");
    (void)berth_wire_flush(&wire, NULL);
    (void)kill(getppid(), SIGKILL);
    (void)pause();
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *rule;
} faults[] = {
    {"a reader that segfaults", fault_segfault, "archive-reader-crashed"},
    {"a reader that is killed within a file", fault_halfway, "archive-reader-crashed"},
    {"a reader that hangs", fault_hang, "limit-archive-seconds"},
    {"a reader that computes for ever", fault_spin, "limit-archive-seconds"},
    {"a reader that runs out of memory", fault_memory, "limit-archive-memory"},
    {"a reader that opens a file", fault_file, "archive-reader-crashed"},
    {"a reader that opens a socket", fault_socket, "archive-reader-crashed"},
    {"a reader that writes to the archive", fault_overwrite, "archive-reader-crashed"},
    {"a reader that writes junk", fault_junk, "archive-reader-crashed"},
    {"a reader that says nothing", fault_nothing, "archive-reader-crashed"},
    {"a reader that fails after its last word", fault_exit, "archive-reader-crashed"},
    {"a reader that goes on after its last word", fault_after_done, "archive-reader-crashed"},
    {"a frame that is cut", fault_cut_frame, "archive-reader-crashed"},
    {"bytes of no file", fault_bytes_of_no_file, "archive-reader-crashed"},
    {"a file in a file", fault_file_in_file, "archive-reader-crashed"},
    {"a file without an end", fault_unended_file, "archive-reader-crashed"},
    {"a path outside", fault_outside, "path-parent"},
    {"two files with one path", fault_twice, "path-duplicate"},
    {"a file without a limit", fault_endless_file, "limit-file-bytes"},
    {"folders without a limit", fault_endless_folders, "limit-entries"},
    {"a note twice", fault_notes, "archive-reader-crashed"},
    {"an error that would colour a terminal", fault_odd_error, "archive-reader-crashed"},
    {"an error that is none", fault_odd_code, "archive-reader-crashed"},
};
enum { FAULT_COUNT = sizeof faults / sizeof *faults };

static void be_reader(const struct berth_child_task *task) {
    berth_wire_init(&wire, STDOUT_FILENO);
    if (task->limits.ratio == KILL_PARENT)
        kill_parent();
    if (task->limits.ratio >= FAULT && task->limits.ratio < FAULT + FAULT_COUNT) {
        faults[task->limits.ratio - FAULT].run();
        _exit(berth_wire_flush(&wire, NULL) ? 1 : 0);
    }
    berth_isolate_reader(task);
}

/* --- the server --- */

/* One file, remoteEntry.js, in a tar that was made by hand. */
static size_t make_tar(char data[4096]) {
    static const char entry[] = "var shop;(()=>{var n={\"./Header\":()=>t.e(1)};shop=n})();";
    memset(data, 0, 4096);
    (void)snprintf(data, 100, "remoteEntry.js");
    (void)snprintf(data + 100, 8, "0000644");
    (void)snprintf(data + 124, 12, "%011o", (unsigned)(sizeof entry - 1));
    memset(data + 148, ' ', 8);
    data[156] = '0';
    (void)snprintf(data + 257, 6, "ustar");
    data[263] = data[264] = '0';
    unsigned sum = 0;
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)data[i];
    (void)snprintf(data + 148, 8, "%06o", sum);
    (void)snprintf(data + 512, 512, "%s", entry);
    return 512 + 512 + 1024;
}

static enum berth_code read_isolated(struct scratch *scratch, int64_t seconds, int64_t ratio,
                                     struct berth_version *ret, struct berth_error *error) {
    char data[4096];
    size_t length = make_tar(data);
    int fd = scratch_file(data, length);
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    limits.seconds = seconds;
    limits.ratio = ratio;
    limits.file_bytes = 1 << 20;
    enum berth_code code =
        berth_bundle_read(scratch->store, fd, (int64_t)length, &limits, ret, error);
    close(fd);
    return code;
}

static int count_descriptors(void) {
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static int count_blobs(const struct scratch *scratch) {
    char path[256];
    int count = 0;
    for (int i = 0; i < 256; i++) {
        (void)snprintf(path, sizeof path, "%s/blobs/%02x", scratch->directory, (unsigned)i);
        DIR *folder = opendir(path);
        for (const struct dirent *entry = NULL; folder && (entry = readdir(folder));)
            count += entry->d_name[0] != '.';
        if (folder)
            closedir(folder);
    }
    return count;
}

static bool is_clean(const struct scratch *scratch) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/tmp", scratch->directory);
    bool clean = true;
    DIR *folder = opendir(path);
    for (const struct dirent *entry = NULL; folder && (entry = readdir(folder));)
        clean = clean && entry->d_name[0] == '.';
    if (folder)
        closedir(folder);
    return clean && folder && count_blobs(scratch) == 0;
}

/* --- processes --- */

/* The parent of a process, and its nice value; 0 when there is none. */
static pid_t parent_of(pid_t pid, long *ret_nice) {
    enum { PARENT = 1, NICE = 16 }; /* fields of the line, from the state on */
    char path[32];
    char line[512] = "";
    long fields[NICE + 1] = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    char *at = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    (void)fclose(file);
    for (size_t i = 0; at && i <= NICE; i++) {
        at = strchr(at + 1, ' ');
        fields[i] = at ? strtol(at, NULL, 10) : 0;
    }
    *ret_nice = fields[NICE];
    return (pid_t)fields[PARENT];
}

/* How many processes `pid` has started that are there still; *ret one of them. */
static int count_children(pid_t pid, pid_t *ret) {
    long niceness = 0;
    int count = 0;
    DIR *folder = opendir("/proc");
    assert_non_null(folder);
    for (const struct dirent *entry = NULL; (entry = readdir(folder));) {
        pid_t found = (pid_t)strtol(entry->d_name, NULL, 10);
        if (found > 0 && parent_of(found, &niceness) == pid) {
            *ret = found;
            count++;
        }
    }
    closedir(folder);
    return count;
}

/* The readers' parent, which must be the only process and have none itself; 0 when it is gone. */
static pid_t only_parent(void) {
    pid_t parent = 0;
    pid_t reader = 0;
    int parents = count_children(getpid(), &parent);
    assert_in_range(parents, 0, 1);
    if (parents == 0)
        return 0;
    assert_int_equal(count_children(parent, &reader), 0);
    return parent;
}

static void read_well(struct scratch *scratch) {
    struct berth_version version = {0};
    struct berth_error error = {0};
    if (read_isolated(scratch, 60, HEALTHY, &version, &error))
        fail_msg("%s: %s", error.rule, error.text);
    berth_version_done(&version);
}

/* --- tests --- */

static void each_fault_is_a_refusal_and_leaves_nothing(void **state) {
    struct scratch *scratch = *state;
    int descriptors = count_descriptors();
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct berth_version version = {0};
        struct berth_error error = {0};
        enum berth_code code = read_isolated(scratch, 1, FAULT + i, &version, &error);
        if ((code != BERTH_REFUSED && code != BERTH_TOO_LARGE) || code != error.code ||
            strcmp(error.rule, faults[i].rule) != 0)
            fail_msg("%s: code %d, %s: %s", faults[i].name, (int)code, error.rule, error.text);
        bool parent = only_parent() != 0;
        if (!is_clean(scratch) || count_descriptors() != descriptors + parent)
            fail_msg("%s left something", faults[i].name);
    }
}

static void after_a_crash_readers_have_another_parent(void **state) {
    struct scratch *scratch = *state;
    struct berth_version version = {0};
    read_well(scratch);
    pid_t first = only_parent();
    read_well(scratch);
    assert_int_equal(only_parent(), first);
    assert_int_equal(read_isolated(scratch, 60, FAULT, &version, NULL), BERTH_REFUSED);
    assert_int_equal(only_parent(), 0);
    read_well(scratch);
    assert_int_not_equal(only_parent(), 0);
}

static void a_parent_that_is_killed_is_replaced(void **state) {
    struct scratch *scratch = *state;
    read_well(scratch);
    pid_t parent = only_parent();
    assert_int_equal(kill(parent, SIGKILL), 0);
    siginfo_t ended;
    assert_int_equal(waitid(P_PID, (id_t)parent, &ended, WEXITED | WNOWAIT), 0);
    read_well(scratch);
    assert_int_not_equal(only_parent(), 0);
}

static void who_lost_its_reader_with_the_parent_is_told_to_come_back(void **state) {
    struct scratch *scratch = *state;
    struct berth_version version = {0};
    struct berth_error error = {0};
    assert_int_equal(read_isolated(scratch, 60, KILL_PARENT, &version, &error), BERTH_BUSY);
    assert_string_equal(error.rule, "archive-reader-start");
    assert_int_equal(only_parent(), 0);
    assert_true(is_clean(scratch));
    read_well(scratch);
}

static void a_parent_that_does_not_answer_is_a_reason_to_come_back(void **state) {
    struct scratch *scratch = *state;
    struct berth_version version = {0};
    struct berth_error error = {0};
    read_well(scratch);
    assert_int_equal(kill(only_parent(), SIGSTOP), 0);
    assert_int_equal(read_isolated(scratch, 1, HEALTHY, &version, &error), BERTH_BUSY);
    assert_string_equal(error.rule, "archive-reader-start");
    assert_int_equal(only_parent(), 0);
    read_well(scratch);
}

static void readers_come_after_who_visits_pages(void **state) {
    struct scratch *scratch = *state;
    long niceness = 0;
    read_well(scratch);
    assert_int_equal(parent_of(only_parent(), &niceness), getpid());
    assert_int_equal(niceness, getpriority(PRIO_PROCESS, 0) + BERTH_ASIDE_NICE);
}

static void the_reader_finds_what_reading_here_finds(void **state) {
    struct scratch *scratch = *state;
    struct berth_version isolated = {0};
    struct berth_version here = {0};
    struct berth_error error = {0};
    if (read_isolated(scratch, 60, HEALTHY, &isolated, &error))
        fail_msg("%s: %s", error.rule, error.text);
    assert_int_equal(read_isolated(scratch, 0, HEALTHY, &here, NULL), BERTH_OK);
    assert_true(berth_digest_equal(&isolated.digest, &here.digest));
    assert_string_equal(isolated.description, here.description);
    assert_int_equal(isolated.asset_count, 1);
    assert_int_equal(count_blobs(scratch), 1);
    berth_version_done(&isolated);
    berth_version_done(&here);
}

static enum berth_code tell_nice(void *context) {
    *(int *)context = getpriority(PRIO_PROCESS, (id_t)gettid());
    return BERTH_REFUSED;
}

static void work_aside_steps_back_alone(void **state) {
    (void)state;
    int own = getpriority(PRIO_PROCESS, (id_t)gettid());
    int niceness = 0;
    assert_int_equal(berth_aside(tell_nice, &niceness), BERTH_REFUSED);
    assert_int_equal(niceness, own + BERTH_ASIDE_NICE);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), own);
}

static void a_reader_that_cannot_start_is_a_reason_to_come_back(void **state) {
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct berth_child_task task = {.limits = berth_bundle_limits_default()};
    struct berth_child child;
    struct berth_error error = {0};
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum berth_code code = berth_child_start(STDIN_FILENO, &task, &child, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(code, BERTH_BUSY);
    assert_string_equal(error.rule, "archive-reader-start");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], BERTH_PARENT_COMMAND) == 0)
        berth_parent_run(NULL, be_reader);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_fault_is_a_refusal_and_leaves_nothing, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(the_reader_finds_what_reading_here_finds, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(after_a_crash_readers_have_another_parent, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_parent_that_is_killed_is_replaced, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(who_lost_its_reader_with_the_parent_is_told_to_come_back,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_parent_that_does_not_answer_is_a_reason_to_come_back,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(readers_come_after_who_visits_pages, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(work_aside_steps_back_alone),
        cmocka_unit_test(a_reader_that_cannot_start_is_a_reason_to_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
