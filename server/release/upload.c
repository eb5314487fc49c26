#include "desk.h"

#include "berth/clock.h"
#include "berth/json.h"
#include "berth/log.h"
#include "berth/name.h"
#include "berth/semver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024 };

struct berth_upload {
    struct berth_desk *desk;
    struct berth_hasher *hasher;
    int fd; /* unnamed scratch file */
    int64_t bytes;
    struct berth_bundle_limits limits;
};

enum berth_code berth_upload_begin(struct berth_desk *desk, struct berth_upload **ret,
                                   struct berth_error *error) {
    struct berth_bundle_limits limits;
    enum berth_code code = desk_take_place(desk, &limits, error);
    if (code != BERTH_OK)
        return code;
    struct berth_upload *upload = calloc(1, sizeof *upload);
    if (!upload) {
        desk_give_place(desk);
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    }
    *upload = (struct berth_upload){
        .desk = desk, .hasher = berth_hasher_create(BERTH_SHA256), .fd = -1, .limits = limits};
    code = upload->hasher ? berth_store_scratch(desk->options.store, &upload->fd, error)
                          : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (code != BERTH_OK) {
        berth_upload_abort(upload);
        return code;
    }
    *ret = upload;
    return BERTH_OK;
}

enum berth_code berth_upload_add(struct berth_upload *upload, const void *data, size_t length,
                                 struct berth_error *error) {
    const char *rest = data;
    if (upload->bytes + (int64_t)length > upload->limits.archive_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-archive-bytes",
                          "the archive is over %lld bytes (--max-archive-bytes)",
                          (long long)upload->limits.archive_bytes);
    berth_hasher_add(upload->hasher, data, length);
    upload->bytes += (int64_t)length;
    while (length) {
        ssize_t written = write(upload->fd, rest, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return berth_fail_errno(error, "scratch-write", "cannot write the upload to disk");
        rest += written;
        length -= (size_t)written;
    }
    return BERTH_OK;
}

enum berth_code berth_upload_package(struct berth_upload *upload, struct berth_package *ret,
                                     struct berth_error *error) {
    return berth_bundle_package(upload->fd, upload->bytes, &upload->limits, ret, error);
}

void berth_upload_abort(struct berth_upload *upload) {
    if (!upload)
        return;
    if (upload->fd >= 0)
        (void)close(upload->fd);
    berth_hasher_destroy(upload->hasher);
    desk_give_place(upload->desk);
    free(upload);
}

void berth_uploaded_done(struct berth_uploaded *uploaded) {
    berth_version_done(&uploaded->version);
    if (uploaded->activated)
        berth_activated_done(&uploaded->activation);
    json_decref(uploaded->report);
}

static enum berth_code check_digest(struct berth_upload *upload,
                                    const struct berth_upload_request *request,
                                    struct berth_digest *ret, struct berth_error *error) {
    berth_hasher_finish(upload->hasher, ret->bytes);
    if (!request->expected || berth_digest_equal(request->expected, ret))
        return BERTH_OK;
    enum berth_code code = berth_fail(error, BERTH_INVALID, "digest-mismatch",
                                      "the body's SHA-256 is not that of Repr-Digest");
    berth_error_hint(error, "the archive was changed or cut on its way: send it again");
    return code;
}

static enum berth_code read_version(struct berth_upload *upload,
                                    const struct berth_upload_request *request,
                                    struct berth_version *version, struct berth_error *error) {
    enum berth_code code = check_digest(upload, request, &version->archive_digest, error);
    if (code != BERTH_OK)
        return code;
    version->module = strdup(request->module);
    version->version = strdup(request->version);
    version->created_by = strdup(request->by.name);
    version->created_ms = berth_now_ms();
    if (!version->module || !version->version || !version->created_by)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    struct berth_desk *desk = upload->desk;
    /* On success the blobs' names are durable, as they must be before a row tells of them. */
    return berth_bundle_read(desk->options.store, upload->fd, upload->bytes, &upload->limits,
                             version, error);
}

/* Whoever publishes to a list of one kind must not wonder why it does not show what he sent. */
static enum berth_code check_kind(const struct berth_upload_request *request,
                                  const struct berth_version *version, struct berth_error *error) {
    json_t *description = NULL;
    if (!request->needs)
        return BERTH_OK;
    enum berth_code code = berth_json_parse(version->description, strlen(version->description),
                                            DESCRIPTION_MAX_BYTES, &description, error);
    if (code == BERTH_OK && !json_object_get(description, request->needs)) {
        char rule[BERTH_RULE_BYTES];
        (void)snprintf(rule, sizeof rule, "not-a-%s", request->needs);
        code =
            berth_fail(error, BERTH_REFUSED, rule, "the package is not a %s: what was found is %s",
                       request->needs, berth_json_string(description, "format"));
    }
    json_decref(description);
    return code;
}

/* The module's next node; only one in which nothing is live speaks for its newest version. */
static enum berth_code next_module(struct berth_desk *desk, const struct berth_edition *edition,
                                   struct berth_module **ret, struct berth_error *error) {
    const struct berth_module *known = catalog_module(&desk->catalog, edition->module);
    struct berth_heads *heads = berth_heads_add(known ? known->heads : NULL, edition->version);
    if (!heads)
        return desk_out_of_memory(error);
    enum berth_code code = BERTH_OK;
    if (known && known->live) {
        *ret = berth_module_with(known, heads, NULL, NULL);
        code = *ret ? BERTH_OK : desk_out_of_memory(error);
    } else {
        struct berth_module_parts parts = {
            .name = edition->module, .heads = heads, .newest = edition->description};
        code = berth_module_create(&parts, &desk->views, ret, error);
    }
    berth_heads_unref(heads);
    return code;
}

/* The next snapshot, in which readers find the new version under its own URL; what is live stays as
 * it is. Neither is made for a version that they find already. */
static enum berth_code prepare(struct berth_desk *desk, const struct berth_edition *edition,
                               struct berth_module **ret_module,
                               struct berth_snapshot **ret_snapshot, struct berth_error *error) {
    const struct berth_module *known = catalog_module(&desk->catalog, edition->module);
    if (known && berth_module_has(known, edition->version))
        return BERTH_OK;
    enum berth_code code = next_module(desk, edition, ret_module, error);
    return code != BERTH_OK ? code
                            : catalog_share(&desk->catalog, *ret_module, ret_snapshot, error);
}

/* What could not be shown must not get a row, and what has no row must not be shown. */
static enum berth_code add_and_show(struct berth_desk *desk,
                                    const struct berth_upload_request *request,
                                    const struct berth_edition *edition,
                                    struct berth_uploaded *uploaded, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct berth_module *module = NULL;
    struct berth_snapshot *snapshot = NULL;
    enum berth_code code = prepare(desk, edition, &module, &snapshot, error);
    if (code == BERTH_OK)
        code = registry->ops->version_add(registry, &uploaded->version, &request->by,
                                          request->reason, &uploaded->created, error);
    if (code != BERTH_OK)
        desk_discard(desk, module, snapshot);
    else if (snapshot)
        desk_publish(desk, module, snapshot);
    return code;
}

/* Whether it is to become live; a pipeline that is run again shall not roll back. */
static bool is_to_activate(const struct berth_desk *desk,
                           const struct berth_upload_request *request, bool created) {
    const struct berth_module *module = catalog_module(&desk->catalog, request->module);
    bool other = module && module->live && strcmp(module->live->version, request->version) != 0;
    return request->activate && !(request->only_new && !created && other);
}

static enum berth_code add_locked(struct berth_desk *desk,
                                  const struct berth_upload_request *request,
                                  const struct berth_edition *edition,
                                  struct berth_uploaded *uploaded, struct berth_error *error) {
    enum berth_code code = add_and_show(desk, request, edition, uploaded, error);
    if (code != BERTH_OK)
        return code;
    if (!is_to_activate(desk, request, uploaded->created)) {
        /* It is there, whether it can be compared or not. */
        (void)desk_compare(desk, edition, &uploaded->report, NULL);
        return BERTH_OK;
    }
    struct berth_activate activate = {.module = request->module,
                                      .version = request->version,
                                      .expected = BERTH_ANY_GENERATION,
                                      .at_ms = berth_now_ms(),
                                      .by = request->by,
                                      .reason = request->reason,
                                      .force = request->force};
    code = desk_activate_locked(desk, &activate, &uploaded->activation, &uploaded->report, error);
    uploaded->activated = code == BERTH_OK;
    return code;
}

/* Its edition is made first, outside of the lock: what cannot be read back is no version. */
static enum berth_code add_version(struct berth_desk *desk,
                                   const struct berth_upload_request *request,
                                   struct berth_uploaded *uploaded, struct berth_error *error) {
    struct berth_edition *edition = NULL;
    enum berth_code code = berth_edition_create(&uploaded->version, &desk->views, &edition, error);
    if (code != BERTH_OK)
        return code;
    desk_warm(desk, edition);
    pthread_mutex_lock(&desk->lock);
    code = add_locked(desk, request, edition, uploaded, error);
    pthread_mutex_unlock(&desk->lock);
    berth_edition_unref(desk->bodies, edition);
    if (uploaded->created && desk->options.uploaded)
        desk->options.uploaded(desk->options.uploaded_context, request->module, request->version);
    return code;
}

enum berth_code berth_upload_finish(struct berth_upload *upload,
                                    const struct berth_upload_request *request,
                                    struct berth_uploaded *ret, struct berth_error *error) {
    struct berth_desk *desk = upload->desk;
    struct berth_uploaded uploaded = {0};
    struct berth_hold hold; /* on the blobs, until the row names them */
    berth_hold_begin(desk->options.store, &hold);
    enum berth_code code = berth_module_name_check(request->module, error);
    if (code == BERTH_OK)
        code = berth_semver_check(request->version, error);
    if (code == BERTH_OK)
        code = read_version(upload, request, &uploaded.version, error);
    if (code == BERTH_OK)
        code = check_kind(request, &uploaded.version, error);
    if (code == BERTH_OK)
        code = add_version(desk, request, &uploaded, error);
    berth_hold_end(desk->options.store, &hold);
    berth_upload_abort(upload);
    if (code == BERTH_OK) {
        if (!uploaded.created) /* it may have been read without its manifest */
            berth_cold_drop(desk->cold, request->module, request->version);
        desk_show_healed(desk, &uploaded.version);
    }
    if (code != BERTH_OK) {
        json_t *report = json_incref(uploaded.report);
        berth_uploaded_done(&uploaded);
        uploaded = (struct berth_uploaded){.report = report};
    }
    *ret = uploaded;
    return code;
}
