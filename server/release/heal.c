/* After an upload: its blobs may be what a version that is shown has lacked, of which a file was
 * damaged or missing. That version is read again then, whichever of its module's it is. */
#include "desk.h"

#include "berth/digests.h"
#include "berth/log.h"

#include <stdlib.h>
#include <string.h>

/* A version that may be whole by now. */
struct patient {
    char *module;
    char *version;
    struct patient *next;
};

static bool has_lacking(const struct berth_edition *edition, const struct berth_digests *uploaded) {
    for (size_t i = 0; i < edition->file_count; i++)
        if (!edition->files[i].body && berth_digests_find(uploaded, &edition->files[i].digest))
            return true;
    return false;
}

/* The same contents of the same version heal also what is only made of its files. */
static bool may_heal(const struct berth_module *module, const struct berth_edition *edition,
                     const struct berth_version *version, const struct berth_digests *uploaded) {
    if (!edition || desk_is_whole(module, edition))
        return false;
    bool same = strcmp(edition->module, version->module) == 0 &&
                strcmp(edition->version, version->version) == 0;
    return same || has_lacking(edition, uploaded);
}

static void add_patient(struct patient **list, const struct berth_edition *edition) {
    struct patient *patient = malloc(sizeof *patient);
    if (!patient)
        return; /* the next upload of it finds it */
    *patient = (struct patient){strdup(edition->module), strdup(edition->version), .next = *list};
    *list = patient;
}

static struct patient *find_patients(struct berth_desk *desk, const struct berth_version *version,
                                     const struct berth_digests *uploaded) {
    struct patient *list = NULL;
    pthread_mutex_lock(&desk->lock);
    for (size_t i = 0; i < desk->catalog.module_count; i++) {
        const struct berth_module *module = desk->catalog.modules[i];
        if (may_heal(module, module->live, version, uploaded))
            add_patient(&list, module->live);
        if (may_heal(module, module->previous, version, uploaded))
            add_patient(&list, module->previous);
    }
    pthread_mutex_unlock(&desk->lock);
    return list;
}

static void show_again(struct berth_desk *desk, const struct patient *patient) {
    struct berth_error error = {0};
    if (!patient->module || !patient->version ||
        berth_desk_refresh(desk, patient->module, patient->version, &error) == BERTH_OK)
        return;
    berth_log_event("warn", "version-damaged",
                    json_pack("{ss ss ss}", "module", patient->module, "version", patient->version,
                              "text", error.text));
}

void desk_show_healed(struct berth_desk *desk, const struct berth_version *version) {
    struct berth_digests uploaded = {0};
    bool good = true;
    for (size_t i = 0; good && i < version->asset_count; i++)
        good = berth_digests_add(&uploaded, &version->assets[i].digest);
    struct patient *list = good ? find_patients(desk, version, &uploaded) : NULL;
    berth_digests_done(&uploaded);
    while (list) {
        struct patient *patient = list;
        list = patient->next;
        show_again(desk, patient);
        free(patient->module);
        free(patient->version);
        free(patient);
    }
}
