/* A version is deleted, if it is not live. That needs the scope "activate", as it is an act on what
 * was published and not a publication. */
#include "handlers.h"

#include "berth/clock.h"

void api_delete_version(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    struct berth_version_delete request = {.at_ms = berth_now_ms()};
    request.module = api_permit_module(exchange, api, BERTH_SCOPE_ACTIVATE, &principal);
    if (!request.module)
        return;
    request.version = berth_exchange_param(exchange, "version");
    request.reason = berth_exchange_query(exchange, "reason");
    request.by = api_actor(exchange, &principal);
    enum berth_code code = api_reason(request.reason, &error);
    if (code == BERTH_OK)
        code = berth_desk_delete(api->desk, &request, &error);
    if (code == BERTH_OK)
        berth_answer_empty(exchange, 204, NULL);
    else
        berth_answer_problem(exchange, &error);
}
