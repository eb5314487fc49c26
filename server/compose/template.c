#include "template.h"

#include "berth/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOLES_MAX_BYTES = 64 * 1024 };

void berth_template_begin(struct berth_template_writer *writer) {
    berth_buffer_init(&writer->text, BERTH_TEMPLATE_MAX_BYTES);
    berth_buffer_init(&writer->holes, HOLES_MAX_BYTES);
    writer->piece = (struct berth_piece){0};
}

void berth_template_nonce(struct berth_template_writer *writer) {
    berth_buffer_text(&writer->text, " nonce=\"");
    berth_buffer_add(&writer->holes, &writer->text.length, sizeof writer->text.length);
    berth_buffer_text(&writer->text, "\"");
}

/* The same page but for its nonce is the same page: a weak ETag (RFC 9110 section 8.8.1). One for
 * each coding, so that a stored gzip file is not confirmed to one who asks for text. */
static void make_etag(struct berth_template *template) {
    struct berth_digest parts[2] = {berth_sha256(template->text, template->length),
                                    berth_sha256(template->csp, strlen(template->csp))};
    struct berth_digest both = berth_sha256(parts, sizeof parts);
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&both, hex);
    (void)snprintf(template->etag, sizeof template->etag, "W/\"%.32s\"", hex);
    (void)snprintf(template->packed_etag, sizeof template->packed_etag, "W/\"%.32s-gzip\"", hex);
}

enum berth_code berth_template_end(struct berth_template_writer *writer, char *csp, char *links,
                                   struct berth_template *ret, struct berth_error *error) {
    struct berth_template template = {.csp = csp,
                                      .links = links,
                                      .length = writer->text.length,
                                      .hole_count = writer->holes.length / sizeof(size_t)};
    bool failed = !csp || writer->text.failed || writer->holes.failed;
    template.text = berth_buffer_take(&writer->text);
    char *holes = berth_buffer_take(&writer->holes);
    template.holes = (size_t *)(void *)holes; /* from realloc: aligned for anything */
    if (failed || !template.text || !holes) {
        berth_template_done(&template);
        return berth_fail(error, BERTH_TOO_LARGE, "page-size", "the composed page is over %d bytes",
                          BERTH_TEMPLATE_MAX_BYTES);
    }
    make_etag(&template);
    berth_template_pack(&template, &writer->piece);
    *ret = template;
    return BERTH_OK;
}

void berth_template_done(struct berth_template *template) {
    free(template->text);
    free(template->holes);
    free(template->csp);
    free(template->links);
    berth_packed_done(&template->packed);
    *template = (struct berth_template){0};
}

static void add_header(struct berth_buffer *headers, const char *name, const char *value,
                       const char *nonce) {
    const char *mark;
    berth_buffer_text(headers, name);
    for (; (mark = strstr(value, BERTH_NONCE_MARK)); value = mark + strlen(BERTH_NONCE_MARK)) {
        berth_buffer_add(headers, value, (size_t)(mark - value));
        berth_buffer_text(headers, nonce);
    }
    berth_buffer_text(headers, value);
    berth_buffer_text(headers, "\r\n");
}

void berth_template_headers(const struct berth_template *template, const char *nonce,
                            struct berth_buffer *headers) {
    add_header(headers, "Content-Security-Policy: ", template->csp, nonce);
    if (template->links)
        add_header(headers, "Link: ", template->links, nonce);
}

void berth_template_fill(const struct berth_template *template, const char *nonce,
                         struct berth_buffer *page) {
    size_t from = 0;
    for (size_t i = 0; i < template->hole_count; i++) {
        berth_buffer_add(page, template->text + from, template->holes[i] - from);
        berth_buffer_text(page, nonce);
        from = template->holes[i];
    }
    berth_buffer_add(page, template->text + from, template->length - from);
}

void berth_nonce(char ret[BERTH_NONCE_BYTES]) {
    unsigned char bytes[18];
    berth_random(bytes, sizeof bytes);
    berth_base64(bytes, sizeof bytes, ret);
}
