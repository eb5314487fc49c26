/* The release desk: the one place where what is live changes.
 *
 * An upload, an activation, a rollback and a page change each are: check → registry row → next
 * snapshot → pointer swap → event. The desk owns the order: it makes them one at a time, so
 * snapshots and events follow the generations, and readers are never held up. Reading an uploaded
 * archive happens before, by several threads at once. A thread of its own, at the lowest priority,
 * compresses the texts that the server makes (live entries, remotes.json, the shell).
 *
 * Thread rules: every function may be called from any thread.
 */
#ifndef BERTH_RELEASE_H
#define BERTH_RELEASE_H

#include "berth/bundle.h"
#include "berth/compose.h"
#include "berth/error.h"
#include "berth/events.h"
#include "berth/registry.h"
#include "berth/snapshot.h"
#include "berth/store.h"

struct berth_desk;

/* What may change while it runs. A value. */
struct berth_desk_limits {
    struct berth_bundle_limits archive;
    int64_t cache_bytes; /* for versions that are neither live nor previous, and their files */
    int max_uploads;     /* read at once; beyond it BERTH_BUSY ("limit-uploads") */
};

/* All borrowed for the desk's life. */
struct berth_desk_options {
    struct berth_store *store;
    struct berth_registry *registry;
    const struct berth_frontend *frontend;
    const char *public_url; /* "" for root-relative URLs */
    struct berth_desk_limits limits;
    /* Told of each new version after it can be read; may be NULL. Must not call the desk. */
    void (*uploaded)(void *context, const char *module, const char *version);
    void *uploaded_context;
    int reader_threads; /* that may hold a snapshot */
    int max_streams;
    int heartbeat_ms;
};

/* Reads the registry and publishes the first snapshot. */
enum berth_code berth_desk_open(const struct berth_desk_options *options, struct berth_desk **ret,
                                struct berth_error *error);
void berth_desk_close(struct berth_desk *desk);

/* From now on: an upload keeps the limits that it began with, and of uploads that are over a lower
 * limit none is ended. */
void berth_desk_set_limits(struct berth_desk *desk, const struct berth_desk_limits *limits);
void berth_desk_limits(struct berth_desk *desk, struct berth_desk_limits *ret);

struct berth_publisher *berth_desk_publisher(struct berth_desk *desk);
struct berth_events *berth_desk_events(struct berth_desk *desk);
struct berth_store *berth_desk_store(struct berth_desk *desk);
struct berth_bodies *berth_desk_bodies(struct berth_desk *desk);
struct berth_cold *berth_desk_cold(struct berth_desk *desk);
/* A file under /_berth/ by its name there, or NULL. */
const struct berth_view *berth_desk_frontend_file(const struct berth_desk *desk, const char *name);

/* An upload is a place (of max_uploads) and a scratch file with a digest. begin → add … → finish or
 * abort, which give the place back. */
struct berth_upload;

enum berth_code berth_upload_begin(struct berth_desk *desk, struct berth_upload **ret,
                                   struct berth_error *error);
enum berth_code berth_upload_add(struct berth_upload *upload, const void *data, size_t length,
                                 struct berth_error *error);
void berth_upload_abort(struct berth_upload *upload);

/* After all of it was added: what its package.json says, with nothing kept. The errors of
 * berth_bundle_package. */
enum berth_code berth_upload_package(struct berth_upload *upload, struct berth_package *ret,
                                     struct berth_error *error);

struct berth_upload_request {
    const char *module;
    const char *version;
    const struct berth_digest *expected; /* of the archive; NULL when none was given */
    struct berth_actor by;
    bool activate;
    bool only_new;      /* what was there already does not take another's place that is live */
    const char *needs;  /* a member that its description must have, or NULL for none */
    const char *reason; /* of the upload and the activation; may be NULL */
    bool force;         /* as of berth_activate */
};

/* What became of an upload; free with berth_uploaded_done. */
struct berth_uploaded {
    struct berth_version version;
    bool created; /* false: the same contents were there already */
    bool activated;
    struct berth_activated activation; /* when activated */
    /* See berth/compat.h; NULL where it did not come to it. After an error it alone is there, and
     * only when the activation was refused for it (BERTH_CONFLICT, "compatibility"), while the
     * version can be read: then, too, to be freed. */
    json_t *report;
};
void berth_uploaded_done(struct berth_uploaded *uploaded);

