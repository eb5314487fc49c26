/* Pieces of HTML that show an expose before its script runs. A page takes one into the middle of
 * its own HTML, so it must be read by a browser as it is written: every element that is opened is
 * closed, in order, and none in a place where a parser would close another one for it. What a
 * parser reads in its own way (HTML standard, section 13.2.6: a <div> in a <p>, a <button> in a
 * <button>, a row without a table, HTML in an <svg>) is refused, and so is what is no content: a
 * script, a frame, a <base>. What react-dom/server's renderToStaticMarkup writes is taken.
 *
 * Thread rules: pure functions of the text.
 */
#ifndef BUNDLE_PRERENDERED_H
#define BUNDLE_PRERENDERED_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>

enum { BERTH_PRERENDERED_MAX_BYTES = 64 * 1024, BERTH_PRERENDERED_MAX_DEPTH = 256 };

/* *ret_styled: has it a style attribute, which a composed page's policy does not apply?
 * BERTH_REFUSED ("prerendered-invalid") with the line in the text. */
enum berth_code berth_prerendered_check(const char *text, size_t length, bool *ret_styled,
                                        struct berth_error *error);

#endif
