#include "nodes.h"

#include "berth/json.h"
#include "berth/log.h"
#include "berth/variant.h"

#include <stdlib.h>
#include <string.h>

enum { MANIFEST_MAX_BYTES = 8 * 1024 * 1024 };

/* --- views --- */

/* The plain text's lines, which the compressed forms repeat. */
struct shape {
    const char *content_type;
    const char *cache_control;
};

struct text_view {
    struct berth_view view; /* first: they are one */
    struct shape shape;
};

static bool prepare(const struct shape *shape, int coding, const char *data, size_t length,
                    bool varies, struct berth_prepared *ret) {
    struct berth_digest digest = berth_sha256(data, length);
    struct berth_content_text text;
    struct berth_content content =
        berth_content_of(shape->content_type, shape->cache_control, &digest, coding, varies, &text);
    content.body = data;
    content.length = (int64_t)length;
    return berth_prepare(&content, ret);
}

static bool is_varied(const struct text_view *text) {
    return berth_variant_wanted(text->shape.content_type, (int64_t)text->view.length);
}

struct berth_view *berth_view_create(char *body, size_t length, const char *content_type,
                                     const char *cache_control) {
    struct text_view *text = body ? calloc(1, sizeof *text) : NULL;
    if (!text) {
        free(body);
        return NULL;
    }
    struct berth_view *view = &text->view;
    text->shape = (struct shape){content_type, cache_control};
    view->refs = 1;
    view->body = body;
    view->length = length;
    atomic_init(&view->complete, NULL);
    if (!prepare(&text->shape, -1, body, length, is_varied(text), &view->plain.identity)) {
        berth_view_unref(view);
        return NULL;
    }
    return view;
}

/* The compressed bodies are the view's own. */
static void forms_destroy(struct berth_forms *forms) {
    if (!forms)
        return;
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        free((void *)(uintptr_t)forms->coded[i].body);
    berth_forms_done(forms);
    free(forms);
}

void berth_view_unref(struct berth_view *view) {
    if (!view || --view->refs)
        return;
    forms_destroy(atomic_load(&view->complete));
    berth_forms_done(&view->plain);
    free(view->body);
    free(view); /* with the text_view around it */
}

const struct berth_forms *berth_view_forms(const struct berth_view *view) {
    const struct berth_forms *complete =
        atomic_load_explicit(&view->complete, memory_order_acquire);
    return complete ? complete : &view->plain;
}

static bool add_form(const struct text_view *text, enum berth_coding coding, bool best,
                     struct berth_forms *forms) {
    const struct berth_view *view = &text->view;
    char *data = NULL;
    size_t length = 0;
    enum berth_code code =
        berth_variant_make(coding, best, view->body, view->length, &data, &length, NULL);
    if (code != BERTH_OK || !data)
        return code == BERTH_OK;
    if (!prepare(&text->shape, (int)coding, data, length, true, &forms->coded[coding])) {
        free(data);
        return false;
    }
    forms->bytes[coding] = (int64_t)length;
    return true;
}

void berth_view_compress(struct berth_view *view, bool best) {
    const struct text_view *text = (const struct text_view *)view;
    struct berth_forms *forms =
        is_varied(text) && !atomic_load(&view->complete) ? calloc(1, sizeof *forms) : NULL;
    if (!forms)
        return;
    bool made = prepare(&text->shape, -1, view->body, view->length, true, &forms->identity);
    for (int i = 0; made && i < BERTH_CODING_COUNT; i++)
        made = add_form(text, (enum berth_coding)i, best, forms);
    if (made)
        atomic_store_explicit(&view->complete, forms, memory_order_release);
    else
        forms_destroy(forms);
}

/* --- mf-manifest.json, remoteEntry.json --- */

/* By its rule: a lack of descriptors is BERTH_IO too, and must not cost files that are sound. */
static bool is_damage(const struct berth_error *problem) {
    return strcmp(problem->rule, "blob-damaged") == 0 || strcmp(problem->rule, "blob-unknown") == 0;
}

/* A damaged file costs its own view and no more: what becomes live was loaded, and so checked. */
enum berth_code berth_forgive_damage(enum berth_code code, const struct berth_error *problem,
                                     struct berth_error *error) {
    if (is_damage(problem)) {
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
    char *text = NULL;
    enum berth_code code =
        file->bytes > MANIFEST_MAX_BYTES
            ? berth_fail(error, BERTH_TOO_LARGE, "manifest-size",
                         "a manifest may have %d bytes at most", MANIFEST_MAX_BYTES)
            : berth_blob_whole(views->store, &file->digest, file->bytes, &text, error);
    if (code == BERTH_OK) {
        code = berth_json_parse(text, (size_t)file->bytes, MANIFEST_MAX_BYTES, ret, error);
        free(text);
    }
    berth_error_where(error, "%s@%s/%s", edition->module, edition->version, file->path);
    return code;
}

enum berth_code berth_manifest_view(const struct berth_edition *edition, int64_t generation,
                                    const struct berth_views *views, bool live,
                                    struct berth_view **ret, struct berth_error *error) {
    const char *path = edition->manifest_path;
    const struct berth_file *file = path ? berth_edition_file(edition, path) : NULL;
    if (!file)
        return BERTH_OK;
    json_t *manifest = NULL;
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
    *ret = berth_view_create(text, text ? strlen(text) : 0, "application/json",
                             live ? "no-cache" : "public, max-age=31536000, immutable");
    return *ret ? BERTH_OK : berth_out_of_memory(error);
}

enum berth_code berth_native_view(const struct berth_remote *remote,
                                  const struct berth_edition *edition,
                                  const struct berth_views *views, struct berth_view **ret,
                                  struct berth_error *error) {
    const char *format = berth_json_string(edition->description, "format");
    const char *entry = berth_json_string(edition->description, "entry");
    bool native = format && entry && strcmp(format, "native-federation") == 0;
    const struct berth_file *file = native ? berth_edition_file(edition, entry) : NULL;
    if (!file)
        return BERTH_OK;
    json_t *document;
    struct berth_error problem = {0};
    enum berth_code code = read_manifest(edition, file, views, &document, &problem);
    if (code != BERTH_OK)
        return berth_forgive_damage(code, &problem, error);
    berth_native_entry_adjust(document, remote);
    char *text = berth_json_text(document);
    json_decref(document);
    *ret = berth_view_create(text, text ? strlen(text) : 0, "application/json", "no-cache");
    return *ret ? BERTH_OK : berth_out_of_memory(error);
}
