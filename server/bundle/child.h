/* A process that reads one archive, as the server sees it.
 *
 * The server's own program is started again once, as the readers' parent (parent.h), which forks a
 * reader for each archive: from memory in which no archive has ever been, and without the start of
 * a program each time. After a reader that crashed the next ones get another parent, so that
 * nobody learns addresses by trying.
 *
 * Ctrl-C and the end of a service are the server's business, so SIGINT and SIGTERM stay blocked in
 * the parent and in readers, in which the caller has them blocked.
 *
 * Thread rules: any thread may start a child; a child belongs to one thread at a time.
 */
#ifndef BUNDLE_CHILD_H
#define BUNDLE_CHILD_H

#include "berth/error.h"
#include "parent.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct berth_launcher; /* launch.c: a readers' parent */

struct berth_child {
    struct berth_launcher *launcher;
    int fd;          /* what it writes */
    int control;     /* to its parent */
    int64_t left_ns; /* how long it may still be waited for */
};

/* The archive is `fd`. BERTH_BUSY ("archive-reader-start"). */
enum berth_code berth_child_start(int fd, const struct berth_child_task *task,
                                  struct berth_child *ret, struct berth_error *error);

/* Some of what it writes; *ret_length 0 at its end. Only waiting counts, not what the caller does
 * meanwhile. BERTH_REFUSED ("limit-archive-seconds"). */
enum berth_code berth_child_read(struct berth_child *child, unsigned char *data, size_t size,
                                 size_t *ret_length, struct berth_error *error);

/* Ends it and gives what waitpid says; there is no process when this returns. `exits`: it has
 * closed its pipe, so it has a moment to end by itself and say how; else it is killed.
 * BERTH_CHILD_LOST: nobody can tell, as its parent has ended, and it with it. That may be another
 * reader's fault: one that cannot be ended is ended with its parent. */
enum { BERTH_CHILD_LOST = -1 };
int berth_child_end(struct berth_child *child, bool exits);

#endif
