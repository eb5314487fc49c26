/* The server's end of a readers' parent: one at a time, started when it is first needed. */
#ifndef BUNDLE_LAUNCH_H
#define BUNDLE_LAUNCH_H

#include "parent.h"
#include <stdbool.h>

struct berth_launcher;

/* Sends a task to the parent, which is started when there is none; `descriptors` stay the caller's.
 * 0 or errno. *ret is the caller's until berth_launcher_drop. Thread-safe. */
int berth_launcher_send(const struct berth_child_task *task,
                        const int descriptors[BERTH_TASK_DESCRIPTORS], struct berth_launcher **ret);

/* `retire`: the next task goes to another parent, and this one ends with its last reader. */
void berth_launcher_drop(struct berth_launcher *launcher, bool retire);

/* Kills it and all its readers: it does not answer. */
void berth_launcher_kill(struct berth_launcher *launcher);

#endif
