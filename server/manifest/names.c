/* What stock loaders call a module: bundles are built with a name, and hosts ask by that. */
#include "berth/json.h"
#include "views.h"

#include <stdlib.h>

/* `taken`: {name: true}. Takes the first of the two that is free. */
static const char *take_name(json_t *taken, const char *built, const char *module) {
    const char *const names[] = {built, module};
    for (size_t i = 0; i < 2; i++)
        if (names[i] && *names[i] && !json_object_get(taken, names[i])) {
            json_object_set_new(taken, names[i], json_true());
            return names[i];
        }
    return NULL;
}

const char **manifest_names(const struct berth_live *live,
                            bool (*is_one)(const struct berth_remote *remote)) {
    const char **names = calloc(live->count + 1, sizeof *names);
    json_t *taken = json_object();
    for (size_t i = 0; names && i < live->count; i++)
        if (is_one(&live->remotes[i]))
            names[i] =
                take_name(taken, berth_json_string(live->remotes[i].description, "container"),
                          live->remotes[i].module);
    json_decref(taken);
    return names;
}
