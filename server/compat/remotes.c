/* What the next version itself takes, and is not there. It may come yet, so these are warnings. */
#include "compat.h"

#include "berth/json.h"

#include <string.h>

static bool same_text(const json_t *a, const json_t *b, const char *key) {
    const char *one = berth_json_string(a, key), *other = berth_json_string(b, key);
    return one && other ? strcmp(one, other) == 0 : one == other;
}

/* The live version takes the same, and so lacks it already. */
static bool takes(struct compat *compat, const json_t *wanted, const char *module) {
    size_t index = 0;
    const json_t *remote = NULL;
    const json_t *description = compat->live ? compat->live->description : NULL;
    json_array_foreach(json_object_get(description, "remotes"), index, remote) {
        const char *target = NULL;
        if (compat_target(compat, remote, &target) != COMPAT_NOBODY &&
            strcmp(target, module) == 0 && same_text(remote, wanted, "expose"))
            return true;
    }
    return false;
}

static json_t *missing(struct compat *compat, const char *module, const char *expose) {
    size_t place = compat_place(compat, module);
    const struct berth_compat_module *live = compat_live(compat, module);
    const char *own = compat->module, *version = compat->next->version;
    if (place == compat->world->module_count)
        return compat_finding(
            compat,
            &(struct compat_words){"remote-missing", module, "publish it, or check its name"},
            "%s@%s takes %s from %s, and there is no such module", own, version,
            expose ? expose : "something", module);
    if (!live)
        return compat_finding(
            compat, &(struct compat_words){"remote-not-live", module, "activate a version of it"},
            "%s@%s takes %s from %s, of which no version is live", own, version,
            expose ? expose : "something", module);
    if (expose && compat_knows_exposes(live->description) &&
        !compat_exposes(live->description, expose)) {
        json_t *finding =
            compat_finding(compat,
                           &(struct compat_words){"remote-expose-missing", module,
                                                  "activate a version of it that has the expose"},
                           "%s@%s takes %s from %s, whose live version, %s, does not expose it",
                           own, version, expose, module, live->version);
        return finding;
    }
    return NULL;
}

void compat_check_remotes(struct compat *compat) {
    size_t index = 0;
    const json_t *remote = NULL;
    json_array_foreach(json_object_get(compat->next->description, "remotes"), index, remote) {
        const char *module = NULL;
        enum compat_sure sure = compat_target(compat, remote, &module);
        if (sure == COMPAT_NOBODY || strcmp(module, compat->module) == 0)
            continue;
        json_t *finding = missing(compat, module, berth_json_string(remote, "expose"));
        if (finding)
            compat_add(compat, finding, false, takes(compat, remote, module));
    }
}
