/* Writes a message head into fixed storage, without printf: it is on the way of every answer.
 *
 * Adding past the end marks the head failed and later adds are no-ops, so a writer checks once.
 *
 * Thread rules: one thread at a time.
 */
#ifndef BERTH_HTTP_HEAD_H
#define BERTH_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct berth_head {
    char *data; /* borrowed */
    size_t length;
    size_t capacity;
    bool failed;
};

void berth_head_init(struct berth_head *head, char *storage, size_t capacity);
/* These two are inline, so that what is known when compiling costs a few moves. */
static inline void berth_head_bytes(struct berth_head *head, const void *data, size_t length) {
    if (head->failed || length > head->capacity - head->length) {
        head->failed = true;
        return;
    }
    memcpy(head->data + head->length, data, length);
    head->length += length;
}

static inline void berth_head_text(struct berth_head *head, const char *text) {
    berth_head_bytes(head, text, strlen(text));
}

void berth_head_number(struct berth_head *head, int64_t value); /* not negative */

/* "Name: value" CR LF; nothing when `value` is NULL. `name` brings its colon and space. */
void berth_head_field(struct berth_head *head, const char *name, const char *value);

#endif
