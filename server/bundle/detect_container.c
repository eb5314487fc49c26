/* A container's entry by its usual names: webpack's and rspack's ModuleFederationPlugin, and vite's
 * plugins. */
#include "detect.h"

#include <string.h>

static bool is_entry(const char *name) {
    return strcmp(name, "remoteEntry.js") == 0;
}

static bool is_module_entry(const char *name) {
    return strcmp(name, "remoteEntry.mjs") == 0;
}

/* remoteEntry.4f2a91c0.js */
static bool is_hashed_entry(const char *name) {
    return strncmp(name, "remoteEntry", 11) == 0 &&
           (berth_detect_ends(name, ".js") || berth_detect_ends(name, ".mjs"));
}

static enum berth_code find_entry(const struct berth_tree *tree, const struct berth_asset **ret,
                                  struct berth_error *error) {
    static bool (*const patterns[])(const char *) = {is_entry, is_module_entry, is_hashed_entry};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        enum berth_code code = berth_detect_find(tree, patterns[i], ret, error);
        if (code || *ret)
            return code;
    }
    return BERTH_OK;
}

enum berth_code berth_detect_container(struct berth_detection *detection, bool *ret_matched,
                                       struct berth_error *error) {
    const struct berth_asset *entry = NULL;
    enum berth_code code = find_entry(detection->tree, &entry, error);
    if (!code && entry)
        code = berth_detect_entry(detection, entry, error);
    *ret_matched = !code && entry;
    return code;
}
