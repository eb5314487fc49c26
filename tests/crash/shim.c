/* Preloaded into the server (LD_PRELOAD): counts the calls of libc that change or read what lies
 * under one folder, over all threads, and at the Nth kills the process or makes the call fail; and
 * records what each call did, for a replay of what a power cut would leave.
 *
 *     CRASH_DATA     the folder, an absolute path without symbolic links
 *     CRASH_CONTROL  a file of struct control, which the test maps too and changes at any time
 *     CRASH_LOG      where records are appended
 *
 * strace could do it from outside, but it counts for each thread alone, and here many threads
 * write. SQLite writes through libc too, since mmap is off. What it opens it opens by absolute
 * path. Only regular files and folders count: a number that became a socket meanwhile is none.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <dirent.h>

/* Also in shim.py. */
enum kind {
    KIND_OPEN = 1, /* without O_CREAT, which is KIND_CREATE */
    KIND_WRITE = 2,
    KIND_SYNC = 4,
    KIND_TRUNCATE = 8,
    KIND_RENAME = 16,
    KIND_UNLINK = 32,
    KIND_MKDIR = 64,
    KIND_HINT = 128,
    KIND_CREATE = 256,
    KIND_LOST = 512, /* a sync that was made to fail; in records alone */
    KIND_READ = 1024,
};

enum mode { MODE_COUNT = 0, MODE_KILL = 1, MODE_FAIL = 2 };

struct control {
    _Atomic uint64_t armed;
    _Atomic uint64_t mode;
    _Atomic uint64_t at;        /* from 1 */
    _Atomic uint64_t number;    /* errno of the failure */
    _Atomic uint64_t sticky;    /* all later calls fail too */
    _Atomic uint64_t torn;      /* a write that is hit does half of its work */
    _Atomic uint64_t kinds;     /* which calls count, or-ed */
    _Atomic uint64_t count;     /* calls since `armed` was set */
    _Atomic uint64_t hits;      /* of them killed or failed */
    _Atomic uint64_t record;    /* write records */
    _Atomic uint64_t log_bytes; /* of all records so far */
    _Atomic uint64_t unused;
    char where[416]; /* the first call that was hit */
};

/* Followed by name, second name, data. */
struct record {
    uint32_t kind;
    uint32_t name_bytes;
    uint32_t to_bytes;
    uint32_t data_bytes;
    uint64_t inode;  /* of the file, or of the folder that has the name */
    uint64_t other;  /* of what was made, or of the folder that it was moved to */
    uint64_t offset; /* of a sync: where it was called */
};

enum { DESCRIPTORS = 65536, CONTROL_BYTES = 512 };
_Static_assert(sizeof(struct control) == CONTROL_BYTES, "shim.py maps it");

