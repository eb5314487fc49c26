/* Frontend discovery (github.com/awslabs/frontend-discovery, schema v1-pre): the one version that a
 * consumer gets of each. */
#include "berth/json.h"
#include "views.h"

#define SCHEMA                                                                                     \
    "https://raw.githubusercontent.com/awslabs/frontend-discovery/main/schema/v1-pre.json"

/* What a consumer must know beside the URL to load it. */
static json_t *extras_of(const json_t *description) {
    return json_pack("{s{ss* ss* ss*}}", "berth", "format",
                     berth_json_string(description, "format"), "type",
                     berth_json_string(description, "type"), "container",
                     berth_json_string(description, "container"));
}

/* The schema wants an integrity: versions from before entries had one get an empty text. There is
 * no fallback URL, since that would be for the same bytes at another place. */
static json_t *item_of(const struct berth_live *live, const struct berth_remote *remote) {
    const json_t *description = remote->description;
    const char *integrity = berth_json_string(description, "integrity");
    return json_pack(
        "{so s{ss ss} so}", "url",
        manifest_url(live->public_url, remote, berth_json_string(description, "entry")), "metadata",
        "integrity", integrity ? integrity : "", "version", remote->version, "extras",
        extras_of(description));
}

json_t *manifest_discovery(const struct berth_live *live) {
    json_t *map = json_object();
    for (size_t i = 0; i < live->count; i++) {
        const struct berth_remote *remote = &live->remotes[i];
        json_t *item =
            berth_json_string(remote->description, "entry") ? item_of(live, remote) : NULL;
        if (item)
            json_object_set_new(map, remote->module, json_pack("[o]", item));
    }
    return json_pack("{ss so}", "schema", SCHEMA, "microFrontends", map);
}
