/* Everything that must hold in a data directory, looked at from outside of a server.
 *
 * A fault is something that is wrong; a note is something that is there and does no harm. Both are
 * {rule, text, where?, hint?}.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_CHECK_H
#define BERTH_CLI_CHECK_H

#include "berth/error.h"
#include "berth/store.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct cli_check {
    json_t *faults;
    json_t *notes;
    json_t *repaired;
    int64_t modules;
    int64_t versions;
    int64_t files;
    int64_t blobs;
    int64_t bytes; /* of the blobs */
    int64_t orphans;
    int64_t orphan_bytes;
    int64_t temporaries;
    int64_t schema; /* of the database; 0: it could not be told */
};

/* Takes the directory's lock for as long as it looks: BERTH_CONFLICT ("data-locked") while a server
 * has it. Nothing changes; a write-ahead log that a killed one left is read where it is. `repair`:
 * blobs that are damaged are set aside, and variants that cannot be used are forgotten. An error
 * means that it could not look; what it found is in *ret, to be freed in any case. */
enum berth_code cli_check_data(const char *directory, bool repair, struct cli_check *ret,
                               struct berth_error *error);
/* The same for a store that was created and is not complete yet. */
enum berth_code cli_check_new(struct berth_store *store, struct cli_check *ret,
                              struct berth_error *error);
void cli_check_done(struct cli_check *check);

#endif
