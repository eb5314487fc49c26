/* Files that no snapshot holds in memory. Memory was checked when it was filled; the disk is
 * checked before the first byte leaves, since a damaged file under an immutable URL would stay in
 * browsers and caches for a year. */
#include "assets.h"

#include "berth/log.h"

static void log_damage(const char *rule, const char *etag, const char *text) {
    berth_log_event("error", rule, json_pack("{ss ss}", "etag", etag, "text", text));
}

/* A file that is over its share of the cache comes from the store piece by piece. */
struct stored {
    struct berth_reader *reader;
    const char *etag;
};

static bool check(const struct stored *stored) {
    bool sound = berth_reader_check(stored->reader);
    if (!sound)
        log_damage("blob-damaged", stored->etag, "the file is not what its digest says");
    return sound;
}

static bool read_stored(void *context, int64_t offset, void *ret, size_t length) {
    const struct stored *stored = context;
    if (!check(stored))
        return false;
    bool read = berth_reader_read(stored->reader, offset, ret, length);
    if (!read)
        log_damage("blob-damaged", stored->etag, "a part of the file is not what it was");
    return read;
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
    struct stored stored = {.etag = content->etag};
    if (berth_reader_open(berth_desk_bodies(site->desk), berth_desk_store(site->desk),
                          &form->variant.digest, form->variant.bytes, &stored.reader,
                          error) != BERTH_OK)
        return false;
    bool good = form->coding < 0 || check(&stored);
    if (good) {
        content->read = read_stored;
        content->read_context = &stored;
        berth_answer_content(exchange, content);
    } else {
        berth_fail(error, BERTH_IO, "blob-damaged", "a blob is not what its row says");
    }
    berth_reader_close(stored.reader);
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
    if (berth_exchange_defer(exchange))
        return;
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
