/* Buffers in which answers are put together: one for each core, so that it stays in the core's
 * cache however many connections there are. Nobody waits for one.
 *
 * Thread rules: any thread; what was taken belongs to the taker.
 */
#ifndef BERTH_HTTP_PIECE_H
#define BERTH_HTTP_PIECE_H

enum { BERTH_PIECE_BYTES = 65536 }; /* written or read at once */

/* The buffer of the core that the thread runs on, BERTH_PIECE_BYTES; NULL when it is taken. */
char *berth_piece_take(void);
void berth_piece_give(char *piece); /* NULL is fine */

#endif
