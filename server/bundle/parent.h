/* The readers' parent: a process of one thread that forks a reader for each archive it is sent, and
 * tells the server how it ended. It never looks at an archive itself.
 *
 * It is the server's own program, started again (/proc/self/exe, so the file that the server runs,
 * even if another has its name by now) with BERTH_PARENT_COMMAND. Descriptor 0 is a socket of
 * packets: each is a struct berth_child_task with three descriptors, which are the archive, the
 * pipe that the reader writes to, and a control socket of its own, on which the parent answers with
 * struct berth_child_news. It is started by a thread that has stepped back (aside.h), so it and the
 * readers come after who visits a page. The server's end is its own, and that of all readers.
 */
#ifndef BUNDLE_PARENT_H
#define BUNDLE_PARENT_H

#include "berth/bundle.h"
#include <stdint.h>

/* The hidden command of the program: see berth_bundle_reader_main. */
#define BERTH_PARENT_COMMAND "__read-archives"

enum { BERTH_TASK_DESCRIPTORS = 3 };

struct berth_child_task {
    int64_t kind; /* enum berth_archive */
    int64_t archive_bytes;
    struct berth_bundle_limits limits;
};

/* Two for each reader: that it was started (0) or why not (errno), and what waitpid says. Closing
 * the other end, or its half that writes, kills the reader. */
struct berth_child_news {
    int32_t number;
};

/* Does not return. `read` runs in each reader, with the archive as descriptor 0 and the pipe as
 * descriptor 1, and does not return; `prepare` (may be NULL) runs once before. */
_Noreturn void berth_parent_run(void (*prepare)(void),
                                void (*read)(const struct berth_child_task *task));

/* isolate.c: what a reader does with an archive. */
_Noreturn void berth_isolate_reader(const struct berth_child_task *task);

#endif
