#include "server.h"

#include "attend.h"
#include "berth/clock.h"
#include "berth/log.h"
#include "console.h"
#include "notify.h"
#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of all connections, for files of versions that are not live, for reports, and for large files of
 * one module. */
enum { VERSIONS_PART = 2, REPORTS_PART = 16, MODULE_PART = 2, LEAST_PART = 2 };

enum { RESERVE_THREADS = 64 };

/* Who publishes gets a third of what readers of pages get where both want the same core. */
enum { ADMIN_NICE = 5 };

static const char *frontend_directory(const struct berth_serve_options *options) {
    if (*options->frontend)
        return options->frontend;
    struct stat info;
    return stat(BERTH_FRONTEND_BUILT "/shell.js", &info) == 0 ? BERTH_FRONTEND_BUILT
                                                              : BERTH_FRONTEND_INSTALLED;
}

static enum berth_code open_token(struct server *server, struct berth_error *error) {
    char *path = NULL;
    enum berth_code code = berth_auth_first_token(
        server->registry, berth_store_directory(server->store), berth_now_ms(), &path, error);
    if (path)
        berth_log_event("info", "admin-token", json_pack("{ss}", "path", path));
    free(path);
    return code;
}

static void note_upload(void *context, const char *module, const char *version) {
    const struct server *server = context;
    berth_compressor_add(server->compressor, module, version);
}

/* Without it they are shown from the next change or start on. */
static void show_variants(void *context, const char *module, const char *version) {
    const struct server *server = context;
    struct berth_error error = {0};
    if (berth_desk_refresh(server->desk, module, version, &error) != BERTH_OK)
        berth_log_event(
            "warn", "variants-hidden",
            json_pack("{ss ss ss}", "module", module, "version", version, "text", error.text));
}

static enum berth_code open_desk(struct server *server, struct berth_error *error) {
    const struct berth_serve_options *options = &server->options;
    struct berth_desk_options desk = {
        .store = server->store,
        .registry = server->registry,
        .frontend = &server->frontend,
        .public_url = options->public_url,
        .limits = serve_desk_limits(options),
        .uploaded = note_upload,
        .uploaded_context = server,
        /* Workers that are ending still have their places when others have taken over. */
        .reader_threads = (int)(3 * options->max_connections + options->admin_max_connections) +
                          3 * RESERVE_THREADS,
        .max_streams = (int)options->max_streams,
        .heartbeat_ms = (int)options->heartbeat_ms};
    return berth_desk_open(&desk, &server->desk, error);
}

static enum berth_code start_compressor(struct server *server, struct berth_error *error) {
    struct berth_compressor_options options = {.store = server->store,
                                               .registry = server->registry,
                                               .threads = (int)server->options.compress_threads,
                                               .made = show_variants,
                                               .context = server};
    return berth_compressor_start(&options, &server->compressor, error);
}

static int part_of(int64_t connections, int part) {
    int most = (int)(connections / part);
    return most > LEAST_PART ? most : LEAST_PART;
}

static int module_connections(const struct berth_serve_options *options) {
    return options->max_module_connections ? (int)options->max_module_connections
                                           : part_of(options->max_connections, MODULE_PART);
}

static struct berth_api_limits shown_limits(const struct berth_serve_options *options) {
    return (struct berth_api_limits){
        .connections = (int)options->max_connections,
        .admin_connections = (int)options->admin_max_connections,
        .module_connections = module_connections(options),
        .versions_at_once = part_of(options->max_connections, VERSIONS_PART),
        .reports_at_once = part_of(options->max_connections, REPORTS_PART),
        .compress_threads = (int)options->compress_threads};
}

static enum berth_code start_listener(const struct server *server,
                                      struct berth_listener_options *listener,
                                      struct berth_listener **ret, struct berth_error *error) {
    const struct berth_listener_times times = serve_listener_times(&server->options);
    char url[SERVE_URL_BYTES];
    listener->request_timeout_ms = times.request_timeout_ms;
    listener->keep_alive_timeout_ms = times.keep_alive_timeout_ms;
    listener->min_body_rate_bytes = times.min_body_rate_bytes;
    enum berth_code code = berth_listener_start(listener, ret, error);
    if (code != BERTH_OK)
        return code;
    (void)snprintf(url, sizeof url, "http%s://%s", berth_listener_secure(*ret) ? "s" : "",
                   berth_listener_address(*ret));
    berth_log_event("info", "listening",
                    json_pack("{ss ss ss si}", "listener", listener->name, "address",
                              berth_listener_address(*ret), "url", url, "pid", (int)getpid()));
    return BERTH_OK;
}

/* NULL: no TLS. */
static const char *file_or_null(const char *path) {
    return *path ? path : NULL;
}

