#include "metrics.h"

#include <inttypes.h>

enum { US_PER_SECOND = 1000000 };

void metrics_family(struct metrics *metrics, const char *name, const char *type, const char *help) {
    metrics->name = name;
    berth_buffer_printf(&metrics->text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(struct metrics *metrics, const char *suffix) {
    metrics->labels = 0;
    berth_buffer_text(&metrics->text, metrics->name);
    berth_buffer_text(&metrics->text, suffix);
}

/* A backslash, a quote and the end of a line would end the value, or the sample. */
static void put_value(struct berth_buffer *text, const char *value) {
    for (; *value; value++) {
        if (*value == '\n')
            berth_buffer_text(text, "\\n");
        else if (*value == '\\' || *value == '"')
            berth_buffer_printf(text, "\\%c", *value);
        else
            berth_buffer_add(text, value, 1);
    }
}

void metrics_label(struct metrics *metrics, const char *name, const char *value) {
    berth_buffer_printf(&metrics->text, "%s%s=\"", metrics->labels++ ? "," : "{", name);
    put_value(&metrics->text, value);
    berth_buffer_text(&metrics->text, "\"");
}

static void end_labels(struct metrics *metrics) {
    berth_buffer_text(&metrics->text, metrics->labels ? "} " : " ");
}

void metrics_int(struct metrics *metrics, int64_t value) {
    end_labels(metrics);
    berth_buffer_printf(&metrics->text, "%" PRId64 "\n", value);
}

void metrics_seconds(struct metrics *metrics, int64_t value_us) {
    end_labels(metrics);
    berth_buffer_printf(&metrics->text, "%" PRId64 ".%06" PRId64 "\n", value_us / US_PER_SECOND,
                        value_us % US_PER_SECOND);
}

static void add_one(struct metrics *metrics, const char *name, const char *type, const char *help,
                    int64_t value) {
    metrics_family(metrics, name, type, help);
    metrics_sample(metrics, "");
    metrics_int(metrics, value);
}

void metrics_gauge(struct metrics *metrics, const char *name, const char *help, int64_t value) {
    add_one(metrics, name, "gauge", help, value);
}

void metrics_counter(struct metrics *metrics, const char *name, const char *help, int64_t value) {
    add_one(metrics, name, "counter", help, value);
}
