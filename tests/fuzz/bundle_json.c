/* Any JSON as berth.json and as remoteEntry.json. What is refused has a rule; what is taken as
 * berth.json names only what the rules know. */
#include "berth/json.h"
#include "declaration.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth) {
    if (!truth)
        abort();
}

static void try_declaration(const json_t *root) {
    struct berth_error error = {0};
    if (berth_declaration_check(root, &error) != BERTH_OK)
        require(error.rule[0] && error.where[0] && error.text[0]);
}

static void try_remote_entry(const json_t *root) {
    static const struct berth_digest none;
    struct berth_error error = {0};
    struct berth_tree tree;
    berth_tree_init(&tree);
    require(berth_tree_add(&tree, "remoteEntry.json", &none, "", 0, NULL) == BERTH_OK);
    require(berth_tree_add(&tree, "a.js", &none, "", 0, NULL) == BERTH_OK);
    require(berth_tree_finish(&tree, NULL) == BERTH_OK);
    struct berth_detection detection = {.tree = &tree,
                                        .description = json_pack("{s[]}", "warnings")};
    const struct berth_asset *file = berth_tree_find(&tree, "remoteEntry.json");
    if (berth_detect_native_json(&detection, file, root, &error) != BERTH_OK)
        require(error.rule[0] && error.where[0]);
    else
        require(json_is_array(json_object_get(detection.description, "exposes")));
    json_decref(detection.description);
    berth_tree_done(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *root = NULL;
    if (berth_json_parse((const char *)data, size, BERTH_DECLARATION_MAX_BYTES, &root, NULL) !=
        BERTH_OK)
        return 0;
    try_declaration(root);
    try_remote_entry(root);
    json_decref(root);
    return 0;
}
