#include "reload.h"

#include "berth/clock.h"
#include "berth/log.h"
#include "notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct berth_desk_limits serve_desk_limits(const struct berth_serve_options *options) {
    return (struct berth_desk_limits){.archive = {.archive_bytes = options->max_archive_bytes,
                                                  .unpacked_bytes = options->max_unpacked_bytes,
                                                  .file_bytes = options->max_file_bytes,
                                                  .entries = options->max_entries,
                                                  .ratio = options->max_ratio,
                                                  .seconds = options->max_archive_seconds},
                                      .cache_bytes = options->cache_bytes,
                                      .max_uploads = (int)options->max_uploads};
}

struct berth_listener_times serve_listener_times(const struct berth_serve_options *options) {
    return (struct berth_listener_times){.request_timeout_ms = (int)options->request_timeout_ms,
                                         .keep_alive_timeout_ms = (int)options->keep_alive_ms,
                                         .min_body_rate_bytes = options->min_body_rate};
}

/* --- what has changed --- */

/* A setting's new value that is there to be taken. */
struct change {
    const struct serve_option *option;
    char *text; /* its own, of a text */
};

struct plan {
    struct berth_serve_options next; /* as a start would have them */
    struct berth_serve_options then; /* as they will hold */
    struct change changes[SERVE_OPTION_MAX];
    size_t change_count;
    json_t *told;    /* {name: {"from", "to"}} */
    json_t *waiting; /* names */
    struct berth_certificate *public_certificate;
    struct berth_certificate *admin_certificate;
};

static const char *text_of(const struct berth_serve_options *values,
                           const struct serve_option *option) {
    return *(const char *const *)serve_option_value(values, option);
}

static int64_t number_of(const struct berth_serve_options *values,
                         const struct serve_option *option) {
    return *(const int64_t *)serve_option_value(values, option);
}

static bool is_same(const struct plan *plan, const struct serve_option *option) {
    return option->text ? strcmp(text_of(&plan->then, option), text_of(&plan->next, option)) == 0
                        : number_of(&plan->then, option) == number_of(&plan->next, option);
}

/* The file's name of a certificate may change, but not whether there is one. */
static bool may_change(const struct plan *plan, const struct serve_option *option) {
    return option->when == SERVE_RELOAD &&
           (!option->text || !*text_of(&plan->then, option) == !*text_of(&plan->next, option));
}

static json_t *value_json(const struct berth_serve_options *values,
                          const struct serve_option *option) {
    if (!option->text)
        return json_integer((json_int_t)number_of(values, option));
    return berth_log_text(text_of(values, option));
}

static enum berth_code add_change(struct plan *plan, const struct serve_option *option,
                                  struct berth_error *error) {
    void *place = serve_option_place(&plan->then, option);
    struct change *change = &plan->changes[plan->change_count];
    *change = (struct change){.option = option};
    if (option->text && !(change->text = strdup(text_of(&plan->next, option))))
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    plan->change_count++;
    json_object_set_new(plan->told, option->name,
                        json_pack("{so so}", "from", value_json(&plan->then, option), "to",
                                  value_json(&plan->next, option)));
    if (option->text)
        *(const char **)place = change->text;
    else
        *(int64_t *)place = number_of(&plan->next, option);
    return BERTH_OK;
}

static enum berth_code compare(struct plan *plan, const struct serve_option *option,
                               struct berth_error *error) {
    if (is_same(plan, option))
        return BERTH_OK;
    if (may_change(plan, option))
        return add_change(plan, option, error);
    json_array_append_new(plan->waiting, json_string(option->name));
    return BERTH_OK;
}

/* A new value may be right beside another one only, which waits for a restart. */
static enum berth_code check_together(struct plan *plan, struct berth_error *error) {
    enum berth_code code = serve_options_check(&plan->then, error);
    if (code != BERTH_OK)
        berth_error_hint(error, "another setting of the same file takes effect with a restart "
                                "only: restart the server");
    return code;
}

static enum berth_code make_plan(struct server *server, struct plan *plan,
                                 struct berth_error *error) {
    plan->then = server->options;
    plan->told = json_object();
    plan->waiting = json_array();
    enum berth_code code =
        berth_serve_options_parse(server->argc, server->argv, &plan->next, error);
    for (size_t i = 0; code == BERTH_OK && i < serve_option_count; i++)
        code = compare(plan, &serve_options[i], error);
    return code == BERTH_OK ? check_together(plan, error) : code;
}

