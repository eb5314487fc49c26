#include "jail.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { SANITIZED = true };
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif
#else
enum { SANITIZED = false };
#endif

static enum berth_code fail(struct berth_error *error) {
    return berth_fail_errno(error, "archive-reader", "cannot bound the process that reads");
}

static bool bound(__rlimit_resource_t resource, rlim_t value) {
    return setrlimit(resource, &(struct rlimit){.rlim_cur = value, .rlim_max = value}) == 0;
}

/* SIGXCPU, which tells what it was, comes at the lower of the two; at the higher one SIGKILL. */
static bool bound_time(int64_t seconds) {
    struct rlimit limit = {.rlim_cur = (rlim_t)seconds, .rlim_max = (rlim_t)seconds + 1};
    return setrlimit(RLIMIT_CPU, &limit) == 0;
}

/* What is mapped now, mostly libraries; 0 when /proc is not there. */
static int64_t mapped_bytes(void) {
    char line[64] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    const char *read = fgets(line, sizeof line, file);
    (void)fclose(file);
    return read ? (int64_t)strtol(line, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

static bool bound_memory(int64_t entries) {
    int64_t bytes = 0;
    if (SANITIZED)
        return true;
    if (__builtin_mul_overflow(entries, BERTH_READER_ENTRY_BYTES, &bytes) ||
        __builtin_add_overflow(bytes, BERTH_READER_MEMORY_BYTES + mapped_bytes(), &bytes))
        return true;
    return bound(RLIMIT_AS, (rlim_t)bytes);
}

static bool allow(scmp_filter_ctx filter, int call) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
}

static bool allow_calls(scmp_filter_ctx filter) {
    static const int calls[] = {SCMP_SYS(read),         SCMP_SYS(pread64),
                                SCMP_SYS(lseek),        SCMP_SYS(brk),
                                SCMP_SYS(munmap),       SCMP_SYS(mremap),
                                SCMP_SYS(madvise),      SCMP_SYS(futex),
                                SCMP_SYS(getrandom),    SCMP_SYS(clock_gettime),
                                SCMP_SYS(gettimeofday), SCMP_SYS(time),
                                SCMP_SYS(exit),         SCMP_SYS(exit_group),
                                SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
                                SCMP_SYS(sysinfo)}; /* qsort asks how much memory there is */
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!allow(filter, calls[i]))
            return false;
    return true;
}

/* Writing goes to the server alone, and no memory becomes code. */
static bool allow_by_argument(scmp_filter_ctx filter) {
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                            SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO, 0)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
}

/* Libraries look for a locale or a time zone and go on where there is none: no reason to die. */
static bool refuse_files(scmp_filter_ctx filter) {
    static const int calls[] = {SCMP_SYS(open),  SCMP_SYS(openat),     SCMP_SYS(stat),
                                SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
                                SCMP_SYS(access)};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), calls[i], 0) != 0)
            return false;
    return true;
}

static bool filter_calls(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool done = filter && allow_calls(filter) && allow_by_argument(filter) &&
                refuse_files(filter) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}

enum berth_code berth_jail_enter(int64_t seconds, int64_t entries, bool *ret_filtered,
                                 struct berth_error *error) {
    *ret_filtered = SANITIZED;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        !bound_memory(entries) || !bound_time(seconds) || !bound(RLIMIT_FSIZE, 0) ||
        !bound(RLIMIT_CORE, 0) || !bound(RLIMIT_NOFILE, 0))
        return fail(error);
    if (!SANITIZED)
        *ret_filtered = filter_calls();
    return BERTH_OK;
}
