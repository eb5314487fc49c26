/* The import map: integrity of ES modules, which a browser looks for nowhere else when one module
 * imports another, and where Native Federation's modules find the packages that they import by
 * name. */
#include "plan.h"

#include "berth/json.h"

#include <string.h>

static bool is_module(const struct berth_part *part) {
    const char *type = berth_json_string(part->description, "type");
    return type && strcmp(type, "module") == 0;
}

static void add_shared(const struct berth_plan *plan, json_t *imports, json_t *scopes) {
    struct berth_remote remotes[BERTH_PAGE_MAX_SLOTS];
    size_t count = 0;
    for (size_t i = 0; i < plan->part_count; i++)
        if (plan->parts[i].imports)
            remotes[count++] = *plan->parts[i].remote;
    berth_import_map_add_shared(remotes, count, plan->compose->public_url, imports, scopes);
}

json_t *berth_plan_import_map(const struct berth_plan *plan) {
    json_t *imports = json_object(), *scopes = json_object(), *integrity = json_object();
    for (size_t i = 0; i < plan->part_count; i++)
        if (is_module(&plan->parts[i]))
            berth_import_map_add_integrity(plan->parts[i].remote, plan->compose->public_url,
                                           integrity);
    add_shared(plan, imports, scopes);
    json_t *map = json_object();
    if (json_object_size(imports))
        json_object_set(map, "imports", imports);
    if (json_object_size(scopes))
        json_object_set(map, "scopes", scopes);
    if (json_object_size(integrity))
        json_object_set(map, "integrity", integrity);
    json_decref(imports);
    json_decref(scopes);
    json_decref(integrity);
    if (json_object_size(map))
        return map;
    json_decref(map);
    return NULL;
}
