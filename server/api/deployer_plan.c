#include "deployer.h"

#include "berth/clock.h"
#include "berth/json.h"
#include "berth/name.h"
#include "berth/semver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024 };

static enum berth_code out_of_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code fail_at(struct berth_error *error, const char *rule, const char *where,
                               const char *text) {
    berth_fail(error, BERTH_INVALID, rule, "%s", text);
    berth_error_where(error, "%s", where);
    return BERTH_INVALID;
}

static void free_text(const char *text) {
    free((void *)(uintptr_t)text);
}

void deployment_done(struct deployment *deployment) {
    for (size_t i = 0; i < deployment->item_count; i++) {
        free_text(deployment->items[i].key);
        free_text(deployment->items[i].value);
    }
    for (size_t i = 0; i < deployment->module_count; i++) {
        free(deployment->modules[i].module);
        free(deployment->modules[i].version);
    }
    free(deployment->items);
    free(deployment->modules);
}

/* Makes room for one more of `size` bytes. */
static void *grow(void *array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return array;
    size_t next = *capacity ? *capacity * 2 : 16;
    void *grown = realloc(array, next * size);
    if (grown)
        *capacity = next;
    return grown;
}

/* `value` NULL takes it away. */
/* What was said before of the same key, or NULL. */
static struct berth_external *find_item(const struct deployment *deployment,
                                        enum berth_external_kind kind, const char *key) {
    for (size_t i = 0; i < deployment->item_count; i++)
        if (deployment->items[i].kind == kind && strcmp(deployment->items[i].key, key) == 0)
            return &deployment->items[i];
    return NULL;
}

/* The last word on a key counts. */
static enum berth_code add_item(struct deployment *deployment, enum berth_external_kind kind,
                                const char *key, const char *value, struct berth_error *error) {
    struct berth_external *said = find_item(deployment, kind, key);
    if (said) {
        free((void *)(uintptr_t)said->value);
        said->value = value ? strdup(value) : NULL;
        return said->value || !value ? BERTH_OK : out_of_memory(error);
    }
    if (deployment->item_count / 2 > BERTH_EXTERNALS_MAX)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-imports",
                          "an import map has at most %d names", BERTH_EXTERNALS_MAX);
    struct berth_external *grown =
        grow(deployment->items, deployment->item_count, &deployment->item_capacity, sizeof *grown);
    if (!grown)
        return out_of_memory(error);
    deployment->items = grown;
    struct berth_external *item = &grown[deployment->item_count++];
    *item = (struct berth_external){kind, strdup(key), value ? strdup(value) : NULL};
    return item->key && (item->value || !value) ? BERTH_OK : out_of_memory(error);
}

static enum berth_code check_key(const char *key, struct berth_error *error) {
    bool good = *key && strlen(key) <= DEPLOYER_KEY_MAX_BYTES;
    for (const char *at = key; *at; at++)
        good = good && (unsigned char)*at >= ' ' && *at != 0x7f;
    return good ? BERTH_OK
                : fail_at(error, "import-name", "",
                          "a name in an import map has 1 to 512 bytes, and no control character");
}

/* A name with a slash at its end belongs to the one without. */
static enum berth_code permit(const struct deployment *deployment, const char *key,
                              struct berth_error *error) {
    char name[DEPLOYER_KEY_MAX_BYTES + 1];
    size_t length = strlen(key);
    (void)snprintf(name, sizeof name, "%s", key);
    if (length > 1 && name[length - 1] == '/')
        name[length - 1] = '\0';
    return berth_auth_allow(deployment->principal, BERTH_SCOPE_ACTIVATE, name, error);
}

/* --- what is hosted here --- */

static bool parse_description(const struct berth_version *version, void *context) {
    (void)berth_json_parse(version->description, strlen(version->description),
                           DESCRIPTION_MAX_BYTES, context, NULL);
    return true;
}

/* As manifest/importmap.c tells it. */
static const char *entry_of(const json_t *description) {
    const char *type = berth_json_string(description, "type");
    const char *format = berth_json_string(description, "format");
    size_t index;
    const json_t *expose;
    if ((!type || strcmp(type, "module") != 0) && (!format || strcmp(format, "systemjs") != 0))
        return NULL;
    json_array_foreach(json_object_get(description, "exposes"), index, expose) {
        const char *name = berth_json_string(expose, "name");
        if (name && strcmp(name, ".") == 0 && berth_json_string(expose, "file"))
            return berth_json_string(expose, "file");
    }
    return berth_json_string(description, "entry");
}

