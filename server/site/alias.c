/* URLs without a version: what is live, by its module's name. */
#include "assets.h"

#include <stdlib.h>
#include <string.h>

enum { URL_MAX_BYTES = 8192 };

static const char no_file[] = "no version of the module has such a file";

static void redirect_to(struct berth_exchange *exchange, const struct berth_site *site,
                        const struct berth_module *module, const char *version, const char *path) {
    struct berth_buffer url;
    berth_buffer_init(&url, URL_MAX_BYTES);
    berth_asset_url(&url, site->public_url, module->name, version, path);
    if (url.failed)
        site_not_found(exchange, no_file, NULL);
    else
        berth_answer_redirect(exchange, url.data);
    berth_buffer_done(&url);
}

static const struct berth_edition *resident_with(const struct berth_module *module,
                                                 const char *path) {
    if (module->live && berth_edition_file(module->live, path))
        return module->live;
    if (module->previous && berth_edition_file(module->previous, path))
        return module->previous;
    return NULL;
}

/* Nothing that was opened before a deploy breaks: a file that the live version lacks is still there
 * in the version that had it. */
static void redirect(struct berth_exchange *exchange, const struct berth_site *site,
                     const struct berth_module *module, const char *path) {
    const struct berth_edition *edition = resident_with(module, path);
    if (edition) {
        redirect_to(exchange, site, module, edition->version, path);
        return;
    }
    if (berth_exchange_defer(exchange))
        return;
    struct berth_error error = {0};
    char *version = NULL;
    if (berth_cold_find(berth_desk_cold(site->desk), module->name, path, &version, &error) !=
        BERTH_OK)
        berth_answer_problem(exchange, &error);
    else if (version)
        redirect_to(exchange, site, module, version, path);
    else
        site_not_found(exchange, no_file, NULL);
    free(version);
}

static void answer_alias(struct berth_exchange *exchange, struct berth_site *site,
                         const struct berth_snapshot *snapshot) {
    const char *path = berth_exchange_param(exchange, "path");
    const struct berth_module *module =
        berth_snapshot_module(snapshot, berth_exchange_param(exchange, "module"));
    if (!module)
        site_not_found(exchange, "there is no module of that name", NULL);
    else if (strcmp(path, "remoteEntry.js") == 0)
        site_answer_forms(exchange, berth_view_forms(module->live_entry));
    else if (strcmp(path, "remoteEntry.mjs") == 0)
        site_answer_forms(exchange, berth_view_forms(module->live_entry_module));
    else if (module->live_manifest && strcmp(path, module->live->manifest_path) == 0)
        site_answer_forms(exchange, berth_view_forms(module->live_manifest));
    else if (!site_answer_native(exchange, module, path) &&
             !site_answer_native_script(exchange, module, path))
        redirect(exchange, site, module, path);
}

void site_get_alias(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    berth_exchange_keep(exchange, &site->keeper);
    answer_alias(exchange, site, berth_snapshot_acquire(site->publisher));
    berth_snapshot_release(site->publisher);
}
