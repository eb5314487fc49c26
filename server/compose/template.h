/* Writing a template: a buffer of text that remembers where nonces go. */
#ifndef BERTH_COMPOSE_TEMPLATE_H
#define BERTH_COMPOSE_TEMPLATE_H

#include "plan.h"

enum { BERTH_TEMPLATE_MAX_BYTES = 16 * 1024 * 1024, BERTH_HINTS_MAX_BYTES = 1024 };

/* A part of the text that is the same in all pages, and was deflated once for all. */
struct berth_piece {
    size_t at; /* in the text */
    size_t length;
    const char *raw; /* borrowed; NULL: there is none */
    size_t raw_length;
};

struct berth_template_writer {
    struct berth_buffer text;
    struct berth_buffer holes; /* size_t each */
    struct berth_piece piece;
};

void berth_template_begin(struct berth_template_writer *writer);
/* ` nonce="` and the hole and `"`. */
void berth_template_nonce(struct berth_template_writer *writer);
/* Nothing where the page is no preview. */
void berth_template_badge(struct berth_template_writer *writer,
                          const struct berth_compose *compose);
/* Takes the writer's text, `csp`, and `links`, which may be NULL; frees them on failure too. */
enum berth_code berth_template_end(struct berth_template_writer *writer, char *csp, char *links,
                                   struct berth_template *ret, struct berth_error *error);

/* Adds the gzip form, unless it would not be smaller or memory is short: pages go without then. */
void berth_template_pack(struct berth_template *template, const struct berth_piece *piece);
/* What a piece needs; free() it. NULL when out of memory. */
char *berth_raw_deflate(const char *text, size_t length, size_t *ret_length);
void berth_packed_done(struct berth_packed *packed);

/* The import map, where the plan has one. It has to come before the first preload of a module:
 * after that some browsers take none. */
void berth_template_import_map(struct berth_template_writer *writer, const struct berth_plan *plan);
/* The elements that fetch the plan's needs, and its styles. */
void berth_template_needs(struct berth_template_writer *writer, const struct berth_plan *plan);
/* The value of Link with the marker; free() it, NULL for none. What goes beyond the limit is left
 * out: the head counts against the 14 kB that a connection may begin with, and the elements say the
 * same to all but a proxy that answers ahead of us. */
char *berth_template_hints(const struct berth_plan *plan);

/* The policy's value with the marker; free() it, NULL when out of memory. A document page needs its
 * <base>. */
char *berth_policy(const struct berth_compose *compose, bool document);

#endif