static bool is_entry(const struct hosted *hosted, const char *entry) {
    struct berth_buffer url;
    char start[sizeof hosted->module + sizeof hosted->version + 8];
    size_t length =
        (size_t)snprintf(start, sizeof start, "/m/%s@%s/", hosted->module, hosted->version);
    berth_buffer_init(&url, (size_t)2 * DEPLOYER_URL_MAX_BYTES);
    berth_asset_url(&url, "", hosted->module, hosted->version, entry);
    bool same = !url.failed && strcmp(url.data + length, hosted->path) == 0;
    berth_buffer_done(&url);
    return same;
}

static enum berth_code check_entry(const struct hosted *hosted, const char *integrity,
                                   const json_t *description, const char *where,
                                   struct berth_error *error) {
    const char *entry = entry_of(description);
    if (!entry)
        return fail_at(error, "hosted-format", where,
                       "this version is nothing that an import map can name");
    if (!is_entry(hosted, entry)) {
        berth_fail(error, BERTH_INVALID, "hosted-entry",
                   "this is not the file that the version starts with, which is %s", entry);
        berth_error_where(error, "%s", where);
        berth_error_hint(error, "a berth.json in the bundle may name another");
        return BERTH_INVALID;
    }
    const char *found = berth_json_string(json_object_get(description, "files"), entry);
    if (integrity && found && strcmp(integrity, found) != 0)
        return fail_at(error, "integrity", where, "the file's integrity is another");
    return BERTH_OK;
}

/* What another error than "there is none" is, it stays. */
static enum berth_code read_description(const struct deployment *deployment,
                                        const struct hosted *hosted, const char *where,
                                        json_t **ret, struct berth_error *error) {
    struct berth_registry *registry = deployment->api->registry;
    struct berth_error own = {0};
    enum berth_code code = registry->ops->version_get(registry, hosted->module, hosted->version,
                                                      parse_description, ret, &own);
    if (code == BERTH_NOT_FOUND)
        return fail_at(error, own.rule, where, own.text);
    if (code != BERTH_OK)
        *error = own;
    return code == BERTH_OK && !*ret ? out_of_memory(error) : code;
}

static enum berth_code add_module(struct deployment *deployment, const struct hosted *hosted,
                                  struct berth_error *error) {
    struct deployed *grown = grow(deployment->modules, deployment->module_count,
                                  &deployment->module_capacity, sizeof *grown);
    if (!grown)
        return out_of_memory(error);
    deployment->modules = grown;
    struct deployed *module = &grown[deployment->module_count++];
    *module = (struct deployed){strdup(hosted->module), strdup(hosted->version)};
    return module->module && module->version ? BERTH_OK : out_of_memory(error);
}

static enum berth_code add_hosted(struct deployment *deployment, const char *name,
                                  const struct hosted *hosted, const char *integrity,
                                  struct berth_error *error) {
    char folder[DEPLOYER_KEY_MAX_BYTES + 2];
    json_t *description = NULL;
    if (strcmp(name, hosted->module) != 0)
        return fail_at(error, "service", name,
                       "a URL that is hosted here goes by the name of its module");
    enum berth_code code = berth_module_name_check(hosted->module, error);
    if (code == BERTH_OK)
        code = berth_semver_check(hosted->version, error);
    if (code == BERTH_OK)
        code = read_description(deployment, hosted, name, &description, error);
    if (code == BERTH_OK)
        code = check_entry(hosted, integrity, description, name, error);
    json_decref(description);
    (void)snprintf(folder, sizeof folder, "%s/", name);
    if (code == BERTH_OK)
        code = add_item(deployment, BERTH_EXTERNAL_IMPORT, name, NULL, error);
    if (code == BERTH_OK)
        code = add_item(deployment, BERTH_EXTERNAL_IMPORT, folder, NULL, error);
    return code == BERTH_OK ? add_module(deployment, hosted, error) : code;
}

/* *ret_hosted: it became an activation. "module/" beside it follows by itself, and so is passed
 * over. */
static enum berth_code add_import(struct deployment *deployment, const char *key, const char *url,
                                  const char *integrity, bool *ret_hosted,
                                  struct berth_error *error) {
    struct hosted hosted;
    bool good = false;
    size_t length = strlen(key);
    enum berth_code code = check_key(key, error);
    if (code == BERTH_OK)
        code = permit(deployment, key, error);
    if (code == BERTH_OK)
        code = deployer_check_url(url, key, error);
    if (code != BERTH_OK)
        return code;
    bool folder = key[length - 1] == '/';
    if (folder && url[strlen(url) - 1] != '/')
        return fail_at(error, "import-slash", key,
                       "a name that ends in a slash needs a URL that does");
    *ret_hosted = deployer_hosted(url, deployment->api->public_url, &hosted, &good);
    if (!*ret_hosted)
        return add_item(deployment, BERTH_EXTERNAL_IMPORT, key, url, error);
    if (folder)
        return BERTH_OK;
    if (!good)
        return fail_at(error, "hosted-url", key,
                       "a URL that is hosted here is /m/module@version/file");
    return add_hosted(deployment, key, &hosted, integrity, error);
}

