/* Writing a template: a buffer of text that remembers where nonces go. */
#ifndef BERTH_COMPOSE_TEMPLATE_H
#define BERTH_COMPOSE_TEMPLATE_H

#include "berth/compose.h"

enum { BERTH_TEMPLATE_MAX_BYTES = 16 * 1024 * 1024 };

struct berth_template_writer {
    struct berth_buffer text;
    struct berth_buffer holes; /* size_t each */
};

void berth_template_begin(struct berth_template_writer *writer);
/* ` nonce="` and the hole and `"`. */
void berth_template_nonce(struct berth_template_writer *writer);
/* Takes the writer's text, and `csp`, which it frees on failure too. */
enum berth_code berth_template_end(struct berth_template_writer *writer, char *csp,
                                   struct berth_template *ret, struct berth_error *error);

/* Adds the gzip form, unless it would not be smaller or memory is short: pages go without then. */
void berth_template_pack(struct berth_template *template);
void berth_packed_done(struct berth_packed *packed);

/* The import map and the preloads of a composed page. */
void berth_template_preloads(struct berth_template_writer *writer,
                             const struct berth_compose *compose);

/* The policy's value with the marker; free() it, NULL when out of memory. A document page needs its
 * <base>. */
char *berth_policy(const struct berth_compose *compose, bool document);

#endif
