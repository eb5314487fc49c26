/* Answers whose heads were made ahead: a memcpy where answer.c writes line by line. */
#include "send.h"

#include "conditional.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Both heads, one after the other, each with the lines that do not change. */
static void put_heads(struct berth_head *head, const struct berth_content *content,
                      struct berth_prepared *ret) {
    const char *cache_control = content->cache_control ? content->cache_control : "no-store";
    berth_head_field(head, "Content-Type: ", content->content_type);
    berth_send_length(head, content->length);
    if (content->ranges)
        berth_head_text(head, "Accept-Ranges: bytes\r\n");
    berth_head_field(head, "Cache-Control: ", cache_control);
    berth_head_field(head, "ETag: ", content->etag);
    if (content->headers)
        berth_head_text(head, content->headers);
    ret->head_length = ret->same_offset = (uint32_t)head->length;
    berth_head_field(head, "ETag: ", content->etag);
    berth_head_field(head, "Cache-Control: ", cache_control);
    if (content->headers_304)
        berth_head_text(head, content->headers_304);
    ret->same_length = (uint32_t)head->length - ret->same_offset;
}

static size_t length_of(const char *text) {
    return text ? strlen(text) : 0;
}

bool berth_prepare(const struct berth_content *content, struct berth_prepared *ret) {
    enum { NAMES_BYTES = 256 }; /* all that put_heads writes itself, and a number */
    assert(content->content_type && content->etag && content->body && !content->status);
    size_t capacity = NAMES_BYTES + length_of(content->content_type) +
                      2 * length_of(content->cache_control) + 2 * length_of(content->etag) +
                      length_of(content->headers) + length_of(content->headers_304);
    struct berth_head head;
    *ret = (struct berth_prepared){
        .body = content->body, .length = content->length, .ranges = content->ranges};
    if (length_of(content->etag) >= sizeof ret->etag || capacity > BERTH_PIECE_BYTES)
        return false;
    stpcpy(ret->etag, content->etag);
    ret->head = malloc(capacity);
    if (!ret->head)
        return false;
    berth_head_init(&head, ret->head, capacity);
    put_heads(&head, content, ret);
    assert(!head.failed);
    return true;
}

void berth_prepared_done(struct berth_prepared *prepared) {
    free(prepared->head);
    prepared->head = NULL;
}

static void send_whole(struct berth_exchange *exchange, const struct berth_prepared *prepared,
                       const struct berth_content *content) {
    struct berth_head head;
    if (!berth_answer_takes_share(exchange, prepared->length))
        return;
    berth_send_start(exchange, &head, 200);
    berth_head_bytes(&head, prepared->head, prepared->head_length);
    berth_send_out(exchange, &head, content, 0, prepared->length);
}

/* The first two lines of the head are the type and the length; of these a part has its own. */
static void send_part(struct berth_exchange *exchange, const struct berth_prepared *prepared,
                      const struct berth_content *content, const struct berth_range *range) {
    struct berth_head head;
    const char *end = prepared->head + prepared->head_length;
    const char *length = memchr(prepared->head, '\n', prepared->head_length);
    length = length ? length + 1 : end;
    const char *rest = memchr(length, '\n', (size_t)(end - length));
    rest = rest ? rest + 1 : end;
    if (!berth_answer_takes_share(exchange, range->length))
        return;
    berth_send_start(exchange, &head, 206);
    berth_head_bytes(&head, prepared->head, (size_t)(length - prepared->head));
    berth_send_length(&head, range->length);
    berth_answer_put_range(&head, range, prepared->length);
    berth_head_bytes(&head, rest, (size_t)(end - rest));
    berth_send_out(exchange, &head, content, range->first, range->length);
}

static void send_not_modified(struct berth_exchange *exchange,
                              const struct berth_prepared *prepared,
                              const struct berth_content *content) {
    struct berth_head head;
    berth_send_start(exchange, &head, 304);
    berth_head_bytes(&head, prepared->head + prepared->same_offset, prepared->same_length);
    berth_send_out(exchange, &head, content, 0, 0);
}

void berth_answer_prepared(struct berth_exchange *exchange, const struct berth_prepared *prepared) {
    const struct berth_content content = {.body = prepared->body};
    struct berth_range range = {BERTH_RANGE_WHOLE, 0, prepared->length};
    if (berth_answer_reads_only(exchange)) {
        if (berth_etag_in_list(berth_exchange_header(exchange, "If-None-Match"), prepared->etag)) {
            send_not_modified(exchange, prepared, &content);
            return;
        }
        range = berth_answer_range(exchange, prepared->ranges, prepared->etag, prepared->length);
    }
    if (range.kind == BERTH_RANGE_OUTSIDE)
        berth_answer_outside(exchange, prepared->length);
    else if (range.kind == BERTH_RANGE_PART)
        send_part(exchange, prepared, &content, &range);
    else
        send_whole(exchange, prepared, &content);
}
