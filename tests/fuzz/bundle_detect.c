/* A bundle of any files: what it is, what it exposes, shares and imports. A file is a path, a line
 * end and its bytes; FILE_END stands between two. What is told of a bundle names its own files. */
#include "berth/bundle.h"
#include "berth/json.h"
#include "detect.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_END = 0x1e, MAX_FILES = 16, DIGEST_MARK = 0xf1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error);

static struct {
    const char *data;
    size_t bytes;
} files[MAX_FILES];

static void must(bool holds) {
    if (!holds)
        abort();
}

/* Instead of a store: the linker leads calls here (--wrap). */
enum berth_code __wrap_berth_blob_read(struct berth_store *store, const struct berth_digest *digest,
                                       int64_t max_bytes, char **ret, size_t *ret_bytes,
                                       struct berth_error *error) {
    (void)store;
    size_t index = digest->bytes[1];
    must(digest->bytes[0] == DIGEST_MARK && index < MAX_FILES);
    if ((int64_t)files[index].bytes > max_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "blob-size", "the blob is too large");
    *ret = calloc(1, files[index].bytes + 1);
    must(*ret != NULL);
    if (files[index].bytes)
        memcpy(*ret, files[index].data, files[index].bytes);
    *ret_bytes = files[index].bytes;
    return BERTH_OK;
}

/* Adds one file; those with bad paths are left out, as an upload with one never gets here. */
static void add(struct berth_tree *tree, size_t index, const char *data, size_t size) {
    const char *end = memchr(data, '\n', size);
    if (!end)
        return;
    struct berth_digest digest = {.bytes = {DIGEST_MARK, (unsigned char)index}};
    char *path = strndup(data, (size_t)(end - data));
    must(path != NULL);
    files[index].data = end + 1;
    files[index].bytes = size - (size_t)(end + 1 - data);
    if (berth_path_check(path, strlen(path), NULL) == BERTH_OK)
        (void)berth_tree_add(tree, path, &digest, "", (int64_t)files[index].bytes, NULL);
    free(path);
}

static void must_name_files(const struct berth_tree *tree, const json_t *list) {
    size_t index = 0;
    const json_t *path = NULL;
    json_array_foreach(list, index, path)
        must(json_is_string(path) && berth_tree_find(tree, json_string_value(path)));
}

static void check_description(const struct berth_tree *tree, const char *text) {
    json_t *root = NULL;
    must(berth_json_parse(text, strlen(text), SIZE_MAX, &root, NULL) == BERTH_OK);
    must(berth_json_string(root, "format") && berth_json_string(root, "archive"));
    const char *entry = berth_json_string(root, "entry");
    must(!entry || berth_tree_find(tree, entry));
    size_t index = 0;
    const json_t *expose = NULL;
    json_array_foreach(json_object_get(root, "exposes"), index, expose) {
        const json_t *assets = json_object_get(expose, "assets");
        must_name_files(tree, json_object_get(assets, "js"));
        must_name_files(tree, json_object_get(assets, "css"));
    }
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct berth_tree tree;
    struct berth_error error = {0};
    char *text = NULL;
    const char *at = (const char *)data;
    const char *end = at + size;
    berth_tree_init(&tree);
    for (size_t i = 0; i < MAX_FILES && at < end; i++) {
        const char *next = memchr(at, FILE_END, (size_t)(end - at));
        add(&tree, i, at, (size_t)((next ? next : end) - at));
        at = next ? next + 1 : end;
    }
    if (berth_tree_finish(&tree, NULL) == BERTH_OK) {
        enum berth_code code = berth_detect(NULL, &tree, BERTH_TAR, &text, &error);
        must(code == error.code && (code == BERTH_OK || error.rule[0]));
        if (code == BERTH_OK)
            check_description(&tree, text);
    }
    free(text);
    berth_tree_done(&tree);
    return 0;
}
