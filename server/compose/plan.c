#include "plan.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { URL_MAX_BYTES = 8192 };

static bool text_ends(const char *text, const char *ending) {
    size_t length = strlen(text);
    size_t wanted = strlen(ending);
    return length >= wanted && strcmp(text + length - wanted, ending) == 0;
}

static bool is_script(const char *path) {
    return text_ends(path, ".js") || text_ends(path, ".mjs");
}

static bool has(const struct berth_remote *remote, const char *key, const char *value) {
    const char *found = berth_json_string(remote->description, key);
    return found && strcmp(found, value) == 0;
}

static bool is_module(const struct berth_remote *remote) {
    return has(remote, "type", "module");
}

/* The shell can tell whose a script is that ran before it was asked for, where it knows the names
 * of the globals (frontends/shell/src/router.ts). */
static bool runs_ahead(const struct berth_remote *remote) {
    return berth_json_string(remote->description, "container") &&
           json_array_size(json_object_get(remote->description, "chunkGlobals")) > 0 &&
           !has(remote, "format", "systemjs");
}

static enum berth_need_kind script_kind(const struct berth_remote *remote) {
    if (is_module(remote))
        return BERTH_NEED_MODULE;
    return runs_ahead(remote) ? BERTH_NEED_SCRIPT : BERTH_NEED_PRELOAD;
}

/* Versions that were uploaded before files had one have it for the entry only. */
static const char *integrity_of(const struct berth_remote *remote, const char *path) {
    const char *entry = berth_json_string(remote->description, "entry");
    const char *integrity = berth_json_string(json_object_get(remote->description, "files"), path);
    bool is_entry = entry && strcmp(entry, path) == 0;
    return integrity || !is_entry ? integrity : berth_json_string(remote->description, "integrity");
}

const json_t *berth_expose_find(const struct berth_remote *remote, const char *name) {
    const json_t *exposes = json_object_get(remote->description, "exposes");
    for (size_t i = 0; i < json_array_size(exposes); i++) {
        const json_t *expose = json_array_get(exposes, i);
        const char *found = berth_json_string(expose, "name");
        if (found && strcmp(found, name) == 0)
            return expose;
    }
    return NULL;
}

char *berth_plan_url(const struct berth_plan *plan, const struct berth_remote *remote,
                     const char *path) {
    struct berth_buffer url;
    berth_buffer_init(&url, URL_MAX_BYTES);
    berth_asset_url(&url, plan->compose->public_url, remote->module, remote->version, path);
    return berth_buffer_take(&url);
}

/* Takes the URL. */
static void add_need(struct berth_plan *plan, const struct berth_need *need) {
    bool known = false;
    plan->failed = plan->failed || !need->url;
    for (size_t i = 0; need->url && i < plan->need_count; i++)
        known = known || strcmp(plan->needs[i].url, need->url) == 0;
    if (!need->url || known || plan->need_count == BERTH_NEEDS_MAX)
        free(need->url);
    else
        plan->needs[plan->need_count++] = *need;
}

/* A preload must ask in the same way as what comes later, or a browser fetches twice: with CORS for
 * entries, modules, and all that has an integrity. */
void berth_plan_add(struct berth_plan *plan, enum berth_need_kind kind,
                    const struct berth_remote *remote, const char *path) {
    const char *entry = berth_json_string(remote->description, "entry");
    const char *integrity = integrity_of(remote, path);
    bool is_entry = entry && strcmp(entry, path) == 0;
    add_need(plan,
             &(struct berth_need){.kind = kind,
                                  .url = berth_plan_url(plan, remote, path),
                                  .integrity = integrity,
                                  .remote = remote,
                                  .cors = integrity || is_entry || kind == BERTH_NEED_MODULE ||
                                          kind == BERTH_NEED_SCRIPT});
}

static void add_scripts(struct berth_plan *plan, enum berth_need_kind kind,
                        const struct berth_remote *remote, const json_t *assets) {
    const json_t *scripts = json_object_get(assets, "js");
    for (size_t i = 0; i < json_array_size(scripts); i++)
        berth_plan_add(plan, kind, remote, json_string_value(json_array_get(scripts, i)));
}

/* Those in the page's own style as well: the bundle's runtime asks for the files all the same, and
 * waits for them. */
static void add_sheets(struct berth_plan *plan, const struct berth_part *part,
                       const json_t *assets) {
    const json_t *styles = json_object_get(assets, "css");
    for (size_t i = 0; i < json_array_size(styles); i++) {
        berth_plan_add(plan, BERTH_NEED_STYLE, part->remote,
                       json_string_value(json_array_get(styles, i)));
    }
}

/* The entry is loaded for what it contains; an expose that is a file of its own, without it. */
static bool needs_entry(const struct berth_compose *compose, const struct berth_remote *remote) {
    const struct berth_page *page = compose->page;
    for (size_t i = 0; i < page->slot_count; i++)
        if (strcmp(page->slots[i].module, remote->module) == 0 &&
            !berth_json_string(berth_expose_find(remote, page->slots[i].expose), "file"))
            return true;
    return false;
}

static void add_part(struct berth_plan *plan, const struct berth_remote *remote) {
    for (size_t i = 0; i < plan->part_count; i++)
        if (strcmp(plan->parts[i].remote->module, remote->module) == 0)
            return;
    const char *entry = berth_json_string(remote->description, "entry");
    bool imports = has(remote, "format", "native-federation");
    if (!entry)
        return;
    plan->parts[plan->part_count++] = (struct berth_part){
        .remote = remote,
        .description = remote->description,
        .imports = imports,
        .container = !imports && is_script(entry) && needs_entry(plan->compose, remote)};
}

