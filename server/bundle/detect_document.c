/* A page by itself: an index.html at the root, or else in the folder of its scripts, and no module.
 * The last of the detectors: what exposes something is found before. */
#include "detect.h"

#include <string.h>

static bool is_index(const char *name) {
    return strcmp(name, "index.html") == 0;
}

/* Is there a script in the folder of this file, or below? */
static bool has_script_beside(const struct berth_tree *tree, const char *path) {
    size_t folder = (size_t)(berth_detect_name(path) - path);
    for (size_t i = 0; i < tree->count; i++) {
        const char *other = tree->nodes[i].asset.path;
        if (strncmp(other, path, folder) == 0 &&
            (berth_detect_ends(other, ".js") || berth_detect_ends(other, ".mjs")))
            return true;
    }
    return false;
}

enum berth_code berth_detect_document(struct berth_detection *detection, bool *ret_matched,
                                      struct berth_error *error) {
    const struct berth_asset *page = NULL;
    enum berth_code code = berth_detect_find(detection->tree, is_index, &page, error);
    bool root = page && !strchr(page->path, '/');
    if (code || !page || (!root && !has_script_beside(detection->tree, page->path)))
        return code;
    json_t *description = detection->description;
    json_object_set_new(description, "format", json_string("document"));
    json_object_set_new(description, "chunkGlobals", json_array());
    json_object_set_new(description, "exposes", json_array());
    json_object_set_new(description, "shared", json_array());
    berth_detect_warn(
        detection, "document",
        "no exposed module was found: this can be shown as the document of a page, and not "
        "in a slot");
    *ret_matched = true;
    return BERTH_OK;
}
