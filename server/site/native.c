/* Native Federation's document of what is live, and the stream by which stock loaders hear that
 * there is a newer version: they load the page again. */
#include "assets.h"

#include "berth/json.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    URL_MAX_BYTES = 8192,
    /* A stock loader opens a stream for each remote in each tab, and a browser has six connections
     * to a server that speaks HTTP/1.1, for all of its tabs: of one address no more than these are
     * held open. */
    MAX_HELD = 3,
    ADDRESSES = 4096, /* that are told apart; more share places */
    RETRY_MS = 5000,
};

/* --- the document --- */

/* `path` without its folder, when that is the entry's. */
static const char *beside_entry(const struct berth_edition *edition, const char *path) {
    const char *entry = edition ? berth_json_string(edition->description, "entry") : NULL;
    const char *slash = entry ? strrchr(entry, '/') : NULL;
    size_t folder = slash ? (size_t)(slash - entry) + 1 : 0;
    return entry && strncmp(path, entry, folder) == 0 ? path + folder : NULL;
}

bool site_answer_native(struct berth_exchange *exchange, const struct berth_module *module,
                        const char *path) {
    const char *entry =
        module->live_native ? berth_json_string(module->live->description, "entry") : NULL;
    if (!entry || strcmp(path, entry) != 0)
        return false;
    site_answer_forms(exchange, berth_view_forms(module->live_native));
    return true;
}

static bool is_script(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && (strcmp(dot, ".js") == 0 || strcmp(dot, ".mjs") == 0);
}

/* A loader that was given the module's lasting URL puts the packages of its modules in a scope with
 * that one, and a module that came by a redirect is not in it. */
bool site_answer_native_script(struct berth_exchange *exchange, const struct berth_module *module,
                               const char *path) {
    const struct berth_file *file =
        module->live_native && is_script(path) ? berth_edition_file(module->live, path) : NULL;
    if (!file || !file->forms)
        return false;
    const struct berth_forms *forms = file->forms;
    const struct berth_prepared *form =
        berth_forms_choose(forms, berth_exchange_header(exchange, "Accept-Encoding"));
    struct berth_content_text text;
    int coding = form == &forms->identity ? -1 : (int)(form - forms->coded);
    struct berth_content content = berth_file_content(file, coding, &text);
    content.cache_control = "no-cache";
    content.body = form->body;
    berth_answer_content(exchange, &content);
    return true;
}

/* Of a version that is not live any more it is the plain document: nothing is to follow it. */
static void redirect_to_plain(struct berth_exchange *exchange, const struct berth_site *site,
                              const struct berth_module *module, const char *version,
                              const char *path, size_t folder) {
    struct berth_buffer url, plain;
    berth_buffer_init(&plain, URL_MAX_BYTES);
    berth_buffer_add(&plain, path, folder);
    berth_buffer_text(&plain, "remoteEntry.json");
    berth_buffer_init(&url, URL_MAX_BYTES);
    berth_asset_url(&url, site->public_url, module->name, version, plain.failed ? "" : plain.data);
    if (url.failed || plain.failed)
        site_not_found(exchange, "the version has no such file", NULL);
    else
        berth_answer_redirect(exchange, url.data);
    berth_buffer_done(&plain);
    berth_buffer_done(&url);
}

bool site_answer_native_of(struct berth_exchange *exchange, const struct berth_site *site,
                           const struct berth_module *module, const char *version,
                           const char *path) {
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    if (strcmp(path + folder, BERTH_NATIVE_ENTRY) != 0)
        return false;
    const char *name = beside_entry(module->live, path);
    if (module->live_native && strcmp(module->live->version, version) == 0 && name &&
        strcmp(name, BERTH_NATIVE_ENTRY) == 0)
        site_answer_forms(exchange, berth_view_forms(module->live_native));
    else
        redirect_to_plain(exchange, site, module, version, path, folder);
    return true;
}

/* --- the stream --- */

struct follower {
    struct berth_exchange *exchange;
    const struct berth_site *site;
    char *module;
    int64_t after; /* the activation that the page has */
};

/* What is live by now, 0 for nothing. */
static int64_t live_generation(const struct berth_site *site, const char *name) {
    const struct berth_module *module =
        berth_snapshot_module(berth_snapshot_acquire(site->publisher), name);
    int64_t generation = module && module->live ? module->live_generation : 0;
    berth_snapshot_release(site->publisher);
    return generation;
}

