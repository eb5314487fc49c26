/* A link's query, with which one browser sees a version on pages before it is live. That needs the
 * scope "activate": a version that somebody may only publish must not run on a page because
 * somebody else was sent a link. */
#include "handlers.h"

#include "berth/clock.h"
#include "berth/preview.h"

#include <stdio.h>
#include <string.h>

static bool is_there(const struct berth_api *api, const char *module, const char *version) {
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_module *found =
        berth_snapshot_module(berth_snapshot_acquire(publisher), module);
    bool has = found && berth_module_has(found, version);
    berth_snapshot_release(publisher);
    return has;
}

void api_post_preview(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    const char *module = api_permit_module(exchange, api, BERTH_SCOPE_ACTIVATE, &principal);
    if (!module)
        return;
    const char *version = berth_exchange_param(exchange, "version");
    char text[BERTH_PREVIEW_TEXT_BYTES];
    if (!is_there(api, module, version)) {
        api_not_found(exchange, "version-unknown", "the module has no such version");
        return;
    }
    struct berth_preview preview = {.until_s = berth_now_ms() / 1000 + BERTH_PREVIEW_SECONDS};
    (void)snprintf(preview.module, sizeof preview.module, "%s", module);
    (void)snprintf(preview.version, sizeof preview.version, "%s", version);
    berth_preview_sign(&preview, text);
    berth_answer_json(exchange, 201,
                      json_pack("{ss ss ss so}", "module", module, "version", version, "berth",
                                text, "until", api_time(preview.until_s * 1000)),
                      NULL, NULL);
}
