/* What a version would do to what is live: asked for, and in the way of an activation. */
#include "handlers.h"

#include <string.h>

enum berth_code api_force(bool force, const char *reason, struct berth_error *error) {
    if (!force || (reason && reason[strspn(reason, " \t\r\n")]))
        return BERTH_OK;
    enum berth_code code = berth_fail(error, BERTH_INVALID, "force-reason",
                                      "what is forced needs a reason, for the history");
    berth_error_where(error, "/reason");
    return code;
}

enum berth_code api_read_force(const struct berth_exchange *exchange, bool activate, bool *ret,
                               struct berth_error *error) {
    const char *text = berth_exchange_query(exchange, "force");
    *ret = text && strcmp(text, "true") == 0;
    if (text && !*ret && strcmp(text, "false") != 0)
        return berth_fail(error, BERTH_INVALID, "force", "\"force\" takes true or false");
    if (*ret && !activate)
        return berth_fail(error, BERTH_INVALID, "force", "\"force\" goes with activate=true");
    return api_force(*ret, berth_exchange_query(exchange, "reason"), error);
}

void api_answer_refusal(struct berth_exchange *exchange, const struct berth_error *error,
                        json_t *report) {
    if (report)
        berth_answer_problem_with(exchange, error, "compatibility", report);
    else
        berth_answer_problem(exchange, error);
}

void api_get_compatibility(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    json_t *report = NULL;
    const char *module = api_permit_module(exchange, api, BERTH_SCOPE_READ, &principal);
    if (!module)
        return;
    const char *version = berth_exchange_param(exchange, "version");
    if (berth_desk_compatibility(api->desk, module, version, &report, &error) == BERTH_OK)
        berth_answer_json(exchange, 200, report, NULL, NULL);
    else
        berth_answer_problem(exchange, &error);
}
