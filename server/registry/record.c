#include "berth/registry.h"
#include <inttypes.h>
#include <stdio.h>
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

static void add_text(struct berth_hasher *hasher, const char *text) {
    char length[24];
    if (!text) {
        berth_hasher_add(hasher, "-,", 2);
        return;
    }
    int digits = snprintf(length, sizeof length, "%zu:", strlen(text));
    berth_hasher_add(hasher, length, (size_t)digits);
    berth_hasher_add(hasher, text, strlen(text));
    berth_hasher_add(hasher, ",", 1);
}

static void add_number(struct berth_hasher *hasher, int64_t number) {
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    add_text(hasher, text);
}

bool berth_audit_hash(const struct berth_digest *previous, const struct berth_audit_record *record,
                      struct berth_digest *ret) {
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    if (!hasher)
        return false;
    const char *const texts[] = {record->action, record->module, record->subject, record->actor,
                                 record->token,  record->remote, record->reason,  record->details};
    berth_hasher_add(hasher, previous->bytes, sizeof previous->bytes);
    add_number(hasher, record->id);
    add_number(hasher, record->at_ms);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        add_text(hasher, texts[i]);
    berth_hasher_finish(hasher, ret->bytes);
    berth_hasher_destroy(hasher);
    return true;
}
