/* Composed and document pages: HTML made once for what is live in it, with holes for the nonce.
 *
 * A template is immutable; filling it takes the nonce as an argument and costs one copy.
 *
 * Thread rules: making a template is one thread's work; a template may be filled by any thread.
 */
#ifndef BERTH_COMPOSE_H
#define BERTH_COMPOSE_H

#include "berth/buffer.h"
#include "berth/digest.h"
#include "berth/error.h"
#include "berth/manifest.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The browser parts that the server hands out, read once at start. */
struct berth_frontend {
    char *shell;       /* text of shell.js */
    char *inlined;     /* the same for a <script> without a URL */
    char *inlined_raw; /* and deflated (RFC 1951), ended on a byte's border: a piece of a page */
    size_t inlined_raw_length;
    char *shell_map;    /* its source map, or NULL */
    char *live;         /* text of live.js: the live entry's runtime */
    char *live_map;     /* or NULL */
    char *more;         /* text of more.js, the shell's rarer parts, or NULL */
    char *more_map;     /* or NULL */
    char shell_url[64]; /* "/_berth/shell.<16 hex>.js" */
    char more_url[64];  /* "/_berth/more.<16 hex>.js", which the shell knows from its build */
    char framers[256];  /* origins that may show pages in a frame, the console's; "" for none. Set
                           by who loads it, before pages are made */
};

/* From DIRECTORY/{shell.js,live.js,more.js} and their .map files. BERTH_NOT_FOUND
 * ("frontend-missing") says how to build them; BERTH_REFUSED ("frontend-inline"): the shell has
 * text that would end the <script> it stands in. */
enum berth_code berth_frontend_load(const char *directory, struct berth_frontend *ret,
                                    struct berth_error *error);
void berth_frontend_done(struct berth_frontend *frontend);

enum { BERTH_NONCE_BYTES = 25 }; /* 18 random bytes in base64 and NUL */

struct berth_checksum {
    uint32_t value;
    uint32_t length_operator;
};

/* The page as gzip, but for its nonces and its checksum. */
struct berth_packed {
    char *data; /* NULL: there is none, since it would not be smaller */
    size_t length;
    size_t *holes; /* offsets, ascending; fewer than the text has */
    size_t hole_count;
    struct berth_checksum *checksums; /* of the text between its holes, one more than those */
    uint32_t nonce_operator;          /* of zlib's crc32_combine_op */
};

struct berth_template {
    char *text;
    size_t length;
    size_t *holes; /* offsets, ascending */
    size_t hole_count;
    struct berth_packed packed;
    char *csp;            /* the header's value, holes written as the marker below */
    char *links;          /* the value of Link, in the same way; NULL: none */
    char etag[40];        /* W/"…": the same page but for its nonce */
    char packed_etag[48]; /* the same for gzip, ending in "-gzip" */
};

#define BERTH_NONCE_MARK "$NONCE$"

void berth_template_done(struct berth_template *template);
/* The page with its nonce in every hole. */
void berth_template_fill(const struct berth_template *template, const char *nonce,
                         struct berth_buffer *page);
/* Content-Security-Policy and Link, each ended by CR LF. */
void berth_template_headers(const struct berth_template *template, const char *nonce,
                            struct berth_buffer *headers);
/* The same page as a gzip file. `nonce` has exactly 24 bytes; there must be a packed form. */
void berth_template_fill_packed(const struct berth_template *template, const char *nonce,
                                struct berth_buffer *page);
void berth_nonce(char ret[BERTH_NONCE_BYTES]);

/* What a page is made of. */
struct berth_compose {
    const char *name; /* of the page */
    const struct berth_page *page;
    int64_t generation;     /* of the newest activation that it shows */
    const char *public_url; /* "" for root-relative */
    const struct berth_frontend *frontend;
    /* The live version of a module, or NULL: that slot keeps its fallback. */
    const struct berth_remote *(*live)(void *context, const char *module);
    /* What is shown in place of what is live, and told in a badge; NULL: nothing is. Its slots keep
     * it, whatever becomes live. */
    const char *preview_module;
    const char *preview_version;
    /* A file of a module's live version, ended by NUL, or NULL; borrowed for the call. */
    const char *(*text)(void *context, const char *module, const char *path, size_t *ret_length);
    void *context;
};

enum berth_code berth_compose_page(const struct berth_compose *compose, struct berth_template *ret,
                                   struct berth_error *error);

/* A module's own HTML at the page's path: a <base> to the version's URL, the nonce on every script
 * and style element, the same policy. `html` is the file's text. */
enum berth_code berth_compose_document(const struct berth_compose *compose,
                                       const struct berth_remote *remote, const char *html,
                                       size_t length, struct berth_template *ret,
                                       struct berth_error *error);

#endif