/* Frees the upload in any case. BERTH_INVALID ("digest-mismatch"), BERTH_REFUSED ("not-a-…"), the
 * bundle's and the registry's errors. On BERTH_OK the version can be read under its own URL. */
enum berth_code berth_upload_finish(struct berth_upload *upload,
                                    const struct berth_upload_request *request,
                                    struct berth_uploaded *ret, struct berth_error *error);

/* Lets readers see the variants that the registry has of a version by now. Nothing else changes:
 * the generation stays, no event is sent. */
enum berth_code berth_desk_refresh(struct berth_desk *desk, const char *module, const char *version,
                                   struct berth_error *error);

/* Activation or rollback; see berth/registry.h. On BERTH_OK readers see it. BERTH_CONFLICT
 * ("compatibility") when it would break what is live (berth/compat.h) and is not forced: that is
 * looked at under the same lock. */
enum berth_code berth_desk_activate(struct berth_desk *desk, const struct berth_activate *request,
                                    struct berth_activated *ret, struct berth_error *error);
/* The same with the report, a new reference, or NULL where it did not come to it. It is there after
 * that BERTH_CONFLICT, too. */
enum berth_code berth_desk_activate_telling(struct berth_desk *desk,
                                            const struct berth_activate *request,
                                            struct berth_activated *ret, json_t **ret_report,
                                            struct berth_error *error);

/* What a version would do to what is live now: a new reference. Errors as of version_get. */
enum berth_code berth_desk_compatibility(struct berth_desk *desk, const char *module,
                                         const char *version, json_t **ret,
                                         struct berth_error *error);

/* Takes a version away for good; see berth/registry.h. On BERTH_OK its URLs answer no one who asks
 * from now on; open pages go on with what they have. The generation stays, no event is sent. */
enum berth_code berth_desk_delete(struct berth_desk *desk,
                                  const struct berth_version_delete *request,
                                  struct berth_error *error);

/* Asks open pages to load a version that is about to be activated. Nothing changes. BERTH_NOT_FOUND
 * ("module-unknown", "version-unknown"). *ret_streams: how many browsers were told. */
enum berth_code berth_desk_stage(struct berth_desk *desk, const char *module, const char *version,
                                 int *ret_streams, struct berth_error *error);

/* What open pages report of a version, counted since the server's start. Kinds and versions that
 * are not known are left out. */
enum { BERTH_REPORT_KINDS = 5 };
const char *berth_report_kind(size_t kind); /* "load-failed", … */
void berth_desk_report(struct berth_desk *desk, const char *module, const char *version,
                       const char *kind);
void berth_desk_reports(struct berth_desk *desk, const char *module, const char *version,
                        int64_t ret[BERTH_REPORT_KINDS]);

/* The same for every version that was reported, and how it went in the last minutes. */
enum { BERTH_REPORT_MINUTES = 60 };
struct berth_report_series {
    const char *module;
    const char *version;
    int64_t counts[BERTH_REPORT_KINDS];
    uint32_t loads[BERTH_REPORT_MINUTES]; /* "loaded" and "swapped"; the last is this minute */
    uint32_t errors[BERTH_REPORT_MINUTES];
};
/* fn is called under a lock that reports wait for, and must not call the desk. */
void berth_desk_reports_each(struct berth_desk *desk,
                             void (*fn)(const struct berth_report_series *series, void *context),
                             void *context);

/* What import maps name elsewhere; see berth/registry.h. BERTH_CONFLICT ("module-live") for a name
 * whose URL is decided by what is live here, BERTH_TOO_LARGE ("limit-imports"). On BERTH_OK readers
 * see it. */
enum { BERTH_EXTERNALS_MAX = 2000 };
enum berth_code berth_desk_externals_put(struct berth_desk *desk,
                                         const struct berth_externals_put *request,
                                         int64_t *ret_generation, bool *ret_changed,
                                         struct berth_error *error);

/* Creates or replaces (`manifest`, whose reference stays the caller's) or deletes (NULL) a page. */
struct berth_desk_page {
    const char *name;
    json_t *manifest;
    int64_t expected; /* revision */
    struct berth_actor by;
    const char *reason;
};
struct berth_desk_page_result {
    int64_t generation;
    int64_t revision;
    bool created; /* there was no page of that name */
};
enum berth_code berth_desk_page_put(struct berth_desk *desk, const struct berth_desk_page *request,
                                    struct berth_desk_page_result *ret, struct berth_error *error);

#endif
