/* A growing run of bytes that takes its largest size at init and never exceeds it.
 *
 * Adding past the maximum, or running out of memory, marks the buffer failed; every later add is a
 * no-op, so a writer checks once at the end. `data` is always NUL-terminated when not NULL; the NUL
 * is not counted in `length`. Zero bytes inside are allowed.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BERTH_BUFFER_H
#define BERTH_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct berth_buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t max;
    bool failed;
};

void berth_buffer_init(struct berth_buffer *buffer, size_t max_bytes);
void berth_buffer_done(struct berth_buffer *buffer); /* takes an initialised or zeroed one */

void berth_buffer_add(struct berth_buffer *buffer, const void *data, size_t length);
void berth_buffer_text(struct berth_buffer *buffer, const char *text);
void berth_buffer_printf(struct berth_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* HTML text and double-quoted attribute values: & < > " ' become references. */
void berth_buffer_html(struct berth_buffer *buffer, const char *text);

/* Gives away the bytes (free() them) and leaves an empty buffer; NULL when it failed. An empty
 * buffer gives an empty string. */
char *berth_buffer_take(struct berth_buffer *buffer);

#endif