/* The admin listener first: whoever sees the public one listening can publish. */
static enum berth_code start_listeners(struct server *server, struct berth_error *error) {
    const struct berth_serve_options *options = &server->options;
    struct berth_listener_options admin = {.name = "admin",
                                           .address = options->admin_listen,
                                           .routes = berth_api_routes,
                                           .route_count = berth_api_route_count,
                                           .app = &server->api,
                                           .engine = BERTH_ENGINE_THREADS,
                                           .max_connections = (int)options->admin_max_connections,
                                           .same_origin_only = true,
                                           .nice = ADMIN_NICE,
                                           .certificate =
                                               file_or_null(options->admin_tls_certificate),
                                           .key = file_or_null(options->admin_tls_key),
                                           .names_below = "/services/"};
    struct berth_listener_options site = {.name = "public",
                                          .address = options->listen,
                                          .routes = berth_site_routes,
                                          .route_count = berth_site_route_count,
                                          .app = &server->site,
                                          .max_connections = (int)options->max_connections,
                                          .max_shared = module_connections(options),
                                          .certificate = file_or_null(options->tls_certificate),
                                          .key = file_or_null(options->tls_key)};
    site.max_work[BERTH_WORK_VERSIONS] = part_of(options->max_connections, VERSIONS_PART);
    site.max_work[BERTH_WORK_REPORTS] = part_of(options->max_connections, REPORTS_PART);
    server->api = (struct berth_api){.desk = server->desk,
                                     .registry = server->registry,
                                     .compressor = server->compressor,
                                     .public_url = options->public_url,
                                     .started_ms = berth_now_ms(),
                                     .limits = shown_limits(options),
                                     .failures = server->failures};
    server->site.desk = server->desk;
    server->site.publisher = berth_desk_publisher(server->desk);
    server->site.keeper = berth_snapshot_keeper(server->site.publisher);
    server->site.public_url = options->public_url;
    enum berth_code code = start_listener(server, &admin, &server->admin_listener, error);
    atomic_store(&server->api.admin_listener, server->admin_listener);
    /* Before it listens, so that the first probe does not find it stopping. */
    atomic_store(&server->site.ready, true);
    if (code == BERTH_OK)
        code = start_listener(server, &site, &server->public_listener, error);
    atomic_store(&server->api.public_listener, server->public_listener);
    return code;
}

static enum berth_code make_failures(struct server *server, struct berth_error *error) {
    server->failures = berth_failures_create((int)server->options.max_token_failures);
    return server->failures ? BERTH_OK
                            : berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static enum berth_code start(struct server *server, struct berth_error *error) {
    enum berth_code code =
        berth_frontend_load(frontend_directory(&server->options), &server->frontend, error);
    serve_console_origins(&server->options, server->frontend.framers,
                          sizeof server->frontend.framers);
    if (code == BERTH_OK)
        code = berth_store_open(server->options.data, &server->store, error);
    if (code == BERTH_OK)
        code = berth_registry_sqlite_open(berth_store_directory(server->store), &server->registry,
                                          error);
    if (code == BERTH_OK)
        code = open_token(server, error);
    if (code == BERTH_OK)
        code = open_desk(server, error);
    /* No upload comes before the listeners, so none is missed. */
    if (code == BERTH_OK)
        code = start_compressor(server, error);
    if (code == BERTH_OK)
        code = make_failures(server, error);
    if (code == BERTH_OK)
        code = start_listeners(server, error);
    if (code == BERTH_OK)
        server->console =
            serve_console_start(server->options.console, server->desk, server->registry);
    return code;
}

/* Listeners go first: they read what the rest owns, and the admin listener reads of the other. */
static void stop(struct server *server) {
    serve_console_stop(server->console); /* uploads that are cut leave their places, not for it */
    berth_listener_stop(server->admin_listener);
    berth_listener_stop(server->public_listener);
    berth_failures_destroy(server->failures);
    berth_compressor_stop(server->compressor);
    berth_desk_close(server->desk);
    if (server->registry)
        server->registry->ops->close(server->registry);
    berth_store_close(server->store);
    berth_frontend_done(&server->frontend);
}

static void print_error(const struct berth_error *error) {
    (void)fprintf(stderr, "berth: %s\n", error->text);
    if (error->where[0])
        (void)fprintf(stderr, "where: %s\n", error->where);
    if (error->hint[0])
        (void)fprintf(stderr, "hint: %s\n", error->hint);
}

static int run(struct server *server, struct berth_error *error) {
    struct serve_signals signals;
    serve_signals_take(&signals);
    berth_log_start();
    bool started = start(server, error) == BERTH_OK;
    if (started) {
        (void)serve_notify("READY=1");
        serve_attend(server, &signals);
        (void)serve_notify("STOPPING=1");
        serve_drain(server, &signals);
    } else {
        print_error(error);
    }
    stop(server);
    berth_log_stop(); /* the last requests' lines come before the last line */
    if (started)
        berth_log_event("info", "stopped", NULL);
    return started ? 0 : 1;
}

int berth_serve_main(int argc, char **argv) {
    struct server server = {.argc = argc, .argv = argv};
    struct berth_error error = {0};
    serve_signals_hold();
    if (berth_serve_options_parse(argc, argv, &server.options, &error) != BERTH_OK) {
        print_error(&error);
        berth_serve_options_done(&server.options);
        return 2;
    }
    if (server.options.help)
        berth_serve_usage();
    else if (server.options.manual)
        berth_serve_manual();
    bool only_asked = server.options.help || server.options.manual || server.options.check;
    int code = only_asked ? 0 : run(&server, &error);
    serve_reload_done(&server);
    berth_serve_options_done(&server.options);
    return code;
}