/* Of the files that the shell fetches first there is a second one: its rarer parts. */
static bool needs_more(const struct berth_plan *plan) {
    const struct berth_page *page = plan->compose->page;
    for (size_t i = 0; i < plan->part_count; i++)
        if (is_module(plan->parts[i].remote) || !runs_ahead(plan->parts[i].remote))
            return true;
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_remote *remote =
            plan->compose->live(plan->compose->context, page->slots[i].module);
        const char *contract =
            remote ? berth_json_string(berth_expose_find(remote, page->slots[i].expose), "contract")
                   : NULL;
        if (contract &&
            (strcmp(contract, "single-spa") == 0 || strcmp(contract, "custom-element") == 0))
            return true;
    }
    return false;
}

static void add_more(struct berth_plan *plan) {
    const char *url = plan->compose->frontend->more_url;
    if (*url && needs_more(plan))
        add_need(plan,
                 &(struct berth_need){.kind = BERTH_NEED_MODULE, .url = strdup(url), .cors = true});
}

static void add_entries(struct berth_plan *plan) {
    for (size_t i = 0; i < plan->part_count; i++)
        if (plan->parts[i].container)
            berth_plan_add(plan, script_kind(plan->parts[i].remote), plan->parts[i].remote,
                           berth_json_string(plan->parts[i].description, "entry"));
}

static void add_exposes(struct berth_plan *plan, bool sheets) {
    const struct berth_page *page = plan->compose->page;
    for (size_t i = 0; i < page->slot_count; i++)
        for (size_t j = 0; j < plan->part_count; j++) {
            const struct berth_part *part = &plan->parts[j];
            if (strcmp(part->remote->module, page->slots[i].module) != 0)
                continue;
            const json_t *expose = berth_expose_find(part->remote, page->slots[i].expose);
            const json_t *assets = json_object_get(expose, "assets");
            const char *file = berth_json_string(expose, "file");
            if (file && !sheets)
                berth_plan_add(plan, BERTH_NEED_MODULE, part->remote, file);
            if (sheets)
                add_sheets(plan, part, assets);
            else
                add_scripts(plan, script_kind(part->remote), part->remote, assets);
        }
}

static size_t descriptions_of(const struct berth_plan *plan, bool imports, const json_t **ret,
                              size_t *ret_part) {
    size_t count = 0;
    for (size_t i = 0; i < plan->part_count; i++)
        if (imports ? plan->parts[i].imports : plan->parts[i].container) {
            ret_part[count] = i;
            ret[count++] = plan->parts[i].description;
        }
    return count;
}

size_t berth_plan_shares(const struct berth_plan *plan, bool imports, struct berth_share *ret,
                         size_t max) {
    const json_t *descriptions[BERTH_PAGE_MAX_SLOTS];
    size_t parts[BERTH_PAGE_MAX_SLOTS];
    size_t count = descriptions_of(plan, imports, descriptions, parts);
    size_t found = imports ? berth_shares_of_imports(descriptions, count, ret, max)
                           : berth_shares_of_containers(descriptions, count, ret, max);
    for (size_t i = 0; i < found; i++) {
        ret[i].user = parts[ret[i].user];
        ret[i].provider = parts[ret[i].provider];
    }
    return found;
}

/* What the copies consist of that the page will use, and no others. They do not run ahead: the
 * shell waits for a version's own scripts before it asks for an expose, but another version may ask
 * this one for the package before that, and its runtime would run the script a second time. */
static void add_shared(struct berth_plan *plan) {
    struct berth_share *shares = calloc(BERTH_SHARES_MAX, sizeof *shares);
    plan->failed = plan->failed || !shares;
    for (int imports = 0; shares && imports < 2; imports++) {
        size_t count = berth_plan_shares(plan, imports, shares, BERTH_SHARES_MAX);
        for (size_t i = 0; i < count; i++) {
            const struct berth_part *part = &plan->parts[shares[i].provider];
            const json_t *assets = json_object_get(shares[i].copy, "assets");
            const char *file = imports ? berth_json_string(shares[i].copy, "file") : NULL;
            if (file)
                berth_plan_add(plan, BERTH_NEED_MODULE, part->remote, file);
            add_scripts(plan, is_module(part->remote) ? BERTH_NEED_MODULE : BERTH_NEED_PRELOAD,
                        part->remote, assets);
            add_sheets(plan, part, assets);
        }
    }
    free(shares);
}

struct berth_plan *berth_plan_create(const struct berth_compose *compose) {
    struct berth_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return NULL;
    plan->compose = compose;
    plan->needs = calloc(BERTH_NEEDS_MAX, sizeof *plan->needs);
    if (!plan->needs) {
        free(plan);
        return NULL;
    }
    for (size_t i = 0; i < compose->page->slot_count; i++) {
        const struct berth_remote *remote =
            compose->live(compose->context, compose->page->slots[i].module);
        if (remote)
            add_part(plan, remote);
    }
    add_more(plan);
    add_entries(plan);
    add_exposes(plan, false);
    berth_plan_styles(plan);
    add_shared(plan);
    add_exposes(plan, true);
    return plan;
}

void berth_plan_destroy(struct berth_plan *plan) {
    if (!plan)
        return;
    for (size_t i = 0; i < plan->part_count; i++)
        free(plan->parts[i].style);
    for (size_t i = 0; i < plan->need_count; i++)
        free(plan->needs[i].url);
    free(plan->needs);
    free(plan);
}
