/* A process that reads one archive: the server's own program, started again.
 *
 * posix_spawn neither copies the server's memory nor its descriptors; Ctrl-C and the end of a
 * service are the server's business, so SIGINT and SIGTERM stay blocked in the child, in which
 * the caller has them blocked.
 *
 * Thread rules: a child belongs to the thread that started it, which must stay until it ends.
 */
#ifndef BUNDLE_CHILD_H
#define BUNDLE_CHILD_H

#include "berth/bundle.h"
#include "berth/error.h"
#include "kind.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The hidden command of the program: see berth_bundle_reader_main. */
#define BERTH_READER_COMMAND "__read-archive"

struct berth_child {
    pid_t pid;
    int fd;          /* what it writes */
    int64_t left_ns; /* how long it may still be waited for */
};

/* What a child is told, as numbers on its command line. */
struct berth_child_task {
    int64_t kind; /* enum berth_archive */
    int64_t archive_bytes;
    struct berth_bundle_limits limits;
};

enum berth_code berth_child_start(int fd, const struct berth_child_task *task,
                                  struct berth_child *ret, struct berth_error *error);

/* Some of what it writes; *ret_length 0 at its end. Only waiting counts, not what the caller does
 * meanwhile. BERTH_REFUSED ("limit-archive-seconds"). */
enum berth_code berth_child_read(struct berth_child *child, unsigned char *data, size_t size,
                                 size_t *ret_length, struct berth_error *error);

/* Ends it and gives what waitpid says. `exits`: it has closed its pipe, so it has a moment to end
 * by itself and say how; else it is killed. */
int berth_child_end(struct berth_child *child, bool exits);

/* In the child: what berth_child_start wrote; false when it was not that. */
bool berth_child_task_parse(int argc, char **argv, struct berth_child_task *ret);

#endif
