#include "intake.h"
#include "path.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

static enum berth_code refuse_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code count_entry(struct berth_intake *intake, struct berth_error *error) {
    if (++intake->entries <= intake->limits->entries)
        return BERTH_OK;
    return berth_fail(error, BERTH_TOO_LARGE, "limit-entries",
                      "the archive has more than %lld entries", (long long)intake->limits->entries);
}

static enum berth_code refuse_file_size(const struct berth_intake *intake,
                                        struct berth_error *error) {
    berth_fail(error, BERTH_TOO_LARGE, "limit-file-bytes",
               "the file is larger than the limit of %lld bytes",
               (long long)intake->limits->file_bytes);
    berth_path_where(error, intake->path, strlen(intake->path));
    return BERTH_TOO_LARGE;
}

/* `bytes` of the present file, stated or read. */
static enum berth_code check_size(const struct berth_intake *intake, int64_t bytes,
                                  struct berth_error *error) {
    if (bytes > intake->limits->file_bytes)
        return refuse_file_size(intake, error);
    if (intake->total_bytes + bytes > intake->limits->unpacked_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-unpacked-bytes",
                          "the files together are larger than the limit of %lld bytes",
                          (long long)intake->limits->unpacked_bytes);
    return berth_ratio_check(intake->total_bytes + bytes, intake->archive_bytes, intake->limits,
                             error);
}

/* What a page may load with an integrity: scripts and style sheets. */
static bool wants_integrity(const char *path) {
    static const char *const endings[] = {".js", ".mjs", ".css"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(path + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

static bool is_segment(const char *at, const char *name) {
    size_t length = strlen(name);
    return strncmp(at, name, length) == 0 && (at[length] == '/' || at[length] == '\0');
}

/* What macOS's tools put beside each file: attributes and folder settings, which no browser wants
 * and which tell where the files came from. npm pack leaves the same out. */
static bool is_mac_metadata(const char *path) {
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (strncmp(at, "._", 2) == 0 || is_segment(at, "__MACOSX") || is_segment(at, ".DS_Store"))
            return true;
    return false;
}

static enum berth_code open_blob(struct berth_intake *intake, struct berth_error *error) {
    if (!intake->batch || intake->left_out)
        return BERTH_OK;
    bool wanted = wants_integrity(intake->path);
    intake->hasher = wanted ? berth_hasher_create(BERTH_SHA384) : NULL;
    if (wanted && !intake->hasher)
        return refuse_memory(error);
    return berth_blob_begin_in(intake->batch, &intake->writer, error);
}

/* Is the present file the one that is wanted, or nearer to the root than the one that was? */
static void pick_begin(struct berth_pick *pick, const char *path) {
    const char *slash = strchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int depth = slash ? 1 : 0;
    pick->taking = false;
    if (strcmp(name, pick->name) != 0 || (pick->found && depth > pick->depth))
        return;
    if (pick->found && depth == pick->depth) {
        pick->rivals++;
        return;
    }
    size_t max_bytes = pick->text.max;
    berth_buffer_done(&pick->text);
    berth_buffer_init(&pick->text, max_bytes);
    pick->found = pick->taking = true;
    pick->depth = depth;
    pick->rivals = 0;
}

static enum berth_code intake_begin(struct berth_sink *sink, const char *path, int64_t stated_bytes,
                                    struct berth_error *error) {
    struct berth_intake *intake = (struct berth_intake *)sink;
    enum berth_code code = count_entry(intake, error);
    if (code)
        return code;
    intake->path = strdup(path);
    if (!intake->path)
        return refuse_memory(error);
    intake->bytes = 0;
    code = berth_path_check(intake->path, strlen(intake->path), error);
    intake->left_out = is_mac_metadata(intake->path);
    if (!code && intake->pick)
        pick_begin(intake->pick, intake->path);
    if (!code && stated_bytes >= 0)
        code = check_size(intake, stated_bytes, error);
    return code ? code : open_blob(intake, error);
}

static enum berth_code intake_add(struct berth_sink *sink, const void *data, size_t length,
                                  struct berth_error *error) {
    struct berth_intake *intake = (struct berth_intake *)sink;
    intake->bytes += (int64_t)length;
    enum berth_code code = check_size(intake, intake->bytes, error);
    if (!code && intake->writer)
        code = berth_blob_add(intake->writer, data, length, error);
    if (!code && intake->hasher)
        berth_hasher_add(intake->hasher, data, length);
    if (!code && intake->pick && intake->pick->taking)
        berth_buffer_add(&intake->pick->text, data, length);
    return code;
}

static void forget_file(struct berth_intake *intake) {
    berth_blob_abort(intake->writer);
    berth_hasher_destroy(intake->hasher);
    free(intake->path);
    intake->writer = NULL;
    intake->hasher = NULL;
    intake->path = NULL;
}

static enum berth_code keep_file(struct berth_intake *intake, struct berth_error *error) {
    struct berth_digest digest = {0};
    char integrity[BERTH_INTEGRITY_BYTES] = "";
    if (intake->hasher)
        berth_hasher_integrity(intake->hasher, integrity);
    struct berth_blob_writer *writer = intake->writer;
    intake->writer = NULL;
    enum berth_code code =
        writer ? berth_blob_finish(writer, &digest, &intake->bytes, error) : BERTH_OK;
    return code ? code
                : berth_tree_add(intake->tree, intake->path, &digest, integrity, intake->bytes,
                                 error);
}

static enum berth_code intake_end(struct berth_sink *sink, struct berth_error *error) {
    struct berth_intake *intake = (struct berth_intake *)sink;
    enum berth_code code = BERTH_OK;
    if (intake->left_out)
        intake->tree->left_out++;
    else
        code = keep_file(intake, error);
    intake->total_bytes += intake->bytes;
    forget_file(intake);
    return code;
}

static enum berth_code intake_folder(struct berth_sink *sink, const char *path,
                                     struct berth_error *error) {
    struct berth_intake *intake = (struct berth_intake *)sink;
    enum berth_code code = count_entry(intake, error);
    if (code)
        return code;
    char *copy = strdup(path);
    if (!copy)
        return refuse_memory(error);
    code = berth_path_check(copy, strlen(copy), error);
    if (!code && !is_mac_metadata(copy))
        code = berth_tree_add_folder(intake->tree, copy, error);
    free(copy);
    return code;
}

void berth_intake_init(struct berth_intake *intake, struct berth_batch *batch,
                       int64_t archive_bytes, const struct berth_bundle_limits *limits,
                       struct berth_tree *tree) {
    *intake = (struct berth_intake){.sink = {.folder = intake_folder,
                                             .begin = intake_begin,
                                             .add = intake_add,
                                             .end = intake_end},
                                    .batch = batch,
                                    .limits = limits,
                                    .tree = tree,
                                    .archive_bytes = archive_bytes};
}

void berth_intake_done(struct berth_intake *intake) {
    forget_file(intake);
}
