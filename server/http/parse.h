/* Request heads of the loop, by RFC 9112 and no more: exactly one space between the words of the
 * request line, CR LF at the end of each line, no folding, no space before a colon, names that are
 * tokens, values without control characters. A robust reader would take more (section 2.2 allows
 * empty lines before a request, a bare LF, runs of spaces); two readers could then disagree.
 *
 * Thread rules: pure functions of the caller's memory.
 */
#ifndef BERTH_HTTP_PARSE_H
#define BERTH_HTTP_PARSE_H

#include "framing.h"

enum berth_scan {
    BERTH_SCAN_MORE,  /* it does not end yet */
    BERTH_SCAN_WHOLE, /* it ends after *ret_length bytes, the empty line included */
    BERTH_SCAN_BAD,   /* it can never be one */
};

/* Looks for the end of a head in what came until now. `*line` is where looking goes on: 0 for the
 * first call, and kept for the next, with more bytes behind the same ones. */
enum berth_scan berth_scan_head(const char *data, size_t length, size_t *line, size_t *ret_length);

/* Takes apart a head of `length` bytes that the scan found whole, in place: it writes NUL behind
 * what it finds. BERTH_INVALID with a rule that problem.c gives its status. Any failure means:
 * answer and close. */
enum berth_code berth_parse_head(char *data, size_t length, struct berth_request *ret,
                                 struct berth_error *error);

/* The same request after its bytes were copied from `from` to `to`. */
void berth_request_move(struct berth_request *request, const char *from, const char *to);

#endif