static struct control *control;
static const char *data_path;
static int log_fd = -1;
static _Atomic bool inside[DESCRIPTORS]; /* the descriptor leads below CRASH_DATA */
static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name)    ((__typeof__(&name))real_##name)
#define DECLARE(name) static void *real_##name;
#define FIND(name)    real_##name = dlsym(RTLD_NEXT, #name);
#define ALL(X)                                                                                     \
    X(open)                                                                                        \
    X(openat)                                                                                      \
    X(read)                                                                                        \
    X(pread)                                                                                       \
    X(write)                                                                                       \
    X(pwrite)                                                                                      \
    X(fsync)                                                                                       \
    X(fdatasync)                                                                                   \
    X(ftruncate) X(renameat2) X(unlinkat) X(mkdirat) X(sync_file_range) X(close) X(closedir) X(dup)
ALL(DECLARE)

__attribute__((constructor)) static void start(void) {
    ALL(FIND)
    const char *path = getenv("CRASH_CONTROL");
    const char *log_path = getenv("CRASH_LOG");
    data_path = getenv("CRASH_DATA");
    if (!path || !log_path || !data_path)
        return;
    int fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    log_fd = REAL(open)(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (map == MAP_FAILED || log_fd < 0) {
        static const char text[] = "shim: cannot open its files\n";
        (void)!REAL(write)(STDERR_FILENO, text, sizeof text - 1);
        _exit(99);
    }
    REAL(close)(fd);
    control = map;
}

/* --- what concerns us --- */

static bool is_below(const char *path) {
    size_t length = strlen(data_path);
    return strncmp(path, data_path, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool flagged(int fd) {
    return fd >= 0 && fd < DESCRIPTORS && atomic_load(&inside[fd]);
}

static void flag(int fd, bool value) {
    if (fd >= 0 && fd < DESCRIPTORS)
        atomic_store(&inside[fd], value);
}

static bool concerns_path(int folder, const char *path) {
    if (!control)
        return false;
    return path[0] == '/' ? is_below(path) : flagged(folder);
}

static bool concerns_fd(int fd) {
    struct stat status;
    return control && flagged(fd) && fstat(fd, &status) == 0 &&
           (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

static bool recording(void) {
    return control && atomic_load(&control->record);
}

/* --- the Nth call --- */

enum fate { FATE_PASS, FATE_FAIL, FATE_TORN };

static void note(enum kind kind, uint64_t number, int fd, const char *path) {
    char link[64];
    char target[256] = "";
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = fd >= 0 ? readlink(link, target, sizeof target - 1) : 0;
    target[length > 0 ? length : 0] = '\0';
    (void)snprintf(control->where, sizeof control->where, "call %llu, kind %d: %s %.128s",
                   (unsigned long long)number, (int)kind, target, path ? path : "");
}

static void die(void) {
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static enum fate hit(enum kind kind, int fd, const char *path) {
    if (!atomic_load(&control->armed) || !(atomic_load(&control->kinds) & kind))
        return FATE_PASS;
    uint64_t number = atomic_fetch_add(&control->count, 1) + 1;
    uint64_t mode = atomic_load(&control->mode);
    uint64_t at = atomic_load(&control->at);
    bool sticky = atomic_load(&control->sticky) && number > at;
    if (mode == MODE_COUNT || (number != at && !sticky))
        return FATE_PASS;
    if (atomic_fetch_add(&control->hits, 1) == 0)
        note(kind, number, fd, path);
    if (kind == KIND_WRITE && atomic_load(&control->torn) && number == at)
        return FATE_TORN;
    if (mode == MODE_KILL)
        die();
    errno = (int)atomic_load(&control->number);
    return FATE_FAIL;
}

/* --- records --- */

static void put_record(const struct record *record, const char *name, const char *to,
                       const void *data) {
    struct {
        const void *bytes;
        size_t length;
    } parts[] = {{record, sizeof *record},
                 {name, record->name_bytes},
                 {to, record->to_bytes},
                 {data, record->data_bytes}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *rest = parts[i].bytes;
        size_t left = parts[i].length;
        while (left) {
            ssize_t written = REAL(write)(log_fd, rest, left);
            if (written < 0)
                abort();
            rest += written;
            left -= (size_t)written;
        }
        atomic_fetch_add(&control->log_bytes, parts[i].length);
    }
}

static uint64_t inode_of(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

/* The folder that has the name, and where in `path` the name begins. */
static uint64_t folder_of(int folder, const char *path, const char **ret_name) {
    const char *slash = strrchr(path, '/');
    struct stat status;
    *ret_name = slash ? slash + 1 : path;
    if (!slash)
        return inode_of(folder);
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    return fstatat(folder, parent, &status, 0) == 0 ? status.st_ino : 0;
}

static void record_name(enum kind kind, int folder, const char *path, uint64_t made) {
    const char *name;
    struct record record = {.kind = kind, .other = made};
    record.inode = folder_of(folder, path, &name);
    record.name_bytes = (uint32_t)strlen(name);
    put_record(&record, name, NULL, NULL);
}

static void record_fd(enum kind kind, int fd, uint64_t offset, const void *data, size_t length) {
    struct record record = {
        .kind = kind, .inode = inode_of(fd), .offset = offset, .data_bytes = (uint32_t)length};
    put_record(&record, NULL, NULL, data);
}

/* The lock spans the call and its record, so that the order is that of the calls. */
static bool lock_records(void) {
    if (!recording())
        return false;
    pthread_mutex_lock(&record_lock);
    return true;
}

static void unlock_records(bool locked) {
    if (locked) {
        int number = errno;
        pthread_mutex_unlock(&record_lock);
        errno = number;
    }
}

/* --- the calls --- */

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    bool ours = concerns_path(folder, path);
    if (ours && hit(flags & O_CREAT ? KIND_CREATE : KIND_OPEN, folder, path) != FATE_PASS)
        return -1;
    struct stat status;
    bool locked = ours && (flags & (O_CREAT | O_TRUNC)) && lock_records();
    bool was = locked && fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = REAL(openat)(folder, path, flags, mode);
    flag(fd, ours);
    if (locked && fd >= 0 && !was)
        record_name(KIND_CREATE, folder, path, inode_of(fd));
    else if (locked && fd >= 0 && (flags & O_TRUNC))
        record_fd(KIND_TRUNCATE, fd, 0, NULL, 0);
    unlock_records(locked);
    return fd;
}

static mode_t mode_of(int flags, va_list list) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        va_list list;                                                                              \
        va_start(list, flags);                                                                     \
        mode_t mode = mode_of(flags, list);                                                        \
        va_end(list);                                                                              \
        return open_at(AT_FDCWD, path, flags, mode);                                               \
    }
OPEN(open)
OPEN(open64)

int openat(int folder, const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = mode_of(flags, list);
    va_end(list);
    return open_at(folder, path, flags, mode);
}

int dup(int fd) {
    int copy = REAL(dup)(fd);
    flag(copy, flagged(fd));
    return copy;
}

int close(int fd) {
    flag(fd, false);
    return REAL(close)(fd);
}

int closedir(DIR *folder) {
    flag(dirfd(folder), false);
    return REAL(closedir)(folder);
}

static ssize_t write_at(int fd, const void *data, size_t length, const off_t *offset) {
    bool ours = concerns_fd(fd);
    enum fate fate = ours ? hit(KIND_WRITE, fd, NULL) : FATE_PASS;
    if (fate == FATE_FAIL)
        return -1;
    if (fate == FATE_TORN && length > 1)
        length /= 2;
    bool locked = ours && lock_records();
    ssize_t written =
        offset ? REAL(pwrite)(fd, data, length, *offset) : REAL(write)(fd, data, length);
    if (locked && written > 0) {
        off_t at = offset ? *offset : lseek(fd, 0, SEEK_CUR) - written;
        record_fd(KIND_WRITE, fd, (uint64_t)at, data, (size_t)written);
    }
    unlock_records(locked);
    if (fate == FATE_TORN && atomic_load(&control->mode) == MODE_KILL)
        die();
    return written;
}

/* Reads are not recorded: they leave nothing. */
static bool fails_read(int fd) {
    return concerns_fd(fd) && hit(KIND_READ, fd, NULL) != FATE_PASS;
}

ssize_t read(int fd, void *data, size_t length) {
    return fails_read(fd) ? -1 : REAL(read)(fd, data, length);
}

ssize_t pread(int fd, void *data, size_t length, off_t offset) {
    return fails_read(fd) ? -1 : REAL(pread)(fd, data, length, offset);
}

ssize_t pread64(int fd, void *data, size_t length, off64_t offset) {
    return pread(fd, data, length, offset);
}

ssize_t write(int fd, const void *data, size_t length) {
    return write_at(fd, data, length, NULL);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return write_at(fd, data, length, &offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    return write_at(fd, data, length, &offset);
}

/* Where in its program or library a call was made, as addr2line takes it. */
static uint64_t place_of(const void *caller) {
    Dl_info info;
    return dladdr(caller, &info) ? (uint64_t)((const char *)caller - (const char *)info.dli_fbase)
                                 : 0;
}

static int sync_fd(int fd, int (*sync)(int), const void *caller) {
    bool ours = concerns_fd(fd);
    bool failed = ours && hit(KIND_SYNC, fd, NULL) != FATE_PASS;
    int number = errno;
    bool locked = ours && lock_records();
    int result = failed ? -1 : sync(fd);
    if (locked && (failed || result == 0))
        record_fd(failed ? KIND_LOST : KIND_SYNC, fd, place_of(caller), NULL, 0);
    if (failed)
        errno = number;
    unlock_records(locked);
    return result;
}

int fsync(int fd) {
    return sync_fd(fd, REAL(fsync), __builtin_return_address(0));
}

int fdatasync(int fd) {
    return sync_fd(fd, REAL(fdatasync), __builtin_return_address(0));
}

/* A hint: it makes nothing durable, so there is no record of it. */
int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
    if (concerns_fd(fd) && hit(KIND_HINT, fd, NULL) != FATE_PASS)
        return -1;
    return REAL(sync_file_range)(fd, offset, length, flags);
}

int ftruncate(int fd, off_t length) {
    bool ours = concerns_fd(fd);
    if (ours && hit(KIND_TRUNCATE, fd, NULL) != FATE_PASS)
        return -1;
    bool locked = ours && lock_records();
    int result = REAL(ftruncate)(fd, length);
    if (locked && result == 0)
        record_fd(KIND_TRUNCATE, fd, (uint64_t)length, NULL, 0);
    unlock_records(locked);
    return result;
}

int ftruncate64(int fd, off64_t length) {
    return ftruncate(fd, length);
}

int renameat2(int from, const char *name, int to, const char *new_name, unsigned flags) {
    bool ours = concerns_path(from, name) || concerns_path(to, new_name);
    if (ours && hit(KIND_RENAME, to, new_name) != FATE_PASS)
        return -1;
    bool locked = ours && lock_records();
    int result = REAL(renameat2)(from, name, to, new_name, flags);
    if (locked && result == 0) {
        const char *last;
        const char *new_last;
        struct record record = {.kind = KIND_RENAME};
        record.inode = folder_of(from, name, &last);
        record.other = folder_of(to, new_name, &new_last);
        record.name_bytes = (uint32_t)strlen(last);
        record.to_bytes = (uint32_t)strlen(new_last);
        put_record(&record, last, new_last, NULL);
    }
    unlock_records(locked);
    return result;
}

int renameat(int from, const char *name, int to, const char *new_name) {
    return renameat2(from, name, to, new_name, 0);
}

int rename(const char *name, const char *new_name) {
    return renameat2(AT_FDCWD, name, AT_FDCWD, new_name, 0);
}

int unlinkat(int folder, const char *path, int flags) {
    bool ours = concerns_path(folder, path);
    if (ours && hit(KIND_UNLINK, folder, path) != FATE_PASS)
        return -1;
    bool locked = ours && lock_records();
    int result = REAL(unlinkat)(folder, path, flags);
    if (locked && result == 0)
        record_name(KIND_UNLINK, folder, path, 0);
    unlock_records(locked);
    return result;
}

int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdirat(int folder, const char *path, mode_t mode) {
    bool ours = concerns_path(folder, path);
    if (ours && hit(KIND_MKDIR, folder, path) != FATE_PASS)
        return -1;
    bool locked = ours && lock_records();
    int result = REAL(mkdirat)(folder, path, mode);
    struct stat status;
    if (locked && result == 0 && fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
        record_name(KIND_MKDIR, folder, path, status.st_ino);
    unlock_records(locked);
    return result;
}

int mkdir(const char *path, mode_t mode) {
    return mkdirat(AT_FDCWD, path, mode);
}
