/* What the process that reads an archive may still do. */
#ifndef BUNDLE_JAIL_H
#define BUNDLE_JAIL_H

#include "berth/error.h"
#include <stdbool.h>
#include <stdint.h>

/* Memory on top of what the program has mapped at its start. */
enum { BERTH_READER_MEMORY_BYTES = 128 * 1024 * 1024, BERTH_READER_ENTRY_BYTES = 4 * 1024 };

/* For the rest of this process: no more than `seconds` of processor time, no files written, no new
 * descriptors, bounded memory, no core dump, the end when the server ends, and only the system
 * calls that reading descriptor 0 and writing to descriptor 1 take; any other kills it.
 * *ret_filtered false: this kernel has no such filter. With sanitizers, which need more, neither
 * memory nor system calls are bounded.
 * One thread, before any other begins. */
enum berth_code berth_jail_enter(int64_t seconds, int64_t entries, bool *ret_filtered,
                                 struct berth_error *error);

#endif
