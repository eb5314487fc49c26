/* The console: a web application on the admin listener, served from the live version of a module of
 * the store, as any bundle. Its page alone needs no token: it asks for one, and sends it with every
 * call. */
#include "handlers.h"

#include "berth/site.h"

#include <stdio.h>
#include <string.h>

enum { HEADERS_MAX_BYTES = 2048, HOST_MAX_BYTES = 255 };

static const char no_console[] =
    "This is Berth's admin listener: the API is below /api/.\n"
    "No console is live. A start publishes the one that it finds; its log tells why it did not\n"
    "(\"console-not-published\"), unless --console is off. To publish one by hand:\n"
    "\n"
    "  berth push DIR --activate\n"
    "\n"
    "DIR is share/berth/console of an installed Berth, or frontends/console/dist/console of a\n"
    "source tree where scripts/setup has run. The token must be an admin's for all modules.\n";

/* What may follow "http://" or "https://" in a policy: a host as a browser sends it, without its
 * port. */
static size_t host_length(const char *host) {
    size_t length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    bool plain = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
                              "[]:") >= length;
    return plain && length <= HOST_MAX_BYTES && length <= strlen(host) ? length : 0;
}

/* Where pages can be seen: as it was set, else the public listener's port on the host that the
 * client knows this one by. */
static void public_origin(const struct berth_exchange *exchange, const struct berth_api *api,
                          struct berth_buffer *ret) {
    struct berth_listener *listener = atomic_load(&api->public_listener);
    const char *host = berth_exchange_header(exchange, "Host");
    size_t length = host ? host_length(host) : 0;
    const char *port = listener ? strrchr(berth_listener_address(listener), ':') : NULL;
    if (*api->public_url)
        berth_buffer_text(ret, api->public_url);
    else if (port && length)
        berth_buffer_printf(ret, "http%s://%.*s%s", berth_listener_secure(listener) ? "s" : "",
                            (int)length, host, port);
}

static void add_policy(struct berth_buffer *headers, const struct berth_exchange *exchange,
                       const struct berth_api *api) {
    berth_buffer_text(headers,
                      "Content-Security-Policy: default-src 'none'; script-src 'self'; "
                      "style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; frame-src ");
    size_t before = headers->length;
    public_origin(exchange, api, headers);
    if (headers->length == before)
        berth_buffer_text(headers, "'none'");
    berth_buffer_text(headers, "\r\nReferrer-Policy: no-referrer\r\n"
                               "Cross-Origin-Opener-Policy: same-origin\r\n");
}

static void answer_none(struct berth_exchange *exchange) {
    struct berth_content content = {.status = 404,
                                    .content_type = "text/plain; charset=utf-8",
                                    .body = no_console,
                                    .length = sizeof no_console - 1};
    berth_answer_content(exchange, &content);
}

static void answer_page(struct berth_exchange *exchange, const struct berth_api *api,
                        const struct berth_module *console) {
    const struct berth_edition *live = console ? console->live : NULL;
    const struct berth_file *file = live ? berth_edition_file(live, "index.html") : NULL;
    struct berth_content_text text;
    struct berth_buffer headers;
    if (!file || !file->body) {
        answer_none(exchange);
        return;
    }
    berth_buffer_init(&headers, HEADERS_MAX_BYTES);
    add_policy(&headers, exchange, api);
    struct berth_content content = berth_file_content(file, -1, &text);
    content.cache_control = "no-cache";
    content.headers = headers.failed ? NULL : headers.data;
    content.headers_304 = NULL;
    content.body = file->body;
    content.ranges = false;
    berth_answer_content(exchange, &content);
    berth_buffer_done(&headers);
}

void api_get_console(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    answer_page(exchange, api,
                berth_snapshot_module(berth_snapshot_acquire(publisher), BERTH_CONSOLE_MODULE));
    berth_snapshot_release(publisher);
}

/* Files have their contents' digest in their names, so they may be kept for ever. One of the
 * version before is found too: a page that is open may ask for it. */
static const struct berth_file *find_file(const struct berth_module *console, const char *path) {
    const struct berth_edition *live = console ? console->live : NULL;
    const struct berth_file *file = live ? berth_edition_file(live, path) : NULL;
    if (!file && console && console->previous)
        file = berth_edition_file(console->previous, path);
    return file && file->forms ? file : NULL;
}

void api_get_console_file(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_publisher *publisher = berth_desk_publisher(api->desk);
    const struct berth_file *file =
        find_file(berth_snapshot_module(berth_snapshot_acquire(publisher), BERTH_CONSOLE_MODULE),
                  berth_exchange_param(exchange, "path"));
    if (file)
        berth_answer_prepared(
            exchange,
            berth_forms_choose(file->forms, berth_exchange_header(exchange, "Accept-Encoding")));
    else
        api_not_found(exchange, "not-found", "the console has no such file");
    berth_snapshot_release(publisher);
}

/* Who the token is, and what the console must know of the server. */
void api_get_session(struct berth_exchange *exchange, void *app) {
    const struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_buffer origin;
    if (!api_identify(exchange, api, &principal))
        return;
    berth_buffer_init(&origin, HEADERS_MAX_BYTES);
    public_origin(exchange, api, &origin);
    berth_answer_json(exchange, 200,
                      json_pack("{ss s{ss ss ss so} ss? sI}", "version", BERTH_VERSION, "token",
                                "id", principal.id, "name", principal.name, "module",
                                principal.module, "can", api_scopes_json(principal.scopes),
                                "publicUrl", origin.failed || !origin.length ? NULL : origin.data,
                                "maxArchiveBytes", (json_int_t)api_max_archive_bytes(api)),
                      NULL, NULL);
    berth_buffer_done(&origin);
}

/* Streams hold connections that changes need: half of them at most. What is told is no secret, and
 * so a token is looked at once, at the start. */
void api_get_events(struct berth_exchange *exchange, void *app) {
    struct berth_api *api = app;
    struct berth_principal principal;
    struct berth_error error = {0};
    if (!api_identify(exchange, api, &principal))
        return;
    if (atomic_fetch_add(&api->event_streams, 1) < api->limits.admin_connections / 2) {
        berth_answer_events(exchange, api->desk);
    } else {
        berth_fail(&error, BERTH_BUSY, "limit-console-streams",
                   "half of the admin listener's connections are event streams");
        berth_error_hint(&error, "close consoles, or raise --admin-max-connections");
        berth_answer_problem(exchange, &error);
    }
    atomic_fetch_sub(&api->event_streams, 1);
}
