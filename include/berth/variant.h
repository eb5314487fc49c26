/* Compressed variants of assets: brotli, zstd and gzip by the libraries, made once for each blob.
 *
 * The compressor takes versions in order of upload: first each at a quick level, all of them, then
 * each at the best. What is made of a version becomes blobs, is synced, noted in the registry, and
 * then shown by `made`. Nothing waits for it: an asset without variants is served as it is, and
 * the threads that compress run only when nothing else wants to (SCHED_IDLE). After a restart it
 * goes on with what the registry calls unfinished. A blob that has its variants already is not
 * compressed again, whichever version it came with.
 *
 * One thread holds one file and its variants at a time, at most BERTH_VARIANT_MAX_BYTES each, and
 * an encoder of at most some 90 MiB (for files of 8 MiB and more).
 *
 * Thread rules: the makers are reentrant; the compressor is internally locked.
 */
#ifndef BERTH_VARIANT_H
#define BERTH_VARIANT_H

#include "berth/coding.h"
#include "berth/error.h"
#include "berth/registry.h"
#include "berth/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BERTH_VARIANT_MIN_BYTES = 256, /* below it a head line costs what is won */
    BERTH_VARIANT_MAX_BYTES = 32 * 1024 * 1024,
};

/* Is it worth trying? By media type ("text/css; charset=utf-8") and size; images, fonts, video and
 * archives that are compressed already are not. */
bool berth_variant_wanted(const char *content_type, int64_t bytes);

/* *ret: free() it; NULL when it would not be smaller than the original. The same input gives the
 * same bytes. A gzip file has no name and no time, and says in its head whether it is the best
 * (RFC 1952, XFL). zstd's window is at most 8 MiB (RFC 9659), brotli's at most 4 MiB. */
enum berth_code berth_variant_make(enum berth_coding coding, bool best, const void *data,
                                   size_t length, char **ret, size_t *ret_length,
                                   struct berth_error *error);

struct berth_compressor;

struct berth_compressor_options {
    struct berth_store *store;
    struct berth_registry *registry;
    int threads; /* that compress, at most 8; 0: assets are served as they are */
    /* After variants of a version were noted, some or all: show them. A version of many files is
     * told of a few times. From a thread of the compressor's, at the server's own priority. May be
     * NULL. */
    void (*made)(void *context, const char *module, const char *version);
    void *context;
};

/* Starts with what the registry calls unfinished. */
enum berth_code berth_compressor_start(const struct berth_compressor_options *options,
                                       struct berth_compressor **ret, struct berth_error *error);
/* A new version. Never blocks for long; without memory it is left for the next start. */
void berth_compressor_add(struct berth_compressor *compressor, const char *module,
                          const char *version);
/* Gives up the file at hand; what is left is done after the next start. NULL is fine. */
void berth_compressor_stop(struct berth_compressor *compressor);

struct berth_compressor_state {
    int64_t waiting;   /* versions without any variants yet */
    int64_t improving; /* versions with quick ones */
    int64_t finished;  /* since the start */
    int64_t failed;    /* since the start; tried again after the next one */
};
void berth_compressor_state(struct berth_compressor *compressor,
                            struct berth_compressor_state *ret);

#endif
