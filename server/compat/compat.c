#include "compat.h"

#include "berth/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FINDINGS = 100, MAX_USERS = 20 };

json_t *compat_finding(struct compat *compat, const struct compat_words *words, const char *format,
                       ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    json_t *finding = length < 0
                          ? NULL
                          : json_pack("{ss ss ss ss s[]}", "rule", words->rule, "what", words->what,
                                      "text", text, "hint", words->hint, "users");
    if (length >= 0)
        free(text);
    compat->failed = compat->failed || !finding;
    return finding;
}

void compat_add_user(json_t *finding, json_t *user) {
    json_t *users = json_object_get(finding, "users");
    if (json_array_size(users) < MAX_USERS) {
        json_array_append_new(users, user);
        return;
    }
    json_decref(user);
    json_object_set_new(finding, "more", json_integer(berth_json_integer(finding, "more", 0) + 1));
}

json_t *compat_page_user(const char *page, const char *slot) {
    return json_pack("{ss ss*}", "page", page, "slot", slot);
}

json_t *compat_module_user(const struct berth_compat_module *module) {
    return json_pack("{ss ss}", "module", module->name, "version", module->version);
}

void compat_add(struct compat *compat, json_t *finding, bool broken, bool already) {
    bool breaks = broken && !already && compat->live;
    json_t *list = breaks ? compat->breaks : compat->warnings;
    if (finding && already)
        json_object_set_new(finding, "already", json_true());
    if (json_array_size(json_object_get(finding, "users")) == 0)
        json_object_del(finding, "users");
    if (json_array_size(list) < MAX_FINDINGS) {
        json_array_append_new(list, finding);
        return;
    }
    json_decref(finding);
    if (breaks)
        compat->more_breaks++;
    else
        compat->more_warnings++;
}

size_t compat_place(const struct compat *compat, const char *name) {
    const struct berth_compat_world *world = compat->world;
    size_t low = 0, high = world->module_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(world->modules[middle].name, name);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return world->module_count;
}

const struct berth_compat_module *compat_live(const struct compat *compat, const char *name) {
    size_t place = compat_place(compat, name);
    bool live = place < compat->world->module_count && compat->world->modules[place].version;
    return live ? &compat->world->modules[place] : NULL;
}

bool compat_knows_exposes(const json_t *description) {
    const char *format = berth_json_string(description, "format");
    return json_array_size(json_object_get(description, "exposes")) > 0 ||
           (format && strcmp(format, "document") == 0);
}

bool compat_exposes(const json_t *description, const char *name) {
    const json_t *exposes = json_object_get(description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++) {
        const char *found = berth_json_string(json_array_get(exposes, i), "name");
        if (found && strcmp(found, name) == 0)
            return true;
    }
    return false;
}

/* --- whom a remote means --- */

static void index_containers(struct compat *compat) {
    compat->containers = json_object();
    for (size_t i = 0; i < compat->world->module_count; i++) {
        const struct berth_compat_module *module = &compat->world->modules[i];
        const char *name = berth_json_string(module->description, "container");
        if (!module->version || !name)
            continue;
        bool taken = json_object_get(compat->containers, name) != NULL;
        json_object_set_new(compat->containers, name,
                            taken ? json_null() : json_string(module->name));
    }
}

/* The one live module with that container. */
static enum compat_sure by_container(struct compat *compat, const char *container,
                                     const char **ret) {
    if (!compat->containers)
        index_containers(compat);
    *ret = json_string_value(json_object_get(compat->containers, container));
    return *ret ? COMPAT_LIKELY : COMPAT_NOBODY;
}

/* Without a public URL any origin may be this server's. */
static enum compat_sure sure_of_url(const struct compat *compat, const char *url) {
    const char *public_url = compat->world->public_url;
    size_t length = strlen(public_url);
    if (strncmp(url, "/m/", 3) == 0)
        return COMPAT_SURE;
    if (length && strncmp(url, public_url, length) == 0 && strncmp(url + length, "/m/", 3) == 0)
        return COMPAT_SURE;
    bool elsewhere = strstr(url, "://") || strncmp(url, "//", 2) == 0;
    return elsewhere && length ? COMPAT_NOBODY : COMPAT_LIKELY;
}