static void plan_done(struct plan *plan) {
    for (size_t i = 0; i < plan->change_count; i++)
        free(plan->changes[i].text);
    berth_certificate_free(plan->public_certificate);
    berth_certificate_free(plan->admin_certificate);
    berth_serve_options_done(&plan->next);
    json_decref(plan->told);
    json_decref(plan->waiting);
}

/* --- taking it --- */

/* Of a listener that speaks TLS; not where a start would do without, which is told to wait for one.
 */
static enum berth_code load(const struct berth_listener *listener, const char *certificate,
                            const char *key, struct berth_certificate **ret,
                            struct berth_error *error) {
    return berth_listener_secure(listener) && *certificate
               ? berth_certificate_load(certificate, key, ret, error)
               : BERTH_OK;
}

/* All that can fail. */
static enum berth_code load_both(const struct server *server, struct plan *plan,
                                 struct berth_error *error) {
    const struct berth_serve_options *next = &plan->next;
    enum berth_code code = load(server->public_listener, next->tls_certificate, next->tls_key,
                                &plan->public_certificate, error);
    if (code == BERTH_OK)
        code = load(server->admin_listener, next->admin_tls_certificate, next->admin_tls_key,
                    &plan->admin_certificate, error);
    return code;
}

/* Adds to `ends` when the new one ends. */
static void renew(struct berth_listener *listener, const char *name,
                  struct berth_certificate **certificate, json_t *ends) {
    char end[BERTH_RFC3339_BYTES];
    if (!*certificate)
        return;
    berth_listener_take_certificate(listener, *certificate);
    *certificate = NULL;
    berth_rfc3339(berth_listener_certificate_end_ms(listener), end);
    json_object_set_new(ends, name, json_string(end));
}

static void take(struct server *server, struct plan *plan) {
    for (size_t i = 0; i < plan->change_count; i++) {
        char **own = &server->own[plan->changes[i].option - serve_options];
        if (!plan->changes[i].text)
            continue;
        free(*own);
        *own = plan->changes[i].text;
        plan->changes[i].text = NULL;
    }
    server->options = plan->then;
    const struct berth_serve_options *options = &server->options;
    const struct berth_desk_limits limits = serve_desk_limits(options);
    const struct berth_listener_times times = serve_listener_times(options);
    berth_desk_set_limits(server->desk, &limits);
    berth_events_set_limits(berth_desk_events(server->desk), (int)options->max_streams,
                            (int)options->heartbeat_ms);
    berth_failures_set_limit(server->failures, (int)options->max_token_failures);
    berth_listener_set_times(server->public_listener, &times);
    berth_listener_set_times(server->admin_listener, &times);
}

static void tell_failure(const struct berth_error *error) {
    json_t *fields = json_pack("{so so so}", "text", berth_log_text(error->text), "where",
                               berth_log_text(error->where), "hint", berth_log_text(error->hint));
    berth_log_event("error", "reload-failed", fields);
}

static void tell_success(const struct plan *plan, json_t *renewed) {
    json_t *fields = json_pack("{sO}", "changed", plan->told);
    if (json_object_size(renewed))
        json_object_set(fields, "certificates", renewed);
    berth_log_event("info", "reloaded", fields);
    if (json_array_size(plan->waiting))
        berth_log_event("warn", "restart-needed", json_pack("{sO}", "settings", plan->waiting));
}

void serve_reload(struct server *server) {
    struct berth_error error = {0};
    struct plan plan = {0};
    json_t *renewed = json_object(); /* listener: when its certificate ends */
    char state[64];
    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)berth_monotonic_us());
    (void)serve_notify(state);
    enum berth_code code = make_plan(server, &plan, &error);
    if (code == BERTH_OK)
        code = load_both(server, &plan, &error);
    if (code == BERTH_OK) {
        renew(server->public_listener, "public", &plan.public_certificate, renewed);
        renew(server->admin_listener, "admin", &plan.admin_certificate, renewed);
        take(server, &plan);
        tell_success(&plan, renewed);
    } else {
        tell_failure(&error);
    }
    plan_done(&plan);
    json_decref(renewed);
    (void)serve_notify("READY=1");
}

void serve_reload_done(struct server *server) {
    for (size_t i = 0; i < SERVE_OPTION_MAX; i++)
        free(server->own[i]);
}
