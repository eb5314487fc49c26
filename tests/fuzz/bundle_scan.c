/* Any bytes as an entry, and as a module with imports. What an import is resolved to is a file of
 * the bundle. */
#include "detect.h"
#include "scan.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth) {
    if (!truth)
        abort();
}

static void resolve(const json_t *specifiers) {
    static const char *const paths[] = {"a.js", "x/a.js", "x/b.js", "x/y/a.mjs"};
    static const struct berth_digest none;
    struct berth_tree tree;
    berth_tree_init(&tree);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        require(berth_tree_add(&tree, paths[i], &none, "", 0, NULL) == BERTH_OK);
    require(berth_tree_finish(&tree, NULL) == BERTH_OK);
    size_t index = 0;
    const json_t *value = NULL;
    json_array_foreach(specifiers, index, value) {
        const struct berth_asset *found =
            berth_detect_resolve(&tree, paths[index % 4], json_string_value(value));
        require(!found || berth_tree_find(&tree, found->path) == found);
    }
    berth_tree_done(&tree);
}

/* What is found is bounded, whatever there is. */
static void look_for_remotes(const struct berth_js *js) {
    static const char *const kinds[] = {"externals", "infos", "uses", "calls"};
    json_t *found = json_pack("{s[] s[] s[] s[]}", kinds[0], kinds[1], kinds[2], kinds[3]);
    require(found);
    berth_scan_remotes(js, found);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        require(json_array_size(json_object_get(found, kinds[i])) <= 2000);
    json_decref(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *result = NULL;
    struct berth_js js;
    if (berth_scan((const char *)data, size, &result, NULL) == BERTH_OK)
        json_decref(result);
    json_t *specifiers = json_array();
    if (berth_js_tokenize(&js, (const char *)data, size, NULL) == BERTH_OK) {
        berth_scan_imports(&js, specifiers);
        look_for_remotes(&js);
        berth_js_done(&js);
    }
    resolve(specifiers);
    json_decref(specifiers);
    return 0;
}
