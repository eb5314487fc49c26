/* Numbers and times as people write and read them.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_CLI_FORMAT_H
#define BERTH_CLI_FORMAT_H

#include "berth/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLI_HUMAN_BYTES = 32 };

/* "0 B", "999 B", "34.6 kB", "1.0 MB": powers of 1000, one decimal from kB on. */
void cli_human_size(int64_t bytes, char ret[CLI_HUMAN_BYTES]);

/* "just now", "12 min ago", "3 h ago", "5 days ago", then the date. A time ahead of the clock by
 * more than a minute is "in 3 h". */
void cli_human_age(int64_t now_ms, int64_t then_ms, char ret[CLI_HUMAN_BYTES]);

/* RFC 3339 in UTC ("…Z"), with or without a fraction. */
bool cli_time_parse(const char *text, int64_t *ret_ms);

/* When a token ends: "12h", "90d", "8w" from now, or an RFC 3339 time. BERTH_INVALID ("expires")
 * for other forms and for what is not in the future. */
enum berth_code cli_expires_parse(const char *text, int64_t now_ms, int64_t *ret_ms,
                                  struct berth_error *error);

/* The length of the character at `text`, in bytes. *ret_harmless is false for what a terminal would
 * obey or be confused by: C0, DEL and C1 controls, the
 * bidirectional overrides, and what is no UTF-8. */
size_t cli_character(const char *text, bool *ret_harmless);

/* Characters, not bytes. */
size_t cli_width(const char *text);

#endif
