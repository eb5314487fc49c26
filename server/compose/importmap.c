/* The import map: integrity of ES modules, which a browser looks for nowhere else when one module
 * imports another, and where Native Federation's modules find the packages that they import by
 * name. */
#include "plan.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_module(const struct berth_part *part) {
    const char *type = berth_json_string(part->description, "type");
    return type && strcmp(type, "module") == 0;
}

static bool is_script(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".js") == 0 || strcmp(dot, ".mjs") == 0);
}

/* {URL: integrity} of the part's modules. */
static void add_integrity(const struct berth_plan *plan, const struct berth_part *part,
                          json_t *integrity) {
    const char *path;
    json_t *value;
    json_object_foreach(json_object_get(part->description, "files"), path, value) {
        char *url = is_script(path) ? berth_plan_url(plan, part->remote, path) : NULL;
        if (url)
            json_object_set(integrity, url, value);
        free(url);
    }
}

/* What most use is for all; what one keeps for itself, under the URLs of its own files. */
static void add_import(const struct berth_plan *plan, const struct berth_share *share,
                       json_t *imports, json_t *scopes) {
    const char *name = berth_json_string(share->wanted, "name");
    char *url = berth_plan_url(plan, plan->parts[share->provider].remote,
                               berth_json_string(share->copy, "file"));
    char *base = berth_plan_url(plan, plan->parts[share->user].remote, "");
    const char *common = berth_json_string(imports, name);
    if (url && !common) {
        json_object_set_new(imports, name, json_string(url));
    } else if (url && base && strcmp(common, url) != 0) {
        if (!json_object_get(scopes, base))
            json_object_set_new(scopes, base, json_object());
        json_object_set_new(json_object_get(scopes, base), name, json_string(url));
    }
    free(url);
    free(base);
}

/* A copy for itself alone must not become the one for all because its user comes first. */
static void add_imports(const struct berth_plan *plan, json_t *imports, json_t *scopes) {
    struct berth_share *shares = calloc(BERTH_SHARES_MAX, sizeof *shares);
    size_t count = shares ? berth_plan_shares(plan, true, shares, BERTH_SHARES_MAX) : 0;
    for (int own = 0; own < 2; own++)
        for (size_t i = 0; i < count; i++)
            if (shares[i].alone == own)
                add_import(plan, &shares[i], imports, scopes);
    free(shares);
}

json_t *berth_plan_import_map(const struct berth_plan *plan) {
    json_t *imports = json_object(), *scopes = json_object(), *integrity = json_object();
    for (size_t i = 0; i < plan->part_count; i++)
        if (is_module(&plan->parts[i]))
            add_integrity(plan, &plan->parts[i], integrity);
    add_imports(plan, imports, scopes);
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
