/* What open pages reported of all modules: how many loads and errors in each of the last minutes,
 * and counts by version since the start of the server; and where pages are open now. */
#include "handlers.h"

#include "berth/name.h"

struct gathering {
    const struct berth_principal *principal;
    json_t *modules;
};

static json_t *zeros(void) {
    json_t *numbers = json_array();
    for (int i = 0; i < BERTH_REPORT_MINUTES; i++)
        json_array_append_new(numbers, json_integer(0));
    return numbers;
}

static void add_minutes(json_t *sums, const uint32_t *numbers) {
    for (size_t i = 0; i < BERTH_REPORT_MINUTES; i++) {
        json_t *sum = json_array_get(sums, i);
        json_integer_set(sum, json_integer_value(sum) + numbers[i]);
    }
}

static json_t *module_of(json_t *modules, const char *name) {
    json_t *module = json_object_get(modules, name);
    if (module)
        return module;
    json_object_set_new(modules, name,
                        json_pack("{so so s{}}", "loads", zeros(), "errors", zeros(), "versions"));
    return json_object_get(modules, name);
}

static void gather(const struct berth_report_series *series, void *context) {
    struct gathering *gathering = context;
    if (!berth_module_matches(gathering->principal->module, series->module))
        return;
    json_t *module = module_of(gathering->modules, series->module);
    json_t *counts = json_object();
    for (size_t i = 0; i < BERTH_REPORT_KINDS; i++)
        json_object_set_new(counts, berth_report_kind(i),
                            json_integer((json_int_t)series->counts[i]));
    json_object_set_new(json_object_get(module, "versions"), series->version, counts);
    add_minutes(json_object_get(module, "loads"), series->loads);
    add_minutes(json_object_get(module, "errors"), series->errors);
}

/* Streams of pages: all tabs of a browser share one. */
static int browsers(const struct berth_api *api) {
    int streams =
        berth_events_streams(berth_desk_events(api->desk)) - atomic_load(&api->event_streams);
    return streams > 0 ? streams : 0;
}

/* {"pages": {path: browsers}, "modules": {module: browsers}}: of pages that lists show to anybody,
 * and of the modules that the token is for. */
static json_t *open_json(const struct berth_api *api, const struct berth_principal *principal) {
    json_t *pages, *modules, *browsers;
    const char *module;
    void *next;
    api_open_pages(api, &pages, &modules);
    json_object_foreach_safe(modules, next, module, browsers) {
        if (!berth_module_matches(principal->module, module))
            json_object_del(modules, module);
    }
    return json_pack("{so so}", "pages", pages, "modules", modules);
}

void api_get_reports(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct gathering gathering = {.principal = &principal};
    if (!api_identify(exchange, api, &principal))
        return;
    gathering.modules = json_object();
    berth_desk_reports_each(api->desk, gather, &gathering);
    berth_answer_json(exchange, 200,
                      json_pack("{si si so so}", "minutes", BERTH_REPORT_MINUTES, "browsers",
                                browsers(api), "open", open_json(api, &principal), "modules",
                                gathering.modules),
                      NULL, NULL);
}
