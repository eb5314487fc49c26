#include "nodes.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024 };

void berth_etag(const struct berth_digest *digest, char ret[BERTH_ETAG_BYTES]) {
    ret[0] = '"';
    berth_digest_hex(digest, ret + 1);
    memcpy(ret + BERTH_HEX_BYTES, "\"", 2);
}

enum berth_code berth_out_of_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static void destroy(struct berth_bodies *bodies, struct berth_edition *edition) {
    for (size_t i = 0; i < edition->file_count; i++) {
        if (edition->files[i].body)
            berth_body_give(bodies, &edition->files[i].digest);
        free((char *)(uintptr_t)edition->files[i].path);
    }
    free(edition->files);
    free(edition->module);
    free(edition->version);
    berth_view_done(&edition->manifest);
    json_decref(edition->description);
    free(edition);
}

void berth_edition_unref(struct berth_bodies *bodies, struct berth_edition *edition) {
    if (edition && --edition->refs == 0)
        destroy(bodies, edition);
}

static struct berth_edition *allocate(const char *module, const char *version, size_t files) {
    struct berth_edition *edition = calloc(1, sizeof *edition);
    if (!edition)
        return NULL;
    edition->refs = 1;
    edition->module = strdup(module);
    edition->version = strdup(version);
    edition->files = calloc(files ? files : 1, sizeof *edition->files);
    if (!edition->module || !edition->version || !edition->files) {
        destroy(NULL, edition);
        return NULL;
    }
    return edition;
}

static bool add_file(struct berth_edition *edition, const char *path, int64_t bytes,
                     const struct berth_digest *digest) {
    struct berth_file *file = &edition->files[edition->file_count];
    file->path = strdup(path);
    if (!file->path)
        return false;
    file->bytes = bytes;
    file->digest = *digest;
    berth_etag(digest, file->etag);
    edition->bytes += bytes;
    edition->file_count++;
    return true;
}

static enum berth_code describe(struct berth_edition *edition, const char *text,
                                const struct berth_views *views, struct berth_error *error) {
    enum berth_code code =
        berth_json_parse(text, strlen(text), DESCRIPTION_MAX_BYTES, &edition->description, error);
    if (code != BERTH_OK)
        return code;
    edition->manifest_path = berth_json_string(edition->description, "manifest");
    return berth_manifest_view(edition, 0, views, false, &edition->manifest, error);
}

enum berth_code berth_edition_create(const struct berth_version *version,
                                     const struct berth_views *views, struct berth_edition **ret,
                                     struct berth_error *error) {
    struct berth_edition *edition =
        allocate(version->module, version->version, version->asset_count);
    if (!edition)
        return berth_out_of_memory(error);
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; code == BERTH_OK && i < version->asset_count; i++) {
        const struct berth_asset *asset = &version->assets[i];
        if (!add_file(edition, asset->path, asset->bytes, &asset->digest))
            code = berth_out_of_memory(error);
    }
    if (code == BERTH_OK)
        code = describe(edition, version->description, views, error);
    if (code == BERTH_OK)
        *ret = edition;
    else
        destroy(views->bodies, edition);
    return code;
}

static struct berth_edition *copy(const struct berth_edition *edition) {
    struct berth_edition *twin = allocate(edition->module, edition->version, edition->file_count);
    if (!twin)
        return NULL;
    twin->description = json_incref(edition->description);
    twin->manifest_path = edition->manifest_path;
    if (edition->manifest.body && !berth_view_set(&twin->manifest, strdup(edition->manifest.body),
                                                  edition->manifest.length)) {
        destroy(NULL, twin);
        return NULL;
    }
    for (size_t i = 0; i < edition->file_count; i++) {
        const struct berth_file *file = &edition->files[i];
        if (!add_file(twin, file->path, file->bytes, &file->digest)) {
            destroy(NULL, twin);
            return NULL;
        }
    }
    return twin;
}

struct berth_edition *berth_edition_unload(const struct berth_edition *edition) {
    return copy(edition);
}

enum berth_code berth_edition_load(const struct berth_edition *edition,
                                   const struct berth_views *views, struct berth_edition **ret,
                                   struct berth_error *error) {
    struct berth_edition *twin = copy(edition);
    if (!twin)
        return berth_out_of_memory(error);
    for (size_t i = 0; i < twin->file_count; i++) {
        struct berth_file *file = &twin->files[i];
        enum berth_code code = berth_body_take(views->bodies, views->store, &file->digest,
                                               file->bytes, &file->body, error);
        if (code != BERTH_OK) {
            berth_error_where(error, "%s@%s/%s", twin->module, twin->version, file->path);
            destroy(views->bodies, twin);
            return code;
        }
    }
    twin->loaded = true;
    *ret = twin;
    return BERTH_OK;
}

static int compare_path(const void *key, const void *file) {
    return strcmp(key, ((const struct berth_file *)file)->path);
}

const struct berth_file *berth_edition_file(const struct berth_edition *edition, const char *path) {
    return bsearch(path, edition->files, edition->file_count, sizeof *edition->files, compare_path);
}
