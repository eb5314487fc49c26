#include "handlers.h"

static void get_livez(struct berth_exchange *exchange, void *app) {
    (void)app;
    berth_answer_json(exchange, 200, json_pack("{ss}", "status", "ok"), NULL, NULL);
}

const struct berth_route berth_api_routes[] = {
    {.pattern = "/", .get = api_get_console},
    {.pattern = "/console/{path*}", .get = api_get_console_file},
    {.pattern = "/api/backup", .get = api_get_backup},
    {.pattern = "/api/bundles", .post = api_post_bundle},
    {.pattern = "/api/events", .get = api_get_events},
    {.pattern = "/api/gc", .post = api_post_gc},
    {.pattern = "/api/modules", .get = api_get_modules},
    {.pattern = "/api/modules/{module}/versions/{version}/compatibility",
     .get = api_get_compatibility},
    {.pattern = "/api/modules/{module}/versions/{version}/preview", .post = api_post_preview},
    {.pattern = "/api/modules/{module}/versions/{version}",
     .get = api_get_version,
     .put = api_put_version,
     .remove = api_delete_version},
    {.pattern = "/api/modules/{module}/versions", .get = api_get_versions},
    {.pattern = "/api/modules/{module}/live", .get = api_get_live, .put = api_put_live},
    {.pattern = "/api/modules/{module}/rollback", .post = api_post_rollback},
    {.pattern = "/api/modules/{module}/stage", .post = api_post_stage},
    {.pattern = "/api/modules/{module}", .get = api_get_module},
    {.pattern = "/api/openapi.json", .get = api_get_openapi},
    {.pattern = "/api/pages", .get = api_get_pages},
    {.pattern = "/api/pages/{page}",
     .get = api_get_page,
     .put = api_put_page,
     .remove = api_delete_page},
    {.pattern = "/api/reports", .get = api_get_reports},
    {.pattern = "/api/session", .get = api_get_session},
    {.pattern = "/api/system", .get = api_get_system},
    {.pattern = "/api/tokens", .get = api_get_tokens, .post = api_post_token},
    {.pattern = "/api/tokens/{id}/rotate", .post = api_rotate_token},
    {.pattern = "/api/tokens/{id}", .remove = api_delete_token},
    {.pattern = "/api/activity", .get = api_get_activity},
    {.pattern = "/api/activity/check", .get = api_get_activity_check},
    {.pattern = "/api/v1/pilet", .post = api_post_pilet},
    {.pattern = "/environments", .get = api_get_environments},
    {.pattern = "/import-map.json", .get = api_get_imports, .patch = api_patch_imports},
    {.pattern = "/services", .patch = api_patch_services},
    {.pattern = "/services/{name*}", .remove = api_delete_service},
    {.pattern = "/health", .get = api_get_health},
    {.pattern = "/metrics", .get = api_get_metrics},
    {.pattern = "/livez", .get = get_livez},
};
const size_t berth_api_route_count = sizeof berth_api_routes / sizeof *berth_api_routes;