/* --- the three requests --- */

static enum berth_code add_imports(struct deployment *deployment, const json_t *imports,
                                   struct berth_error *error) {
    const char *key;
    json_t *value;
    enum berth_code code = BERTH_OK;
    if (imports && !json_is_object(imports))
        return fail_at(error, "imports", "/imports", "\"imports\" must be an object");
    /* jansson's macro wants a non-const object but only reads. */
    json_object_foreach((json_t *)(uintptr_t)imports, key, value) {
        bool hosted = false;
        code = json_is_string(value)
                   ? add_import(deployment, key, json_string_value(value), NULL, &hosted, error)
                   : fail_at(error, "imports", key, "an import must be a text");
        if (code != BERTH_OK)
            break;
    }
    return code;
}

/* Names and URLs of a scope, or URLs and their integrity. */
static enum berth_code check_texts(const json_t *object, bool urls, const char *where,
                                   struct berth_error *error) {
    const char *key;
    json_t *value;
    enum berth_code code = BERTH_OK;
    if (!json_is_object(object))
        return fail_at(error, "scopes", where, "this must be an object of texts");
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        const char *text = json_string_value(value);
        code = text ? check_key(key, error)
                    : fail_at(error, "scopes", where, "this must be an object of texts");
        if (code == BERTH_OK && urls)
            code = deployer_check_url(text, key, error);
        if (code != BERTH_OK)
            break;
    }
    return code;
}

static enum berth_code add_scopes(struct deployment *deployment, const json_t *scopes,
                                  struct berth_error *error) {
    const char *key;
    json_t *value;
    enum berth_code code = BERTH_OK;
    if (scopes && !json_is_object(scopes))
        return fail_at(error, "scopes", "/scopes", "\"scopes\" must be an object");
    if (scopes)
        code = berth_auth_allow(deployment->principal, BERTH_SCOPE_ACTIVATE, NULL, error);
    if (code != BERTH_OK)
        return code;
    json_object_foreach((json_t *)(uintptr_t)scopes, key, value) {
        code = check_key(key, error);
        if (code == BERTH_OK)
            code = check_texts(value, true, key, error);
        char *text = code == BERTH_OK ? berth_json_text(value) : NULL;
        if (text)
            code = add_item(deployment, BERTH_EXTERNAL_SCOPE, key, text, error);
        else if (code == BERTH_OK)
            code = out_of_memory(error);
        free(text);
        if (code != BERTH_OK)
            break;
    }
    return code;
}

static enum berth_code add_integrity(struct deployment *deployment, const json_t *integrity,
                                     struct berth_error *error) {
    const char *key;
    json_t *value;
    if (!integrity)
        return BERTH_OK;
    enum berth_code code =
        berth_auth_allow(deployment->principal, BERTH_SCOPE_ACTIVATE, NULL, error);
    if (code == BERTH_OK)
        code = check_texts(integrity, false, "/integrity", error);
    if (code != BERTH_OK)
        return code;
    json_object_foreach((json_t *)(uintptr_t)integrity, key, value) {
        code = add_item(deployment, BERTH_EXTERNAL_INTEGRITY, key, json_string_value(value), error);
        if (code != BERTH_OK)
            break;
    }
    return code;
}

enum berth_code deployment_add_map(struct deployment *deployment, const json_t *body,
                                   struct berth_error *error) {
    enum berth_code code = add_imports(deployment, json_object_get(body, "imports"), error);
    if (code == BERTH_OK)
        code = add_scopes(deployment, json_object_get(body, "scopes"), error);
    return code == BERTH_OK ? add_integrity(deployment, json_object_get(body, "integrity"), error)
                            : code;
}

/* An integrity is of a URL, whoever names it: one that another name has too is for those who may
 * change all. */
static enum berth_code permit_integrity(const struct deployment *deployment, const char *name,
                                        const char *url, struct berth_error *error) {
    struct berth_publisher *publisher = berth_desk_publisher(deployment->api->desk);
    const struct berth_externals *externals =
        berth_snapshot_externals(berth_snapshot_acquire(publisher));
    bool shared = false;
    for (size_t i = 0; externals && i < externals->count; i++)
        shared = shared || (externals->items[i].kind == BERTH_EXTERNAL_IMPORT &&
                            strcmp(externals->items[i].value, url) == 0 &&
                            strcmp(externals->items[i].key, name) != 0);
    berth_snapshot_release(publisher);
    return shared ? berth_auth_allow(deployment->principal, BERTH_SCOPE_ACTIVATE, NULL, error)
                  : BERTH_OK;
}