/* A name that the loaders give it: for them a version is a build. */
static bool tell(struct follower *follower) {
    static const char text[] = "data: {\"type\":\"federation-rebuild-complete\"}\n\n";
    int64_t generation = live_generation(follower->site, follower->module);
    if (generation <= follower->after)
        return true;
    follower->after = generation;
    return berth_stream_write(follower->exchange, text, sizeof text - 1);
}

/* The hub's comments keep the line; its events are for the shell, and say when to look. */
static bool write_news(void *context, const char *text, size_t length) {
    struct follower *follower = context;
    if (*text == ':' || strncmp(text, "retry:", 6) == 0)
        return berth_stream_write(follower->exchange, text, length) && tell(follower);
    return tell(follower);
}

static enum berth_stream_news wait_for_news(void *context, int fd, int timeout_ms) {
    struct follower *follower = context;
    switch (berth_stream_wait(follower->exchange, fd, timeout_ms)) {
    case BERTH_STREAM_GONE:
        return BERTH_NEWS_GONE;
    case BERTH_STREAM_WOKEN:
        return BERTH_NEWS_WAITING;
    case BERTH_STREAM_IDLE:
        break;
    }
    return BERTH_NEWS_NONE;
}

static const char stream_headers[] = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n";

/* How many streams are held open, by address. */
static atomic_int held[ADDRESSES];

/* FNV-1a, 32 bits. */
static atomic_int *place_of(const char *address) {
    uint32_t hash = 2166136261U;
    for (; *address; address++)
        hash = (hash ^ (unsigned char)*address) * 16777619U;
    return &held[hash % ADDRESSES];
}

/* Where streams are not held: what there is to say, and when to come again. */
static void answer_once(struct follower *follower) {
    char retry[32];
    (void)snprintf(retry, sizeof retry, "retry: %d\n\n", RETRY_MS);
    if (berth_stream_write(follower->exchange, retry, strlen(retry)))
        (void)tell(follower);
}

/* Gives the place back. */
static void hold(struct follower *follower, atomic_int *place) {
    struct berth_error error = {0};
    struct berth_stream *stream = NULL;
    struct berth_stream_client client = {write_news, wait_for_news, follower};
    if (berth_events_join(berth_desk_events(follower->site->desk), &stream, &error) != BERTH_OK)
        berth_answer_problem(follower->exchange, &error);
    else if (berth_answer_stream(follower->exchange, "text/event-stream", stream_headers))
        berth_events_follow(stream, -1, &client);
    atomic_fetch_sub(place, 1);
    berth_events_leave(stream);
}

/* Without a number the page has what is live now. */
static int64_t after_of(const struct berth_exchange *exchange, int64_t live) {
    const char *text = berth_exchange_query(exchange, "after");
    if (!text || !*text || strlen(text) > 15 || text[strspn(text, "0123456789")])
        return live;
    return strtoll(text, NULL, 10);
}

static bool find_module(const struct berth_site *site, const char *name, int64_t *ret_live) {
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(site->publisher);
    const struct berth_module *module = berth_snapshot_module(snapshot, name);
    *ret_live = module && module->live ? module->live_generation : 0;
    berth_snapshot_release(site->publisher);
    return module != NULL;
}

static void follow(struct follower *follower) {
    atomic_int *place = place_of(berth_exchange_remote(follower->exchange));
    if (atomic_fetch_add(place, 1) < MAX_HELD) {
        hold(follower, place);
        return;
    }
    atomic_fetch_sub(place, 1);
    if (berth_answer_stream(follower->exchange, "text/event-stream", stream_headers))
        answer_once(follower);
}

void site_get_module_events(struct berth_exchange *exchange, void *app) {
    struct follower follower = {.exchange = exchange, .site = app};
    const char *name = berth_exchange_param(exchange, "module");
    int64_t live;
    if (!find_module(follower.site, name, &live)) {
        site_not_found(exchange, "there is no module of that name", NULL);
        return;
    }
    if (berth_exchange_method(exchange) == BERTH_HEAD) {
        berth_answer_empty(exchange, 200,
                           "Content-Type: text/event-stream\r\nCache-Control: no-store\r\n");
        return;
    }
    struct berth_error error = {0};
    follower.module = strdup(name);
    follower.after = after_of(exchange, live);
    if (!follower.module &&
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory") != BERTH_OK)
        berth_answer_problem(exchange, &error);
    else
        follow(&follower);
    free(follower.module);
}
