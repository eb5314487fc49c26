/* Bundles that say themselves what they are: the archive that npm pack makes, whose package.json
 * names the module and the version. */
#include "handlers.h"

/* The pattern covers itself, so only the scope is asked for. */
enum berth_code api_allow_some(const struct berth_principal *principal, enum berth_scope scope,
                               struct berth_error *error) {
    return berth_auth_allow(principal, scope, principal->module, error);
}

enum berth_code api_package(struct berth_upload *upload, const struct berth_principal *principal,
                            bool activate, struct berth_package *ret, struct berth_error *error) {
    enum berth_code code = berth_upload_package(upload, ret, error);
    if (code == BERTH_OK)
        code = berth_auth_allow(principal, BERTH_SCOPE_PUBLISH, ret->module, error);
    if (code == BERTH_OK && activate)
        code = berth_auth_allow(principal, BERTH_SCOPE_ACTIVATE, ret->module, error);
    if (code != BERTH_OK)
        berth_upload_abort(upload);
    return code;
}

static enum berth_code receive(struct berth_exchange *exchange, const struct berth_api *api,
                               const struct berth_principal *principal, struct berth_uploaded *ret,
                               struct berth_error *error) {
    bool wanted, force;
    struct api_spooled spooled;
    struct berth_package package;
    enum berth_code code = api_read_activate(exchange, &wanted, error);
    if (code == BERTH_OK && wanted)
        code = api_allow_some(principal, BERTH_SCOPE_ACTIVATE, error);
    if (code == BERTH_OK)
        code = api_read_force(exchange, wanted, &force, error);
    if (code == BERTH_OK)
        code = api_spool(exchange, api, &spooled, error);
    if (code == BERTH_OK)
        code = api_package(spooled.upload, principal, wanted, &package, error);
    if (code != BERTH_OK)
        return code;
    struct berth_upload_request request = {.module = package.module,
                                           .version = package.version,
                                           .expected = spooled.given ? &spooled.digest : NULL,
                                           .by = api_actor(exchange, principal),
                                           .activate = wanted,
                                           .force = force,
                                           .reason = berth_exchange_query(exchange, "reason")};
    return berth_upload_finish(spooled.upload, &request, ret, error);
}

void api_post_bundle(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_uploaded uploaded = {0};
    struct berth_error error = {0};
    if (!api_identify(exchange, api, &principal))
        return;
    enum berth_code code = api_allow_some(&principal, BERTH_SCOPE_PUBLISH, &error);
    if (code == BERTH_OK)
        code = receive(exchange, api, &principal, &uploaded, &error);
    api_count_upload(code, &uploaded, &error);
    if (code == BERTH_OK)
        api_answer_uploaded(exchange, api, &uploaded);
    else
        api_answer_refusal(exchange, &error, uploaded.report);
}
