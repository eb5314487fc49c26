/* Keeping the data directory: removing what is not wanted any more, and backups, both while the
 * server serves. One of them at a time: BERTH_BUSY ("keep-busy").
 *
 * Thread rules: every function may be called from any thread.
 */
#ifndef BERTH_KEEP_H
#define BERTH_KEEP_H

#include "berth/error.h"
#include "berth/release.h"
#include <stdbool.h>
#include <stdint.h>

/* --- gc --- */

enum { BERTH_GC_NO_LIMIT = -1 };

/* Without a policy (both BERTH_GC_NO_LIMIT) no version goes. With one, a version stays when it is
 * live, the way back, among the newest `keep_newest` of its module, or younger than
 * `younger_than_ms`; the others are deleted. Then go the variants of blobs that no version has any
 * more, and the blobs that nothing names. */
struct berth_gc_request {
    int64_t keep_newest;
    int64_t younger_than_ms;
    bool dry_run; /* tell, and do nothing */
    int64_t now_ms;
    struct berth_actor by;
};

struct berth_gc_version {
    char *module;
    char *version;
    int64_t created_ms;
    int64_t bytes;
};

struct berth_gc_result {
    struct berth_gc_version *versions; /* that went, by module and upload */
    size_t version_count;
    int64_t kept;  /* versions */
    int64_t blobs; /* that went */
    int64_t bytes; /* of those blobs */
};

/* What a failure leaves undone the next call does. Readers go on; changes wait for a few
 * milliseconds at a time. Free the result with berth_gc_result_done, which takes a zeroed one too.
 */
enum berth_code berth_desk_gc(struct berth_desk *desk, const struct berth_gc_request *request,
                              struct berth_gc_result *ret, struct berth_error *error);
void berth_gc_result_done(struct berth_gc_result *result);

/* --- backup --- */

/* Takes the next bytes; false ends the backup. */
typedef bool (*berth_backup_sink)(const void *data, size_t length, void *context);

/* A tar of a consistent copy of the database ("db"), of every blob that it names ("blobs/ab/…") and
 * of a manifest ("manifest.json"), which comes last, so that a tar without one is known to be cut.
 * What is uploaded meanwhile may be in it or not. Each blob is held against its digest first;
 * one that is damaged or missing is left out, and told of in the manifest. An error after the first
 * byte leaves the tar cut. */
enum berth_code berth_desk_backup(struct berth_desk *desk, berth_backup_sink sink, void *context,
                                  struct berth_error *error);

#endif
