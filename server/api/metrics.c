/* GET /metrics: all numbers at once, for Prometheus and what reads its format. */
#include "metrics.h"

#include "handlers.h"

static void add_build(struct metrics *metrics) {
    metrics_family(metrics, "berth_build_info", "gauge", "Which version of Berth runs.");
    metrics_sample(metrics, "");
    metrics_label(metrics, "version", BERTH_VERSION);
    metrics_int(metrics, 1);
}

static void answer(struct berth_exchange *exchange, const struct berth_buffer *text) {
    struct berth_error error = {0};
    if (text->failed) {
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
        berth_answer_problem(exchange, &error);
        return;
    }
    const struct berth_content content = {
        .content_type = "text/plain; version=0.0.4; charset=utf-8",
        .body = text->data,
        .length = (int64_t)text->length,
    };
    berth_answer_content(exchange, &content);
}

void api_get_metrics(struct berth_exchange *exchange, void *app) {
    struct berth_api *api = app;
    struct berth_principal principal;
    struct metrics metrics = {0};
    if (!api_permit(exchange, api, BERTH_SCOPE_READ, NULL, &principal))
        return;
    berth_buffer_init(&metrics.text, METRICS_MAX_BYTES);
    add_build(&metrics);
    metrics_add_traffic(&metrics, api);
    metrics_add_counts(&metrics);
    metrics_add_state(&metrics, api);
    metrics_add_modules(&metrics, api);
    metrics_add_process(&metrics, api->started_ms);
    answer(exchange, &metrics.text);
    berth_buffer_done(&metrics.text);
}
