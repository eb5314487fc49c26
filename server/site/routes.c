#include "handlers.h"

#include <stdio.h>

void site_not_found(struct berth_exchange *exchange, const char *text, const char *hint) {
    struct berth_error error = {0};
    berth_fail(&error, BERTH_NOT_FOUND, "not-found", "%s", text);
    if (hint)
        berth_error_hint(&error, "%s", hint);
    berth_answer_problem(exchange, &error);
}

static void answer_probe(struct berth_exchange *exchange, bool good) {
    struct berth_content content = {.status = good ? 200 : 503,
                                    .content_type = "text/plain; charset=utf-8",
                                    .body = good ? "ok\n" : "draining\n",
                                    .length = good ? 3 : 9};
    berth_answer_content(exchange, &content);
}

static void get_livez(struct berth_exchange *exchange, void *app) {
    (void)app;
    answer_probe(exchange, true);
}

static void get_readyz(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    answer_probe(exchange, atomic_load(&site->ready));
}

const struct berth_route berth_site_routes[] = {
    {.pattern = "/m/{module}@{version}/{path*}",
     .cors = true,
     .shares = "module",
     .quick = true,
     .get = site_get_asset},
    {.pattern = "/m/{module}/@events", .cors = true, .get = site_get_module_events},
    {.pattern = "/m/{module}/{path*}", .cors = true, .quick = true, .get = site_get_alias},
    {.pattern = "/manifests/{file}", .cors = true, .quick = true, .get = site_get_listing},
    {.pattern = "/api/v1/pilet", .cors = true, .quick = true, .get = site_get_pilets},
    {.pattern = "/events", .cors = true, .get = site_get_events},
    {.pattern = "/reports",
     .cors = true,
     .work = BERTH_WORK_REPORTS,
     .admit = site_admit_report,
     .post = site_post_report},
    {.pattern = "/reports/csp",
     .work = BERTH_WORK_REPORTS,
     .admit = site_admit_report,
     .post = site_post_csp},
    {.pattern = "/_berth/{file}", .cors = true, .quick = true, .get = site_get_frontend},
    {.pattern = "/livez", .quick = true, .get = get_livez},
    {.pattern = "/readyz", .quick = true, .get = get_readyz},
    {.pattern = "/", .quick = true, .get = site_get_page},
    {.pattern = "/{path*}", .quick = true, .get = site_get_page},
};
const size_t berth_site_route_count = sizeof berth_site_routes / sizeof *berth_site_routes;
