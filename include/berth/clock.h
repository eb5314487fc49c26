/* Time as whole milliseconds.
 *
 * Thread rules: reentrant.
 */
#ifndef BERTH_CLOCK_H
#define BERTH_CLOCK_H

#include <stdint.h>

enum { BERTH_RFC3339_BYTES = 32, BERTH_HTTP_DATE_BYTES = 30 };

int64_t berth_now_ms(void);       /* since 1970, UTC */
int64_t berth_monotonic_ms(void); /* for durations */
int64_t berth_monotonic_us(void);

/* "2026-11-20T18:34:07.123Z", RFC 3339. */
void berth_rfc3339(int64_t time_ms, char ret[BERTH_RFC3339_BYTES]);
/* "Fri, 20 Nov 2026 18:34:07 GMT", RFC 9110 section 5.6.7. */
void berth_http_date(int64_t time_ms, char ret[BERTH_HTTP_DATE_BYTES]);

#endif
