/* What import maps name that is hosted elsewhere. */
#include "berth/json.h"
#include "views.h"

#include <string.h>

enum { SCOPE_MAX_BYTES = 256 * 1024 };

static json_t *value_of(const struct berth_external *external) {
    json_t *value = NULL;
    if (external->kind != BERTH_EXTERNAL_SCOPE)
        return json_string(external->value);
    (void)berth_json_parse(external->value, strlen(external->value), SCOPE_MAX_BYTES, &value, NULL);
    return value;
}

void manifest_add_externals(const struct berth_live *live, json_t *imports, json_t *scopes,
                            json_t *integrity) {
    for (size_t i = 0; i < live->external_count; i++) {
        const struct berth_external *external = &live->externals[i];
        json_t *to = external->kind == BERTH_EXTERNAL_IMPORT  ? imports
                     : external->kind == BERTH_EXTERNAL_SCOPE ? scopes
                                                              : integrity;
        json_t *value = json_object_get(to, external->key) ? NULL : value_of(external);
        if (value)
            json_object_set_new(to, external->key, value);
    }
}
