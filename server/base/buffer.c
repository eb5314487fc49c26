#include "berth/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void berth_buffer_init(struct berth_buffer *buffer, size_t max_bytes) {
    *buffer = (struct berth_buffer){.max = max_bytes};
}

void berth_buffer_done(struct berth_buffer *buffer) {
    free(buffer->data);
    *buffer = (struct berth_buffer){.max = buffer->max};
}

/* Room for `extra` more bytes and the NUL. */
static bool reserve(struct berth_buffer *buffer, size_t extra) {
    if (buffer->failed)
        return false;
    if (extra > buffer->max || buffer->length > buffer->max - extra) {
        buffer->failed = true;
        return false;
    }
    size_t need = buffer->length + extra + 1;
    if (need <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void berth_buffer_add(struct berth_buffer *buffer, const void *data, size_t length) {
    if (!reserve(buffer, length))
        return;
    if (length)
        memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void berth_buffer_text(struct berth_buffer *buffer, const char *text) {
    berth_buffer_add(buffer, text, strlen(text));
}

void berth_buffer_printf(struct berth_buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        buffer->failed = true;
    else if (reserve(buffer, (size_t)length)) {
        (void)vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void berth_buffer_html(struct berth_buffer *buffer, const char *text) {
    for (const char *rest = text; *rest;) {
        size_t plain = strcspn(rest, "&<>\"'");
        berth_buffer_add(buffer, rest, plain);
        rest += plain;
        switch (*rest) {
        case '&':
            berth_buffer_text(buffer, "&amp;");
            break;
        case '<':
            berth_buffer_text(buffer, "&lt;");
            break;
        case '>':
            berth_buffer_text(buffer, "&gt;");
            break;
        case '"':
            berth_buffer_text(buffer, "&quot;");
            break;
        case '\'':
            berth_buffer_text(buffer, "&#39;");
            break;
        default:
            return;
        }
        rest++;
    }
}

char *berth_buffer_take(struct berth_buffer *buffer) {
    char *data = NULL;
    if (reserve(buffer, 0)) {
        buffer->data[buffer->length] = '\0';
        data = buffer->data;
        buffer->data = NULL;
    }
    berth_buffer_done(buffer);
    return data;
}
