/* Style sheets that move into the page's own HTML.
 *
 * Thread rules: pure.
 */
#ifndef BERTH_COMPOSE_CSS_H
#define BERTH_COMPOSE_CSS_H

#include "berth/buffer.h"
#include <stdbool.h>
#include <stddef.h>

enum { BERTH_CSS_MAX_DEPTH = 64 };

/* Adds the sheet so that it may stand in a <style> element of any page, behind others: URLs that
 * are relative to `folder` (the URL of the folder that the file is in, ending in a slash) are made
 * absolute, comments are dropped, and nothing in it ends the element.
 *
 * False, with `out` as it was, where that is not certain: imports, brackets and strings that are
 * left open, URLs in other forms than url(...). `own_origin`: the page and the file have one
 * origin, so that a URL from the root is the same for both. */
bool berth_css_inline(struct berth_buffer *out, const char *text, size_t length, const char *folder,
                      bool own_origin);

#endif
