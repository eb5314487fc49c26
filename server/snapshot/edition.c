#include "nodes.h"

#include "berth/json.h"
#include "berth/log.h"

#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024 };

enum berth_code berth_out_of_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

/* --- the record --- */

static void unload_file(struct berth_bodies *bodies, struct berth_file *file) {
    if (file->forms) {
        for (int i = 0; i < BERTH_CODING_COUNT; i++)
            if (file->forms->bytes[i])
                berth_body_unpin(bodies, &file->variants[i].digest);
        berth_forms_done(file->forms);
    }
    if (file->body)
        berth_body_unpin(bodies, &file->digest);
    free(file->forms);
}

static void destroy(struct berth_bodies *bodies, struct berth_edition *edition) {
    for (size_t i = 0; i < edition->file_count; i++) {
        unload_file(bodies, &edition->files[i]);
        free((char *)(uintptr_t)edition->files[i].path);
    }
    free(edition->files);
    free(edition->module);
    free(edition->version);
    free(edition->manifest_path);
    berth_view_unref(edition->manifest);
    json_decref(edition->description);
    free(edition);
}

void berth_edition_unref(struct berth_bodies *bodies, struct berth_edition *edition) {
    if (edition && --edition->refs == 0)
        destroy(bodies, edition);
}

static bool add_file(struct berth_edition *edition, const struct berth_asset *asset) {
    struct berth_file *file = &edition->files[edition->file_count];
    file->path = strdup(asset->path);
    if (!file->path)
        return false;
    file->bytes = asset->bytes;
    file->digest = asset->digest;
    memcpy(file->variants, asset->variants, sizeof file->variants);
    edition->bytes += asset->bytes;
    edition->file_count++;
    return true;
}

static struct berth_edition *copy_record(const struct berth_version *version) {
    struct berth_edition *edition = calloc(1, sizeof *edition);
    if (!edition)
        return NULL;
    edition->refs = 1;
    edition->module = strdup(version->module);
    edition->version = strdup(version->version);
    edition->files = calloc(version->asset_count + 1, sizeof *edition->files);
    bool made = edition->module && edition->version && edition->files;
    for (size_t i = 0; made && i < version->asset_count; i++)
        made = add_file(edition, &version->assets[i]);
    if (made)
        return edition;
    destroy(NULL, edition);
    return NULL;
}

static enum berth_code describe(struct berth_edition *edition, const char *text,
                                const struct berth_views *views, struct berth_error *error) {
    enum berth_code code =
        berth_json_parse(text, strlen(text), DESCRIPTION_MAX_BYTES, &edition->description, error);
    if (code != BERTH_OK)
        return code;
    const char *path = berth_json_string(edition->description, "manifest");
    edition->manifest_path = path ? strdup(path) : NULL;
    if (path && !edition->manifest_path)
        return berth_out_of_memory(error);
    return berth_manifest_view(edition, 0, views, false, &edition->manifest, error);
}

enum berth_code berth_edition_create(const struct berth_version *version,
                                     const struct berth_views *views, struct berth_edition **ret,
                                     struct berth_error *error) {
    struct berth_edition *edition = copy_record(version);
    if (!edition)
        return berth_out_of_memory(error);
    enum berth_code code = describe(edition, version->description, views, error);
    if (code == BERTH_OK)
        *ret = edition;
    else
        destroy(NULL, edition);
    return code;
}

/* What the registry lends is copied; the rest is made when its lock is open again. */
struct reading {
    struct berth_edition *edition;
    char *description;
};

static bool copy_version(const struct berth_version *version, void *context) {
    struct reading *reading = context;
    reading->edition = copy_record(version);
    reading->description = strdup(version->description);
    return true;
}

enum berth_code berth_edition_read(const char *module, const char *version,
                                   const struct berth_views *views, struct berth_edition **ret,
                                   struct berth_error *error) {
    struct reading reading = {0};
    struct berth_registry *registry = views->registry;
    enum berth_code code =
        registry->ops->version_get(registry, module, version, copy_version, &reading, error);
    if (code == BERTH_OK)
        code = reading.edition && reading.description
                   ? describe(reading.edition, reading.description, views, error)
                   : berth_out_of_memory(error);
    free(reading.description);
    if (code == BERTH_OK)
        *ret = reading.edition;
    else if (reading.edition)
        destroy(NULL, reading.edition);
    return code;
}

/* --- in memory --- */

static bool prepare_form(const struct berth_file *file, int coding, const void *body,
                         struct berth_prepared *ret) {
    struct berth_content_text text;
    struct berth_content content = berth_file_content(file, coding, &text);
    content.body = body;
    return berth_prepare(&content, ret);
}

/* Without it the file is served as it is. */
static void log_variant(const struct berth_edition *edition, const struct berth_file *file,
                        int coding, const struct berth_error *problem) {
    berth_log_event("error", "variant-damaged",
                    json_pack("{ss ss ss ss ss}", "module", edition->module, "version",
                              edition->version, "path", file->path, "coding",
                              berth_coding_name((enum berth_coding)coding), "text", problem->text));
}

static enum berth_code load_variant(const struct berth_edition *edition, struct berth_file *file,
                                    int coding, const struct berth_views *views,
                                    struct berth_error *error) {
    const struct berth_variant *variant = &file->variants[coding];
    struct berth_error problem = {0};
    const void *body;
    enum berth_code code = berth_body_pin(views->bodies, views->store, &variant->digest,
                                          variant->bytes, &body, &problem);
    if (code == BERTH_NO_MEMORY)
        return berth_out_of_memory(error);
    if (code != BERTH_OK) {
        log_variant(edition, file, coding, &problem);
        return BERTH_OK;
    }
    file->forms->bytes[coding] = variant->bytes;
    return prepare_form(file, coding, body, &file->forms->coded[coding])
               ? BERTH_OK
               : berth_out_of_memory(error);
}

static enum berth_code load_file(const struct berth_edition *edition, struct berth_file *file,
                                 const struct berth_views *views, struct berth_error *error) {
    enum berth_code code =
        berth_body_pin(views->bodies, views->store, &file->digest, file->bytes, &file->body, error);
    if (code != BERTH_OK) {
        berth_error_where(error, "%s@%s/%s", edition->module, edition->version, file->path);
        return code;
    }
    file->forms = calloc(1, sizeof *file->forms);
    if (!file->forms || !prepare_form(file, -1, file->body, &file->forms->identity))
        return berth_out_of_memory(error);
    for (int i = 0; code == BERTH_OK && i < BERTH_CODING_COUNT; i++)
        if (file->variants[i].bytes)
            code = load_variant(edition, file, i, views, error);
    return code;
}

enum berth_code berth_edition_load(struct berth_edition *edition, const struct berth_views *views,
                                   bool strict, struct berth_error *error) {
    edition->loaded = true;
    for (size_t i = 0; i < edition->file_count; i++) {
        struct berth_error problem = {0};
        enum berth_code code = load_file(edition, &edition->files[i], views, &problem);
        if (code == BERTH_OK)
            continue;
        edition->loaded = false;
        if (strict && error && error->code == BERTH_OK)
            *error = problem;
        if (!strict)
            code = berth_forgive_damage(code, &problem, error);
        if (code != BERTH_OK)
            return code;
    }
    return BERTH_OK;
}

static int compare_path(const void *key, const void *file) {
    return strcmp(key, ((const struct berth_file *)file)->path);
}

const struct berth_file *berth_edition_file(const struct berth_edition *edition, const char *path) {
    return bsearch(path, edition->files, edition->file_count, sizeof *edition->files, compare_path);
}
