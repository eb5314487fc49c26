#include "handlers.h"

#include "berth/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char forever[] = "public, max-age=31536000, immutable";
enum { URL_MAX_BYTES = 8192, CHECKED_PIECE_BYTES = 64 * 1024 };

/* Uploaded HTML, SVG and XML are shown with no origin and no scripts: they must not act as the
 * pages that the server composes. */
static const char *guard_headers(const char *mime) {
    size_t length = strcspn(mime, ";");
    bool xml = length > 4 && (strncmp(mime + length - 4, "+xml", 4) == 0 ||
                              strncmp(mime + length - 4, "/xml", 4) == 0);
    bool html = strncmp(mime, "text/html", 9) == 0;
    return html || xml ? "Content-Security-Policy: sandbox\r\n" : NULL;
}

/* A file that is over the cache budget comes from the store. */
struct stored {
    int fd;
    const struct berth_file *file;
    bool sound; /* its bytes were held against its digest */
};

static bool read_at(int fd, int64_t offset, void *ret, size_t length) {
    char *rest = ret;
    while (length) {
        ssize_t got = pread(fd, rest, length, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        rest += got;
        offset += got;
        length -= (size_t)got;
    }
    return true;
}

static bool is_sound(const struct stored *stored) {
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    char *piece = malloc(CHECKED_PIECE_BYTES);
    bool good = hasher && piece;
    for (int64_t at = 0; good && at < stored->file->bytes; at += CHECKED_PIECE_BYTES) {
        int64_t left = stored->file->bytes - at;
        size_t length = left < CHECKED_PIECE_BYTES ? (size_t)left : CHECKED_PIECE_BYTES;
        good = read_at(stored->fd, at, piece, length);
        if (good)
            berth_hasher_add(hasher, piece, length);
    }
    struct berth_digest found;
    if (good) {
        berth_hasher_finish(hasher, found.bytes);
        good = berth_digest_equal(&found, &stored->file->digest);
    }
    berth_hasher_destroy(hasher);
    free(piece);
    return good;
}

/* Memory was checked when it was filled; the disk is checked before the first byte leaves, since a
 * damaged file under an immutable URL would stay in browsers and caches for a year. */
static bool read_stored(void *context, int64_t offset, void *ret, size_t length) {
    struct stored *stored = context;
    if (!stored->sound && !is_sound(stored)) {
        berth_log_event("error", "blob-damaged", json_pack("{ss}", "etag", stored->file->etag));
        return false;
    }
    stored->sound = true;
    return read_at(stored->fd, offset, ret, length);
}

static void answer_from_store(struct berth_exchange *exchange, struct berth_site *site,
                              const struct berth_file *file, struct berth_content *content) {
    struct berth_error error = {0};
    struct stored stored = {.file = file};
    int64_t bytes;
    if (berth_blob_open(berth_desk_store(site->desk), &file->digest, &stored.fd, &bytes, &error) !=
        BERTH_OK) {
        error.code =
            BERTH_IO; /* a file that a version names is missing: not the client's mistake */
        berth_log_event("error", "blob-missing", json_pack("{ss}", "text", error.text));
        berth_answer_problem(exchange, &error);
        return;
    }
    content->read = read_stored;
    content->read_context = &stored;
    berth_answer_content(exchange, content);
    (void)close(stored.fd);
}

static void answer_file(struct berth_exchange *exchange, struct berth_site *site,
                        const struct berth_file *file) {
    const char *mime = berth_mime_type(file->path);
    struct berth_content content = {.content_type = mime,
                                    .cache_control = forever,
                                    .etag = file->etag,
                                    .headers = guard_headers(mime),
                                    .body = file->body,
                                    .length = file->bytes,
                                    .ranges = true};
    if (file->body)
        berth_answer_content(exchange, &content);
    else
        answer_from_store(exchange, site, file, &content);
}

static void answer_view(struct berth_exchange *exchange, const struct berth_view *view,
                        const char *mime, const char *cache_control) {
    struct berth_content content = {.content_type = mime,
                                    .cache_control = cache_control,
                                    .etag = view->etag,
                                    .body = view->body,
                                    .length = (int64_t)view->length};
    berth_answer_content(exchange, &content);
}

/* "1.2.0~3" is version 1.2.0 under a fresh URL: browsers keep a failed ES module for ever. The
 * epoch is a number of 1 to 9 digits. */
static bool split_epoch(const char *text, char *ret_version, size_t size) {
    size_t length = strcspn(text, "~");
    if (length >= size)
        return false;
    memcpy(ret_version, text, length);
    ret_version[length] = '\0';
    if (!text[length])
        return true;
    size_t digits = strlen(text + length + 1);
    return digits >= 1 && digits <= 9 && strspn(text + length + 1, "0123456789") == digits;
}

static void answer_asset(struct berth_exchange *exchange, struct berth_site *site,
                         const struct berth_snapshot *snapshot) {
    char version[160];
    const char *path = berth_exchange_param(exchange, "path");
    const struct berth_module *module =
        berth_snapshot_module(snapshot, berth_exchange_param(exchange, "module"));
    bool named = split_epoch(berth_exchange_param(exchange, "version"), version, sizeof version);
    const struct berth_edition *edition =
        module && named ? berth_module_edition(module, version) : NULL;
    const struct berth_file *file = edition ? berth_edition_file(edition, path) : NULL;
    if (!file)
        site_not_found(exchange,
                       !module    ? "there is no module of that name"
                       : !edition ? "the module has no such version"
                                  : "the version has no such file",
                       NULL);
    else if (edition->manifest.body && strcmp(path, edition->manifest_path) == 0)
        answer_view(exchange, &edition->manifest, "application/json", forever);
    else
        answer_file(exchange, site, file);
}

void site_get_asset(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    answer_asset(exchange, site, berth_snapshot_acquire(site->publisher));
    berth_snapshot_release(site->publisher);
}

/* The newest edition that has the file; the live one comes first. */
static const struct berth_edition *edition_with(const struct berth_module *module,
                                                const char *path) {
    if (module->live && berth_edition_file(module->live, path))
        return module->live;
    for (size_t i = module->edition_count; i-- > 0;)
        if (berth_edition_file(module->editions[i], path))
            return module->editions[i];
    return NULL;
}

/* Nothing that was opened before a deploy breaks: a file that the live version lacks is still there
 * in the version that had it. */
static void redirect(struct berth_exchange *exchange, const struct berth_site *site,
                     const struct berth_module *module, const char *path) {
    const struct berth_edition *edition = edition_with(module, path);
    if (!edition) {
        site_not_found(exchange, "no version of the module has such a file", NULL);
        return;
    }
    struct berth_buffer url;
    berth_buffer_init(&url, URL_MAX_BYTES);
    berth_asset_url(&url, site->public_url, module->name, edition->version, path);
    if (url.failed)
        site_not_found(exchange, "no version of the module has such a file", NULL);
    else
        berth_answer_redirect(exchange, url.data);
    berth_buffer_done(&url);
}

static void answer_alias(struct berth_exchange *exchange, struct berth_site *site,
                         const struct berth_snapshot *snapshot) {
    static const char script[] = "text/javascript; charset=utf-8";
    const char *path = berth_exchange_param(exchange, "path");
    const struct berth_module *module =
        berth_snapshot_module(snapshot, berth_exchange_param(exchange, "module"));
    bool entry = strcmp(path, "remoteEntry.js") == 0,
         entry_module = strcmp(path, "remoteEntry.mjs") == 0;
    if (!module)
        site_not_found(exchange, "there is no module of that name", NULL);
    else if (entry)
        answer_view(exchange, &module->live_entry, script, "no-cache");
    else if (entry_module)
        answer_view(exchange, &module->live_entry_module, script, "no-cache");
    else if (module->live_manifest.body && strcmp(path, module->live->manifest_path) == 0)
        answer_view(exchange, &module->live_manifest, "application/json", "no-cache");
    else
        redirect(exchange, site, module, path);
}

void site_get_alias(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    answer_alias(exchange, site, berth_snapshot_acquire(site->publisher));
    berth_snapshot_release(site->publisher);
}

void site_get_remotes(struct berth_exchange *exchange, void *app) {
    struct berth_site *site = app;
    const struct berth_snapshot *snapshot = berth_snapshot_acquire(site->publisher);
    answer_view(exchange, &snapshot->remotes, "application/json", "no-cache");
    berth_snapshot_release(site->publisher);
}

/* The shell and its second file under the names of their digests, and source maps for those who
 * open the tools. */
void site_get_frontend(struct berth_exchange *exchange, void *app) {
    const struct berth_site *site = app;
    const struct berth_frontend *frontend = site->frontend;
    const char *file = berth_exchange_param(exchange, "file");
    const char *body = NULL;
    struct berth_content content = {.content_type = berth_mime_type(file),
                                    .cache_control = forever};
    if (strcmp(file, frontend->shell_url + strlen("/_berth/")) == 0) {
        body = frontend->shell;
    } else if (frontend->more && strcmp(file, frontend->more_url + strlen("/_berth/")) == 0) {
        body = frontend->more;
    } else {
        content.cache_control = "no-cache";
        if (strcmp(file, "shell.js.map") == 0)
            body = frontend->shell_map;
        else if (strcmp(file, "live.js.map") == 0)
            body = frontend->live_map;
        else if (strcmp(file, "more.js.map") == 0)
            body = frontend->more_map;
    }
    if (!body) {
        site_not_found(exchange, "there is no such file", NULL);
        return;
    }
    content.body = body;
    content.length = (int64_t)strlen(body);
    berth_answer_content(exchange, &content);
}
