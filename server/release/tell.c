/* What open pages are told of a change. */
#include "desk.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { REPLAYED_CHANGES = 256, DESCRIPTION_MAX_BYTES = 8 * 1024 * 1024 };

struct replay {
    struct change_note {
        int64_t generation;
        char *module, *version, *previous, *page;
    } notes[REPLAYED_CHANGES];
    size_t count;
};

static bool parse_description(const struct berth_version *version, void *context) {
    json_t **ret = context;
    (void)berth_json_parse(version->description, strlen(version->description),
                           DESCRIPTION_MAX_BYTES, ret, NULL);
    return true;
}

/* A new reference, or NULL. What is live is at hand; older changes are told after a restart only.
 */
static json_t *find_description(struct berth_desk *desk, const char *name, const char *version) {
    struct berth_registry *registry = desk->options.registry;
    const struct berth_module *module = catalog_module(&desk->catalog, name);
    const struct berth_edition *edition = module ? berth_module_resident(module, version) : NULL;
    json_t *description = NULL;
    if (edition)
        return json_incref(edition->description);
    (void)registry->ops->version_get(registry, name, version, parse_description, &description,
                                     NULL);
    return description;
}

static void tell(struct berth_desk *desk, const struct berth_remote *remote, const char *previous) {
    json_t *spec =
        remote->description ? berth_remote_json(remote, desk->options.public_url) : json_null();
    berth_events_publish(desk->events, remote->generation, "activated",
                         json_pack("{sI ss ss ss? so}", "generation",
                                   (json_int_t)remote->generation, "module", remote->module,
                                   "version", remote->version, "previous", previous, "remote",
                                   spec));
}

void desk_tell_live(struct berth_desk *desk, const struct berth_module *module,
                    const char *previous) {
    struct berth_remote remote;
    if (berth_module_remote(module, &remote))
        tell(desk, &remote, previous);
}

static void tell_activation(struct berth_desk *desk, const struct change_note *note) {
    json_t *description = find_description(desk, note->module, note->version);
    struct berth_remote remote = {.module = note->module,
                                  .version = note->version,
                                  .generation = note->generation,
                                  .description = description};
    tell(desk, &remote, note->previous);
    json_decref(description);
}

void desk_tell_page(struct berth_desk *desk, const char *page, int64_t generation) {
    berth_events_publish(desk->events, generation, "page",
                         json_pack("{sI ss}", "generation", (json_int_t)generation, "page", page));
}

/* For those who follow every change; nothing that is shown follows from it. */
void desk_tell_imports(struct berth_desk *desk, int64_t generation) {
    berth_events_publish(desk->events, generation, "imports",
                         json_pack("{sI}", "generation", (json_int_t)generation));
}

/* false: the registry has the version, but readers do not yet, or no longer. */
static bool find_generation(struct berth_desk *desk, const char *module, const char *version,
                            int64_t *ret) {
    const struct berth_module *known = catalog_module(&desk->catalog, module);
    bool found = known && berth_module_has(known, version);
    *ret = found ? known->live_generation : 0;
    return found;
}

/* *ret is the caller's own, or shared from now on: its reference is given back with the lock held.
 */
static enum berth_code stage_edition(struct berth_desk *desk, const char *module,
                                     const char *version, struct berth_edition **ret,
                                     int64_t *ret_generation, struct berth_error *error) {
    enum berth_code code = berth_edition_read(module, version, &desk->views, ret, error);
    if (code != BERTH_OK)
        return code;
    bool whole = desk_stage_load(desk, *ret);
    pthread_mutex_lock(&desk->lock);
    if (!find_generation(desk, module, version, ret_generation))
        code =
            berth_fail(error, BERTH_NOT_FOUND, "version-unknown", "the module has no such version");
    else if (whole && !berth_module_resident(catalog_module(&desk->catalog, module), version))
        desk_stage_keep(desk, *ret);
    pthread_mutex_unlock(&desk->lock);
    return code;
}

static void give_back(struct berth_desk *desk, struct berth_edition *edition) {
    pthread_mutex_lock(&desk->lock);
    berth_edition_unref(desk->bodies, edition);
    pthread_mutex_unlock(&desk->lock);
}

enum berth_code berth_desk_stage(struct berth_desk *desk, const char *module, const char *version,
                                 int *ret_streams, struct berth_error *error) {
    struct berth_edition *edition = NULL;
    struct berth_remote remote = {.module = module, .version = version};
    /* So that a refresh comes before it was read, or finds it. */
    pthread_mutex_lock(&desk->refresh_lock);
    enum berth_code code =
        stage_edition(desk, module, version, &edition, &remote.generation, error);
    pthread_mutex_unlock(&desk->refresh_lock);
    if (code == BERTH_OK) {
        remote.description = edition->description;
        berth_events_hint(desk->events, "staged",
                          json_pack("{ss ss so}", "module", module, "version", version, "remote",
                                    berth_remote_json(&remote, desk->options.public_url)));
        *ret_streams = berth_events_streams(desk->events);
    }
    give_back(desk, edition);
    return code;
}

static char *copy_text(const char *text) {
    return text ? strdup(text) : NULL;
}

static bool note_change(const struct berth_change *change, void *context) {
    struct replay *replay = context;
    replay->notes[replay->count++] = (struct change_note){
        change->generation, copy_text(change->module), copy_text(change->version),
        copy_text(change->previous), copy_text(change->page)};
    return replay->count < REPLAYED_CHANGES;
}

/* So that a stream that comes back after a restart gets what it missed. */
enum berth_code desk_open_events(struct berth_desk *desk, struct berth_error *error) {
    struct berth_registry *registry = desk->options.registry;
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = registry->ops->changes_each(registry, NULL, NULL, 0, REPLAYED_CHANGES,
                                                       note_change, replay, error);
    int64_t before =
        replay->count ? replay->notes[replay->count - 1].generation - 1 : desk->catalog.generation;
    struct berth_events_options options = {.max_streams = desk->options.max_streams,
                                           .heartbeat_ms = desk->options.heartbeat_ms,
                                           .generation = before};
    if (code == BERTH_OK && !(desk->events = berth_events_create(&options)))
        code = berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    for (size_t i = replay->count; i-- > 0;) {
        struct change_note *note = &replay->notes[i];
        if (code == BERTH_OK && note->module)
            tell_activation(desk, note);
        else if (code == BERTH_OK && note->page)
            desk_tell_page(desk, note->page, note->generation);
        else if (code == BERTH_OK)
            desk_tell_imports(desk, note->generation);
        free(note->module);
        free(note->version);
        free(note->previous);
        free(note->page);
    }
    free(replay);
    return code;
}
