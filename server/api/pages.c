#include "handlers.h"

#include "berth/json.h"

#include <stdio.h>
#include <string.h>

static json_t *page_json(const struct berth_page_record *page) {
    return json_pack("{ss ss? sI sI so ss?}", "name", page->name, "path", page->path, "revision",
                     (json_int_t)page->revision, "generation", (json_int_t)page->generation, "at",
                     api_time(page->at_ms), "by", page->by);
}

static bool collect_page(const struct berth_page_record *page, void *context) {
    json_array_append_new(context, page_json(page));
    return true;
}

void api_get_pages(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_identify(exchange, api, &principal))
        return;
    json_t *pages = json_array();
    if (api->registry->ops->pages_each(api->registry, collect_page, pages, &error) != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        berth_answer_json(exchange, 200, json_pack("{sO}", "pages", pages), NULL, NULL);
    json_decref(pages);
}

/* All revisions, newest first; the first one also with its manifest. */
static bool collect_revision(const struct berth_page_record *page, void *context) {
    json_t *revisions = context;
    json_t *json = page_json(page), *manifest;
    if (page->manifest &&
        berth_json_parse(page->manifest, strlen(page->manifest), (size_t)2 * BERTH_PAGE_MAX_BYTES,
                         &manifest, NULL) == BERTH_OK)
        json_object_set_new(json, "manifest", manifest);
    json_array_append_new(revisions, json);
    return true;
}

void api_get_page(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_identify(exchange, api, &principal))
        return;
    json_t *revisions = json_array();
    enum berth_code code = api->registry->ops->page_revisions_each(
        api->registry, berth_exchange_param(exchange, "page"), collect_revision, revisions, &error);
    json_t *newest = json_array_get(revisions, 0);
    if (code == BERTH_OK && !json_object_get(newest, "manifest"))
        code = berth_fail(&error, BERTH_NOT_FOUND, "page-unknown", "there is no page of that name");
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
    } else {
        char etag[32];
        api_number_etag(berth_json_integer(newest, "revision", 0), etag);
        json_t *page = json_copy(newest);
        json_object_set(page, "history", revisions);
        berth_answer_json(exchange, 200, page, etag, NULL);
    }
    json_decref(revisions);
}

static void put(struct berth_exchange *exchange, const struct berth_api *api,
                struct berth_desk_page *request) {
    struct berth_error error = {0};
    struct berth_desk_page_result result;
    enum berth_code code = berth_exchange_expected(exchange, &request->expected, &error);
    if (code == BERTH_OK)
        code = berth_desk_page_put(api->desk, request, &result, &error);
    if (code != BERTH_OK) {
        berth_answer_problem(exchange, &error);
    } else if (!request->manifest) {
        berth_answer_empty(exchange, 204, NULL);
    } else {
        char etag[32], headers[64];
        api_number_etag(result.revision, etag);
        (void)snprintf(headers, sizeof headers, "ETag: %s\r\n", etag);
        berth_answer_json(exchange, result.created ? 201 : 200,
                          json_pack("{ss ss? sI sI}", "name", request->name, "path",
                                    berth_json_string(request->manifest, "path"), "revision",
                                    (json_int_t)result.revision, "generation",
                                    (json_int_t)result.generation),
                          NULL, headers);
    }
}

void api_put_page(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    struct berth_desk_page request = {.name = berth_exchange_param(exchange, "page"),
                                      .by = api_actor(exchange, &principal),
                                      .reason = berth_exchange_query(exchange, "reason")};
    if (api_reason(request.reason, &error) != BERTH_OK ||
        berth_exchange_read_json(exchange, BERTH_PAGE_MAX_BYTES, false, &request.manifest,
                                 &error) != BERTH_OK) {
        berth_answer_problem(exchange, &error);
        return;
    }
    put(exchange, api, &request);
    json_decref(request.manifest);
}

void api_delete_page(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_permit(exchange, api, BERTH_SCOPE_ADMIN, NULL, &principal))
        return;
    struct berth_desk_page request = {.name = berth_exchange_param(exchange, "page"),
                                      .by = api_actor(exchange, &principal),
                                      .reason = berth_exchange_query(exchange, "reason")};
    if (api_reason(request.reason, &error) == BERTH_OK)
        put(exchange, api, &request);
    else
        berth_answer_problem(exchange, &error);
}