/* What is known of the URL that the name has now goes with it, unless another name has it too. */
static bool is_named_elsewhere(const struct berth_externals *externals,
                               const struct berth_external *own) {
    for (size_t i = 0; i < externals->count; i++)
        if (externals->items[i].kind == BERTH_EXTERNAL_IMPORT && &externals->items[i] != own &&
            strcmp(externals->items[i].value, own->value) == 0)
            return true;
    return false;
}

static enum berth_code drop_integrity(struct deployment *deployment, const char *name,
                                      struct berth_error *error) {
    struct berth_publisher *publisher = berth_desk_publisher(deployment->api->desk);
    const struct berth_externals *externals =
        berth_snapshot_externals(berth_snapshot_acquire(publisher));
    enum berth_code code = BERTH_OK;
    for (size_t i = 0; externals && i < externals->count; i++)
        if (externals->items[i].kind == BERTH_EXTERNAL_IMPORT &&
            strcmp(externals->items[i].key, name) == 0 &&
            !is_named_elsewhere(externals, &externals->items[i]))
            code = add_item(deployment, BERTH_EXTERNAL_INTEGRITY, externals->items[i].value, NULL,
                            error);
    berth_snapshot_release(publisher);
    return code;
}

enum berth_code deployment_add_service(struct deployment *deployment, const struct service *service,
                                       struct berth_error *error) {
    char key[DEPLOYER_KEY_MAX_BYTES + 2];
    bool hosted = false;
    enum berth_code code = drop_integrity(deployment, service->name, error);
    if (code == BERTH_OK)
        code =
            add_import(deployment, service->name, service->url, service->integrity, &hosted, error);
    if (code != BERTH_OK || hosted)
        return code;
    char *folder = deployer_folder(service->url, service->levels);
    (void)snprintf(key, sizeof key, "%s/", service->name);
    if (folder)
        code = add_item(deployment, BERTH_EXTERNAL_IMPORT, key, folder, error);
    free(folder);
    if (code == BERTH_OK && service->integrity)
        code = permit_integrity(deployment, service->name, service->url, error);
    if (code == BERTH_OK && service->integrity)
        code =
            add_item(deployment, BERTH_EXTERNAL_INTEGRITY, service->url, service->integrity, error);
    return code;
}

static bool is_live(const struct deployment *deployment, const char *name) {
    struct berth_publisher *publisher = berth_desk_publisher(deployment->api->desk);
    const struct berth_module *module =
        berth_snapshot_module(berth_snapshot_acquire(publisher), name);
    bool live = module && module->live;
    berth_snapshot_release(publisher);
    return live;
}

enum berth_code deployment_remove(struct deployment *deployment, const char *name,
                                  struct berth_error *error) {
    char folder[DEPLOYER_KEY_MAX_BYTES + 2];
    enum berth_code code = check_key(name, error);
    if (code == BERTH_OK)
        code = permit(deployment, name, error);
    if (code == BERTH_OK && is_live(deployment, name))
        code = berth_fail(error, BERTH_CONFLICT, "module-live",
                          "a module of this name is live here, and stays in the map");
    if (code == BERTH_OK)
        code = drop_integrity(deployment, name, error);
    if (code == BERTH_OK)
        code = add_item(deployment, BERTH_EXTERNAL_IMPORT, name, NULL, error);
    (void)snprintf(folder, sizeof folder, "%s/", name);
    return code == BERTH_OK ? add_item(deployment, BERTH_EXTERNAL_IMPORT, folder, NULL, error)
                            : code;
}

/* --- done --- */

enum berth_code deployment_apply(struct deployment *deployment, struct berth_actor by,
                                 struct berth_error *error) {
    const struct berth_externals_put put = {.items = deployment->items,
                                            .count = deployment->item_count,
                                            .at_ms = berth_now_ms(),
                                            .by = by};
    int64_t generation;
    bool changed;
    enum berth_code code = BERTH_OK;
    /* What becomes live goes before what was said of its name, so that the name always leads
     * somewhere, also when an activation is refused. */
    for (size_t i = 0; code == BERTH_OK && i < deployment->module_count; i++) {
        const struct berth_activate activate = {.module = deployment->modules[i].module,
                                                .version = deployment->modules[i].version,
                                                .expected = BERTH_ANY_GENERATION,
                                                .at_ms = berth_now_ms(),
                                                .by = by};
        struct berth_activated activated;
        code = berth_desk_activate(deployment->api->desk, &activate, &activated, error);
        api_count_activation(code, false, code == BERTH_OK && activated.changed, error);
        if (code == BERTH_OK)
            berth_activated_done(&activated);
    }
    if (code == BERTH_OK && put.count)
        code = berth_desk_externals_put(deployment->api->desk, &put, &generation, &changed, error);
    return code;
}
