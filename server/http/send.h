/* An answer on its way out: the lines that every head starts with, and paced writes.
 *
 * Thread rules: an exchange's own thread.
 */
#ifndef BERTH_HTTP_SEND_H
#define BERTH_HTTP_SEND_H

#include "head.h"
#include "internal.h"
#include "range.h"

/* The status line and what every answer carries, in the worker's piece buffer. Marks the exchange
 * as answered. */
void berth_send_start(struct berth_exchange *exchange, struct berth_head *head, int status);
void berth_send_length(struct berth_head *head, int64_t length); /* Content-Length */

/* Ends the head with an empty line and sends it with `length` bytes of the content from `offset`
 * on, but for HEAD without them. Looks only at the content's body or reader. */
void berth_send_out(struct berth_exchange *exchange, struct berth_head *head,
                    const struct berth_content *content, int64_t offset, int64_t length);

/* One write with a deadline; false when the client is gone or was too slow. */
bool berth_send_piece(struct berth_exchange *exchange, const void *data, size_t length,
                      int64_t deadline_ms);

/* --- shared by answers with ranges (answer.c) --- */
/* A place for so long a body, or false: the refusal was answered. */
bool berth_answer_takes_share(struct berth_exchange *exchange, int64_t body_bytes);
bool berth_answer_reads_only(const struct berth_exchange *exchange); /* GET or HEAD */
/* By Range and If-Range; the whole where there is no range to honour. */
struct berth_range berth_answer_range(const struct berth_exchange *exchange, bool ranges,
                                      const char *etag, int64_t length);
/* "Content-Range: bytes 0-9/100" */
void berth_answer_put_range(struct berth_head *head, const struct berth_range *range,
                            int64_t total);
/* 416 */
void berth_answer_outside(struct berth_exchange *exchange, int64_t total);

#endif
