#include "berth/registry.h"
#include <stdlib.h>
#include <string.h>

void berth_version_done(struct berth_version *version) {
    for (size_t i = 0; version->assets && i < version->asset_count; i++)
        free(version->assets[i].path);
    free(version->assets);
    free(version->module);
    free(version->version);
    free(version->description);
    free(version->created_by);
    memset(version, 0, sizeof *version);
}

void berth_activated_done(struct berth_activated *activated) {
    free(activated->version);
    free(activated->previous);
    memset(activated, 0, sizeof *activated);
}
