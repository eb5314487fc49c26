/* Files that no snapshot holds in memory. Memory was checked when it was filled; the disk is
 * checked before the first byte leaves, since a damaged file under an immutable URL would stay in
 * browsers and caches for a year. */
#include "assets.h"

#include "berth/log.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHECKED_PIECE_BYTES = 64 * 1024 };

/* A file that is over its share of the cache comes from the store piece by piece. */
struct stored {
    struct berth_store *store;
    int fd;
    int64_t bytes;
    struct berth_digest digest;
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
    for (int64_t at = 0; good && at < stored->bytes; at += CHECKED_PIECE_BYTES) {
        int64_t left = stored->bytes - at;
        size_t length = left < CHECKED_PIECE_BYTES ? (size_t)left : CHECKED_PIECE_BYTES;
        good = read_at(stored->fd, at, piece, length);
        if (good)
            berth_hasher_add(hasher, piece, length);
    }
    struct berth_digest found;
    if (good) {
        berth_hasher_finish(hasher, found.bytes);
        good = berth_digest_equal(&found, &stored->digest);
    }
    berth_hasher_destroy(hasher);
    free(piece);
    return good;
}

static void log_damage(const char *rule, const char *etag, const char *text) {
    berth_log_event("error", rule, json_pack("{ss ss}", "etag", etag, "text", text));
}

static bool check(struct stored *stored, const char *etag) {
    if (!stored->sound)
        stored->sound = is_sound(stored);
    if (!stored->sound) {
        log_damage("blob-damaged", etag, "the file is not what its digest says");
        berth_blob_suspect(stored->store, &stored->digest); /* the next upload of it heals it */
    }
    return stored->sound;
}

struct stored_content {
    struct stored stored;
    const char *etag;
};

static bool read_stored(void *context, int64_t offset, void *ret, size_t length) {
    struct stored_content *content = context;
    return check(&content->stored, content->etag) &&
           read_at(content->stored.fd, offset, ret, length);
}

/* One way in which a file can be sent. */
struct form {
    const struct berth_file *file;
    int coding;
    struct berth_variant variant; /* digest and size of what is sent */
};

static struct form form_of(const struct berth_file *file, int coding) {
    struct form form = {.file = file, .coding = coding, .variant = {file->digest, file->bytes}};
    if (coding >= 0)
        form.variant = file->variants[coding];
    return form;
}

/* A variant is looked at first, as long as the file itself can be answered instead. */
static bool answer_streamed(struct berth_exchange *exchange, struct berth_site *site,
                            const struct form *form, struct berth_content *content,
                            struct berth_error *error) {
    struct berth_store *store = berth_desk_store(site->desk);
    struct stored_content stored = {.stored = {.store = store, .digest = form->variant.digest},
                                    .etag = content->etag};
    if (berth_blob_open(store, &form->variant.digest, &stored.stored.fd, &stored.stored.bytes,
                        error) != BERTH_OK)
        return false;
    bool good = stored.stored.bytes == form->variant.bytes &&
                (form->coding < 0 || check(&stored.stored, content->etag));
    if (good) {
        content->read = read_stored;
        content->read_context = &stored;
        berth_answer_content(exchange, content);
    } else {
        berth_fail(error, BERTH_IO, "blob-damaged", "a blob is not what its row says");
    }
    (void)close(stored.stored.fd);
    return good;
}

static bool answer_form(struct berth_exchange *exchange, struct berth_site *site,
                        const struct form *form, struct berth_error *error) {
    struct berth_content_text text;
    struct berth_content content = berth_file_content(form->file, form->coding, &text);
    struct berth_bodies *bodies = berth_desk_bodies(site->desk);
    enum berth_code code =
        berth_body_borrow(bodies, berth_desk_store(site->desk), &form->variant.digest,
                          form->variant.bytes, &content.body, error);
    bool answered = code == BERTH_OK;
    if (answered) {
        berth_answer_content(exchange, &content);
        berth_body_return(bodies, &form->variant.digest);
    } else if (code == BERTH_BUSY) {
        *error = (struct berth_error){0};
        answered = answer_streamed(exchange, site, form, &content, error);
    }
    if (!answered)
        log_damage(error->rule, text.etag, error->text);
    return answered;
}

static int choose(const struct berth_exchange *exchange, const struct berth_file *file) {
    int64_t bytes[BERTH_CODING_COUNT];
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        bytes[i] = file->variants[i].bytes;
    struct berth_accept accept =
        berth_accept_parse(berth_exchange_header(exchange, "Accept-Encoding"));
    return berth_accept_choose(&accept, file->bytes, bytes);
}

void site_answer_stored(struct berth_exchange *exchange, struct berth_site *site,
                        const struct berth_file *file) {
    struct berth_error error = {0};
    struct form form = form_of(file, choose(exchange, file));
    if (form.coding >= 0 && answer_form(exchange, site, &form, &error))
        return;
    error = (struct berth_error){0};
    form = form_of(file, -1);
    if (answer_form(exchange, site, &form, &error))
        return;
    if (error.code == BERTH_NOT_FOUND)
        error.code = BERTH_IO; /* a version names it: its absence is not the client's mistake */
    berth_answer_problem(exchange, &error);
}
