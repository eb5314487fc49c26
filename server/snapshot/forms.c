/* How a file or a text is answered under each coding. */
#include "nodes.h"

#include "berth/variant.h"

#include <stdio.h>
#include <string.h>

static const char forever[] = "public, max-age=31536000, immutable";
static const char vary[] = "Vary: Accept-Encoding\r\n";

void berth_etag(const struct berth_digest *digest, char ret[BERTH_ETAG_BYTES]) {
    ret[0] = '"';
    berth_digest_hex(digest, ret + 1);
    memcpy(ret + BERTH_HEX_BYTES, "\"", 2);
}

/* Uploaded HTML, SVG and XML are shown with no origin and no scripts: they must not act as the
 * pages that the server composes. */
static const char *guard_headers(const char *content_type) {
    size_t length = strcspn(content_type, ";");
    bool xml = length > 4 && (strncmp(content_type + length - 4, "+xml", 4) == 0 ||
                              strncmp(content_type + length - 4, "/xml", 4) == 0);
    bool html = strncmp(content_type, "text/html", 9) == 0;
    return html || xml ? "Content-Security-Policy: sandbox\r\n" : "";
}

struct berth_content berth_content_of(const char *content_type, const char *cache_control,
                                      const struct berth_digest *digest, int coding, bool varies,
                                      struct berth_content_text *text) {
    bool coded = coding >= 0;
    berth_etag(digest, text->etag);
    (void)snprintf(text->headers, sizeof text->headers, "%s%s%s%s%s",
                   coded ? "Content-Encoding: " : "",
                   coded ? berth_coding_name((enum berth_coding)coding) : "", coded ? "\r\n" : "",
                   varies ? vary : "", guard_headers(content_type));
    return (struct berth_content){.content_type = content_type,
                                  .cache_control = cache_control,
                                  .etag = text->etag,
                                  .headers = text->headers,
                                  .headers_304 = varies ? vary : NULL};
}

/* What may get variants says so before it has any, or a shared cache would give the plain answer to
 * all. */
static bool is_varied(const struct berth_file *file, const char *content_type) {
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        if (file->variants[i].bytes)
            return true;
    return berth_variant_wanted(content_type, file->bytes);
}

struct berth_content berth_file_content(const struct berth_file *file, int coding,
                                        struct berth_content_text *text) {
    const char *content_type = berth_mime_type(file->path);
    const struct berth_digest *digest = coding < 0 ? &file->digest : &file->variants[coding].digest;
    struct berth_content content = berth_content_of(content_type, forever, digest, coding,
                                                    is_varied(file, content_type), text);
    content.length = coding < 0 ? file->bytes : file->variants[coding].bytes;
    content.ranges = true;
    return content;
}

static bool is_coded(const struct berth_forms *forms) {
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        if (forms->bytes[i])
            return true;
    return false;
}

const struct berth_prepared *berth_forms_choose(const struct berth_forms *forms,
                                                const char *accept_encoding) {
    if (!is_coded(forms))
        return &forms->identity;
    struct berth_accept accept = berth_accept_parse(accept_encoding);
    int coding = berth_accept_choose(&accept, forms->identity.length, forms->bytes);
    return coding < 0 ? &forms->identity : &forms->coded[coding];
}

void berth_forms_done(struct berth_forms *forms) {
    berth_prepared_done(&forms->identity);
    for (int i = 0; i < BERTH_CODING_COUNT; i++)
        berth_prepared_done(&forms->coded[i]);
}
