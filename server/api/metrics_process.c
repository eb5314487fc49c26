/* The process, by the names that client libraries of Prometheus give. What the system does not tell
 * is left out. */
#include "metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool read_file(const char *path, char *ret, size_t size) {
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t length = fread(ret, 1, size - 1, file);
    (void)fclose(file);
    ret[length] = '\0';
    return length > 0;
}

static void add_memory(struct metrics *metrics) {
    char text[256];
    char *rest, *end;
    const int64_t page = sysconf(_SC_PAGESIZE);
    if (!read_file("/proc/self/statm", text, sizeof text))
        return;
    int64_t size = strtoll(text, &rest, 10);
    int64_t resident = strtoll(rest, &end, 10);
    if (end == rest)
        return;
    metrics_gauge(metrics, "process_resident_memory_bytes", "Resident memory size in bytes.",
                  resident * page);
    metrics_gauge(metrics, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
                  size * page);
}

static int64_t count_entries(const char *folder) {
    DIR *entries = opendir(folder);
    int64_t count = 0;
    if (!entries)
        return -1;
    for (const struct dirent *entry; (entry = readdir(entries));)
        count += entry->d_name[0] != '.';
    (void)closedir(entries);
    return count;
}

static void add_descriptors(struct metrics *metrics) {
    struct rlimit limit;
    int64_t count = count_entries("/proc/self/fd");
    if (count > 0) /* one is the folder itself */
        metrics_gauge(metrics, "process_open_fds", "Number of open file descriptors.", count - 1);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        metrics_gauge(metrics, "process_max_fds", "Maximum number of open file descriptors.",
                      (int64_t)limit.rlim_cur);
}

static int64_t us_of(struct timeval time) {
    return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void add_time(struct metrics *metrics, int64_t started_ms) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        metrics_family(metrics, "process_cpu_seconds_total", "counter",
                       "Total user and system CPU time spent in seconds.");
        metrics_sample(metrics, "");
        metrics_seconds(metrics, us_of(usage.ru_utime) + us_of(usage.ru_stime));
    }
    metrics_family(metrics, "process_start_time_seconds", "gauge",
                   "Start time of the process since the Unix epoch in seconds.");
    metrics_sample(metrics, "");
    metrics_seconds(metrics, started_ms * 1000);
}

void metrics_add_process(struct metrics *metrics, int64_t started_ms) {
    int64_t threads = count_entries("/proc/self/task");
    add_memory(metrics);
    add_descriptors(metrics);
    if (threads > 0)
        metrics_gauge(metrics, "process_threads", "Number of threads.", threads);
    add_time(metrics, started_ms);
}
