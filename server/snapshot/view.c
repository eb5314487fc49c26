#include "nodes.h"

#include "berth/json.h"
#include "berth/log.h"

#include <stdlib.h>
#include <string.h>

enum { MANIFEST_MAX_BYTES = 8 * 1024 * 1024 };

bool berth_view_set(struct berth_view *view, char *body, size_t length) {
    if (!body)
        return false;
    struct berth_digest digest = berth_sha256(body, length);
    view->body = body;
    view->length = length;
    berth_etag(&digest, view->etag);
    return true;
}

void berth_view_done(struct berth_view *view) {
    free(view->body);
    *view = (struct berth_view){0};
}

/* A damaged file costs its own view and no more: what becomes live was loaded, and so checked. */
enum berth_code berth_forgive_damage(enum berth_code code, const struct berth_error *problem,
                                     struct berth_error *error) {
    if (code == BERTH_IO || code == BERTH_NOT_FOUND) {
        berth_log_event("error", problem->rule,
                        json_pack("{ss ss}", "where", problem->where, "text", problem->text));
        return BERTH_OK;
    }
    if (error && error->code == BERTH_OK)
        *error = *problem;
    return code;
}

static enum berth_code read_manifest(const struct berth_edition *edition,
                                     const struct berth_file *file, const struct berth_views *views,
                                     json_t **ret, struct berth_error *error) {
    char *text;
    size_t length;
    enum berth_code code =
        berth_blob_read(views->store, &file->digest, MANIFEST_MAX_BYTES, &text, &length, error);
    if (code == BERTH_OK) {
        code = berth_json_parse(text, length, MANIFEST_MAX_BYTES, ret, error);
        free(text);
    }
    berth_error_where(error, "%s@%s/%s", edition->module, edition->version, file->path);
    return code;
}

enum berth_code berth_manifest_view(const struct berth_edition *edition, int64_t generation,
                                    const struct berth_views *views, bool live,
                                    struct berth_view *ret, struct berth_error *error) {
    const char *path = edition->manifest_path;
    const struct berth_file *file = path ? berth_edition_file(edition, path) : NULL;
    if (!file)
        return BERTH_OK;
    json_t *manifest;
    struct berth_error problem = {0};
    enum berth_code code = read_manifest(edition, file, views, &manifest, &problem);
    if (code != BERTH_OK)
        return berth_forgive_damage(code, &problem, error);
    struct berth_remote remote = {.module = edition->module,
                                  .version = edition->version,
                                  .generation = generation,
                                  .description = edition->description};
    berth_mf_manifest_adjust(manifest, &remote, views->public_url, live);
    char *text = berth_json_text(manifest);
    json_decref(manifest);
    return berth_view_set(ret, text, text ? strlen(text) : 0) ? BERTH_OK
                                                              : berth_out_of_memory(error);
}