enum compat_sure compat_target(struct compat *compat, const json_t *remote, const char **ret) {
    const char *url = berth_json_string(remote, "url");
    const char *container = berth_json_string(remote, "container");
    *ret = berth_json_string(remote, "module");
    if (berth_json_string(remote, "version"))
        return COMPAT_NOBODY;
    if (*ret)
        return url ? sure_of_url(compat, url) : COMPAT_SURE;
    return container && !url ? by_container(compat, container, ret) : COMPAT_NOBODY;
}

/* --- the report --- */

static bool known(const struct berth_compat_version *version, const char *key) {
    const char *format = version ? berth_json_string(version->description, "format") : NULL;
    return version && (json_object_get(version->description, key) ||
                       (format && strcmp(format, "document") == 0 && strcmp(key, "shared") == 0));
}

static json_t *known_part(bool is_known) {
    return json_pack("{sb}", "known", is_known);
}

/* Those that were uploaded before anyone looked for what they take. */
static json_t *consumers_part(const struct compat *compat) {
    json_t *unknown = json_array();
    size_t count = 0;
    for (size_t i = 0; i < compat->world->module_count; i++) {
        const struct berth_compat_module *module = &compat->world->modules[i];
        if (!module->version || strcmp(module->name, compat->module) == 0 ||
            json_object_get(module->description, "remotes"))
            continue;
        if (count++ < MAX_USERS)
            json_array_append_new(unknown, json_pack("s++", module->name, "@", module->version));
    }
    json_t *part = known_part(count == 0);
    if (count)
        json_object_set(part, "unknown", unknown);
    if (count > MAX_USERS)
        json_object_set_new(part, "more", json_integer((json_int_t)(count - MAX_USERS)));
    json_decref(unknown);
    return part;
}

static json_t *parts(const struct compat *compat) {
    bool exposes = compat_knows_exposes(compat->next->description) &&
                   (!compat->live || compat_knows_exposes(compat->live->description));
    return json_pack("{so so so so}", "exposes", known_part(exposes), "shared",
                     known_part(known(compat->next, "shared")), "remotes",
                     known_part(known(compat->next, "remotes")), "consumers",
                     consumers_part(compat));
}

static json_t *checked(const struct compat *compat) {
    size_t live = 0;
    for (size_t i = 0; i < compat->world->module_count; i++)
        live += compat->world->modules[i].version != NULL;
    return json_pack("{sI sI}", "modules", (json_int_t)live, "pages",
                     (json_int_t)compat->world->page_count);
}

static json_t *report(struct compat *compat) {
    json_t *json = json_pack(
        "{ss ss ss? sI sb sO sO}", "module", compat->module, "version", compat->next->version,
        "live", compat->live ? compat->live->version : NULL, "generation",
        (json_int_t)compat->world->generation, "compatible", json_array_size(compat->breaks) == 0,
        "breaks", compat->breaks, "warnings", compat->warnings);
    if (!json)
        return NULL;
    if (compat->more_breaks)
        json_object_set_new(json, "moreBreaks", json_integer((json_int_t)compat->more_breaks));
    if (compat->more_warnings)
        json_object_set_new(json, "moreWarnings", json_integer((json_int_t)compat->more_warnings));
    json_object_set_new(json, "parts", parts(compat));
    json_object_set_new(json, "checked", checked(compat));
    return json;
}

json_t *berth_compat_report(const struct berth_compat_world *world, const char *module,
                            const struct berth_compat_version *live,
                            const struct berth_compat_version *next) {
    struct compat compat = {.world = world,
                            .module = module,
                            .live = live,
                            .next = next,
                            .breaks = json_array(),
                            .warnings = json_array()};
    compat_check_exposes(&compat);
    compat_check_strict(&compat);
    compat_check_shared(&compat);
    compat_check_remotes(&compat);
    json_t *json = compat.failed || !compat.breaks || !compat.warnings ? NULL : report(&compat);
    json_decref(compat.breaks);
    json_decref(compat.warnings);
    json_decref(compat.containers);
    return json;
}

size_t berth_compat_breaks(const json_t *report) {
    return json_array_size(json_object_get(report, "breaks")) +
           (size_t)berth_json_integer(report, "moreBreaks", 0);
}
